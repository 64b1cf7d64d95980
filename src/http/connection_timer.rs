//! Waits on behalf of a connection for what is due on it, for the drain, and for the loss of its place.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::sync::futures::Notified;
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use super::deadlines::Activity;
use super::drain::Drain;
use super::lifecycle::Due;
use super::limits::TrackedConnection;

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
        #[pin]
        timer: Sleep,
        // Whether the timer has been polled since it was set, and so wakes the task.
        is_waiting: bool,
        // `None` when it has gone off and nothing was due any more.
        armed: Option<Instant>,
    }
}

impl<'a> ConnectionTimer<'a> {
    pub(super) fn new(activity: &'a Activity, drain: &'a Drain, tracked: &'a TrackedConnection) -> Self {
        let armed = activity.due().map_or_else(Instant::now, |(at, _)| at);
        Self {
            activity,
            drain,
            tracked,
            drain_begins: drain.begins(),
            evicted: tracked.evicted(),
            waits: false,
            timer: sleep_until(armed),
            is_waiting: false,
            armed: Some(armed),
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
        let mut this = self.project();
        // The timer is only ever moved closer here; when it goes off too early, it is set again.
        if let Some((at, _)) = this.activity.due()
            && this.armed.is_none_or(|armed| at < armed)
        {
            *this.armed = Some(at);
            *this.is_waiting = false;
            this.timer.as_mut().reset(at);
        }
        while this.armed.is_some() {
            // Once it waits, a look is enough, and costs a fraction of a poll.
            if *this.is_waiting && !this.timer.is_elapsed() {
                break;
            }
            *this.is_waiting = true;
            // Not within the task's budget: a poll that this turned away would leave no waker behind.
            let timer = pin!(unconstrained(this.timer.as_mut()));
            if timer.poll(cx).is_pending() {
                break;
            }
            let Some((at, due)) = this.activity.due() else {
                *this.armed = None;
                break;
            };
            if at <= Instant::now() {
                return Poll::Ready(due);
            }
            *this.armed = Some(at);
            *this.is_waiting = false;
            this.timer.as_mut().reset(at);
        }
        Poll::Pending
    }
}
