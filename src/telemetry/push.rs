//! One signal to a receiver of OTLP over HTTP (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>), over outages of the line and of
//! the box.
//!
//! ```text
//! source ─> newest ─> receiver
//!             └─ not taken ─> held (memory) ─> backlog (disk) ─> receiver, oldest first
//! ```

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use http::HeaderValue;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::backlog::Kept;
use super::backlog_task::{BacklogTask, Hangs};
use super::endpoint::{Delivery, Endpoint};
use super::headers::read_headers;
use super::held::Held;
use super::partial_success::PartialSuccess;
use super::request::{Compressed, Request};
use super::retry::Retry;
use super::signal::{PushError, Remedy, Signal};
use crate::clock::Clock;
use crate::durable::DurableError;
use crate::error_chain;
use crate::health::{Health, Probe};

/// Before the first push, so that the network is there after a start of the machine.
const SETTLE: Duration = Duration::from_secs(5);
/// How long the last push may take: a stop waits for it.
const LAST: Duration = Duration::from_secs(2);
/// A receiver that does not know the signal is asked again so often.
const UNSUPPORTED: Duration = Duration::from_secs(60 * 60);
/// What is posted.
const PROTOBUF: &str = "application/x-protobuf";

/// What happened, for those who count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PushEvent {
    /// An attempt to send.
    Delivery(Delivery),
    /// So many figures or spans will never be sent, or were not taken.
    Dropped { reason: &'static str, items: u64 },
    /// So many bytes went to the disk.
    Kept { bytes: u64 },
    /// So many bytes are on the disk.
    Backlog { bytes: u64 },
}

/// The push of one signal.
pub(crate) struct Push {
    pub(crate) signal: Signal,
    pub(crate) endpoint: Endpoint,
    /// The file with the fields by which the receiver knows the box.
    pub(crate) headers_file: Option<PathBuf>,
    pub(crate) interval: Duration,
    /// Where what cannot be sent is kept.
    pub(crate) data_dir: PathBuf,
}

/// What there is to send.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// `None`: nothing.
    pub(super) request: Option<Request>,
    /// Figures or spans that had no room.
    pub(super) dropped: u64,
}

/// Gives what there is to send at a time. In a box, as [`Observe`] is: what is generic is in the binary twice.
pub(super) type Source = Box<dyn FnMut(SystemTime) -> Taken>;

/// Is told what happened.
pub(super) type Observe = Box<dyn Fn(PushEvent)>;

impl Push {
    /// Pushes until `stop`, then once more. What `source` gives is of the time that it is given: nothing is asked for
    /// while the clock cannot be believed, since what is of a time that never was would stay with the receiver.
    pub(super) async fn run(self, source: Source, health: Health, observe: Observe, stop: CancellationToken) {
        let Self { signal, endpoint, headers_file, interval, data_dir } = self;
        let backlog = BacklogTask::open(&data_dir, signal.word());
        observe(PushEvent::Backlog { bytes: backlog.bytes() });
        let now = Instant::now();
        let mut pusher = Pusher {
            signal,
            endpoint,
            headers_file,
            source,
            health,
            observe,
            clock: (Clock::default(), now),
            newest: None,
            held: Held::new(signal.max_held()),
            backlog,
            kept: now,
            retry: Retry::default(),
            last_error: None,
            last_partial: None,
            last_disk_error: None,
            probe: None,
        };
        let mut wait = SETTLE.min(interval);
        while stop.run_until_cancelled(sleep(wait)).await.is_some() {
            match stop.run_until_cancelled(Box::pin(pusher.tick(interval))).await {
                Some(next) => wait = next,
                None => break,
            }
        }
        pusher.end().await;
    }
}

