//! Updates: from the release bucket to a confirmed slot, and back.

mod blocking;
pub(crate) mod command;
pub mod delta;
pub mod download;
pub mod engine;
pub(crate) mod history;
pub mod manifest;
pub(crate) mod order;
pub(crate) mod os;
pub mod pace;
pub mod paths;
pub mod policy;
mod remedy;
pub mod repository;
mod settings;
pub(crate) mod space;
pub mod stage;
pub mod state;
pub mod transport;
pub(crate) mod trial;
pub mod votes;
pub(crate) mod words;

pub(crate) use settings::{Channel, Settings};

/// The root of trust that the program was built with (`WORKSHOP_UPDATE_ROOT`); empty without one.
pub(crate) const ROOT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/update-root.json"));

/// The state schema version that this program writes in the data directory. A release that changes it, so that the one
/// before could no longer read it, raises it.
pub const STATE_SCHEMA: u32 = 1;
