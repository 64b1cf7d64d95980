//! What a slot knows of its own binary: with it, a table whose two files are lost can be made again from what is there.
//!
//! The table decides as long as it is whole. A record that is behind it does no harm: its hash is not that of the file,
//! or it says that the binary has not been proven.

use std::path::Path;

use super::{Image, Record, Slot, Store, Table};
use crate::durable::{DoubleBuffered, RecordError};

const NAME: &str = "image";

/// Keeps what a slot's file holds from now on; not yet proven. To be called when the file is whole and synced, and
/// before the table says so.
pub fn record(directory: &Path, slot: Slot, image: &Image) -> Result<(), RecordError> {
    keep(directory, slot, Record { image: image.clone(), proven: false })
}

/// What a slot says of its binary; `None` when it says nothing that is whole.
#[must_use]
pub fn recorded(directory: &Path, slot: Slot) -> Option<Record> {
    open(directory, slot).map(|record| record.value().clone())
}

/// The binary on trial works: the table says so, and then the slot. Nothing, when none is on trial.
pub fn confirm(directory: &Path, store: &mut Store) -> Result<(), RecordError> {
    let Some(slot) = store.value().on_trial() else { return Ok(()) };
    store.change(Table::confirm)?;
    match store.value().image(slot) {
        Some(image) => keep(directory, slot, Record { image: image.clone(), proven: true }),
        None => Ok(()),
    }
}

/// The slot of the active binary says that it is proven, as the table does: the power may have gone between the two,
/// and what is lost with the table then is the binary's proof. Nothing while a binary is on trial, which is the table's
/// to decide.
pub fn repair_proven(directory: &Path, table: &Table) -> Result<(), RecordError> {
    let active = table.active().filter(|_| table.on_trial().is_none());
    let Some((slot, image)) = active.and_then(|slot| Some((slot, table.image(slot)?))) else { return Ok(()) };
    let proven = Record { image: image.clone(), proven: true };
    if recorded(directory, slot).as_ref() == Some(&proven) { Ok(()) } else { keep(directory, slot, proven) }
}

/// The binary on trial does not work, for this reason: the slot no longer speaks for it, and then the table quarantines
/// it. Nothing, when none is on trial.
pub fn revert(directory: &Path, store: &mut Store, reason: &str) -> Result<(), RecordError> {
    let Some(slot) = store.value().on_trial() else { return Ok(()) };
    // The table counts: where the record cannot be kept, it goes on.
    let doubted = clear_proven(directory, slot);
    store.change(|table| table.revert(reason))?;
    doubted
}

/// The slot's binary, proven once, is not any more.
pub fn clear_proven(directory: &Path, slot: Slot) -> Result<(), RecordError> {
    match open(directory, slot) {
        Some(mut record) => record.change(|record| record.proven = false),
        None => Ok(()),
    }
}

fn open(directory: &Path, slot: Slot) -> Option<DoubleBuffered<Record>> {
    DoubleBuffered::open(&directory.join(slot.name()), NAME)
}

fn keep(directory: &Path, slot: Slot, record: Record) -> Result<(), RecordError> {
    // Goes on from the one before, so that this is the newest.
    let mut kept = open(directory, slot)
        .unwrap_or_else(|| DoubleBuffered::new(&directory.join(slot.name()), NAME, record.clone()));
    kept.change(|kept| *kept = record)
}

#[cfg(test)]
mod tests {
    use super::super::new;
    use super::*;

    fn image(number: u8) -> Image {
        Image { version: format!("1.0.{number}"), sha256: format!("{number:064x}"), size: 1, requires_os: None }
    }

    fn is_proven(directory: &Path, slot: Slot) -> bool {
        recorded(directory, slot).expect("a record").proven
    }

    #[test]
    fn a_proof_that_a_power_cut_has_cost_the_slot_is_given_back() {
        let directory = tempfile::tempdir().expect("a directory");
        let directory = directory.path();
        let mut store = new(directory, Table::default());
        repair_proven(directory, store.value()).expect("nothing to do");
        record(directory, Slot::A, &image(1)).expect("kept");
        let put = |table: &mut Table| table.stage(Slot::A, image(1)).and_then(|()| table.begin_trial(Slot::A));
        store.change(put).expect("kept").expect("fit");
        repair_proven(directory, store.value()).expect("nothing to do");
        assert!(!is_proven(directory, Slot::A));
        // The power goes between the table and the slot.
        store.change(Table::confirm).expect("kept");
        std::fs::write(directory.join("a/image.0.tmp"), b"torn").expect("written");
        repair_proven(directory, store.value()).expect("kept");
        assert!(is_proven(directory, Slot::A));
        assert!(!directory.join("a/image.0.tmp").exists());
    }

    #[test]
    fn a_record_follows_the_life_of_its_binary() {
        let directory = tempfile::tempdir().expect("a directory");
        let directory = directory.path();
        assert_eq!(recorded(directory, Slot::A), None);
        let mut store = new(directory, Table::default());
        for number in 1..=3 {
            record(directory, Slot::A, &image(number)).expect("kept");
            assert_eq!(recorded(directory, Slot::A), Some(Record { image: image(number), proven: false }));
        }
        store
            .change(|table| table.stage(Slot::A, image(3)).and_then(|()| table.begin_trial(Slot::A)))
            .expect("kept")
            .expect("fit");
        confirm(directory, &mut store).expect("confirmed");
        assert!(is_proven(directory, Slot::A));

        record(directory, Slot::B, &image(4)).expect("kept");
        store
            .change(|table| table.stage(Slot::B, image(4)).and_then(|()| table.begin_trial(Slot::B)))
            .expect("kept")
            .expect("fit");
        revert(directory, &mut store, "no").expect("reverted");
        assert!(store.value().is_quarantined(&image(4).sha256) && !is_proven(directory, Slot::B));
        assert!(is_proven(directory, Slot::A));

        // One that was proven once, and now fails to start.
        record(directory, Slot::B, &image(5)).expect("kept");
        let put = |table: &mut Table| table.stage(Slot::B, image(5)).and_then(|()| table.begin_trial(Slot::B));
        store.change(put).expect("kept").expect("fit");
        confirm(directory, &mut store).expect("confirmed");
        store.change(|table| table.begin_trial(Slot::A)).expect("kept").expect("fit");
        revert(directory, &mut store, "no").expect("reverted");
        assert!(!is_proven(directory, Slot::A) && is_proven(directory, Slot::B));
    }
}
