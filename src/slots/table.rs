//! Which binary runs: a pure table, changed by a few transitions that each keep it sound.
//!
//! ```text
//!            stage             begin_trial            confirm
//! idle slot ───────> staged ───────────────> trial ───────────> active
//!                                              │ no try left, or revert
//!                                              └──> quarantined; the one before goes on
//! ```

use semver::Version;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::starts::{NOT_UP, Starts};

/// Starts that an unconfirmed binary gets; those that say nothing about it are given back.
pub const TRIES: u8 = 3;
/// Quarantined binaries remembered, the newest; older ones were withdrawn long ago.
const MAX_QUARANTINED: usize = 32;
/// Bytes of a reason: all of them fit into a record.
const MAX_REASON: usize = 256;
/// The form of the table. A newer program's table is read as far as it is understood.
pub const SCHEMA: u32 = 1;

/// One of the two places for a binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slot {
    /// The first.
    A,
    /// The second.
    B,
}

impl Slot {
    /// Both.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// The one that it is not.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// The name of its directory.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }
}

/// A binary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Its version, as it says itself.
    pub version: String,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Bytes of the file.
    pub size: u64,
    /// The oldest operating system of the USB image that it runs on, where that is known to matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires_os: Option<String>,
}

/// What a slot holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The binary.
    pub(crate) image: Image,
    /// Whether it has once been confirmed.
    pub proven: bool,
}

/// A binary that is not to be tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    pub(crate) image: Image,
    /// Why, in English.
    pub reason: String,
}

/// What was to run, and does not since its file is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallback {
    /// The version that ran before.
    pub(crate) version: String,
    /// What is wrong with it, and with what was to run instead, in English.
    pub(crate) reason: String,
}

/// A binary that has yet to show that it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Trial {
    slot: Slot,
    tries_left: u8,
}

/// The table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// The form that it was written in.
    pub(crate) schema: u32,
    /// What runs when nothing is on trial; `None` is the factory's binary.
    active: Option<Slot>,
    a: Option<Record>,
    b: Option<Record>,
    trial: Option<Trial>,
    #[serde(default)]
    quarantined: Vec<Quarantined>,
    /// The version of the factory's binary when it was last seen.
    #[serde(default)]
    factory: Option<String>,
    /// Outcomes of the trial's starts. Not in `trial`, where an older launcher would drop them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    starts: Option<Starts>,
    /// Since when the active binary was lost, until another is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fallback: Option<Fallback>,
    /// What a newer program has written and this one does not know: kept for it.
    #[serde(flatten)]
    unknown: serde_json::Map<String, serde_json::Value>,
}

/// What cannot be done with the table as it is.
#[derive(Debug, Error, PartialEq, Eq, Clone, Copy)]
pub enum TableError {
    /// The slot runs, or is on trial.
    #[error("the slot {0:?} is in use")]
    InUse(Slot),
    /// There is nothing in the slot.
    #[error("the slot {0:?} is empty")]
    Empty(Slot),
    /// Another binary is on trial.
    #[error("a trial is under way")]
    Trial,
    /// The binary has been quarantined.
    #[error("the binary in the slot {0:?} is quarantined")]
    Quarantined(Slot),
}

/// What to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaunchChoice {
    /// The factory's binary.
    Factory,
    /// A slot's.
    Slot {
        /// The slot to start.
        slot: Slot,
        /// What it must be.
        image: Image,
        /// Whether this start is one of a trial's.
        on_trial: bool,
    },
}

impl Default for Table {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            active: None,
            a: None,
            b: None,
            trial: None,
            quarantined: Vec::new(),
            factory: None,
            starts: None,
            fallback: None,
            unknown: serde_json::Map::new(),
        }
    }
}

impl Table {
    /// What a slot holds.
    #[must_use]
    pub fn image(&self, slot: Slot) -> Option<&Image> {
        self.content(slot).map(|content| &content.image)
    }

    /// What runs when nothing is on trial; `None` is the factory's binary.
    #[must_use]
    pub fn active(&self) -> Option<Slot> {
        self.active
    }

    /// The version of the factory's binary when it was last seen.
    #[must_use]
    pub(crate) fn factory(&self) -> Option<&str> {
        self.factory.as_deref()
    }

    /// The slot on trial.
    #[must_use]
    pub fn on_trial(&self) -> Option<Slot> {
        self.trial.map(|trial| trial.slot)
    }

    /// What is not to be tried again, the newest last.
    #[must_use]
    pub fn quarantined(&self) -> &[Quarantined] {
        &self.quarantined
    }

