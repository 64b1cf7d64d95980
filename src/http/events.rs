//! Server-sent events (HTML Living Standard section 9.2): the console's changes, and the live channel.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, ReusableBoxFuture};

use crate::erp::Subscription;
use crate::gzip::Compressible;
use crate::screens::{Channel, Screens};

/// Streams of the console at once; a page that gets none polls instead.
const MAX: usize = 64;

/// How an engine begins again after a lost connection, in milliseconds; its own default may be many seconds.
static RETRY: LazyLock<Arc<Compressible>> = LazyLock::new(|| Compressible::new(&b"retry: 2000\n\n"[..]));

/// A line that starts with a colon is a comment.
static HEARTBEAT: LazyLock<Arc<Compressible>> = LazyLock::new(|| Compressible::new(&b":\n\n"[..]));

/// Has the page's agent report, since orders wait for it.
static CALL: LazyLock<Arc<Compressible>> = LazyLock::new(|| Compressible::new(&b"event: call\ndata:\n\n"[..]));

/// Opens streams.
#[derive(Debug)]
pub(super) struct Source {
    changes: watch::Receiver<u64>,
    heartbeat: Duration,
    room: Arc<Semaphore>,
    closing: CancellationToken,
}

impl Source {
    /// `changes` counts what has changed in the console; `closing` ends all streams; a stream is never silent for longer
    /// than `heartbeat`.
    pub(super) fn new(changes: watch::Receiver<u64>, heartbeat: Duration, closing: CancellationToken) -> Self {
        Self { changes, heartbeat, room: Arc::new(Semaphore::new(MAX)), closing }
    }

    /// A stream of the console's changes, which begins with the present count; `None` when there are too many.
    pub(super) fn open_console(&self) -> Option<Events> {
        let mut changes = self.changes.clone();
        changes.mark_changed();
        let room = Arc::clone(&self.room).try_acquire_owned().ok()?;
        Some(self.open(Content::Console { changes, _room: room }))
    }

    /// A live channel, of which only the number of connections is a bound. It begins with what is newer than `id`, or
    /// with everything. `page` is the page that opens it, where that is known.
    pub(super) fn open_live(&self, mut subscription: Subscription, id: Option<&str>, page: Option<Page>) -> Events {
        let given = id.and_then(|id| subscription.latest().version_of(id));
        self.open(Content::Live { subscription, given, page, next: NextLive::Retry })
    }

    fn open(&self, content: Content) -> Events {
        let state = State { content, heartbeat: self.heartbeat, closing: self.closing.clone() };
        Events { next: ReusableBoxFuture::new(state.next()) }
    }

    /// Cancelled when whoever waits is to be answered.
    pub(super) fn closing(&self) -> &CancellationToken {
        &self.closing
    }
}

/// What one stream needs.
struct State {
    content: Content,
    heartbeat: Duration,
    closing: CancellationToken,
}

/// What it tells.
enum Content {
    Console {
        changes: watch::Receiver<u64>,
        _room: OwnedSemaphorePermit,
    },
    Live {
        subscription: Subscription,
        /// The version that the peer has.
        given: Option<u64>,
        page: Option<Page>,
        next: NextLive,
    },
}

/// How a live channel goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NextLive {
    Retry,
    Now,
    Change,
}

impl Content {
    /// The next piece, or the end. Nothing is lost when it is dropped.
    async fn next(&mut self) -> Option<Arc<Compressible>> {
        match self {
            Self::Console { changes, .. } => {
                changes.changed().await.ok()?;
                let count = *changes.borrow_and_update();
                Some(Compressible::new(format!("data: {count}\n\n")))
            }
            Self::Live { subscription, given, page, next } => loop {
                let latest = match std::mem::replace(next, NextLive::Change) {
                    NextLive::Retry => {
                        *next = NextLive::Now;
                        return Some(Arc::clone(&RETRY));
                    }
                    NextLive::Now => subscription.latest(),
                    NextLive::Change => tokio::select! {
                        latest = subscription.changed() => latest?,
                        () = called(page) => return Some(Arc::clone(&CALL)),
                    },
                };
                let now = Instant::now();
                let message = match *given {
                    Some(version) => latest.since(version, now),
                    None => Some(latest.whole(now)),
                };
                *given = Some(latest.version());
                if let Some(message) = message {
                    return Some(message.event);
                }
            },
        }
    }
}

