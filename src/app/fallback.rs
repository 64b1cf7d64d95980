//! A version that does not run since its file is damaged: the launcher has found that out, and only its log knows.

use super::words;
use crate::health::Health;
use crate::launch;
use crate::slots::{Fallback, Table};

/// Says so as long as this process is what runs instead.
pub(super) fn report(table: &Table, health: &Health) {
    let Some(Fallback { version, reason }) = table.fallback() else { return };
    let running = crate::VERSION;
    let is_factory = std::env::var(launch::SLOT).is_ok_and(|slot| slot == launch::FACTORY);
    tracing::warn!(version, reason, running, "the version that ran before is damaged");
    health.probe("program").degraded(Some(words::damaged_version(version, running, is_factory, reason)));
}
