//! The operating system of the image, which is one file on the EFI system partition, and its versions there: root's
//! side of its updates.
//!
//! ```text
//! the appliance's offer ─> verified again ─> box_<v>+3.efi ─> restart ─> trial ─> confirmed: box_<v>.efi
//!                          [`install`]       [`entries`]                 │ [`confirm`]
//!                                                                        └─ three failed boots: box_<v>+0-3.efi,
//!                                                                           the version before starts; [`settle`]
//! ```
//!
//! The boot loader counts the starts (systemd-boot(7), "Boot counting"), so that a version that hangs before any of
//! this runs is given up all the same. Nothing of an offer is believed: not its paths, sizes or names. What root trusts
//! is the root of the release bucket, and what it has kept itself in `/data/machine/os`, where the appliance cannot
//! write.

pub(crate) mod confirm;
pub(crate) mod entries;
mod error;
mod firmware;
pub(crate) mod install;
mod offer;
mod record;
pub(crate) mod settle;
mod version;
mod words;

pub(crate) use error::OsError;
pub(crate) use firmware::is_on_trial;
pub(crate) use record::OsOutcome;
pub use record::open as record;
pub(crate) use version::running;

/// The subject of the notices.
pub(crate) const SUBJECT: &str = "os";
