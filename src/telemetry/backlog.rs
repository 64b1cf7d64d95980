//! What could not be sent, on the disk: one file for each request, as it is posted later.
//!
//! ```text
//! <data_dir>/telemetry/<kind>.<number>.<items>     SHA-256 of the rest, a line feed, the compressed request
//! ```
//!
//! A file is written once and removed once, within a budget, so that flash does not wear. Its name alone says its place and what is lost with it.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use bytes::Bytes;

use super::request::Compressed;
use crate::bounded_read::read_bounded;
use crate::digest;
use crate::durable::{self, DurableError, WriteBudget, WriteShare};

/// Where it is, in the data directory.
const DIRECTORY: &str = "telemetry";
/// Bytes on the disk at most, of each kind: both kinds together are 16 MiB.
pub(super) const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// Files at most, of each kind.
const MAX_FILES: usize = 2048;
/// Bytes of a file at most.
const MAX_FILE: u64 = 1024 * 1024;
/// A file takes whole blocks.
const BLOCK: u64 = 4096;

/// The requests of one kind, oldest first. Its calls read and write files: not for the runtime's threads.
#[derive(Debug)]
pub(super) struct Backlog {
    directory: PathBuf,
    kind: &'static str,
    files: VecDeque<Entry>,
    max_bytes: u64,
    budget: WriteBudget,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    number: u64,
    items: u64,
    /// On the disk.
    bytes: u64,
}

/// What a request on the disk took, and what it cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    /// Bytes that were written.
    pub(super) written: u64,
    /// Figures or spans of the oldest requests that had to go for it.
    pub(super) dropped: u64,
}

/// The oldest request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Oldest {
    /// `None`: there is none that is whole.
    pub(super) request: Option<Compressed>,
    /// Figures or spans in files before it that were damaged, and are gone.
    pub(super) damaged: u64,
}

/// Removes all that is kept in a data directory, since nobody is to get it.
pub(crate) fn forget(data_dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(data_dir.join(DIRECTORY)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl Backlog {
    /// What is there of this kind, in a data directory. Whatever cannot be read is not there.
    pub(super) fn open(data_dir: &Path, kind: &'static str, now: Instant) -> Self {
        let directory = data_dir.join(DIRECTORY);
        let mut files = Vec::new();
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let (name, path) = (entry.file_name(), entry.path());
            let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(kind)?.strip_prefix('.')) else {
                continue;
            };
            if let Some(unfinished) = rest.strip_suffix(".tmp") {
                if numbers(unfinished).is_some() {
                    // What a power cut left of one that was being written.
                    let _ = fs::remove_file(&path);
                }
            } else if let Some((number, items)) = numbers(rest)
                && let Ok(metadata) = entry.metadata()
            {
                files.push(Entry { number, items, bytes: on_disk(metadata.len()) });
            }
        }
        files.sort_unstable();
        Self {
            directory,
            kind,
            files: files.into(),
            max_bytes: MAX_BYTES,
            budget: WriteBudget::of(WriteShare::EXCEPTION, now),
        }
    }

    /// Bytes on the disk.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether as much may be written as the last time.
    pub(super) fn has_room(&self, now: Instant) -> bool {
        self.budget.has_room(now)
    }

    /// Keeps a request behind all others; the oldest make room for it.
    pub(super) fn put(&mut self, request: &Compressed, now: Instant) -> Result<Kept, DurableError> {
        let mut content = format!("{}\n", digest::of(&request.body)).into_bytes();
        content.extend_from_slice(&request.body);
        let written = content.len() as u64;
        if written > MAX_FILE {
            // It could not be read again. Far more than a push has.
            return Ok(Kept { written: 0, dropped: request.items });
        }
        let mut dropped = 0;
        while self.files.len() >= MAX_FILES || self.bytes() + on_disk(written) > self.max_bytes {
            let Some(oldest) = self.files.front().copied() else { break };
            self.remove_oldest(now)?;
            dropped += oldest.items;
        }
        let number = self.files.back().map_or(0, |newest| newest.number.saturating_add(1));
        let entry = Entry { number, items: request.items, bytes: on_disk(written) };
        self.budget.spend(written, now);
        durable::write(&self.path(entry), &content, 0o600)?;
        self.files.push_back(entry);
        Ok(Kept { written, dropped })
    }

    /// Reads the oldest request that is whole. It stays until it is removed.
    pub(super) fn oldest(&mut self, now: Instant) -> Oldest {
        let mut damaged = 0;
        while let Some(entry) = self.files.front().copied() {
            let path = self.path(entry);
            if let Some(body) = read_bounded(&path, MAX_FILE).ok().and_then(whole) {
                return Oldest { request: Some(Compressed { items: entry.items, body }), damaged };
            }
            tracing::warn!(path = %path.display(), "telemetry that was kept is damaged, and dropped");
            damaged += entry.items;
            if let Err(error) = self.remove_oldest(now) {
                tracing::warn!(error = crate::error_chain(&error), "a damaged file stays");
            }
        }
        Oldest { request: None, damaged }
    }

    /// Removes the oldest request, which was sent. One that cannot be removed is not sent again before a restart.
    pub(super) fn remove_oldest(&mut self, now: Instant) -> Result<(), DurableError> {
        match self.files.pop_front() {
            Some(entry) => {
                self.budget.spend_removal(now);
                durable::remove(&self.path(entry))
            }
            None => Ok(()),
        }
    }

    fn path(&self, Entry { number, items, .. }: Entry) -> PathBuf {
        self.directory.join(format!("{}.{number}.{items}", self.kind))
    }
}

