//! What people and sticks want, whatever the engine is at.

use super::Engine;
use crate::update::command::{Command, CommandOutcome};
use crate::update::engine::activity::{Activity, AfterOrder, Checking, Fetching};
use crate::update::engine::event::{Effect, Moment};
use crate::update::engine::request::Request;
use crate::update::engine::track::Stage;
use crate::update::order::Override;
use crate::update::words;

/// Who may wait for one check.
const MAX_WAITING: usize = 16;
/// Requests that may wait for the end of what cannot be overtaken.
const MAX_DEFERRED: usize = 4;

impl Engine {
    /// Begins what a person or a stick wants.
    pub(super) fn handle(&mut self, request: Request, now: Moment) -> Activity {
        match request.command.clone() {
            command @ (Command::Check | Command::Apply { .. }) => self.check(Some(command), request.senders),
            Command::Pin { version } => {
                self.set_override(request, |order| order.pin = Some(version), AfterOrder::Check)
            }
            Command::Unpin => self.set_override(request, |order| *order = Override::default(), AfterOrder::Check),
            Command::Hold => self.set_override(request, |order| order.held = true, AfterOrder::Rest),
            Command::Forgive { .. } | Command::Rollback if !self.program.can_install() => {
                self.reply(request.senders, Ok(CommandOutcome::Nothing { reason: words::not_by_itself() }));
                self.idle(now)
            }
            Command::Forgive { version } => {
                self.effects.push(Effect::Forgive(version.clone()));
                Activity::Forgiving { version, request }
            }
            Command::Rollback => {
                self.effects.push(Effect::PreparePrevious);
                Activity::PreparingPrevious { request, began: now.monotonic }
            }
        }
    }

    pub(super) fn set_override(
        &mut self,
        request: Request,
        change: impl FnOnce(&mut Override),
        next: AfterOrder,
    ) -> Activity {
        let mut order = self.state.order.clone();
        change(&mut order);
        self.effects.push(Effect::KeepOrder(order));
        Activity::KeepingOrder { request, next }
    }

    /// The same command, and a check, join a check that is under way; any other overtakes it.
    pub(super) fn during_check(&mut self, mut check: Checking, request: Request, now: Moment) -> Activity {
        let waiting = match &request.command {
            Command::Check => &mut check.watching,
            other if check.command.as_ref() == Some(other) => &mut check.senders,
            _ => {
                let reply = match check.command {
                    None | Some(Command::Check | Command::Apply { .. }) => Err(words::overtaken()),
                    // The change remains.
                    Some(_) => Ok(CommandOutcome::Done),
                };
                self.reply(check.senders, reply);
                self.reply(check.watching, Err(words::overtaken()));
                self.effects.push(Effect::Cancel);
                return self.handle(request, now);
            }
        };
        if waiting.len() + request.senders.len() > MAX_WAITING {
            self.reply(request.senders, Err(words::busy()));
        } else {
            waiting.extend(request.senders);
        }
        Activity::Checking(check)
    }

    /// A check, and the command that has led to the fetch, join it; any other overtakes it, and what has come down is gone
    /// on from.
    pub(super) fn during_fetch(&mut self, fetch: Fetching, request: Request, now: Moment) -> Activity {
        let outcome = match &request.command {
            Command::Check => CommandOutcome::Done,
            other if fetch.command.as_ref() == Some(other) => fetch.outcome.clone(),
            _ => {
                if let Some(track) = self.track(fetch.job.subject) {
                    track.stage = Stage::Settled;
                }
                self.effects.push(Effect::Cancel);
                return self.handle(request, now);
            }
        };
        self.reply(request.senders, Ok(outcome));
        Activity::Fetching(fetch)
    }

    pub(super) fn defer(&mut self, request: Request) {
        if self.deferred.len() < MAX_DEFERRED {
            self.deferred.push_back(request);
        } else {
            self.reply(request.senders, Err(words::busy()));
        }
    }
}
