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
use super::extra_path::MAX_ANSWER;
use super::part::Part;
use super::snapshot::{AsOf, Held, Snapshot};
use crate::digest;
use crate::durable::{DoubleBuffered, RecordError, WriteBudget};
use crate::lang::Lang;

const NAME: &str = "erp";
/// Between two writes.
const PERIOD: Duration = Duration::from_secs(30);
/// Between two writes when nothing has changed but the moments.
const PERIOD_OF_MOMENTS: Duration = Duration::from_secs(600);
/// A moment that differs by less is the same: the box's clock is corrected all the time.
const SAME_MOMENT: SignedDuration = SignedDuration::from_secs(5);

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
    /// Whose it is; `None`: nothing was kept.
    pub(crate) account: Option<AccountKey>,
}

/// What is to be kept, at one moment.
pub(crate) struct Figures {
    pub(crate) account: AccountKey,
    pub(crate) snapshot: Snapshot,
    pub(crate) counts: Counts,
    pub(crate) now: Instant,
    /// The box's clock; `None` where it is not believed.
    pub(crate) wall: Option<Timestamp>,
}

/// The record on the disk: of one account, since nothing is written for another before both files are gone. Its calls read
/// and write files: not for the runtime's threads.
#[derive(Debug)]
pub(crate) struct Store {
    record: DoubleBuffered<Record>,
    login: LoginKey,
    extra_paths: Vec<String>,
    /// When a write was tried last, and for whom.
    tried: Option<(AccountKey, Instant)>,
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
        let record = DoubleBuffered::open(directory, NAME);
        let record = record.unwrap_or_else(|| DoubleBuffered::new(directory, NAME, Record::of(&login)));
        let mut store = Self { record, login, extra_paths, tried: None, written: None, budget: WriteBudget::new(now) };
        let is_ours = store.record.value().login == store.login;
        let tidied = if is_ours { store.record.remove_temp_files() } else { store.forget() };
        let kept = match tidied {
            Ok(()) => store.record.value().read(&store.extra_paths, now),
            // Nor could the run before have removed what had become another account's.
            Err(error) => {
                tracing::warn!(error = crate::error_chain(&error), "the kept figures of the ERP are not shown");
                Kept::default()
            }
        };
        (store, kept)
    }

    /// Whether [`Store::keep`] would look for changes: cheap.
    pub(crate) fn is_due(&self, account: &AccountKey, now: Instant) -> bool {
        let is_rested = self
            .tried
            .as_ref()
            .is_none_or(|(whose, at)| whose != account || now.saturating_duration_since(*at) >= PERIOD);
        is_rested && (self.is_of_another(account) || self.budget.has_room(now))
    }

    /// Writes what has changed, when it is due; gives the bytes that were written. What is kept of another account is
    /// removed first, and at once.
    pub(crate) fn keep(&mut self, figures: &Figures) -> Result<u64, RecordError> {
        if !self.is_due(&figures.account, figures.now) {
            return Ok(0);
        }
        let are_moments_due =
            self.written.is_none_or(|written| figures.now.saturating_duration_since(written) >= PERIOD_OF_MOMENTS);
        self.write(figures, are_moments_due)
    }

    /// As [`Store::keep`], due or not: before the process ends.
    pub(crate) fn keep_last(&mut self, figures: &Figures) -> Result<u64, RecordError> {
        self.write(figures, true)
    }

    fn is_of_another(&self, account: &AccountKey) -> bool {
        self.record.value().account.as_ref().is_some_and(|kept| kept != account)
    }

    fn forget(&mut self) -> Result<(), RecordError> {
        self.record.forget(Record::of(&self.login))
    }

    fn write(&mut self, figures: &Figures, are_moments_due: bool) -> Result<u64, RecordError> {
        let Figures { account, snapshot, counts, now, wall } = figures;
        self.tried = Some((account.clone(), *now));
        if self.is_of_another(account) {
            // Of two files one is written, and the other is what is read when that one is damaged.
            self.forget()?;
        }
        let next = Record {
            account: Some(account.clone()),
            parts: parts(snapshot, *now, *wall),
            counts: counts.clone(),
            extra: extra(snapshot, &self.extra_paths, *now, *wall),
            ..Record::of(&self.login)
        };
        let last = self.record.value();
        if next.has_same_content(last) && !(are_moments_due && next.has_moved(last)) {
            return Ok(0);
        }
        let bytes = self.record.replace(next)?;
        self.written = Some(*now);
        self.budget.spend(bytes, *now);
        Ok(bytes)
    }
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
        let held = held.as_ref().filter(|held| held.value.len() <= MAX_ANSWER)?;
        Some((path.clone(), Entry { as_of: held.as_of.to_keep(now, wall), text: BASE64.encode(held.value.as_ref()) }))
    };
    paths.iter().zip(&snapshot.extra).filter_map(entry).collect()
}

impl Record {
    /// Nothing, of this login.
    fn of(login: &LoginKey) -> Self {
        Self { login: login.clone(), ..Self::default() }
    }

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
            let bytes = BASE64.decode(&entry.text).ok().filter(|bytes| bytes.len() <= MAX_ANSWER)?;
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
