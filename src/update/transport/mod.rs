//! Where a repository is fetched from: a web server, or a directory such as that of a USB stick.
//!
//! A repository is `metadata/` and `targets/` under one address. Nothing that comes from there is believed here: the
//! transport bounds how much comes, how slowly, and from where; [`super::repository`] judges what it says.

mod body;
mod connection;
mod directory;
mod error;
mod tls;
mod traffic;
mod web;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

pub use self::body::Body;
pub use self::error::TransportError;
pub use self::traffic::{Traffic, TrafficReading};

use self::directory::Directory;
use self::web::{Expect, Kept, Web};

/// A place that a repository is fetched from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A web server.
    Web {
        /// The address that `metadata/` and `targets/` are under, `https://…`; a `file://` address is a
        /// [`Source::Directory`].
        url: String,
        /// Certification authorities in PEM form that are trusted besides those of the web.
        ca: Option<Vec<u8>>,
        /// Whether the address may be an `http://` one: signatures protect what is fetched, but not that it is fetched.
        allow_http: bool,
    },
    /// A directory with `metadata` and `targets` in it.
    Directory(PathBuf),
}

/// How long things may take, at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Finding the addresses of the server's name.
    pub lookup: Duration,
    /// Connecting to one address; the next one is tried then.
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// From the request to the head of its answer.
    pub head: Duration,
    /// The whole answer to a request for metadata, its head aside.
    pub metadata: Duration,
    /// A target's octets are counted over windows of this length, of which only waiting for them counts.
    pub window: Duration,
    /// Fewer octets than this in a window are too slow.
    pub least: u64,
    /// A connection that was not used for so long is not used again.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lookup: Duration::from_secs(10),
            connect: Duration::from_secs(5),
            tls: Duration::from_secs(10),
            head: Duration::from_secs(20),
            metadata: Duration::from_secs(60),
            window: Duration::from_secs(30),
            // 1 KiB/s: a firewall that lets a byte through now and then is not a slow line.
            least: 30 * 1024,
            idle: Duration::from_secs(10),
        }
    }
}

/// Fetches from one repository.
#[derive(Debug, Clone)]
pub struct Transport {
    metadata: Place,
    targets: Place,
    traffic: Arc<Traffic>,
    time: Arc<tls::Time>,
}

#[derive(Debug, Clone)]
enum Place {
    Web(Arc<Web>),
    Directory(Directory),
}

impl Transport {
    /// The repository at `source`, whose `metadata` and `targets` are under it.
    pub fn new(source: Source, limits: Limits) -> Result<Self, TransportError> {
        let (metadata, targets) = (source.clone().under("metadata")?, source.under("targets")?);
        Self::apart(metadata, targets, limits)
    }

    /// The repository whose metadata is right at one place, and whose targets are right at another.
    pub fn apart(metadata: Source, targets: Source, limits: Limits) -> Result<Self, TransportError> {
        let (traffic, time, kept) = (Arc::<Traffic>::default(), Arc::<tls::Time>::default(), Arc::<Kept>::default());
        let place = |source| match source {
            Source::Directory(path) => Ok(Place::Directory(Directory::new(path))),
            Source::Web { url, .. } if url.starts_with("file:") => directory_of(&url).map(Place::Directory),
            Source::Web { url, ca, allow_http } => {
                let tls = tls::config(ca.as_deref(), Arc::clone(&time))?;
                let web = Web::new(&url, allow_http, tls, limits, Arc::clone(&traffic), Arc::clone(&kept))?;
                Ok(Place::Web(Arc::new(web)))
            }
        };
        Ok(Self { metadata: place(metadata)?, targets: place(targets)?, traffic, time })
    }

    /// A metadata file of `most` octets at most; `None` when the repository has none of that name: 404, 410, and 403,
    /// which object stores answer for what is not there.
    pub async fn metadata(&self, name: &str, most: u64) -> Result<Option<Bytes>, TransportError> {
        let (body, place) = match &self.metadata {
            Place::Web(web) => (web.get(name, 0, None, Expect::Metadata).await?, web.address(name)),
            Place::Directory(directory) => (directory.open(name, 0, None).await?, directory.address(name)),
        };
        let Some(body) = body else {
            return Ok(None);
        };
        let bytes = body.whole(most).await?;
        // A page that does not say that it is one: metadata begins with a brace.
        if bytes.trim_ascii_start().starts_with(b"<") {
            return Err(TransportError::CaptivePortal { place });
        }
        Ok(Some(bytes))
    }

    /// The content of a target from the octet `from` on. With the `validator` of the answer that the octets before it
    /// came with, it starts at 0 when the object has changed since; it does so too when the server does not know ranges.
    pub async fn target(&self, path: &str, from: u64, validator: Option<&str>) -> Result<Body, TransportError> {
        let (body, place) = match &self.targets {
            Place::Web(web) => (web.get(path, from, validator, Expect::Target).await?, web.address(path)),
            Place::Directory(directory) => (directory.open(path, from, validator).await?, directory.address(path)),
        };
        body.ok_or(TransportError::Missing { place })
    }

    /// What has been sent and received.
    #[must_use]
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// No time before this one is true: a clock that shows one does not make the server's certificate "not yet valid".
    pub fn not_before(&self, time: SystemTime) {
        self.time.not_before(time);
    }

    /// Closes the connection that was kept for the next request.
    pub fn rest(&self) {
        for place in [&self.metadata, &self.targets] {
            if let Place::Web(web) = place {
                web.rest();
            }
        }
    }
}

impl Source {
    fn under(self, name: &str) -> Result<Self, TransportError> {
        Ok(match self {
            Self::Web { url, .. } if url.starts_with("file:") => Self::Directory(directory_of(&url)?.path().join(name)),
            Self::Web { url, ca, allow_http } => {
                Self::Web { url: format!("{}/{name}", url.trim_end_matches('/')), ca, allow_http }
            }
            Self::Directory(path) => Self::Directory(path.join(name)),
        })
    }
}

/// The directory of a `file://` address (RFC 8089), which has no host.
fn directory_of(url: &str) -> Result<Directory, TransportError> {
    let wrong = |why| TransportError::Address { url: url.to_owned(), why };
    let path = url.strip_prefix("file://").ok_or_else(|| wrong("a file address begins with file:///"))?;
    let path = path.strip_prefix("localhost").unwrap_or(path);
    if !path.starts_with('/') {
        return Err(wrong("a file address begins with file:///"));
    }
    let path = percent_encoding::percent_decode_str(path).decode_utf8().map_err(|_| wrong("it is not UTF-8"))?;
    Ok(Directory::new(PathBuf::from(path.into_owned())))
}
