//! What the box says of itself: readiness as a latch that tasks hold, and checks that rooms
//! report to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize, Serializer};
use tokio::sync::watch;

use crate::lang::Text;

/// How well the box or one of its parts is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// All is well.
    Ok,
    /// The display is served, but somebody should look.
    Degraded,
    /// The display is not served.
    Failing,
}

/// One part's last word.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Check {
    /// How the part is.
    pub(crate) status: Level,
    /// Since when it has been so, whatever the reasons. On the wire, whole seconds until then.
    #[serde(rename = "since_s", serialize_with = "in_seconds")]
    pub(crate) since: Instant,
    /// Why it is not [`Level::Ok`]. `/health` is for technicians and monitoring and has it in English alone.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_english")]
    pub(crate) reason: Option<Text>,
}

/// The whole answer of `/health`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The worst of all checks.
    pub(crate) status: Level,
    /// The running version.
    pub(crate) version: &'static str,
    /// Whole seconds since the process started.
    pub(crate) uptime_s: u64,
    /// The parts.
    pub(crate) checks: Checks,
}

/// By the name of the part.
pub(crate) type Checks = BTreeMap<&'static str, Check>;

/// Collects what the parts report.
#[derive(Clone)]
pub(crate) struct Health {
    started: Instant,
    ready: Arc<AtomicBool>,
    checks: watch::Sender<Checks>,
}

/// One part's place in the report.
#[derive(Clone)]
pub(crate) struct Probe {
    name: &'static str,
    checks: watch::Sender<Checks>,
}

impl Default for Health {
    fn default() -> Self {
        Self { started: Instant::now(), ready: Arc::default(), checks: watch::Sender::default() }
    }
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
fn in_english<S: Serializer>(reason: &Option<Text>, serializer: S) -> Result<S::Ok, S::Error> {
    reason.as_ref().map(|text| &text.en).serialize(serializer)
}

fn in_seconds<S: Serializer>(since: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    since.elapsed().as_secs().serialize(serializer)
}

impl Health {
    /// A place in the report, at first [`Level::Ok`].
    #[must_use]
    pub(crate) fn probe(&self, name: &'static str) -> Probe {
        let probe = Probe { name, checks: self.checks.clone() };
        probe.set(Level::Ok, None);
        probe
    }

    /// Everything is bound and serves; `false` again while the process drains.
    pub(crate) fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }

    /// Whether requests are welcome.
    #[must_use]
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Hears of every change of what the parts report.
    #[must_use]
    pub(crate) fn changes(&self) -> watch::Receiver<Checks> {
        self.checks.subscribe()
    }

    /// The report at this moment.
    #[must_use]
    pub(crate) fn report(&self) -> Report {
        let checks = self.checks.borrow().clone();
        let worst = checks.values().map(|check| check.status).max().unwrap_or(Level::Ok);
        Report { status: worst, version: crate::VERSION, uptime_s: self.started.elapsed().as_secs(), checks }
    }
}

impl Probe {
    /// Reports how the part is.
    pub(crate) fn set(&self, status: Level, reason: Option<Text>) {
        self.checks.send_if_modified(|checks| {
            let known = checks.get(self.name).filter(|known| known.status == status);
            if known.is_some_and(|known| known.reason == reason) {
                return false;
            }
            let since = known.map_or_else(Instant::now, |known| known.since);
            checks.insert(self.name, Check { status, since, reason });
            true
        });
    }

    /// Reports a fault that leaves the display served, or that it is over.
    pub(crate) fn degraded(&self, reason: Option<Text>) {
        let status = if reason.is_some() { Level::Degraded } else { Level::Ok };
        self.set(status, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_part_decides() {
        let health = Health::default();
        let (site, discovery) = (health.probe("site"), health.probe("discovery"));
        assert_eq!(health.report().status, Level::Ok);
        discovery.degraded(Some(Text::new("sin red", "no network")));
        assert_eq!(health.report().status, Level::Degraded);
        site.set(Level::Failing, Some(Text::new("sin archivos", "no files")));
        assert_eq!(health.report().status, Level::Failing);
        site.set(Level::Ok, None);
        discovery.degraded(None);
        assert_eq!(health.report().status, Level::Ok);
    }

    #[test]
    fn a_part_is_so_since_its_level_changed_and_not_since_its_words_did() {
        let health = Health::default();
        let erp = health.probe("erp");
        let since = || health.report().checks["erp"].since;
        let well = since();
        erp.degraded(Some(Text::new("no contesta", "no answer")));
        let away = since();
        assert!(away > well);
        erp.degraded(Some(Text::new("contraseña", "password")));
        assert_eq!(since(), away);
        erp.degraded(None);
        assert!(since() > away);
    }

    #[test]
    fn the_wire_form_is_stable() {
        let health = Health::default();
        health.probe("site").degraded(Some(Text::new("medio dist", "half a dist")));
        let json = serde_json::to_value(health.report()).expect("serialised");
        assert_eq!(json["status"], "degraded");
        let site = serde_json::json!({"status": "degraded", "since_s": 0, "reason": "half a dist"});
        assert_eq!(json["checks"]["site"], site);
        assert!(json["uptime_s"].is_u64() && json["version"].is_string());
    }
}
