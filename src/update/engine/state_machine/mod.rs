//! The engine as a state machine: what happens, when it happens, and what is to be done then. No I/O, and no clock.

mod decisions;
mod endings;
mod requests;

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use tokio::time::Instant;

use super::activity::{Activity, AfterOrder};
use super::event::{Effect, Event, Moment, Subject};
use super::failure::{FailingSince, Failure};
use super::findings::{ReportMark, SlotsReport};
use super::request::{ReplySender, Request};
use super::track::{Stage, Track};
use crate::lang::Text;
use crate::update::command::CommandOutcome;
use crate::update::pace::Pace;
use crate::update::state::{Fault, OsReport, OsState, Phase, State};
use crate::update::words;
use crate::window::Window;

/// What the engine is for.
#[derive(Debug)]
pub(super) struct EngineConfig {
    pub(super) box_id: String,
    pub(super) window: Window,
    /// The mean time between two checks.
    pub(super) every: Duration,
    /// Whether the box has slots: somebody else installs its program otherwise.
    pub(super) has_slots: bool,
    /// Whether it runs the USB image.
    pub(super) has_system: bool,
}

/// The engine.
#[derive(Debug)]
pub(super) struct Engine {
    config: EngineConfig,
    state: State,
    activity: Activity,
    /// Requests that wait for the end of what cannot be overtaken.
    deferred: VecDeque<Request>,
    program: Track,
    system: Option<Track>,
    /// Root's last report on the operating system, and what distinguishes it from the next.
    report: Option<(OsReport, Option<ReportMark>)>,
    pace: Pace,
    failing: FailingSince,
    /// Those of this step.
    effects: Vec<Effect>,
}

impl Engine {
    /// Idle until the first check.
    pub(super) fn new(config: EngineConfig, state: State, slots: SlotsReport, now: Moment) -> Self {
        let pace = Pace::new(config.every);
        let mut engine = Self {
            state,
            activity: Activity::Idle { due: now.monotonic + pace.first(now.jitter) },
            deferred: VecDeque::new(),
            program: Track::new(Subject::Program, config.has_slots, config.every),
            system: config.has_system.then(|| Track::new(Subject::System, true, config.every)),
            report: None,
            pace,
            failing: FailingSince::default(),
            effects: Vec::new(),
            config,
        };
        engine.apply_slots(slots);
        engine.refresh_state();
        engine
    }

    /// The state of the updates.
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Whether what is staged is still to be switched to.
    pub(super) fn keeps_staged(&self) -> bool {
        matches!(self.activity, Activity::KeepingOrder { next: AfterOrder::Switch { .. }, .. })
    }

