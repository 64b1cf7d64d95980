//! Serving over HTTP/1.1 (RFC 9110, RFC 9112).
//!
//! ```text
//! listener ──accept, limits──> workers (one a core) ──tls──> connection ──> service
//!                                                        route ─> assets | health | metrics | edge | live | api ─> respond
//! ```
//!
//! One acceptor deals connections to one single-threaded runtime a core; what belongs to a
//! connection never crosses threads.

mod accept;
mod api;
mod assets;
mod body;
mod conditional;
mod connection;
mod connection_timer;
mod deadlines;
mod disk_reads;
mod dispatcher;
mod drain;
mod edge;
mod end;
mod events;
mod fields;
mod handover;
mod host;
mod lifecycle;
mod limits;
mod listener;
mod live;
mod metered;
mod names;
mod navigation;
mod negotiate;
mod no_site;
mod range;
mod request_id;
mod respond;
mod route;
mod screen;
mod service;
mod settings;
mod stream;
mod sweeper;
mod target;
mod timeouts;
mod timers;
mod tls;
mod worker;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

pub(crate) use api::is_api;
pub(crate) use listener::{BindError, Inherited, Listener, Scheme};
pub(crate) use names::Names;
pub(crate) use route::is_reserved;
pub(crate) use settings::{AccessLog, Limits, Listen, RequestLog, TlsKeys, TlsMode, TlsSettings};
pub(crate) use timeouts::SELF_CHECK;
pub(crate) use tls::{Ending, OwnCertificate, SelfSigned, Tls, TlsError, TlsFiles};

use self::limits::{ConnectionLimiter, MAX_LEAVING};
use self::service::AppState;
use self::timeouts::{ANNOUNCE_CLOSE, Timeouts};
use self::timers::Timers;
use self::worker::Workers;
use crate::admin::Admin;
use crate::console::Console;
use crate::erp::Feed;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::screens::Screens;
use crate::site::{Agent, Current};

/// Pure parts, for fuzzing and benchmarks.
#[doc(hidden)]
pub mod pure {
    pub use super::conditional::{Validators, evaluate, range_applies};
    pub use super::negotiate::{Coding, Preference};
    pub use super::range::{ByteRange, Requested, parse as parse_range};
    pub use super::target::{TargetError, decode as decode_path, parse as parse_target};
}

/// What the server answers from.
pub(crate) struct Parts {
    /// The display.
    pub(crate) site: Arc<Current>,
    /// What `/health` tells.
    pub(crate) health: Health,
    /// What `/metrics` tells.
    pub(crate) metrics: Arc<Metrics>,
    /// The body of `/_edge/display.json`.
    pub(crate) display: tokio::sync::watch::Receiver<Bytes>,
    /// The body of `/_edge/ssdp.xml`; empty while there is none.
    pub(crate) description: tokio::sync::watch::Receiver<Bytes>,
    /// The page for people.
    pub(crate) console: Arc<Console>,
    /// What is behind the PIN.
    pub(crate) admin: Arc<Admin>,
    /// What the ERP shows; off where none is configured.
    pub(crate) feed: Feed,
    /// Those who show the display.
    pub(crate) screens: Screens,
    /// Who may be meant by requests for the box's own paths.
    pub(crate) names: Arc<Names>,
    /// For listeners of [`Scheme::Https`].
    pub(crate) tls: Option<Tls>,
}

/// A running server.
pub(crate) struct Server {
    workers: Workers,
    /// Stops the acceptors.
    accepting: CancellationToken,
    acceptors: tokio::task::JoinSet<()>,
    /// Ends answers that have no end of their own.
    closing: CancellationToken,
    state: Arc<AppState>,
}

/// How often it is looked whether anybody is still connected.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A thread or its runtime.
    #[error("cannot start a worker")]
    Worker(#[source] std::io::Error),
    /// A listening socket could not be watched.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address to bind.
        address: SocketAddr,
        /// The cause.
        source: std::io::Error,
    },
}

impl Server {
    /// Starts to answer on all listeners; must run inside a `LocalRuntime` that lives as
    /// long as the server.
    pub(crate) fn start(
        listeners: Vec<Listener>,
        parts: Parts,
        limits: &Limits,
        access_log: AccessLog,
    ) -> Result<Self, ServerError> {
        let Parts { site, health, metrics, display, description, console, admin, feed, screens, names, tls } = parts;
        let timeouts = Timeouts::of(limits);
        let closing = CancellationToken::new();
        let timers = Timers::start().map_err(ServerError::Worker)?;
        let state = Arc::new(AppState {
            site,
            agent: Agent::new(),
            health,
            metrics: Arc::clone(&metrics),
            display,
            description,
            disk: disk_reads::DiskReads::new(timers.clone()),
            timers,
            events: events::Source::new(console.changes(), timeouts.heartbeat(), closing.clone()),
            console,
            admin,
            feed,
            screens,
            names,
            most_body: limits.request_body_bytes,
            requests_per_connection: limits.requests_per_connection,
            access_log,
            is_leaving: AtomicBool::new(false),
        });
        let connections = Arc::new(connection::Settings {
            state: Arc::clone(&state),
            tls,
            timeouts,
            header_bytes: limits.header_bytes,
            header_count: limits.header_count,
        });
        let workers = Workers::start(&connections, limits.connections + MAX_LEAVING).map_err(ServerError::Worker)?;

        let limiter = ConnectionLimiter::new(limits.connections, limits.connections_per_peer);
        let accepting = CancellationToken::new();
        let mut acceptors = tokio::task::JoinSet::new();
        for listener in listeners {
            let address = listener.address();
            let acceptor = accept::Acceptor::new(
                listener,
                Arc::clone(&limiter),
                Arc::clone(&metrics),
                workers.dispatcher().clone(),
                limits.write_stall,
            )
            .map_err(|source| ServerError::Listen { address, source })?;
            acceptors.spawn_local(acceptor.run(accepting.clone()));
        }
        Ok(Self { workers, accepting, acceptors, closing, state })
    }

    /// Whether every worker answers; waits as long as the slowest takes.
    pub(crate) async fn is_alive(&self) -> bool {
        self.workers.dispatcher().ping().await
    }

    /// Answers as before, but every answer is its connection's last (RFC 9112 section 9.6), so that nobody sends another
    /// request into a connection while the drain closes it: a client would have to find out that it was lost, and send
    /// it again. For before a drain after which another process goes on with the listeners; over at once when nobody
    /// is connected.
    pub(crate) async fn announce_close(&self) {
        self.state.is_leaving.store(true, Ordering::Relaxed);
        let until = tokio::time::Instant::now() + ANNOUNCE_CLOSE;
        while self.workers.dispatcher().load() > 0 && tokio::time::Instant::now() < until {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Stops accepting, finishes running answers, closes idle and long-lived connections.
    /// What is still there after `grace`, or when `at_once` is done, is cut off. Gives how many
    /// connections that were.
    pub(crate) async fn drain(mut self, grace: Duration, at_once: impl Future<Output = ()>) -> usize {
        self.accepting.cancel();
        while self.acceptors.join_next().await.is_some() {}
        self.closing.cancel();
        self.workers.drain(grace, at_once).await
    }
}
