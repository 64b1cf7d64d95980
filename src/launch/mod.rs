//! From the slot table to a running binary: the first thing that the service starts, and what a switch becomes.
//!
//! ```text
//! table ─> choice ─> size and SHA-256 ─> a try spent (durable) ─> exec <binary> serve [options]
//!   │ lost: made again from the slots' records        │ wrong, or not executable: the next choice
//!   └─────────────────────────────────────────────────┴─> at last the factory's binary, which is this one
//! ```
//!
//! This program may be years older or newer than the binaries in the slots, so all that they share is this:
//!
//! - `<binary> serve [options]`: the options are passed on unread;
//! - `WORKSHOP_LAUNCHER`, the path of the factory's binary, whose `launch` is to be become for a restart or a switch;
//! - `WORKSHOP_SLOT`, what was started: `a`, `b` or `factory`;
//! - the table and the records of [`crate::slots`], of which unknown fields are skipped;
//! - the process itself: its id, its listening sockets (`sd_listen_fds(3)`) and all else of its environment.

mod choose;
mod verify;

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

use self::choose::{Memory, choose};
use crate::slots::{self, LaunchChoice, Slot};

/// The environment variable with the path of the factory's binary.
pub(crate) const LAUNCHER: &str = "WORKSHOP_LAUNCHER";
/// The environment variable that says what was started.
pub(crate) const SLOT: &str = "WORKSHOP_SLOT";
/// The value of [`SLOT`] for the factory's binary.
pub(crate) const FACTORY: &str = "factory";

/// What is to be started from where.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The slots' directory.
    pub(crate) directory: PathBuf,
    /// The version of the factory's binary, which is this one.
    pub(crate) version: &'static str,
    /// The version of the USB image's operating system; `None` on any other.
    pub(crate) os: Option<String>,
    /// The options of `serve`.
    pub(crate) options: Vec<OsString>,
    /// Whether the data belong to another process: its table is left alone, and the factory's `serve` says why it does
    /// not serve.
    pub(crate) is_in_use: bool,
}

/// Nothing could be started, not even this binary.
#[derive(Debug, Error)]
#[error("cannot execute {}", path.display())]
pub(crate) struct LaunchError {
    path: PathBuf,
    source: io::Error,
}

/// Becomes the binary that is to run; comes back only when not even the factory's can be.
#[must_use]
pub(crate) fn run(settings: &Settings) -> LaunchError {
    let Settings { directory, version, os, options, is_in_use } = settings;
    let launcher = own_path();
    if *is_in_use {
        return factory(launcher.as_deref(), options);
    }
    let mut memory = Memory::load(directory, version, os.as_deref(), slots::boot_id().as_deref());
    // Each round but the last takes one of two slots out of the table.
    for _ in 0..=Slot::ALL.len() {
        let LaunchChoice::Slot { slot, image, on_trial } =
            choose(&mut memory, |slot, image| verify::verify(&slots::binary(directory, slot), image))
        else {
            break;
        };
        tracing::info!(slot = slot.name(), version = image.version, on_trial, "launching");
        let path = slots::binary(directory, slot);
        let error = match verify::is_program(&path) {
            Ok(()) => exec(&path, slot.name(), launcher.as_deref(), options),
            Err(error) => error,
        };
        // Written before it is reported: a failed exec has lost the protection from closed pipes.
        memory.mark_unbootable(slot, &format!("it cannot be executed: {error}"));
        tracing::error!(slot = slot.name(), version = image.version, %error, "the binary cannot be executed");
    }
    tracing::info!(slot = FACTORY, version, "launching");
    factory(launcher.as_deref(), options)
}

/// Becomes the factory's binary.
fn factory(launcher: Option<&Path>, options: &[OsString]) -> LaunchError {
    let path = launcher.unwrap_or(Path::new(RUNNING));
    let source = exec(path, FACTORY, launcher, options);
    LaunchError { path: path.to_owned(), source }
}

/// The running binary, wherever its file has gone.
const RUNNING: &str = "/proc/self/exe";

/// The path of this binary; `None` when its file has been removed. One that was replaced has its successor there.
fn own_path() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?;
    let replaced = || Some(PathBuf::from(path.to_str()?.strip_suffix(" (deleted)")?));
    if path.is_file() { Some(path) } else { replaced().filter(|path| path.is_file()) }
}

fn exec(path: &Path, slot: &str, launcher: Option<&Path>, options: &[OsString]) -> io::Error {
    let mut command = Command::new(path);
    command.arg("serve").args(options).env(SLOT, slot);
    match launcher {
        Some(launcher) => command.env(LAUNCHER, launcher),
        // Nothing to come back to: it serves, and does not switch.
        None => command.env_remove(LAUNCHER),
    };
    command.exec()
}
