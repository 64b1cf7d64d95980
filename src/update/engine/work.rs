//! The work: waits, checks, decides, stages, goes over.

use std::future::pending;
use std::path::{Path, PathBuf};
use std::pin::pin;

use jiff::Timestamp;
use semver::Version;
use tokio::sync::{mpsc, watch};
use tokio::time::{Duration, Instant, sleep, sleep_until};

use super::check::{Checked, Sources};
use super::failure::{Failure, Lasting};
use super::os::{Asking, Os, Wanted};
use super::own::Own;
use super::past::Past;
use super::running::Running;
use super::stick::{self, Stick};
use super::task::Task;
use super::tidy::tidied;
use super::{Asked, Askers, Settings, Switch, ledger};
use crate::lang::Text;
use crate::slots::Image;
use crate::update::STATE_SCHEMA;
use crate::update::blocking::blocking;
use crate::update::command::{Command, Outcome, Reply};
use crate::update::history::{self, Entry};
use crate::update::order::OverrideStore;
use crate::update::os::Step;
use crate::update::pace::Pace;
use crate::update::policy::{self, Decision, Plan, Situation};
use crate::update::stage::{Base, Order, Staged};
use crate::update::state::{Fault, FaultKind, Phase, State, Wait};
use crate::update::words;

/// Until the next check after an operating system has been brought.
const SOON: Duration = Duration::from_secs(1);
/// Who may wait for one check.
const MAX_ASKERS: usize = 16;

/// The work of a box.
pub(super) struct Work {
    settings: Settings,
    switch: Switch,
    state: watch::Sender<State>,
    overrides: OverrideStore,
    running: Running,
    sources: Sources,
    /// What only a box has that `launch` has started.
    own: Option<Own>,
    /// What only a box has that runs the USB image.
    os: Option<Os>,
    pace: Pace,
    lasting: Lasting,
    stick: Option<Stick>,
    /// The SHA-256 of a version that is here already and waits for its hour.
    ahead: Option<String>,
    past: Past,
    /// The order that has overtaken what was under way.
    overtaken_by: Option<Asked>,
    /// Who has ordered a check while one was under way, and waits for that.
    watching: Askers,
}

/// What people order.
type Inbox = mpsc::Receiver<Asked>;

/// Why a check came to nothing.
enum Stopped {
    Failed(Failure),
    /// By a person's order.
    Overtaken,
}

/// What is to be taken.
struct Taking {
    plan: Plan,
    checked: Checked,
    kind: history::Kind,
    /// Whether it is only downloaded; all else has to wait.
    is_ahead: bool,
    /// Whether it is the operating system.
    is_os: bool,
}

/// How far a version has been brought.
enum Brought {
    /// It is on the disk.
    Downloaded,
    /// It is in its slot.
    Staged(Staged),
}

impl Work {
    /// Looks at what is there.
    pub(super) async fn begin(task: Task) -> Self {
        let Task { settings, paths, switch, state, overrides, past } = task;
        tidied(overrides.tidy());
        past.tidy().await;
        let running = Running::find(&settings.host, &paths).await;
        let trust = crate::update::repository::Settings::under(paths.trust.clone(), settings.root.clone());
        let own = Own::find(&settings.host, &paths, settings.rate).await;
        let work = Self {
            sources: Sources::new(trust, settings.channel.clone(), settings.bucket.clone()),
            pace: Pace::new(settings.every),
            lasting: Lasting::default(),
            stick: settings.usb.as_deref().map(Stick::new),
            os: settings.machine.as_ref().map(|machine| Os::new(machine, &paths.update, settings.every)),
            settings,
            switch,
            state,
            overrides,
            running,
            own,
            ahead: None,
            past,
            overtaken_by: None,
            watching: Askers::new(),
        };
        work.settle().await;
        work
    }

