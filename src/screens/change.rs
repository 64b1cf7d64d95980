//! What people may change, and what they may not.

use thiserror::Error;

use super::identity::ScreenId;
use super::orders::{MAX_MESSAGE, MAX_MESSAGE_S, Order};
use super::text::{cut, is_shown};
use super::words;
use crate::durable::RecordError;
use crate::lang::Text;

/// Characters of a screen's name.
pub(crate) const MAX_NAME: usize = 40;
/// Bytes of a view.
pub(crate) const MAX_VIEW: usize = 200;

/// Of whom something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// This screen.
    One(ScreenId),
    /// Every one that is not offline.
    All,
}

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

/// Whether a screen may be called so.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.trim() == name && name.chars().count() <= MAX_NAME && name.chars().all(is_shown)
}

/// Whether a screen may be sent there: to the site, and nowhere else.
pub(super) fn is_view(path: &str) -> bool {
    path.starts_with('/')
        && path.len() <= MAX_VIEW
        && path.bytes().all(|byte| byte.is_ascii_graphic())
        && !path.contains(['\\', '"', '<', '>'])
        && !path.starts_with("//")
        && path.split(['/', '?', '#']).nth(1) != Some("_edge")
}

/// Whether a screen may be asked this.
pub(super) fn check(order: &Order) -> Result<(), ChangeError> {
    match order {
        Order::Go { path } if !is_view(path) => Err(ChangeError::View),
        Order::Message { text, for_s } => {
            let is_good = !text.is_empty() && cut(text, MAX_MESSAGE) == *text && (1..=MAX_MESSAGE_S).contains(for_s);
            if is_good { Ok(()) } else { Err(ChangeError::Message) }
        }
        Order::Reload | Order::Identify | Order::Go { .. } | Order::Picture => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_what_people_see() {
        for good in ["Pintura 1", "ñ", &"á".repeat(MAX_NAME), "🏭 nave"] {
            assert!(is_name(good), "{good}");
        }
        for wrong in ["", " ", " a", "a\n", "a\u{202e}b", "\u{200b}", &"a".repeat(MAX_NAME + 1)] {
            assert!(!is_name(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn no_view_leads_out_of_the_site() {
        for good in ["/", "/linea2", "/a?b=c&d#e", &format!("/{}", "a".repeat(MAX_VIEW - 1)), "/_edges"] {
            assert!(is_view(good), "{good}");
        }
        for wrong in [
            "",
            "linea2",
            "//evil.example",
            "/\\evil.example",
            "http://evil.example",
            "/a b",
            "/ñ",
            "/\n",
            "/_edge",
            "/_edge/admin",
            "/_edge?a",
            "/\"><script>",
            &format!("/{}", "a".repeat(MAX_VIEW)),
        ] {
            assert!(!is_view(wrong), "{wrong}");
        }
    }

    #[test]
    fn messages_are_short_and_end() {
        let message = |text: &str, for_s| check(&Order::Message { text: text.into(), for_s }).is_ok();
        assert!(message("Pausa", 1) && message(&"ñ".repeat(MAX_MESSAGE), MAX_MESSAGE_S));
        assert!(!message("", 1) && !message(&"a".repeat(MAX_MESSAGE + 1), 1) && !message("a\u{7}", 1));
        assert!(!message("a", 0) && !message("a", MAX_MESSAGE_S + 1));
    }
}
