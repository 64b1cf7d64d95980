//! From the poller to the TVs: what is shown, and who looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::published::{FeedSettings, Published};
use super::wall::Wall;

/// The one place from which TVs are answered; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    latest: Arc<watch::Sender<Arc<Published>>>,
    audience: Arc<Audience>,
}

/// A live channel: counts as a viewer until dropped.
#[derive(Debug)]
pub(crate) struct Subscription {
    published: watch::Receiver<Arc<Published>>,
    audience: Arc<Audience>,
}

/// Who looks.
#[derive(Debug)]
struct Audience {
    began: Instant,
    channels: AtomicUsize,
    /// Milliseconds after `began` at which somebody was last known to look, and one; 0 for never.
    last: AtomicU64,
    /// Counts those who came when nobody was there.
    arrivals: watch::Sender<u64>,
}

/// For so long after a request, whoever asked is taken to look.
const LOOKS_FOR: Duration = Duration::from_secs(60);

impl Feed {
    /// Without an ERP, until the first [`Feed::publish`], which comes before the first request is answered.
    pub(crate) fn new(settings: FeedSettings) -> Self {
        let now = Instant::now();
        let epoch = getrandom::u32().unwrap_or_else(|_| std::process::id());
        let first = Published::first(Arc::new(settings), format!("{epoch:08x}").into(), now);
        Self {
            latest: Arc::new(watch::Sender::new(Arc::new(first))),
            audience: Arc::new(Audience {
                began: now,
                channels: AtomicUsize::new(0),
                last: AtomicU64::new(0),
                arrivals: watch::Sender::new(0),
            }),
        }
    }

    /// Shows what the poller knows: after every answer, 304s and failures included, and at least once a minute, since time
    /// alone makes parts late, and too old. One caller at a time.
    pub(crate) fn publish(&self, wall: &Wall, now: Instant) {
        let next = self.latest().next(wall, now);
        self.latest.send_if_modified(|latest| {
            let is_changed = next.version() != latest.version();
            *latest = Arc::new(next);
            is_changed
        });
    }

    /// What is shown now.
    pub(crate) fn latest(&self) -> Arc<Published> {
        Arc::clone(&self.latest.borrow())
    }

    /// Opens a live channel.
    pub(crate) fn subscribe(&self) -> Subscription {
        self.audience.note(true);
        Subscription { published: self.latest.subscribe(), audience: Arc::clone(&self.audience) }
    }

    /// Somebody asked, and may ask again.
    pub(crate) fn note_request(&self) {
        self.audience.note(false);
    }

    /// Whether anybody looks.
    pub(crate) fn is_watched(&self, now: Instant) -> bool {
        self.audience.is_there(now)
    }

    /// Changes when somebody comes and nobody was there.
    pub(crate) fn arrivals(&self) -> watch::Receiver<u64> {
        self.audience.arrivals.subscribe()
    }

    /// Live channels that are open.
    pub(crate) fn channels(&self) -> usize {
        self.audience.channels.load(Ordering::Relaxed)
    }

    /// How long ago somebody looked; `None` for never since the start.
    pub(crate) fn last_viewed(&self, now: Instant) -> Option<Duration> {
        if self.channels() > 0 { Some(Duration::ZERO) } else { self.audience.since_last(now) }
    }
}

impl Audience {
    fn note(&self, is_channel: bool) {
        let now = Instant::now();
        let was_there = self.is_there(now);
        if is_channel {
            self.channels.fetch_add(1, Ordering::Relaxed);
        }
        self.stamp(now);
        if !was_there {
            self.arrivals.send_modify(|arrivals| *arrivals += 1);
        }
    }

    fn stamp(&self, now: Instant) {
        let millis = now.saturating_duration_since(self.began).as_millis();
        self.last.store(u64::try_from(millis).unwrap_or(u64::MAX).saturating_add(1), Ordering::Relaxed);
    }

    fn since_last(&self, now: Instant) -> Option<Duration> {
        let last = self.last.load(Ordering::Relaxed).checked_sub(1)?;
        Some(now.saturating_duration_since(self.began).saturating_sub(Duration::from_millis(last)))
    }

    fn is_there(&self, now: Instant) -> bool {
        self.channels.load(Ordering::Relaxed) > 0 || self.since_last(now).is_some_and(|since| since < LOOKS_FOR)
    }
}

