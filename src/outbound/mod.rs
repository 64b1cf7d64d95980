//! What the box fetches from other machines leaves it through here: connections, names, proxies, TLS, deadlines.
//!
//! ```text
//! Server::request ─> kept connection, or: proxy (which?) ─> reach (names, addresses) ─> tunnel ─> TLS ─> HTTP/1.1
//! ```
//!
//! There is one [`Outbound`] in the box, with one set of proxies and authorities. It bounds how long, how slowly and
//! through whom; what an answer means is the business of who asked.

mod connection;
mod error;
mod proxy;
mod reach;
mod server;
mod settings;
mod stream;
mod tls;
mod traffic;
mod tunnel;

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_rustls::rustls::ClientConfig;

pub(crate) use self::connection::KeptConnection;
pub use self::error::OutboundError;
pub(crate) use self::error::{AddressFault, OutboundErrorKind};
pub(crate) use self::proxy::{Proxies, ProxySettings};
pub(crate) use self::server::{OutboundRequest, Server};
pub(crate) use self::settings::Keys;
pub(crate) use self::stream::Stream;
pub use self::traffic::{Traffic, TrafficReading};

/// How the box names itself to others.
const USER_AGENT_NAME: &str = concat!("workshop-edge/", env!("WORKSHOP_EDGE_VERSION"));

/// Finds the addresses of a name that ends in `.local`, when DNS does not know it.
pub(crate) type LocalNames = fn(String) -> Pin<Box<dyn Future<Output = Vec<IpAddr>> + Send>>;

/// How long things may take, at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Finding the addresses of the server's name.
    pub lookup: Duration,
    /// Connecting to one address; the next one is tried beside it long before.
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// From the request to the head of its answer.
    pub head: Duration,
    /// The whole answer to a request for metadata, its head aside.
    pub metadata: Duration,
    /// A target's bytes are counted over windows of this length, of which only waiting for them counts.
    pub window: Duration,
    /// Fewer bytes than this in a window are too slow.
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
            // 1 KiB/s: a firewall that passes a byte now and then is not a slow line.
            least: 30 * 1024,
            idle: Duration::from_secs(10),
        }
    }
}

/// What the client is made from.
#[derive(Clone, Default)]
pub struct Settings {
    /// Certification authorities in PEM form that are trusted besides those of the web.
    pub ca: Option<Vec<u8>>,
    /// The proxies, and what is reached without one.
    pub proxies: Proxies,
    /// How long things may take.
    pub limits: Limits,
    /// Who knows the names that only multicast knows; `None` is nobody.
    pub local_names: Option<LocalNames>,
}

/// The client. Its clones are the same one.
#[derive(Clone)]
pub struct Outbound {
    shared: Arc<Shared>,
    limits: Limits,
}

struct Shared {
    tls: Arc<ClientConfig>,
    time: Arc<tls::Time>,
    proxies: Proxies,
    local_names: Option<LocalNames>,
}

impl Outbound {
    /// With these settings.
    pub fn new(settings: Settings) -> Result<Self, OutboundError> {
        let Settings { ca, proxies, limits, local_names } = settings;
        let time = Arc::<tls::Time>::default();
        let tls = tls::config(ca.as_deref(), Arc::clone(&time))?;
        Ok(Self { shared: Arc::new(Shared { tls, time, proxies, local_names }), limits })
    }

    /// The same client for a use with limits of its own.
    #[must_use]
    pub(crate) fn with_limits(&self, limits: Limits) -> Self {
        Self { limits, ..self.clone() }
    }

    /// How long things may take.
    #[must_use]
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// No time before this one is true: a clock that shows one does not make a server's certificate "not yet valid".
    pub(crate) fn not_before(&self, time: SystemTime) {
        self.shared.time.not_before(time);
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("proxies", &self.shared.proxies).finish_non_exhaustive()
    }
}
