//! The screens that are known, and which of them a page is of.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::device::Device;
use super::identity::{Credentials, MAX_SCREENS, PageId, ScreenId, Secret, random, random_code};
use super::orders::{EndedOrders, Order};
use super::page::Page;
use super::report::{Report, ReportError};
use super::screen::{MAX_PAGES, Screen};
use super::state::{Facts, Limits, ScreenState};
use super::store::Kept;
use super::vote::Voter;

/// Channels of pages that have not reported yet.
const MAX_STRANGE_CHANNELS: usize = 1024;
/// For how long a page waits for another one of its screen, at another address, to end.
const WAIT: Duration = Duration::from_secs(30);
/// Pages that wait.
const MAX_WAITING: usize = 256;
/// Screens without a name at one address: half of all places, so that nobody takes all of them alone.
const MAX_UNNAMED_AT_ADDRESS: usize = MAX_SCREENS / 2;
/// Having missed a report, a screen may be gone.
const DOUBTED_AFTER: Duration = Duration::from_secs(12);
/// When a newcomer may try again that found no place.
const RETRY_WHEN_FULL: Duration = Duration::from_secs(60);

/// The screens.
#[derive(Debug, Default)]
pub(super) struct Registry {
    screens: Vec<Screen>,
    /// Open live channels, by their page.
    channels: HashMap<PageId, usize>,
    /// How many orders have ended how.
    ended: EndedOrders,
    /// Since when a page waits.
    waiting: HashMap<PageId, Instant>,
    /// Sixteen hexadecimal digits; `None`: the box serves nothing yet.
    site: Option<String>,
    /// The number of the last order. Pages remember which ones they have carried out, over a restart of the box too.
    order: u64,
    /// Whether the program is on trial: which screens were showing the page before it is then kept as it was.
    is_on_trial: bool,
}

/// Which screen a page is of.
#[derive(Debug)]
pub(super) enum Admission {
    /// This one; with credentials that are new to the page.
    Screen(ScreenId, Option<Credentials>),
    /// That is seen when another page has ended or has shown that it lives.
    Wait,
}

/// From whom a report comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender<'a> {
    pub(super) address: IpAddr,
    pub(super) device: &'a Device,
}

impl Registry {
    /// The screens that were kept: the named ones first, as many as there are places.
    pub(super) fn new(kept: Vec<Kept>, now: Instant) -> Self {
        let mut screens: Vec<Screen> = kept.into_iter().filter_map(|kept| Screen::kept(kept, now)).collect();
        screens.sort_by_key(|screen| (!screen.is_named(), std::cmp::Reverse(screen.last_seen)));
        let mut registry = Self { order: random() >> 32 << 16, ..Self::default() };
        for mut screen in screens {
            if registry.screens.len() < MAX_SCREENS && registry.screen(screen.id).is_none() {
                if screen.code.is_empty() || registry.has_code(&screen.code) {
                    screen.code = registry.free_code();
                }
                registry.screens.push(screen);
            }
        }
        registry
    }

    /// What is to be kept.
    pub(super) fn to_keep(&self) -> Vec<Kept> {
        let was_showing = |screen: &Screen| if self.is_on_trial { screen.was_showing } else { screen.is_showing() };
        self.screens.iter().map(|screen| screen.to_keep(was_showing(screen))).collect()
    }

    /// A restart in the middle of a trial asks the same screens again, not those that the version on trial has left.
    pub(super) fn set_on_trial(&mut self, is_on_trial: bool) {
        self.is_on_trial = is_on_trial;
    }

    /// What the named screens say of the version on trial that were showing the page before it, by their names.
    pub(super) fn voters(&self) -> Vec<Voter> {
        let asked = self.screens.iter().filter(|screen| screen.was_showing);
        let mut voters: Vec<Voter> = asked.filter_map(|screen| screen.voter(self.site())).collect();
        voters.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        voters
    }

    /// How many orders have ended how.
    pub(super) fn ended(&self) -> &EndedOrders {
        &self.ended
    }

    pub(super) fn screens(&self) -> &[Screen] {
        &self.screens
    }

    pub(super) fn screen(&self, id: ScreenId) -> Option<&Screen> {
        self.screens.iter().find(|screen| screen.id == id)
    }

    pub(super) fn screen_mut(&mut self, id: ScreenId) -> Option<&mut Screen> {
        self.screens.iter_mut().find(|screen| screen.id == id)
    }

    /// Takes a screen out.
    pub(super) fn remove(&mut self, id: ScreenId) -> Option<Screen> {
        let at = self.screens.iter().position(|screen| screen.id == id)?;
        Some(self.screens.swap_remove(at))
    }

    /// Puts back a screen that was taken out.
    pub(super) fn put_back(&mut self, screen: Screen) {
        self.screens.push(screen);
    }

