//! Performs the state machine's effects, one operation after another, and reports how each ended.

use std::future::pending;
use std::path::PathBuf;
use std::pin::Pin;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::check::{Checked, Sources};
use super::event::{Effect, Event, FetchOutcome, Moment, Previous, Subject, UpdateJob};
use super::failure::Failure;
use super::fetch::fetch_program;
use super::findings::{Findings, Installed, SlotsReport};
use super::history_store::HistoryStore;
use super::leftovers::warn_of_leftovers;
use super::managed_slots::ManagedSlots;
use super::offer::SystemOffer;
use super::request::{Request, send};
use super::running::Running;
use super::settings::{Settings, Switch};
use super::slot_changes;
use super::state_machine::{Engine, EngineConfig};
use super::stick::Stick;
use crate::lang::Text;
use crate::slots::Table;
use crate::update::STATE_SCHEMA;
use crate::update::blocking::blocking;
use crate::update::command::{Command, Reply};
use crate::update::download::Progress;
use crate::update::history::HistoryEntry;
use crate::update::order::{Override, OverrideStore};
use crate::update::pace;
use crate::update::paths::UpdatePaths;
use crate::update::repository;
use crate::update::stage::Staged;
use crate::update::state::{FaultKind, State};

/// An operation, and what its end means.
type Operation = Pin<Box<dyn Future<Output = Ended>>>;

/// How an operation has ended: what the engine takes as an event, with what only the driver can hold.
enum Ended {
    Checked(Result<Checked, Failure>),
    Fetched(Checked, Result<(FetchOutcome, Option<Staged>), Failure>),
    OrderKept(Result<OverrideStore, Failure>),
    PreviousPrepared(Result<Result<(Previous, Staged), Text>, Failure>),
    /// Nothing of the driver's is in it.
    Other(Event),
}

/// What the engine works with.
pub(super) struct Driver {
    settings: Settings,
    switch: Switch,
    state: watch::Sender<State>,
    overrides: OverrideStore,
    history: HistoryStore,
    running: Running,
    sources: Sources,
    /// Only where `launch` has started the box.
    slots: Option<ManagedSlots>,
    /// Only where the box runs the USB image.
    system: Option<SystemOffer>,
    stick: Option<Stick>,
    operation: Option<Operation>,
    progress: Option<watch::Receiver<Progress>>,
    /// The last check, until it is known whether something is fetched from there.
    checked: Option<Checked>,
    /// Until it is switched to.
    staged: Option<Staged>,
}

/// What there is before the first step.
pub(super) struct Parts {
    pub(super) settings: Settings,
    pub(super) paths: UpdatePaths,
    pub(super) switch: Switch,
    pub(super) state: watch::Sender<State>,
    pub(super) overrides: OverrideStore,
    pub(super) history: HistoryStore,
}

/// Runs the engine until the process ends.
pub(super) async fn run(parts: Parts, requests: mpsc::Receiver<Request>) {
    let Parts { settings, paths, switch, state, overrides, history } = parts;
    warn_of_leftovers(overrides.remove_temp_files());
    history.remove_temp_files().await;
    let running = Running::find(&settings.host, &paths).await;
    let slots = ManagedSlots::find(&settings.host, &paths, settings.rate).await;
    let config = EngineConfig {
        box_id: settings.box_id.clone(),
        window: settings.window.clone(),
        every: settings.every,
        has_slots: slots.is_some(),
        has_system: settings.machine.is_some(),
    };
    let known = state.borrow().clone();
    let (votes, known) = (known.votes.clone(), State { votes: None, ..known });
    let report = match &slots {
        Some(slots) => slot_changes::settle(slots, &history, votes).await,
        None => SlotsReport::default(),
    };
    let engine = Engine::new(config, known, report, moment());
    let trust = repository::Settings::under(paths.trust.clone(), settings.root.clone());
    let driver = Driver {
        sources: Sources::new(trust, settings.channel.clone(), settings.bucket.clone()),
        system: settings.machine.as_ref().map(|machine| SystemOffer::new(machine, &paths.update)),
        stick: settings.usb.as_deref().map(Stick::new),
        settings,
        switch,
        state,
        overrides,
        history,
        running,
        slots,
        operation: None,
        progress: None,
        checked: None,
        staged: None,
    };
    driver.drive(engine, requests).await;
}

