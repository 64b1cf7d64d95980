//! What to start, from a table that may be lost and on a disk that may not take another word.

use std::path::{Path, PathBuf};

use crate::error_chain;
use crate::slots::{self, Image, LaunchChoice, Slot, Store, Table};

use super::verify;

/// The table, and the slots' directory.
pub(super) struct Memory {
    directory: PathBuf,
    store: Store,
    /// What holds instead of it since it could not be kept, for this start alone.
    unkept: Option<Table>,
}

impl Memory {
    /// The table of this box, or one made again from what its slots say and hold.
    pub(super) fn load(directory: &Path, factory: &str, os: Option<&str>, boot: Option<&str>) -> Self {
        let store = slots::open(directory).unwrap_or_else(|| {
            let known = Slot::ALL.into_iter().filter_map(|slot| Some((slot, slots::recorded(directory, slot)?)));
            let (mut whole, mut damaged) = (Vec::new(), Vec::new());
            for (slot, record) in known {
                match verify::verify(&slots::binary(directory, slot), &record.image) {
                    Ok(()) => whole.push((slot, record)),
                    Err(error) => damaged.push((slot, record, error_chain(&error))),
                }
            }
            let mut table = Table::rebuilt(whole, factory);
            for (slot, record, reason) in &damaged {
                table.miss(*slot, record, reason);
            }
            if Slot::ALL.into_iter().any(|slot| table.image(slot).is_some()) {
                tracing::warn!(
                    active = table.active().map(Slot::name),
                    "the slot table is missing or damaged: rebuilt from the slots"
                );
            }
            slots::new(directory, table)
        });
        let mut memory = Self { directory: directory.to_owned(), store, unkept: None };
        memory.change(|table| {
            table.apply_factory_version(factory);
            if let Some(os) = os {
                table.apply_os_version(os, factory);
            }
            table.apply_boot(boot);
        });
        memory
    }

    /// The slot's binary is whole, but cannot be executed.
    pub(super) fn mark_unbootable(&mut self, slot: Slot, reason: &str) {
        self.change(|table| table.mark_unbootable(slot, reason));
    }

    /// Changes the table for good, or else for this start alone. Then nothing is tried that has yet to show that it
    /// works: a try that is not spent for good would be spent for ever.
    fn change<R>(&mut self, change: impl Fn(&mut Table) -> R) -> R {
        let before = self.store.value().on_trial();
        let table = match &mut self.unkept {
            Some(table) => table,
            None => match self.store.change(&change) {
                Ok(result) => {
                    self.clear_proven(before);
                    return result;
                }
                Err(error) => {
                    tracing::error!(
                        error = error_chain(&error),
                        "the slot table cannot be written: no new version is tried"
                    );
                    let mut table = self.store.value().clone();
                    table.postpone();
                    self.unkept.insert(table)
                }
            },
        };
        change(table)
    }

    /// A binary that was given up is no longer marked as proven either.
    fn clear_proven(&self, on_trial: Option<Slot>) {
        if let Some(slot) = on_trial
            && self.store.value().image(slot).is_none()
            && let Err(error) = slots::clear_proven(&self.directory, slot)
        {
            tracing::warn!(error = error_chain(&error), slot = slot.name(), "the slot's record cannot be written");
        }
    }
}

