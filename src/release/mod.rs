//! The publisher's side of updates: keys, repository, channels.
//!
//! A repository is a directory that any static host or object store can take. Every command reads it whole, works out
//! what it should hold, signs the roles that differ, and writes: `Repository::read` → `Draft::plan` → `Change::write`.
//! New files have new names (consistent snapshots, TUF section 6.2), and `timestamp.json`, which alone is replaced, is
//! written last: until then the old repository is whole.

mod binary;
mod change;
pub mod cli;
mod draft;
mod elsewhere;
mod error;
mod fetch;
mod fleet_check;
mod init;
mod keys;
mod lifetime;
mod lock;
mod moment;
mod os;
mod pack;
mod promote;
mod publish;
mod published;
mod refresh;
mod repository;
mod rollback;
mod rotate;
mod s3;
mod status;
mod sync;
mod verify;
mod waves;
mod web;

use tough::schema::RoleType;

pub(crate) use error::ReleaseError;

/// The roles, from the one that all trust starts from to the one that is signed most often.
pub(crate) const ROLES: [&str; 6] = ["root", "targets", "stable", "staging", "snapshot", "timestamp"];

/// The channels, each of which is a delegated role of its name.
pub(crate) const CHANNELS: [&str; 2] = ["stable", "staging"];

/// The role that the root itself gives keys to.
fn standard(name: &str) -> Option<RoleType> {
    match name {
        "root" => Some(RoleType::Root),
        "targets" => Some(RoleType::Targets),
        "snapshot" => Some(RoleType::Snapshot),
        "timestamp" => Some(RoleType::Timestamp),
        _ => None,
    }
}
