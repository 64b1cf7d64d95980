//! What other rooms do with the screens.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::watch;

use super::answer::{Answer, WireAnswer};
use super::change::{ChangeError, Target, check, is_name, is_view};
use super::device::Device;
use super::identity::{Credentials, PageId, ScreenId};
use super::nightly::Nightly;
use super::orders::{EndedOrders, Order};
use super::pictures::{Picture, PictureError, Pictures, Upload};
use super::rate::RateLimiter;
use super::registry::{Admission, Registry, Sender};
use super::report::{Report, ReportError};
use super::screen::{Chosen, Screen};
use super::settings::Settings;
use super::state::{Limits, ScreenState};
use super::store::{Kept, Store};
use super::summary::{ScreenSummary, Summary};
use super::vote::Voter;
use crate::durable::RecordError;
use crate::lang::Lang;
use crate::window::{Window, WindowState};

/// For so long after its start the box has not heard of every screen.
const STARTING: Duration = Duration::from_secs(60);

/// Who sends a report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    /// The peer's address.
    pub(crate) ip: IpAddr,
    /// The `User-Agent` field; empty without one.
    pub(crate) user_agent: &'a str,
    /// The `Cookie` field.
    pub(crate) cookie: Option<&'a str>,
}

/// The screens; clones are the same ones.
#[derive(Clone)]
pub(crate) struct Screens(Arc<Inner>);

struct Inner {
    settings: Settings,
    lang: Lang,
    window: Window,
    started: Instant,
    /// Taken before [`Inner::state`], and held while the disk is written to: never by a report.
    store: Mutex<Store>,
    state: Mutex<State>,
    calls: watch::Sender<u64>,
    summary: ArcSwap<Summary>,
}

struct State {
    registry: Registry,
    rate: RateLimiter,
    pictures: Pictures,
    nightly: Option<Nightly>,
    /// The clock at an instant, where it is right.
    wall: Option<(Instant, Timestamp)>,
}

/// An open live channel of a page, until it is dropped.
pub(crate) struct Channel {
    screens: Screens,
    page: PageId,
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.screens.lock().registry.close_channel(self.page);
    }
}