    /// When an idle engine checks.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.activity {
            Activity::Idle { due } => Some(due),
            _ => None,
        }
    }

    /// Takes what happens, and gives what is to be done.
    pub(super) fn step(&mut self, event: Event, now: Moment) -> Vec<Effect> {
        self.advance(event, now);
        // What waited for the end of one thing does not wait for the next, which may be a long download.
        while self.may_be_overtaken()
            && let Some(request) = self.deferred.pop_front()
        {
            self.advance(Event::Request(request), now);
        }
        self.refresh_state();
        mem::take(&mut self.effects)
    }

    fn may_be_overtaken(&self) -> bool {
        matches!(self.activity, Activity::Idle { .. } | Activity::Checking(_) | Activity::Fetching(_))
    }

    fn advance(&mut self, event: Event, now: Moment) {
        // Each arm puts another in its place.
        let activity = mem::replace(&mut self.activity, Activity::Idle { due: now.monotonic });
        self.activity = match (activity, event) {
            (Activity::Idle { .. }, Event::Due) => self.check(None, Vec::new()),
            (Activity::Idle { .. }, Event::Request(request)) => self.handle(request, now),
            (Activity::Checking(check), Event::Request(request)) => self.during_check(check, request, now),
            (Activity::Checking(check), Event::Checked(checked)) => self.checked(check, checked, now),
            (Activity::Fetching(fetch), Event::Request(request)) => self.during_fetch(fetch, request, now),
            (Activity::Fetching(fetch), Event::Progress(progress)) => {
                if let Some(track) = self.track(fetch.job.subject) {
                    track.progressed(progress);
                }
                Activity::Fetching(fetch)
            }
            (Activity::Fetching(fetch), Event::Fetched(fetched)) => self.fetched(fetch, fetched, now),
            (Activity::KeepingOrder { request, next }, Event::OrderKept(kept)) => {
                self.order_kept(request, next, kept, now)
            }
            (Activity::Forgiving { version, request }, Event::Forgiven(forgiven)) => {
                self.forgiven(&version, request, forgiven, now)
            }
            (Activity::PreparingPrevious { request, began }, Event::PreviousPrepared(prepared)) => {
                self.previous_prepared(request, prepared, began, now)
            }
            (Activity::BeginningTrial { version, senders }, Event::TrialBegun(begun)) => {
                self.trial_begun(version, senders, begun, now)
            }
            (Activity::Switching { version }, Event::Request(request)) => {
                self.reply(request.senders, Err(words::switching(&version)));
                Activity::Switching { version }
            }
            (
                busy @ (Activity::KeepingOrder { .. }
                | Activity::Forgiving { .. }
                | Activity::PreparingPrevious { .. }
                | Activity::BeginningTrial { .. }),
                Event::Request(request),
            ) => {
                self.defer(request);
                busy
            }
            // The end of what was overtaken, or the time of a check that is under way already.
            (
                activity,
                Event::Due
                | Event::Checked(_)
                | Event::Progress(_)
                | Event::Fetched(_)
                | Event::OrderKept(_)
                | Event::Forgiven(_)
                | Event::PreviousPrepared(_)
                | Event::TrialBegun(_),
            ) => activity,
        };
    }

    fn fail(&mut self, failure: Failure, now: Moment) -> Activity {
        self.pace.failed();
        let since = self.failing.since(failure.kind, now.wall);
        self.state.fault = Some(Fault { since, kind: failure.kind, detail: failure.detail.clone() });
        self.program.stage = Stage::Settled;
        self.effects.push(Effect::LogFailure(failure));
        self.idle(now)
    }

    /// The next check: sooner where a version's time comes before it.
    fn idle(&mut self, now: Moment) -> Activity {
        let wait = self.pace.wait(now.jitter).max(self.program.retry.wait(now.jitter));
        let wait = match self.program.stage {
            Stage::Waiting { until, .. } => {
                let left = Duration::try_from(until.duration_since(now.wall)).unwrap_or_default();
                wait.min(self.pace.after(left, now.jitter))
            }
            _ => wait,
        };
        Activity::Idle { due: now.monotonic + wait }
    }

    fn reply(&mut self, senders: Vec<ReplySender>, reply: Result<CommandOutcome, Text>) {
        if !senders.is_empty() {
            self.effects.push(Effect::Reply(senders, reply));
        }
    }

    fn track(&mut self, subject: Subject) -> Option<&mut Track> {
        match subject {
            Subject::Program => Some(&mut self.program),
            Subject::System => self.system.as_mut(),
        }
    }

    fn apply_slots(&mut self, SlotsReport { previous, quarantined }: SlotsReport) {
        self.state.previous = previous;
        self.state.quarantined = quarantined;
    }

    /// The state of the tracks, as the state has it.
    fn refresh_state(&mut self) {
        self.state.phase = match self.activity {
            Activity::Checking(_) => Phase::Checking,
            _ => self.program.phase(),
        };
        self.state.desired.clone_from(&self.program.desired);
        self.state.decision.clone_from(&self.program.decision);
        self.state.os = self.system.as_ref().zip(self.report.as_ref()).map(|(track, (report, _))| OsState {
            report: report.clone(),
            desired: track.desired.clone(),
            step: track.os_step(),
            decision: track.decision.clone(),
        });
    }
}

fn failed(failure: &Failure) -> Text {
    words::failed(failure.kind, &failure.detail)
}

#[cfg(test)]
mod tests;
