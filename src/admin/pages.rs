//! The pages: plain forms, which need no script, in both languages. Those of a section with a file of its own are there.

use askama::Template;

use super::respond::ROOT;
use super::words::Section;
use crate::lang::{Lang, Text};

/// What every page has.
#[derive(Clone, Copy)]
pub(super) struct Page<'a> {
    pub(super) lang: Lang,
    /// The language that the address asks for, and with it every link.
    pub(super) chosen: Option<Lang>,
    /// The page's own path below the root, for the other language.
    pub(super) here: &'a str,
    /// The token of the session; `None` where nobody is logged in.
    pub(super) csrf: Option<&'a str>,
}

impl Page<'_> {
    pub(super) fn t<'t>(&self, es: &'t str, en: &'t str) -> &'t str {
        self.lang.pick(es, en)
    }

    pub(super) fn text<'t, S: AsRef<str>>(&self, text: &'t Text<S>) -> &'t str {
        text.pick(self.lang)
    }

    /// This page in a language.
    pub(super) fn here_in(&self, lang: Lang) -> String {
        address(self.here, Some(lang))
    }

    /// The console, in the page's language.
    pub(super) fn console(&self) -> String {
        format!("/_edge/{}", query(self.chosen))
    }

    /// The page of the screens, in the page's language.
    pub(super) fn screens(&self) -> String {
        format!("/_edge/screens{}", query(self.chosen))
    }

    /// A path of these pages, in the page's language.
    pub(super) fn at(&self, below: impl AsRef<str>) -> String {
        address(below.as_ref(), self.chosen)
    }
}

/// A path of these pages, in a language if one is chosen.
pub(super) fn address(below: &str, chosen: Option<Lang>) -> String {
    format!("{ROOT}/{below}{}", query(chosen))
}

/// The query that chooses a language.
pub(super) fn query(chosen: Option<Lang>) -> &'static str {
    chosen.map_or("", |lang| lang.pick("?lang=es", "?lang=en"))
}

#[derive(Template)]
#[template(path = "admin/login.html", config = "assets/console/askama.toml")]
pub(super) struct Login<'a> {
    pub(super) page: Page<'a>,
    /// What is good to know, and what went wrong.
    pub(super) notice: Option<&'a str>,
    pub(super) fault: Option<&'a str>,
    /// Whether the box's screen shows the PIN.
    pub(super) is_generated: bool,
    /// The path below the root that the person wants.
    pub(super) next: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "admin/menu.html", config = "assets/console/askama.toml")]
pub(super) struct Menu<'a> {
    pub(super) page: Page<'a>,
    pub(super) sections: &'a [Section],
}

#[derive(Template)]
#[template(path = "admin/pin.html", config = "assets/console/askama.toml")]
pub(super) struct ChangePin<'a> {
    pub(super) page: Page<'a>,
    pub(super) fault: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "admin/support-bundle.html", config = "assets/console/askama.toml")]
pub(super) struct SupportBundle<'a> {
    pub(super) page: Page<'a>,
    pub(super) contents: &'a [Text],
}

#[derive(Template)]
#[template(path = "admin/restart.html", config = "assets/console/askama.toml")]
pub(super) struct Restart<'a> {
    pub(super) page: Page<'a>,
}

#[derive(Template)]
#[template(path = "admin/factory-reset.html", config = "assets/console/askama.toml")]
pub(super) struct FactoryReset<'a> {
    pub(super) page: Page<'a>,
    pub(super) fault: Option<&'a str>,
}

/// What happened, and what comes next.
#[derive(Template)]
#[template(path = "admin/message.html", config = "assets/console/askama.toml")]
pub(super) struct Message<'a> {
    pub(super) page: Page<'a>,
    pub(super) title: &'a str,
    pub(super) paragraphs: &'a [String],
    /// Where to go on: address and words.
    pub(super) next: Option<(String, &'a str)>,
}
