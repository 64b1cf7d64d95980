//! What the engine is doing.

use semver::Version;
use tokio::time::Instant;

use super::event::{Previous, UpdateJob};
use super::request::{ReplySender, Request};
use crate::update::command::{Command, CommandOutcome};

/// What the engine is doing.
#[derive(Debug)]
pub(super) enum Activity {
    /// Nothing, until the next check.
    Idle { due: Instant },
    /// A repository is asked. It may be overtaken.
    Checking(Checking),
    /// A version is fetched. It may be overtaken.
    Fetching(Fetching),
    /// The technician's order is being kept.
    KeepingOrder { request: Request, next: AfterOrder },
    /// A version is taken out of the quarantine.
    Forgiving { version: Version, request: Request },
    /// The version before is made ready to run.
    PreparingPrevious { request: Request, began: Instant },
    /// What is staged is entered as on trial; those who wait for a rollback are answered afterwards.
    BeginningTrial { version: Version, senders: Vec<ReplySender> },
    /// The end: this process is about to be replaced.
    Switching { version: Version },
}

/// A check.
#[derive(Debug)]
pub(super) struct Checking {
    /// `None`: it was time.
    pub(super) command: Option<Command>,
    /// Who waits for what the command comes to.
    pub(super) senders: Vec<ReplySender>,
    /// Who has asked for a check meanwhile.
    pub(super) watching: Vec<ReplySender>,
}

/// A version on its way.
#[derive(Debug)]
pub(super) struct Fetching {
    pub(super) job: UpdateJob,
    pub(super) began: Instant,
    /// What has led to it; `None`: it was time.
    pub(super) command: Option<Command>,
    /// The answer to those who gave the command.
    pub(super) outcome: CommandOutcome,
}

/// What follows once an order is kept.
#[derive(Debug)]
pub(super) enum AfterOrder {
    /// Nothing.
    Rest,
    /// What the channel and the order come to.
    Check,
    /// The version before.
    Switch { previous: Previous, began: Instant },
}
