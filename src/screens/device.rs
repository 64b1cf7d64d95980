//! What a screen is, by its user agent.

use serde::Serialize;

use super::text::cut;

/// Characters of a user agent.
const MAX_AGENT: usize = 300;

/// What a screen is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub(crate) struct Device {
    /// Who made it, and its system, such as `Samsung Tizen`; `None` where that is not known.
    pub(crate) brand: Option<String>,
    /// The year of its model; `None` where its system does not tell.
    pub(crate) year: Option<u16>,
    /// The engine of its browser with its version, such as `Chromium 94`.
    pub(crate) engine: Option<String>,
    /// The user agent as it came: at most 300 characters, without what is not seen.
    pub(crate) user_agent: String,
}

impl Device {
    /// By the `User-Agent` field of its browser.
    pub(super) fn of(user_agent: &str) -> Self {
        Self { user_agent: agent(user_agent), ..Self::default() }
    }
}

/// A user agent as it is kept and shown.
pub(super) fn agent(user_agent: &str) -> String {
    cut(user_agent, MAX_AGENT)
}
