//! The composition root: build every part, then run, then drain.

use std::future::pending;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use tokio::runtime::LocalOptions;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::config::{self, Config};
use crate::discovery::{self, Discovery};
use crate::health::{Health, Probe};
use crate::http::{self, BindError, Inherited, Listener, Scheme, Server, ServerError, Tls, TlsError};
use crate::identity::BoxId;
use crate::metrics::Metrics;
use crate::site::{self, Publisher, SiteError};
use crate::{display, service_manager};

/// Why the box does not serve.
#[derive(Debug, Error)]
pub enum AppError {
    /// The display.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The display's settings.
    #[error("cannot write the display's settings")]
    Display(#[source] serde_json::Error),
    /// A socket.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The sockets that were handed over.
    #[error("cannot take over the listening sockets (LISTEN_FDS)")]
    Inherit(#[source] io::Error),
    /// HTTPS.
    #[error("HTTPS cannot be served")]
    Tls(#[source] TlsError),
    /// A socket named `https` was handed over, but there is no certificate for it.
    #[error(
        "a socket named https was handed over (LISTEN_FDNAMES), but tls.mode is off: set it to self-signed or files, or remove the socket"
    )]
    NoCertificate,
    /// The server.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The runtime or its signals.
    #[error("cannot start the runtime")]
    Runtime(#[source] io::Error),
}

/// The whole box, bound and ready to run.
pub struct App {
    listeners: Vec<Listener>,
    parts: http::Parts,
    limits: http::Limits,
    access_log: http::AccessLog,
    grace: Duration,
    health: Health,
    discovery: Option<(discovery::Settings, watch::Sender<Bytes>, Probe)>,
    _publisher: Publisher,
}

impl App {
    /// Builds every part and binds every socket; after it, nothing that the configuration says
    /// can fail any more.
    pub fn build(config: Config) -> Result<Self, AppError> {
        let Config { data_dir, listen, tls, discovery, site, display, limits, log, shutdown } = config;
        raise_descriptor_limit(limits.connections);
        let health = Health::default();
        let id = BoxId::load(&data_dir);

        let listeners = listeners(&listen)?;
        let tls = match tls {
            config::Tls::Off => None,
            config::Tls::SelfSigned { names } => {
                Some(Tls::self_signed(&http::SelfSigned { directory: data_dir.join("tls"), names }))
            }
            config::Tls::Files { cert, key } => {
                let probe = health.probe("certificate");
                let files = http::TlsFiles { certificate: cert, key };
                Some(Tls::files(files, move |fault| probe.degraded(fault)))
            }
        }
        .transpose()
        .map_err(AppError::Tls)?;
        if tls.is_none() && listeners.iter().any(|listener| listener.scheme() == Scheme::Https) {
            return Err(AppError::NoCertificate);
        }

        let probe = health.probe("site");
        let config::Site { dir, content_security_policy } = site;
        let settings = site::Settings {
            directory: dir,
            content_security_policy,
            retained: Some(data_dir.join("retained-assets")),
        };
        let (publisher, current) = Publisher::start(settings, move |fault| probe.degraded(fault))?;
        for path in current.load().paths().filter(|path| http::is_reserved(path)) {
            tracing::warn!(path, "the display has a file at a path that the box keeps for itself: it is not served");
        }

        let (describe, description) = watch::channel(Bytes::new());
        let discovery = discovery_settings(discovery, &data_dir, &id, &listeners)
            .map(|settings| (settings, describe, health.probe("discovery")));

        let parts = http::Parts {
            site: current,
            health: health.clone(),
            metrics: Metrics::default().into(),
            display: Bytes::from(display_settings(display).to_json().map_err(AppError::Display)?),
            description,
            tls,
        };
        Ok(Self {
            listeners,
            parts,
            limits: http_limits(&limits),
            access_log: match log.access {
                config::Access::Off => http::AccessLog::Off,
                config::Access::Sampled => http::AccessLog::Sampled,
                config::Access::All => http::AccessLog::All,
            },
            grace: shutdown.grace,
            health,
            discovery,
            _publisher: publisher,
        })
    }

    /// Serves until SIGTERM or SIGINT, then drains.
    pub fn run(self) -> Result<(), AppError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())
            .map_err(AppError::Runtime)?;
        runtime.block_on(self.serve())
    }

    async fn serve(self) -> Result<(), AppError> {
        // Before anything answers, so that no signal finds the default action.
        let mut stop = StopSignals::new().map_err(AppError::Runtime)?;
        for listener in &self.listeners {
            tracing::info!(address = %listener.address(), scheme = %listener.scheme(), "listening");
        }
        let metrics = Arc::clone(&self.parts.metrics);
        let server = Server::start(self.listeners, self.parts, &self.limits, self.access_log)?;
        self.health.set_ready(true);
        service_manager::ready();
        tracing::info!(version = env!("CARGO_PKG_VERSION"), "ready");
        let discovery =
            self.discovery.and_then(|(settings, describe, probe)| discover(settings, describe, probe, metrics));

        tokio::select! {
            name = stop.next() => tracing::info!(signal = name, grace_s = self.grace.as_secs(), "stopping"),
            () = watchdog(&server) => {}
        }
        self.health.set_ready(false);
        service_manager::stopping();
        let second = async {
            let name = stop.next().await;
            tracing::warn!(signal = name, "stopping at once");
        };
        let goodbye = async {
            if let Some(discovery) = discovery {
                discovery.stop().await;
            }
        };
        match tokio::join!(server.drain(self.grace, second), goodbye).0 {
            0 => tracing::info!("stopped"),
            cut_off => tracing::warn!(cut_off, "stopped before all connections had ended"),
        }
        Ok(())
    }
}

