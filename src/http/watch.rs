//! Waits on behalf of a connection for what is due on it and for the drain.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::sync::futures::Notified;
use tokio::time::{Instant, Sleep, sleep_until};

use super::deadlines::{Activity, Due};
use super::drain::Drain;

pin_project! {
    /// One a connection, for its whole life.
    pub(super) struct Watch<'a> {
        activity: &'a Activity,
        drain: &'a Drain,
        #[pin]
        drain_begins: Notified<'a>,
        waits_for_drain: bool,
        #[pin]
        timer: Sleep,
        armed: Instant,
    }
}

impl<'a> Watch<'a> {
    pub(super) fn new(activity: &'a Activity, drain: &'a Drain) -> Self {
        let (armed, _) = activity.due();
        Self { activity, drain, drain_begins: drain.begins(), waits_for_drain: false, timer: sleep_until(armed), armed }
    }

    /// Whether the drain has begun and no request is to be waited for any more; wakes the task when it begins.
    pub(super) fn drains(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let this = self.project();
        if !*this.waits_for_drain {
            // Once is enough: the task, and with it the waker, stays the same.
            *this.waits_for_drain = true;
            let _ = this.drain_begins.poll(cx);
        }
        this.drain.has_begun() && !this.activity.has_last_word()
    }

    /// What is due, when it is.
    pub(super) fn poll_due(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Due> {
        let mut this = self.project();
        // The timer is only ever moved closer here; when it goes off too early, it is set anew.
        let (at, _) = this.activity.due();
        if at < *this.armed {
            *this.armed = at;
            this.timer.as_mut().reset(at);
        }
        while this.timer.as_mut().poll(cx).is_ready() {
            let (at, due) = this.activity.due();
            if at <= Instant::now() {
                return Poll::Ready(due);
            }
            *this.armed = at;
            this.timer.as_mut().reset(at);
        }
        Poll::Pending
    }
}
