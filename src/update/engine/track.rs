//! One thing that is updated: the program, or the operating system.
//!
//! ```text
//!               ┌──────────── failed, overtaken, nothing wanted any more ────────────┐
//!               v                                                                    │
//!            Settled ── wanted, and its time has come ──> Fetching ── staged ──> HandedOver
//!               └────── wanted, later ──> Waiting ───────────^                (exec, or root)
//!                                         (downloaded ahead, where it waits for its hour)
//! ```
//!
//! What differs between the two, and nothing else does:
//!
//! | | program | operating system |
//! | --- | --- | --- |
//! | handed over to | `launch`: this process ends | root, who may refuse it or stay silent |
//! | a failed attempt delays | the next check | the track, so that the program has its turn |

use std::time::Duration;

use jiff::Timestamp;
use semver::Version;
use tokio::time::Instant;

use super::event::{Moment, Subject};
use super::findings::{Installed, ReportMark, VersionFile};
use super::retry::Retry;
use crate::lang::Text;
use crate::update::download::Progress;
use crate::update::manifest::Manifest;
use crate::update::os::MAX_INSTALLATION;
use crate::update::policy::{self, Decision, Plan, PolicyInput};
use crate::update::state::{OsStep, Phase, WaitReason};
use crate::update::words;
use crate::window::Window;

/// How far a version is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// There is nothing to fetch, or it is not retried yet.
    Settled,
    /// Its time has not come. With progress, it is downloaded ahead of it.
    Waiting { version: Version, until: Timestamp, wait: WaitReason, is_here: bool, progress: Option<Progress> },
    /// It is downloaded and verified.
    Fetching { version: Version, size: u64, progress: Option<Progress> },
    /// Others go on with it.
    HandedOver { version: Version },
}

/// What a track wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TrackChoice {
    /// This, only downloaded where its hour has not come.
    Fetch { plan: Plan, is_prefetch: bool },
    /// Nothing now: it waits, rests, or is handed over.
    Wait,
    /// Nothing, and why: a part of a sentence.
    Nothing(Text),
}

/// What root was offered.
#[derive(Debug)]
struct Offer {
    sha256: String,
    at: Instant,
    /// Root's last report before it.
    mark: Option<ReportMark>,
}

/// What holds for every decision of a check.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) box_id: &'a str,
    pub(super) window: &'a Window,
    pub(super) is_held: bool,
    /// Whether a technician wants it now.
    pub(super) is_ordered: bool,
    /// The trusted time.
    pub(super) now: Timestamp,
}

/// One thing that is updated.
#[derive(Debug)]
pub(super) struct Track {
    subject: Subject,
    /// Whether the box may install it, or somebody else has to.
    can_install: bool,
    pub(super) stage: Stage,
    /// What the channel desires, as far as is known.
    pub(super) desired: Option<Version>,
    /// Why nothing is to be done, where that is so.
    pub(super) decision: Option<Text>,
    pub(super) retry: Retry,
    /// SHA-256 of what was downloaded ahead.
    prefetched: Option<String>,
    offer: Option<Offer>,
}

impl Track {
    pub(super) fn new(subject: Subject, can_install: bool, every: Duration) -> Self {
        Self {
            subject,
            can_install,
            stage: Stage::Settled,
            desired: None,
            decision: None,
            retry: Retry::new(every),
            prefetched: None,
            offer: None,
        }
    }

    pub(super) fn can_install(&self) -> bool {
        self.can_install
    }

    /// Whether the last attempt failed, so that the other track has its turn first.
    pub(super) fn rests(&self, now: Moment) -> bool {
        // Nothing has to wait behind the program.
        self.subject == Subject::System && self.retry.rests(now)
    }

    /// What a manifest and the technician's order come to.
    pub(super) fn decide(
        &mut self,
        manifest: &Manifest,
        installed: &Installed,
        (os, pin): (Option<&Version>, Option<&Version>),
        rules: Rules<'_>,
        now: Moment,
    ) -> TrackChoice {
        if rules.is_ordered {
            // The person who asks for it may have removed the cause of its failure.
            self.offer = None;
        }
        let decision = policy::decide(
            manifest,
            &PolicyInput {
                box_id: rules.box_id,
                platform: &installed.platform,
                running: &installed.version,
                running_sha256: &installed.sha256,
                state_schema: installed.state_schema,
                os,
                floor: installed.floor.as_ref(),
                quarantined: &|sha256| installed.quarantined.iter().any(|one| one == sha256),
                pin,
                held: rules.is_held,
                now: rules.now,
                window: rules.window.state(rules.now),
                ordered: rules.is_ordered,
            },
        );
        self.desired.clone_from(&manifest.desired);
        self.decision = match &decision {
            Decision::Nothing(why) => Some(words::why(why)),
            Decision::Take(_) | Decision::Later { .. } => None,
        };
        let choice = self.choose(decision, &installed.files, rules.is_ordered, now);
        self.retry.passed();
        choice
    }

