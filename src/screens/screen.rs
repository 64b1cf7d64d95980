//! One screen: what is kept of it, and its pages.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::change::{is_name, is_view};
use super::device::Device;
use super::identity::{PageId, ScreenId, Secret, SecretHash, is_code};
use super::orders::{Order, OrderKind, Orders};
use super::page::Page;
use super::state::{Facts, Limits, Reason, ScreenState, state};
use super::store::Kept;
use super::vote::{Evidence, PageEvidence, Voter, vote};

/// Pages of a screen; a further one takes the place of the one that was heard of the longest ago.
pub(super) const MAX_PAGES: usize = 4;
/// For how long a screen shows its code.
const CODE_SHOWN: Duration = Duration::from_secs(600);
/// A screen without a name is forgotten when nothing was heard of it for so long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// A blank page is loaded again after so long.
const BLANK_FOR: Duration = Duration::from_secs(60);
/// Between two reloads of a blank page.
const BLANK_RELOADS: Duration = Duration::from_secs(600);

/// A screen.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) id: ScreenId,
    pub(super) secret: SecretHash,
    pub(super) chosen: Chosen,
    /// By which a person finds it while it has no name.
    pub(super) code: String,
    pub(super) device: Device,
    pub(super) address: Option<IpAddr>,
    pub(super) first_seen: Option<Timestamp>,
    pub(super) last_seen: Option<Timestamp>,
    /// Its last report; `None`: none since the box started.
    pub(super) heard: Option<Instant>,
    pub(super) pages: Vec<Page>,
    pub(super) orders: Orders,
    pub(super) state: ScreenState,
    pub(super) reason: Reason,
    /// Since when it is in its state.
    pub(super) since: Instant,
    /// The page that a person sees.
    front: Option<PageId>,
    /// Its first report since the box started.
    met: Option<Instant>,
    /// Until when it shows its code.
    code_until: Option<Instant>,
    /// When it is to load the page again.
    reload_due: Option<Instant>,
    /// When it was last told to because it was blank.
    mended: Option<Instant>,
    /// Whether it showed the page when it was written to the disk last, before the box started.
    pub(super) was_showing: bool,
}

/// What a person chose for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) name: Option<String>,
    /// The path to which its page at `/` goes.
    pub(super) view: Option<String>,
    /// `None`: as all are.
    pub(super) keep_awake: Option<bool>,
}

impl Screen {
    /// One that is seen for the first time.
    pub(super) fn new(id: ScreenId, secret: &Secret, code: String, now: Instant) -> Self {
        let mut screen = Self::silent(id, secret.hash(), code, now);
        screen.show_code(now);
        screen
    }

    /// One that was kept; `None` where it is none.
    pub(super) fn kept(kept: Kept, now: Instant) -> Option<Self> {
        let id = ScreenId::parse(&kept.id)?;
        let code = if is_code(&kept.code) { kept.code } else { String::new() };
        let mut screen = Self::silent(id, kept.secret, code, now);
        screen.chosen = Chosen {
            name: kept.name.filter(|name| is_name(name)),
            view: kept.view.filter(|view| is_view(view)),
            keep_awake: kept.keep_awake,
        };
        screen.device = Device::of(&kept.user_agent);
        screen.address = kept.address;
        (screen.first_seen, screen.last_seen) = (kept.first_seen, kept.last_seen);
        screen.was_showing = kept.was_showing;
        let known_for = kept.first_seen.zip(kept.last_seen).map(|(first, last)| last.duration_since(first));
        if known_for.is_none_or(|time| time.unsigned_abs() < CODE_SHOWN) {
            // The box restarted while it was being set up.
            screen.show_code(now);
        }
        Some(screen)
    }

    fn silent(id: ScreenId, secret: SecretHash, code: String, now: Instant) -> Self {
        Self {
            id,
            secret,
            chosen: Chosen::default(),
            code,
            device: Device::default(),
            address: None,
            first_seen: None,
            last_seen: None,
            heard: None,
            pages: Vec::new(),
            orders: Orders::default(),
            state: ScreenState::Offline,
            reason: Reason::NeverHeard,
            since: now,
            front: None,
            met: None,
            code_until: None,
            reload_due: None,
            mended: None,
            was_showing: false,
        }
    }

    /// What is to be kept of it, and with it whether it showed the page.
    pub(super) fn to_keep(&self, was_showing: bool) -> Kept {
        let Chosen { name, view, keep_awake } = self.chosen.clone();
        Kept {
            id: self.id.to_string(),
            secret: self.secret.clone(),
            name,
            view,
            keep_awake,
            code: self.code.clone(),
            user_agent: self.device.user_agent.clone(),
            address: self.address,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            was_showing,
        }
    }

    /// Whether a person sees the page on it, and its engine says how many frames it draws: another could not vote.
    pub(super) fn is_showing(&self) -> bool {
        self.state.is_lit() && self.front().is_some_and(Page::draws)
    }

