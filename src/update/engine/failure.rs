//! What went wrong, as the state says it.

use std::error::Error;
use std::fmt;
use std::io;

use jiff::Timestamp;

use crate::durable::{DurableError, RecordError};
use crate::error_chain;
use crate::update::download::DownloadError;
use crate::update::repository::{RepositoryError, RepositoryErrorKind};
use crate::update::stage::{SelfRunError, StageError, UnpackError};
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
            FaultKind::Unreachable | FaultKind::Server | FaultKind::Incomplete => {
                Self { kind: FaultKind::Directory, ..self }
            }
            _ => self,
        }
    }
}

/// Since when it goes wrong in one way; all that is in the way of the network is one. An answered check does not end
/// that, as long as what it offers cannot be had.
#[derive(Debug, Default)]
pub(super) struct FailingSince(Option<(FaultKind, Timestamp)>);

impl FailingSince {
    /// It goes wrong now; since when that is so.
    pub(super) fn since(&mut self, kind: FaultKind, now: Timestamp) -> Timestamp {
        let is_same = |before: FaultKind| before == kind || (is_network(before) && is_network(kind));
        let since = self.0.filter(|(before, _)| is_same(*before)).map_or(now, |(_, since)| since);
        self.0 = Some((kind, since));
        since
    }

    /// All is as it should be.
    pub(super) fn is_over(&mut self) {
        self.0 = None;
    }
}

fn is_network(kind: FaultKind) -> bool {
    kind.patience() == FaultKind::Unreachable.patience()
}

/// What the disk does not do: each has another remedy.
fn of_storage(error: &(dyn Error + 'static)) -> FaultKind {
    let mut cause = Some(error);
    while let Some(error) = cause {
        match error.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => return FaultKind::DiskFull,
            Some(io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied) => return FaultKind::NotWritable,
            _ => {}
        }
        cause = error.source();
    }
    FaultKind::Storage
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl From<RepositoryError> for Failure {
    fn from(error: RepositoryError) -> Self {
        let kind = match error.kind() {
            RepositoryErrorKind::Unreachable => FaultKind::Unreachable,
            RepositoryErrorKind::Blocked => FaultKind::Blocked,
            RepositoryErrorKind::UnknownAuthority => FaultKind::UnknownAuthority,
            RepositoryErrorKind::Certificate => FaultKind::Certificate,
            RepositoryErrorKind::ProxyUnreachable => FaultKind::ProxyUnreachable,
            RepositoryErrorKind::ProxyLogin => FaultKind::ProxyLogin,
            RepositoryErrorKind::ProxyRefused => FaultKind::ProxyRefused,
            RepositoryErrorKind::Altered => FaultKind::Altered,
            RepositoryErrorKind::Redirected => FaultKind::Redirected,
            RepositoryErrorKind::Server => FaultKind::Server,
            RepositoryErrorKind::Stale => FaultKind::Stale,
            RepositoryErrorKind::CaptivePortal => FaultKind::CaptivePortal,
            RepositoryErrorKind::Incomplete | RepositoryErrorKind::Channel => FaultKind::Incomplete,
            RepositoryErrorKind::Expired => FaultKind::Expired,
            RepositoryErrorKind::Signature | RepositoryErrorKind::Invalid | RepositoryErrorKind::RootMissing => {
                FaultKind::Untrusted
            }
            RepositoryErrorKind::Rollback => FaultKind::Rollback,
            RepositoryErrorKind::Storage => of_storage(&error),
        };
        Self::new(kind, error_chain(&error))
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        RepositoryError::Fetch(error).into()
    }
}

impl From<DurableError> for Failure {
    fn from(error: DurableError) -> Self {
        Self::new(of_storage(&error), error_chain(&error))
    }
}

impl From<DownloadError> for Failure {
    fn from(error: DownloadError) -> Self {
        StageError::from(error).into()
    }
}

impl From<tokio::task::JoinError> for Failure {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::new(FaultKind::Other, error_chain(&error))
    }
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Self {
        let error = match error {
            StageError::Download(DownloadError::Transport(error)) => return error.into(),
            error => error,
        };
        let kind = match &error {
            StageError::Download(DownloadError::Transport(_) | DownloadError::Short { .. }) => FaultKind::Unreachable,
            StageError::Download(DownloadError::NotTheTarget { .. } | DownloadError::Digest(_)) => FaultKind::Untrusted,
            StageError::Download(DownloadError::Disk(_) | DownloadError::List { .. })
            | StageError::Disk(_)
            | StageError::Rotten(_)
            | StageError::Read { .. }
            | StageError::Record(_)
            | StageError::Unpack(UnpackError::Write(_)) => of_storage(&error),
            StageError::SelfRun(SelfRunError::Run { source, .. })
                if source.kind() == io::ErrorKind::PermissionDenied =>
            {
                FaultKind::NotExecutable
            }
            StageError::Space(_) | StageError::Download(DownloadError::Space(_)) => FaultKind::DiskFull,
            StageError::Busy => FaultKind::Busy,
            StageError::TooLarge(_) | StageError::Unpack(_) | StageError::SelfRun(_) => FaultKind::Unfit,
            StageError::Table(_) | StageError::Stopped(_) | StageError::Download(DownloadError::Stopped(_)) => {
                FaultKind::Other
            }
        };
        Self::new(kind, error_chain(&error))
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        Self::new(of_storage(&error), error_chain(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::space::NoSpace;

    #[test]
    fn what_the_disk_does_not_do_is_distinguished() {
        let kind = |error: StageError| Failure::from(error).kind;
        let read = |kind: io::ErrorKind| StageError::Read { path: "/x".into(), source: kind.into() };
        assert_eq!(kind(StageError::Space(NoSpace { missing: 1 })), FaultKind::DiskFull);
        assert_eq!(kind(DownloadError::Space(NoSpace { missing: 1 }).into()), FaultKind::DiskFull);
        assert_eq!(kind(read(io::ErrorKind::StorageFull)), FaultKind::DiskFull);
        assert_eq!(kind(read(io::ErrorKind::ReadOnlyFilesystem)), FaultKind::NotWritable);
        assert_eq!(kind(read(io::ErrorKind::PermissionDenied)), FaultKind::NotWritable);
        assert_eq!(kind(read(io::ErrorKind::InvalidData)), FaultKind::Storage);
        let run = |kind: io::ErrorKind| SelfRunError::Run { path: "/x".into(), source: kind.into() };
        assert_eq!(kind(run(io::ErrorKind::PermissionDenied).into()), FaultKind::NotExecutable);
        assert_eq!(kind(run(io::ErrorKind::NotFound).into()), FaultKind::Unfit);
    }

    #[test]
    fn what_lasts_has_the_age_of_its_beginning() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        let mut failing = FailingSince::default();
        assert_eq!(failing.since(FaultKind::Unreachable, at(1)), at(1));
        assert_eq!(failing.since(FaultKind::Unreachable, at(5)), at(1));
        assert_eq!(failing.since(FaultKind::ProxyLogin, at(5)), at(1), "the network has one age");
        assert_eq!(failing.since(FaultKind::Storage, at(6)), at(6));
        failing.is_over();
        assert_eq!(failing.since(FaultKind::Storage, at(9)), at(9));
    }
}
