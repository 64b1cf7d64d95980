//! The two places for a binary besides the factory's, and the table that says which of them runs.
//!
//! ```text
//! <data_dir>/slots/table.0, table.1     the table, see [`crate::durable::DoubleBuffered`]
//! <data_dir>/slots/a/workshop-edge      a binary
//! <data_dir>/slots/b/workshop-edge      another
//! <data_dir>/slots/a/image.0, image.1   what the slot knows of its binary, for when the table is lost
//! ```

mod record;
mod starts;
mod table;

use std::path::{Path, PathBuf};

pub use record::{clear_proven, confirm, record, recorded, repair_proven, revert};
pub use starts::{LASTED, MAX_CUTS, MAX_ORDERLY, boot_id};
pub use table::{Fallback, Image, LaunchChoice, Quarantined, Record, SCHEMA, Slot, TRIES, Table, TableError};

use crate::durable::DoubleBuffered;

/// The slots' directory in the data directory.
pub const DIRECTORY: &str = "slots";

/// The table on disk.
pub type Store = DoubleBuffered<Table>;

/// The table in the slots' directory; `None` where there is none, or both of its files are damaged.
#[must_use]
pub fn open(directory: &Path) -> Option<Store> {
    Store::open(directory, "table")
}

/// A new table; it is not written yet.
#[must_use]
pub fn new(directory: &Path, table: Table) -> Store {
    Store::new(directory, "table", table)
}

/// Where a slot's binary is.
#[must_use]
pub fn binary(directory: &Path, slot: Slot) -> PathBuf {
    directory.join(slot.name()).join("workshop-edge")
}