    /// What does not run since it is damaged; `None` where what was confirmed last runs.
    #[must_use]
    pub(crate) fn fallback(&self) -> Option<&Fallback> {
        self.fallback.as_ref()
    }

    /// Whether a binary is not to be tried again.
    #[must_use]
    pub fn is_quarantined(&self, sha256: &str) -> bool {
        self.quarantined.iter().any(|one| one.image.sha256 == sha256)
    }

    /// The slot that a new binary may be written to.
    pub fn idle(&self) -> Result<Slot, TableError> {
        match (self.trial, self.active) {
            (Some(_), _) => Err(TableError::Trial),
            (None, Some(active)) => Ok(active.other()),
            (None, None) => Ok(Slot::A),
        }
    }

    /// Forgets what a slot holds, before its file is written over.
    pub fn clear(&mut self, slot: Slot) -> Result<(), TableError> {
        self.is_free(slot)?;
        *self.content_mut(slot) = None;
        Ok(())
    }

    /// Says what a slot's file holds from now on.
    pub fn stage(&mut self, slot: Slot, image: Image) -> Result<(), TableError> {
        self.is_free(slot)?;
        *self.content_mut(slot) = Some(Record { image, proven: false });
        Ok(())
    }

    /// The next starts are of this slot, until it is confirmed or its tries are spent. One that was proven before is
    /// on trial too: the state may have moved on since.
    pub fn begin_trial(&mut self, slot: Slot) -> Result<(), TableError> {
        self.is_free(slot)?;
        let image = self.image(slot).ok_or(TableError::Empty(slot))?;
        if self.is_quarantined(&image.sha256) {
            return Err(TableError::Quarantined(slot));
        }
        self.trial = Some(Trial { slot, tries_left: TRIES });
        self.starts = None;
        Ok(())
    }

    /// A start of the binary on trial is about to begin, or has just begun, in this boot of the machine
    /// ([`super::boot_id`]): the try of the one before is given back where the machine went down under it.
    pub(crate) fn apply_boot(&mut self, boot: Option<&str>) {
        self.count_start(|starts| starts.begin(boot));
    }

    /// The start that is under way ends in order: its try is given back.
    pub(crate) fn end_cleanly(&mut self) {
        self.count_start(Starts::end_cleanly);
    }

    /// The binary on trial has come as far as to serve.
    pub(crate) fn mark_serving(&mut self) {
        self.count_start(|starts| {
            starts.mark_serving();
            false
        });
    }

    /// The start that is under way has gone on for [`super::LASTED`] without a verdict.
    pub(crate) fn last(&mut self) {
        self.count_start(|starts| {
            starts.last();
            false
        });
    }

    /// Notes something about the starts of the binary on trial, which may give a try back. Nothing, when none is.
    fn count_start(&mut self, note: impl FnOnce(&mut Starts) -> bool) {
        let Some(trial) = self.trial else { return };
        let Some(sha256) = self.image(trial.slot).map(|image| image.sha256.clone()) else { return };
        let known = self.starts.take().filter(|starts| starts.sha256 == sha256);
        let starts = self.starts.insert(known.unwrap_or_else(|| Starts::of(&sha256)));
        if note(starts) {
            self.trial = Some(Trial { tries_left: trial.tries_left.saturating_add(1).min(TRIES), ..trial });
        }
    }

    /// Says the true reason of a binary that an older launcher has given up, which knew none.
    pub(crate) fn explain(&mut self) {
        let Some(starts) = self.starts.take_if(|_| self.trial.is_none()) else { return };
        let is_it = |one: &&mut Quarantined| one.image.sha256 == starts.sha256 && one.reason == NOT_UP;
        if let Some(quarantined) = self.quarantined.iter_mut().find(is_it) {
            quarantined.reason = starts.reason();
        }
    }

    /// What is to be started now, and spends a try where it is one. The table has to be kept before the start:
    /// otherwise a binary that crashes is tried for ever.
    pub fn start(&mut self) -> LaunchChoice {
        if let Some(trial) = self.trial {
            let image = self.image(trial.slot).cloned();
            if let (Some(image), Some(tries_left)) = (image, trial.tries_left.checked_sub(1)) {
                self.trial = Some(Trial { tries_left, ..trial });
                return LaunchChoice::Slot { slot: trial.slot, image, on_trial: true };
            }
            let sha256 = self.image(trial.slot).map(|image| image.sha256.as_str());
            let starts = self.starts.as_ref().filter(|starts| Some(starts.sha256.as_str()) == sha256);
            let reason = starts.map_or_else(|| NOT_UP.to_owned(), Starts::reason);
            self.revert(&reason);
        }
        let chosen = self.active.and_then(|slot| Some((slot, self.image(slot)?.clone())));
        chosen.map_or(LaunchChoice::Factory, |(slot, image)| LaunchChoice::Slot { slot, image, on_trial: false })
    }

