//! The lines of the log that say who administered what. Never with a PIN, an id or a token.

use std::net::IpAddr;

/// Somebody did something, or tried.
pub(super) fn record(address: IpAddr, action: &str, outcome: &str) {
    tracing::info!(audit = true, %address, action, outcome, "administration");
}

/// Somebody was turned away before anything was looked at. Anybody can cause as many of these as they like, and must
/// not fill the log with them.
pub(super) fn turned_away(address: IpAddr, action: &'static str, outcome: &str) {
    tracing::debug!(audit = true, %address, action, outcome, "administration");
}
