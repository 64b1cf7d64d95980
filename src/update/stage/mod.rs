//! A verified binary comes into the idle slot.
//!
//! ```text
//! have it already? ─> download (delta, else full) ─> unpack beside the slot's file ─> hash ─> run --version ─> hash again
//!                                                                                                  │
//!                            table: slot holds it <── rename, sync directory <── table: slot empty ┘
//! ```
//!
//! Until the new binary has shown that it is what it should be, the slot keeps the one before, and the table with it: a
//! bad release, a full disk or a power cut costs nothing. Only then does the table record that the
//! slot is empty, and then what it holds once the file is durable. A lock keeps two updaters apart from the first step
//! until the trial begins.

mod self_run;
mod sink;
mod unpack;

use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use thiserror::Error;
use tokio::task::JoinError;
use tokio::time::{Instant, sleep};

pub(crate) use self::self_run::SelfRunError;
pub use self::unpack::Base;
pub(crate) use self::unpack::UnpackError;

use super::blocking::blocking;
use super::delta;
use super::download::{DownloadError, Downloads, Progress};
use super::paths::UpdatePaths;
use super::repository::Target;
use super::space::{self, NoSpace};
use super::transport::Transport;
use crate::digest;
use crate::durable::{self, DurableError, Finished, Lock, RecordError};
use crate::slots::{self, Image, Slot, Store, TableError};

/// Bytes of a binary at most.
pub(crate) const MAX_BINARY: u64 = 256 * 1024 * 1024;
/// The downloads' directory beside what else the updates keep.
const DOWNLOADS: &str = "download";
/// The lock's file there.
const LOCK: &str = "lock";
/// How long an update waits for the end of another of this process, which was given up for it: a binary is unpacked
/// within it.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it looks.
const PERIOD: Duration = Duration::from_millis(20);

/// The table of slots, which more than one part of the box looks at.
pub(crate) type Slots = Arc<Mutex<Store>>;

/// What to stage, and what it can be had from.
#[derive(Debug, Clone)]
pub struct StageRequest {
    /// The binary.
    pub image: Image,
    /// The target that holds it, packed by zstd.
    pub full: Target,
    /// The target that holds the difference to another binary, and that.
    pub delta: Option<(Target, Base)>,
}

/// A binary in a slot, verified and entered in the table. There is no other way to a trial.
#[derive(Debug)]
pub struct Staged {
    /// The slot.
    pub slot: Slot,
    /// Bytes that came over the network for it.
    pub bytes_downloaded: u64,
    /// Whether it was made from the difference to another.
    pub(crate) used_delta: bool,
    slots: Slots,
    downloads: Downloads,
    _lock: Arc<Lock>,
}

