//! The section of the updates: what it shows, and what can be asked for there.

use askama::Template;
use bytes::Bytes;
use http::{Response, StatusCode};

use super::pages::Page;
use super::{respond, words};
use crate::lang::{Lang, Text};
use crate::update::command::Command;

/// What the section shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Updates {
    /// Their state, the most important first.
    pub(crate) sentences: Vec<Text>,
    /// What there was, the newest first.
    pub(crate) history: Vec<Text>,
    /// The version that a rollback goes to.
    pub(crate) previous: Option<String>,
    /// The versions that have failed on this box.
    pub(crate) refused: Vec<String>,
    /// Whether the box can change its version by itself.
    pub(crate) can_switch: bool,
    /// Whether nothing is done unless it is asked for.
    pub(crate) is_held: bool,
    /// Whether the box does something else than to follow its channel.
    pub(crate) is_ordered: bool,
}

/// Where the section gets it from; `None` where updates are off.
pub(crate) type UpdatesSource = std::sync::Arc<dyn Fn() -> Option<Updates> + Send + Sync>;

/// The command that a form sends; `None` where it is none. A browser names no directory of the box.
pub(super) fn command(name: &str, version: &str) -> Option<Result<Command, Text>> {
    let version = version.trim();
    let parsed = || version.parse().map_err(|_| words::not_a_version(version));
    Some(Ok(match name {
        "check" => Command::Check,
        "apply" => Command::Apply { from: None },
        "rollback" => Command::Rollback,
        "pin" => return Some(parsed().map(|version| Command::Pin { version })),
        "unpin" => Command::Unpin,
        "hold" => Command::Hold,
        "forgive" => return Some(parsed().map(|version| Command::Forgive { version })),
        _ => return None,
    }))
}

#[derive(Template)]
#[template(path = "admin/update.html", config = "assets/console/askama.toml")]
struct UpdatesPage<'a> {
    page: Page<'a>,
    updates: &'a Updates,
    /// Whether there is anything to be asked for.
    is_on: bool,
    fault: Option<&'a str>,
}

/// The section, with the reason where the last command failed or had nothing to do.
pub(super) fn page(page: Page<'_>, ask: &UpdatesSource, status: StatusCode, fault: Option<&str>) -> Response<Bytes> {
    let known = ask();
    let is_on = known.is_some();
    let off = || Updates { sentences: vec![words::UPDATES_OFF.into()], ..Updates::default() };
    let updates = known.unwrap_or_else(off);
    respond::page(status, &UpdatesPage { page, updates: &updates, is_on, fault })
}