/// The sockets that were handed over, or else those of the configuration.
fn listeners(listen: &config::Listen) -> Result<Vec<Listener>, AppError> {
    let inherited = Inherited::from_env().map_err(AppError::Inherit)?.listeners;
    if !inherited.is_empty() {
        return Ok(inherited);
    }
    let http = listen.http.iter().map(|address| Listener::bind(*address, Scheme::Http));
    let https = listen.https.iter().map(|address| Listener::bind(*address, Scheme::Https));
    Ok(http.chain(https).collect::<Result<_, _>>()?)
}

/// What discovery announces; nothing when only this machine can reach the box.
fn discovery_settings(
    discovery: config::Discovery,
    data_dir: &Path,
    id: &BoxId,
    listeners: &[Listener],
) -> Option<discovery::Settings> {
    let config::Discovery { enabled, name, interface } = discovery;
    let port = |scheme| {
        let mut reachable = listeners
            .iter()
            .filter(|listener| listener.scheme() == scheme && !listener.address().ip().to_canonical().is_loopback());
        reachable.next().map(|listener| listener.address().port())
    };
    let (http, https) = (port(Scheme::Http), port(Scheme::Https));
    let is_on = enabled && (http.is_some() || https.is_some());
    is_on.then(|| discovery::Settings {
        data_dir: data_dir.to_owned(),
        id: id.as_str().to_owned(),
        name,
        interface,
        http,
        https,
    })
}

/// Starts discovery, and tells health and metrics what it learns. Without it the box serves on.
fn discover(
    settings: discovery::Settings,
    describe: watch::Sender<Bytes>,
    probe: Probe,
    metrics: Arc<Metrics>,
) -> Option<Discovery> {
    let discovery = match Discovery::start(settings, describe) {
        Ok(discovery) => discovery,
        Err(error) => {
            tracing::error!(%error, "discovery cannot start: the box is found by address only");
            probe.degraded(Some(format!("discovery cannot start: {error}")));
            return None;
        }
    };
    let mut states = discovery.state();
    tokio::task::spawn_local(async move {
        loop {
            let state = states.borrow_and_update().clone();
            probe.degraded(state.fault());
            metrics.discovered(state.is_renamed(), state.cached_records, state.daemons);
            if states.changed().await.is_err() {
                break;
            }
        }
    });
    Some(discovery)
}

/// SIGTERM and SIGINT.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Tells the service manager that all workers answer, as long as they do: a hung one is then
/// restarted by the manager.
async fn watchdog(server: &Server) {
    let Some(interval) = service_manager::watchdog_interval() else { return pending().await };
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if server.is_alive().await {
            service_manager::alive();
        } else {
            tracing::error!("a worker has ended: the service manager will restart the box");
            return pending().await;
        }
    }
}

/// Each connection is a descriptor, and the usual soft limit of 1024 is for programs with few.
fn raise_descriptor_limit(connections: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// Listeners, epoll, logs, files that are being read.
    const OTHERS: u64 = 128;
    let wanted = connections as u64 + OTHERS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let allowed = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum }) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    } else if allowed < wanted {
        tracing::warn!(
            allowed,
            wanted,
            "fewer files may be open than limits.connections needs: raise LimitNOFILE or lower limits.connections"
        );
    }
}

fn http_limits(limits: &config::Limits) -> http::Limits {
    let config::Limits {
        connections,
        connections_per_peer,
        header_bytes,
        header_count,
        header_timeout,
        keep_alive_idle,
        requests_per_connection,
        request_body_bytes,
        write_stall,
        tls_handshake,
    } = *limits;
    http::Limits {
        connections,
        connections_per_peer,
        header_bytes,
        header_count,
        header_timeout,
        keep_alive_idle,
        requests_per_connection,
        request_body_bytes,
        write_stall,
        tls_handshake,
    }
}

fn display_settings(display: config::Display) -> display::Settings {
    let config::Display { title, line, language, demo, refresh, targets, shift } = display;
    let config::Targets { daily, oee_percent, reject_percent } = targets;
    let config::Shift { start_hour, end_hour } = shift;
    display::Settings {
        title,
        line,
        language: language.code(),
        demo,
        refresh_s: refresh.as_secs(),
        targets: display::Targets { daily, oee_percent, reject_percent },
        shift: display::Shift { start_hour, end_hour },
    }
}
