//! What a foreign USB stick with the label `WORKSHOP` is put in for: a release bucket, new settings, or a request for a
//! support bundle.
//!
//! ```text
//! device ──mount (read-only)──> survey ──┬─> bucket: the appliance verifies and applies it
//!                                        ├─> settings: for the PIN in them, or for a key pressed at the box
//!                                        └─> bundle: written back, while the stick can be written for a moment
//! ```
//!
//! A stick is hostile until proven otherwise: nothing on it is executed, no link on it is followed, no device on it is
//! opened, and of each thing only so much is read.

mod claim;
mod mount;
mod pending;
mod settings;
mod survey;

use std::io;
use std::path::PathBuf;

use thiserror::Error;

pub(crate) use self::claim::MountClaim;
pub(crate) use self::mount::Mounted;
pub(crate) use self::pending::{keep as keep_pending, read as pending, refuse as refuse_pending};
pub(crate) use self::settings::StickSettings;
pub(crate) use self::survey::{Found, survey};

use crate::durable::DurableError;

/// The subject of the notices of a stick.
pub(crate) const SUBJECT: &str = "stick";

/// What could not be done with a stick.
#[derive(Debug, Error)]
pub(crate) enum StickError {
    /// None of the file systems that the kernel knows.
    #[error("cannot mount {}: it has none of the file systems {tried}", device.display())]
    NoFileSystem {
        device: PathBuf,
        /// Which file systems this kernel has tried.
        tried: String,
    },
    /// It belongs to the disk that the machine runs from.
    #[error("{} belongs to the disk that this machine has started from", device.display())]
    OwnDisk { device: PathBuf },
    /// Another stick is being handled.
    #[error("another stick is in use")]
    Another,
    /// An operation of the kernel.
    #[error("cannot {operation} {}", path.display())]
    Io {
        operation: &'static str,
        /// On what.
        path: PathBuf,
        source: io::Error,
    },
    /// A file of the machine's own.
    #[error("cannot keep what is known of the stick")]
    Keep(#[from] DurableError),
}

impl StickError {
    fn at(operation: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { operation, path, source }
    }
}
