//! The history of updates: the newest entries.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::votes::ScreenVotes;
use crate::durable::{DoubleBuffered, RecordError};

/// The name of the record.
const NAME: &str = "history";
/// Entries kept: the newest.
const MAX: usize = 60;
/// Characters of a reason.
const MAX_REASON: usize = 300;

/// One change of version, or the attempt at one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HistoryEntry {
    /// When the switch was made.
    pub(crate) at: Timestamp,
    /// What ran before.
    pub(crate) from: Version,
    /// What was switched to.
    pub(crate) to: Version,
    /// Its SHA-256, 64 lower-case hexadecimal digits.
    pub(crate) sha256: String,
    pub(crate) kind: ChangeKind,
    /// Bytes that were downloaded for it; 0 where it was still there.
    #[serde(rename = "octets")]
    pub(crate) bytes: u64,
    /// Whether it was a delta.
    pub(crate) was_delta: bool,
    /// Milliseconds from the decision to the switch.
    pub(crate) took_ms: u64,
    /// The outcome.
    pub(crate) outcome: ChangeOutcome,
    /// What the screens said of it, where they were asked and it was confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) votes: Option<ScreenVotes>,
}

/// Why the version was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChangeKind {
    /// To what the channel desires, or on the way there.
    Update,
    /// Back, as the channel desires.
    Rollback,
    /// By the technician's command.
    Ordered,
    /// No change: the technician has allowed a version again that had failed here. Its outcome is `Confirmed`, since
    /// older programs know no other that is final.
    Forgiven,
    /// A value that a newer version has written.
    #[serde(other)]
    Other,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum ChangeOutcome {
    /// The new version is on trial.
    OnTrial,
    /// It works.
    Confirmed {
        /// When it was confirmed.
        at: Timestamp,
    },
    /// It did not, and the one before went on.
    Reverted {
        /// When it was reverted.
        at: Timestamp,
        /// Why, in English.
        reason: String,
    },
}

/// The entries, and where they are kept.
#[derive(Debug)]
pub(crate) struct History(DoubleBuffered<Entries>);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Entries {
    entries: Vec<HistoryEntry>,
}

impl History {
    /// Reads them; empty without a valid record.
    #[must_use]
    pub(crate) fn open(directory: &Path) -> Self {
        Self(
            DoubleBuffered::open(directory, NAME)
                .unwrap_or_else(|| DoubleBuffered::new(directory, NAME, Entries::default())),
        )
    }

    /// The entries, the newest last.
    #[must_use]
    pub(crate) fn entries(&self) -> &[HistoryEntry] {
        &self.0.value().entries
    }

    /// Removes the temporary files of an interrupted change.
    pub(crate) fn remove_temp_files(&self) -> Result<(), RecordError> {
        self.0.remove_temp_files()
    }

    /// Adds one, and forgets the oldest.
    pub(crate) fn add(&mut self, entry: HistoryEntry) -> Result<(), RecordError> {
        self.0.change(|kept| {
            kept.entries.push(entry);
            let surplus = kept.entries.len().saturating_sub(MAX);
            kept.entries.drain(..surplus);
        })
    }

    /// Records the outcome of the last one, if it is not known yet.
    pub(crate) fn settle(&mut self, outcome: ChangeOutcome, votes: Option<ScreenVotes>) -> Result<(), RecordError> {
        let outcome = match outcome {
            ChangeOutcome::Reverted { at, reason } => {
                ChangeOutcome::Reverted { at, reason: reason.chars().take(MAX_REASON).collect() }
            }
            other => other,
        };
        self.0.change(|kept| {
            if let Some(last) = kept.entries.last_mut().filter(|last| last.outcome == ChangeOutcome::OnTrial) {
                last.outcome = outcome;
                last.votes = votes;
            }
        })
    }
}

impl HistoryEntry {
    /// How long it took from the decision to the switch.
    #[must_use]
    pub(crate) fn took(&self) -> Duration {
        Duration::from_millis(self.took_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64) -> HistoryEntry {
        HistoryEntry {
            at: Timestamp::UNIX_EPOCH,
            from: Version::new(1, 0, number),
            to: Version::new(1, 0, number + 1),
            sha256: "0".repeat(64),
            kind: ChangeKind::Update,
            bytes: 7_670_440,
            was_delta: false,
            took_ms: 1234,
            outcome: ChangeOutcome::OnTrial,
            votes: None,
        }
    }

    /// As large as they may be.
    fn votes() -> ScreenVotes {
        ScreenVotes::new(512, &["\u{10348}".repeat(40).as_str(); 512], false)
    }

    #[test]
    fn the_newest_are_kept_and_settled_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut history = History::open(directory.path());
        for number in 0..=u64::try_from(MAX).expect("small") {
            history.add(entry(number)).expect("kept");
            let reason = "ñ".repeat(2 * MAX_REASON);
            history.settle(ChangeOutcome::Reverted { at: Timestamp::UNIX_EPOCH, reason }, Some(votes())).expect("kept");
            history.settle(ChangeOutcome::Confirmed { at: Timestamp::UNIX_EPOCH }, None).expect("kept");
        }
        let read = History::open(directory.path());
        assert_eq!(read.entries().len(), MAX, "a full record fits into its file");
        assert_eq!(read.entries()[0].from, Version::new(1, 0, 1));
        assert!(read.entries().iter().all(|entry| entry.votes == Some(votes())));
        assert!(read.entries().iter().all(|entry| matches!(
            &entry.outcome,
            ChangeOutcome::Reverted { reason, .. } if reason.chars().count() == MAX_REASON
        )));
    }
}
