//! A record that is kept in two files written in turn, each with a checksum, so that one of them is whole whatever
//! happens to the other.
//!
//! ```text
//! workshop-edge-record <generation> <SHA-256 of the generation, a line feed and the rest>
//! <the record as JSON>
//! ```

use std::io;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::DurableError;
use crate::bounded_read::read_bounded;

const MAGIC: &str = "workshop-edge-record";
/// Bytes of a record with its head: the ERP's figures are the largest. A larger one is neither written nor read.
const MAX: u64 = 4 * 1024 * 1024;

/// Why a record cannot be kept.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The file.
    #[error("the record {name}")]
    Write {
        /// The name of the record.
        name: &'static str,
        /// The cause.
        source: DurableError,
    },
    /// The record.
    #[error("cannot write the record {name} as JSON")]
    Encode {
        /// The name of the record.
        name: &'static str,
        /// The cause.
        source: serde_json::Error,
    },
    /// It is larger than what would be read.
    #[error("the record {name} has {bytes} bytes, and more than {MAX} are not kept")]
    TooLarge {
        /// The name of the record.
        name: &'static str,
        /// Its size with the head.
        bytes: u64,
    },
}

/// The record, and where it is kept.
#[derive(Debug, Clone)]
pub struct DoubleBuffered<T> {
    directory: PathBuf,
    name: &'static str,
    generation: u64,
    value: T,
}

impl<T: Serialize + DeserializeOwned + Clone + PartialEq> DoubleBuffered<T> {
    /// Reads the newest record `<name>.0` or `<name>.1` that is whole; `None` where there is none, whether it is the
    /// first start or both files are damaged.
    #[must_use]
    pub fn open(directory: &Path, name: &'static str) -> Option<Self> {
        let records = [0, 1].into_iter().filter_map(|turn| read(&path(directory, name, turn)));
        let (generation, value) = records.max_by_key(|(generation, _)| *generation)?;
        Some(Self { directory: directory.to_owned(), name, generation, value })
    }

    /// A new record; it is not written yet.
    #[must_use]
    pub(crate) fn new(directory: &Path, name: &'static str, value: T) -> Self {
        Self { directory: directory.to_owned(), name, generation: 0, value }
    }

    /// The record.
    #[must_use]
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Removes the temporary files of an interrupted change. The next change would do so too, but that may
    /// be long in coming.
    pub(crate) fn remove_temp_files(&self) -> Result<(), RecordError> {
        for turn in [0, 1] {
            let path = path(&self.directory, self.name, turn);
            super::discard(&path).map_err(|source| RecordError::Write { name: self.name, source })?;
        }
        Ok(())
    }

    /// Changes the record, and keeps it. What cannot be kept has not happened.
    pub fn change<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> Result<R, RecordError> {
        let mut next = self.value.clone();
        let result = change(&mut next);
        if next != self.value || self.generation == 0 {
            self.replace(next)?;
        }
        Ok(result)
    }

    /// Keeps another record, even if it is equal; gives the bytes that were written. What cannot be kept has not
    /// happened.
    pub(crate) fn replace(&mut self, next: T) -> Result<u64, RecordError> {
        let name = self.name;
        let generation = self.generation.saturating_add(1);
        let bytes = encode(generation, &next).map_err(|source| RecordError::Encode { name, source })?;
        let length = bytes.len() as u64;
        if length > MAX {
            return Err(RecordError::TooLarge { name, bytes: length });
        }
        super::write(&path(&self.directory, name, generation % 2), &bytes, 0o600)
            .map_err(|source| RecordError::Write { name, source })?;
        self.generation = generation;
        self.value = next;
        Ok(length)
    }

    /// Removes the files of the record, which is then `value` until it is changed. What cannot be removed is still the
    /// record.
    pub(crate) fn forget(&mut self, value: T) -> Result<(), RecordError> {
        self.remove_temp_files()?;
        // The older one first: a cut in between leaves what was there.
        for generation in [self.generation.saturating_add(1), self.generation] {
            super::remove(&path(&self.directory, self.name, generation % 2))
                .map_err(|source| RecordError::Write { name: self.name, source })?;
        }
        self.value = value;
        Ok(())
    }
}

fn path(directory: &Path, name: &str, turn: u64) -> PathBuf {
    directory.join(format!("{name}.{turn}"))
}

