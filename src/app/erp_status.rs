//! What the console and the metrics show of the ERP.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::console::{Erp, ErpAccount, ErpState};
use crate::erp::{Link, LinkState, Part, Snapshot};
use crate::lang::{Text, Texts};
use crate::metrics::Metrics;
use crate::site::{Current, LeftOut};

/// What the ERP's room knows at one moment.
pub(super) struct ErpReading<'a> {
    pub(super) link: &'a Link,
    pub(super) snapshot: &'a Snapshot,
    /// What the box's clock shows; `None` while it is not believed.
    pub(super) clock: Option<Timestamp>,
    /// Live channels that are open.
    pub(super) channels: usize,
    /// How long ago a display last asked for figures; `None` for never since the start.
    pub(super) last_viewed: Option<Duration>,
    /// Of the account and of the figures themselves.
    pub(super) notices: Vec<Text>,
}

/// Makes the console's view of readings, of which there is one every second.
pub(super) struct ErpStatus {
    metrics: Arc<Metrics>,
    site: Arc<Current>,
    site_use: RefCell<SiteUse>,
    /// What of the site the log has said to be hidden.
    hidden: RefCell<LeftOut>,
}

impl ErpStatus {
    pub(super) fn new(metrics: Arc<Metrics>, site: Arc<Current>) -> Self {
        Self { metrics, site, site_use: RefCell::default(), hidden: RefCell::default() }
    }

    /// `None` when no ERP is configured.
    pub(super) fn shown(&self, reading: ErpReading<'_>, now: Instant) -> Option<Erp> {
        let ErpReading { link, snapshot, clock, channels, last_viewed, mut notices } = reading;
        let ages = Part::ALL.map(|part| (part, snapshot.part(part).map(|held| held.as_of.age(now, clock))));
        for (part, age) in ages {
            self.metrics.erp_age(part.name(), age.flatten());
        }
        self.metrics.live_channels(channels);
        let pages = self.metrics.pages_shown();
        let is_idle = self.site_use.borrow_mut().shows_no_figures(pages, last_viewed, now);
        let since = now.saturating_duration_since(link.since);
        let away = match link.state {
            LinkState::Off => None,
            LinkState::Away(_) => Some(since),
            LinkState::Starting | LinkState::Up | LinkState::Slow => Some(Duration::ZERO),
        };
        self.metrics.erp_away(away);
        let (state, reason) = state(&link.state)?;
        if is_idle {
            notices.push(NO_FIGURES.into());
        }
        notices.extend(self.hidden_files());
        Some(Erp {
            state,
            since_s: since.as_secs(),
            reason: reason.as_ref().map(|(word, _)| (*word).to_owned()),
            text: reason.map(|(_, text)| text),
            account: link
                .account
                .as_ref()
                .map(|account| ErpAccount { role: account.role.clone(), workshop: account.workshop.clone() }),
            oldest_s: oldest(ages.into_iter().filter_map(|(_, age)| age)).map(|age| age.as_secs()),
            viewers: channels as u64,
            notices: Texts(notices),
        })
    }

    /// The site's own files where the ERP's figures are served.
    fn hidden_files(&self) -> Option<Text> {
        let hidden = &self.site.state().hidden_by_erp;
        let words = hidden.words();
        if *hidden != self.hidden.replace(hidden.clone())
            && let Some(words) = &words
        {
            tracing::warn!("files of the site are hidden by the ERP: {}", words.en);
        }
        words
    }
}

/// The state on the wire, and why the link is away: in a word, and in sentences.
fn state(state: &LinkState) -> Option<(ErpState, Option<(&'static str, Text)>)> {
    Some(match state {
        LinkState::Off => return None,
        LinkState::Starting => (ErpState::Starting, None),
        LinkState::Up => (ErpState::Up, None),
        LinkState::Slow => (ErpState::Slow, None),
        LinkState::Away(reason) => (ErpState::Away, Some((reason.word(), reason.text()))),
    })
}

/// The state in a sentence, for the administration; `None` when no ERP is configured.
pub(super) fn sentence(state: &LinkState) -> Option<Text> {
    Some(match state {
        LinkState::Off => return None,
        LinkState::Starting => {
            Text::new("Se está conectando con el ERP.", "The ERP is being asked for the first time.")
        }
        LinkState::Up => Text::new("El ERP responde.", "The ERP answers."),
        LinkState::Slow => Text::new("El ERP responde despacio.", "The ERP answers slowly."),
        LinkState::Away(reason) => reason.text(),
    })
}

/// The greatest of the ages; `None` where one of them is not known.
fn oldest(mut ages: impl Iterator<Item = Option<Duration>>) -> Option<Duration> {
    ages.try_fold(None, |oldest: Option<Duration>, age| Some(oldest.max(Some(age?)))).flatten()
}

const NO_FIGURES: Text<&'static str> = Text::fixed(
    "Este sitio no muestra datos del ERP: las pantallas lo abren, pero ninguna pide datos al equipo.",
    "This site shows no figures of the ERP: displays open it, but none asks the box for figures.",
);

