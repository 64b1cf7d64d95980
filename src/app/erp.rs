//! The ERP at work: whose figures are polled, and who gets what is known.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::erp_status::ErpReading;
use super::telemetry::{Telemetry, Traces};
use crate::admin::{AdminOutcome, ErpAccount, ErpCheck, ErpCommand, ErpOrigin, ErpSection, ErpStep, ErpVerdict};
use crate::durable::RecordError;
use crate::erp::{
    Access, AccountFile, Event, Feed, FeedSettings, KeptAccount, Link, LinkState, Password, PasswordSource, Periods,
    Poller, PollerSettings, Reason, Settings, Snapshot, Step, StepName, Verdict, Wall, check, notices,
};
use crate::lang::Text;
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::{display, error_chain};

/// How often it is looked whether figures have become late or too old.
const TICK: Duration = Duration::from_secs(5);

/// The link to the ERP: its account, which a person may change while it runs, and what is known.
pub(super) struct Erp {
    settings: Settings,
    display: display::Settings,
    data_dir: PathBuf,
    outbound: Result<Outbound, Text>,
    metrics: Arc<Metrics>,
    traces: Traces,
    feed: Feed,
    known: ArcSwapOption<Wall>,
    account_file: Mutex<AccountFile>,
    /// `None`: there is no ERP.
    access: watch::Sender<Option<Access>>,
    /// The body of `/_edge/display.json`, which says whether there is one.
    display_json: watch::Sender<Bytes>,
}

/// The task that polls, as it runs.
pub(super) struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Starts to poll.
pub(super) fn start(erp: Arc<Erp>) -> Running {
    let stop = CancellationToken::new();
    tokio::task::spawn_local(Arc::clone(&erp).tick());
    Running { task: tokio::task::spawn_local(erp.run(stop.clone())), stop }
}

impl Running {
    /// Ends it; its last figures go to the disk.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the task that asks the ERP has failed");
        }
    }
}

impl Erp {
    /// Without a client the link is away, for its reason. Fails when the display's settings cannot be written as JSON.
    pub(super) fn new(
        settings: Settings,
        display: display::Settings,
        data_dir: &Path,
        outbound: Result<Outbound, String>,
        metrics: &Arc<Metrics>,
        telemetry: &Telemetry,
    ) -> Result<Arc<Self>, serde_json::Error> {
        let account_file = AccountFile::open(data_dir);
        let access = settings.access(|| account_file.account().cloned());
        let feed = Feed::new(FeedSettings {
            lang: display.language,
            max_stale: settings.max_stale(),
            extra_paths: settings.extra_paths.clone().unwrap_or_default(),
        });
        let display_json = watch::Sender::new(display.body(access.is_some())?);
        let outbound = outbound.map_err(|error| Text::new(error.as_str(), error.as_str()));
        let state = if access.is_some() { LinkState::Starting } else { LinkState::Off };
        let this = Self {
            settings,
            display,
            data_dir: data_dir.to_owned(),
            outbound,
            metrics: Arc::clone(metrics),
            traces: telemetry.traces(),
            feed,
            known: ArcSwapOption::empty(),
            account_file: Mutex::new(account_file),
            access: watch::Sender::new(access),
            display_json,
        };
        // Before the first TV asks.
        this.show(state);
        Ok(Arc::new(this))
    }

    /// The working hours of the display.
    pub(super) fn shift(&self) -> display::Shift {
        self.display.shift
    }

    /// What TVs are answered from.
    pub(super) fn feed(&self) -> Feed {
        self.feed.clone()
    }

    /// The body of `/_edge/display.json`.
    pub(super) fn display_json(&self) -> watch::Receiver<Bytes> {
        self.display_json.subscribe()
    }

