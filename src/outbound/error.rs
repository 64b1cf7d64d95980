//! Why another machine cannot be asked, or does not answer as it should.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http::StatusCode;
use thiserror::Error;
use tokio_rustls::rustls::{self, CertificateError};

/// What is late when a server has taken a request and says nothing.
pub(super) const ANSWER: &str = "answer";

/// Why another machine cannot be asked, or does not answer as it should.
#[derive(Debug, Error)]
pub enum OutboundError {
    /// The address in the configuration.
    #[error("cannot use the address {url:?}: {why}")]
    Address {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        why: AddressFault,
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
    /// The server's name.
    #[error("cannot find the address of {host}")]
    Lookup {
        /// Name or address.
        host: String,
        /// The cause.
        source: io::Error,
    },
    /// No connection to any of its addresses.
    #[error("cannot connect to {host} ({address})")]
    Connect {
        /// Name or address.
        host: String,
        /// The last one that failed.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// Its certificate, or what else the handshake failed on.
    #[error("cannot trust {host}: the TLS handshake failed")]
    Handshake {
        /// Name or address.
        host: String,
        /// The cause.
        source: io::Error,
    },
    /// No connection to the proxy.
    #[error("cannot reach the proxy {proxy}")]
    ProxyUnreachable {
        /// Its URL, without credentials.
        proxy: String,
        /// The cause.
        source: Box<Self>,
    },
    /// It wants to know who asks, or does not know who was named.
    #[error(
        "the proxy {proxy} {}", if *was_given { "refuses the user and password that it was given" }
        else { "wants a user and a password: set proxy.credentials_file" }
    )]
    ProxyLogin {
        /// Its URL, without credentials.
        proxy: String,
        /// Whether it was given any.
        was_given: bool,
    },
    /// It refuses the box, or cannot reach the server itself.
    #[error("the proxy {proxy} does not connect to {to}: it answered {status}")]
    ProxyRefused {
        /// Its URL, without credentials.
        proxy: String,
        /// What it was to connect to.
        to: String,
        /// What it said.
        status: StatusCode,
    },
    /// What it sent was not an answer, or nothing came.
    #[error("the proxy {proxy} does not answer as a proxy for HTTP does")]
    ProxyBroken {
        /// Its URL, without credentials.
        proxy: String,
        /// The cause.
        source: io::Error,
    },
    /// It took too long.
    #[error("{place} took more than {} s to {operation}", after.as_secs())]
    Late {
        /// Its URL or path, for messages.
        place: String,
        /// What it did: "answer".
        operation: &'static str,
        /// How long it may take.
        after: Duration,
    },
    /// Too few bytes came.
    #[error("{place} comes too slowly: {bytes} bytes in {} s", window.as_secs())]
    Slow {
        /// Its URL or path, for messages.
        place: String,
        /// How many came.
        bytes: u64,
        /// In how long.
        window: Duration,
    },
    /// The connection broke, or what was sent was not HTTP.
    #[error("the answer for {place} is cut short or not HTTP")]
    Broken {
        /// Its URL or path, for messages.
        place: String,
        /// The cause.
        source: hyper::Error,
    },
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AddressFault {
    /// It cannot be parsed.
    #[error("it is not a web address")]
    Unparsable,
    /// A path alone.
    #[error("it names no server")]
    NoServer,
    /// `#…`
    #[error("it has a fragment (#)")]
    Fragment,
    /// `?…`
    #[error("it has a query (?)")]
    Query,
    /// `user@…`
    #[error("it holds a user name")]
    UserName,
    /// `http://`, where that is not allowed.
    #[error("it is not encrypted: use https, or allow http in the configuration")]
    NotEncrypted,
    /// Another scheme, or none.
    #[error("it begins neither with https:// nor with file:///")]
    Scheme,
    /// A server's name that no certificate can be for.
    #[error("its server's name is not one")]
    ServerName,
    /// A `file:` address with a host, or without a path.
    #[error("a file address begins with file:///")]
    FileForm,
    /// A `file:` address of bytes that are no text.
    #[error("it is not UTF-8")]
    NotUtf8,
}

/// What kind of trouble it is: each has another remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutboundErrorKind {
    /// The configuration.
    Settings,
    /// The server's name is not found: it is wrong, or there is no DNS, or no network.
    UnknownName,
    /// The network, or the server.
    Unreachable,
    /// The name is known, and nothing comes back from its addresses: a firewall, or a network whose only way out is a
    /// proxy.
    Blocked,
    /// There is a server, and it does not speak TLS as the box does: the port of another protocol, mostly.
    NotTls,
    /// Nobody that the box knows vouches for the server.
    UnknownAuthority,
    /// The server's certificate is over, not yet valid, or another server's.
    Certificate,
    /// No connection to the proxy, or it is none.
    ProxyUnreachable,
    /// The proxy wants a login.
    ProxyLogin,
    /// The proxy refuses the box.
    ProxyRefused,
}

impl OutboundError {
    /// What kind of trouble it is.
    #[must_use]
    pub(crate) fn kind(&self) -> OutboundErrorKind {
        use OutboundErrorKind as Kind;
        match self {
            Self::Address { .. } | Self::Authorities(_) | Self::Authority(_) | Self::Tls(_) => Kind::Settings,
            Self::Connect { source, .. } if source.kind() == io::ErrorKind::TimedOut => Kind::Blocked,
            Self::Handshake { source, .. } => of_handshake(source),
            Self::ProxyUnreachable { .. } | Self::ProxyBroken { .. } => Kind::ProxyUnreachable,
            Self::ProxyLogin { .. } => Kind::ProxyLogin,
            Self::ProxyRefused { .. } => Kind::ProxyRefused,
            Self::Lookup { .. } => Kind::UnknownName,
            Self::Connect { .. } | Self::Late { .. } | Self::Slow { .. } | Self::Broken { .. } => Kind::Unreachable,
        }
    }

    /// Whether the server, or a proxy before it, accepted the request and did not answer it.
    #[must_use]
    pub(crate) fn is_of_the_answer(&self) -> bool {
        match self {
            Self::Broken { .. } => true,
            Self::Late { operation, .. } => *operation == ANSWER,
            _ => false,
        }
    }
}

fn of_handshake(source: &io::Error) -> OutboundErrorKind {
    let error = source.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    match error {
        // Other: a certificate that signs itself, and is not known as an authority. BadSignature: an authority of the
        // same name is known, and did not sign it.
        Some(rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature | CertificateError::Other(_),
        )) => OutboundErrorKind::UnknownAuthority,
        Some(rustls::Error::InvalidCertificate(_)) => OutboundErrorKind::Certificate,
        Some(_) => OutboundErrorKind::NotTls,
        None => OutboundErrorKind::Unreachable,
    }
}
