//! What a connection's parts tell its [`Lifecycle`]: a request costs a glance at the clock, and the worker's [`Sweeper`]
//! finds what is due.
//!
//! [`Sweeper`]: super::sweeper::Sweeper

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

use super::lifecycle::{Due, Event, Lifecycle};
use super::limits::TrackedConnection;
use super::listener::Scheme;
use super::timeouts::Timeouts;
use crate::metrics::CloseReason;

/// What a connection is doing; shared by its stream, its service and its task, which all live on one thread.
#[derive(Debug)]
pub(super) struct Activity {
    timeouts: Timeouts,
    lifecycle: Cell<Lifecycle>,
    /// The last moment that is known: bytes came or were taken, or an answer was made.
    last: Cell<Instant>,
    /// Whether the last write has waited for the peer, so that the clock has to be asked when it goes on.
    is_blocked: Cell<bool>,
    /// Whether the kernel has had everything since [`Answering::wait_for_flush`].
    is_flushed: Cell<bool>,
    /// Whether something may be due, so that the clock has to be asked.
    may_be_due: Cell<bool>,
    /// Of its task, which stays the same.
    waker: OnceCell<Waker>,
    /// What the evicting side sees of it.
    tracked: Arc<TrackedConnection>,
}

/// An answer that is being made, until dropped.
#[derive(Debug)]
pub(super) struct Answering(Rc<Activity>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.apply(Event::HandedOver, self.0.last.get());
    }
}

impl Answering {
    /// Something more than the kernel has is with the server.
    pub(super) fn wait_for_flush(&self) {
        self.0.is_flushed.set(false);
    }

    /// Whether the kernel has had all of it.
    pub(super) fn is_flushed(&self) -> bool {
        self.0.is_flushed.get()
    }
}

impl Activity {
    pub(super) fn new(timeouts: Timeouts, scheme: Scheme, tracked: Arc<TrackedConnection>) -> Rc<Self> {
        let now = Instant::now();
        let lifecycle = match scheme {
            Scheme::Http => Lifecycle::plain(now),
            Scheme::Https => Lifecycle::tls(now),
        };
        Rc::new(Self {
            timeouts,
            lifecycle: Cell::new(lifecycle),
            last: Cell::new(now),
            is_blocked: Cell::new(false),
            is_flushed: Cell::new(true),
            may_be_due: Cell::new(false),
            waker: OnceCell::new(),
            tracked,
        })
    }

    pub(super) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// The TLS handshake is complete.
    pub(super) fn encrypted(&self) {
        self.apply_now(Event::Encrypted);
    }

    /// A head is complete, and its answer begins; it is being made until what this gives is dropped.
    pub(super) fn begin_answer(self: &Rc<Self>) -> Answering {
        self.apply(Event::Request, self.last.get());
        Answering(Rc::clone(self))
    }

    /// The head of an answer is made; gives the time since the last bytes came.
    pub(super) fn answered(&self) -> Duration {
        let now = Instant::now();
        now.saturating_duration_since(self.last.replace(now))
    }

    /// Bytes came.
    pub(super) fn read(&self) {
        self.apply_now(Event::Read);
    }

    /// The kernel has taken bytes.
    pub(super) fn written(&self) {
        // The usual case, an answer that the kernel takes whole: it was made just now, and that is known already, so the
        // clock is left alone.
        if self.is_blocked.replace(false) || self.lifecycle.get().is_making_answer() {
            self.apply_now(Event::Written);
        }
    }

    /// The kernel takes no more until the peer does.
    pub(super) fn blocked(&self) {
        if !self.is_blocked.replace(true) {
            self.apply(Event::Blocked, Instant::now());
        }
    }

    /// The kernel has taken everything that was there.
    pub(super) fn flushed(&self) {
        self.is_flushed.set(true);
        // The server flushes once more than there is anything to flush.
        if self.lifecycle.get().is_answering() {
            self.apply(Event::Flushed, self.last.get());
        }
    }

    /// The connection has given its buffers back; `has_unread` when some bytes had come already.
    pub(super) fn rested(&self, has_unread: bool) {
        self.apply(Event::Rested, self.last.get());
        if has_unread {
            self.read();
        }
    }

    /// The box stops.
    pub(super) fn drain(&self) {
        self.apply(Event::Drain, Instant::now());
    }

    /// Another connection needs the place.
    pub(super) fn evict(&self, reason: CloseReason) {
        self.apply(Event::Evict(reason), Instant::now());
        self.may_be_due.set(true);
    }

    /// Whether the connection ends with the answer under way, or at once.
    pub(super) fn ends_after_answer(&self) -> bool {
        self.lifecycle.get().ends_after_answer()
    }

    /// What comes next if nothing happens, and when.
    pub(super) fn due(&self) -> Option<(Instant, Due)> {
        self.lifecycle.get().due(&self.timeouts)
    }

    /// Wakes the task if something is due, else gives when something is that has to be done in time.
    pub(super) fn wake_if_due(&self, now: Instant) -> Option<Instant> {
        let (at, due) = self.due()?;
        if at > now {
            return (due != Due::Rest).then_some(at);
        }
        self.may_be_due.set(true);
        if let Some(waker) = self.waker.get() {
            waker.wake_by_ref();
        }
        None
    }

    /// What is due, when it is.
    pub(super) fn poll_due(&self, cx: &mut Context<'_>) -> Poll<Due> {
        self.waker.get_or_init(|| cx.waker().clone());
        if self.may_be_due.take()
            && let Some((at, due)) = self.due()
            && at <= Instant::now()
        {
            return Poll::Ready(due);
        }
        Poll::Pending
    }

    fn apply_now(&self, event: Event) {
        let now = Instant::now();
        self.last.set(now);
        self.apply(event, now);
    }

    #[expect(
        clippy::inline_always,
        reason = "the event is known at each call, and little of the state machine is left for it"
    )]
    #[inline(always)]
    fn apply(&self, event: Event, now: Instant) {
        let before = self.lifecycle.get();
        let after = before.after(event, now);
        self.lifecycle.set(after);
        if before.is_answering() != after.is_answering() {
            if after.is_answering() {
                self.tracked.set_answering();
            } else {
                self.tracked.set_idle(now);
            }
        }
    }
}
