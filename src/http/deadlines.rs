//! When a connection has had its time: slow heads, silence, and answers that nobody reads; and
//! when it may rest.
//!
//! One lazily armed timer a connection watches all of it, so a request costs a glance at the
//! clock and no timer operation.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
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

/// After this long between requests, a connection gives its buffers back. Displays ask every
/// few seconds, so most connections of a workshop rest most of the time.
const REST_AFTER: Duration = Duration::from_secs(1);

/// How long a stopping box still waits for the request of a peer that has connected. A connection is accepted before its
/// first octet is there, and closing it then would lose a request in every restart; but a browser also connects in
/// advance and says nothing, and nobody is served before the last such connection has ended.
const LAST_WORD: Duration = Duration::from_secs(1);

/// What is due on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// It is between requests and may give its buffers back.
    Rest,
    /// It is to be closed.
    Overdue(Reason),
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
    /// Answers whose body is not all handed over.
    answering: Cell<u32>,
    resting: Cell<bool>,
    /// Since when the box waits for nothing but the rest of a head.
    stopping: Cell<Option<Instant>>,
}

/// An answer under way, until dropped.
#[derive(Debug)]
pub(super) struct Answering(Rc<Activity>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answering.set(self.0.answering.get() - 1);
    }
}

impl Activity {
    pub(super) fn new(timeouts: Timeouts) -> Rc<Self> {
        let now = Instant::now();
        // A peer that connects and says nothing gets the time of a head, not that of an idle
        // connection.
        Rc::new(Self {
            timeouts,
            last: Cell::new(now),
            head: Cell::new(Some(now)),
            stalled: Cell::new(None),
            answering: Cell::new(0),
            resting: Cell::new(false),
            stopping: Cell::new(None),
        })
    }

    /// A head is complete, and its answer begins; it is under way until what this gives is
    /// dropped.
    pub(super) fn begin_answer(self: &Rc<Self>) -> Answering {
        self.head.set(None);
        self.answering.set(self.answering.get() + 1);
        Answering(Rc::clone(self))
    }

    /// The head of an answer is made; gives the time since the last octets came.
    pub(super) fn answered(&self) -> Duration {
        let now = Instant::now();
        now.saturating_duration_since(self.last.replace(now))
    }

    /// The connection has given its buffers back, until the peer speaks again.
    pub(super) fn rest(&self) {
        self.resting.set(true);
    }

    /// Whether a request is on its way, or is to be expected since the peer has only just connected: a stopping box
    /// waits for it for [`LAST_WORD`].
    pub(super) fn has_last_word(&self) -> bool {
        if self.head.get().is_none() {
            return false;
        }
        if self.stopping.get().is_none() {
            self.stopping.set(Some(Instant::now()));
        }
        true
    }

    /// What comes next if nothing happens, and when.
    pub(super) fn due(&self) -> (Instant, Due) {
        let idle = self.last.get();
        let mut earliest = (idle + self.timeouts.idle, Due::Overdue(Reason::Idle));
        match (self.head.get(), self.stalled.get()) {
            (None, None) if self.answering.get() == 0 && !self.resting.get() => {
                earliest = sooner(earliest, (idle + REST_AFTER, Due::Rest));
            }
            (head, stalled) => {
                if let Some(since) = stalled {
                    earliest = sooner(earliest, (since + self.timeouts.write_stall, Due::Overdue(Reason::WriteStall)));
                }
                if let Some(since) = head {
                    earliest = sooner(earliest, (since + self.timeouts.head, Due::Overdue(Reason::HeaderTimeout)));
                    if let Some(stopping) = self.stopping.get() {
                        earliest = sooner(earliest, (stopping + LAST_WORD, Due::Overdue(Reason::HeaderTimeout)));
                    }
                }
            }
        }
        earliest
    }

    fn has_read(&self) {
        let now = Instant::now();
        self.last.set(now);
        self.resting.set(false);
        if self.head.get().is_none() {
            self.head.set(Some(now));
        }
    }

