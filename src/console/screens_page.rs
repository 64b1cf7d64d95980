//! The page `/_edge/screens` and the part of it that changes: which TVs there are, and how each of them is.

use askama::Template;

use super::screen_counts::ScreenCounts;
use super::status::Status;
use super::words;
use crate::lang::{Lang, Text};
use crate::screens::{ScreenState, ScreenSummary, Summary};

/// The whole page.
#[derive(Template)]
#[template(path = "screens.html", config = "assets/console/askama.toml")]
struct Page<'a> {
    view: View<'a>,
}

/// What changes.
#[derive(Template)]
#[template(path = "screens-list.html", config = "assets/console/askama.toml")]
struct Fragment<'a> {
    view: View<'a>,
}

/// What the templates show.
struct View<'a> {
    lang: Lang,
    /// The language that the page offers besides.
    other: Lang,
    title: String,
    /// Another program answers with another page, which the script then loads.
    running: String,
    /// `None` where the pages carry no agent.
    counts: Option<ScreenCounts>,
    cards: Vec<Card<'a>>,
}

/// One screen.
struct Card<'a> {
    screen: &'a ScreenSummary,
    /// Of the colour of its state.
    class: &'static str,
    facts: Vec<(Text<&'static str>, String)>,
}

impl<'a> View<'a> {
    fn new(status: &Status, screens: Option<&'a Summary>, lang: Lang) -> Self {
        let shown = screens.map(Summary::by_need).unwrap_or_default();
        Self {
            lang,
            other: lang.pick(Lang::En, Lang::Es),
            title: status.title(),
            running: status.running(),
            counts: screens.map(ScreenCounts::of),
            cards: shown.into_iter().map(Card::of).collect(),
        }
    }

    fn text<'t, S: AsRef<str>>(&self, text: &'t Text<S>) -> &'t str {
        text.pick(self.lang)
    }

    /// The colour above all cards.
    fn class(counts: &ScreenCounts) -> &'static str {
        if counts.is_short() { "degraded" } else { "ok" }
    }

    /// The numbers above all cards: the states of which there is one.
    fn counted(counts: &ScreenCounts) -> Vec<(Text<&'static str>, usize)> {
        let all = ScreenState::ALL.into_iter().map(|state| (state.label(), counts.states.get(state.name())));
        all.filter_map(|(label, count)| Some((label, *count.filter(|count| **count > 0)?))).collect()
    }

    /// Where a screen is administered, in the page's language.
    fn admin(&self, card: &Card<'_>) -> String {
        format!("/_edge/admin/screens/{}?lang={}", card.screen.id, self.lang.code())
    }
}

impl<'a> Card<'a> {
    fn of(screen: &'a ScreenSummary) -> Self {
        let class = match screen.state {
            ScreenState::Showing => "ok",
            ScreenState::Stale | ScreenState::Errors | ScreenState::Hidden | ScreenState::Outdated => "degraded",
            ScreenState::Frozen | ScreenState::Blank | ScreenState::Offline => "failing",
        };
        Self { screen, class, facts: facts(screen) }
    }

    /// Whether it waits for a name without showing by what it is found.
    fn has_lost_code(&self) -> bool {
        self.screen.name.is_none() && !self.screen.is_code_shown && self.screen.state != ScreenState::Offline
    }
}

fn facts(screen: &ScreenSummary) -> Vec<(Text<&'static str>, String)> {
    let mut facts = vec![(words::SCREEN_DEVICE, screen.device.label())];
    if let Some(address) = screen.address {
        facts.push((words::ADDRESS, address.to_string()));
    }
    if let Some(version) = &screen.version {
        facts.push((words::VERSION, version.get(..8).unwrap_or(version).to_owned()));
    }
    if let Some(view) = &screen.view {
        facts.push((words::SCREEN_VIEW, view.clone()));
    }
    if let Some(heard) = screen.last_heard() {
        facts.push((words::SCREEN_SEEN, heard));
    }
    facts
}

/// Whether the page shows the same of both, apart from the time that passes.
pub(super) fn is_about(one: &Summary, other: &Summary) -> bool {
    let is_same = |(one, other): (&ScreenSummary, &ScreenSummary)| {
        let ScreenSummary { id, name, code, is_code_shown, state, reason, address, device, view, version, .. } = one;
        (id, name, code, is_code_shown, state)
            == (&other.id, &other.name, &other.code, &other.is_code_shown, &other.state)
            && (reason, address, device, view, version)
                == (&other.reason, &other.address, &other.device, &other.view, &other.version)
    };
    one.screens.len() == other.screens.len()
        && one.expected == other.expected
        && one.screens.iter().zip(&other.screens).all(is_same)
}

