//! What to start, from a table that may be lost and on a disk that may not take another word.

use std::path::{Path, PathBuf};

use crate::error_chain;
use crate::slots::{self, Choice, Image, Slot, Store, Table};

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
    pub(super) fn load(directory: &Path, factory: &str) -> Self {
        let store = slots::open(directory).unwrap_or_else(|| {
            let whole = Slot::ALL.into_iter().filter_map(|slot| {
                let record = slots::recorded(directory, slot)?;
                verify::verify(&slots::binary(directory, slot), &record.image).ok()?;
                Some((slot, record))
            });
            let table = Table::rebuilt(whole, factory);
            if Slot::ALL.into_iter().any(|slot| table.image(slot).is_some()) {
                tracing::warn!(
                    active = table.active().map(Slot::name),
                    "the slot table is lost: made again from the slots"
                );
            }
            slots::anew(directory, table)
        });
        let mut memory = Self { directory: directory.to_owned(), store, unkept: None };
        memory.change(|table| table.meet_factory(factory));
        memory
    }

    /// The slot's binary is whole, but cannot be executed.
    pub(super) fn unfit(&mut self, slot: Slot, reason: &str) {
        self.change(|table| table.unfit(slot, reason));
    }

    /// Changes the table for good, or else for this start alone. Then nothing is tried that has yet to show that it
    /// works: a try that is not spent for good would be spent for ever.
    fn change<R>(&mut self, change: impl Fn(&mut Table) -> R) -> R {
        let before = self.store.value().on_trial();
        let table = match &mut self.unkept {
            Some(table) => table,
            None => match self.store.change(&change) {
                Ok(result) => {
                    self.doubt(before);
                    return result;
                }
                Err(error) => {
                    tracing::error!(error = error_chain(&error), "the slot table cannot be kept: nothing new is tried");
                    let mut table = self.store.value().clone();
                    table.postpone();
                    self.unkept.insert(table)
                }
            },
        };
        change(table)
    }

    /// A binary that was given up no longer speaks for itself either.
    fn doubt(&self, on_trial: Option<Slot>) {
        if let Some(slot) = on_trial
            && self.store.value().image(slot).is_none()
            && let Err(error) = slots::doubt(&self.directory, slot)
        {
            tracing::warn!(error = error_chain(&error), slot = slot.name(), "the slot's record cannot be kept");
        }
    }
}

/// The best choice whose binary is `verified`; a try is spent where it is one of a trial's.
pub(super) fn choose<E: std::error::Error>(
    memory: &mut Memory,
    verified: impl Fn(Slot, &Image) -> Result<(), E>,
) -> Choice {
    // Each round but the last takes one of two slots out of the table.
    for _ in 0..=Slot::ALL.len() {
        let choice = memory.change(Table::start);
        let Choice::Slot { slot, image, .. } = &choice else { return choice };
        let Err(error) = verified(*slot, image) else { return choice };
        tracing::error!(error = error_chain(&error), slot = slot.name(), version = image.version, "a slot is damaged");
        memory.change(|table| table.lost(*slot));
    }
    Choice::Factory
}