/// [`Store::keep`], or [`Store::keep_now`].
type Keep = fn(&mut Store, Vec<Kept>, Instant) -> Result<u64, RecordError>;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Screens {
    /// The screens that are kept in the data directory. It reads files: not for the runtime's threads.
    #[must_use]
    pub(crate) fn open(data_dir: &Path, settings: Settings, lang: Lang, now: Instant) -> Self {
        let (store, kept) = Store::open(data_dir, now);
        let state = State {
            registry: Registry::new(kept, now),
            rate: RateLimiter::new(now),
            pictures: Pictures::default(),
            nightly: settings.reload_at.map(|at| Nightly::new(at, TimeZone::system())),
            wall: None,
        };
        let screens = Self(Arc::new(Inner {
            window: settings.window(),
            settings,
            lang,
            started: now,
            store: Mutex::new(store),
            state: Mutex::new(state),
            calls: watch::Sender::new(0),
            summary: ArcSwap::default(),
        }));
        screens.publish(&mut screens.lock(), now);
        screens
    }

    /// Takes the body of `POST /_edge/screen`, at most [`super::MAX_REPORT`] bytes.
    pub(crate) fn report(&self, from: &Caller<'_>, body: &[u8], now: Instant) -> Result<Answer, ReportError> {
        let address = from.ip.to_canonical();
        self.lock().rate.take(address, now).map_err(|retry_after| ReportError::TooMany { retry_after })?;
        let report = Report::parse(body)?;
        let device = Device::of(from.user_agent);
        let sender = Sender { address, device: &device };
        let of_cookie = from.cookie.and_then(Credentials::of_cookie);
        let credentials = report.credentials.as_ref().or(of_cookie.as_ref());
        let mut state = self.lock();
        let registry = &mut state.registry;
        let admission = registry.admit(&report, credentials, sender, now)?;
        if let Admission::Screen(id, _) = admission {
            registry.hear(id, &report, sender, now);
        }
        let mut answer = WireAnswer::new(self.0.lang, self.0.settings.reload_spread);
        // Before the box knows what it serves, no page is another.
        answer.site = registry.site().or(report.site.as_deref());
        let new = match admission {
            Admission::Wait => {
                answer.wait = true;
                None
            }
            Admission::Screen(id, new) => {
                if let Some(screen) = registry.screen(id) {
                    answer.name = screen.chosen.name.as_deref();
                    answer.code = screen.shown_code(now);
                    answer.view = screen.chosen.view.as_deref();
                    answer.keep_awake = screen.chosen.keep_awake.unwrap_or(self.0.settings.keep_awake);
                    answer.orders = screen.orders.wire();
                }
                new
            }
        };
        Ok(answer.render(new.as_ref()))
    }

    /// Takes the body of `POST /_edge/screen/picture`, at most [`super::MAX_PICTURE`] bytes.
    pub(crate) fn put_picture(&self, body: &[u8], now: Instant) -> Result<(), PictureError> {
        let upload = Upload::parse(body)?;
        let mut state = self.lock();
        let screen = state.registry.screen_mut(upload.credentials.id);
        let screen = screen.filter(|screen| screen.secret.is_of(&upload.credentials.secret));
        if !screen.is_some_and(|screen| screen.orders.take_picture(upload.order, now)) {
            return Err(PictureError::NotAsked);
        }
        state.pictures.put(upload, now);
        Ok(())
    }

    /// Counts a live channel of a page as open, until what is given is dropped; `None` where `page` is no page's id, or too
    /// many channels are counted. The channel is served all the same.
    #[must_use]
    pub(crate) fn open_channel(&self, page: &str) -> Option<Channel> {
        let page = PageId::parse(page)?;
        self.lock().registry.open_channel(page).then(|| Channel { screens: self.clone(), page })
    }

    /// Changes when screens are to report at once: live channels then send `event: call`.
    #[must_use]
    pub(crate) fn calls(&self) -> watch::Receiver<u64> {
        self.0.calls.subscribe()
    }

    /// All screens, as they were at the last [`Screens::tick`] or change by a person.
    #[must_use]
    pub(crate) fn summary(&self) -> Arc<Summary> {
        self.0.summary.load_full()
    }

    /// What the box serves from now on: sixteen hexadecimal digits.
    pub(crate) fn set_site(&self, site: &str, now: Instant) {
        self.lock().registry.set_site(site, now);
    }

    /// Does what is due; to be called about once a second. `wall` is the box's clock, `None` where it is not right. What is
    /// to be written is written by a thread of its own: a disk that hangs holds nothing up.
    pub(crate) fn tick(&self, now: Instant, wall: Option<Timestamp>) {
        self.age(now, wall);
        // Nobody holds the store but who writes.
        if self.0.store.try_lock().is_ok_and(|store| store.is_due(now)) {
            let screens = self.clone();
            let writer = std::thread::Builder::new().name("screens-store".into());
            if let Err(error) = writer.spawn(move || screens.keep(now)) {
                tracing::warn!(%error, "no thread to keep the screens");
            }
        }
    }

    /// Says whether the program is on trial, which it is not at first: until its end, the screens that were showing the page before
    /// it are remembered.
    pub(crate) fn set_on_trial(&self, is_on_trial: bool) {
        self.lock().registry.set_on_trial(is_on_trial);
    }

    /// What the named ones say of the version on trial that were showing the page when the program ended that ran before it.
    #[must_use]
    pub(crate) fn voters(&self) -> Vec<Voter> {
        self.lock().registry.voters()
    }

    /// Writes what is not written yet: before the process ends. It writes files: not for the runtime's threads.
    pub(crate) fn keep_last(&self, now: Instant) {
        self.write(Store::keep_now, now);
    }

    fn keep(&self, now: Instant) {
        self.write(Store::keep, now);
    }

    fn write(&self, keep: Keep, now: Instant) {
        let mut store = locked(&self.0.store);
        let kept = self.lock().registry.to_keep();
        if let Err(error) = keep(&mut store, kept, now) {
            tracing::warn!(error = crate::error_chain(&error), "the screens cannot be kept");
        }
    }

    /// What [`Screens::tick`] does in memory.
    fn age(&self, now: Instant, wall: Option<Timestamp>) {
        let mut state = self.lock();
        let state = &mut *state;
        state.wall = wall.map(|wall| (now, wall));
        if state.nightly.as_mut().is_some_and(|nightly| nightly.is_due(now, wall)) {
            state.registry.reload_all(self.0.settings.reload_spread, now);
        }
        self.publish(state, now);
        // Without a call: screens hear of it with their next reports, which are spread.
        state.registry.reload_due(now);
        let State { registry, pictures, .. } = state;
        pictures.retain(|id| registry.screen(id).is_some());
    }

    /// Gives a screen a name of 1 to 40 characters; when this returns it is on the disk. It writes files: not for the
    /// runtime's threads.
    pub(crate) fn rename(&self, id: ScreenId, name: &str, now: Instant) -> Result<(), ChangeError> {
        // A telephone may write spaces that look alike and are others.
        let is_space = |sign: char| sign.is_whitespace() && !sign.is_control();
        let words: Vec<&str> = name.trim().split(is_space).filter(|word| !word.is_empty()).collect();
        let name = words.join(" ");
        if !is_name(&name) {
            return Err(ChangeError::Name);
        }
        self.choose(id, now, |chosen| chosen.name = Some(name))
    }

    /// Gives a screen the path to which its page at `/` goes, or none. As [`Screens::rename`].
    pub(crate) fn set_view(&self, id: ScreenId, view: Option<&str>, now: Instant) -> Result<(), ChangeError> {
        if !view.is_none_or(is_view) {
            return Err(ChangeError::View);
        }
        self.choose(id, now, |chosen| chosen.view = view.map(str::to_owned))
    }

    /// Says whether a screen is kept awake; `None`: as all are. As [`Screens::rename`].
    pub(crate) fn set_keep_awake(&self, id: ScreenId, on: Option<bool>, now: Instant) -> Result<(), ChangeError> {
        self.choose(id, now, |chosen| chosen.keep_awake = on)
    }

    /// Forgets a screen, with its name; should it report again, it is a new one. As [`Screens::rename`].
    pub(crate) fn forget(&self, id: ScreenId, now: Instant) -> Result<(), ChangeError> {
        let mut store = locked(&self.0.store);
        let (removed, kept) = {
            let mut state = self.lock();
            (state.registry.remove(id).ok_or(ChangeError::NoSuchScreen)?, state.registry.to_keep())
        };
        let written = store.keep_now(kept, now);
        let mut state = self.lock();
        if written.is_err() {
            state.registry.put_back(removed);
        }
        self.publish(&mut state, now);
        Ok(written.map(drop)?)
    }

    /// Asks something of one screen or of all; gives the number of screens that are asked. It waits for none of them.
    pub(crate) fn order(&self, target: Target, order: &Order, now: Instant) -> Result<usize, ChangeError> {
        check(order)?;
        let mut state = self.lock();
        let is_asked = |screen: &Screen| match target {
            Target::One(id) => screen.id == id,
            Target::All => screen.state != ScreenState::Offline,
        };
        let asked = state.registry.ask(order, is_asked, now);
        if asked == 0 && target != Target::All {
            return Err(ChangeError::NoSuchScreen);
        }
        self.publish(&mut state, now);
        self.call();
        Ok(asked)
    }

    /// How many orders have ended how.
    #[must_use]
    pub(crate) fn ended_orders(&self) -> EndedOrders {
        self.lock().registry.ended().clone()
    }

    /// The newest picture of a screen that is held; none of before the box started.
    #[must_use]
    pub(crate) fn picture(&self, id: ScreenId) -> Option<Picture> {
        self.lock().pictures.get(id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        locked(&self.0.state)
    }

    fn call(&self) {
        self.0.calls.send_modify(|number| *number = number.wrapping_add(1));
    }

    /// Changes what a person chooses for a screen. What cannot be kept has not happened.
    fn choose(&self, id: ScreenId, now: Instant, change: impl FnOnce(&mut Chosen)) -> Result<(), ChangeError> {
        let mut store = locked(&self.0.store);
        let (before, kept) = self.choose_in_memory(id, change)?;
        let written = store.keep_now(kept, now);
        let mut state = self.lock();
        if written.is_err()
            && let Some(screen) = state.registry.screen_mut(id)
        {
            screen.chosen = before;
        }
        self.publish(&mut state, now);
        // The screen shows it at once.
        self.call();
        Ok(written.map(drop)?)
    }

    /// Gives what it was before, and what is to be kept.
    fn choose_in_memory(
        &self,
        id: ScreenId,
        change: impl FnOnce(&mut Chosen),
    ) -> Result<(Chosen, Vec<Kept>), ChangeError> {
        let mut state = self.lock();
        let mut next = state.registry.screen(id).ok_or(ChangeError::NoSuchScreen)?.chosen.clone();
        change(&mut next);
        let is_taken = |screen: &Screen| screen.id != id && screen.chosen.name == next.name;
        if let Some(name) = &next.name
            && state.registry.screens().iter().any(is_taken)
        {
            return Err(ChangeError::NameTaken(name.clone()));
        }
        let screen = state.registry.screen_mut(id).ok_or(ChangeError::NoSuchScreen)?;
        let before = std::mem::replace(&mut screen.chosen, next);
        Ok((before, state.registry.to_keep()))
    }

    /// Finds out how the screens are, and shows it.
    fn publish(&self, state: &mut State, now: Instant) {
        let Settings { reload_spread, stale, expected, keep_awake, .. } = self.0.settings;
        let wall = state.wall.and_then(|(at, wall)| wall.checked_add(now.saturating_duration_since(at)).ok());
        state.registry.age(&Limits { reload_spread, stale }, now, wall);
        let summarise = |screen: &Screen| {
            let picture = state.pictures.get(screen.id).map(|picture| picture.taken);
            ScreenSummary::of(screen, keep_awake, picture, now)
        };
        let screens = state.registry.screens().iter().map(summarise).collect();
        // By a clock that is not right, no screen is missed.
        let is_within_hours = wall.is_some_and(|wall| self.0.window.state(wall) == WindowState::Open);
        let is_starting = now.saturating_duration_since(self.0.started) < STARTING;
        self.0.summary.store(Arc::new(Summary::of(screens, expected, is_within_hours, is_starting)));
    }
}

#[cfg(test)]
mod tests;