/// The page in HTML, or only the part of it that changes.
pub(super) fn render(
    status: &Status,
    screens: Option<&Summary>,
    lang: Lang,
    is_fragment: bool,
) -> Result<String, askama::Error> {
    let view = View::new(status, screens, lang);
    if is_fragment { Fragment { view }.render() } else { Page { view }.render() }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;
    use crate::screens::fixture::summary;

    fn page(screens: &Summary, lang: Lang) -> String {
        render(&sample(), Some(screens), lang, false).expect("a page")
    }

    fn named(name: &'static str, state: ScreenState) -> impl Fn(&mut ScreenSummary) {
        move |screen| {
            (screen.name, screen.code, screen.state) = (Some(name.into()), None, state);
        }
    }

    #[test]
    fn what_needs_somebody_comes_first() {
        let screens = summary(&[
            &named("Álamo", ScreenState::Showing),
            &|screen| {
                (screen.code, screen.state) = (Some("GONE".into()), ScreenState::Offline);
            },
            &named("Torno", ScreenState::Offline),
            &|screen| screen.code = Some("K7M2".into()),
            &named("Banco", ScreenState::Showing),
        ]);
        let html = page(&screens, Lang::Es);
        let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text}: {html}"));
        for pair in ["K7M2", "Torno", "Banco", "Álamo", "GONE"].windows(2) {
            assert!(at(pair[0]) < at(pair[1]), "{pair:?}: {html}");
        }
    }

    #[test]
    fn the_page_speaks_both_languages_and_leads_to_the_administration() {
        let screens = summary(&[&|screen| screen.code = Some("K7M2".into()), &named("Torno", ScreenState::Frozen)]);
        let id = screens.screens[0].id;
        for (lang, words) in [
            (Lang::Es, ["Poner nombre", "Sin nombre", "Bloqueada", "Identificar todas", "desde hace"]),
            (Lang::En, ["Give it a name", "Unnamed", "Frozen", "Identify all", "for less than a minute"]),
        ] {
            let html = page(&screens, lang);
            assert!(html.contains(&format!("href=\"/_edge/admin/screens/{id}?lang={}\"", lang.code())), "{html}");
            for words in words {
                assert!(html.contains(words), "{words}: {html}");
            }
        }
        let empty = page(&Summary::default(), Lang::Es);
        assert!(empty.contains("Ninguna pantalla ha abierto la página todavía"), "{empty}");
        let off = render(&sample(), None, Lang::En, false).expect("a page");
        assert!(off.contains("screens.agent is false"), "{off}");
    }

    #[test]
    fn nothing_of_a_screen_becomes_markup_and_nothing_of_its_page_is_shown() {
        let evil = "<script>alert(1)</script>\"'&";
        let screens = summary(&[&|screen| {
            screen.name = Some(evil.into());
            screen.device.user_agent = evil.into();
            screen.view = Some(evil.into());
            screen.state = ScreenState::Errors;
            screen.errors.sample = Some("TypeError: sueldo".into());
            screen.path = Some("/nominas".into());
        }]);
        let html = page(&screens, Lang::Es);
        assert_eq!(html.matches("<script").count(), 1, "{html}");
        assert!(html.contains("&#60;script&#62;alert(1)"), "{html}");
        assert!(!html.contains("sueldo") && !html.contains("nominas"), "{html}");
        assert!(!html.contains("style=\"") && !html.contains("<style") && !html.contains("onclick"), "{html}");
        let fragment = render(&sample(), Some(&screens), Lang::Es, true).expect("a fragment");
        assert!(html.contains(fragment.trim()) && !fragment.contains("<html"), "{fragment}");
    }

    #[test]
    fn time_that_passes_is_no_news() {
        let screens = summary(&[&named("Torno", ScreenState::Showing)]);
        let with = |change: &dyn Fn(&mut ScreenSummary)| {
            let mut changed = screens.clone();
            change(&mut changed.screens[0]);
            changed
        };
        let later = with(&|screen| {
            screen.since_s += 10;
            screen.heard_s = Some(3);
            screen.data_age_s = Some(4.0);
        });
        assert!(is_about(&later, &screens));
        for news in [
            with(&|screen| screen.state = ScreenState::Frozen),
            with(&|screen| screen.name = Some("Banco".into())),
            with(&|screen| screen.view = Some("/b".into())),
            with(&|screen| screen.version = Some("0a1b2c3d4e5f6071".into())),
            Summary { screens: Vec::new(), ..screens.clone() },
        ] {
            assert!(!is_about(&news, &screens), "{news:?}");
        }
    }
}