    /// Ends with the process.
    pub(super) async fn go_on(mut self, mut orders: mpsc::Receiver<Asked>) {
        let mut due = Instant::now() + self.pace.first();
        loop {
            let asked = if self.overtaken_by.is_some() {
                self.overtaken_by.take()
            } else {
                tokio::select! {
                    Some(asked) = orders.recv() => Some(asked),
                    stick = appeared(self.stick.as_mut()) => {
                        Some(Asked { command: Command::Apply { from: Some(stick) }, askers: Askers::new() })
                    }
                    () = sleep_until(due) => None,
                }
            };
            let taking = match asked {
                Some(Asked { command, askers }) => self.obey(command, askers, &mut orders).await,
                None => self.look_around(&mut orders).await,
            };
            self.answer_watching();
            let is_os = taking.as_ref().is_some_and(|taking| taking.is_os);
            if let Some(taking) = taking {
                self.overtaken_by =
                    if is_os { self.take_os(taking, &mut orders).await } else { self.take(taking, &mut orders).await };
            }
            // The system comes first, then the program, which may have waited for it. What went wrong is said for a while.
            let is_soon = is_os && self.state.borrow().fault.is_none();
            due = Instant::now() + if is_soon { SOON } else { self.wait() };
        }
    }

    /// Asks the bucket because it is time.
    async fn look_around(&mut self, orders: &mut Inbox) -> Option<Taking> {
        match self.check(None, None, &mut Askers::new(), orders).await {
            Ok(checked) => self.automatic(checked),
            Err(Stopped::Overtaken) => None,
            Err(Stopped::Failed(failure)) => {
                self.fail(failure);
                None
            }
        }
    }

    /// Does what a person wants; what is to be taken then is begun after they have been told.
    async fn obey(&mut self, command: Command, mut askers: Askers, orders: &mut Inbox) -> Option<Taking> {
        match &command {
            Command::Check => match self.check(None, Some(&command), &mut askers, orders).await {
                Ok(checked) => {
                    let taking = self.automatic(checked);
                    self.answer(askers, Ok(Outcome::Done));
                    taking
                }
                Err(stopped) => {
                    self.stopped(stopped, askers);
                    None
                }
            },
            Command::Apply { from } => self.apply(from.as_deref(), &command, askers, orders).await,
            Command::Rollback => {
                self.roll_back(askers).await;
                None
            }
            Command::Pin { version } => {
                let version = version.clone();
                self.stand(&command, askers, orders, move |order| order.pin = Some(version)).await
            }
            Command::Unpin => {
                self.stand(&command, askers, orders, |order| {
                    order.pin = None;
                    order.held = false;
                })
                .await
            }
            Command::Hold => {
                self.hold(askers).await;
                None
            }
            Command::Forgive { version } => self.forgive(version, &command, askers, orders).await,
        }
    }

    /// What was ordered cannot be done.
    fn stopped(&mut self, stopped: Stopped, askers: Askers) {
        match stopped {
            Stopped::Failed(failure) => {
                self.answer(askers, Err(&failure));
                self.fail(failure);
            }
            Stopped::Overtaken => tell(askers, &Err(words::overtaken())),
        }
    }

    /// Takes what the channel desires now.
    async fn apply(
        &mut self,
        from: Option<&Path>,
        command: &Command,
        mut asker: Askers,
        orders: &mut Inbox,
    ) -> Option<Taking> {
        let checked = match self.check(from, Some(command), &mut asker, orders).await {
            Ok(checked) => checked,
            Err(stopped) => {
                self.stopped(stopped, asker);
                return None;
            }
        };
        let decision = self.decide(&checked, true);
        let program = match &decision {
            Decision::Take(plan) | Decision::Later { plan, .. } if self.own.is_some() => Some(plan.clone()),
            _ => None,
        };
        // The system too is wanted now, and first, as without an order: the machine restarts for it, and a stick is noticed
        // again then.
        let is_program_first = program.is_some() && self.os.as_mut().is_some_and(Os::rests);
        if !is_program_first && let Some(Wanted { plan, is_ahead }) = self.decide_os(&checked, true) {
            self.phase(Phase::Idle);
            self.answer(asker, Ok(Outcome::Begun { version: plan.version.clone(), is_system: true }));
            return Some(Taking { plan, checked, kind: history::Kind::Ordered, is_ahead, is_os: true });
        }
        if let Some(plan) = program {
            let version = plan.version.clone();
            self.state.send_modify(|state| state.phase = Phase::Staging { version: version.clone() });
            self.answer(asker, Ok(Outcome::Begun { version, is_system: false }));
            return Some(Taking { plan, checked, kind: history::Kind::Ordered, is_ahead: false, is_os: false });
        }
        let reason = match decision {
            Decision::Nothing(why) => words::why(&why),
            Decision::Take(plan) | Decision::Later { plan, .. } => words::not_own(&plan.version),
        };
        self.sources.keep(checked);
        self.phase(Phase::Idle);
        self.answer(asker, Ok(Outcome::Nothing { reason }));
        None
    }