    /// What the box serves.
    pub(super) fn site(&self) -> Option<&str> {
        self.site.as_deref()
    }

    pub(super) fn set_site(&mut self, site: &str, now: Instant) {
        self.site = Some(site.to_owned());
        for page in self.screens.iter_mut().flat_map(|screen| &mut screen.pages) {
            page.compare(Some(site), now);
        }
    }

    /// Asks something of those screens; gives how many there are.
    pub(super) fn ask(&mut self, order: &Order, is_asked: impl Fn(&Screen) -> bool, now: Instant) -> usize {
        let asked = self.screens.iter_mut().filter(|screen| is_asked(screen));
        let number = self.order;
        for screen in asked {
            self.order += 1;
            screen.ask(self.order, order.clone(), now);
        }
        usize::try_from(self.order - number).unwrap_or(usize::MAX)
    }

    /// Finds out how each screen is, and drops what is over: orders, pages, and screens without a name.
    pub(super) fn age(&mut self, limits: &Limits, now: Instant, wall: Option<Timestamp>) {
        for at in 0..self.screens.len() {
            let Some(screen) = self.screens.get(at) else { continue };
            let facts = self.facts(screen, now);
            let Some(screen) = self.screens.get_mut(at) else { continue };
            screen.judge(&facts, limits, now);
            screen.drop_ended_pages(&facts);
            screen.orders.expire(now);
            if let Some(wall) = wall {
                screen.date(now, wall);
            }
        }
        self.screens.retain(|screen| screen.is_named() || !screen.is_forgotten(now, wall));
        self.waiting.retain(|_, since| now.saturating_duration_since(*since) < WAIT * 4);
    }

    /// Has those reload whose time has come.
    pub(super) fn reload_due(&mut self, now: Instant) {
        let due: Vec<_> = self
            .screens
            .iter_mut()
            .filter(|screen| screen.state != ScreenState::Offline)
            .filter_map(|screen| screen.is_reload_due(now).then_some(screen.id))
            .collect();
        self.ask(&Order::Reload, |screen| due.contains(&screen.id), now);
    }

    /// Has all screens reload, spread over this time.
    pub(super) fn reload_all(&mut self, spread: Duration, now: Instant) {
        for screen in &mut self.screens {
            let share = f64::from(u32::try_from(random() >> 32).unwrap_or_default()) / f64::from(u32::MAX);
            screen.reload_at(now + spread.mul_f64(share));
        }
    }

    /// Counts a channel of a page; `false` where it cannot be counted.
    pub(super) fn open_channel(&mut self, page: PageId) -> bool {
        let is_known = self.screens.iter().any(|screen| screen.page(page).is_some());
        if !is_known && !self.channels.contains_key(&page) && self.channels.len() >= MAX_STRANGE_CHANNELS {
            return false;
        }
        *self.channels.entry(page).or_default() += 1;
        true
    }

    pub(super) fn close_channel(&mut self, page: PageId) {
        if let Some(count) = self.channels.get_mut(&page) {
            *count -= 1;
            if *count == 0 {
                self.channels.remove(&page);
            }
        }
    }

    /// What is known of a screen's pages.
    pub(super) fn facts(&self, screen: &Screen, now: Instant) -> Vec<Facts> {
        screen.pages.iter().map(|page| self.page_facts(page, now)).collect()
    }

    fn page_facts(&self, page: &Page, now: Instant) -> Facts {
        page.facts(self.channels.contains_key(&page.id), now)
    }

    fn is_alive(&self, screen: &Screen, now: Instant) -> bool {
        self.facts(screen, now).iter().any(Facts::is_alive)
    }