    /// What it says of the version on trial; `site` is what the box serves. Without a name, nothing: anything on the network may
    /// report as a screen, and only a person gives names.
    pub(super) fn voter(&self, site: Option<&str>) -> Option<Voter> {
        let name = self.chosen.name.clone()?;
        let of_site = || self.pages.iter().filter(|page| site.is_some() && page.site.as_deref() == site);
        let has_thrown = of_site().any(|page| page.errors.script > 0 || page.errors.rejection > 0);
        let frames = of_site().map(|page| page.frames).max();
        let evidence = Evidence {
            was_heard: self.heard.is_some(),
            is_hidden: self.state == ScreenState::Hidden,
            page: frames.map(|frames| PageEvidence { frames, has_thrown }),
        };
        Some(Voter { name, vote: vote(&evidence) })
    }

    pub(super) fn is_named(&self) -> bool {
        self.chosen.name.is_some()
    }

    pub(super) fn page(&self, id: PageId) -> Option<&Page> {
        self.pages.iter().find(|page| page.id == id)
    }

    pub(super) fn front(&self) -> Option<&Page> {
        self.page(self.front?)
    }

    /// Notes that it was heard of.
    pub(super) fn meet(&mut self, address: IpAddr, device: &Device, now: Instant) {
        self.heard = Some(now);
        self.met.get_or_insert(now);
        self.address = Some(address);
        self.device.clone_from(device);
    }

    /// Has it show its code.
    pub(super) fn show_code(&mut self, now: Instant) {
        self.code_until = Some(now + CODE_SHOWN);
    }

    /// The code that it shows now.
    pub(super) fn shown_code(&self, now: Instant) -> Option<&str> {
        let is_shown = !self.is_named() && self.code_until.is_some_and(|until| now < until);
        is_shown.then_some(self.code.as_str())
    }

    /// Asks something of it.
    pub(super) fn ask(&mut self, number: u64, order: Order, now: Instant) {
        if order == Order::Identify {
            self.show_code(now);
        }
        if order == Order::Reload {
            self.reload_due = None;
        }
        self.orders.add(number, order, now);
    }

    /// Finds out how it is from what is known of each of its pages.
    pub(super) fn judge(&mut self, facts: &[Facts], limits: &Limits, now: Instant) {
        let judged = self.pages.iter().zip(facts).map(|(page, facts)| (state(facts, limits), page));
        let best = judged.max_by_key(|((state, _), page)| (*state, page.heard));
        let ((state, reason), front) =
            best.map_or(((ScreenState::Offline, Reason::NeverHeard), None), |(judged, page)| (judged, Some(page.id)));
        if state != self.state {
            self.since = now;
        }
        (self.state, self.reason, self.front) = (state, reason, front);
    }

    /// Drops the pages of which nothing will come any more, but for the one that says how the screen is.
    pub(super) fn drop_ended_pages(&mut self, facts: &[Facts]) {
        let mut facts = facts.iter();
        let front = self.front;
        self.pages.retain(|page| facts.next().is_some_and(Facts::is_alive) || front == Some(page.id));
    }

    /// Whether nothing was heard of it for so long that it is no more, unless it has a name.
    pub(super) fn is_forgotten(&self, now: Instant, wall: Option<Timestamp>) -> bool {
        let silence = self.heard.map(|heard| now.saturating_duration_since(heard));
        let kept_silence = || Duration::try_from(wall?.duration_since(self.last_seen?)).ok();
        silence.or_else(kept_silence).is_some_and(|silence| silence >= FORGOTTEN_AFTER)
    }

    /// Writes down when it was seen, by the clock that is right now.
    pub(super) fn date(&mut self, now: Instant, wall: Timestamp) {
        let at = |instant: Instant| wall.checked_sub(now.saturating_duration_since(instant)).ok();
        self.first_seen = self.first_seen.or_else(|| at(self.met?));
        self.last_seen = self.heard.and_then(at).or(self.last_seen);
    }

    /// Has it load the page again at this time.
    pub(super) fn reload_at(&mut self, due: Instant) {
        self.reload_due = Some(due);
    }

    /// Whether it is to be told now to load the page again: its time has come, or it has been blank for too long.
    pub(super) fn is_reload_due(&mut self, now: Instant) -> bool {
        if self.orders.has(OrderKind::Reload) {
            return false;
        }
        if self.reload_due.take_if(|due| now >= *due).is_some() {
            return true;
        }
        let is_blank = self.state == ScreenState::Blank && now.saturating_duration_since(self.since) >= BLANK_FOR;
        let is_rested = self.mended.is_none_or(|at| now.saturating_duration_since(at) >= BLANK_RELOADS);
        if is_blank && is_rested {
            self.mended = Some(now);
        }
        is_blank && is_rested
    }
}
