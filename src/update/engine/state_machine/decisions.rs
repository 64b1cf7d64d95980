//! A check, and whether an update begins.

use super::{Engine, failed};
use crate::lang::Text;
use crate::update::command::{Command, CommandOutcome};
use crate::update::engine::activity::{Activity, Checking, Fetching};
use crate::update::engine::event::{Effect, Moment, Subject, UpdateJob};
use crate::update::engine::failure::Failure;
use crate::update::engine::findings::{Findings, SystemFindings};
use crate::update::engine::request::ReplySender;
use crate::update::engine::track::{Rules, Stage, TrackChoice};
use crate::update::history;
use crate::update::policy;
use crate::update::state::OsReport;

impl Engine {
    pub(super) fn check(&mut self, command: Option<Command>, senders: Vec<ReplySender>) -> Activity {
        let from = match &command {
            Some(Command::Apply { from }) => from.clone(),
            _ => None,
        };
        self.effects.push(Effect::Check { from });
        Activity::Checking(Checking { command, senders, watching: Vec::new() })
    }

    pub(super) fn checked(
        &mut self,
        check: Checking,
        checked: Result<Box<Findings>, Failure>,
        now: Moment,
    ) -> Activity {
        let Checking { command, senders, watching } = check;
        let findings = match checked {
            Ok(findings) => findings,
            Err(failure) => {
                let reply = match &command {
                    None | Some(Command::Check | Command::Apply { .. }) => Err(failed(&failure)),
                    // The change remains.
                    Some(_) => Ok(CommandOutcome::Done),
                };
                self.reply(senders, reply);
                self.reply(watching, Err(failed(&failure)));
                return self.fail(failure, now);
            }
        };
        self.pace.succeeded();
        self.state.checked = Some(findings.now);
        if let Some(expires) = &findings.expires {
            self.state.expires.clone_from(expires);
        }
        self.state.fault = None;
        let choice = self.choose(&findings, command.as_ref(), now);
        let begun = match &choice {
            Ok(job) => {
                CommandOutcome::Begun { version: job.plan.version.clone(), is_system: job.subject == Subject::System }
            }
            Err(Some(reason)) => CommandOutcome::Nothing { reason: reason.clone() },
            Err(None) => CommandOutcome::Done,
        };
        let outcome = match (&command, &choice) {
            (None | Some(Command::Check), _) => CommandOutcome::Done,
            // A change of the override concerns the program alone.
            (Some(Command::Apply { .. }), _)
            | (Some(_), Ok(UpdateJob { subject: Subject::Program, is_prefetch: false, .. })) => begun,
            (Some(_), _) => CommandOutcome::Done,
        };
        self.reply(senders, Ok(outcome.clone()));
        self.reply(watching, Ok(CommandOutcome::Done));
        match choice {
            Ok(job) => {
                self.effects.push(Effect::Fetch(job.clone()));
                Activity::Fetching(Fetching { job, began: now.monotonic, command, outcome })
            }
            Err(_) => self.idle(now),
        }
    }

    /// What to fetch; else why nothing is fetched, if it neither waits nor rests. The only place in which an update begins,
    /// by any cause of the check.
    pub(super) fn choose(
        &mut self,
        findings: &Findings,
        command: Option<&Command>,
        now: Moment,
    ) -> Result<UpdateJob, Option<Text>> {
        let is_ordered = matches!(command, Some(Command::Apply { .. }));
        let rules = Rules {
            box_id: &self.config.box_id,
            window: &self.config.window,
            is_held: self.state.order.held,
            is_ordered,
            now: findings.now,
        };
        let os = findings.system.as_ref().and_then(SystemFindings::version);
        let pin = self.state.order.pin.as_ref();
        let program = self.program.decide(&findings.manifest, &findings.program, (os, pin), rules, now);
        let is_wanted = matches!(program, TrackChoice::Fetch { .. });
        let system = match (&mut self.system, &findings.system) {
            (Some(track), Some(SystemFindings::Reported { report, mark, installed })) => {
                if track.is_offer_refused(report.refused.is_some(), *mark, now) {
                    self.effects.push(Effect::LogRefusedOffer);
                }
                self.report = Some((OsReport::clone(report), *mark));
                match findings.manifest.of_os() {
                    // What root refuses does not keep from the box what somebody wants now.
                    Some(_) if is_ordered && is_wanted && track.rests(now) => TrackChoice::Wait,
                    Some(manifest) => track.decide(&manifest, installed, (None, None), rules, now),
                    None => {
                        (track.stage, track.desired, track.decision) = (Stage::Settled, None, None);
                        TrackChoice::Wait
                    }
                }
            }
            _ => TrackChoice::Wait,
        };
        if matches!(system, TrackChoice::Nothing(_)) {
            self.effects.push(Effect::WithdrawOffer);
        }
        // The system comes first: the machine restarts for it, and the program may need it.
        let (subject, choice) = match system {
            TrackChoice::Fetch { .. } => {
                self.program.stage = Stage::Settled;
                (Subject::System, system)
            }
            TrackChoice::Wait | TrackChoice::Nothing(_) => (Subject::Program, program),
        };
        let (plan, is_prefetch) = match choice {
            TrackChoice::Fetch { plan, is_prefetch } => (plan, is_prefetch),
            TrackChoice::Wait => {
                self.failing.is_over();
                return Err(None);
            }
            TrackChoice::Nothing(reason) => {
                self.failing.is_over();
                return Err(Some(reason));
            }
        };
        let kind = match (command, &plan.kind) {
            (Some(command), _) if *command != Command::Check => history::ChangeKind::Ordered,
            (_, policy::PlanKind::Rollback) => history::ChangeKind::Rollback,
            (_, policy::PlanKind::Update | policy::PlanKind::SteppingStone { .. }) => history::ChangeKind::Update,
        };
        Ok(UpdateJob { subject, plan, is_prefetch, kind })
    }
}