impl Subscription {
    /// What is shown now.
    pub(crate) fn latest(&mut self) -> Arc<Published> {
        Arc::clone(&self.published.borrow_and_update())
    }

    /// The newest version, once there is one after the last that was given; `None` when the feed is gone.
    pub(crate) async fn changed(&mut self) -> Option<Arc<Published>> {
        self.published.changed().await.ok()?;
        Some(self.latest())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // Before the count, so that a page that is loaded again is no new arrival.
        self.audience.stamp(Instant::now());
        self.audience.channels.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::erp::answer::Answer;
    use crate::erp::link::{Link, LinkState};
    use crate::erp::part::Part;
    use crate::erp::snapshot::{Held, Snapshot};
    use crate::erp::wall::Periods;
    use crate::lang::Lang;

    impl Feed {
        /// An ERP that answered this a moment ago.
        pub(crate) fn sample(answers: &[(Part, &str)]) -> Self {
            let settings = FeedSettings {
                lang: Lang::Es,
                max_stale: Duration::from_secs(3600),
                extra_paths: vec!["/suppliers/stats".into()],
            };
            let (feed, now) = (Self::new(settings), Instant::now());
            let mut snapshot = Snapshot::default();
            for (part, body) in answers {
                snapshot.set(*part, Held::new(Answer::read(*part, &mut body.as_bytes()).expect("an answer"), now));
            }
            let periods =
                Periods { fast: Duration::from_secs(5), slow: Duration::from_secs(5), extra: Duration::from_secs(5) };
            let clock = "2026-11-29T10:00:00Z".parse().ok();
            feed.publish(&Wall { link: Link::new(LinkState::Up, now), snapshot, periods, at: now, clock }, now);
            feed
        }

        /// Publishes another version, in which the link is up since another moment.
        pub(crate) fn change(&self) {
            let now = Instant::now();
            let since = now + Duration::from_nanos(self.latest().version());
            let (link, snapshot) = (Link::new(LinkState::Up, since), Snapshot::default());
            self.publish(&Wall { link, snapshot, periods: Periods::default(), at: now, clock: None }, now);
        }
    }

    fn feed() -> Feed {
        Feed::new(FeedSettings { lang: Lang::Es, max_stale: Duration::from_secs(3600), extra_paths: Vec::new() })
    }

    fn wall(state: LinkState, since: Instant) -> Wall {
        let link = Link { state, since, account: None };
        Wall { link, snapshot: Snapshot::default(), periods: Periods::default(), at: since, clock: None }
    }

    #[test]
    fn channels_are_woken_by_changes_alone_and_get_the_newest() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let (feed, now) = (feed(), Instant::now());
            let mut channel = feed.subscribe();
            assert_eq!(channel.latest().version(), 1);
            feed.publish(&wall(LinkState::Starting, now), now);
            feed.publish(&wall(LinkState::Up, now), now);
            assert_eq!(channel.changed().await.expect("a version").version(), 3);
            feed.publish(&wall(LinkState::Up, now), now + Duration::from_secs(5));
            let woken = tokio::select! {
                biased;
                _ = channel.changed() => true,
                () = std::future::ready(()) => false,
            };
            assert!(!woken);
            drop(feed);
            assert!(channel.changed().await.is_none());
        });
    }

    #[test]
    fn who_looks() {
        let feed = feed();
        let now = Instant::now();
        let arrivals = feed.arrivals();
        assert!(!feed.is_watched(now) && feed.last_viewed(now).is_none());
        let (one, other) = (feed.subscribe(), feed.subscribe());
        assert_eq!((feed.channels(), *arrivals.borrow()), (2, 1));
        assert!(feed.is_watched(now + Duration::from_secs(3600)));
        assert_eq!(feed.last_viewed(now + Duration::from_secs(3600)), Some(Duration::ZERO));
        drop((one, other));
        let left = Instant::now();
        // A page that is loaded again is nobody new.
        drop(feed.subscribe());
        assert_eq!((feed.channels(), *arrivals.borrow()), (0, 1));
        assert!(feed.is_watched(left) && !feed.is_watched(left + Duration::from_secs(3600)));
        assert!(feed.last_viewed(left + Duration::from_secs(3600)) > Some(Duration::from_secs(3500)));
        feed.note_request();
        assert_eq!(*arrivals.borrow(), 1);
    }
}