    /// Leaves the trial for later: what is active is started. For a table that cannot be kept, since a try that is not
    /// spent for good must not be begun.
    pub(crate) fn postpone(&mut self) {
        self.trial = None;
    }

    /// The binary on trial works. Nothing, when none is.
    pub fn confirm(&mut self) {
        if let Some(trial) = self.trial.take() {
            (self.starts, self.fallback) = (None, None);
            self.active = Some(trial.slot);
            if let Some(content) = self.content_mut(trial.slot) {
                content.proven = true;
            }
        }
    }

    /// The binary on trial does not work: the one before goes on, and it is never tried again. Nothing, when none is
    /// on trial.
    pub fn revert(&mut self, reason: &str) {
        let Some(trial) = self.trial.take() else { return };
        self.starts = None;
        if let Some(content) = self.content_mut(trial.slot).take() {
            self.quarantine(content.image, reason);
        }
    }

    /// A version may be tried again. Gives the binaries of it that were not.
    pub(crate) fn forgive(&mut self, version: &str) -> Vec<Image> {
        let (forgiven, kept) = std::mem::take(&mut self.quarantined)
            .into_iter()
            .partition(|one: &Quarantined| one.image.version == version);
        self.quarantined = kept;
        forgiven.into_iter().map(|one| one.image).collect()
    }

    /// The file of a slot is not what the table says, for this reason: it is as good as empty.
    pub(crate) fn mark_missing(&mut self, slot: Slot, reason: &str) {
        let lost = self.content_mut(slot).take();
        if let Some(lost) = lost.filter(|_| self.active == Some(slot)) {
            self.fall_back(slot, &lost.image, reason);
        }
        if self.on_trial() == Some(slot) {
            self.trial = None;
        }
        if self.active == Some(slot) {
            let other = slot.other();
            // What is on trial has to show that it works, even if it once did.
            let is_fit = self.on_trial() != Some(other) && self.content(other).is_some_and(|content| content.proven);
            self.active = is_fit.then_some(other);
        }
    }

    /// The binary of a slot is whole, but cannot be executed: on trial it is quarantined, else it is as good as none.
    pub(crate) fn mark_unbootable(&mut self, slot: Slot, reason: &str) {
        if self.on_trial() == Some(slot) {
            self.revert(reason);
        } else {
            self.mark_missing(slot, reason);
        }
    }

    /// Applies the version of the factory's binary. A new one came by a package or a new image, so it was
    /// installed on purpose: where it is newer than the running one, it becomes the active one, and the one before keeps
    /// its place. An older one (a box is repaired with an old image) changes nothing, since the state has moved on.
    pub(crate) fn apply_factory_version(&mut self, version: &str) {
        let is_other = self.factory.as_deref().is_some_and(|known| known != version);
        self.factory = Some(version.to_owned());
        let is_older = |slot: Slot| self.image(slot).is_none_or(|image| is_newer(version, &image.version));
        let (ends_trial, ends_active) = (self.on_trial().is_some_and(is_older), self.active.is_some_and(is_older));
        if is_other && ends_trial {
            self.trial = None;
        }
        if is_other && ends_active {
            (self.active, self.fallback) = (None, None);
        }
    }

    /// The operating system of the USB image is this one. What needs a newer one, since it was there before the system
    /// went back, does not run for as long: the other slot does if it is known to work, or else the factory's binary.
    /// It stays in its slot, and is changed to again from there.
    pub(crate) fn apply_os_version(&mut self, version: &str, factory: &str) {
        let fits = |table: &Self, slot: Slot| {
            table.image(slot).is_some_and(|image| {
                image.requires_os.as_deref().is_none_or(|needs| needs == version || is_newer(version, needs))
            })
        };
        if self.on_trial().is_some_and(|slot| !fits(self, slot)) {
            self.trial = None;
        }
        let Some(active) = self.active.filter(|slot| !fits(self, *slot)) else { return };
        let instead = self.previous().filter(|(slot, image)| fits(self, *slot) && !is_newer(factory, &image.version));
        let instead = instead.map(|(slot, _)| slot);
        tracing::warn!(slot = active.name(), os = version, "the slot needs a newer system");
        self.active = instead;
    }

