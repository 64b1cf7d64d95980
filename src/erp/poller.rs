//! The one task that talks to the ERP.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::{Timestamp, Zoned};
use tokio::task::JoinHandle;
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::call::{Call, CallTracker};
use super::client::{Client, Fetched, Login, Parse};
use super::counts::{Counts, Moment};
use super::credentials::{Access, PasswordStamp};
use super::extra_path;
use super::feed::Feed;
use super::link::LinkTracker;
use super::part::Part;
use super::reason::Reason;
use super::schedule::{Next, Pace, Schedule};
use super::session::{Session, jitter};
use super::snapshot::{Held, Snapshot};
use super::store::{AccountKey, Figures, Kept, LoginKey, Store};
use super::wall::{Periods, Wall};
use crate::clock::Clock;
use crate::durable::RecordError;
use crate::error_chain;
use crate::lang::Text;
use crate::outbound::Outbound;
use crate::trace_context::TraceContext;

/// How long the poller waits for a write: for its last one, and for what another account's figures have to wait for.
const DISK: Duration = Duration::from_secs(5);
/// How often it is looked whether somebody has changed the password's file.
const WATCH_PASSWORD: Duration = Duration::from_secs(15);

/// What the poller works with.
#[derive(Debug, Clone)]
pub(crate) struct PollerSettings {
    pub(crate) access: Access,
    /// Between two answers of a path while somebody looks.
    pub(crate) poll: Duration,
    pub(crate) extra_paths: Vec<String>,
    /// The local hour at which the day of work begins.
    pub(crate) day_start: u8,
    pub(crate) data_dir: PathBuf,
    /// Of a hundred requests, how many are sampled; `None`: nobody wants their traces.
    pub(crate) trace_percent: Option<u8>,
}

