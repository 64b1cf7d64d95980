//! The last good snapshot on the disk: of one account, in the form in which TVs get it.
//!
//! ```text
//! <data_dir>/erp.0, erp.1     see [`crate::durable::DoubleBuffered`]
//! ```
//!
//! Flash wears out, so what changes is written once in 30 s at most, and less often the larger it is: see [`WriteBudget`].

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::counts::Counts;
use super::part::Part;
use super::snapshot::{AsOf, Held, Snapshot};
use super::write_budget::WriteBudget;
use crate::digest;
use crate::durable::{DoubleBuffered, RecordError};
use crate::lang::Lang;

const NAME: &str = "erp";
/// Between two writes.
const PERIOD: Duration = Duration::from_secs(30);
/// Between two writes when nothing has changed but the moments.
const PERIOD_OF_MOMENTS: Duration = Duration::from_secs(600);
/// A moment that differs by less is the same: the box's clock is corrected all the time.
const SAME_MOMENT: SignedDuration = SignedDuration::from_secs(5);
/// Bytes of the body of an extra path.
const MAX_EXTRA: usize = 256 * 1024;

/// Which login the configuration has: SHA-256 of address and user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LoginKey(String);

/// Whose figures they are: SHA-256 of address, user id and workshop id. Known after a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountKey(String);

/// What was kept.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) snapshot: Snapshot,
    pub(crate) counts: Counts,
    /// Whose it is; `None`: nothing was kept. Where the login gives another, all of it is to be emptied: see
    /// [`Store::forget`].
    pub(crate) account: Option<AccountKey>,
}

/// The record on the disk. Its calls read and write files: not for the runtime's threads.
#[derive(Debug)]
pub(crate) struct Store {
    record: DoubleBuffered<Record>,
    login: LoginKey,
    extra_paths: Vec<String>,
    tried: Option<Instant>,
    written: Option<Instant>,
    budget: WriteBudget,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    login: LoginKey,
    account: Option<AccountKey>,
    /// By their names, as JSON in a text.
    parts: BTreeMap<String, Entry>,
    counts: Counts,
    /// By their paths, in base64.
    extra: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    /// `null` where the box's clock was not believed.
    as_of: Option<Timestamp>,
    text: String,
}

impl LoginKey {
    pub(crate) fn new(url: &str, user: &str) -> Self {
        Self(key(&[url, user]))
    }
}

impl AccountKey {
    pub(crate) fn new(url: &str, subject: &str, workshop: &str) -> Self {
        Self(key(&[url, subject, workshop]))
    }
}

fn key(parts: &[&str]) -> String {
    digest::of(parts.join("\0").as_bytes())
}

impl Store {
    /// Reads what was kept for this login; of another login's nothing, and that is removed. `extra_paths` are those of
    /// the configuration, in its order.
    pub(crate) fn open(directory: &Path, login: LoginKey, extra_paths: Vec<String>, now: Instant) -> (Self, Kept) {
        let empty = Record { login: login.clone(), ..Record::default() };
        let mut record = DoubleBuffered::open(directory, NAME)
            .unwrap_or_else(|| DoubleBuffered::new(directory, NAME, empty.clone()));
        let is_ours = record.value().login == login;
        let tidied = if is_ours { record.remove_temp_files() } else { record.forget(empty) };
        if let Err(error) = tidied {
            tracing::warn!(error = crate::error_chain(&error), "cannot remove files of the ERP's figures");
        }
        let kept = record.value().read(&extra_paths, now);
        let store = Self { record, login, extra_paths, tried: None, written: None, budget: WriteBudget::new(now) };
        (store, kept)
    }

