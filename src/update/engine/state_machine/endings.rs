//! What follows when a version is here, an order is kept, or the slots have changed.

use std::mem;
use std::time::Duration;

use semver::Version;
use tokio::time::Instant;

use super::{Engine, failed};
use crate::lang::Text;
use crate::update::command::CommandOutcome;
use crate::update::engine::activity::{Activity, AfterOrder, Fetching};
use crate::update::engine::event::{Effect, FetchOutcome, Moment, Previous, Subject, UpdateJob};
use crate::update::engine::failure::Failure;
use crate::update::engine::findings::SlotsReport;
use crate::update::engine::request::{ReplySender, Request};
use crate::update::engine::track::Stage;
use crate::update::history::{self, HistoryEntry};
use crate::update::order::Override;
use crate::update::words;

/// Until the next check after an operating system is here: the program may have waited for it.
const SOON: Duration = Duration::from_secs(1);

/// A change of version that is about to be made.
struct Change {
    version: Version,
    sha256: String,
    kind: history::ChangeKind,
    bytes: u64,
    was_delta: bool,
    /// When it was decided.
    began: Instant,
}

impl Engine {
    pub(super) fn fetched(&mut self, fetch: Fetching, fetched: Result<FetchOutcome, Failure>, now: Moment) -> Activity {
        let Fetching { job: UpdateJob { subject, plan, kind, .. }, began, .. } = fetch;
        let mark = self.report.as_ref().and_then(|(_, mark)| *mark);
        let Some(track) = self.track(subject) else { return self.idle(now) };
        let outcome = match fetched {
            Ok(outcome) => outcome,
            Err(failure) => {
                track.fetch_failed(now);
                return self.fail(failure, now);
            }
        };
        let (version, sha256) = (plan.version, plan.binary.raw_sha256);
        match outcome {
            FetchOutcome::Prefetched => track.prefetched(sha256),
            FetchOutcome::Offered => track.offered(version, sha256, mark, now),
            FetchOutcome::Staged { bytes, was_delta } => {
                track.retry.reset();
                self.failing.is_over();
                let change = Change { version, sha256, kind, bytes, was_delta, began };
                return self.begin_trial(Vec::new(), change, now);
            }
        }
        match subject {
            Subject::Program => {
                self.failing.is_over();
                self.idle(now)
            }
            Subject::System => Activity::Idle { due: now.monotonic + SOON },
        }
    }

    pub(super) fn order_kept(
        &mut self,
        request: Request,
        next: AfterOrder,
        kept: Result<Override, Failure>,
        now: Moment,
    ) -> Activity {
        let Request { command, senders } = request;
        match kept {
            Ok(order) => self.state.order = order,
            Err(failure) => {
                self.reply(senders, Err(failed(&failure)));
                return match next {
                    AfterOrder::Switch { .. } => self.fail(failure, now),
                    AfterOrder::Rest | AfterOrder::Check => self.idle(now),
                };
            }
        }
        match next {
            AfterOrder::Rest => {
                self.program.stage = Stage::Settled;
                self.reply(senders, Ok(CommandOutcome::Done));
                self.idle(now)
            }
            AfterOrder::Check => self.check(Some(command), senders),
            AfterOrder::Switch { previous: Previous { version, sha256 }, began } => {
                let kind = history::ChangeKind::Ordered;
                self.begin_trial(senders, Change { version, sha256, kind, bytes: 0, was_delta: false, began }, now)
            }
        }
    }

    pub(super) fn forgiven(
        &mut self,
        version: &Version,
        request: Request,
        forgiven: Result<Option<SlotsReport>, Failure>,
        now: Moment,
    ) -> Activity {
        let reply = match forgiven {
            Ok(Some(slots)) => {
                self.apply_slots(slots);
                self.program.stage = Stage::Settled;
                self.program.retry.reset();
                return self.check(Some(request.command), request.senders);
            }
            Ok(None) => Ok(CommandOutcome::Nothing { reason: words::not_refused(version, self.state.os.as_ref()) }),
            Err(failure) => Err(failed(&failure)),
        };
        self.reply(request.senders, reply);
        self.idle(now)
    }

    pub(super) fn previous_prepared(
        &mut self,
        request: Request,
        prepared: Result<Result<Previous, Text>, Failure>,
        began: Instant,
        now: Moment,
    ) -> Activity {
        match prepared {
            // First of all the order: the channel would have the box forward again.
            Ok(Ok(previous)) => {
                let pin = previous.version.clone();
                self.set_override(request, |order| order.pin = Some(pin), AfterOrder::Switch { previous, began })
            }
            Ok(Err(reason)) => {
                self.reply(request.senders, Ok(CommandOutcome::Nothing { reason }));
                self.idle(now)
            }
            Err(failure) => {
                self.reply(request.senders, Err(failed(&failure)));
                self.fail(failure, now)
            }
        }
    }

    fn begin_trial(&mut self, senders: Vec<ReplySender>, change: Change, now: Moment) -> Activity {
        let Change { version, sha256, kind, bytes, was_delta, began } = change;
        let took = now.monotonic.duration_since(began).as_millis();
        self.effects.push(Effect::BeginTrial(HistoryEntry {
            at: now.wall,
            from: self.state.running.clone(),
            to: version.clone(),
            sha256,
            kind,
            bytes,
            was_delta,
            took_ms: u64::try_from(took).unwrap_or(u64::MAX),
            outcome: history::ChangeOutcome::OnTrial,
            votes: None,
        }));
        Activity::BeginningTrial { version, senders }
    }

    pub(super) fn trial_begun(
        &mut self,
        version: Version,
        senders: Vec<ReplySender>,
        begun: Result<(), Failure>,
        now: Moment,
    ) -> Activity {
        if let Err(failure) = begun {
            self.reply(senders, Err(failed(&failure)));
            return self.fail(failure, now);
        }
        self.program.handed_over(version.clone());
        self.reply(senders, Ok(CommandOutcome::Begun { version: version.clone(), is_system: false }));
        for request in mem::take(&mut self.deferred) {
            self.reply(request.senders, Err(words::switching(&version)));
        }
        self.effects.push(Effect::Switch);
        Activity::Switching { version }
    }
}