    /// Changes the standing order, and does at once what it comes to.
    async fn stand(
        &mut self,
        command: &Command,
        askers: Askers,
        orders: &mut Inbox,
        change: impl FnOnce(&mut crate::update::order::Order) + Send + 'static,
    ) -> Option<Taking> {
        if let Err(failure) = self.order(change).await {
            self.answer(askers, Err(&failure));
            return None;
        }
        self.follow_at_once(command, askers, orders).await
    }

    /// Does what the channel and the standing order come to now, since a person has changed something.
    async fn follow_at_once(&mut self, command: &Command, mut askers: Askers, orders: &mut Inbox) -> Option<Taking> {
        match self.check(None, Some(command), &mut askers, orders).await {
            Ok(checked) => {
                let taking = self.automatic(checked);
                let outcome = match &taking {
                    Some(Taking { plan, is_ahead: false, is_os: false, .. }) => {
                        Outcome::Begun { version: plan.version.clone(), is_system: false }
                    }
                    _ => Outcome::Done,
                };
                self.answer(askers, Ok(outcome));
                taking.map(|taking| Taking { kind: history::Kind::Ordered, ..taking })
            }
            // What was changed stands all the same.
            Err(stopped) => {
                if let Stopped::Failed(failure) = stopped {
                    self.fail(failure);
                }
                self.answer(askers, Ok(Outcome::Done));
                None
            }
        }
    }

    /// Changes nothing from now on, which needs no repository.
    async fn hold(&mut self, askers: Askers) {
        match self.order(|order| order.held = true).await {
            Ok(()) => {
                self.phase(Phase::Idle);
                self.answer(askers, Ok(Outcome::Done));
            }
            Err(failure) => self.answer(askers, Err(&failure)),
        }
    }

    /// Has a version tried again that has failed on this box.
    async fn forgive(
        &mut self,
        version: &Version,
        command: &Command,
        askers: Askers,
        orders: &mut Inbox,
    ) -> Option<Taking> {
        let Some(own) = &self.own else {
            self.answer(askers, Ok(Outcome::Nothing { reason: words::not_by_itself() }));
            return None;
        };
        let forgiven = match own.forgive(version.to_string()).await {
            Ok(forgiven) => forgiven,
            Err(failure) => {
                self.answer(askers, Err(&failure));
                return None;
            }
        };
        if forgiven.is_empty() {
            let state = self.state.borrow().clone();
            let reason = words::not_refused(version, state.os.as_ref());
            self.answer(askers, Ok(Outcome::Nothing { reason }));
            return None;
        }
        for image in forgiven {
            tracing::info!(%version, sha256 = image.sha256, "a version that had failed may be tried again");
            let at = Timestamp::now();
            self.past
                .add(Entry {
                    at,
                    from: self.running.version.clone(),
                    to: version.clone(),
                    sha256: image.sha256,
                    kind: history::Kind::Forgiven,
                    bytes: 0,
                    was_delta: false,
                    took_ms: 0,
                    outcome: history::Outcome::Confirmed { at },
                })
                .await;
        }
        self.settle().await;
        self.pace.brought();
        self.follow_at_once(command, askers, orders).await
    }

    /// Keeps another standing order. What cannot be kept has not been ordered.
    async fn order(
        &mut self,
        change: impl FnOnce(&mut crate::update::order::Order) + Send + 'static,
    ) -> Result<(), Failure> {
        let mut overrides = self.overrides.clone();
        self.overrides = blocking(move || {
            overrides.change(change)?;
            Ok::<_, Failure>(overrides)
        })
        .await?;
        let order = self.overrides.order().clone();
        tracing::info!(
            pin = order.pin.as_ref().map(ToString::to_string),
            held = order.held,
            "the standing order on updates"
        );
        self.state.send_modify(|state| state.order = order);
        Ok(())
    }