/// The best choice whose binary is `verified`; a try is spent where it is one of a trial's.
pub(super) fn choose<E: std::error::Error>(
    memory: &mut Memory,
    verified: impl Fn(Slot, &Image) -> Result<(), E>,
) -> LaunchChoice {
    // Each round but the last takes one of two slots out of the table.
    for _ in 0..=Slot::ALL.len() {
        let choice = memory.change(Table::start);
        let LaunchChoice::Slot { slot, image, .. } = &choice else { return choice };
        let Err(error) = verified(*slot, image) else { return choice };
        tracing::error!(error = error_chain(&error), slot = slot.name(), version = image.version, "a slot is damaged");
        let reason = error_chain(&error);
        memory.change(|table| table.mark_missing(*slot, &reason));
    }
    LaunchChoice::Factory
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use proptest::prelude::*;
    use ring::digest::{SHA256, digest};

    use super::*;

    const FACTORY: &str = "1.0.0";

    type Files = BTreeMap<PathBuf, Vec<u8>>;

    fn files(directory: &Path) -> Files {
        let mut found = Files::new();
        let mut waiting = vec![directory.to_owned()];
        while let Some(path) = waiting.pop() {
            if path.is_dir() {
                waiting.extend(fs::read_dir(&path).expect("listed").map(|entry| entry.expect("an entry").path()));
            } else {
                found.insert(path.strip_prefix(directory).expect("inside").to_owned(), fs::read(&path).expect("read"));
            }
        }
        found
    }

    fn laid_out(files: &Files) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        for (path, bytes) in files {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, bytes).expect("written");
        }
        directory
    }

    /// A binary, and what is to be known of it.
    fn binary(number: u8) -> (Vec<u8>, Image) {
        let bytes = vec![number; 64 + usize::from(number)];
        let sha256 = hex::encode(digest(&SHA256, &bytes));
        let image = Image { version: format!("1.0.{number}"), sha256, size: bytes.len() as u64, requires_os: None };
        (bytes, image)
    }

    /// A step in the life of the slots, as the box takes it.
    #[derive(Debug, Clone, Copy)]
    enum Step {
        /// What is put there becomes the next trial.
        Put(u8),
        /// The process before executes it.
        Back,
        Start,
        Confirm,
        Revert,
    }

    fn take(directory: &Path, step: Step) {
        let mut store = slots::open(directory).unwrap_or_else(|| slots::new(directory, Table::default()));
        match step {
            Step::Put(number) => {
                let Ok(slot) = store.value().idle() else { return };
                let (bytes, image) = binary(number);
                store.change(|table| table.clear(slot)).expect("kept").expect("idle");
                let path = slots::binary(directory, slot);
                fs::create_dir_all(path.parent().expect("a parent")).expect("made");
                fs::write(path, bytes).expect("written");
                slots::record(directory, slot, &image).expect("kept");
                store.change(|table| table.stage(slot, image)).expect("kept").expect("idle");
                // May be quarantined.
                let _ = store.change(|table| table.begin_trial(slot)).expect("kept");
            }
            Step::Back => {
                let slot = store.value().previous().map(|(slot, _)| slot);
                if let Some(slot) = slot {
                    let _ = store.change(|table| table.begin_trial(slot)).expect("kept");
                }
            }
            Step::Start => {
                launched(directory);
            }
            Step::Confirm => slots::confirm(directory, &mut store).expect("kept"),
            Step::Revert => slots::revert(directory, &mut store, "unhealthy").expect("kept"),
        }
    }

    /// What is launched: it must be the factory's, or a binary that is whole and may run.
    fn launched(directory: &Path) -> LaunchChoice {
        let mut memory = Memory::load(directory, FACTORY, None, Some("boot"));
        let choice = choose(&mut memory, |slot, image| verify::verify(&slots::binary(directory, slot), image));
        if let LaunchChoice::Slot { slot, image, on_trial } = &choice {
            let bytes = fs::read(slots::binary(directory, *slot)).expect("there");
            assert_eq!(hex::encode(digest(&SHA256, &bytes)), image.sha256);
            let table = memory.unkept.as_ref().unwrap_or(memory.store.value());
            assert!(!(*on_trial && table.is_quarantined(&image.sha256)), "{image:?}");
            assert_eq!(*on_trial, table.on_trial() == Some(*slot));
            assert!(*on_trial || table.active() == Some(*slot));
        }
        choice
    }

    /// Everything that may be on the disk when the power goes while `before` becomes `after`: any of the files that
    /// change may be there already or not, or in part, or with a turned bit.
    fn interrupted(before: &Files, after: &Files) -> Vec<Files> {
        let mut all = vec![after.clone()];
        for (path, new) in after {
            if before.get(path) == Some(new) {
                continue;
            }
            let mut dropped = after.clone();
            match before.get(path) {
                Some(old) => dropped.insert(path.clone(), old.clone()),
                None => dropped.remove(path),
            };
            all.push(dropped);
            let mut alone = before.clone();
            alone.insert(path.clone(), new.clone());
            all.push(alone);
            for length in [0, 1, new.len() / 2, new.len() - 1] {
                let mut torn = after.clone();
                torn.insert(path.clone(), new[..length].to_vec());
                all.push(torn);
            }
            let mut turned = after.clone();
            turned.get_mut(path).expect("there")[new.len() * 2 / 3] ^= 4;
            all.push(turned);
        }
        all
    }

    const LIFE: &[Step] = &[
        Step::Start,
        Step::Put(1),
        Step::Start,
        Step::Confirm,
        Step::Start,
        Step::Put(2),
        Step::Start,
        Step::Start,
        Step::Confirm,
        Step::Back,
        Step::Start,
        Step::Confirm,
        Step::Put(3),
        Step::Start,
        Step::Revert,
        Step::Start,
        Step::Put(4),
        Step::Start,
        Step::Start,
        Step::Start,
        Step::Start,
    ];

    #[test]
    fn whatever_a_power_cut_leaves_a_whole_binary_is_launched() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut before = Files::new();
        let mut tried = 0;
        for (number, step) in LIFE.iter().enumerate() {
            take(directory.path(), *step);
            let after = files(directory.path());
            for state in interrupted(&before, &after) {
                let interrupted = laid_out(&state);
                // Until a trial has spent its tries at the latest, what is launched is no trial's.
                let choices: Vec<_> = (0..=slots::TRIES).map(|_| launched(interrupted.path())).collect();
                let last = choices.last().expect("some");
                assert!(
                    !matches!(last, LaunchChoice::Slot { on_trial: true, .. }),
                    "after step {number} ({step:?}): {choices:?}"
                );
                // And the life goes on.
                take(interrupted.path(), Step::Put(9));
                assert!(
                    matches!(launched(interrupted.path()), LaunchChoice::Slot { on_trial: true, .. }),
                    "after step {number}"
                );
                take(interrupted.path(), Step::Confirm);
                assert!(matches!(launched(interrupted.path()), LaunchChoice::Slot { on_trial: false, .. }));
                tried += 1;
            }
            before = after;
        }
        assert!(tried > 150, "{tried}");
        assert_eq!(
            launched(directory.path()),
            LaunchChoice::Slot { slot: Slot::A, image: binary(1).1, on_trial: false }
        );
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (1..6_u8).prop_map(Step::Put),
            Just(Step::Back),
            Just(Step::Start),
            Just(Step::Confirm),
            Just(Step::Revert),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_life_and_any_damage_ends_in_a_whole_binary(
            steps in proptest::collection::vec(step(), 1..20),
            damages in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>()), 0..5),
        ) {
            let directory = tempfile::tempdir().expect("a directory");
            for step in steps {
                take(directory.path(), step);
            }
            for (file, place, is_cut) in damages {
                let mut state = files(directory.path());
                if state.is_empty() {
                    continue;
                }
                let path = state.keys().nth(file.index(state.len())).expect("there").clone();
                let bytes = state.get_mut(&path).expect("there");
                if bytes.is_empty() {
                    continue;
                }
                let place = place.index(bytes.len());
                if is_cut { bytes.truncate(place) } else { bytes[place] ^= 1 }
                fs::write(directory.path().join(&path), bytes).expect("written");
            }
            for _ in 0..=slots::TRIES {
                launched(directory.path());
            }
            prop_assert!(!matches!(launched(directory.path()), LaunchChoice::Slot { on_trial: true, .. }), "no try is left");
        }
    }

    /// What was proven once and does not come up any more is not what a lost table is made from.
    #[test]
    fn a_binary_that_was_given_up_no_longer_speaks_for_itself() {
        let directory = tempfile::tempdir().expect("a directory");
        for step in [Step::Put(2), Step::Confirm, Step::Put(1), Step::Confirm, Step::Back] {
            take(directory.path(), step);
        }
        for _ in 0..=slots::TRIES {
            launched(directory.path());
        }
        let remaining = LaunchChoice::Slot { slot: Slot::B, image: binary(1).1, on_trial: false };
        assert_eq!(launched(directory.path()), remaining);
        for turn in 0..2 {
            fs::write(directory.path().join(format!("table.{turn}")), "torn").expect("written");
        }
        assert_eq!(launched(directory.path()), remaining);
    }

    #[test]
    fn a_try_that_cannot_be_kept_is_not_begun() {
        let directory = tempfile::tempdir().expect("a directory");
        for step in [Step::Put(1), Step::Confirm, Step::Put(2)] {
            take(directory.path(), step);
        }
        // Nothing can be renamed to a directory that is not empty, even by root.
        let table = |turn: u8| directory.path().join(format!("table.{turn}"));
        let newest = (0..2).max_by_key(|turn| fs::read(table(*turn)).expect("read")).expect("two");
        fs::remove_file(table(1 - newest)).expect("removed");
        fs::create_dir_all(table(1 - newest).join("x")).expect("made");
        let before = fs::read(table(newest)).expect("read");
        for _ in 0..5 {
            assert_eq!(
                launched(directory.path()),
                LaunchChoice::Slot { slot: Slot::A, image: binary(1).1, on_trial: false }
            );
        }
        fs::write(slots::binary(directory.path(), Slot::A), "torn").expect("written");
        assert_eq!(launched(directory.path()), LaunchChoice::Factory);
        fs::write(slots::binary(directory.path(), Slot::A), binary(1).0).expect("written");
        assert_eq!(fs::read(table(newest)).expect("read"), before);
        fs::remove_dir_all(table(1 - newest)).expect("removed");
        assert!(matches!(launched(directory.path()), LaunchChoice::Slot { slot: Slot::B, on_trial: true, .. }));
    }
}
