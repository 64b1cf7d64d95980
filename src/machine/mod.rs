//! The box as a machine, where the USB image runs it: what root does around the appliance, which itself stays an
//! unprivileged account.
//!
//! Root runs the OS image's own copy of the program as `workshop-edge machine <order>`, never a binary of a slot: the
//! appliance can write those. Root reports to the appliance in files below `/run/workshop-machine`, which
//! the appliance only reads; what the appliance asks of root is in a directory of its own, and trusted no
//! further than it is signed.
//!
//! [`Paths`] is the one list of the paths on which both sides, the units and the image agree.

pub(crate) mod data;
pub(crate) mod install;
pub(crate) mod menu;
pub(crate) mod notices;
pub mod os;
mod os_release;
mod paths;
pub(crate) mod settings;
pub(crate) mod stick;

pub(crate) use os_release::{os_variant, os_version};
pub use paths::Paths;

/// The directory of the [`notices`] in the one of root's reports ([`Paths::run`]).
pub(crate) const NOTICES: &str = "notices";