/// A push under way.
struct Pusher {
    signal: Signal,
    endpoint: Endpoint,
    headers_file: Option<PathBuf>,
    source: Source,
    health: Health,
    observe: Observe,
    /// And since when the process runs.
    clock: (Clock, Instant),
    /// What was taken from the source last, until it is sent or held.
    newest: Option<Request>,
    held: Held,
    backlog: BacklogTask,
    /// When something was sent, or held.
    kept: Instant,
    retry: Retry,
    /// Each is told once.
    last_error: Option<String>,
    last_partial: Option<PartialSuccess>,
    last_disk_error: Option<String>,
    probe: Option<Probe>,
}

impl Pusher {
    /// Sends what there is; gives the wait until the next time. Nothing is lost when it is cancelled.
    async fn tick(&mut self, interval: Duration) -> Duration {
        let wait = if self.take() { self.deliver(interval).await } else { interval };
        if self.held.is_due(Instant::now()) && self.backlog.has_room() {
            self.flush().await;
        }
        wait
    }

    /// Takes what is new; `false` while the clock is not believed.
    fn take(&mut self) -> bool {
        let (clock, began) = &self.clock;
        let Some(now) = clock.believed(began.elapsed()) else { return false };
        let Taken { request, dropped } = (self.source)(now);
        self.dropped("memory", dropped);
        if let Some(request) = request {
            // What has each thing once must not be replaced by what follows.
            if self.signal.resolution().is_zero()
                && let Some(before) = self.newest.take()
            {
                self.hold(before);
            }
            self.newest = Some(request);
        }
        true
    }

    async fn deliver(&mut self, interval: Duration) -> Duration {
        match self.send_all().await {
            Ok(false) => interval,
            Ok(true) => {
                (self.observe)(PushEvent::Delivery(Delivery::Taken));
                if self.last_error.take().is_some() {
                    tracing::info!(to = self.endpoint.origin(), "the {} are taken again", self.signal.word());
                }
                self.retry = Retry::default();
                if let Some(probe) = self.probe.take() {
                    probe.degraded(None);
                }
                interval
            }
            Err(error) => {
                (self.observe)(PushEvent::Delivery(Delivery::Failed));
                self.tell(&error);
                let remedy = self.signal.remedy(&error);
                match remedy {
                    Remedy::Drop | Remedy::Unsupported => self.forget("refused"),
                    Remedy::Retry | Remedy::Repair => self.hold_newest(),
                }
                match remedy {
                    Remedy::Retry => self.retry.failed(interval),
                    Remedy::Repair | Remedy::Drop => interval,
                    Remedy::Unsupported => UNSUPPORTED.max(interval),
                }
            }
        }
    }

    fn tell(&mut self, error: &PushError) {
        let words = error_chain(error);
        if self.last_error.as_ref() != Some(&words) {
            tracing::warn!(to = self.endpoint.origin(), error = words, "the {} were not taken", self.signal.word());
        }
        self.last_error = Some(words);
        // One key and one address serve both signals: that of the metrics tells.
        if self.signal == Signal::Metrics
            && let Some(text) = error.text()
        {
            let (health, kind) = (&self.health, self.signal.kind());
            self.probe.get_or_insert_with(|| health.probe(kind)).degraded(Some(text));
        }
    }

    /// Sends what is on the disk, oldest first, then the rest as one request; whether there was anything.
    async fn send_all(&mut self) -> Result<bool, PushError> {
        let mut is_any = false;
        // A disk that hangs does not keep back what is new.
        while let Ok(oldest) = self.backlog.oldest().await {
            self.dropped("damaged", oldest.damaged);
            let Some(request) = oldest.request else { break };
            let items = request.items;
            match self.post(request).await {
                Err(error) if self.signal.remedy(&error) == Remedy::Drop => {
                    self.tell(&error);
                    self.dropped("refused", items);
                }
                outcome => outcome?,
            }
            is_any = true;
            let removed = self.backlog.remove_oldest().await;
            self.told_disk(removed);
        }
        let mut rest = self.held.merged();
        match (&mut rest, &self.newest) {
            (Some(rest), Some(newest)) => rest.append(newest),
            (rest, newest) => *rest = rest.take().or_else(|| newest.clone()),
        }
        let Some(rest) = rest else { return Ok(is_any) };
        self.post(rest.gzip()).await?;
        self.held.clear();
        self.newest = None;
        self.kept = Instant::now();
        Ok(true)
    }