    /// Whether [`Store::keep`] would look for changes: cheap.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        has_passed(self.tried, PERIOD, now) && self.budget.has_room(now)
    }

    /// Writes what has changed, when it is due; gives the bytes that were written. `wall`: the box's clock, `None` where
    /// it is not believed.
    pub(crate) fn keep(
        &mut self,
        snapshot: &Snapshot,
        counts: &Counts,
        account: &AccountKey,
        now: Instant,
        wall: Option<Timestamp>,
    ) -> Result<u64, RecordError> {
        if !self.is_due(now) {
            return Ok(0);
        }
        let are_moments_due = has_passed(self.written, PERIOD_OF_MOMENTS, now);
        self.write(snapshot, counts, account, now, wall, are_moments_due)
    }

    /// As [`Store::keep`], due or not: before the process ends.
    pub(crate) fn keep_last(
        &mut self,
        snapshot: &Snapshot,
        counts: &Counts,
        account: &AccountKey,
        now: Instant,
        wall: Option<Timestamp>,
    ) -> Result<u64, RecordError> {
        self.write(snapshot, counts, account, now, wall, true)
    }

    /// Removes the files: the account is another.
    pub(crate) fn forget(&mut self) -> Result<(), RecordError> {
        self.tried = None;
        self.written = None;
        self.record.forget(Record { login: self.login.clone(), ..Record::default() })
    }

    fn write(
        &mut self,
        snapshot: &Snapshot,
        counts: &Counts,
        account: &AccountKey,
        now: Instant,
        wall: Option<Timestamp>,
        are_moments_due: bool,
    ) -> Result<u64, RecordError> {
        self.tried = Some(now);
        let next = Record {
            login: self.login.clone(),
            account: Some(account.clone()),
            parts: parts(snapshot, now, wall),
            counts: counts.clone(),
            extra: extra(snapshot, &self.extra_paths, now, wall),
        };
        let last = self.record.value();
        if next.has_same_content(last) && !(are_moments_due && next.has_moved(last)) {
            return Ok(0);
        }
        let bytes = self.record.replace(next)?;
        self.written = Some(now);
        self.budget.spend(bytes, now);
        Ok(bytes)
    }
}

fn has_passed(since: Option<Instant>, period: Duration, now: Instant) -> bool {
    since.is_none_or(|since| now.saturating_duration_since(since) >= period)
}

fn parts(snapshot: &Snapshot, now: Instant, wall: Option<Timestamp>) -> BTreeMap<String, Entry> {
    let entry = |part: Part| {
        let held = snapshot.part(part)?;
        Some((part.name().to_owned(), Entry { as_of: held.as_of.to_keep(now, wall), text: held.value.json(Lang::Es) }))
    };
    Part::ALL.into_iter().filter_map(entry).collect()
}

fn extra(snapshot: &Snapshot, paths: &[String], now: Instant, wall: Option<Timestamp>) -> BTreeMap<String, Entry> {
    let entry = |(path, held): (&String, &Option<Held<Bytes>>)| {
        let held = held.as_ref().filter(|held| held.value.len() <= MAX_EXTRA)?;
        Some((path.clone(), Entry { as_of: held.as_of.to_keep(now, wall), text: BASE64.encode(held.value.as_ref()) }))
    };
    paths.iter().zip(&snapshot.extra).filter_map(entry).collect()
}

impl Record {
    fn read(&self, extra_paths: &[String], now: Instant) -> Kept {
        let mut kept =
            Kept { counts: self.counts.clone(), account: self.account.clone(), snapshot: Snapshot::default() };
        for part in Part::ALL {
            let Some(entry) = self.parts.get(part.name()) else { continue };
            match Answer::read(part, &mut entry.text.as_bytes()) {
                Ok(answer) => kept.snapshot.set(part, entry.held(answer, now)),
                // Of another version of the program.
                Err(error) => tracing::warn!(part = part.name(), %error, "a kept part of the ERP's figures is dropped"),
            }
        }
        let body = |path: &String| {
            let entry = self.extra.get(path)?;
            let bytes = BASE64.decode(&entry.text).ok().filter(|bytes| bytes.len() <= MAX_EXTRA)?;
            Some(entry.held(Bytes::from(bytes), now))
        };
        kept.snapshot.extra = extra_paths.iter().map(body).collect();
        kept
    }

    /// Whether a wall would show the same.
    fn has_same_content(&self, other: &Self) -> bool {
        let is_same = |one: &BTreeMap<String, Entry>, other: &BTreeMap<String, Entry>| {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|((name, one), (other_name, other))| name == other_name && one.text == other.text)
        };
        self.login == other.login
            && self.account == other.account
            && is_same(&self.parts, &other.parts)
            && is_same(&self.extra, &other.extra)
            && self.counts.has_same_figures(&other.counts)
    }

    /// Whether a moment is another.
    fn has_moved(&self, other: &Self) -> bool {
        let moments = |record: &Self| -> Vec<Option<Timestamp>> {
            let entries = record.parts.values().chain(record.extra.values());
            entries.map(|entry| entry.as_of).chain([record.counts.seen()]).collect()
        };
        let (ours, others) = (moments(self), moments(other));
        ours.len() != others.len() || ours.into_iter().zip(others).any(|(one, other)| is_another(one, other))
    }
}

fn is_another(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.duration_since(other).abs() > SAME_MOMENT,
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    }
}

impl Entry {
    fn held<T>(&self, value: T, opened: Instant) -> Held<T> {
        Held { value: Arc::new(value), as_of: AsOf::kept(self.as_of, opened) }
    }
}

#[cfg(test)]
mod tests;
