//! The page that a TV gets when there is no display to show: what is wrong and what to do, in both languages at once.
//!
//! All of it is in one answer: below `/_edge/`, a TV that knows the box by a name of its own would be refused.

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ring::digest::{SHA256, digest};

use super::ConsoleError;
use crate::lang::Text;

const STYLE: &str = include_str!("../../assets/console/no-site.css");
const SCRIPT: &str = include_str!("../../assets/console/no-site.js");

/// What the page says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoSite<'a> {
    /// What is wrong.
    pub(crate) what: &'a Text,
    /// What to do.
    pub(crate) remedy: &'a Text,
}

#[derive(Template)]
#[template(path = "no-site.html", config = "assets/console/askama.toml")]
struct Page<'a> {
    what: &'a Text,
    remedy: &'a Text,
    style: &'static str,
    script: &'static str,
}

impl NoSite<'_> {
    /// The page in HTML. It never changes as long as its words do not: its script compares.
    pub(crate) fn page(&self) -> Result<Bytes, ConsoleError> {
        let Self { what, remedy } = *self;
        let page = Page { what, remedy, style: STYLE, script: SCRIPT };
        page.render().map(Bytes::from).map_err(ConsoleError::Page)
    }

    /// The policy that the page needs. Engines before Chromium 40 know no hashes and take the word behind it, which the
    /// others ignore then (CSP Level 2, section 4.2.3).
    #[must_use]
    pub(crate) fn content_security_policy() -> String {
        let hash = STANDARD.encode(digest(&SHA256, SCRIPT.as_bytes()));
        format!(
            "default-src 'none'; script-src 'sha256-{hash}' 'unsafe-inline'; style-src 'unsafe-inline'; \
             connect-src 'self'; base-uri 'none'; form-action 'none'"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_everything_in_both_languages_and_nothing_becomes_markup() {
        let evil = "/srv/<script>alert(1)</script>";
        let page = NoSite { what: &Text::new(evil, "missing"), remedy: &Text::new("cópielo", "copy it") }
            .page()
            .expect("a page");
        let text = std::str::from_utf8(&page).expect("text");
        for words in ["no se puede mostrar", "cannot be shown", "cópielo", "missing", "copy it"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(!text.contains("<script>alert"), "{text}");
        // The policy's hash is that of the text between the tags.
        let (_, rest) = text.split_once("<script>").expect("a script");
        assert_eq!(rest.split_once("</script>").map(|(script, _)| script), Some(SCRIPT));
        assert!(!STYLE.contains('<') && !SCRIPT.contains("</"));
    }
}