    /// Goes back to the version before, and stays there. It needs no repository.
    async fn roll_back(&mut self, asker: Askers) {
        let began = Instant::now();
        let gone = match self.way_back().await {
            Ok(Ok((staged, version))) => self.go_back(staged, version, began).await,
            Ok(Err(reason)) => {
                self.answer(asker, Ok(Outcome::Nothing { reason }));
                return;
            }
            Err(failure) => Err(failure),
        };
        match gone {
            Ok(version) => {
                self.answer(asker, Ok(Outcome::Begun { version, is_system: false }));
                pending::<()>().await;
            }
            Err(failure) => {
                self.answer(asker, Err(&failure));
                self.fail(failure);
            }
        }
    }

    /// The version before, ready to run; or else why there is none that may.
    async fn way_back(&self) -> Result<Result<(Staged, Version), Text>, Failure> {
        let Some(own) = &self.own else { return Ok(Err(words::not_by_itself())) };
        let Some(previous) = own.previous() else { return Ok(Err(words::no_previous())) };
        let Ok(version) = previous.version.parse::<Version>() else { return Ok(Err(words::no_previous())) };
        if let Some(minimum) = self.sources.min_version()?.filter(|minimum| version < *minimum) {
            return Ok(Err(words::why(&policy::Why::BelowMinimum { version, minimum })));
        }
        let staged = own.here(&previous).await?;
        Ok(staged.map(|staged| (staged, version)).ok_or_else(words::no_previous))
    }

    async fn go_back(&mut self, staged: Staged, version: Version, began: Instant) -> Result<Version, Failure> {
        // First of all the order: the channel would have the box forward again.
        let pinned = version.clone();
        self.order(move |order| order.pin = Some(pinned)).await?;
        self.go_over(staged, &version, history::Kind::Ordered, began).await?;
        Ok(version)
    }

    /// Asks the bucket, or the repository in a directory. What was ordered, where it was, and by whom: the same order
    /// joins it, as an order to check does, and any other overtakes it.
    async fn check(
        &mut self,
        from: Option<&Path>,
        command: Option<&Command>,
        askers: &mut Askers,
        orders: &mut Inbox,
    ) -> Result<Checked, Stopped> {
        self.phase(Phase::Checking);
        let sources = &mut self.sources;
        let asking = async move {
            match from {
                None => sources.bucket().await,
                Some(directory) => sources.directory(directory).await,
            }
        };
        let mut asking = pin!(asking);
        let checked = loop {
            let Asked { command: other, askers: others } = tokio::select! {
                checked = &mut asking => break checked.map_err(Stopped::Failed)?,
                Some(asked) = orders.recv() => asked,
            };
            let joined = match other {
                Command::Check => &mut self.watching,
                _ if command == Some(&other) => &mut *askers,
                _ => {
                    self.overtaken_by = Some(Asked { command: other, askers: others });
                    tell(std::mem::take(&mut self.watching), &Err(words::overtaken()));
                    return Err(Stopped::Overtaken);
                }
            };
            if joined.len() + others.len() > MAX_ASKERS {
                tell(others, &Err(words::busy()));
            } else {
                joined.extend(others);
            }
        };
        self.pace.succeeded();
        let (desired, now) = (checked.manifest.desired.clone(), Timestamp::try_from(checked.now).ok());
        self.state.send_modify(|state| {
            state.desired = desired;
            state.checked = now;
            state.fault = None;
        });
        Ok(checked)
    }

    fn decide(&self, checked: &Checked, ordered: bool) -> Decision {
        let order = self.overrides.order();
        let now = Timestamp::try_from(checked.now).unwrap_or(Timestamp::UNIX_EPOCH);
        let table = self.own.as_ref().map(Own::table);
        let floor = checked.repository.min_version(&self.settings.channel);
        let os = self.os.as_ref().and_then(Os::running);
        let decision = policy::decide(
            &checked.manifest,
            &Situation {
                box_id: &self.settings.box_id,
                platform: self.settings.platform,
                running: &self.running.version,
                running_sha256: &self.running.sha256,
                state_schema: STATE_SCHEMA,
                os: os.as_ref(),
                floor: floor.as_ref(),
                quarantined: &|sha256| table.as_ref().is_some_and(|table| table.is_quarantined(sha256)),
                pin: order.pin.as_ref(),
                held: order.held,
                now,
                window: self.settings.window.state(now),
                ordered,
            },
        );
        let said = match &decision {
            Decision::Nothing(why) => Some(words::why(why)),
            _ => None,
        };
        self.state.send_modify(|state| state.decision = said);
        decision
    }

