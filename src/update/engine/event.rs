//! What happens to the engine, and what it wants done.

use std::path::PathBuf;

use jiff::Timestamp;
use semver::Version;
use tokio::time::Instant;

use super::failure::Failure;
use super::findings::{Findings, SlotsReport};
use super::request::{ReplySender, Request};
use crate::lang::Text;
use crate::update::command::CommandOutcome;
use crate::update::download::Progress;
use crate::update::history::{ChangeKind, HistoryEntry};
use crate::update::order::Override;
use crate::update::policy::Plan;

/// The clocks and the random number of a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) monotonic: Instant,
    pub(super) wall: Timestamp,
    /// 0 to 1.
    pub(super) jitter: f64,
}

/// What happens.
#[derive(Debug)]
pub(super) enum Event {
    /// A person, or a stick, wants something.
    Request(Request),
    /// The time has come at which an idle engine checks.
    Due,
    /// The end of [`Effect::Check`].
    Checked(Result<Box<Findings>, Failure>),
    /// How far [`Effect::Fetch`] is.
    Progress(Progress),
    /// The end of [`Effect::Fetch`].
    Fetched(Result<FetchOutcome, Failure>),
    /// The end of [`Effect::KeepOrder`].
    OrderKept(Result<Override, Failure>),
    /// The end of [`Effect::Forgive`]; `None`: no such version has failed here.
    Forgiven(Result<Option<SlotsReport>, Failure>),
    /// The end of [`Effect::PreparePrevious`]: what is ready to run, or why there is nothing to go back to.
    PreviousPrepared(Result<Result<Previous, Text>, Failure>),
    /// The end of [`Effect::BeginTrial`].
    TrialBegun(Result<(), Failure>),
}

/// What is to be done. The driver performs the effects of a step in their order, after it has published the state. At
/// most one that takes time is under way: its end comes back as an event, or it is dropped by [`Effect::Cancel`].
#[derive(Debug)]
pub(super) enum Effect {
    /// Drop what is under way.
    Cancel,
    /// Ask the bucket, or the repository in a directory.
    Check { from: Option<PathBuf> },
    /// Download a version and verify it, as far as the job says.
    Fetch(UpdateJob),
    /// Keep the technician's order.
    KeepOrder(Override),
    /// Take a version out of the quarantine.
    Forgive(Version),
    /// Make the version before ready to run.
    PreparePrevious,
    /// Enter in the slot table and in the history that what is staged is on trial.
    BeginTrial(HistoryEntry),
    /// Have the process replaced.
    Switch,
    /// Take back what root was offered.
    WithdrawOffer,
    /// Reply, with the state as it is now.
    Reply(Vec<ReplySender>, Result<CommandOutcome, Text>),
    /// Log that there is no update.
    LogFailure(Failure),
    /// Log that root has not installed what it was offered.
    LogRefusedOffer,
}

/// What is updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// This program, in the slots of the box.
    Program,
    /// The operating system of the USB image, which root installs.
    System,
}

/// A version to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UpdateJob {
    pub(super) subject: Subject,
    pub(super) plan: Plan,
    /// Whether it is only downloaded: its hour has not come.
    pub(super) is_prefetch: bool,
    /// As the history has it.
    pub(super) kind: ChangeKind,
}

/// How far a version has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FetchOutcome {
    /// It is downloaded, ahead of its hour.
    Prefetched,
    /// The program is in its slot.
    Staged { bytes: u64, was_delta: bool },
    /// Root is asked to install the operating system.
    Offered,
}

/// The version before, ready to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Previous {
    pub(super) version: Version,
    pub(super) sha256: String,
}
