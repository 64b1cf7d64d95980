//! Reading files that stay on the disk, away from the threads that serve: a disk takes its time, and a dying one does not
//! come back at all.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::timeouts::DISK_READ;
use super::timers::Timers;
use crate::site::OnDisk;

/// Bytes that are read at once. Of each answer under way, one piece is being written and one being read at most.
const PIECE: usize = 64 * 1024;
/// Reads at once, of all workers together.
const MAX_READS: usize = 4;

/// Who reads; one for the whole process.
#[derive(Debug, Clone)]
pub(super) struct DiskReads {
    turns: Arc<Semaphore>,
    timers: Timers,
}

impl DiskReads {
    pub(super) fn new(timers: Timers) -> Self {
        Self { turns: Arc::new(Semaphore::new(MAX_READS)), timers }
    }

    async fn read(turns: Arc<Semaphore>, file: Arc<OnDisk>, at: usize, length: usize) -> io::Result<Bytes> {
        let read = async move {
            let permit = turns.acquire_owned().await.map_err(io::Error::other)?;
            // Made here, where it is also given back: a buffer that goes from one thread to another stays in the allocator's
            // memory of both.
            let buffer = vec![0; length];
            // The permit goes along, since a read that is not waited for any more still counts; and comes back, so that the
            // thread is free for the next read.
            let (_permit, read) = spawn_blocking(move || (permit, file.read(at, buffer))).await?;
            read
        };
        timeout(DISK_READ, read).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// A part of a file, piece by piece: the next is read only when the one before is written.
pub(super) struct FilePart {
    file: Arc<OnDisk>,
    next: usize,
    end: usize,
    reads: DiskReads,
    reading: Option<Pin<Box<dyn Future<Output = io::Result<Bytes>>>>>,
}

impl FilePart {
    /// From `first` up to `end`, which is not part of it.
    pub(super) fn new(file: Arc<OnDisk>, first: usize, end: usize, reads: DiskReads) -> Self {
        Self { file, next: first, end, reads, reading: None }
    }

    /// Bytes that are still to come.
    pub(super) fn length(&self) -> usize {
        self.end.saturating_sub(self.next)
    }

    /// The next piece; an error is the end, and ends the connection: its length is promised already.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let length = self.length().min(PIECE);
        if length == 0 {
            return Poll::Ready(None);
        }
        let Self { file, next, reads, reading, .. } = self;
        let read = reading.get_or_insert_with(|| {
            Box::pin(reads.timers.lend(DiskReads::read(Arc::clone(&reads.turns), Arc::clone(file), *next, length)))
        });
        let piece = ready!(read.as_mut().poll(cx));
        self.reading = None;
        match &piece {
            Ok(bytes) => self.next += bytes.len(),
            Err(error) => {
                tracing::warn!(path = self.file.path(), %error, "a file cannot be sent completely: closing the connection");
                self.next = self.end;
            }
        }
        Poll::Ready(Some(piece))
    }
}

impl fmt::Debug for FilePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePart").field("file", &self.file).field("next", &self.next).finish_non_exhaustive()
    }
}