    /// What the channel and the standing order come to for the operating system.
    fn decide_os(&mut self, checked: &Checked, ordered: bool) -> Option<Wanted> {
        let asking = Asking {
            box_id: &self.settings.box_id,
            channel: &self.settings.channel,
            held: self.overrides.order().held,
            window: &self.settings.window,
            ordered,
        };
        let (known, wanted) = self.os.as_mut()?.decide(checked, &asking);
        self.state.send_if_modified(|state| {
            let is_other = state.os != known;
            state.os = known;
            is_other
        });
        wanted
    }

    /// Brings an operating system here, and has root install it unless it is ahead of its hour. Gives the order that has
    /// overtaken it.
    async fn take_os(&mut self, taking: Taking, orders: &mut Inbox) -> Option<Asked> {
        let Taking { plan, checked, is_ahead, .. } = taking;
        let (version, sha256, total) = (plan.version.clone(), plan.binary.raw_sha256.clone(), plan.binary.raw_size);
        let wanted = Wanted { plan, is_ahead };
        let step = |step: Step| {
            self.state.send_modify(|state| {
                if let Some(os) = &mut state.os {
                    os.step = step;
                }
            });
        };
        let progress = |progress: crate::update::download::Progress| {
            step(Step::Downloading { version: version.clone(), done: progress.done, total: progress.total });
        };
        step(Step::Downloading { version: version.clone(), done: 0, total });
        // The rate is for what others share.
        let rate = self.settings.rate.filter(|_| checked.is_bucket);
        let brought = {
            let os = self.os.as_ref()?;
            let mut bringing = pin!(os.bring(&wanted, &checked, &self.settings.channel, rate, &progress));
            loop {
                tokio::select! {
                    brought = &mut bringing => break brought,
                    Some(asked) = orders.recv() => {
                        if asked.command != Command::Check {
                            step(Step::Idle);
                            return Some(asked);
                        }
                        self.answer(asked.askers, Ok(Outcome::Done));
                    }
                }
            }
        };
        match &brought {
            Ok(()) if is_ahead => {}
            Ok(()) => {
                tracing::info!(%version, sha256, "root is asked to install the system");
                step(Step::Offered { version });
            }
            Err(_) => step(Step::Idle),
        }
        let is_bucket = checked.is_bucket;
        self.sources.keep(checked);
        match (brought, self.os.as_mut()) {
            (Ok(()), Some(os)) if !is_ahead => os.asked(&sha256),
            (Ok(()), _) | (Err(_), None) => {}
            (Err(failure), Some(os)) => {
                os.rest();
                self.fail(if is_bucket { failure } else { failure.of_a_directory() });
            }
        }
        None
    }

    /// What the channel and the standing order come to without anybody's word.
    fn automatic(&mut self, checked: Checked) -> Option<Taking> {
        let kind = |plan: &Plan| match plan.kind {
            policy::Kind::Rollback => history::Kind::Rollback,
            policy::Kind::Update | policy::Kind::SteppingStone { .. } => history::Kind::Update,
        };
        let decision = self.decide(&checked, false);
        if let Some(Wanted { plan, is_ahead }) = self.decide_os(&checked, false) {
            self.phase(Phase::Idle);
            return Some(Taking { kind: kind(&plan), plan, checked, is_ahead, is_os: true });
        }
        match decision {
            Decision::Take(plan) if self.own.is_some() => {
                self.phase(Phase::Staging { version: plan.version.clone() });
                Some(Taking { kind: kind(&plan), plan, checked, is_ahead: false, is_os: false })
            }
            Decision::Later { plan, at, wait } if self.own.is_some() => {
                let version = plan.version.clone();
                let waiting = match wait {
                    policy::Wait::Wave => Wait::Wave,
                    policy::Wait::Window => Wait::Window,
                };
                let is_here = self.is_here(&plan.binary.raw_sha256);
                self.phase(Phase::Waiting { version, until: at, wait: waiting, is_here });
                // What waits for the hour alone is downloaded before it comes.
                if wait == policy::Wait::Window && !is_here {
                    return Some(Taking { kind: kind(&plan), plan, checked, is_ahead: true, is_os: false });
                }
                self.lasting.is_over();
                self.sources.keep(checked);
                None
            }
            Decision::Nothing(_) | Decision::Take(_) | Decision::Later { .. } => {
                self.brought();
                self.sources.keep(checked);
                self.phase(Phase::Idle);
                None
            }
        }
    }

