//! A worker's word to its connections that they should end.

use std::cell::Cell;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// One a worker, shared by its connections on one thread: asking it on every wake of every
/// connection costs no lock.
#[derive(Debug, Default)]
pub(super) struct Drain {
    begun: Cell<bool>,
    begins: Notify,
}

impl Drain {
    /// Tells every connection.
    pub(super) fn begin(&self) {
        self.begun.set(true);
        self.begins.notify_waiters();
    }

    /// Whether connections should end.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.get()
    }

    /// Wakes those that have polled it once when the drain begins.
    pub(super) fn begins(&self) -> Notified<'_> {
        self.begins.notified()
    }
}
