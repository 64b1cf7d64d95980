//! Why a repository is not believed.

use jiff::Timestamp;
use semver::Version;
use sigstore_tuf::Error;
use thiserror::Error;

use crate::durable::{DurableError, RecordError};
use crate::outbound::OutboundErrorKind;
use crate::update::transport::TransportError;

/// Why a repository is not believed, or cannot be asked.
#[derive(Debug, Error)]
pub enum RepositoryError {
    /// The program has no root of trust, and none is configured.
    #[error("there is no root of trust: set update.trusted_root, or use a program that was built with one")]
    NoRoot,
    /// What should be the root of trust is none.
    #[error("the root of trust cannot be used")]
    Root(#[source] Error),
    /// It could not be fetched.
    #[error("the repository cannot be fetched")]
    Fetch(#[source] TransportError),
    /// Its files do not belong together: it was published half-way, or a cache before it is stale.
    #[error("the repository is not complete")]
    Incomplete(#[source] Error),
    /// What it says is out of date. The box's clock may be wrong, or its publisher has stopped.
    #[error("the metadata {role:?} expired on {since}: is the box's clock right, and is the repository kept up?")]
    Expired {
        /// Whose.
        role: String,
        /// When they expired.
        since: Timestamp,
    },
    /// It is not signed by whom it must be.
    #[error("the metadata {role:?} is not signed as it must be")]
    Signature {
        /// Whose.
        role: String,
        /// How not.
        source: Error,
    },
    /// It offers what is older than what was accepted.
    #[error("the metadata {role:?} goes back from version {trusted} to {offered}")]
    Rollback {
        /// Whose.
        role: String,
        /// What was accepted.
        trusted: u64,
        /// What is offered.
        offered: u64,
    },
    /// What it says is not what the metadata around it says, or is not metadata.
    #[error("the repository contradicts itself")]
    Contradiction(#[source] Error),
    /// It was not asked yet, or what it said is not valid.
    #[error("the repository has to be refreshed first")]
    NotRefreshed,
    /// It has no such channel.
    #[error("the repository has no channel {channel:?}")]
    Channel {
        /// Its name.
        channel: String,
    },
    /// The channel's manifest.
    #[error("the manifest of {channel:?} {why}")]
    Manifest {
        /// Its name.
        channel: String,
        /// What is wrong with it.
        why: String,
    },
    /// The manifest allows versions again that it has forbidden.
    #[error("the manifest of {channel:?} lowers min_version from {kept} to {offered}")]
    MinVersion {
        /// Its name.
        channel: String,
        /// The highest there was.
        kept: Version,
        /// What it says now.
        offered: Version,
    },
    /// A target that the manifest speaks of and its role does not, or that it must not.
    #[error("the channel {channel:?} has no target {name:?}")]
    Target {
        /// Its name.
        channel: String,
        /// Its file name.
        name: String,
    },
    /// What is trusted could not be kept.
    #[error("cannot keep the repository's metadata")]
    Keep(#[source] DurableError),
    /// The same, for the floor.
    #[error("cannot keep which versions were accepted")]
    KeepFloor(#[source] RecordError),
    /// What was kept cannot be read.
    #[error("the kept metadata {file:?} is damaged")]
    Damaged {
        /// Its name in the repository.
        file: String,
        /// The cause.
        source: Error,
    },
    /// A time that cannot be one.
    #[error("the clock shows a time that cannot be")]
    Clock(#[source] jiff::Error),
    /// A background task.
    #[error("a background task was ended")]
    Task(#[source] tokio::task::JoinError),
}

/// The kind of failure, for messages to the technician.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepositoryErrorKind {
    /// The server cannot be reached: the network, its name.
    Unreachable,
    /// Nothing comes back from its address: a firewall, or a network whose only way out is a proxy.
    Blocked,
    /// Nobody that the box knows vouches for the server.
    UnknownAuthority,
    /// Its certificate is over, not yet valid, or another server's.
    Certificate,
    /// The proxy cannot be reached, or is none.
    ProxyUnreachable,
    /// The proxy wants a login.
    ProxyLogin,
    /// The proxy refuses the box.
    ProxyRefused,
    /// Something on the way changes what is fetched.
    Altered,
    /// The network wants somebody to sign in, or the address is not a repository's.
    CaptivePortal,
    /// The address leads elsewhere.
    Redirected,
    /// The server answers, but not with the repository.
    Server,
    /// The repository is not complete at the moment.
    Incomplete,
    /// It is out of date, or the clock is wrong.
    Expired,
    /// Its signatures are not right.
    Signature,
    /// It shows an older state than before, as a cache does for a while.
    Stale,
    /// It goes back to older metadata.
    Rollback,
    /// It is signed, but wrong.
    Invalid,
    /// There is no such channel.
    Channel,
    /// The box cannot write.
    Storage,
    /// The box has no root of trust.
    RootMissing,
}

impl RepositoryError {
    /// What kind of trouble it is.
    #[must_use]
    pub fn kind(&self) -> RepositoryErrorKind {
        use RepositoryErrorKind as Kind;
        match self {
            Self::NoRoot | Self::Root(_) => Kind::RootMissing,
            Self::Fetch(error) => match error {
                TransportError::CaptivePortal { .. } => Kind::CaptivePortal,
                TransportError::Redirect { .. } => Kind::Redirected,
                TransportError::Missing { .. } => Kind::Incomplete,
                TransportError::Coding { .. } | TransportError::Part { .. } => Kind::Altered,
                TransportError::Status { .. } | TransportError::TooLarge { .. } | TransportError::Name { .. } => {
                    Kind::Server
                }
                TransportError::Read { .. } => Kind::Unreachable,
                TransportError::Outbound(error) => match error.kind() {
                    OutboundErrorKind::Settings
                    | OutboundErrorKind::UnknownName
                    | OutboundErrorKind::NotTls
                    | OutboundErrorKind::Unreachable => Kind::Unreachable,
                    OutboundErrorKind::Blocked => Kind::Blocked,
                    OutboundErrorKind::UnknownAuthority => Kind::UnknownAuthority,
                    OutboundErrorKind::Certificate => Kind::Certificate,
                    OutboundErrorKind::ProxyUnreachable => Kind::ProxyUnreachable,
                    OutboundErrorKind::ProxyLogin => Kind::ProxyLogin,
                    OutboundErrorKind::ProxyRefused => Kind::ProxyRefused,
                },
            },
            Self::Incomplete(_) => Kind::Incomplete,
            Self::Expired { .. } | Self::Clock(_) => Kind::Expired,
            Self::Signature { .. } => Kind::Signature,
            // The timestamp is the one file that a cache may still have as it was.
            Self::Rollback { role, .. } if role == "timestamp" => Kind::Stale,
            Self::Rollback { .. } | Self::MinVersion { .. } => Kind::Rollback,
            Self::Contradiction(_) | Self::Manifest { .. } | Self::Target { .. } | Self::NotRefreshed => Kind::Invalid,
            Self::Channel { .. } => Kind::Channel,
            Self::Keep(_) | Self::KeepFloor(_) | Self::Damaged { .. } | Self::Task(_) => Kind::Storage,
        }
    }
}

impl From<Error> for RepositoryError {
    fn from(error: Error) -> Self {
        match error {
            Error::Transport { message, source: Some(source) } => match source.downcast::<TransportError>() {
                Ok(error) => Self::Fetch(*error),
                Err(source) => Self::Incomplete(Error::Transport { message, source: Some(source) }),
            },
            // The library's own: a file that is not there.
            error @ Error::Transport { .. } => Self::Incomplete(error),
            Error::Expired { role, expires } => Self::Expired { role, since: expires },
            Error::Rollback { role, trusted, new } => Self::Rollback { role, trusted, offered: new },
            error @ (Error::ThresholdNotMet { .. } | Error::DuplicateSignature { .. }) => {
                let role = match &error {
                    Error::ThresholdNotMet { role, .. } | Error::DuplicateSignature { role, .. } => role.clone(),
                    _ => String::new(),
                };
                Self::Signature { role, source: error }
            }
            Error::NotRefreshed => Self::NotRefreshed,
            error => Self::Contradiction(error),
        }
    }
}
