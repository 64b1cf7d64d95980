//! The section of the updates: what it shows, and what can be asked for there.

use http::{Response, StatusCode};

use bytes::Bytes;

use super::pages::{self, Page};
use super::{respond, words};
use crate::lang::Lang;

/// What the section shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Updates {
    /// What they are at, the most important first.
    pub(crate) sentences: Vec<String>,
    /// What there was, the newest first.
    pub(crate) history: Vec<String>,
    /// The version that a rollback goes to.
    pub(crate) previous: Option<String>,
    /// The versions that have failed on this box.
    pub(crate) refused: Vec<String>,
    /// Whether the box can go over to another version by itself.
    pub(crate) can_switch: bool,
    /// Whether nothing is done unless it is asked for.
    pub(crate) is_held: bool,
    /// Whether the box does something else than to follow its channel.
    pub(crate) is_ordered: bool,
}

/// Where the section gets it from; `None` where updates are off.
pub(crate) type Ask = std::sync::Arc<dyn Fn(Lang) -> Option<Updates> + Send + Sync>;

/// What is wanted of the updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UpdateOrder {
    /// To ask whether there is another version.
    Check,
    /// To take the channel's version now.
    Apply,
    /// To go back to the version before.
    Rollback,
    /// To stay on this version, or to go to it.
    Pin(String),
    /// To follow the channel again.
    Unpin,
    /// To do nothing unless it is asked for.
    Hold,
    /// To try a version again that has failed on this box.
    Forgive(String),
}

impl UpdateOrder {
    /// The order that a form sends; `None` where it is none.
    pub(super) fn of(name: &str, version: &str) -> Option<Self> {
        Some(match name {
            "check" => Self::Check,
            "apply" => Self::Apply,
            "rollback" => Self::Rollback,
            "pin" => Self::Pin(version.trim().to_owned()),
            "unpin" => Self::Unpin,
            "hold" => Self::Hold,
            "forgive" => Self::Forgive(version.trim().to_owned()),
            _ => return None,
        })
    }

    /// As the audit log names it.
    pub(super) fn action(&self) -> &'static str {
        match self {
            Self::Check => "update check",
            Self::Apply => "update apply",
            Self::Rollback => "update rollback",
            Self::Pin(_) => "update pin",
            Self::Unpin => "update unpin",
            Self::Hold => "update hold",
            Self::Forgive(_) => "update forgive",
        }
    }
}

/// The section, with what came of the last order where it came to nothing.
pub(super) fn page(page: Page<'_>, ask: &Ask, status: StatusCode, fault: Option<&str>) -> Response<Bytes> {
    let known = ask(page.lang);
    let is_on = known.is_some();
    let updates = known.unwrap_or_else(|| Updates {
        sentences: vec![words::UPDATES_OFF.pick(page.lang).to_owned()],
        ..Updates::default()
    });
    respond::page(status, &pages::Update { page, updates: &updates, is_on, fault })
}
