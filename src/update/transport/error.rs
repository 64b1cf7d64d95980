//! Why something could not be fetched.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::StatusCode;
use thiserror::Error;
use tokio_rustls::rustls;

/// Why something could not be fetched.
#[derive(Debug, Error)]
pub enum TransportError {
    /// The address in the configuration.
    #[error("cannot use the address {url:?}: {why}")]
    Address {
        /// Which.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The additional certification authorities.
    #[error("the file of certification authorities holds no usable certificate in PEM form")]
    Authorities(#[source] Option<rustls::pki_types::pem::Error>),
    /// The same, for one that is none.
    #[error("a certificate in the file of certification authorities cannot be used")]
    Authority(#[source] rustls::Error),
    /// TLS itself.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// A name that is not one file of the repository.
    #[error("the repository names {name:?}, which is not the name of a file")]
    Name {
        /// Which.
        name: String,
    },
    /// The server's name.
    #[error("cannot find the address of {host}")]
    Lookup {
        /// Which.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// No connection to any of its addresses.
    #[error("cannot connect to {host} ({address})")]
    Connect {
        /// Which.
        host: String,
        /// The last one tried.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Its certificate, or what else the handshake failed on.
    #[error("cannot trust {host}: the TLS handshake failed")]
    Handshake {
        /// Which.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// It took too long.
    #[error("{place} took more than {} s to {operation}", after.as_secs())]
    Late {
        /// What.
        place: String,
        /// What it did: "answer".
        operation: &'static str,
        /// How long it may take.
        after: Duration,
    },
    /// Too few octets came.
    #[error("{place} comes too slowly: {octets} octets in {} s", window.as_secs())]
    Slow {
        /// What.
        place: String,
        /// How many came.
        octets: u64,
        /// In how long.
        window: Duration,
    },
    /// The connection broke, or what was sent was not HTTP.
    #[error("the answer for {place} is cut short or not HTTP")]
    Broken {
        /// What.
        place: String,
        /// How.
        source: hyper::Error,
    },
    /// The server does not want to.
    #[error("the server answered {status} for {place}")]
    Status {
        /// What.
        place: String,
        /// What it said.
        status: StatusCode,
    },
    /// The repository does not have what its metadata speaks of.
    #[error("the repository does not have {place}")]
    Missing {
        /// What.
        place: String,
    },
    /// It is elsewhere. Redirects are not followed: they would hide from the configuration where updates come from.
    #[error("{place} is redirected to {to:?}: set update.url to where the repository really is")]
    Redirect {
        /// What.
        place: String,
        /// Where to, as the server said it.
        to: String,
    },
    /// A page for people came instead: a network that wants somebody to sign in.
    #[error(
        "a web page came instead of {place}: the network seems to want a sign-in, or update.url is not a repository"
    )]
    CaptivePortal {
        /// What.
        place: String,
    },
    /// More came than there can be.
    #[error("{place} is larger than {most} octets")]
    TooLarge {
        /// What.
        place: String,
        /// How much there can be.
        most: u64,
    },
    /// The server coded it though it was asked not to.
    #[error("{place} comes in the content coding {coding:?}, which was not asked for")]
    Coding {
        /// What.
        place: String,
        /// Which.
        coding: String,
    },
    /// Another part came than was asked for.
    #[error("another part of {place} came than the one from octet {from} on")]
    Part {
        /// What.
        place: String,
        /// Where it should begin.
        from: u64,
    },
    /// A file.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
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
            Self::Part { .. }
            | Self::Coding { .. }
            | Self::CaptivePortal { .. }
            | Self::Redirect { .. }
            | Self::Broken { .. } => true,
            Self::Late { operation, .. } => *operation == ANSWER,
            _ => false,
        }
    }
}

/// What is late when a server has taken a request and says nothing.
pub(super) const ANSWER: &str = "answer";
