//! Waits on behalf of a connection for what is due on it, for the drain, and for the loss of its place.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::sync::futures::Notified;

use super::deadlines::Activity;
use super::drain::Drain;
use super::lifecycle::Due;
use super::limits::TrackedConnection;
use super::sweeper::{Sweeper, Swept};

pin_project! {
    /// One a connection, for its whole life.
    pub(super) struct ConnectionTimer<'a> {
        activity: &'a Activity,
        drain: &'a Drain,
        tracked: &'a TrackedConnection,
        #[pin]
        drain_begins: Notified<'a>,
        #[pin]
        evicted: Notified<'a>,
        waits: bool,
        swept: Swept<'a>,
    }
}

impl<'a> ConnectionTimer<'a> {
    pub(super) fn new(
        activity: &'a Rc<Activity>,
        drain: &'a Drain,
        sweeper: &'a Sweeper,
        tracked: &'a TrackedConnection,
    ) -> Self {
        Self {
            activity,
            drain,
            tracked,
            drain_begins: drain.begins(),
            evicted: tracked.evicted(),
            waits: false,
            swept: sweeper.add(activity),
        }
    }

    /// Whether the connection is to end with the answer under way, or at once; wakes the task when that may have
    /// changed.
    pub(super) fn ends_after_answer(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let this = self.project();
        if !*this.waits {
            // Once is enough: the task, and with it the waker, stays the same.
            *this.waits = true;
            let _ = this.drain_begins.poll(cx);
            let _ = this.evicted.poll(cx);
        }
        if this.drain.has_begun() {
            this.activity.drain();
        }
        if let Some(reason) = this.tracked.eviction() {
            this.activity.evict(reason);
        }
        this.activity.ends_after_answer()
    }

    /// What is due, when it is.
    pub(super) fn poll_due(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Due> {
        self.activity.poll_due(cx)
    }
}
