//! What other rooms do with the screens.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::watch;

use super::answer::{Answer, WireAnswer};
use super::device::device;
use super::identity::{Credentials, PageId, ScreenId, random};
use super::orders::{MAX_MESSAGE, MAX_MESSAGE_S, Order, Target};
use super::registry::{Admission, Registry, Sender};
use super::report::{Report, ReportError};
use super::screen::{CODE_SHOWN, Screen};
use super::settings::Settings;
use super::state::Limits;
use super::summary::{Counts, ErrorSummary, ScreenSummary, Summary, ViewportSummary};
use super::text::{cut, is_shown};
use super::words;
use crate::durable::RecordError;
use crate::lang::{Lang, Text};
use crate::window::{Window, WindowState};

/// Characters of a screen's name.
const MAX_NAME: usize = 40;
/// Bytes of a view.
const MAX_VIEW: usize = 200;
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

/// A picture of a page.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    /// A JPEG.
    pub(crate) jpeg: bytes::Bytes,
    /// When it came.
    pub(crate) taken: Instant,
}

/// Why a picture is not taken.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PictureError {
    /// More than [`MAX_PICTURE`] bytes (413).
    #[error("the picture has more than {MAX_PICTURE} bytes")]
    TooLarge,
    /// Not a picture (400).
    #[error("this is not a picture of a screen")]
    Malformed,
    /// Nobody has asked this screen for one (403).
    #[error("nobody has asked for this picture")]
    NotAsked,
}

/// Bytes of the body that brings a picture.
pub(crate) const MAX_PICTURE: usize = 768 * 1024;

/// Why a change that a person wants is not made.
#[derive(Debug, Error)]
pub(crate) enum ChangeError {
    /// There is no screen with this id.
    #[error("there is no such screen")]
    NoSuchScreen,
    /// Not 1 to 40 characters, or ones that are not seen.
    #[error("this is not a name")]
    Name,
    /// Another screen has the name.
    #[error("another screen has the name {0:?}")]
    NameTaken(String),
    /// Not a path of the site: from `/` on, at most 200 characters of ASCII, not one of the box's own below `/_edge`.
    #[error("this is not a path of the site")]
    View,
    /// Not 1 to 200 characters for 1 s to 1 h.
    #[error("this is not a message")]
    Message,
    /// It cannot be kept, and has not happened.
    #[error("cannot keep the screens")]
    Keep(#[from] RecordError),
}

impl ChangeError {
    /// What a person reads.
    #[must_use]
    pub(crate) fn text(&self) -> Text {
        match self {
            Self::NoSuchScreen => words::NO_SUCH_SCREEN.into(),
            Self::Name => words::BAD_NAME.into(),
            Self::NameTaken(name) => words::name_taken(name),
            Self::View => words::BAD_VIEW.into(),
            Self::Message => words::BAD_MESSAGE.into(),
            Self::Keep(error) => Text::about(words::NOT_KEPT.es, words::NOT_KEPT.en, crate::error_chain(error)),
        }
    }
}

/// The screens; clones are the same ones.
#[derive(Clone)]
pub(crate) struct Screens(Arc<Inner>);

struct Inner {
    settings: Settings,
    lang: Lang,
    window: Window,
    started: Instant,
    state: Mutex<State>,
    calls: watch::Sender<u64>,
    summary: watch::Sender<Arc<Summary>>,
}

struct State {
    registry: Registry,
    /// What the box serves; `None`: nothing yet.
    site: Option<String>,
    /// The number of the last order.
    order: u64,
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

impl Screens {
    /// The screens that are kept in the data directory. It reads files: not for the runtime's threads.
    #[must_use]
    pub(crate) fn open(_data_dir: &Path, settings: Settings, lang: Lang, now: Instant) -> Self {
        let state = State {
            registry: Registry::new(Vec::new()),
            site: None,
            // Pages remember which orders they have carried out, over a restart of the box too.
            order: random() >> 32 << 16,
            wall: None,
        };
        let screens = Self(Arc::new(Inner {
            window: settings.window(),
            settings,
            lang,
            started: now,
            state: Mutex::new(state),
            calls: watch::Sender::new(0),
            summary: watch::Sender::default(),
        }));
        screens.publish(&mut screens.lock(), now);
        screens
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the body of `POST /_edge/screen`, at most [`super::MAX_REPORT`] bytes.
    pub(crate) fn report(&self, from: &Caller<'_>, body: &[u8], now: Instant) -> Result<Answer, ReportError> {
        let report = Report::parse(body)?;
        let user_agent = device(from.user_agent).user_agent;
        let sender = Sender { address: from.ip.to_canonical(), user_agent: &user_agent };
        let of_cookie = from.cookie.and_then(Credentials::of_cookie);
        let credentials = report.credentials.as_ref().or(of_cookie.as_ref());
        let mut state = self.lock();
        let state = &mut *state;
        let mut answer = WireAnswer::new(self.0.lang, self.0.settings.reload_spread);
        // Before the box knows what it serves, no page is another.
        answer.site = state.site.as_deref().or(report.site.as_deref());
        match state.registry.admit(&report, credentials, sender, now)? {
            Admission::Wait => {
                answer.wait = true;
                Ok(answer.render(None))
            }
            Admission::Screen(id, new) => {
                state.registry.hear(id, &report, sender, state.site.as_deref(), now);
                if let Some(screen) = state.registry.screen(id) {
                    answer.name = screen.name.as_deref();
                    answer.code = screen.shown_code(now);
                    answer.view = screen.view.as_deref();
                    answer.keep_awake = self.is_kept_awake(screen);
                    answer.orders = screen.orders.wire();
                }
                Ok(answer.render(new.as_ref()))
            }
        }
    }

    /// Takes the body of `POST /_edge/screen/picture`, at most [`MAX_PICTURE`] bytes.
    pub(crate) fn put_picture(&self, body: &[u8], _now: Instant) -> Result<(), PictureError> {
        if body.len() > MAX_PICTURE {
            return Err(PictureError::TooLarge);
        }
        Err(PictureError::NotAsked)
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
        Arc::clone(&self.0.summary.borrow())
    }

    /// The summaries as they come: one a second.
    #[must_use]
    pub(crate) fn summaries(&self) -> watch::Receiver<Arc<Summary>> {
        self.0.summary.subscribe()
    }

    /// What the box serves from now on: sixteen hexadecimal digits.
    pub(crate) fn set_site(&self, site: &str, now: Instant) {
        let mut state = self.lock();
        for page in state.registry.screens_mut().iter_mut().flat_map(|screen| &mut screen.pages) {
            page.compare(Some(site), now);
        }
        state.site = Some(site.to_owned());
    }

    /// Does what is due; to be called about once a second. `wall` is the box's clock, `None` where it is not right. It may
    /// write files: not for the runtime's threads.
    pub(crate) fn tick(&self, now: Instant, wall: Option<Timestamp>) {
        let mut state = self.lock();
        state.wall = wall.map(|wall| (now, wall));
        for screen in state.registry.screens_mut() {
            screen.orders.expire(now);
        }
        self.publish(&mut state, now);
    }

    /// Writes what is not written yet: before the process ends. It writes files: not for the runtime's threads.
    pub(crate) fn keep_last(&self, _now: Instant) {}

    /// Gives a screen a name of 1 to 40 characters; when this returns it is on the disk. It writes files: not for the
    /// runtime's threads.
    pub(crate) fn rename(&self, id: ScreenId, name: &str, now: Instant) -> Result<(), ChangeError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME || !name.chars().all(is_shown) {
            return Err(ChangeError::Name);
        }
        let mut state = self.lock();
        let is_taken = |screen: &Screen| screen.id != id && screen.name.as_deref() == Some(name);
        if state.registry.screens().iter().any(is_taken) {
            return Err(ChangeError::NameTaken(name.to_owned()));
        }
        self.change(&mut state, id, now, |screen| screen.name = Some(name.to_owned()))
    }