    fn choose(&mut self, decision: Decision, files: &[VersionFile], is_ordered: bool, now: Moment) -> TrackChoice {
        let (plan, later) = match decision {
            Decision::Nothing(why) => return self.settle(words::why(&why)),
            Decision::Take(plan) | Decision::Later { plan, .. } if !self.can_install => {
                return self.settle(words::not_own(&plan.version));
            }
            Decision::Take(plan) => (plan, None),
            Decision::Later { plan, at, wait } => (plan, Some((at, wait))),
        };
        let (version, binary) = (plan.version.clone(), &plan.binary);
        self.retry.about(&binary.raw_sha256);
        let rests = self.rests(now) && !is_ordered;
        let Some((until, wait)) = later else {
            if self.offer.as_ref().is_some_and(|offer| offer.sha256 == binary.raw_sha256) {
                self.stage = Stage::HandedOver { version };
                return TrackChoice::Wait;
            }
            if rests {
                self.stage = Stage::Settled;
                return TrackChoice::Wait;
            }
            self.stage = Stage::Fetching { version, size: binary.raw_size, progress: None };
            return TrackChoice::Fetch { plan, is_prefetch: false };
        };
        let is_here = self.prefetched.as_ref() == Some(&binary.raw_sha256)
            || files.contains(&VersionFile { sha256: binary.raw_sha256.clone(), size: binary.raw_size });
        let (wait, is_wanted) = match wait {
            policy::PlanWait::Wave => (WaitReason::Wave, false),
            policy::PlanWait::Window => (WaitReason::Window, !is_here),
        };
        self.stage = Stage::Waiting { version, until, wait, is_here, progress: None };
        if is_wanted && !rests { TrackChoice::Fetch { plan, is_prefetch: true } } else { TrackChoice::Wait }
    }

    fn settle(&mut self, reason: Text) -> TrackChoice {
        self.stage = Stage::Settled;
        self.offer = None;
        self.retry.reset();
        TrackChoice::Nothing(reason)
    }

    pub(super) fn progressed(&mut self, now: Progress) {
        if let Stage::Waiting { progress, .. } | Stage::Fetching { progress, .. } = &mut self.stage {
            *progress = Some(now);
        }
    }

    /// It is downloaded, and goes on waiting for its hour.
    pub(super) fn prefetched(&mut self, file: String) {
        self.prefetched = Some(file);
        self.retry.reset();
        if let Stage::Waiting { is_here, progress, .. } = &mut self.stage {
            (*is_here, *progress) = (true, None);
        }
    }

    pub(super) fn handed_over(&mut self, version: Version) {
        self.stage = Stage::HandedOver { version };
    }

    /// Root is asked to install it.
    pub(super) fn offered(&mut self, version: Version, sha256: String, mark: Option<ReportMark>, now: Moment) {
        self.offer = Some(Offer { sha256, at: now.monotonic, mark });
        self.handed_over(version);
    }

    /// Whether root has refused the offer since, or was stopped before it could report anything; then it may be offered
    /// again, after a while.
    pub(super) fn is_offer_refused(&mut self, is_refusal: bool, mark: Option<ReportMark>, now: Moment) -> bool {
        let is_refused = self.offer.take_if(|offer| {
            (is_refusal && mark != offer.mark) || now.monotonic.duration_since(offer.at) > MAX_INSTALLATION
        });
        if is_refused.is_some() {
            self.retry.failed(now);
        }
        is_refused.is_some()
    }

    pub(super) fn fetch_failed(&mut self, now: Moment) {
        self.stage = Stage::Settled;
        self.retry.failed(now);
    }

    /// The stage of the program, as the state has it.
    pub(super) fn phase(&self) -> Phase {
        match self.stage.clone() {
            Stage::Settled => Phase::Idle,
            Stage::Waiting { version, progress: Some(Progress { done, total }), .. }
            | Stage::Fetching { version, progress: Some(Progress { done, total }), .. }
                if done < total =>
            {
                Phase::Downloading { version, done, total }
            }
            Stage::Waiting { version, until, wait, is_here, progress: None } => {
                Phase::Waiting { version, until, wait, is_here }
            }
            Stage::Waiting { version, .. } | Stage::Fetching { version, .. } => Phase::Staging { version },
            Stage::HandedOver { version } => Phase::Switching { version },
        }
    }

    /// The stage of the operating system, as the state has it.
    pub(super) fn os_step(&self) -> OsStep {
        match self.stage.clone() {
            Stage::Settled => OsStep::Idle,
            Stage::Waiting { version, progress: Some(Progress { done, total }), .. }
            | Stage::Fetching { version, progress: Some(Progress { done, total }), .. } => {
                OsStep::Downloading { version, done, total }
            }
            Stage::Waiting { version, until, wait, is_here, progress: None } => {
                OsStep::Waiting { version, until, wait, is_here }
            }
            Stage::Fetching { version, size, progress: None } => OsStep::Downloading { version, done: 0, total: size },
            Stage::HandedOver { version } => OsStep::Offered { version },
        }
    }
}
