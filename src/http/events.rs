//! Server-sent events (HTML Living Standard section 9.2): tell a page that there is something new
//! to ask for.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, ReusableBoxFuture};

/// Streams at once; a page that gets none polls instead.
const MAX: usize = 64;

/// Gives out streams of changes, as many as there is room for.
#[derive(Debug)]
pub(super) struct Source {
    changes: watch::Receiver<u64>,
    heartbeat: Duration,
    room: Arc<Semaphore>,
    closing: CancellationToken,
}

impl Source {
    /// `changes` counts what has changed; `closing` ends all streams; a stream is never silent
    /// for longer than `heartbeat`.
    pub(super) fn new(changes: watch::Receiver<u64>, heartbeat: Duration, closing: CancellationToken) -> Self {
        Self { changes, heartbeat, room: Arc::new(Semaphore::new(MAX)), closing }
    }

    /// A stream that begins with the present count; `None` when there are too many.
    pub(super) fn open(&self) -> Option<Events> {
        let mut changes = self.changes.clone();
        changes.mark_changed();
        let state = State {
            changes,
            heartbeat: self.heartbeat,
            closing: self.closing.clone(),
            _room: Arc::clone(&self.room).try_acquire_owned().ok()?,
        };
        Some(Events { next: ReusableBoxFuture::new(state.next()) })
    }
}

/// What one stream needs.
struct State {
    changes: watch::Receiver<u64>,
    heartbeat: Duration,
    closing: CancellationToken,
    _room: OwnedSemaphorePermit,
}

impl State {
    async fn next(mut self) -> Option<(Bytes, Self)> {
        let changed = tokio::select! {
            biased;
            () = self.closing.cancelled() => return None,
            changed = self.changes.changed() => changed.is_ok(),
            // A line that starts with a colon is a comment.
            () = sleep(self.heartbeat) => return Some((Bytes::from_static(b":\n\n"), self)),
        };
        if !changed {
            return None;
        }
        let count = *self.changes.borrow_and_update();
        Some((Bytes::from(format!("data: {count}\n\n")), self))
    }
}

/// One stream.
pub(super) struct Events {
    next: ReusableBoxFuture<'static, Option<(Bytes, State)>>,
}

impl Events {
    /// The next piece, or the end.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.next.poll(cx).map(|piece| {
            let (bytes, state) = piece?;
            self.next.set(state.next());
            Some(bytes)
        })
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    fn with_clock(test: impl AsyncFnOnce()) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async { test().await });
    }

    async fn next(events: &mut Events) -> Option<Bytes> {
        poll_fn(|cx| events.poll_next(cx)).await
    }

    #[test]
    fn the_count_first_then_changes_then_signs_of_life_then_the_end() {
        with_clock(async || {
            let (sender, changes) = watch::channel(7);
            let closing = CancellationToken::new();
            let source = Source::new(changes, Duration::from_secs(15), closing.clone());
            let mut events = source.open().expect("room");
            assert_eq!(next(&mut events).await.as_deref(), Some(&b"data: 7\n\n"[..]));
            sender.send_replace(8);
            assert_eq!(next(&mut events).await.as_deref(), Some(&b"data: 8\n\n"[..]));
            assert_eq!(next(&mut events).await.as_deref(), Some(&b":\n\n"[..]));
            closing.cancel();
            assert_eq!(next(&mut events).await, None);
        });
    }

    #[test]
    fn there_is_room_for_some_and_it_is_given_back() {
        let (_sender, changes) = watch::channel(0);
        let source = Source::new(changes, Duration::from_secs(15), CancellationToken::new());
        let mut all: Vec<Events> = (0..MAX).map(|_| source.open().expect("room")).collect();
        assert!(source.open().is_none());
        all.pop();
        assert!(source.open().is_some());
    }
}
