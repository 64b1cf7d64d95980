//! What is kept of the screens on the disk.
//!
//! ```text
//! <data_dir>/screens.0, screens.1     see [`crate::durable::DoubleBuffered`]
//! ```
//!
//! What a person chose is written at once. Flash wears out, so the rest is written once in 30 s at most, the moments alone, and
//! which screens show the page, once an hour, and less often the larger it is: see [`WriteBudget`].

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
    /// Whether it showed the page when this was written, or else before the version of the program changed.
    pub(super) was_showing: bool,
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
    /// Whether nothing differs but when screens were heard of last, and whether they show the page.
    fn has_same_content(&self, other: &Self) -> bool {
        let is_same = |(one, other): (&Kept, &Kept)| {
            let &Kept { last_seen, was_showing, .. } = other;
            Kept { last_seen, was_showing, ..one.clone() } == *other
        };
        self.screens.len() == other.screens.len() && self.screens.iter().zip(&other.screens).all(is_same)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn screen(number: usize) -> Kept {
        Kept { id: format!("{number:016x}"), name: Some(format!("Pantalla {number}")), ..Kept::default() }
    }

    fn names(directory: &Path) -> Vec<String> {
        let (_, kept) = Store::open(directory, Instant::now());
        kept.into_iter().filter_map(|kept| kept.name).collect()
    }

    #[test]
    fn what_a_person_chose_is_written_at_once_and_the_rest_when_it_is_due() {
        let directory = tempfile::tempdir().expect("a directory");
        let start = Instant::now();
        let (mut store, kept) = Store::open(directory.path(), start);
        assert!(kept.is_empty());
        assert!(store.keep_now(vec![screen(1)], start).expect("kept") > 0);
        assert_eq!(names(directory.path()), ["Pantalla 1"]);
        let later = |seconds| start + Duration::from_secs(seconds);
        let two = || vec![screen(2), screen(1)];
        assert_eq!(store.keep(two(), later(29)).expect("not due"), 0);
        assert!(store.keep(two(), later(30)).expect("due") > 0);
        assert_eq!(names(directory.path()), ["Pantalla 1", "Pantalla 2"]);
        assert_eq!(store.keep(vec![screen(1), screen(2)], later(60)).expect("the same"), 0);
        let seen = |seconds: i64| {
            let last_seen = Timestamp::from_second(seconds).ok();
            vec![Kept { last_seen, was_showing: seconds % 2 == 1, ..screen(1) }, screen(2)]
        };
        assert_eq!(store.keep(seen(1), later(90)).expect("a moment"), 0);
        assert!(store.keep(seen(2), later(30 + 3600)).expect("moments are due") > 0);
        assert!(store.keep_now(seen(3), later(3631)).expect("the last") > 0);
    }

    /// Screens that come and go all day long, as many as there may be, each as large as it may be.
    #[test]
    fn a_day_of_changes_writes_no_more_than_20_mb_and_fits() {
        let directory = tempfile::tempdir().expect("a directory");
        let start = Instant::now();
        let (mut store, _) = Store::open(directory.path(), start);
        let large = |number: usize, round: u64| Kept {
            name: Some("ñ".repeat(40)),
            view: Some("/".repeat(200)),
            user_agent: "\u{10348}".repeat(300),
            code: format!("{round}"),
            secret: serde_json::from_value(serde_json::Value::String("0".repeat(64))).expect("a hash"),
            ..screen(number)
        };
        let (mut bytes, mut writes) = (0, 0);
        for round in 0..24 * 60 * 2 {
            let now = start + Duration::from_secs(30 * (round + 1));
            if store.is_due(now) {
                let written = store.keep((0..512).map(|number| large(number, round)).collect(), now).expect("kept");
                bytes += written.div_ceil(4096) * 4096;
                writes += usize::from(written > 0);
            }
        }
        eprintln!("{writes} writes of {bytes} bytes in blocks of 4096");
        assert!(bytes <= 20_000_000 && writes >= 10, "{writes} writes of {bytes} bytes");
    }

    #[test]
    fn damaged_files_cost_the_last_change_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a directory");
        let now = Instant::now();
        let (mut store, _) = Store::open(directory.path(), now);
        for number in 1..=2 {
            store.keep_now((1..=number).map(screen).collect(), now).expect("kept");
        }
        let newest = directory.path().join("screens.0");
        let whole = fs::read(&newest).expect("there");
        for torn in [&whole[..whole.len() / 2], b"", b"\0\0\0", b"{\"screens\":[]}"] {
            fs::write(&newest, torn).expect("torn");
            assert_eq!(names(directory.path()), ["Pantalla 1"]);
        }
        fs::write(directory.path().join("screens.1"), b"torn").expect("both");
        assert!(names(directory.path()).is_empty());
        let (mut store, _) = Store::open(directory.path(), now);
        store.keep_now(vec![screen(3)], now).expect("kept");
        assert_eq!(names(directory.path()), ["Pantalla 3"]);
    }

    #[test]
    fn what_a_newer_program_adds_is_passed_over() {
        #[derive(Clone, PartialEq, Serialize, Deserialize)]
        struct Newer {
            screens: Vec<serde_json::Value>,
            groups: Vec<String>,
        }
        let directory = tempfile::tempdir().expect("a directory");
        let one = serde_json::json!({"id": "00000000000000aa", "name": "Nave", "group": 7, "address": "10.0.0.1"});
        let newer = Newer { screens: vec![one, serde_json::json!({})], groups: vec!["x".into()] };
        DoubleBuffered::new(directory.path(), NAME, newer.clone()).replace(newer).expect("kept");
        assert_eq!(names(directory.path()), ["Nave"]);
    }
}