impl Driver {
    async fn drive(mut self, mut engine: Engine, mut requests: mpsc::Receiver<Request>) {
        self.publish(engine.state());
        loop {
            let event = self.next(engine.due(), &mut requests).await;
            let effects = engine.step(event, moment());
            self.publish(engine.state());
            for effect in effects {
                self.perform(effect, engine.state());
            }
            if let Some(checked) = self.checked.take() {
                self.sources.keep(checked);
            }
            if !engine.keeps_staged() {
                self.staged = None;
            }
        }
    }

    /// What happens next. A stick is only looked for, and the time only waited for, while nothing else is done.
    async fn next(&mut self, due: Option<Instant>, requests: &mut mpsc::Receiver<Request>) -> Event {
        let Self { operation, progress, stick, .. } = self;
        let ended = tokio::select! {
            biased;
            ended = ended(operation) => ended,
            progress = progressed(progress) => return Event::Progress(progress),
            Some(request) = requests.recv() => return Event::Request(request),
            from = appeared(stick.as_mut()), if due.is_some() => {
                return Event::Request(Request { command: Command::Apply { from: Some(from) }, senders: Vec::new() });
            }
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => return Event::Due,
        };
        self.end(ended)
    }

    /// Keeps what only the driver can hold.
    fn end(&mut self, ended: Ended) -> Event {
        self.stop();
        match ended {
            Ended::Checked(Ok(checked)) => {
                let findings = self.findings(&checked);
                self.checked = Some(checked);
                Event::Checked(Ok(Box::new(findings)))
            }
            Ended::Checked(Err(failure)) => Event::Checked(Err(failure)),
            Ended::Fetched(checked, fetched) => {
                let is_bucket = checked.is_bucket;
                self.sources.keep(checked);
                Event::Fetched(match fetched {
                    Ok((outcome, staged)) => {
                        self.staged = staged;
                        Ok(outcome)
                    }
                    Err(failure) => Err(if is_bucket { failure } else { failure.of_a_directory() }),
                })
            }
            Ended::OrderKept(kept) => Event::OrderKept(kept.map(|overrides| {
                self.overrides = overrides;
                let order = self.overrides.order().clone();
                tracing::info!(
                    pin = order.pin.as_ref().map(ToString::to_string),
                    held = order.held,
                    "the technician's override of updates"
                );
                order
            })),
            Ended::PreviousPrepared(prepared) => Event::PreviousPrepared(prepared.map(|prepared| {
                prepared.map(|(previous, staged)| {
                    self.staged = Some(staged);
                    previous
                })
            })),
            Ended::Other(event) => event,
        }
    }

    fn perform(&mut self, effect: Effect, state: &State) {
        match effect {
            Effect::Cancel => self.stop(),
            Effect::Check { from } => {
                let checked = self.sources.check(from);
                self.begin(async move { Ended::Checked(checked.await) });
            }
            Effect::Fetch(job) => self.fetch(job),
            Effect::KeepOrder(order) => {
                let kept = keep(self.overrides.clone(), order);
                self.begin(async move { Ended::OrderKept(kept.await) });
            }
            Effect::Forgive(version) => {
                let (slots, history, running) =
                    (self.slots.clone(), self.history.clone(), self.running.version.clone());
                self.begin(async move {
                    let forgiven = match slots {
                        Some(slots) => slot_changes::forgive(&slots, &history, running, version).await,
                        None => Err(no_slots()),
                    };
                    Ended::Other(Event::Forgiven(forgiven))
                });
            }
            Effect::PreparePrevious => {
                let (slots, minimum) = (self.slots.clone(), self.sources.min_version());
                self.begin(async move {
                    Ended::PreviousPrepared(match (slots, minimum) {
                        (Some(slots), Ok(minimum)) => slot_changes::prepare_previous(&slots, minimum).await,
                        (_, Err(failure)) => Err(failure),
                        (None, _) => Err(no_slots()),
                    })
                });
            }
            Effect::BeginTrial(entry) => {
                // A new version has to come up with the configuration as it is now.
                let is_ready = (self.switch.is_ready)().map_err(|why| Failure::new(FaultKind::Other, why));
                let begun = begin_trial(is_ready, self.staged.take(), self.history.clone(), entry);
                self.begin(async move { Ended::Other(Event::TrialBegun(begun.await)) });
            }
            Effect::Switch => (self.switch.go)(),
            Effect::WithdrawOffer => {
                if let Some(system) = &self.system {
                    system.files().withdraw();
                }
            }
            Effect::Reply(senders, outcome) => {
                send(senders, &outcome.map(|outcome| Reply { outcome, state: state.clone() }));
            }
            Effect::LogFailure(failure) => tracing::warn!(error = failure.detail, "no update"),
            Effect::LogRefusedOffer => {
                tracing::warn!("root has not installed the system that was offered");
            }
        }
    }