    /// Gives a screen the path to which its page at `/` goes, or none. As [`Screens::rename`].
    pub(crate) fn set_view(&self, id: ScreenId, view: Option<&str>, now: Instant) -> Result<(), ChangeError> {
        if !view.is_none_or(is_view) {
            return Err(ChangeError::View);
        }
        self.change(&mut self.lock(), id, now, |screen| screen.view = view.map(str::to_owned))
    }

    /// Says whether a screen is kept awake; `None`: as all are. As [`Screens::rename`].
    pub(crate) fn set_keep_awake(&self, id: ScreenId, on: Option<bool>, now: Instant) -> Result<(), ChangeError> {
        self.change(&mut self.lock(), id, now, |screen| screen.keep_awake = on)
    }

    /// Forgets a screen, with its name; should it report again, it is a new one. As [`Screens::rename`].
    pub(crate) fn forget(&self, id: ScreenId, now: Instant) -> Result<(), ChangeError> {
        let mut state = self.lock();
        state.registry.screen(id).ok_or(ChangeError::NoSuchScreen)?;
        state.registry.remove(id);
        self.publish(&mut state, now);
        Ok(())
    }

    /// Asks something of one screen or of all; gives the number of screens that are asked. It waits for none of them.
    pub(crate) fn order(&self, target: Target, order: &Order, now: Instant) -> Result<usize, ChangeError> {
        check(order)?;
        let mut state = self.lock();
        let state = &mut *state;
        if let Target::One(id) = target
            && state.registry.screen(id).is_none()
        {
            return Err(ChangeError::NoSuchScreen);
        }
        let is_target = |screen: &Screen| match target {
            Target::One(id) => screen.id == id,
            Target::All => screen.heard.is_some(),
        };
        let mut asked = 0;
        for screen in state.registry.screens_mut().iter_mut().filter(|screen| is_target(screen)) {
            state.order += 1;
            screen.orders.add(state.order, order.clone(), now);
            if *order == Order::Identify {
                screen.code_until = Some(now + CODE_SHOWN);
            }
            asked += 1;
        }
        self.publish(state, now);
        self.0.calls.send_modify(|number| *number = number.wrapping_add(1));
        Ok(asked)
    }