    /// Finds the screen of a page, or makes one.
    pub(super) fn admit(
        &mut self,
        report: &Report,
        credentials: Option<&Credentials>,
        from: Sender<'_>,
        now: Instant,
    ) -> Result<Admission, ReportError> {
        let page = report.page;
        let shown = credentials.and_then(|credentials| {
            self.screen(credentials.id)
                .filter(|screen| screen.secret.is_of(&credentials.secret))
                .map(|screen| screen.id)
        });
        // Whoever knows the page is the page.
        let owner = self.screens.iter().find(|screen| screen.page(page).is_some()).map(|screen| screen.id);
        let known = match (owner, shown) {
            (Some(owner), Some(shown)) if owner == shown => return Ok(self.admitted(page, owner, None)),
            // It has found other credentials since.
            (Some(owner), Some(shown)) => {
                if let Some(screen) = self.screen_mut(owner) {
                    screen.pages.retain(|one| one.id != page);
                }
                Some(shown)
            }
            // What was answered has not reached it.
            (Some(owner), None) => {
                let new = self.renew(owner);
                return Ok(self.admitted(page, owner, new));
            }
            (None, shown) => shown,
        };
        if let Some(id) = known {
            let has_rival = self.screen(id).is_some_and(|screen| {
                let is_rival = |one: &&Page| one.id != page && one.address != from.address;
                screen.pages.iter().filter(is_rival).any(|one| self.page_facts(one, now).is_alive())
            });
            if !has_rival {
                return Ok(self.admitted(page, id, None));
            }
            // A profile that was copied, or a screen that got another address.
            if self.is_to_wait(page, now) {
                return Ok(Admission::Wait);
            }
            return self.newcomer(page, from, now);
        }
        let same: Vec<&Screen> = self
            .screens
            .iter()
            .filter(|screen| screen.address == Some(from.address) && screen.device == *from.device)
            .collect();
        let gone = same.iter().filter(|screen| !self.is_alive(screen, now));
        if let Some(id) = gone.max_by_key(|screen| (screen.heard, screen.last_seen)).map(|screen| screen.id) {
            let new = self.renew(id);
            return Ok(self.admitted(page, id, new));
        }
        let is_doubted =
            |screen: &&Screen| screen.heard.is_some_and(|heard| now.saturating_duration_since(heard) >= DOUBTED_AFTER);
        if same.iter().any(is_doubted) && self.is_to_wait(page, now) {
            return Ok(Admission::Wait);
        }
        self.newcomer(page, from, now)
    }

    fn admitted(&mut self, page: PageId, id: ScreenId, new: Option<Credentials>) -> Admission {
        self.waiting.remove(&page);
        Admission::Screen(id, new)
    }

    /// Gives a screen another secret.
    fn renew(&mut self, id: ScreenId) -> Option<Credentials> {
        let secret = Secret::random();
        self.screen_mut(id)?.secret = secret.hash();
        Some(Credentials { id, secret })
    }

    /// Whether a page has not waited for long enough.
    fn is_to_wait(&mut self, page: PageId, now: Instant) -> bool {
        if self.waiting.len() >= MAX_WAITING && !self.waiting.contains_key(&page) {
            return true;
        }
        now.saturating_duration_since(*self.waiting.entry(page).or_insert(now)) < WAIT
    }

    fn newcomer(&mut self, page: PageId, from: Sender<'_>, now: Instant) -> Result<Admission, ReportError> {
        let is_of_peer = |screen: &&Screen| !screen.is_named() && screen.address == Some(from.address);
        if self.screens.iter().filter(is_of_peer).count() >= MAX_UNNAMED_AT_ADDRESS {
            self.remove_oldest(|screen| is_of_peer(&screen));
        } else if self.screens.len() >= MAX_SCREENS && !self.remove_oldest(|screen| !screen.is_named()) {
            return Err(ReportError::Full { retry_after: RETRY_WHEN_FULL });
        }
        let mut id = ScreenId::random();
        while self.screen(id).is_some() {
            id = ScreenId::random();
        }
        let credentials = Credentials { id, secret: Secret::random() };
        self.screens.push(Screen::new(id, &credentials.secret, self.free_code(), now));
        Ok(self.admitted(page, id, Some(credentials)))
    }

    /// Removes the screen of these that was heard of the longest ago; gives whether there was one.
    fn remove_oldest(&mut self, is_candidate: impl Fn(&Screen) -> bool) -> bool {
        let candidates = self.screens.iter().filter(|screen| is_candidate(screen));
        let oldest = candidates.min_by_key(|screen| (screen.heard, screen.last_seen)).map(|screen| screen.id);
        oldest.and_then(|id| self.remove(id)).is_some()
    }

    fn has_code(&self, code: &str) -> bool {
        self.screens.iter().any(|screen| !screen.is_named() && screen.code == code)
    }

    /// A code that no screen without a name has.
    fn free_code(&self) -> String {
        loop {
            let code = random_code();
            if !self.has_code(&code) {
                return code;
            }
        }
    }

    /// Notes a report of a screen's page.
    pub(super) fn hear(&mut self, id: ScreenId, report: &Report, from: Sender<'_>, now: Instant) {
        let site = self.site.as_deref();
        let Some(screen) = self.screens.iter_mut().find(|screen| screen.id == id) else { return };
        screen.meet(from.address, from.device, now);
        for done in &report.done {
            if let Some(last) = screen.orders.end(*done) {
                *self.ended.entry((last.kind.name(), last.result.name())).or_default() += 1;
            }
        }
        if let Some(page) = screen.pages.iter_mut().find(|page| page.id == report.page) {
            page.hear(report, from.address, site, now);
            return;
        }
        if screen.pages.len() >= MAX_PAGES {
            let oldest = screen.pages.iter().enumerate().min_by_key(|(_, page)| page.heard).map(|(at, _)| at);
            screen.pages.remove(oldest.unwrap_or_default());
        }
        screen.pages.push(Page::new(report, from.address, site, now));
    }
}