fn encode<T: Serialize>(generation: u64, value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let body = serde_json::to_vec_pretty(value)?;
    let mut bytes = format!("{MAGIC} {generation} {}\n", checksum(generation, &body)).into_bytes();
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

fn checksum(generation: u64, body: &[u8]) -> String {
    let mut context = Context::new(&SHA256);
    context.update(format!("{generation}\n").as_bytes());
    context.update(body);
    hex::encode(context.finish())
}

/// The record of a file, with its generation; `None` unless it is whole.
fn read<T: DeserializeOwned>(path: &Path) -> Option<(u64, T)> {
    match read_bounded(path, MAX) {
        Ok(bytes) => {
            let read = decode(&bytes);
            if read.is_none() {
                tracing::warn!(path = %path.display(), "this copy of the record is damaged, using the other");
            }
            read
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "this copy of the record cannot be read, using the other");
            None
        }
    }
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<(u64, T)> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let (head, body) = (bytes.get(..end)?, bytes.get(end + 1..)?);
    let mut words = std::str::from_utf8(head).ok()?.split(' ');
    let (magic, generation, sum) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
    if magic != MAGIC || sum != checksum(generation, body) || words.next().is_some() {
        return None;
    }
    serde_json::from_slice(body).ok().map(|value| (generation, value))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Sample {
        number: u32,
    }

    fn number(directory: &Path) -> Option<u32> {
        DoubleBuffered::<Sample>::open(directory, "sample").map(|record| record.value().number)
    }

    #[test]
    fn the_newest_is_read_and_the_one_before_when_it_is_damaged() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(number(directory.path()), None);
        let mut record = DoubleBuffered::new(directory.path(), "sample", Sample { number: 0 });
        for number in 1..=3 {
            record.change(|sample| sample.number = number).expect("kept");
        }
        assert_eq!(number(directory.path()), Some(3));
        let newest = path(directory.path(), "sample", 1);
        let whole = fs::read(&newest).expect("there");
        // Every way in which a file ends early, and every bit that turns.
        for length in 0..whole.len() {
            fs::write(&newest, &whole[..length]).expect("torn");
            assert_eq!(number(directory.path()), Some(2), "{length}");
        }
        for bit in 0..whole.len() * 8 {
            let mut turned = whole.clone();
            turned[bit / 8] ^= 1 << (bit % 8);
            fs::write(&newest, &turned).expect("turned");
            assert_eq!(number(directory.path()), Some(2), "{bit}");
        }
        fs::remove_file(&newest).expect("removed");
        assert_eq!(number(directory.path()), Some(2));
    }

    #[test]
    fn what_a_cut_has_left_is_removed() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut record = DoubleBuffered::new(directory.path(), "sample", Sample { number: 0 });
        record.change(|sample| sample.number = 1).expect("kept");
        for name in ["sample.0.tmp", "sample.1.tmp"] {
            fs::write(directory.path().join(name), "cut").expect("a leftover");
        }
        record.remove_temp_files().expect("removed");
        record.remove_temp_files().expect("nothing to do");
        let names: Vec<_> =
            fs::read_dir(directory.path()).expect("listed").map(|entry| entry.expect("one").file_name()).collect();
        assert_eq!(names, ["sample.1"]);
    }

    #[test]
    fn what_cannot_be_kept_has_not_happened() {
        let mut record = DoubleBuffered::new(Path::new("/proc/nowhere"), "sample", Sample { number: 0 });
        assert!(record.change(|sample| sample.number = 1).is_err());
        assert_eq!(record.value().number, 0);
    }

    /// What is written can be read, up to the bound; what could not be read is not written.
    #[test]
    fn a_record_of_the_bound_is_kept_and_a_larger_one_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut record = DoubleBuffered::new(directory.path(), "large", String::new());
        let empty = record.replace(String::new()).expect("kept");
        let room = usize::try_from(MAX - empty).expect("a length");
        let largest = "x".repeat(room);
        assert_eq!(record.replace(largest.clone()).expect("kept"), MAX);
        let read = || DoubleBuffered::<String>::open(directory.path(), "large").expect("kept").value().len();
        assert_eq!(read(), room);
        let error = record.change(|text| text.push('x')).expect_err("too large");
        assert!(matches!(error, RecordError::TooLarge { bytes, .. } if bytes == MAX + 1), "{error}");
        assert_eq!((record.value().len(), read()), (room, room), "it has not happened");
    }

    #[test]
    fn what_is_forgotten_leaves_no_file_and_never_comes_back() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut record = DoubleBuffered::new(directory.path(), "sample", Sample { number: 0 });
        for number in 1..=3 {
            record.change(|sample| sample.number = number).expect("kept");
        }
        let newest = path(directory.path(), "sample", 1);
        let bytes = fs::read(&newest).expect("there");
        fs::write(directory.path().join("sample.0.tmp"), "cut").expect("a leftover");
        record.forget(Sample { number: 0 }).expect("removed");
        record.forget(Sample { number: 0 }).expect("gone already");
        assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 0);
        // One that comes back is older than what follows.
        fs::write(&newest, bytes).expect("still there");
        record.change(|sample| sample.number = 10).expect("kept");
        assert_eq!(number(directory.path()), Some(10));
        fs::remove_file(&newest).expect("removed");
        fs::create_dir(&newest).expect("what no file's removal removes");
        assert!(record.forget(Sample { number: 0 }).is_err());
        assert_eq!(record.value().number, 10, "it has not happened");
    }

    #[test]
    fn fields_of_a_newer_program_are_passed_over() {
        let body = br#"{"number":9,"colour":"red"}"#;
        let mut bytes = format!("{MAGIC} 4 {}\n", checksum(4, body)).into_bytes();
        bytes.extend_from_slice(body);
        assert_eq!(decode(&bytes), Some((4, Sample { number: 9 })));
    }
}