    /// The table of a box that has lost its own, from the slots whose file is what their record says. The newest that
    /// was proven runs; one that never was is not known to work, while the factory's always does.
    #[must_use]
    pub(crate) fn rebuilt(records: impl IntoIterator<Item = (Slot, Record)>, factory: &str) -> Self {
        let mut table = Self::default();
        table.apply_factory_version(factory);
        for (slot, record) in records {
            if record.proven && !is_newer(factory, &record.image.version) {
                let is_best = table.active.and_then(|active| table.image(active));
                if is_best.is_none_or(|best| is_newer(&record.image.version, &best.version)) {
                    table.active = Some(slot);
                }
            }
            *table.content_mut(slot) = Some(record);
        }
        table
    }

    /// A slot's file is not what its record says, in a table that was made again: what was proven, and is newer than
    /// what runs, would run otherwise.
    pub(crate) fn miss(&mut self, slot: Slot, record: &Record, reason: &str) {
        let running = self.active.and_then(|active| self.image(active)).map(|image| image.version.as_str());
        let running = running.or(self.factory.as_deref());
        if record.proven && running.is_none_or(|running| is_newer(&record.image.version, running)) {
            self.fall_back(slot, &record.image, reason);
        }
    }

    fn fall_back(&mut self, slot: Slot, lost: &Image, reason: &str) {
        let reason = format!("{} in slot {}: {reason}", lost.version, slot.name());
        self.fallback = Some(match self.fallback.take() {
            None => Fallback { version: lost.version.clone(), reason: shortened(&reason) },
            Some(before) => Fallback { reason: shortened(&format!("{}; {reason}", before.reason)), ..before },
        });
    }

    /// The slot that an operator's rollback can go to without a download.
    #[must_use]
    pub(crate) fn previous(&self) -> Option<(Slot, &Image)> {
        let slot = self.active?.other();
        let content = self.content(slot)?;
        (content.proven && !self.is_quarantined(&content.image.sha256)).then_some((slot, &content.image))
    }

    /// The slot that holds this binary already and may be tried.
    #[must_use]
    pub(crate) fn holding(&self, sha256: &str) -> Option<Slot> {
        Slot::ALL
            .into_iter()
            .find(|&slot| self.is_free(slot).is_ok() && self.image(slot).is_some_and(|image| image.sha256 == sha256))
    }

    fn quarantine(&mut self, image: Image, reason: &str) {
        self.quarantined.retain(|one| one.image.sha256 != image.sha256);
        self.quarantined.push(Quarantined { image, reason: shortened(reason) });
        let surplus = self.quarantined.len().saturating_sub(MAX_QUARANTINED);
        self.quarantined.drain(..surplus);
    }

    fn is_free(&self, slot: Slot) -> Result<(), TableError> {
        if self.trial.is_some() {
            return Err(TableError::Trial);
        }
        if self.active == Some(slot) { Err(TableError::InUse(slot)) } else { Ok(()) }
    }

    fn content(&self, slot: Slot) -> Option<&Record> {
        match slot {
            Slot::A => self.a.as_ref(),
            Slot::B => self.b.as_ref(),
        }
    }

    fn content_mut(&mut self, slot: Slot) -> &mut Option<Record> {
        match slot {
            Slot::A => &mut self.a,
            Slot::B => &mut self.b,
        }
    }
}

/// Whether a version is newer than another (semver.org section 11); unknown forms are not.
fn is_newer(version: &str, than: &str) -> bool {
    match (Version::parse(version), Version::parse(than)) {
        (Ok(version), Ok(than)) => version > than,
        _ => false,
    }
}