    async fn post(&mut self, request: Compressed) -> Result<(), PushError> {
        let mut fields = self.headers_file.as_deref().map(read_headers).transpose()?.unwrap_or_default();
        fields.push((CONTENT_TYPE, HeaderValue::from_static(PROTOBUF)));
        fields.push((CONTENT_ENCODING, HeaderValue::from_static("gzip")));
        let answer = self.endpoint.post(fields, request.body).await?;
        let is_protobuf = answer.media_type.is_some_and(|media| media.as_bytes().starts_with(PROTOBUF.as_bytes()));
        if let Some(partial) = is_protobuf.then(|| PartialSuccess::read(&answer.body)).flatten() {
            let PartialSuccess { rejected, message } = &partial;
            self.dropped("rejected", *rejected);
            if self.last_partial.as_ref().is_none_or(|last| last.message != *message) {
                let (to, signal) = (self.endpoint.origin(), self.signal.word());
                tracing::warn!(to, rejected, said = message, "the receiver has something to say of the {signal}");
            }
            self.last_partial = Some(partial);
        }
        Ok(())
    }

    /// Keeps the newest for later, unless something was kept just before.
    fn hold_newest(&mut self) {
        let now = Instant::now();
        if now.saturating_duration_since(self.kept) >= self.signal.resolution()
            && let Some(newest) = self.newest.take()
        {
            self.kept = now;
            self.hold(newest);
        }
    }

    fn hold(&mut self, request: Request) {
        let dropped = self.held.push(request, Instant::now());
        self.dropped("memory", dropped);
    }

    /// Gives up what was to be sent just now.
    fn forget(&mut self, reason: &'static str) {
        let held = self.held.merged().map_or(0, |held| held.items);
        let newest = self.newest.take().map_or(0, |newest| newest.items);
        self.held.clear();
        self.dropped(reason, held + newest);
    }

    /// Writes to the disk what is held.
    async fn flush(&mut self) {
        let Some(held) = self.held.merged() else { return };
        match self.backlog.put(held.gzip()).await {
            Ok(Ok(Kept { written, dropped })) => {
                self.held.clear();
                self.dropped("disk", dropped);
                (self.observe)(PushEvent::Kept { bytes: written });
                self.told_disk(Ok(Ok(())));
            }
            Ok(Err(error)) => self.told_disk(Ok(Err(error))),
            Err(hangs) => self.told_disk(Err(hangs)),
        }
    }

    /// Tells once what the disk does not do.
    fn told_disk(&mut self, done: Result<Result<(), DurableError>, Hangs>) {
        let words = match done {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error_chain(&error)),
            Err(Hangs) => Some("the disk does not answer".to_owned()),
        };
        if let Some(error) = words.as_ref().filter(|words| self.last_disk_error.as_ref() != Some(words)) {
            tracing::error!(error, "cannot keep the {} that were not taken", self.signal.word());
        }
        self.last_disk_error = words;
        (self.observe)(PushEvent::Backlog { bytes: self.backlog.bytes() });
    }

    fn dropped(&self, reason: &'static str, items: u64) {
        if items > 0 {
            (self.observe)(PushEvent::Dropped { reason, items });
        }
    }

    /// Sends once more, if things were taken so far; what is not taken goes to the disk.
    async fn end(mut self) {
        let is_up = self.last_error.is_none() && self.backlog.bytes() == 0;
        if self.take() && is_up {
            match timeout(LAST, Box::pin(self.send_all())).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => self.tell(&error),
                Err(_) => tracing::warn!(to = self.endpoint.origin(), "the last {} take too long", self.signal.word()),
            }
        }
        if let Some(newest) = self.newest.take() {
            self.hold(newest);
        }
        self.flush().await;
    }
}
