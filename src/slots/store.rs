//! The table on disk: two files that are written in turn, each with a checksum, so that one of
//! them is whole whatever happens to the other.
//!
//! ```text
//! workshop-edge-slots <generation> <SHA-256 of the rest>
//! <the table as JSON>
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use thiserror::Error;

use super::table::Table;
use crate::durable::{self, DurableError};

const MAGIC: &str = "workshop-edge-slots";
/// Octets of a table with room to spare; whatever is larger is none.
const MOST: u64 = 64 * 1024;

/// Why the table cannot be kept.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file.
    #[error("cannot keep the slot table")]
    Write(#[from] DurableError),
    /// The table.
    #[error("cannot write the slot table as JSON")]
    Encode(#[from] serde_json::Error),
}

/// The table, and where it is kept.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    generation: u64,
    table: Table,
}

impl Store {
    /// Reads the newest table that is whole; `None` where there is none, whether it is the first start or both files
    /// are damaged.
    #[must_use]
    pub fn open(directory: &Path) -> Option<Self> {
        let newest = [0, 1].into_iter().filter_map(|turn| read(&path(directory, turn))).max_by_key(|(age, _)| *age);
        newest.map(|(generation, table)| Self { directory: directory.to_owned(), generation, table })
    }

    /// Begins anew with this table; it is not kept yet.
    #[must_use]
    pub fn anew(directory: &Path, table: Table) -> Self {
        Self { directory: directory.to_owned(), generation: 0, table }
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Changes the table, and keeps it. What cannot be kept has not happened.
    pub fn change<T>(&mut self, change: impl FnOnce(&mut Table) -> T) -> Result<T, StoreError> {
        let mut next = self.table.clone();
        let result = change(&mut next);
        if next != self.table || self.generation == 0 {
            let generation = self.generation.saturating_add(1);
            let bytes = encode(generation, &next)?;
            durable::write(&path(&self.directory, generation % 2), &bytes, 0o644)?;
            self.generation = generation;
            self.table = next;
        }
        Ok(result)
    }
}

fn path(directory: &Path, turn: u64) -> PathBuf {
    directory.join(format!("table.{turn}"))
}

fn encode(generation: u64, table: &Table) -> Result<Vec<u8>, StoreError> {
    let body = serde_json::to_vec_pretty(table)?;
    let mut bytes = format!("{MAGIC} {generation} {}\n", checksum(&body)).into_bytes();
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

fn checksum(body: &[u8]) -> String {
    digest(&SHA256, body).as_ref().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The table of a file, with its generation; `None` unless it is whole.
fn read(path: &Path) -> Option<(u64, Table)> {
    match bounded(path) {
        Ok(bytes) => {
            let read = decode(&bytes);
            if read.is_none() {
                tracing::warn!(path = %path.display(), "this copy of the slot table is damaged, using the other");
            }
            read
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "this copy of the slot table cannot be read, using the other");
            None
        }
    }
}

fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read as _;

    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Option<(u64, Table)> {
    let end = bytes.iter().position(|&octet| octet == b'\n')?;
    let (head, body) = (bytes.get(..end)?, bytes.get(end + 1..)?);
    let mut words = std::str::from_utf8(head).ok()?.split(' ');
    let (magic, generation, sum) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
    if magic != MAGIC || sum != checksum(body) || words.next().is_some() {
        return None;
    }
    serde_json::from_slice(body).ok().map(|table| (generation, table))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slots::{Image, Slot};

    fn stage(store: &mut Store, version: &str) {
        let image = Image { version: version.into(), sha256: "0".repeat(64), size: 1 };
        store.change(|table| table.stage(Slot::A, image)).expect("kept").expect("free");
    }

    fn version(directory: &Path) -> Option<String> {
        Store::open(directory)?.table().image(Slot::A).map(|image| image.version.clone())
    }

    #[test]
    fn the_newest_is_read_and_the_one_before_when_it_is_damaged() {
        let directory = tempfile::tempdir().expect("a directory");
        assert!(Store::open(directory.path()).is_none());
        let mut store = Store::anew(directory.path(), Table::default());
        for number in ["1", "2", "3"] {
            stage(&mut store, number);
        }
        assert_eq!(version(directory.path()).as_deref(), Some("3"));
        let newest = path(directory.path(), 1);
        let whole = fs::read(&newest).expect("there");
        // Every way in which a file ends early, and every octet that turns.
        for length in 0..whole.len() {
            fs::write(&newest, &whole[..length]).expect("torn");
            assert_eq!(version(directory.path()).as_deref(), Some("2"), "{length}");
        }
        for at in 0..whole.len() {
            let mut turned = whole.clone();
            turned[at] ^= 1;
            fs::write(&newest, &turned).expect("turned");
            let read = version(directory.path());
            // The generation is not summed up, but a wrong one cannot bring back an older table than the one before.
            assert!(read.as_deref() == Some("2") || read.as_deref() == Some("3"), "{at}: {read:?}");
        }
        fs::remove_file(&newest).expect("removed");
        assert_eq!(version(directory.path()).as_deref(), Some("2"));
    }

    #[test]
    fn what_cannot_be_kept_has_not_happened() {
        let mut store = Store::anew(Path::new("/proc/nowhere"), Table::default());
        let image = Image { version: "1".into(), sha256: String::new(), size: 1 };
        assert!(store.change(|table| table.stage(Slot::A, image).is_ok()).is_err());
        assert_eq!(store.table(), &Table::default());
    }

    #[test]
    fn fields_of_a_newer_program_are_passed_over() {
        let body = br#"{"schema":9,"active":null,"a":null,"b":null,"trial":null,"colour":"red"}"#;
        let mut bytes = format!("{MAGIC} 4 {}\n", checksum(body)).into_bytes();
        bytes.extend_from_slice(body);
        let (generation, table) = decode(&bytes).expect("readable");
        assert_eq!((generation, table.schema), (4, 9));
    }
}