    fn is_here(&self, sha256: &str) -> bool {
        let is_downloaded = self.ahead.as_ref().is_some_and(|ahead| ahead == sha256);
        is_downloaded || self.own.as_ref().is_some_and(|own| own.table().holding(sha256).is_some())
    }

    /// Brings a version here, and goes over to it unless it is ahead of its hour. Gives the order that has overtaken it.
    async fn take(&mut self, taking: Taking, orders: &mut Inbox) -> Option<Asked> {
        let Taking { plan, checked, kind, is_ahead, is_os: _ } = taking;
        let began = Instant::now();
        let waiting = is_ahead.then(|| self.state.borrow().phase.clone());
        let brought = {
            let mut bringing = pin!(self.bring(&plan, &checked, is_ahead));
            loop {
                tokio::select! {
                    brought = &mut bringing => break brought,
                    Some(asked) = orders.recv() => match asked.command {
                        Command::Check => self.answer(asked.askers, Ok(Outcome::Done)),
                        // Whatever has come down is gone on from.
                        _ => return Some(asked),
                    },
                }
            }
        };
        let is_bucket = checked.is_bucket;
        self.sources.keep(checked);
        match brought {
            Ok(_) => self.brought(),
            Err(_) => self.pace.brought_in_vain(),
        }
        let gone = match brought {
            Ok(Brought::Downloaded) => {
                self.ahead = Some(plan.binary.raw_sha256);
                if let Some(Phase::Waiting { version, until, wait, .. }) = waiting {
                    self.phase(Phase::Waiting { version, until, wait, is_here: true });
                }
                return None;
            }
            Ok(Brought::Staged(staged)) => self.go_over(staged, &plan.version, kind, began).await,
            Err(failure) if is_bucket => Err(failure),
            Err(failure) => Err(failure.of_a_directory()),
        };
        match gone {
            Ok(()) => pending().await,
            Err(failure) => {
                self.fail(failure);
                None
            }
        }
    }

    /// Brings a version here: into its slot, or ahead of its hour no further than to the disk.
    async fn bring(&self, plan: &Plan, checked: &Checked, is_ahead: bool) -> Result<Brought, Failure> {
        let Some(own) = &self.own else { return Err(Failure::new(FaultKind::Other, "this box has no slots")) };
        let version = &plan.version;
        let image = Image {
            version: version.to_string(),
            sha256: plan.binary.raw_sha256.clone(),
            size: plan.binary.raw_size,
            requires_os: checked
                .manifest
                .release(version)
                .and_then(|release| release.requires_os.as_ref())
                .map(ToString::to_string),
        };
        if own.is_factory(&image) && is_ahead {
            return Ok(Brought::Downloaded);
        }
        self.phase(Phase::Staging { version: version.clone() });
        if !is_ahead && let Some(staged) = own.here(&image).await? {
            return Ok(Brought::Staged(staged));
        }
        let target = |name: &str| checked.repository.target(&self.settings.channel, name);
        let delta = plan.binary.deltas.iter().find(|delta| delta.from_sha256 == self.running.sha256);
        // One that is missing costs bytes, not the update.
        let delta = delta.and_then(|delta| {
            let base = Base { path: self.running.file.clone(), sha256: self.running.sha256.clone() };
            Some((target(&delta.target).ok()?, base))
        });
        let order = Order { image, full: target(&plan.binary.full)?, delta };
        let progress = |progress: crate::update::download::Progress| {
            let (done, total, version) = (progress.done, progress.total, version.clone());
            let phase =
                if done < total { Phase::Downloading { version, done, total } } else { Phase::Staging { version } };
            self.phase(phase);
        };
        if is_ahead {
            own.stager().fetch(&checked.transport, &order, &progress).await?;
            return Ok(Brought::Downloaded);
        }
        Ok(Brought::Staged(own.stager().stage(&checked.transport, &order, &progress).await?))
    }

