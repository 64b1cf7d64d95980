//! The screens that are known, and which of them a page is of.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::identity::{Credentials, MAX_SCREENS, PageId, ScreenId, Secret, random_code};
use super::page::Page;
use super::report::{Report, ReportError};
use super::screen::{MAX_PAGES, Screen};
use super::state::Facts;

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
    /// Since when a page waits.
    waiting: HashMap<PageId, Instant>,
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
    pub(super) user_agent: &'a str,
}

impl Registry {
    pub(super) fn new(screens: Vec<Screen>) -> Self {
        Self { screens, ..Self::default() }
    }

    pub(super) fn screens(&self) -> &[Screen] {
        &self.screens
    }

    pub(super) fn screens_mut(&mut self) -> &mut [Screen] {
        &mut self.screens
    }

    pub(super) fn screen(&self, id: ScreenId) -> Option<&Screen> {
        self.screens.iter().find(|screen| screen.id == id)
    }

    pub(super) fn screen_mut(&mut self, id: ScreenId) -> Option<&mut Screen> {
        self.screens.iter_mut().find(|screen| screen.id == id)
    }

    pub(super) fn remove(&mut self, id: ScreenId) {
        self.screens.retain(|screen| screen.id != id);
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
        screen.pages.iter().any(|page| self.page_facts(page, now).is_alive())
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
            .filter(|screen| screen.address == Some(from.address) && screen.user_agent == from.user_agent)
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
        self.waiting.retain(|_, since| now.saturating_duration_since(*since) < WAIT * 4);
        if self.waiting.len() >= MAX_WAITING && !self.waiting.contains_key(&page) {
            return true;
        }
        now.saturating_duration_since(*self.waiting.entry(page).or_insert(now)) < WAIT
    }

    fn newcomer(&mut self, page: PageId, from: Sender<'_>, now: Instant) -> Result<Admission, ReportError> {
        let is_of_peer = |screen: &&Screen| screen.name.is_none() && screen.address == Some(from.address);
        if self.screens.iter().filter(is_of_peer).count() >= MAX_UNNAMED_AT_ADDRESS {
            self.remove_oldest(|screen| is_of_peer(&screen));
        } else if self.screens.len() >= MAX_SCREENS && !self.remove_oldest(|screen| screen.name.is_none()) {
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
        oldest.map(|id| self.remove(id)).is_some()
    }

    /// A code that no screen without a name has.
    pub(super) fn free_code(&self) -> String {
        loop {
            let code = random_code();
            if !self.screens.iter().any(|screen| screen.name.is_none() && screen.code == code) {
                return code;
            }
        }
    }

    /// Notes a report of a screen's page; `site` is what the box serves.
    pub(super) fn hear(&mut self, id: ScreenId, report: &Report, from: Sender<'_>, site: Option<&str>, now: Instant) {
        let Some(screen) = self.screens.iter_mut().find(|screen| screen.id == id) else { return };
        screen.heard = Some(now);
        screen.address = Some(from.address);
        from.user_agent.clone_into(&mut screen.user_agent);
        for done in &report.done {
            screen.orders.end(*done);
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
