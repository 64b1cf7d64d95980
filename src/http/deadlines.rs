//! When a connection has had its time: slow heads, silence, and answers that nobody reads.
//!
//! One lazily armed timer a connection watches all three, so a request costs a glance at
//! the clock and no timer operation.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::metrics::{Metrics, Reason};

/// How long a peer may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// From a head's first octet to its end.
    pub(super) head: Duration,
    /// Without an octet in either direction.
    pub(super) idle: Duration,
    /// Without the peer taking an octet of an answer that is being written.
    pub(super) write_stall: Duration,
}

/// What a connection has been doing; shared by its stream, its service and its task, which
/// all live on one thread.
#[derive(Debug)]
pub(super) struct Activity {
    timeouts: Timeouts,
    last: Cell<Instant>,
    /// When the first octet of a head came that is not complete yet.
    head: Cell<Option<Instant>>,
    /// Since when a write waits for the peer.
    stalled: Cell<Option<Instant>>,
}

impl Activity {
    pub(super) fn new(timeouts: Timeouts) -> Rc<Self> {
        let now = Instant::now();
        // A peer that connects and says nothing gets the time of a head, not that of an idle
        // connection.
        Rc::new(Self { timeouts, last: Cell::new(now), head: Cell::new(Some(now)), stalled: Cell::new(None) })
    }

    /// A head is complete.
    pub(super) fn head_complete(&self) {
        self.head.set(None);
    }

    /// When the connection is overdue, if nothing happens until then.
    pub(super) fn due(&self) -> Instant {
        self.earliest().0
    }

    /// Why the connection is overdue at `now`, if it is.
    pub(super) fn overdue(&self, now: Instant) -> Option<Reason> {
        let (due, reason) = self.earliest();
        (due <= now).then_some(reason)
    }

    fn earliest(&self) -> (Instant, Reason) {
        let mut earliest = (self.last.get() + self.timeouts.idle, Reason::Idle);
        if let Some(since) = self.stalled.get() {
            earliest = sooner(earliest, (since + self.timeouts.write_stall, Reason::WriteStall));
        }
        if let Some(since) = self.head.get() {
            earliest = sooner(earliest, (since + self.timeouts.head, Reason::HeaderTimeout));
        }
        earliest
    }

    fn has_read(&self) {
        let now = Instant::now();
        self.last.set(now);
        if self.head.get().is_none() {
            self.head.set(Some(now));
        }
    }

    fn has_written(&self) {
        let now = Instant::now();
        self.last.set(now);
        self.stalled.set(None);
        // The start of the next head may have come early, while an answer is still on its way:
        // its time counts from the end of that answer.
        if self.head.get().is_some() {
            self.head.set(Some(now));
        }
    }

    fn waits_to_write(&self) {
        if self.stalled.get().is_none() {
            self.stalled.set(Some(Instant::now()));
        }
    }
}

fn sooner(one: (Instant, Reason), other: (Instant, Reason)) -> (Instant, Reason) {
    if other.0 < one.0 { other } else { one }
}

/// A stream that keeps an [`Activity`] and counts what it writes.
pub(super) struct Watched<S> {
    stream: S,
    activity: Rc<Activity>,
    metrics: Arc<Metrics>,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, activity: Rc<Activity>, metrics: Arc<Metrics>) -> Self {
        Self { stream, activity, metrics }
    }

    fn note_write(&self, result: &Poll<io::Result<usize>>) {
        match result {
            Poll::Ready(Ok(octets)) => {
                self.activity.has_written();
                self.metrics.sent(*octets as u64);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.activity.waits_to_write(),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.has_read();
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note_write(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.note_write(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        if result.is_pending() {
            self.activity.waits_to_write();
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUTS: Timeouts =
        Timeouts { head: Duration::from_secs(10), idle: Duration::from_secs(75), write_stall: Duration::from_secs(30) };

    fn after(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    // The clock of a paused runtime moves only when told to: no test here waits.
    fn with_clock(test: impl AsyncFnOnce(Rc<Activity>)) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async { test(Activity::new(TIMEOUTS)).await });
    }

    #[test]
    fn a_slow_head_is_overdue_however_often_an_octet_comes() {
        with_clock(async |activity| {
            for _ in 0..9 {
                tokio::time::advance(after(1)).await;
                activity.has_read();
                assert_eq!(activity.overdue(Instant::now()), None);
            }
            tokio::time::advance(after(1)).await;
            assert_eq!(activity.overdue(Instant::now()), Some(Reason::HeaderTimeout));
        });
    }

    #[test]
    fn between_requests_there_is_more_time() {
        with_clock(async |activity| {
            activity.has_read();
            activity.head_complete();
            activity.has_written();
            tokio::time::advance(after(74)).await;
            assert_eq!(activity.overdue(Instant::now()), None);
            tokio::time::advance(after(1)).await;
            assert_eq!(activity.overdue(Instant::now()), Some(Reason::Idle));
        });
    }

    #[test]
    fn a_peer_that_stops_reading_is_overdue_and_one_that_reads_slowly_is_not() {
        with_clock(async |activity| {
            activity.head_complete();
            activity.waits_to_write();
            tokio::time::advance(after(29)).await;
            activity.has_written();
            activity.waits_to_write();
            tokio::time::advance(after(29)).await;
            assert_eq!(activity.overdue(Instant::now()), None);
            tokio::time::advance(after(1)).await;
            assert_eq!(activity.overdue(Instant::now()), Some(Reason::WriteStall));
        });
    }

    #[test]
    fn a_pipelined_start_of_a_head_waits_for_the_answer_before_it() {
        with_clock(async |activity| {
            activity.head_complete();
            activity.has_read();
            for _ in 0..5 {
                tokio::time::advance(after(9)).await;
                activity.has_written();
            }
            assert_eq!(activity.overdue(Instant::now()), None);
            tokio::time::advance(after(10)).await;
            assert_eq!(activity.overdue(Instant::now()), Some(Reason::HeaderTimeout));
        });
    }
}
