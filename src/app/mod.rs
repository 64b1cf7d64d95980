//! The composition root: build every part, then run, then drain.

mod certificate;
mod descriptors;
mod discover;
mod erp;
mod erp_status;
mod exclusive;
mod failure;
mod fallback;
mod health;
mod listen;
mod loopback_client;
mod machine;
mod operator;
mod outbound;
mod screens;
mod sensors;
mod signals;
mod site;
mod state_schema;
mod status;
mod storage;
mod switch;
mod telemetry;
mod trial;
mod updates;
mod votes;
mod watchdog;
mod words;

use std::future::pending;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use thiserror::Error;
use tokio::runtime::LocalOptions;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

pub use self::outbound::outbound_client;

use self::discover::DiscoveryObservers;
use self::erp::Erp;
use self::loopback_client::LoopbackClient;
use self::operator::{Operator, Sections};
use self::signals::StopSignals;
use self::telemetry::Telemetry;
use self::trial::Trial;
use self::updates::UpdateConfig;
use self::watchdog::Watchdog;
use crate::admin::PendingCommand;
use crate::config::{Config, Machine};
use crate::console::{Console, ConsoleError};
use crate::control;
use crate::discovery::{self, Discovery, Instance};
use crate::health::Health;
use crate::http::{
    self, BindError, Limits, Listen, Listener, RequestLog, Scheme, Server, ServerError, Tls, TlsError, TlsSettings,
};
use crate::identity::BoxId;
use crate::launch;
use crate::log::Recent;
use crate::metrics::Metrics;
use crate::restart::{Program, Socket};
use crate::screens::{Screens, Settings};
use crate::service_manager;
use crate::site::{Publisher, SiteError};

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
    /// The sockets for the process after this one.
    #[error("cannot keep the listening sockets for a restart")]
    HandOver(#[source] io::Error),
    /// Another process has the data.
    #[error(transparent)]
    InUse(#[from] exclusive::InUse),
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

/// How the box ended.
#[derive(Debug)]
pub enum Ended {
    /// By order.
    Stopped,
    /// It is to become this program, which goes on with the sockets.
    Restart(Program, Vec<Socket>),
}

/// Whether the configuration, as it is now, could be started with, or else everything that is wrong with it.
pub(crate) type ConfigCheck = Box<dyn Fn() -> Result<(), String>>;

/// What the box has to know of the process that it lives in.
pub struct ProcessContext {
    /// The configuration that holds, without secrets, as JSON.
    pub effective: Bytes,
    /// The last lines of the log.
    pub recent: Recent,
    /// Asked before a restart, since somebody may have edited the file.
    pub recheck: ConfigCheck,
}

/// The whole box, bound and ready to run.
pub struct App {
    listeners: Vec<Listener>,
    parts: http::Parts,
    limits: Limits,
    requests: RequestLog,
    grace: Duration,
    health: Health,
    discovery: Option<(discovery::Settings, Instance, watch::Sender<Bytes>, DiscoveryObservers)>,
    operator: Operator,
    asked: mpsc::Receiver<PendingCommand>,
    program: Program,
    /// For how long it has to be well, and how many screens have to show it.
    trial: Option<(Trial, Duration, usize)>,
    updates: (UpdateConfig, updates::Observers),
    erp: Arc<Erp>,
    screen_settings: Settings,
    monitor: Monitors,
    _publisher: Publisher,
}

impl App {
    /// Builds every part and binds every socket; after it, nothing that the configuration says
    /// can fail any more.
    pub fn build(
        config: Config,
        ProcessContext { effective, recent, recheck }: ProcessContext,
    ) -> Result<Self, AppError> {
        let Config {
            data_dir,
            listen,
            tls,
            discovery,
            site,
            display,
            machine: Machine { dir },
            limits,
            log: _,
            requests,
            shutdown,
            outbound,
            erp,
            screens: screen_settings,
            update,
            telemetry,
        } = config;
        let open = descriptors::raise_limit(limits.connections, site.dir.as_ref().map_or(0, |_| site.max_files));
        let health = claim(&data_dir)?;
        let trial = Trial::of_process(&data_dir, &health).map(|trial| (trial, update.trial, update.gate_screens));
        let id = BoxId::load(&data_dir);
        let (quiet_wait, running) = (update.quiet_wait, updates::Running::default());
        let outbound = outbound::build(outbound, update.ca_file.as_deref());
        let metrics = Arc::new(Metrics::default());
        let resource = telemetry::resource(&id, &discovery, &display, update.channel);
        let telemetry = Telemetry::new(telemetry, outbound.as_ref(), resource, &data_dir, &health, &metrics);
        let update_config = UpdateConfig::new(update, outbound.clone(), dir.as_deref(), &data_dir, &id);

        let (own_names, names) = listen::names(&listen, &tls, &discovery);

        let report = (&health, &metrics);
        let Sockets { listeners, tls, followed } = Sockets::open(&listen, tls, &data_dir, report, &own_names)?;
        let (publisher, current) = site::publisher(site, screen_settings.agent, open, &data_dir, &health)?;

        let language = display.language;
        let screens = Screens::open(&data_dir, screen_settings.clone(), language, Instant::now());
        screens.set_on_trial(trial.is_some());
        let erp = Erp::new(erp, display, &data_dir, outbound, &metrics, &telemetry).map_err(AppError::Display)?;
        let ((describe, description), (lan, known)) = (watch::channel(Bytes::new()), watch::channel(None));
        let secure = certificate::secure(&listeners, tls.as_ref(), followed.as_ref(), dir.is_some());
        let certificate = followed.map(|(watch, names)| (watch, names, known.clone()));
        let storage = storage::Monitor::new(&data_dir, dir.is_some(), &health, &metrics).map_err(AppError::Runtime)?;
        let (machine, machine_monitor) = machine::monitor(dir, &health);
        let (updates, site) = (running.clone(), current.clone());
        let (erp_view, screens_view) =
            (status::erp(&erp, &metrics, &current), screens::shown(&screens, &screen_settings));
        let inputs = status::StatusInputs { lan: known, updates, machine, site, erp: erp_view, screens: screens_view };
        let sources = status::sources(&id, storage.space(), &listeners, report, tls.clone(), inputs);
        let console = Arc::new(Console::start(sources, language)?);
        let discovery = discover::instance(&discovery, &data_dir, &id, &listeners).map(|instance| {
            let observers = DiscoveryObservers::new(&health, &metrics, &names, own_names, lan);
            (discovery, instance, describe, observers)
        });

        let sections = Sections { updates: Arc::clone(&running), erp: Arc::clone(&erp), screens: screens.clone() };
        let (admin, asked) = operator::admin(&data_dir, secure, &health, sections, language);
        let operator = Operator {
            id,
            data_dir,
            effective,
            recent,
            recheck: Rc::new(recheck),
            updates: Arc::clone(&running),
            erp: Arc::clone(&erp),
            health: health.clone(),
            console: Arc::clone(&console),
            admin: Arc::clone(&admin),
            restart: CancellationToken::new(),
            bundling: Mutex::default(),
        };

        let updates =
            updates::Observers { probe: health.probe("update"), metrics: Arc::clone(&metrics), quiet_wait, running };
        let parts = http::Parts {
            site: current,
            health: health.clone(),
            metrics,
            display: erp.display_json(),
            description,
            tls,
            names,
            console,
            admin,
            feed: erp.feed(),
            screens,
        };
        Ok(Self {
            listeners,
            parts,
            limits,
            requests,
            grace: shutdown.grace,
            health,
            discovery,
            operator,
            asked,
            program: Program::current().launched_by(std::env::var_os(launch::LAUNCHER).map(Into::into)),
            trial,
            updates: (update_config, updates),
            erp,
            screen_settings,
            monitor: (machine_monitor, storage, certificate, telemetry),
            _publisher: publisher,
        })
    }

    /// Serves until SIGTERM or SIGINT, or until a restart is ordered, then drains.
    pub fn run(self) -> Result<Ended, AppError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())
            .map_err(AppError::Runtime)?;
        let ended = runtime.block_on(self.serve());
        // What still waits for a disk then waits for ever.
        runtime.shutdown_timeout(STUCK);
        ended
    }

    async fn serve(self) -> Result<Ended, AppError> {
        // Before anything answers, so that no signal finds the default action.
        let mut stop = StopSignals::new().map_err(AppError::Runtime)?;
        for listener in &self.listeners {
            tracing::info!(address = %listener.address(), scheme = %listener.scheme(), "listening");
        }
        let sockets = listen::duplicate(&self.listeners)?;
        let watchdog = match &self.trial {
            Some((trial, ..)) => {
                let sockets = listen::duplicate(&self.listeners)?;
                Some(trial.watch(self.program.clone(), sockets).map_err(AppError::Runtime)?)
            }
            None => None,
        };
        let client = LoopbackClient::new(&self.listeners, &self.parts, &self.limits);
        let (asked, metrics) = (self.parts.screens.clone(), Arc::clone(&self.parts.metrics));
        let observers = screens::Observers::new(&self.screen_settings, self.erp.shift(), &self.health, &metrics);
        let screens = screens::start(self.parts.screens.clone(), Arc::clone(&self.parts.site), observers);
        let server = Server::start(self.listeners, self.parts, &self.limits, self.requests.access)?;
        let operator = Rc::new(self.operator);
        let control = operator::start(&operator, self.asked);
        let telemetry = watch(self.monitor, &self.health, &metrics);
        let erp = erp::start(self.erp);
        let (update_config, observers) = self.updates;
        let on_trial = self.trial.as_ref().map(|(trial, ..)| trial.clone());
        let tried = CancellationToken::new();
        let (said, votes) = watch::channel(None);
        if let (Some((trial, stretch, needed)), Some(watchdog)) = (self.trial, &watchdog) {
            let mut checks = vec![trial::state_is_kept(&operator.data_dir)];
            checks.extend(update_config.trust());
            checks.extend(votes::check(needed, stretch, asked.clone(), metrics, said));
            let (restart, probe) = (operator.restart.clone(), self.health.probe("trial"));
            let (watchdog, tried) = (watchdog.clone(), tried.clone());
            tokio::task::spawn_local(async move {
                let stays = trial.run(stretch, client, checks, watchdog, restart, probe).await;
                if stays {
                    asked.set_on_trial(false);
                    tried.cancel();
                }
            });
        } else {
            tried.cancel();
        }
        let (recheck, restart) = (Rc::clone(&operator.recheck), operator.restart.clone());
        let trial = (async move { tried.cancelled().await }, votes);
        updates::start(update_config, observers, recheck, restart, trial);
        self.health.set_ready(true);
        service_manager::ready();
        say_ready(&operator.console);
        let discovery = self.discovery.and_then(|(settings, instance, describe, observers)| {
            discover::start(settings, instance, describe, observers)
        });

        let is_restart = tokio::select! {
            name = stop.next() => {
                tracing::info!(signal = name, grace_s = self.grace.as_secs(), "stopping");
                false
            }
            () = operator.restart.cancelled() => {
                tracing::info!(grace_s = self.grace.as_secs(), "restarting");
                true
            }
            () = heartbeat(&server, watchdog.as_ref()) => false,
        };
        // The drain may take its time.
        if let Some(watchdog) = &watchdog {
            watchdog.end();
        }
        self.health.set_ready(false);
        // Nothing of this process keeps them open when it stops: new connections are then to be refused.
        let mut sockets = is_restart.then_some(sockets);
        if is_restart {
            service_manager::reloading();
        } else {
            service_manager::stopping(self.grace);
        }
        let at_once = async {
            if sockets.is_some() {
                let name = stop.next().await;
                tracing::info!(signal = name, "stopping instead of restarting");
                sockets = None;
                service_manager::stopping(self.grace);
            }
            let name = stop.next().await;
            tracing::warn!(signal = name, "stopping at once");
        };
        let ended = end(server, is_restart, self.grace, at_once);
        let silent = silence(discovery, control, telemetry);
        let others = async { tokio::join!(silent, erp.stop(), screens.stop(), trial::end_cleanly(on_trial)) };
        let cut_off = tokio::select! {
            (cut_off, _) = async { tokio::join!(ended, others) } => cut_off,
            () = ping_watchdog() => 0,
        };
        match (cut_off, sockets) {
            (_, Some(sockets)) => {
                tracing::info!(cut_off, "drained, restarting");
                return Ok(Ended::Restart(self.program, sockets));
            }
            (0, None) => tracing::info!("stopped"),
            (_, None) => tracing::warn!(cut_off, "stopped before all connections had ended"),
        }
        Ok(Ended::Stopped)
    }
}

