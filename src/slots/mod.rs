//! The two places for a binary besides the factory's, and the table that says which of them runs.

mod store;
mod table;

pub use store::{Store, StoreError};
pub use table::{Choice, Image, Quarantined, SCHEMA, Slot, TRIES, Table, TableError};
