//! The backlog beside the runtime: a disk that hangs holds up nothing but what needs it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::backlog::{Backlog, Kept, Oldest};
use super::request::Compressed;
use crate::durable::DurableError;

/// How long is waited for the disk.
const DISK: Duration = Duration::from_secs(5);

/// The disk does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hangs;

/// The only user of a [`Backlog`].
#[derive(Debug)]
pub(super) struct BacklogTask {
    data_dir: PathBuf,
    kind: &'static str,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Here(Backlog),
    /// On a thread that may block, which gives it back.
    Lent(oneshot::Receiver<Backlog>),
}

impl BacklogTask {
    /// Lists what is there.
    pub(super) fn open(data_dir: &Path, kind: &'static str) -> Self {
        let place = Place::Here(Backlog::open(data_dir, kind, Instant::now()));
        Self { data_dir: data_dir.to_owned(), kind, place }
    }

    /// Bytes on the disk; 0 while it hangs.
    pub(super) fn bytes(&self) -> u64 {
        match &self.place {
            Place::Here(backlog) => backlog.bytes(),
            Place::Lent(_) => 0,
        }
    }

    /// [`Backlog::has_room`]; there is none while the disk hangs.
    pub(super) fn has_room(&self) -> bool {
        match &self.place {
            Place::Here(backlog) => backlog.has_room(Instant::now()),
            Place::Lent(_) => false,
        }
    }

    /// [`Backlog::oldest`].
    pub(super) async fn oldest(&mut self) -> Result<Oldest, Hangs> {
        if let Place::Here(backlog) = &self.place
            && backlog.is_empty()
        {
            return Ok(Oldest { request: None, damaged: 0 });
        }
        self.with(|backlog| backlog.oldest(Instant::now())).await
    }

    /// [`Backlog::put`].
    pub(super) async fn put(&mut self, request: Compressed) -> Result<Result<Kept, DurableError>, Hangs> {
        self.with(move |backlog| backlog.put(&request, Instant::now())).await
    }

    /// [`Backlog::remove_oldest`].
    pub(super) async fn remove_oldest(&mut self) -> Result<Result<(), DurableError>, Hangs> {
        self.with(|backlog| backlog.remove_oldest(Instant::now())).await
    }

    /// Nothing is lost when it is cancelled: what was begun goes on, and the backlog comes back.
    async fn with<R: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Backlog) -> R + Send + 'static,
    ) -> Result<R, Hangs> {
        if let Place::Lent(returned) = &mut self.place {
            let backlog = timeout(DISK, returned).await.map_err(|_| Hangs)?;
            // A thread that panicked gives nothing back.
            let backlog = backlog.unwrap_or_else(|_| Backlog::open(&self.data_dir, self.kind, Instant::now()));
            self.place = Place::Here(backlog);
        }
        let (give_back, returned) = oneshot::channel();
        let Place::Here(mut backlog) = std::mem::replace(&mut self.place, Place::Lent(returned)) else {
            return Err(Hangs);
        };
        let (tell, result) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let done = work(&mut backlog);
            // Whoever does not wait any more asks again.
            let _ = give_back.send(backlog);
            let _ = tell.send(done);
        });
        let done = timeout(DISK, result).await.ok().and_then(Result::ok).ok_or(Hangs)?;
        if let Place::Lent(returned) = &mut self.place
            && let Ok(backlog) = returned.try_recv()
        {
            self.place = Place::Here(backlog);
        }
        Ok(done)
    }
}
