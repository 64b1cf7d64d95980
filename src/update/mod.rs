//! Updates: from the release bucket to a confirmed slot, and back.

mod blocking;
pub mod delta;
mod digest;
pub mod download;
pub mod manifest;
pub mod policy;
pub mod space;
pub mod stage;
pub mod transport;
pub mod window;

/// The form of the state in the data directory that this program writes. A release that changes it, so that the one
/// before could no longer read it, raises it.
pub const STATE_SCHEMA: u32 = 1;