/// What follows the machine, its disk and its names, and says how the box is.
type Monitors = (Option<machine::Monitor>, storage::Monitor, Option<certificate::CertificateInputs>, Telemetry);

/// Starts them, for as long as the runtime lives; telemetry is sent until it is stopped.
fn watch(monitors: Monitors, health: &Health, metrics: &Arc<Metrics>) -> telemetry::Running {
    let (machine, storage, certificate, telemetry) = monitors;
    health::follow(health, metrics);
    sensors::start(health, metrics);
    machine::start(machine);
    storage::start(storage);
    certificate::follow(certificate);
    telemetry.start()
}

/// Ends what others find the box by, what its command line reaches, and what it sends.
async fn silence(discovery: Option<Discovery>, control: Option<control::Server>, telemetry: telemetry::Running) {
    let goodbye = async {
        if let Some(discovery) = discovery {
            discovery.stop().await;
        }
    };
    let hang_up = async {
        if let Some(control) = control {
            control.stop().await;
        }
    };
    tokio::join!(goodbye, hang_up, telemetry.stop());
}

fn say_ready(console: &Console) {
    tracing::info!(version = crate::VERSION, "ready");
    for address in &console.status().addresses {
        tracing::info!(url = address.url, "the display is at this address");
    }
}

/// Drains the server, before a restart only after it has announced the close: connected clients then connect again.
async fn end(server: Server, is_restart: bool, grace: Duration, at_once: impl Future<Output = ()>) -> usize {
    if is_restart {
        server.announce_close().await;
    }
    server.drain(grace, at_once).await
}