    fn fetch(&mut self, job: UpdateJob) {
        let Some(checked) = self.checked.take() else { return };
        let (progress, progresses) = watch::channel(Progress { done: 0, total: 0 });
        self.progress = Some(progresses);
        let progress = move |now: Progress| {
            progress.send_replace(now);
        };
        let channel = self.settings.channel.clone();
        let (slots, running) = (self.slots.clone(), self.running.clone());
        let system = self.system.as_ref().map(|system| system.files().clone());
        // The rate is for what others share.
        let rate = self.settings.rate.filter(|_| checked.is_bucket);
        self.begin(async move {
            let fetched = match (job.subject, slots, system) {
                (Subject::Program, Some(slots), _) => {
                    fetch_program(&job, &checked, &channel, (&slots, &running), &progress).await
                }
                (Subject::System, _, Some(system)) => {
                    system.fetch(&job, &checked, &channel, rate, &progress).await.map(|outcome| (outcome, None))
                }
                (Subject::Program, None, _) | (Subject::System, _, None) => Err(no_slots()),
            };
            Ended::Fetched(checked, fetched)
        });
    }

    fn begin(&mut self, operation: impl Future<Output = Ended> + 'static) {
        self.operation = Some(Box::pin(operation));
    }

    fn stop(&mut self) {
        self.operation = None;
        self.progress = None;
    }

    fn publish(&self, now: &State) {
        self.state.send_if_modified(|state| {
            let is_other = state != now;
            if is_other {
                state.clone_from(now);
            }
            is_other
        });
    }

    fn findings(&mut self, checked: &Checked) -> Findings {
        let table = self.slots.as_ref().map(ManagedSlots::table);
        let quarantined = table.iter().flat_map(Table::quarantined).map(|one| one.image.sha256.clone());
        let program = Installed {
            platform: self.settings.platform.to_owned(),
            version: self.running.version.clone(),
            sha256: self.running.sha256.clone(),
            state_schema: STATE_SCHEMA,
            floor: checked.repository.min_version(&self.settings.channel),
            quarantined: quarantined.collect(),
            files: self.slots.as_ref().map(ManagedSlots::files).unwrap_or_default(),
        };
        let floor = checked.repository.min_version_of_os(&self.settings.channel);
        Findings {
            manifest: checked.manifest.clone(),
            now: Timestamp::try_from(checked.now).unwrap_or(Timestamp::UNIX_EPOCH),
            expires: checked.is_bucket.then(|| checked.repository.expiries(&self.settings.channel)),
            program,
            system: self.system.as_mut().map(|system| system.find(floor)),
        }
    }
}

async fn ended(operation: &mut Option<Operation>) -> Ended {
    match operation {
        Some(operation) => operation.await,
        None => pending().await,
    }
}

async fn progressed(progress: &mut Option<watch::Receiver<Progress>>) -> Progress {
    if let Some(progress) = progress
        && progress.changed().await.is_ok()
    {
        return *progress.borrow_and_update();
    }
    pending().await
}

async fn appeared(stick: Option<&mut Stick>) -> PathBuf {
    match stick {
        Some(stick) => stick.wait().await,
        None => pending().await,
    }
}

/// What cannot be kept has not been ordered.
async fn keep(mut overrides: OverrideStore, order: Override) -> Result<OverrideStore, Failure> {
    blocking(move || {
        overrides.change(|kept| *kept = order)?;
        Ok(overrides)
    })
    .await
}

async fn begin_trial(
    is_ready: Result<(), Failure>,
    staged: Option<Staged>,
    history: HistoryStore,
    entry: HistoryEntry,
) -> Result<(), Failure> {
    is_ready?;
    let staged = staged.ok_or_else(|| Failure::new(FaultKind::Other, "nothing is staged"))?;
    slot_changes::begin_trial(staged, &history, entry).await
}

fn no_slots() -> Failure {
    Failure::new(FaultKind::Other, "this box has no slots")
}

fn moment() -> Moment {
    Moment { monotonic: Instant::now(), wall: Timestamp::now(), jitter: pace::jitter() }
}