/// One line of bounded length.
fn shortened(reason: &str) -> String {
    let mut text = reason.replace(char::is_control, " ");
    let end = (0..=MAX_REASON.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn image(number: u8) -> Image {
        Image { version: format!("1.0.{number}"), sha256: format!("{number:064x}"), size: 1, requires_os: None }
    }

    fn started(table: &mut Table) -> Option<(Slot, bool)> {
        match table.start() {
            LaunchChoice::Factory => None,
            LaunchChoice::Slot { slot, on_trial, .. } => Some((slot, on_trial)),
        }
    }

    /// Puts a binary on trial.
    fn put(table: &mut Table, number: u8) -> Slot {
        let slot = table.idle().expect("idle");
        table.clear(slot).expect("free");
        table.stage(slot, image(number)).expect("free");
        table.begin_trial(slot).expect("fit");
        slot
    }

    #[test]
    fn from_the_factory_to_a_confirmed_slot_and_on() {
        let mut table = Table::default();
        assert_eq!(started(&mut table), None);
        assert_eq!(put(&mut table, 1), Slot::A);
        assert_eq!(started(&mut table), Some((Slot::A, true)));
        table.confirm();
        assert_eq!(started(&mut table), Some((Slot::A, false)));
        assert_eq!(put(&mut table, 2), Slot::B);
        assert_eq!(started(&mut table), Some((Slot::B, true)));
        table.confirm();
        assert_eq!(table.previous(), Some((Slot::A, &image(1))));
    }

    #[test]
    fn a_binary_that_does_not_come_up_is_given_up_after_its_tries() {
        let mut table = Table::default();
        put(&mut table, 1);
        table.confirm();
        put(&mut table, 2);
        for _ in 0..TRIES {
            assert_eq!(started(&mut table), Some((Slot::B, true)));
        }
        assert_eq!(started(&mut table), Some((Slot::A, false)));
        assert!(table.is_quarantined(&image(2).sha256));
        table.stage(Slot::B, image(2)).expect("free");
        assert_eq!(table.begin_trial(Slot::B), Err(TableError::Quarantined(Slot::B)));
    }

    #[test]
    fn a_version_that_is_forgiven_may_be_tried_again() {
        let mut table = Table::default();
        for number in [1, 2] {
            put(&mut table, number);
            table.revert("unhealthy");
        }
        assert_eq!(table.forgive("1.0.3"), []);
        assert_eq!(table.forgive("1.0.1"), [image(1)]);
        assert!(!table.is_quarantined(&image(1).sha256) && table.is_quarantined(&image(2).sha256));
        assert_eq!(put(&mut table, 1), Slot::A);
    }

    #[test]
    fn a_first_binary_that_does_not_come_up_leaves_the_factorys() {
        let mut table = Table::default();
        put(&mut table, 1);
        table.revert("unhealthy");
        assert_eq!(started(&mut table), None);
        assert_eq!(table.quarantined(), [Quarantined { image: image(1), reason: "unhealthy".into() }]);
    }

    #[test]
    fn another_factory_binary_takes_over_where_it_is_newer() {
        let mut table = Table::default();
        table.apply_factory_version("1.0.0");
        put(&mut table, 5);
        table.confirm();
        table.apply_factory_version("1.0.0");
        assert_eq!(started(&mut table), Some((Slot::A, false)));
        for older in ["1.0.4", "1.0.5", "1.0.5-rc.1", "what"] {
            table.apply_factory_version(older);
            assert_eq!(started(&mut table), Some((Slot::A, false)), "{older}");
        }
        // Newer than what is active, and older than what is on trial.
        put(&mut table, 9);
        table.apply_factory_version("1.0.6");
        assert_eq!(started(&mut table), Some((Slot::B, true)));
        table.confirm();
        table.apply_factory_version("1.0.10");
        assert_eq!(started(&mut table), None);
        assert_eq!(table.holding(&image(5).sha256), Some(Slot::A));
        // The same one again, after another has been switched to.
        put(&mut table, 1);
        table.confirm();
        table.apply_factory_version("1.0.10");
        assert_eq!(started(&mut table), Some((Slot::A, false)));
    }

    #[test]
    fn a_lost_table_is_made_again_from_what_was_proven() {
        let record = |number, proven| Record { image: image(number), proven };
        let active = |a, b, factory| Table::rebuilt([(Slot::A, a), (Slot::B, b)], factory).active();
        assert_eq!(active(record(1, true), record(2, true), "1.0.0"), Some(Slot::B));
        assert_eq!(active(record(10, true), record(9, true), "1.0.0"), Some(Slot::A));
        assert_eq!(active(record(1, true), record(2, false), "1.0.0"), Some(Slot::A));
        assert_eq!(active(record(1, false), record(2, false), "1.0.0"), None);
        assert_eq!(active(record(1, true), record(2, true), "1.0.3"), None, "the factory's is the newest");
        assert_eq!(active(record(1, true), record(2, true), "1.0.2"), Some(Slot::B));
        assert_eq!(Table::rebuilt([], "1.0.0").active(), None);
        // What would run is missed, and nothing else.
        let missed = |number, proven| {
            let mut table = Table::rebuilt([(Slot::A, record(2, true))], "1.0.0");
            table.miss(Slot::B, &record(number, proven), "torn");
            table.fallback().map(|fallback| fallback.reason.clone())
        };
        assert_eq!(missed(3, true).as_deref(), Some("1.0.3 in slot b: torn"));
        assert_eq!((missed(1, true), missed(3, false)), (None, None));
    }

    #[test]
    fn what_cannot_be_executed_is_quarantined_on_trial_alone() {
        let mut table = Table::default();
        put(&mut table, 1);
        table.confirm();
        put(&mut table, 2);
        table.mark_unbootable(Slot::B, "wrong architecture");
        assert!(table.is_quarantined(&image(2).sha256));
        table.mark_unbootable(Slot::A, "no execution here");
        assert!(!table.is_quarantined(&image(1).sha256));
        assert_eq!(started(&mut table), None);
    }

    #[test]
    fn reasons_are_short_and_all_of_them_fit_into_a_record() {
        let mut table = Table::default();
        for number in 0..u8::MAX {
            put(&mut table, number);
            table.revert(&"\u{1}\"ñ".repeat(1000));
        }
        assert_eq!(table.quarantined().len(), MAX_QUARANTINED);
        assert!(serde_json::to_vec_pretty(&table).expect("JSON").len() < 48 * 1024);
    }

    #[test]
    fn what_a_newer_program_has_written_is_kept_for_it() {
        let newer = serde_json::json!({
            "schema": 7, "active": null, "a": null, "b": null, "trial": null, "colour": {"of": ["the", "year"]},
        });
        let mut table: Table = serde_json::from_value(newer).expect("read");
        put(&mut table, 1);
        let json = serde_json::to_value(&table).expect("written");
        assert_eq!((&json["schema"], &json["colour"]["of"][1]), (&7.into(), &"year".into()));
        assert_eq!(json["trial"]["slot"], "a");
    }

    #[test]
    fn what_runs_is_not_written_over() {
        let mut table = Table::default();
        put(&mut table, 1);
        assert_eq!(table.stage(Slot::B, image(2)), Err(TableError::Trial));
        assert_eq!(table.idle(), Err(TableError::Trial));
        table.confirm();
        assert_eq!(table.clear(Slot::A), Err(TableError::InUse(Slot::A)));
        assert_eq!(table.begin_trial(Slot::B), Err(TableError::Empty(Slot::B)));
    }

    #[test]
    fn a_lost_file_falls_back_to_a_proven_one_only() {
        let mut table = Table::default();
        put(&mut table, 1);
        table.confirm();
        put(&mut table, 2);
        table.confirm();
        table.mark_missing(Slot::B, "torn");
        assert_eq!(started(&mut table), Some((Slot::A, false)));
        assert_eq!(table.fallback().map(|fallback| fallback.version.as_str()), Some("1.0.2"));
        table.stage(Slot::B, image(3)).expect("free");
        table.mark_missing(Slot::A, "torn");
        assert_eq!(started(&mut table), None, "the third has never been proven");
        let fallback = table.fallback().expect("known");
        assert_eq!(
            (fallback.version.as_str(), fallback.reason.as_str()),
            ("1.0.2", "1.0.2 in slot b: torn; 1.0.1 in slot a: torn")
        );
        put(&mut table, 4);
        assert!(table.fallback().is_some(), "until another works");
        table.confirm();
        assert_eq!(table.fallback(), None);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Put(u8),
        Start,
        Confirm,
        Revert,
        Lost(bool),
        Back,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0..6_u8).prop_map(Step::Put),
            Just(Step::Start),
            Just(Step::Confirm),
            Just(Step::Revert),
            any::<bool>().prop_map(Step::Lost),
            Just(Step::Back),
        ];
        proptest::collection::vec(step, 0..60)
    }

    proptest! {
        #[test]
        fn whatever_happens_it_stays_sound(steps in steps()) {
            let mut table = Table::default();
            let mut starts_of_trial = 0;
            for step in steps {
                match step {
                    Step::Put(number) => {
                        if let Ok(slot) = table.idle() {
                            table.clear(slot).expect("idle");
                            table.stage(slot, image(number)).expect("idle");
                            if table.begin_trial(slot).is_ok() {
                                starts_of_trial = 0;
                            }
                        }
                    }
                    Step::Start => match table.start() {
                        LaunchChoice::Slot { on_trial: true, image, .. } => {
                            starts_of_trial += 1;
                            prop_assert!(starts_of_trial <= TRIES);
                            prop_assert!(!table.is_quarantined(&image.sha256));
                        }
                        LaunchChoice::Slot { slot, .. } => prop_assert!(table.content(slot).is_some_and(|content| content.proven)),
                        LaunchChoice::Factory => prop_assert_eq!(table.active(), None),
                    },
                    Step::Confirm => table.confirm(),
                    Step::Revert => table.revert("step"),
                    Step::Lost(b) => table.mark_missing(if b { Slot::B } else { Slot::A }, "torn"),
                    Step::Back => {
                        if let Some(slot) = table.previous().map(|(slot, _)| slot)
                            && table.begin_trial(slot).is_ok()
                        {
                            starts_of_trial = 0;
                        }
                    }
                }
                // What is active is there, proven, and no trial's.
                if let Some(active) = table.active() {
                    prop_assert!(table.content(active).is_some_and(|content| content.proven));
                    prop_assert_ne!(table.on_trial(), Some(active));
                }
                let json = serde_json::to_vec(&table).expect("written");
                prop_assert_eq!(serde_json::from_slice::<Table>(&json).expect("read"), table.clone());
            }
        }
    }

    /// What happens to the starts of a trial.
    #[derive(Debug, Clone, Copy)]
    enum Start {
        /// The process ends, or is killed.
        Dies,
        /// Stopped or restarted in order.
        Orderly,
        /// The machine goes down.
        Cut,
        /// The same, after [`super::super::LASTED`].
        LateCut,
    }

    /// A launcher from before starts were looked at: it spends a try at each, and keeps what it does not know.
    fn launched_by_an_older_one(table: &mut Table) -> bool {
        let Some(trial) = table.trial else { return false };
        if let Some(tries_left) = trial.tries_left.checked_sub(1) {
            table.trial = Some(Trial { tries_left, ..trial });
        } else {
            table.revert_keeping_starts(NOT_UP);
        }
        table.trial.is_some()
    }

    impl Table {
        fn revert_keeping_starts(&mut self, reason: &str) {
            let starts = self.starts.take();
            self.revert(reason);
            self.starts = starts;
        }
    }

    /// How many starts these come to, until the binary is given up or there are no more of them.
    fn lived(starts: &[Start], is_older: bool) -> (usize, Table) {
        let mut table = Table::default();
        put(&mut table, 1);
        let mut boot = 0;
        for (number, start) in starts.iter().enumerate() {
            let id = boot.to_string();
            let is_started = if is_older {
                launched_by_an_older_one(&mut table)
            } else {
                table.apply_boot(Some(&id));
                started(&mut table).is_some()
            };
            if !is_started {
                table.explain();
                return (number, table);
            }
            // The program itself.
            table.apply_boot(Some(&id));
            table.mark_serving();
            match start {
                Start::Dies => {}
                Start::Orderly => table.end_cleanly(),
                Start::Cut => boot += 1,
                Start::LateCut => {
                    table.last();
                    boot += 1;
                }
            }
        }
        (starts.len(), table)
    }

    fn reason(starts: &[Start], is_older: bool) -> (usize, String) {
        let (number, table) = lived(starts, is_older);
        (number, table.quarantined().first().map(|one| one.reason.clone()).unwrap_or_default())
    }

    #[test]
    fn what_says_nothing_about_a_binary_costs_it_no_try() {
        use super::super::{MAX_CUTS, MAX_ORDERLY};
        let tries = usize::from(TRIES);
        for is_older in [false, true] {
            let of = |start, number: usize| reason(&vec![start; number], is_older);
            let (number, why) = of(Start::Dies, 100);
            assert_eq!(number, tries);
            assert!(why.starts_with("it came up, but ended by itself or was killed"), "{why}");
            assert_eq!(of(Start::Orderly, usize::from(MAX_ORDERLY)), (usize::from(MAX_ORDERLY), String::new()));
            let (number, why) = of(Start::Orderly, 100);
            assert_eq!(number, usize::from(MAX_ORDERLY) + tries);
            assert!(why.starts_with("it was stopped or restarted 63 times"), "{why}");
            assert_eq!(of(Start::Cut, usize::from(MAX_CUTS)), (usize::from(MAX_CUTS), String::new()));
            let (number, why) = of(Start::Cut, 100);
            assert_eq!(number, usize::from(MAX_CUTS) + tries);
            // An older launcher gives up before the program can count the last one.
            let cuts = usize::from(MAX_CUTS) + tries - usize::from(is_older);
            assert!(why.starts_with(&format!("the machine went down {cuts} times")), "{why}");
            assert_eq!(of(Start::LateCut, 100), (100, String::new()));
        }
    }

    #[test]
    fn a_binary_that_never_served_did_not_come_up() {
        let mut table = Table::default();
        put(&mut table, 1);
        while table.on_trial().is_some() {
            table.apply_boot(Some("x"));
            table.start();
        }
        assert_eq!(table.quarantined()[0].reason, NOT_UP);
        // Where boots cannot be distinguished, every start that does not end in order costs a try.
        let mut table = Table::default();
        put(&mut table, 2);
        for _ in 0..TRIES {
            table.apply_boot(None);
            assert!(started(&mut table).is_some());
        }
        table.apply_boot(None);
        assert_eq!(started(&mut table), None);
    }

    proptest! {
        #[test]
        fn every_trial_ends_with_a_true_reason(
            starts in proptest::collection::vec(
                prop_oneof![Just(Start::Dies), Just(Start::Orderly), Just(Start::Cut)], 100..200,
            )
        ) {
            use super::super::{MAX_CUTS, MAX_ORDERLY};
            let (number, why) = reason(&starts, false);
            prop_assert!(number >= usize::from(TRIES));
            prop_assert!(number <= usize::from(TRIES + MAX_CUTS + MAX_ORDERLY), "{number}");
            prop_assert!(!why.is_empty() && why != NOT_UP);
            let deaths = starts[..number].iter().filter(|start| matches!(start, Start::Dies)).count();
            prop_assert!(deaths <= usize::from(TRIES), "{deaths}");
            // An older launcher looks at no start before it spends the next try: it gives up sooner, never later.
            let (sooner, why) = reason(&starts, true);
            prop_assert!((usize::from(TRIES)..=number).contains(&sooner), "{sooner} {number}");
            prop_assert!(!why.is_empty() && why != NOT_UP);
        }
    }

    /// What the launchers in the field were built with.
    #[test]
    fn an_older_launcher_reads_the_table_and_keeps_the_starts() {
        #[derive(Serialize, Deserialize)]
        struct Older {
            trial: Option<OlderTrial>,
            #[serde(flatten)]
            unknown: serde_json::Map<String, serde_json::Value>,
        }
        #[derive(Serialize, Deserialize)]
        struct OlderTrial {
            slot: Slot,
            tries_left: u8,
        }
        let mut table = Table::default();
        put(&mut table, 1);
        table.apply_boot(Some("one"));
        table.start();
        table.mark_serving();
        let mut older: Older = serde_json::from_value(serde_json::to_value(&table).expect("written")).expect("read");
        older.trial.as_mut().expect("a trial").tries_left -= 1;
        let mut table: Table = serde_json::from_value(serde_json::to_value(&older).expect("written")).expect("read");
        assert_eq!(table.trial.map(|trial| trial.tries_left), Some(TRIES - 2));
        table.apply_boot(Some("two"));
        assert_eq!(table.trial.map(|trial| trial.tries_left), Some(TRIES - 1), "the starts are known still");
    }

    #[test]
    fn what_needs_a_newer_system_is_passed_over_until_it_is_there() {
        let needy = |number, os: &str| Image { requires_os: Some(os.to_owned()), ..image(number) };
        let mut table = Table::default();
        table.apply_factory_version("1.0.0");
        put(&mut table, 1);
        table.confirm();
        let slot = table.idle().expect("idle");
        table.stage(slot, needy(2, "2.0.0")).expect("free");
        table.begin_trial(slot).expect("fit");
        table.apply_os_version("2.0.0", "1.0.0");
        assert_eq!(started(&mut table), Some((Slot::B, true)));
        table.confirm();
        // The system went back: the program before runs, and the other is kept for when it comes again.
        table.apply_os_version("1.9.0", "1.0.0");
        assert_eq!(started(&mut table), Some((Slot::A, false)));
        assert_eq!(table.holding(&needy(2, "2.0.0").sha256), Some(Slot::B));
        table.begin_trial(Slot::B).expect("fit");
        table.apply_os_version("1.9.0", "1.0.0");
        assert_eq!(started(&mut table), Some((Slot::A, false)), "no try is spent on it");
        table.begin_trial(Slot::B).expect("fit");
        table.apply_os_version("2.0.1", "1.0.0");
        assert_eq!(started(&mut table), Some((Slot::B, true)));
        assert!(table.quarantined().is_empty());
    }

    #[test]
    fn the_factory_s_program_runs_where_none_fits_the_system() {
        let mut table = Table::default();
        table.apply_factory_version("1.0.0");
        table.stage(Slot::A, Image { requires_os: Some("2.0.0".into()), ..image(1) }).expect("free");
        table.begin_trial(Slot::A).expect("fit");
        table.confirm();
        table.apply_os_version("1.0.0", "1.0.0");
        assert_eq!(started(&mut table), None);
    }

    #[test]
    fn a_record_from_before_systems_is_read_and_one_from_after_too() {
        let old: Image = serde_json::from_str(r#"{"version":"1.0.0","sha256":"00","size":1}"#).expect("read");
        assert_eq!(old.requires_os, None);
        assert!(!serde_json::to_string(&old).expect("written").contains("requires_os"));
        let new = r#"{"version":"1.0.0","sha256":"00","size":1,"requires_os":"2.0.0","of_tomorrow":1}"#;
        let new: Image = serde_json::from_str(new).expect("read");
        assert_eq!(new.requires_os.as_deref(), Some("2.0.0"));
    }
}
