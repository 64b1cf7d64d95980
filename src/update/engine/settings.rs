//! What the engine is made from.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use semver::Version;

use super::host::Host;
use crate::update::transport::Transport;
use crate::window::Window;

/// What the updates are made from and for.
pub struct Settings {
    /// The box's data directory.
    pub data_dir: PathBuf,
    /// The box's id.
    pub box_id: String,
    /// The channel.
    pub channel: String,
    /// The trusted root to start from.
    pub root: Vec<u8>,
    /// The bucket.
    pub bucket: Transport,
    /// The USB image that the box runs; `None` on any other.
    pub machine: Option<Machine>,
    /// The target triple of this program.
    pub platform: &'static str,
    /// Where a USB stick appears.
    pub usb: Option<PathBuf>,
    /// The mean time between two checks.
    pub every: Duration,
    /// When the version may change.
    pub window: Window,
    /// For how long a change of version may show no progress.
    pub max_change: Duration,
    /// KiB a second that are downloaded at most; `None` is without a limit.
    pub rate: Option<NonZeroU32>,
    /// Who started this process.
    pub host: Host,
}

/// The USB image, as far as the box can read it itself.
pub struct Machine {
    /// The directory in which root reports on the operating system.
    pub(crate) directory: PathBuf,
    /// The version that runs (os-release(5)), for as long as root does not report it.
    pub(crate) version: Option<Version>,
    /// What it is made for ([`crate::update::manifest::os_platform`]).
    pub(crate) platform: String,
}

/// The composition root's side of a switch.
pub struct Switch {
    /// Whether the box would come back: the configuration may have been edited.
    pub is_ready: Box<dyn Fn() -> Result<(), String>>,
    /// Has the process replaced by what the slot table says: soon, not at once.
    pub go: Box<dyn Fn()>,
}
