//! The composition root: build every part, then run, then drain.

mod descriptors;
mod discover;
mod settings;
mod signals;
mod status;

use std::future::pending;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use tokio::runtime::LocalOptions;
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use self::discover::Followers;
use self::signals::StopSignals;
use crate::admin::{self, Admin};
use crate::config::{self, Config};
use crate::console::{Console, ConsoleError};
use crate::discovery;
use crate::health::{Fault, Health};
use crate::http::{self, BindError, Inherited, Listener, Names, Scheme, Server, ServerError, Tls, TlsError};
use crate::identity::BoxId;
use crate::metrics::Metrics;
use crate::service_manager;
use crate::site::{self, Current, Publisher, SiteError};

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
    /// The status page and its like.
    #[error(transparent)]
    Console(#[from] ConsoleError),
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
    discovery: Option<(discovery::Settings, watch::Sender<Bytes>, Followers)>,
    console: Arc<Console>,
    _publisher: Publisher,
}

impl App {
    /// Builds every part and binds every socket; after it, nothing that the configuration says
    /// can fail any more.
    pub fn build(config: Config) -> Result<Self, AppError> {
        let Config { data_dir, listen, tls, discovery, site, display, limits, log, shutdown } = config;
        descriptors::raise_limit(limits.connections);
        let health = Health::default();
        let id = BoxId::load(&data_dir);

        let own_names = settings::names(&listen, &tls, &discovery);
        let names = Arc::new(Names::default());
        names.replace(own_names.iter().map(String::as_str));

        let listeners = listeners(&listen)?;
        let tls = certificate(tls, &data_dir, &health)?;
        if tls.is_none() && listeners.iter().any(|listener| listener.scheme() == Scheme::Https) {
            return Err(AppError::NoCertificate);
        }

        let (publisher, current) = publisher(site, &data_dir, &health)?;
        for path in current.load().paths().filter(|path| http::is_reserved(path)) {
            tracing::warn!(path, "the display has a file at a path that the box keeps for itself: it is not served");
        }

        let metrics = Arc::new(Metrics::default());
        let (describe, description) = watch::channel(Bytes::new());
        let (lan, known) = watch::channel(None);
        let sources = status::sources(&id, data_dir.clone(), &listeners, health.clone(), tls.clone(), known);
        let console = Arc::new(Console::start(sources, display.language)?);
        let discovery = settings::discovery(discovery, &data_dir, &id, &listeners).map(|settings| {
            let followers = Followers {
                probe: health.probe("discovery"),
                metrics: Arc::clone(&metrics),
                names: Arc::clone(&names),
                own_names,
                lan,
            };
            (settings, describe, followers)
        });

        let (admin, _) = administration(&data_dir, &listeners, &health);

        let parts = http::Parts {
            site: current,
            health: health.clone(),
            metrics,
            display: Bytes::from(settings::display(display).to_json().map_err(AppError::Display)?),
            description,
            tls,
            names,
            console: Arc::clone(&console),
            admin: Arc::new(admin),
        };
        Ok(Self {
            listeners,
            parts,
            limits: settings::http_limits(&limits),
            access_log: match log.access {
                config::Access::Off => http::AccessLog::Off,
                config::Access::Sampled => http::AccessLog::Sampled,
                config::Access::All => http::AccessLog::All,
            },
            grace: shutdown.grace,
            health,
            discovery,
            console,
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
        let server = Server::start(self.listeners, self.parts, &self.limits, self.access_log)?;
        self.health.set_ready(true);
        service_manager::ready();
        tracing::info!(version = env!("CARGO_PKG_VERSION"), "ready");
        for address in &self.console.status().addresses {
            tracing::info!(url = address.url, "this is the address to type into a TV");
        }
        let discovery =
            self.discovery.and_then(|(settings, describe, followers)| discover::start(settings, describe, followers));

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

/// HTTPS, when it is on.
fn certificate(tls: config::Tls, data_dir: &Path, health: &Health) -> Result<Option<Tls>, AppError> {
    match tls {
        config::Tls::Off => None,
        config::Tls::SelfSigned { names } => {
            Some(Tls::self_signed(&http::SelfSigned { directory: data_dir.join("tls"), names }))
        }
        config::Tls::Files { cert, key } => {
            let probe = health.probe("certificate");
            let files = http::TlsFiles { certificate: cert, key };
            Some(Tls::files(files, move |fault| {
                probe.degraded(fault.map(|en| {
                    Fault::new(format!("El certificado nuevo no sirve; se usa el anterior. Detalle: {en}"), en)
                }));
            }))
        }
    }
    .transpose()
    .map_err(AppError::Tls)
}

/// The display, and whoever keeps it current.
fn publisher(site: config::Site, data_dir: &Path, health: &Health) -> Result<(Publisher, Arc<Current>), AppError> {
    let probe = health.probe("site");
    let config::Site { dir, content_security_policy } = site;
    let settings =
        site::Settings { directory: dir, content_security_policy, retained: Some(data_dir.join("retained-assets")) };
    Ok(Publisher::start(settings, move |fault| {
        probe.degraded(fault.map(|en| {
            let es = "Hay un problema con los archivos de la pantalla; se sirve lo último que funcionó. Detalle:";
            Fault::new(format!("{es} {en}"), en)
        }));
    })?)
}

/// What is behind the PIN, and the orders that come from there.
fn administration(data_dir: &Path, listeners: &[Listener], health: &Health) -> (Admin, mpsc::Receiver<admin::Asked>) {
    let probe = health.probe("pin");
    let https = listeners.iter().find(|listener| listener.scheme() == Scheme::Https);
    let settings = admin::Settings {
        https_port: https.map(|listener| listener.address().port()),
        bundle_contents: |_| Vec::new(),
    };
    Admin::start(&data_dir.join("admin"), settings, move |fault| {
        probe.degraded(fault.map(|en| {
            Fault::new(format!("El PIN no se puede guardar: vale hasta el próximo arranque. Detalle: {en}"), en)
        }));
    })
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
