//! Notices that the box hangs, when nothing that runs on its runtimes can: a thread that waits for their beat.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// How often the thread looks.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// A running watchdog.
#[derive(Clone)]
pub(super) struct Watchdog(Arc<State>);

#[derive(Default)]
struct State {
    beats: AtomicU64,
    is_over: AtomicBool,
}

impl Watchdog {
    /// From now on, `hung` is called once when there was no beat at so many looks, a second apart. Looks are counted
    /// and not time: in a process that was stopped or a machine that slept, neither of both sides has run.
    pub(super) fn start(looks: u32, hung: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        Self::looking(POLL_INTERVAL, looks, hung)
    }

    fn looking(every: Duration, looks: u32, hung: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let state = Arc::<State>::default();
        let monitor = Arc::clone(&state);
        thread::Builder::new().name("watchdog".into()).spawn(move || {
            let (mut last, mut silent) = (0, 0);
            while silent < looks {
                thread::park_timeout(every);
                if monitor.is_over.load(Ordering::Acquire) {
                    return;
                }
                let beats = monitor.beats.load(Ordering::Acquire);
                silent = if beats == last { silent + 1 } else { 0 };
                last = beats;
            }
            hung();
        })?;
        Ok(Self(state))
    }

    /// All runtimes have just shown that they work.
    pub(super) fn beat(&self) {
        self.0.beats.fetch_add(1, Ordering::AcqRel);
    }

    /// Nobody has to beat any more.
    pub(super) fn end(&self) {
        self.0.is_over.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn silence_is_noticed_and_beats_are_received() {
        let every = Duration::from_millis(5);
        let (tell, told) = mpsc::channel();
        let watchdog = Watchdog::looking(every, 10, move || tell.send(()).expect("heard")).expect("started");
        for _ in 0..100 {
            watchdog.beat();
            assert_eq!(told.recv_timeout(every), Err(mpsc::RecvTimeoutError::Timeout));
        }
        told.recv_timeout(Duration::from_secs(60)).expect("the silence is noticed");

        let (tell, told) = mpsc::channel::<()>();
        let watchdog = Watchdog::looking(every, 10, move || tell.send(()).expect("heard")).expect("started");
        watchdog.end();
        let over = Err(mpsc::RecvTimeoutError::Disconnected);
        assert_eq!(told.recv_timeout(Duration::from_secs(60)), over, "its thread ends without a word");
    }
}
