//! The page `/_edge/` and the part of it that changes.

use askama::Template;

use super::facts::{Fact, facts};
use super::qr::Qr;
use super::status::{Address, Status};
use super::words;
use crate::health::Level;
use crate::lang::{Lang, Text};

/// The whole page.
#[derive(Template)]
#[template(path = "page.html", config = "assets/console/askama.toml")]
struct Page<'a> {
    view: View<'a>,
}

/// What changes.
#[derive(Template)]
#[template(path = "status.html", config = "assets/console/askama.toml")]
struct Fragment<'a> {
    view: View<'a>,
}

/// What the templates show.
struct View<'a> {
    lang: Lang,
    /// The language that the page offers besides.
    other: Lang,
    status: &'a Status,
    /// What the box is called, where it is announced.
    name: Option<&'a str>,
    title: String,
    first: Option<First<'a>>,
    level: &'static str,
    facts: Vec<Fact>,
}

/// The address to type.
struct First<'a> {
    url: &'a str,
    scheme: &'a str,
    host: &'a str,
    /// The class of its size.
    size: &'static str,
    code: Option<Code>,
}

/// The address to scan.
struct Code {
    side: i32,
    path: String,
}

impl<'a> View<'a> {
    fn new(status: &'a Status, lang: Lang) -> Self {
        Self {
            lang,
            other: lang.pick(Lang::En, Lang::Es),
            status,
            name: status.name.as_ref().map(|name| name.current.as_str()),
            title: status.title(),
            first: status.first_address().map(First::of),
            level: match status.health.status {
                Level::Ok => "ok",
                Level::Degraded => "degraded",
                Level::Failing => "failing",
            },
            facts: facts(status),
        }
    }

    /// The addresses behind the first one, as many as are of use.
    fn others(&self) -> impl Iterator<Item = &Address> {
        self.status.addresses.iter().skip(1).take(2)
    }

    fn text<'t, S: AsRef<str>>(&self, text: &'t Text<S>) -> &'t str {
        text.pick(self.lang)
    }
}

impl<'a> First<'a> {
    fn of(address: &'a Address) -> Self {
        let (scheme, host) = address.url.split_once("://").unwrap_or(("http", &address.url));
        // As large as the width allows; a longer one breaks into lines.
        let size = match host.len() {
            0..=15 => "large",
            16..=21 => "medium",
            _ => "long",
        };
        let code = Qr::of(&address.url).map(|qr| Code { side: qr.side(), path: qr.svg_path() });
        Self { url: &address.url, scheme, host, size, code }
    }
}

/// The page in HTML, or only the part of it that changes.
pub(super) fn render(status: &Status, lang: Lang, is_fragment: bool) -> Result<String, askama::Error> {
    let view = View::new(status, lang);
    if is_fragment { Fragment { view }.render() } else { Page { view }.render() }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn page(status: &Status, lang: Lang) -> String {
        render(status, lang, false).expect("a page")
    }

    #[test]
    fn the_page_speaks_the_language_that_is_asked_for() {
        let (es, en) = (page(&sample(), Lang::Es), page(&sample(), Lang::En));
        for (page, lang, words) in [
            (
                &es,
                "es",
                ["En el televisor, escriba", "Funciona, pero conviene revisarlo", "también responde", "Administración"],
            ),
            (&en, "en", ["On the TV, type", "Works, but somebody should look", "answers for", "Administration"]),
        ] {
            assert!(page.contains(&format!("<html lang=\"{lang}\">")), "{page}");
            assert!(page.contains("workshop-edge 1.2.3") && page.contains("class=\"state degraded\""), "{page}");
            for words in words {
                assert!(page.contains(words), "{words}: {page}");
            }
        }
        assert!(es.contains("href=\"?lang=en\"") && en.contains("href=\"?lang=es\""));
        assert!(!en.contains("escriba") && !es.contains("type:"));
    }

    #[test]
    fn the_fragment_is_the_part_of_the_page_that_changes() {
        let fragment = render(&sample(), Lang::Es, true).expect("a fragment");
        assert!(page(&sample(), Lang::Es).contains(fragment.trim()));
        assert!(!fragment.contains("<html") && fragment.contains("data-running=\"1.2.3-0a1b2c3d4e5f\""), "{fragment}");
    }

    #[test]
    fn nothing_that_others_say_becomes_markup() {
        let mut status = sample();
        let evil = "<script>alert(1)</script>\"'&";
        status.health.faults[0].text.es = evil.into();
        status.network.interface = Some(evil.into());
        status.discovery = super::super::Discovery::Failed { reason: evil.into() };
        let page = page(&status, Lang::Es);
        assert!(!page.contains("<script>") && page.contains("&#60;script&#62;alert(1)"), "{page}");
    }

    #[test]
    fn nothing_is_shown_empty() {
        let mut status = sample();
        status.addresses.clear();
        status.health = super::super::Health { status: Level::Ok, faults: Vec::new() };
        let page = page(&status, Lang::Es);
        assert!(
            page.contains("Todavía no hay dirección") && !page.contains("<svg") && !page.contains("class=\"faults\"")
        );
        assert!(page.contains("Todo bien"));
    }

    #[test]
    fn the_policy_allows_the_page() {
        for page in [page(&sample(), Lang::Es), page(&sample(), Lang::En)] {
            assert!(!page.contains("style=\"") && !page.contains("<style") && !page.contains("onclick"), "{page}");
            assert_eq!(page.matches("<script").count(), 1);
            assert!(page.contains("<script src=\"/_edge/console.js\">"));
        }
    }

    #[test]
    fn the_size_follows_the_length() {
        for (url, size) in [
            ("http://192.168.100.100", "large"),
            ("http://192.168.1.50:8080", "medium"),
            ("http://[fd12:3456:789a::1]:8080", "long"),
        ] {
            assert_eq!(
                First::of(&Address { url: url.into(), kind: crate::console::status::AddressKind::Ip }).size,
                size,
                "{url}"
            );
        }
    }
}
