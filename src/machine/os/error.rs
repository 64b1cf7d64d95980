//! What can go wrong with a version of the operating system.

use std::io;
use std::path::PathBuf;

use semver::Version;
use thiserror::Error;

use crate::durable::{DurableError, RecordError};
use crate::machine::notices::NoticeError;
use crate::update::policy::SkipReason;
use crate::update::repository::RepositoryError;
use crate::update::transport::TransportError;

/// What could not be done, and why.
#[derive(Debug, Error)]
pub(crate) enum OsError {
    /// A file or directory.
    #[error("cannot {operation} {}", path.display())]
    File { operation: &'static str, path: PathBuf, source: io::Error },
    /// os-release(5) names no version.
    #[error("{} has no IMAGE_VERSION that is a version: this is not the USB image", path.display())]
    NoVersion {
        /// Which file.
        path: PathBuf,
    },
    /// The settings that say which channel and root hold.
    #[error("{} cannot be understood: {why}", path.display())]
    Settings {
        /// Which file.
        path: PathBuf,
        why: String,
    },
    /// Nothing leads to a version that is to be installed.
    #[error("the channel says nothing of the system")]
    NoSystem,
    /// The signed manifest wants nothing of this machine.
    #[error("nothing is to be installed: {0}")]
    NotWanted(Box<SkipReason>),
    /// What is offered is not what was signed.
    #[error("the offered {version} is not what was signed: {why}")]
    NotSigned {
        version: Version,
        /// In what.
        why: String,
    },
    /// The signatures of the offer.
    #[error("the offer cannot be verified")]
    Repository(#[from] RepositoryError),
    /// The files of the offer.
    #[error("the offer cannot be read")]
    Offer(#[from] TransportError),
    /// The machine runs without a data partition. A version is tried only where it can be remembered that it has failed:
    /// it would be installed again and again otherwise. So the one on trial has had a data partition before it.
    #[error("there is no data partition to remember in what becomes of it")]
    NotKept,
    /// The EFI system partition has no room.
    #[error("{} has no room for {version}: {missing} bytes more are needed", path.display())]
    Full {
        path: PathBuf,
        /// For what.
        version: Version,
        /// Bytes.
        missing: u64,
    },
    /// What was written was read back as something else.
    #[error("{} does not hold what was written to it", path.display())]
    Rotten { path: PathBuf },
    /// A directory.
    #[error("cannot keep a version of the system")]
    Durable(#[from] DurableError),
    /// The record of versions.
    #[error("cannot keep what is known of the system's versions")]
    Record(#[from] RecordError),
    /// What there is to say.
    #[error("cannot say what the system is at")]
    Notice(#[from] NoticeError),
    /// JSON: a fault of the program.
    #[error("cannot write what the system is at")]
    Encode(#[from] serde_json::Error),
    /// The version on trial does not work.
    #[error("the version on trial does not work: {0}")]
    Unwell(String),
}

impl OsError {
    pub(super) fn file(operation: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { operation, path, source }
    }
}
