//! What a screen is, by its user agent.

use super::summary::Device;
use super::text::cut;

/// Characters of a user agent.
const MAX_AGENT: usize = 300;

/// What a browser with this user agent runs on.
pub(super) fn device(user_agent: &str) -> Device {
    Device { brand: None, year: None, engine: None, user_agent: cut(user_agent, MAX_AGENT) }
}