    /// Has the box go over to what is staged; the process ends soon after.
    async fn go_over(
        &self,
        staged: Staged,
        version: &Version,
        kind: history::Kind,
        began: Instant,
    ) -> Result<(), Failure> {
        // A new version has to come up with the configuration as it is now.
        (self.switch.is_ready)().map_err(|why| Failure::new(FaultKind::Other, why))?;
        let entry = Entry {
            at: Timestamp::now(),
            from: self.running.version.clone(),
            to: version.clone(),
            sha256: staged.image.sha256.clone(),
            kind,
            bytes: staged.bytes_downloaded,
            was_delta: staged.used_delta,
            took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            outcome: history::Outcome::OnTrial,
        };
        staged.begin_trial().await?;
        tracing::info!(from = %entry.from, to = %entry.to, bytes = entry.bytes, delta = entry.was_delta, "changing the version");
        self.past.add(entry).await;
        self.phase(Phase::Switching { version: version.clone() });
        (self.switch.go)();
        Ok(())
    }

    /// What the slots say of themselves, and of how the last change went.
    async fn settle(&self) {
        let Some(own) = &self.own else {
            self.phase(Phase::Idle);
            return;
        };
        let table = own.table();
        let open = self.past.open();
        if let Some(outcome) = open.and_then(|last| ledger::outcome(&table, &last.sha256, Timestamp::now())) {
            self.past.settle(outcome).await;
        }
        let previous = own.previous().and_then(|image| image.version.parse().ok());
        self.state.send_modify(|state| {
            state.phase = Phase::Idle;
            state.previous = previous;
            state.quarantined = ledger::quarantined(&table);
        });
    }

    fn phase(&self, phase: Phase) {
        self.state.send_if_modified(|state| {
            let is_other = state.phase != phase;
            if is_other {
                state.phase = phase;
            }
            is_other
        });
    }

    /// What is wanted is here, or nothing is wanted.
    fn brought(&mut self) {
        self.pace.brought();
        self.lasting.is_over();
    }

    fn fail(&mut self, failure: Failure) {
        let Failure { kind, detail } = failure;
        tracing::warn!(error = detail, "no update");
        self.pace.failed();
        let since = self.lasting.since(kind, Timestamp::now());
        self.state.send_modify(|state| {
            state.fault = Some(Fault { since, kind, detail });
            state.phase = Phase::Idle;
        });
    }

    fn answer(&self, askers: Askers, outcome: Result<Outcome, &Failure>) {
        let reply = match outcome {
            Ok(outcome) => Ok(Reply { outcome, state: self.state.borrow().clone() }),
            Err(failure) => Err(words::failed(failure.kind, &failure.detail)),
        };
        tell(askers, &reply);
    }

    /// Tells those who have joined a check what it came to.
    fn answer_watching(&mut self) {
        let watching = std::mem::take(&mut self.watching);
        let fault = self.state.borrow().fault.clone();
        let failure = fault.map(|Fault { kind, detail, .. }| Failure { kind, detail });
        self.answer(watching, failure.as_ref().map_or(Ok(Outcome::Done), Err));
    }

    /// Until the next check: sooner where a version's time comes before it.
    fn wait(&self) -> Duration {
        match self.state.borrow().phase {
            Phase::Waiting { until, .. } => {
                let left = Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default();
                self.pace.wait_for(left)
            }
            _ => self.pace.wait(),
        }
    }
}

/// Whoever asked may have gone.
fn tell(askers: Askers, reply: &Result<Reply, Text>) {
    for asker in askers {
        let _ = asker.send(reply.clone());
    }
}

/// Waits until a stick appears.
async fn appeared(stick: Option<&mut Stick>) -> PathBuf {
    let Some(stick) = stick else { return pending().await };
    loop {
        if let Some(path) = stick.appeared().await {
            tracing::info!(path = %path.display(), "a USB stick with a repository");
            return path;
        }
        sleep(stick::LOOK_EVERY).await;
    }
}