/// The number and the items of a file's name; no other name has them.
fn numbers(rest: &str) -> Option<(u64, u64)> {
    let (number, items) = rest.split_once('.')?;
    let (number, items) = (number.parse().ok()?, items.parse().ok()?);
    (rest == format!("{number}.{items}")).then_some((number, items))
}

fn on_disk(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK).saturating_mul(BLOCK)
}

/// The request in a file, if nothing of it is missing or changed.
fn whole(content: Vec<u8>) -> Option<Bytes> {
    let end = content.iter().position(|byte| *byte == b'\n')?;
    let content = Bytes::from(content);
    let body = content.slice(end + 1..);
    (content.get(..end)? == digest::of(&body).as_bytes()).then_some(body)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn request(items: u64, content: &'static [u8]) -> Compressed {
        Compressed { items, body: Bytes::from_static(content) }
    }

    fn files(data_dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(data_dir.join(DIRECTORY)).into_iter().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("one").file_name().into_string().expect("text")).collect();
        names.sort();
        names
    }

    /// All that is kept, oldest first, and how much was damaged.
    fn drained(mut backlog: Backlog) -> (Vec<Bytes>, u64) {
        let (mut bodies, mut lost) = (Vec::new(), 0);
        loop {
            let Oldest { request, damaged } = backlog.oldest(Instant::now());
            lost += damaged;
            let Some(request) = request else { return (bodies, lost) };
            bodies.push(request.body);
            backlog.remove_oldest(Instant::now()).expect("removed");
        }
    }

    #[test]
    fn what_is_kept_comes_back_in_order_after_a_restart() {
        let data = tempfile::tempdir().expect("a directory");
        let mut backlog = Backlog::open(data.path(), "metrics", Instant::now());
        assert!(backlog.is_empty() && files(data.path()).is_empty());
        for content in [&b"one"[..], b"two", b"three"] {
            backlog.put(&request(7, content), Instant::now()).expect("kept");
        }
        Backlog::open(data.path(), "traces", Instant::now())
            .put(&request(1, b"another kind"), Instant::now())
            .expect("kept");
        let mut backlog = Backlog::open(data.path(), "metrics", Instant::now());
        assert_eq!((backlog.bytes(), backlog.oldest(Instant::now()).request), (3 * BLOCK, Some(request(7, b"one"))));
        backlog.remove_oldest(Instant::now()).expect("removed");
        // More than nine: by number, not by name.
        for _ in 0..9 {
            backlog.put(&request(7, b"more"), Instant::now()).expect("kept");
        }
        let (bodies, lost) = drained(Backlog::open(data.path(), "metrics", Instant::now()));
        assert_eq!((&bodies[..2], bodies.len(), lost), (&[Bytes::from("two"), Bytes::from("three")][..], 11, 0));
        assert_eq!(files(data.path()), ["traces.0.1"]);
        forget(data.path()).expect("removed");
        forget(data.path()).expect("gone already");
        assert!(Backlog::open(data.path(), "traces", Instant::now()).is_empty());
    }

    #[test]
    fn the_oldest_make_room_and_are_counted() {
        let data = tempfile::tempdir().expect("a directory");
        let mut backlog = Backlog { max_bytes: 3 * BLOCK, ..Backlog::open(data.path(), "traces", Instant::now()) };
        let contents = ["a", "b", "c", "d"].map(str::as_bytes);
        let kept: Vec<_> = contents
            .into_iter()
            .map(|content| backlog.put(&request(5, content), Instant::now()).expect("kept"))
            .collect();
        assert_eq!(kept.iter().map(|kept| kept.dropped).collect::<Vec<_>>(), [0, 0, 0, 5]);
        assert!(kept.iter().all(|kept| kept.written == 66) && backlog.bytes() == 3 * BLOCK);
        let large = Compressed { items: 9, body: vec![0; 2 * 4096].into() };
        assert_eq!(backlog.put(&large, Instant::now()).expect("kept").dropped, 15);
        let huge = Compressed { items: 9, body: vec![0; 1 << 20].into() };
        assert_eq!(backlog.put(&huge, Instant::now()).expect("told"), Kept { written: 0, dropped: 9 });
        assert_eq!(drained(backlog), (vec![large.body], 0));
    }

    #[test]
    fn a_file_that_ends_early_or_has_changed_is_dropped_and_counted() {
        let data = tempfile::tempdir().expect("a directory");
        let fresh = || {
            let mut backlog = Backlog::open(data.path(), "metrics", Instant::now());
            backlog.put(&request(3, b"first"), Instant::now()).expect("kept");
            backlog.put(&request(4, b"second"), Instant::now()).expect("kept");
        };
        fresh();
        let path = data.path().join("telemetry/metrics.0.3");
        let whole = fs::read(&path).expect("there");
        let turned = |bit: usize| {
            let mut turned = whole.clone();
            turned[bit / 8] ^= 1 << (bit % 8);
            turned
        };
        let torn = (0..whole.len()).map(|length| whole[..length].to_vec()).chain((0..whole.len() * 8).map(turned));
        for content in torn {
            fs::write(&path, content).expect("torn");
            assert_eq!(
                drained(Backlog::open(data.path(), "metrics", Instant::now())),
                (vec![Bytes::from("second")], 3)
            );
            assert!(files(data.path()).is_empty());
            fresh();
        }
    }

    #[test]
    fn what_others_put_there_is_left_and_what_a_cut_left_is_removed() {
        let data = tempfile::tempdir().expect("a directory");
        let directory = data.path().join(DIRECTORY);
        fs::create_dir(&directory).expect("made");
        let strange = ["metrics", "metrics.", "metrics.x.1", "metrics.+1.1", "metrics.1", "metrics.1.2.3", "notes.txt"];
        for name in strange.into_iter().chain(["metrics.7.2.tmp"]) {
            fs::write(directory.join(name), "x").expect("written");
        }
        assert!(Backlog::open(data.path(), "metrics", Instant::now()).is_empty());
        let mut left = strange;
        left.sort_unstable();
        assert_eq!(files(data.path()), left);
    }

    #[test]
    fn a_disk_that_takes_nothing_is_told() {
        let mut backlog = Backlog::open(Path::new("/proc/nowhere"), "metrics", Instant::now());
        assert!(backlog.put(&request(1, b"x"), Instant::now()).is_err());
        assert!(backlog.is_empty() && backlog.oldest(Instant::now()) == Oldest { request: None, damaged: 0 });
    }

    /// As large as they may be, and as often; the oldest go all the time.
    #[test]
    fn a_day_without_a_receiver_writes_no_more_than_3_mb() {
        let (data, start) = (tempfile::tempdir().expect("a directory"), Instant::now());
        let mut backlog = Backlog { max_bytes: 20 * BLOCK, ..Backlog::open(data.path(), "traces", start) };
        let (mut on_flash, mut writes) = (0, 0);
        for minute in 0..24 * 60 {
            let now = start + Duration::from_secs(60 * minute);
            let body = vec![b'x'; 1024 * usize::try_from(1 + minute % 64).expect("small")];
            if backlog.has_room(now) {
                let before = backlog.files.len();
                let kept = backlog.put(&Compressed { items: 1, body: body.into() }, now).expect("kept");
                let removed = (before + 1 - backlog.files.len()) as u64;
                // The names of a file, and of those that it replaces, are two blocks each.
                on_flash += on_disk(kept.written) + 2 * BLOCK * (1 + removed);
                writes += 1;
            }
        }
        assert!((2_000_000..=3_000_000).contains(&on_flash) && writes > 40, "{on_flash} bytes in {writes} files");
    }
}
