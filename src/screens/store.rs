//! What is kept of the screens on the disk.
//!
//! ```text
//! <data_dir>/screens.0, screens.1     see [`crate::durable::DoubleBuffered`]
//! ```
//!
//! What a person chose is written at once. Flash wears out, so the rest is written once in 30 s at most, the moments alone
//! once an hour, and less often the larger it is: see [`WriteBudget`].

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::identity::SecretHash;
use crate::durable::{DoubleBuffered, RecordError, WriteBudget};

const NAME: &str = "screens";
/// Between two writes of what no person chose.
const PERIOD: Duration = Duration::from_secs(30);
/// Between two writes when nothing has changed but the moments.
const PERIOD_OF_MOMENTS: Duration = Duration::from_secs(60 * 60);

/// What is kept of a screen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) secret: SecretHash,
    pub(super) name: Option<String>,
    pub(super) view: Option<String>,
    pub(super) keep_awake: Option<bool>,
    pub(super) code: String,
    pub(super) user_agent: String,
    pub(super) address: Option<IpAddr>,
    pub(super) first_seen: Option<Timestamp>,
    pub(super) last_seen: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    screens: Vec<Kept>,
}

/// The record on the disk. Its calls read and write files: not for the runtime's threads.
#[derive(Debug)]
pub(super) struct Store {
    record: DoubleBuffered<Record>,
    /// When a write was tried last.
    tried: Instant,
    written: Instant,
    budget: WriteBudget,
}

impl Store {
    /// Reads what was kept. Files that are damaged, or no record of screens, are none.
    pub(super) fn open(directory: &Path, now: Instant) -> (Self, Vec<Kept>) {
        let record = DoubleBuffered::open(directory, NAME);
        let record = record.unwrap_or_else(|| DoubleBuffered::new(directory, NAME, Record::default()));
        if let Err(error) = record.remove_temp_files() {
            tracing::warn!(error = crate::error_chain(&error), "a leftover of the screens' record stays");
        }
        let kept = record.value().screens.clone();
        (Self { record, tried: now, written: now, budget: WriteBudget::new(now) }, kept)
    }

    /// Whether [`Store::keep`] would look for changes: cheap.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.tried) >= PERIOD && self.budget.has_room(now)
    }

    /// Writes what has changed, when it is due; gives the bytes that were written.
    pub(super) fn keep(&mut self, screens: Vec<Kept>, now: Instant) -> Result<u64, RecordError> {
        if !self.is_due(now) {
            return Ok(0);
        }
        let are_moments_due = now.saturating_duration_since(self.written) >= PERIOD_OF_MOMENTS;
        self.write(screens, are_moments_due, now)
    }

    /// As [`Store::keep`], due or not: what a person chose, and before the process ends.
    pub(super) fn keep_now(&mut self, screens: Vec<Kept>, now: Instant) -> Result<u64, RecordError> {
        self.write(screens, true, now)
    }

    fn write(&mut self, mut screens: Vec<Kept>, are_moments_due: bool, now: Instant) -> Result<u64, RecordError> {
        self.tried = now;
        // In one order, whatever happened to them meanwhile.
        screens.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        let next = Record { screens };
        let last = self.record.value();
        if next == *last || (!are_moments_due && next.has_same_content(last)) {
            return Ok(0);
        }
        let bytes = self.record.replace(next)?;
        self.written = now;
        self.budget.spend(bytes, now);
        Ok(bytes)
    }
}

impl Record {
    /// Whether nothing differs but when screens were heard of last.
    fn has_same_content(&self, other: &Self) -> bool {
        let is_same = |(one, other): (&Kept, &Kept)| Kept { last_seen: other.last_seen, ..one.clone() } == *other;
        self.screens.len() == other.screens.len() && self.screens.iter().zip(&other.screens).all(is_same)
    }
}