/// The page that follows a live channel: it counts as connected until this is dropped.
pub(super) struct Page {
    _channel: Channel,
    calls: watch::Receiver<u64>,
}

impl Page {
    /// `None` where `page` is no page's id.
    pub(super) fn connect(screens: &Screens, page: &str) -> Option<Self> {
        Some(Self { _channel: screens.open_channel(page)?, calls: screens.calls() })
    }
}

/// When screens are to report at once; never where nobody knows the page.
pub(super) async fn called(page: &mut Option<Page>) {
    match page {
        // The screens outlive whoever serves.
        Some(page) => _ = page.calls.changed().await,
        None => std::future::pending().await,
    }
}

impl State {
    async fn next(mut self) -> Option<(Arc<Compressible>, Self)> {
        let piece = tokio::select! {
            biased;
            () = self.closing.cancelled() => None,
            piece = self.content.next() => piece,
            () = sleep(self.heartbeat) => Some(Arc::clone(&HEARTBEAT)),
        };
        Some((piece?, self))
    }
}

/// One stream.
pub(super) struct Events {
    next: ReusableBoxFuture<'static, Option<(Arc<Compressible>, State)>>,
}

impl Events {
    /// The next piece, or the end.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Arc<Compressible>>> {
        self.next.poll(cx).map(|piece| {
            let (piece, state) = piece?;
            self.next.set(state.next());
            Some(piece)
        })
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use bytes::Bytes;

    use super::*;
    use crate::erp::{Feed, FeedSettings};
    use crate::lang::Lang;

    fn with_clock(test: impl AsyncFnOnce()) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async { test().await });
    }

    async fn next(events: &mut Events) -> Option<Bytes> {
        poll_fn(|cx| events.poll_next(cx)).await.map(|piece| piece.plain().clone())
    }

    fn source(changes: watch::Receiver<u64>) -> Source {
        Source::new(changes, Duration::from_secs(15), CancellationToken::new())
    }

    #[test]
    fn the_count_first_then_changes_then_signs_of_life_then_the_end() {
        with_clock(async || {
            let (sender, changes) = watch::channel(7);
            let source = source(changes);
            let mut events = source.open_console().expect("room");
            assert_eq!(next(&mut events).await.as_deref(), Some(&b"data: 7\n\n"[..]));
            sender.send_replace(8);
            assert_eq!(next(&mut events).await.as_deref(), Some(&b"data: 8\n\n"[..]));
            assert_eq!(next(&mut events).await.as_deref(), Some(&b":\n\n"[..]));
            source.closing().cancel();
            assert_eq!(next(&mut events).await, None);
        });
    }

    #[test]
    fn there_is_room_for_some_and_it_is_given_back() {
        let (_sender, changes) = watch::channel(0);
        let source = source(changes);
        let mut all: Vec<Events> = (0..MAX).map(|_| source.open_console().expect("room")).collect();
        assert!(source.open_console().is_none());
        all.pop();
        assert!(source.open_console().is_some());
    }

    #[test]
    fn a_live_channel_begins_with_everything_or_with_what_is_newer() {
        with_clock(async || {
            let settings =
                FeedSettings { lang: Lang::Es, max_stale: Duration::from_secs(3600), extra_paths: Vec::new() };
            let feed = Feed::new(settings);
            let (_sender, changes) = watch::channel(0);
            let source = source(changes);
            let mut events = source.open_live(feed.subscribe(), Some("of another start-1"), None);
            assert_eq!(feed.channels(), 1);
            assert_eq!(next(&mut events).await.as_deref(), Some(&RETRY.plain()[..]));
            let whole = feed.latest().whole(Instant::now()).event.plain().clone();
            assert_eq!(next(&mut events).await, Some(whole));
            assert_eq!(next(&mut events).await.as_deref(), Some(&b":\n\n"[..]));
            drop(events);

            let mut events = source.open_live(feed.subscribe(), Some(&feed.latest().id()), None);
            assert_eq!(next(&mut events).await.as_deref(), Some(&RETRY.plain()[..]));
            assert_eq!(next(&mut events).await.as_deref(), Some(&b":\n\n"[..]), "it has everything");
            source.closing().cancel();
            assert_eq!(next(&mut events).await, None);
            drop(events);
            assert_eq!(feed.channels(), 0);
        });
    }
}
