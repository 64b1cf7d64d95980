//! What root knows of versions, kept where the appliance cannot write.

use std::path::Path;

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::durable::DoubleBuffered;
use crate::update::state::Quarantined;

/// The name of the record.
const NAME: &str = "versions";
/// Versions that are not tried again which are remembered: the newest.
const MAX_QUARANTINED: usize = 32;
/// Changes that are remembered: the newest.
const MAX_CHANGES: usize = 40;

/// What is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// The version that was installed last, until its trial is over.
    pub(crate) attempt: Option<Attempt>,
    /// The digests of files that were installed by this record's owner.
    pub(crate) installed: Vec<Attempt>,
    /// What has failed on this machine.
    pub quarantined: Vec<Quarantined>,
    /// What there was, the newest last.
    pub(crate) changes: Vec<Change>,
}

/// A version that was installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) version: Version,
    /// SHA-256 of its file.
    pub(crate) sha256: String,
    /// What ran then.
    pub(crate) from: Version,
    pub(crate) at: Timestamp,
}

/// A change of version, when its outcome was known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// When that was.
    pub(crate) at: Timestamp,
    /// What ran before.
    pub(crate) from: Version,
    /// The version after it.
    pub(crate) to: Version,
    /// The outcome.
    pub(crate) outcome: OsOutcome,
}

/// The outcome of a change of version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OsOutcome {
    /// It works.
    Good,
    /// It did not, and the one before came back.
    FellBack,
    /// A value that a newer version has written.
    #[serde(other)]
    Other,
}

/// The record in its directory ([`crate::machine::Paths::data_os`]); an empty one where none is whole.
#[must_use]
pub fn open(directory: &Path) -> DoubleBuffered<Record> {
    DoubleBuffered::open(directory, NAME).unwrap_or_else(|| DoubleBuffered::new(directory, NAME, Record::default()))
}

impl Record {
    /// Whether this file has failed here.
    #[must_use]
    pub(crate) fn is_quarantined(&self, sha256: &str) -> bool {
        self.quarantined.iter().any(|one| one.sha256 == sha256)
    }

    /// The digest of a version's file, where it is known.
    #[must_use]
    pub(crate) fn sha256(&self, version: &Version) -> Option<&str> {
        let attempts = self.attempt.iter().chain(self.installed.iter().rev());
        attempts.filter(|one| one.version == *version).map(|one| one.sha256.as_str()).next()
    }

    /// A version is about to be installed.
    pub(super) fn begin(&mut self, attempt: Attempt) {
        self.installed.retain(|one| one.version != attempt.version);
        self.installed.push(attempt.clone());
        let surplus = self.installed.len().saturating_sub(MAX_QUARANTINED);
        self.installed.drain(..surplus);
        self.attempt = Some(attempt);
    }

    /// A version works.
    pub(super) fn succeeded(&mut self, version: &Version, at: Timestamp) {
        if let Some(attempt) = self.attempt.take_if(|attempt| attempt.version == *version) {
            self.changed(Change { at, from: attempt.from, to: attempt.version, outcome: OsOutcome::Good });
        }
    }

    /// A version has failed, and is not tried again.
    pub(super) fn failed(&mut self, failed: Quarantined, version: &Version, running: &Version, at: Timestamp) {
        self.attempt.take_if(|attempt| attempt.version == *version);
        self.quarantined.retain(|one| one.sha256 != failed.sha256);
        self.quarantined.push(failed);
        let surplus = self.quarantined.len().saturating_sub(MAX_QUARANTINED);
        self.quarantined.drain(..surplus);
        self.changed(Change { at, from: running.clone(), to: version.clone(), outcome: OsOutcome::FellBack });
    }

    /// A version may be installed again. Gives whether it had failed here.
    pub(super) fn forgive(&mut self, version: &str) -> bool {
        let before = self.quarantined.len();
        self.quarantined.retain(|one| one.version != version);
        self.quarantined.len() != before
    }

    fn changed(&mut self, change: Change) {
        self.changes.push(change);
        let surplus = self.changes.len().saturating_sub(MAX_CHANGES);
        self.changes.drain(..surplus);
    }
}