    /// Shows what time alone makes late, or too old.
    async fn tick(self: Arc<Self>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Some(wall) = self.known.load_full() {
                self.feed.publish(&wall, Instant::now());
            }
        }
    }

    /// Polls the account that holds, and another when a person gives another, until `stop`.
    async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut access = self.access.subscribe();
        while !stop.is_cancelled() {
            let ended = stop.child_token();
            let current = access.borrow_and_update().clone();
            let mut polling = pin!(self.poll(current, ended.clone()));
            tokio::select! {
                () = &mut polling => {}
                _ = access.changed() => {
                    ended.cancel();
                    polling.await;
                }
            }
        }
    }

    async fn poll(&self, access: Option<Access>, ended: CancellationToken) {
        let Some(access) = access else {
            self.show(LinkState::Off);
            ended.cancelled().await;
            return;
        };
        self.show(LinkState::Starting);
        let settings = PollerSettings {
            access,
            poll: self.settings.poll,
            extra_paths: self.settings.extra_paths.clone().unwrap_or_default(),
            day_start: self.display.shift.start_hour,
            data_dir: self.data_dir.clone(),
            trace_percent: self.traces.percent(),
        };
        let observe = |event: &Event<'_>| self.observe(event);
        let poller = match &self.outbound {
            Ok(outbound) => Poller::new(settings, outbound, self.feed.clone(), observe),
            Err(text) => Err(text.clone()),
        };
        match poller {
            Ok(poller) => poller.run(ended).await,
            Err(text) => {
                tracing::error!(error = text.en, "the ERP cannot be asked");
                self.show(LinkState::Away(Reason::Settings(text)));
                ended.cancelled().await;
            }
        }
    }

    /// Shows a link without any figures.
    fn show(&self, state: LinkState) {
        let now = Instant::now();
        let link = Link::new(state, now);
        let wall = Wall { link, snapshot: Snapshot::default(), periods: Periods::default(), at: now, clock: None };
        self.feed.publish(&wall, now);
        self.known.store(Some(Arc::new(wall)));
    }

    fn observe(&self, event: &Event<'_>) {
        match *event {
            Event::Asked { path, outcome } => self.metrics.erp_request(path, outcome),
            Event::LoggedIn { outcome } => self.metrics.erp_login(outcome),
            Event::Traced(call) => self.traces.record(call),
            Event::Kept { bytes } => self.metrics.erp_snapshot_written(bytes),
            Event::Known(wall) => self.known.store(Some(Arc::new(wall.clone()))),
        }
    }

    /// What the console shows is made from this.
    pub(super) fn read<R>(&self, shown: impl FnOnce(ErpReading<'_>) -> R) -> Option<R> {
        let (known, now) = (self.known.load_full()?, Instant::now());
        let Wall { link, snapshot, .. } = &*known;
        let access = self.access.borrow().clone();
        Some(shown(ErpReading {
            link,
            snapshot,
            clock: known.clock_at(now),
            channels: self.feed.channels(),
            last_viewed: self.feed.last_viewed(now),
            notices: access.map_or_else(Vec::new, |access| notices(&access, link, snapshot)),
        }))
    }

    /// For the administration.
    pub(super) fn section(&self) -> ErpSection {
        let known = self.known.load_full();
        let access = self.access.borrow().clone();
        let sentences = known.zip(access.clone()).map_or_else(Vec::new, |(wall, access)| {
            let state = super::erp_status::sentence(&wall.link.state);
            let notices = notices(&access, &wall.link, &wall.snapshot);
            state.into_iter().chain(notices).collect()
        });
        let is_kept = self.file().account().is_some();
        let origin = match access {
            None => ErpOrigin::Nobody,
            Some(Access { url, user, .. }) if self.settings.url.is_some() => {
                ErpOrigin::Configuration { url, user, is_another_kept: is_kept }
            }
            Some(Access { url, user, .. }) => ErpOrigin::Administration { url, user },
        };
        ErpSection { sentences, origin }
    }

    /// Carries out what is asked in a browser.
    pub(super) async fn handle(self: &Arc<Self>, command: ErpCommand) -> Result<AdminOutcome, String> {
        match command {
            ErpCommand::Check(account) => self.check(account).await.map(AdminOutcome::ErpChecked),
            ErpCommand::Keep(account) => self.keep(Some(account)).await,
            ErpCommand::Forget => self.keep(None).await,
        }
    }

    async fn check(&self, account: ErpAccount) -> Result<ErpCheck, String> {
        let ErpAccount { url, user, password } = account;
        let password = Password::new(password.expose()).ok_or("the password cannot be one")?;
        let access =
            Access { url, allow_http: self.settings.allow_http, user, password: PasswordSource::Given(password) };
        let outbound = self.outbound.as_ref().map_err(|text| text.en.clone())?;
        let (mut steps, mut owner) = (Vec::new(), Vec::new());
        let mut is_signed_in = false;
        let extra_paths = self.settings.extra_paths.clone().unwrap_or_default();
        check(&access, &extra_paths, outbound, &mut |Step { name, verdict, text }| {
            is_signed_in |= name == StepName::Login && verdict != Verdict::Failed;
            let is_of_owner = matches!(name, StepName::Role | StepName::Workshop);
            let text = if let StepName::Path(path) = name { text.map(|text| format!("{path}: {text}")) } else { text };
            let step = ErpStep { verdict: of_verdict(verdict), text };
            if is_of_owner { owner.push(step) } else { steps.push(step) }
        })
        .await;
        Ok(ErpCheck { steps, owner: is_signed_in.then_some(owner) })
    }

    /// What cannot be kept is not used either.
    async fn keep(self: &Arc<Self>, account: Option<ErpAccount>) -> Result<AdminOutcome, String> {
        let is_configured = self.settings.url.is_some();
        if is_configured && account.is_some() {
            return Ok(AdminOutcome::Refused(SET_BY_CONFIGURATION.into()));
        }
        let kept = account.map(|ErpAccount { url, user, password }| KeptAccount {
            url,
            user,
            password: password.expose().to_owned(),
        });
        let access = kept.as_ref().map(|kept| kept.access(self.settings.allow_http));
        let body = self.display.body(access.is_some()).map_err(|error| error.to_string())?;
        let this = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || {
            // Of two at once the same one is kept and used.
            let mut file = this.file();
            file.set(kept)?;
            // One that was kept besides the configuration's was not used.
            if !is_configured {
                this.display_json.send_replace(body);
                this.access.send_replace(access);
            }
            Ok::<_, RecordError>(())
        });
        written.await.map_err(|error| error.to_string())?.map_err(|error| error_chain(&error))?;
        Ok(AdminOutcome::Done)
    }

    fn file(&self) -> std::sync::MutexGuard<'_, AccountFile> {
        self.account_file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const SET_BY_CONFIGURATION: Text<&'static str> = Text::fixed(
    "La cuenta del ERP está en la configuración (erp.url): cámbiela allí.",
    "The ERP's account is set in the configuration (erp.url): change it there.",
);

fn of_verdict(verdict: Verdict) -> ErpVerdict {
    match verdict {
        Verdict::Ok => ErpVerdict::Ok,
        Verdict::Warning => ErpVerdict::Warning,
        Verdict::Failed => ErpVerdict::Failed,
    }
}
