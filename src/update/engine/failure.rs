//! What went wrong, as the state says it.

use std::fmt;

use crate::durable::RecordError;
use crate::error_chain;
use crate::update::download::DownloadError;
use crate::update::repository::{RepositoryError, RepositoryErrorKind};
use crate::update::stage::StageError;
use crate::update::state::FaultKind;
use crate::update::transport::TransportError;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: FaultKind,
    /// With all causes, in English.
    pub(super) detail: String,
}

impl Failure {
    pub(super) fn new(kind: FaultKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    /// The same of a directory, which no network leads to.
    pub(super) fn of_a_directory(self) -> Self {
        match self.kind {
            FaultKind::Unreachable | FaultKind::Incomplete => Self { kind: FaultKind::Directory, ..self },
            _ => self,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl From<RepositoryError> for Failure {
    fn from(error: RepositoryError) -> Self {
        let kind = match error.kind() {
            RepositoryErrorKind::Unreachable | RepositoryErrorKind::Redirected | RepositoryErrorKind::Server => {
                FaultKind::Unreachable
            }
            RepositoryErrorKind::CaptivePortal => FaultKind::CaptivePortal,
            RepositoryErrorKind::Incomplete | RepositoryErrorKind::Channel => FaultKind::Incomplete,
            RepositoryErrorKind::Expired => FaultKind::Expired,
            RepositoryErrorKind::Signature | RepositoryErrorKind::Invalid | RepositoryErrorKind::RootMissing => {
                FaultKind::Untrusted
            }
            RepositoryErrorKind::Rollback => FaultKind::Rollback,
            RepositoryErrorKind::Storage => FaultKind::Storage,
        };
        Self::new(kind, error_chain(&error))
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        RepositoryError::Fetch(error).into()
    }
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Self {
        let kind = match error {
            StageError::Download(DownloadError::Transport(error)) => return error.into(),
            StageError::Download(DownloadError::Short { .. }) => FaultKind::Unreachable,
            StageError::Download(DownloadError::NotTheTarget { .. } | DownloadError::Digest(_)) => FaultKind::Untrusted,
            StageError::Download(DownloadError::Space(_) | DownloadError::Disk(_) | DownloadError::List { .. })
            | StageError::Disk(_)
            | StageError::Space(_)
            | StageError::Rotten(_)
            | StageError::Read { .. }
            | StageError::Record(_) => FaultKind::Storage,
            StageError::TooLarge(_) | StageError::Unpack(_) | StageError::SelfRun(_) => FaultKind::Unfit,
            StageError::Busy
            | StageError::Table(_)
            | StageError::Stopped(_)
            | StageError::Download(DownloadError::Stopped(_)) => FaultKind::Other,
        };
        Self::new(kind, error_chain(&error))
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        Self::new(FaultKind::Storage, error_chain(&error))
    }
}