/// Locks the data directory, finishes a factory reset, and checks the schema of the state.
fn claim(data_dir: &Path) -> Result<Health, AppError> {
    let health = Health::default();
    exclusive::claim(data_dir)?;
    operator::finish_reset(data_dir, &health);
    state_schema::check(data_dir, &health);
    Ok(health)
}

/// The bound sockets, and the certificate for those of HTTPS.
struct Sockets {
    listeners: Vec<Listener>,
    tls: Option<Tls>,
    /// Who looks after the certificate, and what it is for.
    followed: Option<(certificate::CertificateWatch, certificate::Names)>,
}

impl Sockets {
    fn open(
        listen: &Listen,
        tls: TlsSettings,
        data_dir: &Path,
        (health, metrics): (&Health, &Arc<Metrics>),
        own_names: &[String],
    ) -> Result<Self, AppError> {
        let listeners = listen::listeners(listen)?;
        let names = certificate::Names::new(own_names, &listeners);
        let (tls, watch) = certificate::start(tls, data_dir, health, metrics, &names)?.unzip();
        let has_https = listeners.iter().any(|listener| listener.scheme() == Scheme::Https);
        match (&tls, has_https) {
            (None, true) => return Err(AppError::NoCertificate),
            (Some(_), false) => warn_no_https_listener(health),
            _ => {}
        }
        Ok(Self { listeners, tls, followed: watch.map(|watch| (watch, names)) })
    }
}