/// What happened, for those who count.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// A path was asked for, with the words of [`Part::name`] and [`Reason::word`].
    Asked { path: &'static str, outcome: &'static str },
    /// A login was tried.
    LoggedIn { outcome: &'static str },
    /// A request was made, of whichever path, where traces are wanted.
    Traced(&'a Call),
    /// So many bytes went to the disk.
    Kept { bytes: u64 },
    /// What is known now.
    Known(&'a Wall),
}

/// [`Store::keep`], or [`Store::keep_last`].
type Keep = fn(&mut Store, &Figures) -> Result<u64, RecordError>;

/// The outcome of what went well.
const OK: &str = "ok";
/// What an extra path is called in metrics, which no configuration may name.
const EXTRA: &str = "extra";

/// The poller of one account.
pub(crate) struct Poller<O> {
    settings: PollerSettings,
    client: Client,
    session: Session,
    schedule: Schedule,
    /// Of each path, the tag of its last answer.
    etags: Vec<Option<String>>,
    link: LinkTracker,
    snapshot: Snapshot,
    counts: Counts,
    account: Option<AccountKey>,
    /// `None` while it is being written.
    store: Option<Store>,
    writing: Option<JoinHandle<(Store, Result<u64, RecordError>)>>,
    password: PasswordStamp,
    password_seen: Instant,
    clock: Clock,
    started: Instant,
    feed: Feed,
    /// Of the request that was made last for the path that is being asked for.
    trace: Option<TraceContext>,
    observe: O,
}

impl<O: Fn(&Event<'_>)> Poller<O> {
    /// Reads what was kept, which takes the disk's time. Fails on an address that is none, in words.
    pub(crate) fn new(settings: PollerSettings, outbound: &Outbound, feed: Feed, observe: O) -> Result<Self, Text> {
        let Access { url, allow_http, user, password } = &settings.access;
        let client = Client::new(url, *allow_http, outbound)?;
        let now = Instant::now();
        let login = LoginKey::new(url, user);
        let (store, Kept { mut snapshot, counts, account }) =
            Store::open(&settings.data_dir, login, settings.extra_paths.clone(), now);
        snapshot.extra.resize_with(settings.extra_paths.len(), || None);
        let paces = Part::ALL.map(pace).into_iter().chain(settings.extra_paths.iter().map(|_| Pace::Fast));
        let schedule = Schedule::new(settings.poll, paces, now);
        Ok(Self {
            etags: vec![None; Part::ALL.len() + settings.extra_paths.len()],
            client,
            session: Session::new(now, jitter),
            schedule,
            link: LinkTracker::new(now),
            snapshot,
            counts,
            account,
            store: Some(store),
            writing: None,
            password: password.stamp(),
            password_seen: now,
            clock: Clock::default(),
            started: now,
            feed,
            trace: None,
            observe,
            settings,
        })
    }

    /// Polls until `stop`, then writes what is not on the disk yet.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        // What a request holds is large.
        stop.run_until_cancelled(Box::pin(self.poll())).await;
        if timeout(DISK, self.keep_last()).await.is_err() {
            tracing::warn!("the disk takes too long: the last figures of the ERP may not be kept");
        }
    }

    async fn poll(&mut self) {
        let mut arrivals = self.feed.arrivals();
        loop {
            self.publish();
            let now = Instant::now();
            self.schedule.watch(self.feed.is_watched(now), now);
            let next = self.schedule.next(now);
            // The first round goes to the disk whole, instead of its first answer.
            if matches!(next, Next::Wait(_)) || self.is_whole() {
                self.keep().await;
            }
            match next {
                Next::Ask(index) => self.ask(index).await,
                Next::Wait(until) => {
                    tokio::select! {
                        () = sleep_until(until.into()) => {}
                        _ = arrivals.changed() => {}
                    }
                }
            }
        }
    }

    fn is_whole(&self) -> bool {
        Part::ALL.iter().all(|part| self.snapshot.part(*part).is_some())
    }

    /// Asks for one path, and signs in before where it has to.
    async fn ask(&mut self, index: usize) {
        self.trace = None;
        let outcome = match self.sign_in().await {
            Ok(()) => match self.fetch(index).await {
                // The ERP may have forgotten all tokens at once: then another login mends it.
                Err(Reason::Unauthorized) if self.is_login_due() => match self.sign_in().await {
                    Ok(()) => self.fetch(index).await,
                    Err(reason) => Err(reason),
                },
                outcome => outcome,
            },
            Err(reason) => Err(reason),
        };
        // What keeps the box from another token says more than that the last one is refused.
        let outcome = match (outcome, self.session.login_failure()) {
            (Err(Reason::Unauthorized), Some(failure)) => Err(failure.clone()),
            (outcome, _) => outcome,
        };
        let now = Instant::now();
        match outcome {
            Ok(took) => {
                self.schedule.answered(index, now);
                let was_away = self.link.answered(took, now);
                if was_away {
                    tracing::info!("the ERP answers");
                }
            }
            Err(reason) => {
                self.schedule.failed(index, &reason, now, |most| most.mul_f64(jitter().as_secs_f64() / 10.0));
                let (trace_id, span_id) = ids(self.trace);
                tracing::debug!(
                    path = self.path(index),
                    reason = reason.word(),
                    trace_id,
                    span_id,
                    "the ERP has not answered as it should"
                );
                if self.schedule.is_open() && self.link.is_away(reason.clone(), now) {
                    let (trace_id, span_id) = ids(self.trace);
                    tracing::warn!(reason = reason.word(), trace_id, span_id, "the ERP is away: {}", reason.text().en);
                }
            }
        }
    }

    fn is_login_due(&self) -> bool {
        self.session.login_due().is_some_and(|due| due <= Instant::now())
    }

    /// Signs in if that is due. An error only where there is no token to go on with.
    async fn sign_in(&mut self) -> Result<(), Reason> {
        self.watch_password();
        if self.is_login_due() {
            let now = Instant::now();
            self.session.login_began(now);
            let mut call = CallTracker::new(self.settings.trace_percent);
            let outcome = match self.settings.access.password.read() {
                Ok(password) => self.client.login(&self.settings.access.user, &password, &mut call).await,
                Err(text) => Err(Reason::Settings(text)),
            };
            self.ended(call, outcome.as_ref().err());
            let now = Instant::now();
            (self.observe)(&Event::LoggedIn { outcome: outcome.as_ref().map_or_else(Reason::word, |_| OK) });
            match outcome {
                Ok(login) => self.signed_in(login, now).await,
                Err(reason) => {
                    let (trace_id, span_id) = ids(self.trace);
                    let text = reason.text().en;
                    tracing::warn!(reason = reason.word(), trace_id, span_id, "cannot sign in to the ERP: {text}");
                    self.session.login_failed(now, &reason);
                }
            }
        }
        match (self.session.token(), self.session.login_failure()) {
            (Some(_), _) => Ok(()),
            (None, Some(reason)) => Err(reason.clone()),
            (None, None) => Err(Reason::Unauthorized),
        }
    }

    /// A new password counts at once, not after the wait for a wrong one.
    fn watch_password(&mut self) {
        let now = Instant::now();
        if now.saturating_duration_since(self.password_seen) < WATCH_PASSWORD {
            return;
        }
        self.password_seen = now;
        let stamp = self.settings.access.password.stamp();
        if stamp != self.password {
            self.password = stamp;
            self.session.password_changed(now);
        }
    }

    async fn signed_in(&mut self, login: Login, now: Instant) {
        let Login { token, account, key } = login;
        tracing::info!(role = account.role, workshop = account.workshop, "signed in to the ERP");
        self.session.logged_in(now, token);
        self.link.signed_in(account);
        if self.account.as_ref() == Some(&key) {
            return;
        }
        let is_another = self.account.replace(key).is_some();
        self.snapshot = Snapshot::default();
        self.snapshot.extra.resize_with(self.settings.extra_paths.len(), || None);
        self.counts = Counts::default();
        self.etags.iter_mut().for_each(|etag| *etag = None);
        if is_another {
            tracing::warn!("the ERP's account is another one: the figures of the one before are forgotten");
            // On the disk too, and at once, unless that hangs.
            let _ = timeout(DISK, self.written()).await;
            self.keep().await;
        }
    }

    async fn fetch(&mut self, index: usize) -> Result<Duration, Reason> {
        let Some(token) = self.session.token() else { return Err(Reason::Unauthorized) };
        let etag = self.etags.get(index).cloned().flatten();
        let (client, path) = (&self.client, self.path(index).to_owned());
        let mut call = CallTracker::new(self.settings.trace_percent);
        let outcome = if let Some(part) = part(index) {
            let parse: Parse<Answer> = Box::new(move |body| Answer::read(part, body));
            let fetched = client.get(&path, &token, etag.as_deref(), parse, &mut call).await;
            fetched.map(|fetched| self.take_part(index, part, fetched))
        } else {
            let fetched = client.get(&path, &token, etag.as_deref(), Box::new(extra_path::read), &mut call).await;
            fetched.map(|fetched| self.take_extra(index, fetched)).map_err(extra_path::reason)
        };
        self.ended(call, outcome.as_ref().err());
        (self.observe)(&Event::Asked {
            path: part(index).map_or(EXTRA, Part::name),
            outcome: outcome.as_ref().map_or_else(Reason::word, |_| OK),
        });
        match &outcome {
            Ok(_) => self.session.data_accepted(&token),
            Err(Reason::Unauthorized) => self.session.data_refused(Instant::now(), &token),
            Err(_) => {}
        }
        outcome
    }

    /// A request has ended, or was never sent.
    fn ended(&mut self, call: CallTracker, failure: Option<&Reason>) {
        let context = call.context();
        if let Some(call) = call.end(failure) {
            self.trace = context;
            (self.observe)(&Event::Traced(&call));
        }
    }

    fn take_part(&mut self, index: usize, part: Part, fetched: Fetched<Answer>) -> Duration {
        let now = Instant::now();
        let before = self.snapshot.part(part).map(|held| Arc::clone(&held.value));
        let (value, took) = match (fetched, before) {
            (Fetched::NotModified { took }, Some(before)) => (before, took),
            // It has nothing that could be not modified.
            (Fetched::NotModified { took }, None) => {
                self.set_etag(index, None);
                return took;
            }
            (Fetched::Answer { mut value, etag, took }, before) => {
                self.set_etag(index, etag);
                if let Some(before) = &before {
                    value.carry_over(before);
                }
                // What is equal stays the same, so that nothing is rendered or written again.
                (before.filter(|before| **before == value).unwrap_or_else(|| Arc::new(value)), took)
            }
        };
        if let Some((completed, start)) = value.completed_today() {
            let moment = self.moment(now);
            self.counts.observe(completed, start, &moment, self.settings.day_start);
        }
        self.snapshot.set(part, Held::again(value, now));
        took
    }

    fn take_extra(&mut self, index: usize, fetched: Fetched<Bytes>) -> Duration {
        let now = Instant::now();
        let place = index - Part::ALL.len();
        let before = self.snapshot.extra.get_mut(place).and_then(Option::take);
        let (held, took) = match fetched {
            Fetched::NotModified { took } => (before.map(|held| Held::again(held.value, now)), took),
            Fetched::Answer { value, etag, took } => {
                self.set_etag(index, etag);
                (Some(Held::new(value, now)), took)
            }
        };
        if let Some(extra) = self.snapshot.extra.get_mut(place) {
            *extra = held;
        }
        took
    }

    fn set_etag(&mut self, index: usize, etag: Option<String>) {
        if let Some(place) = self.etags.get_mut(index) {
            *place = etag;
        }
    }

    fn path(&self, index: usize) -> &str {
        match part(index) {
            Some(part) => part.path(),
            None => self.settings.extra_paths.get(index - Part::ALL.len()).map_or("", String::as_str),
        }
    }

    fn moment(&self, now: Instant) -> Moment {
        Moment { at: now, local: Zoned::now(), is_believed: self.believed_time().is_some() }
    }

    /// What the box's clock shows; `None` while it is not believed.
    fn believed_time(&self) -> Option<Timestamp> {
        Timestamp::try_from(self.clock.believed(self.started.elapsed())?).ok()
    }

    fn publish(&mut self) {
        let now = Instant::now();
        self.snapshot.counts = self.counts.shown(&self.moment(now), self.settings.day_start);
        let periods = Periods {
            fast: self.schedule.period(Part::Machines as usize),
            slow: self.schedule.period(Part::MachineUtilization as usize),
            extra: self.schedule.period(Part::ALL.len()),
        };
        let wall = Wall {
            link: self.link.link().clone(),
            snapshot: self.snapshot.clone(),
            periods,
            at: now,
            clock: self.believed_time(),
        };
        self.feed.publish(&wall, now);
        (self.observe)(&Event::Known(&wall));
    }

    /// Writes what has changed, beside the polling: a disk that hangs holds nothing up.
    async fn keep(&mut self) {
        if self.writing.as_ref().is_some_and(JoinHandle::is_finished) {
            self.written().await;
        }
        let is_due = |store: &Store| self.account.as_ref().is_some_and(|account| store.is_due(account, Instant::now()));
        if self.store.as_ref().is_some_and(is_due) {
            self.write(Store::keep);
        }
    }

    async fn keep_last(&mut self) {
        self.written().await;
        self.write(Store::keep_last);
        self.written().await;
    }

    fn write(&mut self, keep: Keep) {
        let Some(account) = self.account.clone() else { return };
        let Some(mut store) = self.store.take() else { return };
        let (snapshot, counts, wall) = (self.snapshot.clone(), self.counts.clone(), self.believed_time());
        let figures = Figures { account, snapshot, counts, now: Instant::now(), wall };
        self.writing = Some(tokio::task::spawn_blocking(move || {
            let result = keep(&mut store, &figures);
            (store, result)
        }));
    }

    /// Waits for the write under way, if there is one.
    async fn written(&mut self) {
        let Some(writing) = &mut self.writing else { return };
        // Taken out only when it has ended: whoever waits may be cancelled, and the store would be lost.
        let ended = writing.await;
        self.writing = None;
        match ended {
            Ok((store, result)) => {
                self.store = Some(store);
                match result {
                    Ok(bytes) if bytes > 0 => (self.observe)(&Event::Kept { bytes }),
                    Ok(_) => {}
                    Err(error) => {
                        tracing::error!(error = error_chain(&error), "cannot keep the ERP's figures");
                    }
                }
            }
            Err(error) => tracing::error!(%error, "the write of the ERP's figures has failed"),
        }
    }
}

/// The fields of log lines that name a request as its trace does.
fn ids(context: Option<TraceContext>) -> (Option<impl tracing::Value>, Option<impl tracing::Value>) {
    let (trace, span) = (context.map(|context| context.trace()), context.map(|context| context.span()));
    (trace.map(tracing::field::display), span.map(tracing::field::display))
}

/// The part at a place of the schedule; `None` for an extra path.
fn part(index: usize) -> Option<Part> {
    Part::ALL.get(index).copied()
}

fn pace(part: Part) -> Pace {
    match part {
        Part::Dashboard => Pace::Counted,
        part if part.is_slow() => Pace::Slow,
        _ => Pace::Fast,
    }
}