    /// The newest picture of a screen that is held.
    #[must_use]
    pub(crate) fn picture(&self, _id: ScreenId) -> Option<Picture> {
        None
    }

    fn change(
        &self,
        state: &mut State,
        id: ScreenId,
        now: Instant,
        change: impl FnOnce(&mut Screen),
    ) -> Result<(), ChangeError> {
        change(state.registry.screen_mut(id).ok_or(ChangeError::NoSuchScreen)?);
        self.publish(state, now);
        Ok(())
    }

    fn is_kept_awake(&self, screen: &Screen) -> bool {
        screen.keep_awake.unwrap_or(self.0.settings.keep_awake)
    }

    fn publish(&self, state: &mut State, now: Instant) {
        let limits = Limits { reload_spread: self.0.settings.reload_spread, stale: self.0.settings.stale };
        let facts: Vec<_> = state.registry.screens().iter().map(|screen| state.registry.facts(screen, now)).collect();
        for (screen, facts) in state.registry.screens_mut().iter_mut().zip(&facts) {
            screen.judge(facts, &limits, now);
        }
        let mut screens: Vec<_> =
            state.registry.screens().iter().map(|screen| self.summarise(screen, state.wall, now)).collect();
        screens.sort_by_cached_key(|screen| {
            (screen.name.is_none(), screen.name.as_ref().map(|name| name.to_lowercase()), screen.heard_s, screen.id)
        });
        let wall = state.wall.map(|(at, wall)| wall + now.saturating_duration_since(at));
        let summary = Summary {
            counts: Counts::of(screens.iter().map(|screen| screen.state)),
            screens,
            expected: self.0.settings.expected,
            // By a clock that is not right, no screen is missed.
            is_within_hours: wall.is_some_and(|wall| self.0.window.state(wall) == WindowState::Open),
            is_starting: now.saturating_duration_since(self.0.started) < STARTING,
        };
        self.0.summary.send_replace(Arc::new(summary));
    }

    fn summarise(&self, screen: &Screen, _wall: Option<(Instant, Timestamp)>, now: Instant) -> ScreenSummary {
        let page = screen.pages.iter().max_by_key(|page| page.heard);
        let errors = page.map(|page| page.errors).unwrap_or_default();
        ScreenSummary {
            id: screen.id,
            name: screen.name.clone(),
            code: screen.name.is_none().then(|| screen.code.clone()),
            is_code_shown: screen.shown_code(now).is_some(),
            state: screen.state,
            since_s: now.saturating_duration_since(screen.since).as_secs(),
            reason: screen.reason.text().into(),
            address: screen.address,
            device: device(&screen.user_agent),
            view: screen.view.clone(),
            keep_awake: self.is_kept_awake(screen),
            own_keep_awake: screen.keep_awake,
            first_seen: screen.first_seen,
            last_seen: screen.last_seen,
            heard_s: screen.heard.map(|heard| now.saturating_duration_since(heard).as_secs()),
            pages: screen.pages.len(),
            version: page.and_then(|page| page.site.clone()),
            path: page.map(|page| page.path.clone()),
            frames_per_second: page.and_then(|page| page.frames_per_second),
            data_age_s: page.and_then(|page| page.data_age).map(|age| age.as_secs_f64()),
            viewport: page.and_then(|page| page.viewport).map(|viewport| ViewportSummary {
                width: viewport.width,
                height: viewport.height,
                ratio: viewport.ratio,
            }),
            heap: page.and_then(|page| page.heap),
            errors: ErrorSummary {
                script: errors.script,
                rejection: errors.rejection,
                resource: errors.resource,
                policy: errors.policy,
                sample: page.and_then(|page| page.sample.clone()),
            },
            orders: screen.orders.pending(),
            last_order: screen.orders.last(),
            picture_s: None,
        }
    }
}

fn check(order: &Order) -> Result<(), ChangeError> {
    match order {
        Order::Go { path } if !is_view(path) => Err(ChangeError::View),
        Order::Message { text, for_s } => {
            let is_good = !text.is_empty() && cut(text, MAX_MESSAGE) == *text && (1..=MAX_MESSAGE_S).contains(for_s);
            if is_good { Ok(()) } else { Err(ChangeError::Message) }
        }
        Order::Reload | Order::Identify | Order::Go { .. } | Order::Picture => Ok(()),
    }
}

/// Whether a screen may be sent there: to the site, and nowhere else.
fn is_view(path: &str) -> bool {
    path.starts_with('/')
        && path.len() <= MAX_VIEW
        && path.bytes().all(|byte| byte.is_ascii_graphic())
        && !path.contains(['\\', '"', '<', '>'])
        && !path.starts_with("//")
        && path != "/_edge"
        && !path.starts_with("/_edge/")
}
