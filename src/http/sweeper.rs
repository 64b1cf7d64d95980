//! Finds out what is due on a worker's connections: one timer for all of them, and nothing to be done for it with a request.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::deadlines::Activity;
use super::timeouts::SWEEP_EVERY;

/// One a worker.
#[derive(Debug, Default)]
pub(super) struct Sweeper {
    connections: RefCell<BTreeMap<u64, Rc<Activity>>>,
    next_number: Cell<u64>,
    begins: Notify,
}

/// A connection that is looked after until this is dropped.
#[derive(Debug)]
pub(super) struct Swept<'a> {
    sweeper: &'a Sweeper,
    number: u64,
}

impl Sweeper {
    /// Looks after a connection.
    pub(super) fn add(&self, activity: &Rc<Activity>) -> Swept<'_> {
        let number = self.next_number.get();
        self.next_number.set(number + 1);
        self.connections.borrow_mut().insert(number, Rc::clone(activity));
        self.begins.notify_one();
        Swept { sweeper: self, number }
    }

    /// Wakes connections when something is due on them.
    pub(super) async fn run(&self) {
        loop {
            match self.sweep() {
                Some(next) => sleep_until(next).await,
                None => self.begins.notified().await,
            }
        }
    }

    /// Gives when to look again, unless there is nothing to look at.
    fn sweep(&self) -> Option<Instant> {
        let now = Instant::now();
        let connections = self.connections.borrow();
        // What is not due yet, or is only set after this, is not due before that either; or it is known when it is.
        let next = connections.values().filter_map(|connection| connection.wake_if_due(now)).min();
        (!connections.is_empty()).then(|| next.map_or(now + SWEEP_EVERY, |next| next.min(now + SWEEP_EVERY)))
    }
}

impl Drop for Swept<'_> {
    fn drop(&mut self) {
        self.sweeper.connections.borrow_mut().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::runtime::{Builder, LocalOptions};
    use tokio::time::sleep;

    use super::*;
    use crate::http::lifecycle::Due;
    use crate::http::listener::Scheme;
    use crate::http::timeouts::{REST_AFTER, Timeouts};
    use crate::metrics::CloseReason;

    const TIMEOUTS: Timeouts = Timeouts {
        handshake: Duration::from_secs(60),
        head: SWEEP_EVERY,
        idle: Duration::from_secs(75),
        write_stall: Duration::from_secs(30),
    };

    /// A sweeper that has a connection already, in virtual time.
    fn with_sweeper(test: impl AsyncFnOnce(&Sweeper)) {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build_local(LocalOptions::default()).expect("a runtime");
        runtime.block_on(async {
            let sweeper = Rc::<Sweeper>::default();
            let sweeping = Rc::clone(&sweeper);
            tokio::task::spawn_local(async move { sweeping.run().await });
            sleep(Duration::from_millis(250)).await;
            let other = Activity::new(TIMEOUTS, Scheme::Https, Arc::default());
            let _swept = sweeper.add(&other);
            test(&sweeper).await;
        });
    }

    async fn due(activity: &Activity) -> Due {
        poll_fn(|cx| activity.poll_due(cx)).await
    }

    #[test]
    fn the_shortest_deadline_is_kept_whenever_it_begins() {
        with_sweeper(async |sweeper| {
            for pause in [0, 1, 400, 999, 1700] {
                sleep(Duration::from_millis(pause)).await;
                let began = Instant::now();
                let activity = Activity::new(TIMEOUTS, Scheme::Http, Arc::default());
                let _swept = sweeper.add(&activity);
                assert_eq!(due(&activity).await, Due::Overdue(CloseReason::HeaderTimeout));
                assert_eq!(began.elapsed(), TIMEOUTS.head, "{pause}");
            }
        });
    }

    #[test]
    fn a_rest_is_found_by_the_next_sweep() {
        with_sweeper(async |sweeper| {
            let activity = Activity::new(TIMEOUTS, Scheme::Http, Arc::default());
            let _swept = sweeper.add(&activity);
            sleep(Duration::from_millis(400)).await;
            drop(activity.begin_answer());
            activity.answered();
            activity.flushed();
            let began = Instant::now();
            assert_eq!(due(&activity).await, Due::Rest);
            assert!((REST_AFTER..REST_AFTER + SWEEP_EVERY).contains(&began.elapsed()), "{:?}", began.elapsed());
        });
    }
}