    fn has_written(&self) {
        // The usual case, an answer that the kernel takes whole: it was made just now, and that
        // is known already, so the clock is left alone.
        if self.answering.get() == 0 && self.stalled.get().is_none() && self.head.get().is_none() {
            return;
        }
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

fn sooner(one: (Instant, Due), other: (Instant, Due)) -> (Instant, Due) {
    if other.0 < one.0 { other } else { one }
}

/// A stream that keeps an [`Activity`] and counts what it writes.
pub(super) struct Watched<S> {
    stream: S,
    /// Octets that were read and given back; they are read first.
    unread: Bytes,
    activity: Rc<Activity>,
    metrics: Arc<Metrics>,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, activity: Rc<Activity>, metrics: Arc<Metrics>) -> Self {
        Self { stream, unread: Bytes::new(), activity, metrics }
    }

    /// Gives back octets that were read too early.
    pub(super) fn unread(&mut self, octets: Bytes) {
        self.unread = octets;
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
        if !self.unread.is_empty() {
            let count = buffer.remaining().min(self.unread.len());
            buffer.put_slice(&self.unread.split_to(count));
            return Poll::Ready(Ok(()));
        }
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

    /// What is due now, if anything is.
    fn due(activity: &Activity) -> Option<Due> {
        let (at, due) = activity.due();
        (at <= Instant::now()).then_some(due)
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
                assert_eq!(due(&activity), None);
            }
            tokio::time::advance(after(1)).await;
            assert_eq!(due(&activity), Some(Due::Overdue(Reason::HeaderTimeout)));
        });
    }

    #[test]
    fn a_stopping_box_waits_a_moment_for_a_request_that_is_to_be_expected() {
        with_clock(async |activity| {
            tokio::time::advance(after(2)).await;
            assert!(activity.has_last_word(), "it has connected, and its request is on its way");
            tokio::time::advance(LAST_WORD.saturating_sub(Duration::from_millis(1))).await;
            assert_eq!(due(&activity), None);
            activity.has_read();
            assert!(activity.has_last_word(), "half a head");
            tokio::time::advance(Duration::from_millis(1)).await;
            assert_eq!(due(&activity), Some(Due::Overdue(Reason::HeaderTimeout)));
            drop(activity.begin_answer());
            assert!(!activity.has_last_word(), "nothing more is expected after an answer");
        });
    }

    #[test]
    fn between_requests_there_is_more_time_and_rest() {
        with_clock(async |activity| {
            activity.has_read();
            drop(activity.begin_answer());
            activity.has_written();
            assert_eq!(due(&activity), None);
            tokio::time::advance(REST_AFTER).await;
            assert_eq!(due(&activity), Some(Due::Rest));
            activity.rest();
            tokio::time::advance(Duration::from_millis(73_999)).await;
            assert_eq!(due(&activity), None);
            tokio::time::advance(Duration::from_millis(1)).await;
            assert_eq!(due(&activity), Some(Due::Overdue(Reason::Idle)));
        });
    }

    #[test]
    fn nobody_rests_during_an_answer() {
        with_clock(async |activity| {
            let answering = activity.begin_answer();
            tokio::time::advance(after(60)).await;
            assert_eq!(due(&activity), None);
            drop(answering);
            assert_eq!(due(&activity), Some(Due::Rest));
        });
    }

    #[test]
    fn a_peer_that_stops_reading_is_overdue_and_one_that_reads_slowly_is_not() {
        with_clock(async |activity| {
            drop(activity.begin_answer());
            activity.waits_to_write();
            tokio::time::advance(after(29)).await;
            activity.has_written();
            activity.waits_to_write();
            tokio::time::advance(after(29)).await;
            assert_eq!(due(&activity), None);
            tokio::time::advance(after(1)).await;
            assert_eq!(due(&activity), Some(Due::Overdue(Reason::WriteStall)));
        });
    }

    #[test]
    fn a_pipelined_start_of_a_head_waits_for_the_answer_before_it() {
        with_clock(async |activity| {
            drop(activity.begin_answer());
            activity.has_read();
            for _ in 0..5 {
                tokio::time::advance(after(9)).await;
                activity.has_written();
            }
            assert_eq!(due(&activity), None);
            tokio::time::advance(after(10)).await;
            assert_eq!(due(&activity), Some(Due::Overdue(Reason::HeaderTimeout)));
        });
    }
}