/// After so long, a display that was to ask has asked.
const SETTLED: Duration = Duration::from_secs(5 * 60);

/// Whether displays that open the site ask for figures, too.
#[derive(Debug, Default)]
struct SiteUse {
    /// Pages shown so far.
    pages: u64,
    /// When a page was opened first after figures had last been asked for.
    opened: Option<Instant>,
}

impl SiteUse {
    /// Takes a second's counts.
    fn shows_no_figures(&mut self, pages: u64, last_viewed: Option<Duration>, now: Instant) -> bool {
        let quiet = |opened: Instant| now.saturating_duration_since(opened);
        if let (Some(opened), Some(viewed)) = (self.opened, last_viewed)
            && viewed <= quiet(opened)
        {
            self.opened = None;
        }
        if pages > self.pages {
            self.opened.get_or_insert(now);
        }
        self.pages = pages;
        self.opened.is_some_and(|opened| quiet(opened) >= SETTLED)
    }
}

#[cfg(test)]
mod tests {
    use ::http::StatusCode;

    use super::*;
    use crate::metrics::RouteClass;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_site_that_never_asks_is_said_after_five_minutes() {
        let (mut site, start) = (SiteUse::default(), Instant::now());
        // Nobody opens it.
        assert!(!site.shows_no_figures(0, None, start));
        assert!(!site.shows_no_figures(0, None, start + 10 * MINUTE));
        let opened = start + 11 * MINUTE;
        assert!(!site.shows_no_figures(1, None, opened));
        assert!(!site.shows_no_figures(9, None, opened + 4 * MINUTE));
        assert!(site.shows_no_figures(9, None, opened + 5 * MINUTE));
        // Somebody asks at last.
        assert!(!site.shows_no_figures(9, Some(Duration::ZERO), opened + 6 * MINUTE));
        assert!(!site.shows_no_figures(9, Some(20 * MINUTE), opened + 26 * MINUTE));
    }

    #[test]
    fn displays_that_ask_show_figures() {
        let (mut site, start) = (SiteUse::default(), Instant::now());
        for minute in 0..30_u32 {
            let now = start + minute * MINUTE;
            assert!(!site.shows_no_figures(u64::from(minute), Some(MINUTE / 2), now), "{minute}");
        }
        // Another site is put there: its page is opened, and asks for none.
        let now = start + 30 * MINUTE;
        assert!(!site.shows_no_figures(31, Some(MINUTE), now));
        assert!(site.shows_no_figures(31, Some(6 * MINUTE), now + 5 * MINUTE));
    }

    fn reading<'a>(link: &'a Link, snapshot: &'a Snapshot) -> ErpReading<'a> {
        ErpReading { link, snapshot, clock: None, channels: 2, last_viewed: Some(Duration::ZERO), notices: Vec::new() }
    }

    #[test]
    fn without_an_erp_nothing_is_shown() {
        let (status, now) = (ErpStatus::new(Arc::default(), Arc::default()), Instant::now());
        let link = |state| Link { state, since: now, account: None };
        let snapshot = Snapshot::default();
        assert_eq!(status.shown(reading(&link(LinkState::Off), &snapshot), now), None);
        let shown = status.shown(reading(&link(LinkState::Starting), &snapshot), now + MINUTE).expect("an ERP");
        assert_eq!((shown.state, shown.since_s, shown.viewers, shown.oldest_s), (ErpState::Starting, 60, 2, None));
        assert!(shown.text.is_none() && shown.notices.0.is_empty());
    }

    #[test]
    fn a_site_without_figures_is_a_notice() {
        let (metrics, now) = (Arc::new(Metrics::default()), Instant::now());
        let status = ErpStatus::new(Arc::clone(&metrics), Arc::default());
        let link = Link { state: LinkState::Up, since: now, account: None };
        let snapshot = Snapshot::default();
        let shown = |after| {
            let reading = ErpReading { last_viewed: None, ..reading(&link, &snapshot) };
            status.shown(reading, now + after).expect("an ERP").notices.0
        };
        // The box's own look at its page is none of a display.
        metrics.answered(RouteClass::Page, StatusCode::OK, MINUTE);
        metrics.page_checked();
        assert!(shown(Duration::ZERO).is_empty());
        assert!(shown(10 * MINUTE).is_empty());
        metrics.answered(RouteClass::Page, StatusCode::NOT_MODIFIED, MINUTE);
        assert!(shown(10 * MINUTE).is_empty());
        assert_eq!(shown(15 * MINUTE), [NO_FIGURES.into()]);
    }

    #[test]
    fn one_unknown_age_makes_the_oldest_unknown() {
        let (second, minute) = (Some(Duration::from_secs(1)), Some(MINUTE));
        assert_eq!(oldest([second, minute, second].into_iter()), minute);
        assert_eq!(oldest([second, None, minute].into_iter()), None);
        assert_eq!(oldest(std::iter::empty()), None);
    }
}