/// HTTPS is on, but listens nowhere: a service manager has handed over sockets, and none of them is for it, or the
/// configuration gives it no address.
fn warn_no_https_listener(health: &Health) {
    tracing::warn!("{}", words::NO_HTTPS_LISTENER.en);
    health.probe("https").degraded(Some(words::NO_HTTPS_LISTENER.into()));
}

/// Tells the service manager, and the watchdog of a trial, that all workers answer, as long as they do: a hung box is
/// then restarted by the one, or reverted by the other.
async fn heartbeat(server: &Server, watchdog: Option<&Watchdog>) {
    let intervals = [service_manager::watchdog_interval(), watchdog.map(|_| BEAT)];
    let Some(interval) = intervals.into_iter().flatten().min() else { return pending().await };
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if server.is_alive().await {
            service_manager::alive();
            if let Some(watchdog) = watchdog {
                watchdog.beat();
            }
        } else {
            tracing::error!("a worker has ended: the service manager will restart the box");
            return pending().await;
        }
    }
}

/// How long what is on other threads may take when all else has ended.
const STUCK: Duration = Duration::from_secs(2);

/// How often a box on trial shows its watchdog that it works.
const BEAT: Duration = Duration::from_secs(1);

/// Tells the service manager, as long as it is polled, that the process drains and does not hang.
async fn ping_watchdog() {
    let Some(interval) = service_manager::watchdog_interval() else { return pending().await };
    let mut ticks = tokio::time::interval(interval);
    loop {
        ticks.tick().await;
        service_manager::alive();
    }
}
