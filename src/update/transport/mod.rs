//! Where a repository is fetched from: a web server, or a directory such as that of a USB stick.
//!
//! A repository is `metadata/` and `targets/` under one address. Nothing that comes from there is believed here: the
//! transport bounds how much comes, how slowly, and from where; [`super::repository`] judges what it says.

mod body;
mod directory;
mod error;
mod reader;
mod web;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

pub use self::body::Body;
pub use self::error::TransportError;

use self::directory::Directory;
use self::web::{Expect, Web};
use crate::outbound::{AddressFault, KeptConnection, Outbound, OutboundError, Traffic};

/// A place that a repository is fetched from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A web server.
    Web {
        /// The address that `metadata/` and `targets/` are under, `https://…`; a `file://` address is a
        /// [`Source::Directory`].
        url: String,
        /// Whether the address may be an `http://` one: signatures protect what is fetched, but not that it is fetched.
        allow_http: bool,
        /// What leads there.
        outbound: Outbound,
    },
    /// A directory with `metadata` and `targets` in it.
    Directory(PathBuf),
}

/// Fetches from one repository.
#[derive(Debug, Clone)]
pub struct Transport {
    metadata: Location,
    targets: Location,
    traffic: Arc<Traffic>,
}

#[derive(Debug, Clone)]
enum Location {
    Web(Arc<Web>),
    Directory(Directory),
}

impl Transport {
    /// The repository at `source`, whose `metadata` and `targets` are under it.
    pub fn new(source: Source) -> Result<Self, TransportError> {
        let (metadata, targets) = (source.clone().under("metadata")?, source.under("targets")?);
        Self::with_sources(metadata, targets)
    }

    /// The repository whose metadata is right at one place, and whose targets are right at another.
    pub fn with_sources(metadata: Source, targets: Source) -> Result<Self, TransportError> {
        let (traffic, kept) = (Arc::<Traffic>::default(), Arc::<KeptConnection>::default());
        let place = |source| match source {
            Source::Directory(path) => Ok(Location::Directory(Directory::new(path))),
            Source::Web { url, .. } if url.starts_with("file:") => directory_of(&url).map(Location::Directory),
            Source::Web { url, allow_http, outbound } => {
                let web = Web::new(&url, allow_http, &outbound, Arc::clone(&traffic), Arc::clone(&kept))?;
                Ok(Location::Web(Arc::new(web)))
            }
        };
        Ok(Self { metadata: place(metadata)?, targets: place(targets)?, traffic })
    }

    /// A metadata file of `most` bytes at most; `None` when the repository has none of that name: 404, 410, and 403,
    /// which object stores answer for what is not there.
    pub async fn metadata(&self, name: &str, most: u64) -> Result<Option<Bytes>, TransportError> {
        let (body, place) = match &self.metadata {
            Location::Web(web) => (web.get(name, 0, None, Expect::Metadata).await?, web.address(name)),
            Location::Directory(directory) => (directory.open(name, 0, None).await?, directory.address(name)),
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

    /// The content of a target from the byte `from` on. With the `validator` of the answer that the bytes before it
    /// came with, it starts at 0 when the object has changed since; it does so too when the server does not know ranges.
    pub async fn target(&self, path: &str, from: u64, validator: Option<&str>) -> Result<Body, TransportError> {
        let (body, place) = match &self.targets {
            Location::Web(web) => (web.get(path, from, validator, Expect::Target).await?, web.address(path)),
            Location::Directory(directory) => (directory.open(path, from, validator).await?, directory.address(path)),
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
        for place in [&self.metadata, &self.targets] {
            if let Location::Web(web) = place {
                web.not_before(time);
            }
        }
    }

    /// Closes the connection that was kept for the next request.
    pub fn rest(&self) {
        for place in [&self.metadata, &self.targets] {
            if let Location::Web(web) = place {
                web.rest();
            }
        }
    }
}

impl Source {
    fn under(self, name: &str) -> Result<Self, TransportError> {
        Ok(match self {
            Self::Web { url, .. } if url.starts_with("file:") => Self::Directory(directory_of(&url)?.path().join(name)),
            Self::Web { url, allow_http, outbound } => {
                Self::Web { url: format!("{}/{name}", url.trim_end_matches('/')), allow_http, outbound }
            }
            Self::Directory(path) => Self::Directory(path.join(name)),
        })
    }
}

/// The directory of a `file://` address (RFC 8089), which has no host.
fn directory_of(url: &str) -> Result<Directory, TransportError> {
    let wrong = |why| OutboundError::Address { url: url.to_owned(), why };
    let path = url.strip_prefix("file://").ok_or_else(|| wrong(AddressFault::FileForm))?;
    let path = path.strip_prefix("localhost").unwrap_or(path);
    if !path.starts_with('/') {
        return Err(wrong(AddressFault::FileForm).into());
    }
    let path = percent_encoding::percent_decode_str(path).decode_utf8().map_err(|_| wrong(AddressFault::NotUtf8))?;
    Ok(Directory::new(PathBuf::from(path.into_owned())))
}
