//! Why something could not be fetched.

use std::io;
use std::path::PathBuf;

use http::StatusCode;
use thiserror::Error;

use crate::outbound::OutboundError;

/// Why something could not be fetched.
#[derive(Debug, Error)]
pub enum TransportError {
    /// The connection, or what was said on it.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// A name that is not one file of the repository.
    #[error("the repository names {name:?}, which is not the name of a file")]
    Name {
        /// Its file name.
        name: String,
    },
    /// The server does not want to.
    #[error("the server answered {status} for {place}")]
    Status {
        /// Its URL or path, for messages.
        place: String,
        /// What it said.
        status: StatusCode,
    },
    /// The repository does not have what its metadata speaks of.
    #[error("the repository does not have {place}")]
    Missing {
        /// Its URL or path, for messages.
        place: String,
    },
    /// It is elsewhere. Redirects are not followed: they would hide from the configuration where updates come from.
    #[error("{place} is redirected to {to:?}: set update.url to where the repository really is")]
    Redirect {
        /// Its URL or path, for messages.
        place: String,
        /// Where to, as the server said it.
        to: String,
    },
    /// A page for people came instead: a network that wants somebody to sign in.
    #[error(
        "a web page came instead of {place}: the network seems to want a sign-in, or update.url is not a repository"
    )]
    CaptivePortal {
        /// Its URL or path, for messages.
        place: String,
    },
    /// More came than there can be.
    #[error("{place} is larger than {most} bytes")]
    TooLarge {
        /// Its URL or path, for messages.
        place: String,
        /// How much there can be.
        most: u64,
    },
    /// The server coded it though it was asked not to.
    #[error("{place} comes in the content coding {coding:?}, which was not asked for")]
    Coding {
        /// Its URL or path, for messages.
        place: String,
        /// The `Content-Encoding` of the answer.
        coding: String,
    },
    /// Another part came than was asked for.
    #[error("another part of {place} came than the one from byte {from} on")]
    Part {
        /// Its URL or path, for messages.
        place: String,
        /// Where it should begin.
        from: u64,
    },
    /// A file.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl TransportError {
    /// Whether a request for the rest of an object may fail so where one for the whole does not: a server, or what stands
    /// before it, answered, or hung up on what it was asked. Busy servers are not asked twice.
    pub(super) fn may_be_of_the_range(&self) -> bool {
        match self {
            Self::Status { status, .. } => {
                !matches!(*status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)
            }
            Self::Part { .. } | Self::Coding { .. } | Self::CaptivePortal { .. } | Self::Redirect { .. } => true,
            Self::Outbound(error) => error.is_of_the_answer(),
            _ => false,
        }
    }
}
