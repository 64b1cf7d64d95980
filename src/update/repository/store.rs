//! The metadata that is trusted, kept in memory and in files, and held to the floor on its way in.
//!
//! The library hands over what it has verified without asking whether it could be written, and in the middle of a
//! future: so it goes to memory here, and to the files afterwards, where an error is one.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sigstore_tuf::cache::MetadataStore;
use sigstore_tuf::transport::{self, FetchFuture};
use sigstore_tuf::{Error, Metadata, Root, Snapshot, Timestamp};

use super::floor::{Below, Floor};
use super::{FLOOR, RepositoryError, Settings};
use crate::bounded_read::read_bounded;
use crate::durable::{self, DoubleBuffered};
use crate::update::transport::Transport;

/// Bytes of a kept file at most; none of those that are accepted is larger.
const MAX: u64 = 8 * 1024 * 1024;

/// Shared by the library and the repository.
#[derive(Debug, Clone)]
pub(super) struct Store(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    directory: PathBuf,
    /// As in the files, or newer.
    files: BTreeMap<String, Vec<u8>>,
    /// What is newer.
    changed: BTreeSet<String>,
    /// The root that is trusted now: its keys decide which part of the floor counts.
    root: Option<Metadata<Root>>,
    floor: DoubleBuffered<Floor>,
    /// The floor as it will be kept.
    next: Floor,
}

impl Store {
    pub(super) fn open(settings: &Settings) -> Self {
        let floor = DoubleBuffered::open(&settings.floor, FLOOR)
            .unwrap_or_else(|| DoubleBuffered::new(&settings.floor, FLOOR, Floor::default()));
        Self(Arc::new(Mutex::new(Kept {
            directory: settings.metadata.clone(),
            files: BTreeMap::new(),
            changed: BTreeSet::new(),
            root: None,
            next: floor.value().clone(),
            floor,
        })))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the floor, or raises it; what is raised is kept by [`Store::keep`].
    pub(super) fn floor<R>(&self, with: impl FnOnce(&mut Floor) -> R) -> R {
        with(&mut self.kept().next)
    }

    /// A file that is trusted.
    pub(super) fn file(&self, name: &str) -> Option<Vec<u8>> {
        self.kept().read(name)
    }

    /// Writes what has changed: the files first, so that the floor never forbids what the files hold.
    pub(super) async fn keep(&self) -> Result<(), RepositoryError> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.kept().write())
            .await
            .unwrap_or_else(|error| Err(RepositoryError::Task(error)))
    }
}

impl Kept {
    fn read(&mut self, name: &str) -> Option<Vec<u8>> {
        if let Some(bytes) = self.files.get(name) {
            return Some(bytes.clone());
        }
        let bytes = read(&self.directory.join(name))?;
        self.files.insert(name.to_owned(), bytes.clone());
        Some(bytes)
    }

    fn write(&mut self) -> Result<(), RepositoryError> {
        // A root's history before the root, and the timestamp last of its kind: the names are in that order but for it.
        let mut names: Vec<String> = self.changed.iter().cloned().collect();
        names.sort_by_key(|name| (!name.starts_with(HISTORY), name == "timestamp.json"));
        for name in names {
            if let Some(bytes) = self.files.get(&name) {
                durable::write(&self.directory.join(&name), bytes, 0o644).map_err(RepositoryError::Keep)?;
            }
            self.changed.remove(&name);
        }
        let next = self.next.clone();
        self.floor.change(|floor| *floor = next).map_err(RepositoryError::KeepFloor)
    }

    /// Whether the floor admits this file. The library verifies it.
    fn judge(&self, name: &str, bytes: &[u8]) -> Result<(), Below> {
        let Some(root) = self.root.as_ref().map(Metadata::signed) else {
            return Ok(());
        };
        match role(name) {
            "timestamp" => {
                self.next.check_root(root.version)?;
                match (Metadata::<Timestamp>::from_slice(bytes), root.role("timestamp")) {
                    (Ok(metadata), Some(keys)) => self.next.check_timestamp(metadata.signed(), keys),
                    _ => Ok(()),
                }
            }
            "snapshot" => match (Metadata::<Snapshot>::from_slice(bytes), root.role("snapshot")) {
                (Ok(metadata), Some(keys)) => self.next.check_snapshot(metadata.signed(), keys),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

const HISTORY: &str = "root_history/";

/// The role that a file is of: `5.snapshot.json` and `snapshot.json` are the snapshot's.
fn role(name: &str) -> &str {
    let name = name.strip_suffix(".json").unwrap_or(name);
    match name.split_once('.') {
        Some((version, role)) if version.bytes().all(|byte| byte.is_ascii_digit()) => role,
        _ => name,
    }
}

/// A kept file; `None` when it is not there or cannot be read, which comes to the same: it is fetched again.
pub(super) fn read(path: &Path) -> Option<Vec<u8>> {
    match read_bounded(path, MAX) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(path = %path.display(), %error, "cannot read kept metadata, fetching it again");
            }
            None
        }
    }
}

impl MetadataStore for Store {
    /// What is kept is verified again like what is fetched, and counts only with a timestamp that was.
    fn load(&self, name: &str) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        Ok(self.file(name))
    }

    fn store(&self, name: &str, bytes: &[u8]) -> sigstore_tuf::Result<()> {
        // The library keeps a snapshot under both of its names, and targets too, which are not kept here.
        let versioned_snapshot = name != "snapshot.json" && role(name) == "snapshot";
        if versioned_snapshot || name.strip_prefix(HISTORY).unwrap_or(name).contains('/') {
            return Ok(());
        }
        let mut kept = self.kept();
        if name == "root.json" {
            kept.root = Some(Metadata::from_slice(bytes)?);
        }
        if kept.read(name).as_deref() != Some(bytes) {
            kept.files.insert(name.to_owned(), bytes.to_vec());
            kept.changed.insert(name.to_owned());
        }
        Ok(())
    }
}

/// Fetches for the library, and refuses what is below the floor before the library accepts it.
#[derive(Debug)]
pub(super) struct Fetcher {
    pub(super) transport: Transport,
    pub(super) store: Store,
}

impl transport::Repository for Fetcher {
    fn fetch_metadata<'a>(&'a self, name: &'a str, most: u64) -> FetchFuture<'a> {
        Box::pin(async move {
            let Some(bytes) = self.transport.metadata(name, most).await.map_err(failed)? else {
                return Ok(None);
            };
            self.store.kept().judge(name, &bytes).map_err(|below| Error::Rollback {
                role: below.role,
                trusted: below.trusted,
                new: below.offered,
            })?;
            Ok(Some(bytes.to_vec()))
        })
    }

    fn fetch_target<'a>(&'a self, path: &'a str, most: u64) -> FetchFuture<'a> {
        Box::pin(async move {
            let body = self.transport.target(path, 0, None).await.map_err(failed)?;
            body.whole(most).await.map(|bytes| Some(bytes.to_vec())).map_err(failed)
        })
    }
}

fn failed(error: crate::update::transport::TransportError) -> Error {
    Error::transport_with_source("the transport", error)
}