/// Why a binary could not be staged. What runs is untouched by all of them.
#[derive(Debug, Error)]
pub enum StageError {
    /// Another updater is at work.
    #[error("another update is under way on this box: wait until it is done")]
    Busy,
    /// The lock, or the new file.
    #[error("cannot stage the new binary")]
    Disk(#[from] DurableError),
    /// The disk is full, or nearly so.
    #[error(transparent)]
    Space(#[from] NoSpace),
    /// It is larger than any.
    #[error("the new binary has {0} bytes, more than the {MAX_BINARY} that one may have")]
    TooLarge(u64),
    /// It could not be had.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// It could not be unpacked.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// It is not what the manifest says, or does not run.
    #[error(transparent)]
    SelfRun(#[from] SelfRunError),
    /// It is not on the disk as it was written.
    #[error("the new binary {} is not on the disk as it was written: the disk may be failing", .0.display())]
    Rotten(PathBuf),
    /// The slot's file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file on this box.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The table does not allow it.
    #[error("the slots are not free for an update")]
    Table(#[from] TableError),
    /// The table cannot be kept.
    #[error("cannot keep the table of slots")]
    Record(#[from] RecordError),
    /// The program ends, or has a fault.
    #[error("staging was stopped")]
    Stopped(#[from] JoinError),
}

/// Stages binaries.
#[derive(Debug, Clone)]
pub struct Stager {
    paths: UpdatePaths,
    slots: Slots,
    downloads: Downloads,
    /// The lock, while this process has it.
    held: Arc<Mutex<Weak<Lock>>>,
}

impl Stager {
    /// Stages into the slots of a data directory, and downloads at most this many KiB/s.
    #[must_use]
    pub fn new(paths: &UpdatePaths, slots: Slots, rate: Option<NonZeroU32>) -> Self {
        let downloads = Downloads::new(paths.update.join(DOWNLOADS), rate);
        Self { paths: paths.clone(), slots, downloads, held: Arc::default() }
    }

    /// A binary that a slot holds already; `None` when none does. It needs no network: this is an operator's rollback.
    pub(crate) async fn held(&self, image: &Image) -> Result<Option<Staged>, StageError> {
        let lock = self.lock().await?;
        self.held_under(&lock, image).await
    }

    /// Brings a binary into the idle slot from a file of this machine: the factory's own.
    pub(crate) async fn copy(&self, from: &Path, image: &Image) -> Result<Staged, StageError> {
        let lock = self.lock().await?;
        let slot = table(&self.slots).value().idle()?;
        let directory = self.paths.slots.clone();
        let size = image.size;
        blocking::<_, StageError>(move || {
            discard_unfinished(&directory)?;
            Ok(space::check(&directory, size)?)
        })
        .await?;
        let (from, path, wanted) = (from.to_owned(), self.binary(slot), image.clone());
        let copied =
            self.unpacked(image.size, &lock, move || unpack::copy(&from, &path, &wanted.sha256, wanted.size)).await?;
        self.verify(copied.temporary(), image).await?;
        self.enter(slot, copied, image, &lock).await?;
        Ok(self.staged(slot, 0, false, lock))
    }

    /// Downloads what the binary is made from, and leaves the slots alone: the one that an update goes into holds the
    /// binary that a rollback goes back to. [`Stager::stage`] needs no network after it.
    pub(crate) async fn fetch(
        &self,
        transport: &Transport,
        order: &StageRequest,
        progress: &dyn Fn(Progress),
    ) -> Result<(), StageError> {
        let lock = self.lock().await?;
        if table(&self.slots).value().holding(&order.image.sha256).is_some() {
            return Ok(());
        }
        if order.image.size > MAX_BINARY {
            return Err(StageError::TooLarge(order.image.size));
        }
        self.make_room(order).await?;
        if let Some((target, _)) = worthwhile_delta(order) {
            match self.downloads.fetch(transport, target, &lock, progress).await {
                Ok(_) => return Ok(()),
                Err(error) if !error.is_of_the_repository() => return Err(error.into()),
                Err(error) => {
                    let error = crate::error_chain(&error);
                    tracing::warn!(error, "the delta cannot be fetched, fetching the full binary");
                }
            }
        }
        self.downloads.fetch(transport, &order.full, &lock, progress).await?;
        Ok(())
    }

    /// Brings a binary into the idle slot, over the network as far as it is not here. It may be given up at any time.
    pub async fn stage(
        &self,
        transport: &Transport,
        order: &StageRequest,
        progress: &dyn Fn(Progress),
    ) -> Result<Staged, StageError> {
        let lock = self.lock().await?;
        if let Some(staged) = self.held_under(&lock, &order.image).await? {
            return Ok(staged);
        }
        if order.image.size > MAX_BINARY {
            return Err(StageError::TooLarge(order.image.size));
        }
        let slot = table(&self.slots).value().idle()?;
        self.make_room(order).await?;
        let new = self.fetch_binary(transport, order, slot, &lock, progress).await?;
        let New { file, used_delta } = new;
        self.verify(file.temporary(), &order.image).await?;
        // Before they are removed.
        let bytes_downloaded = self.received(order).await?;
        self.enter(slot, file, &order.image, &lock).await?;
        Ok(self.staged(slot, bytes_downloaded, used_delta, lock))
    }

    /// Takes the lock, and reads the table as it is under it: another process may have changed it.
    async fn lock(&self) -> Result<Arc<Lock>, StageError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (path, directory) = (self.paths.update.join(LOCK), self.paths.slots.clone());
            let (slots, held) = (Arc::clone(&self.slots), Arc::clone(&self.held));
            let was_held = self.is_held();
            let taken = blocking(move || {
                let lock = Arc::new(Lock::take(&path)?.ok_or(StageError::Busy)?);
                *held.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&lock);
                if let Some(kept) = slots::open(&directory) {
                    *table(&slots) = kept;
                }
                Ok(lock)
            });
            match taken.await {
                // An update of this process that was given up is, or was a moment ago, at its last piece.
                Err(StageError::Busy) if (was_held || self.is_held()) && Instant::now() < deadline => {
                    sleep(PERIOD).await;
                }
                taken => return taken,
            }
        }
    }

    fn is_held(&self) -> bool {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).strong_count() > 0
    }

    async fn held_under(&self, lock: &Arc<Lock>, image: &Image) -> Result<Option<Staged>, StageError> {
        let Some(slot) = table(&self.slots).value().holding(&image.sha256) else { return Ok(None) };
        let path = self.binary(slot);
        match self.verify(&path, image).await {
            Ok(()) => Ok(Some(self.staged(slot, 0, false, Arc::clone(lock)))),
            Err(StageError::Rotten(_) | StageError::Read { .. }) => {
                tracing::warn!(path = %path.display(), "the slot's binary is damaged or missing, fetching it again");
                let slots = Arc::clone(&self.slots);
                blocking::<_, StageError>(move || {
                    Ok(table(&slots).change(|table| table.mark_missing(slot, "it differs from what was staged"))?)
                })
                .await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes old downloads and unfinished binaries, and looks whether there is room for the new one.
    async fn make_room(&self, order: &StageRequest) -> Result<(), StageError> {
        let (downloads, order, directory) = (self.downloads.clone(), order.clone(), self.paths.slots.clone());
        blocking(move || {
            let mut kept = vec![&order.full];
            kept.extend(order.delta.as_ref().map(|(target, _)| target));
            downloads.keep_only(&kept)?;
            discard_unfinished(&directory)?;
            Ok(space::check(&directory, order.image.size.saturating_add(order.full.length))?)
        })
        .await
    }

    /// Downloads and unpacks.
    async fn fetch_binary(
        &self,
        transport: &Transport,
        order: &StageRequest,
        slot: Slot,
        lock: &Arc<Lock>,
        progress: &dyn Fn(Progress),
    ) -> Result<New, StageError> {
        if let Some((target, base)) = worthwhile_delta(order) {
            match self.fetch_delta(transport, order, (target, base), slot, lock, progress).await {
                Ok(file) => return Ok(New { file, used_delta: true }),
                Err(error) if !is_the_deltas(&error) => return Err(error),
                Err(error) => {
                    let error = crate::error_chain(&error);
                    tracing::warn!(error, "the delta cannot be applied, fetching the full binary");
                }
            }
        }
        let packed = self.downloads.fetch(transport, &order.full, lock, progress).await?;
        let (path, image) = (self.binary(slot), order.image.clone());
        let file = self.unpacked(image.size, lock, move || unpack::full(&packed, &path, &image.sha256, image.size));
        Ok(New { file: file.await?, used_delta: false })
    }

    async fn fetch_delta(
        &self,
        transport: &Transport,
        order: &StageRequest,
        (target, base): (&Target, &Base),
        slot: Slot,
        lock: &Arc<Lock>,
        progress: &dyn Fn(Progress),
    ) -> Result<Finished, StageError> {
        let patch = self.downloads.fetch(transport, target, lock, progress).await?;
        let (new, base, image) = (self.binary(slot), base.clone(), order.image.clone());
        self.unpacked(image.size, lock, move || unpack::delta(&base, &patch, &new, &image.sha256, image.size)).await
    }

    /// Bytes that have come for a binary in all attempts, before restarts and before its hour too.
    async fn received(&self, order: &StageRequest) -> Result<u64, StageError> {
        let (downloads, order) = (self.downloads.clone(), order.clone());
        blocking(move || {
            let delta = order.delta.as_ref().map_or(0, |(target, _)| downloads.received(target));
            Ok(downloads.received(&order.full).saturating_add(delta))
        })
        .await
    }

    /// Unpacks beside the runtime, with the lock: it goes on for a moment when the update is given up.
    async fn unpacked(
        &self,
        size: u64,
        lock: &Arc<Lock>,
        unpack: impl FnOnce() -> Result<Finished, UnpackError> + Send + 'static,
    ) -> Result<Finished, StageError> {
        let (directory, lock) = (self.paths.slots.clone(), Arc::clone(lock));
        let unpacked = blocking::<_, StageError>(move || match unpack() {
            // In this order: a file that nobody waits for any more is removed before the lock is given up.
            Ok(file) => Ok((file, lock)),
            Err(error) if error.is_full() => Err(space::ran_out(&directory, size).into()),
            Err(error) => Err(error.into()),
        });
        unpacked.await.map(|(file, _lock)| file)
    }

    /// Whether a file is this binary, and runs.
    async fn verify(&self, path: &Path, image: &Image) -> Result<(), StageError> {
        has_digest(path, image).await?;
        self_run::check(path, &image.version).await?;
        // What the next start reads comes from the disk, and nothing since has shown what is there.
        has_digest(path, image).await
    }

    /// Puts the file in the slot, and the binary in the table.
    async fn enter(&self, slot: Slot, file: Finished, image: &Image, lock: &Arc<Lock>) -> Result<(), StageError> {
        let (slots, image, lock, downloads) =
            (Arc::clone(&self.slots), image.clone(), Arc::clone(lock), self.downloads.clone());
        let directory = self.paths.slots.clone();
        blocking(move || {
            table(&slots).change(|table| table.clear(slot))??;
            file.commit()?;
            slots::record(&directory, slot, &image)?;
            table(&slots).change(|table| table.stage(slot, image))??;
            downloads.keep_only(&[])?;
            drop(lock);
            Ok(())
        })
        .await
    }

    fn staged(&self, slot: Slot, bytes_downloaded: u64, used_delta: bool, lock: Arc<Lock>) -> Staged {
        let (slots, downloads) = (Arc::clone(&self.slots), self.downloads.clone());
        Staged { slot, bytes_downloaded, used_delta, slots, downloads, _lock: lock }
    }

    fn binary(&self, slot: Slot) -> PathBuf {
        slots::binary(&self.paths.slots, slot)
    }
}

impl Staged {
    /// The next starts are of this binary, until it is confirmed or its tries are spent.
    pub async fn begin_trial(self) -> Result<(), StageError> {
        let Self { slot, slots, downloads, _lock: lock, .. } = self;
        blocking(move || {
            table(&slots).change(|table| table.begin_trial(slot))??;
            // What a power cut has left of a download whose binary had come into its slot before it. Not worth the trial.
            if let Err(error) = downloads.keep_only(&[]) {
                tracing::warn!(error = crate::error_chain(&error), "a download cannot be removed");
            }
            drop(lock);
            Ok(())
        })
        .await
    }
}

/// A binary that does not have its name yet.
struct New {
    file: Finished,
    used_delta: bool,
}

async fn has_digest(path: &Path, image: &Image) -> Result<(), StageError> {
    let (path, size, sha256) = (path.to_owned(), image.size, image.sha256.clone());
    blocking(move || match digest::of_file(&path, size) {
        Ok(Some(digest)) if digest == sha256 => Ok(()),
        Ok(_) => Err(StageError::Rotten(path)),
        Err(source) => Err(StageError::Read { path, source }),
    })
    .await
}

/// The delta, where it is less than the full binary and can be applied.
fn worthwhile_delta(order: &StageRequest) -> Option<&(Target, Base)> {
    order.delta.as_ref().filter(|(target, _)| {
        target.length < order.full.length.min(delta::MAX_PATCH) && order.image.size <= delta::MAX_BASE
    })
}

/// Whether the full binary may do where the delta did not: not where the network or the disk is at fault.
fn is_the_deltas(error: &StageError) -> bool {
    match error {
        StageError::Download(error) => error.is_of_the_repository(),
        StageError::Unpack(error) => !matches!(error, UnpackError::Write(_)),
        // A decoder that panicked; when the program ends, the full one is not fetched either.
        StageError::Stopped(_) => true,
        _ => false,
    }
}

/// Removes the binaries that an update which was cut off was writing, in either slot: the holder of the lock
/// writes none now. They would take up the room for this one.
fn discard_unfinished(directory: &Path) -> Result<(), DurableError> {
    Slot::ALL.into_iter().try_for_each(|slot| durable::discard(&slots::binary(directory, slot)))
}

/// The table, whatever happened to another who looked at it: a change is all or nothing.
fn table(slots: &Slots) -> MutexGuard<'_, Store> {
    slots.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
