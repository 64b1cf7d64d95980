//! The dead man's switch: how the box is goes to a service that misses it.
//!
//! The body is an event as `PagerDuty` takes it (Events API v2): `trigger` while something is wrong, `resolve` while nothing is, always
//! under the same key, so that repeating it changes nothing. Services that only wait for any POST take it as it is, and can tell by the
//! words `"event_action":"trigger"` in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::endpoint::{Delivery, Endpoint};
use super::resource::Resource;
use super::retry::Retry;
use crate::bounded_read::{SHORT, read_text_bounded};
use crate::error_chain;
use crate::health::{Health, Level, Report};

/// Between two messages: a part that flaps makes no more than this.
const GAP: Duration = Duration::from_secs(5);
/// Characters of a summary at most: `PagerDuty` takes 1024.
const MAX_SUMMARY: usize = 1000;

/// What is wrong, part by part. The words may change every minute; this does not.
type Faults = BTreeMap<&'static str, Level>;

/// The heartbeat of a box.
pub(crate) struct Heartbeat {
    pub(crate) endpoint: Endpoint,
    /// The file with the routing key.
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) interval: Duration,
    pub(crate) resource: Resource,
}

impl Heartbeat {
    /// Sends it as long as it is polled. The first message that says that all is well comes after an interval: a start shows
    /// all as well until the parts have looked, which would end an alarm and begin it again.
    pub(crate) async fn run(self, health: Health, observe: impl Fn(Delivery)) {
        let mut changes = health.changes();
        let (mut sent, mut wait, mut retry) = (Faults::new(), self.interval, Retry::default());
        loop {
            let differs = async {
                while faults(&health.report()) == sent {
                    // The sender lives in `health`.
                    if changes.changed().await.is_err() {
                        return std::future::pending().await;
                    }
                }
            };
            let _ = timeout(wait, differs).await;
            let report = health.report();
            let now = faults(&report);
            wait = match self.send(&report).await {
                Ok(()) => {
                    if retry.worked() {
                        tracing::info!(to = self.endpoint.origin(), "the heartbeat is taken again");
                    }
                    observe(Delivery::Taken);
                    self.interval
                }
                Err(error) => {
                    observe(Delivery::Failed);
                    let wait = retry.failed(self.interval);
                    if retry.is_first() {
                        tracing::warn!(error, "the heartbeat was not taken; it is sent again");
                    }
                    wait
                }
            };
            sent = now;
            sleep(GAP.min(wait)).await;
            wait = wait.saturating_sub(GAP);
        }
    }

    async fn send(&self, report: &Report) -> Result<(), String> {
        let key = self.key_file.as_deref().map(routing_key).transpose()?;
        let body = event(&self.resource, key.as_deref(), report).to_string();
        let json = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        self.endpoint.post(json, body.into()).await.map(drop).map_err(|error| error_chain(&error))
    }
}

fn faults(report: &Report) -> Faults {
    let wrong = report.checks.iter().filter(|(_, check)| check.status != Level::Ok);
    wrong.map(|(part, check)| (*part, check.status)).collect()
}

/// Read each time, so that a new one counts without a restart.
fn routing_key(file: &Path) -> Result<String, String> {
    let text = read_text_bounded(file, SHORT).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

fn event(resource: &Resource, key: Option<&str>, report: &Report) -> serde_json::Value {
    let Resource { id, name, workshop, channel } = resource;
    let (action, severity, word) = match report.status {
        Level::Ok => ("resolve", "info", "ok"),
        Level::Degraded => ("trigger", "warning", "degraded"),
        Level::Failing => ("trigger", "critical", "failing"),
    };
    let wrong = report.checks.iter().filter(|(_, check)| check.status != Level::Ok);
    let reasons = wrong.map(|(part, check)| {
        let reason = check.reason.as_ref().map(|text| text.en.replace('\n', "; ")).unwrap_or_default();
        format!("; {part}: {reason}")
    });
    let place = if workshop.is_empty() { String::new() } else { format!(" ({workshop})") };
    let summary = format!("{name}{place} is {word}{}", reasons.collect::<String>());
    let mut event = json!({
        "event_action": action,
        "dedup_key": format!("workshop-edge/{id}"),
        "client": "workshop-edge",
        "payload": {
            "summary": summary.chars().take(MAX_SUMMARY).collect::<String>(),
            "source": name,
            "severity": severity,
            "component": "workshop-edge",
            "group": workshop,
            "custom_details": {
                "status": report.status,
                "version": report.version,
                "uptime_s": report.uptime_s,
                "checks": report.checks,
                "box_id": id,
                "channel": channel,
            },
        },
    });
    if let (Some(key), Some(fields)) = (key, event.as_object_mut()) {
        fields.insert("routing_key".to_owned(), key.into());
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Text;

    fn resource() -> Resource {
        Resource { id: "0".repeat(16), name: "taller".into(), workshop: "Taller Norte".into(), channel: "stable" }
    }

    #[test]
    fn the_event_is_as_pagerduty_takes_it() {
        let health = Health::default();
        let (site, erp) = (health.probe("site"), health.probe("erp"));
        let event_now = || event(&resource(), Some("key"), &health.report());
        let well = event_now();
        assert_eq!((&well["event_action"], &well["payload"]["severity"]), (&"resolve".into(), &"info".into()));
        erp.degraded(Some(Text::new("no\ncontesta", "no\nanswer")));
        let wrong = event_now();
        assert_eq!((&wrong["event_action"], &wrong["payload"]["severity"]), (&"trigger".into(), &"warning".into()));
        assert_eq!(wrong["payload"]["summary"], "taller (Taller Norte) is degraded; erp: no; answer");
        assert_eq!(wrong["payload"]["custom_details"]["checks"]["erp"]["reason"], "no\nanswer");
        assert_eq!((&wrong["routing_key"], &wrong["dedup_key"]), (&"key".into(), &well["dedup_key"]));
        let long = "ñ".repeat(2000);
        site.set(Level::Failing, Some(Text::new(long.as_str(), long.as_str())));
        let worst = event_now();
        assert_eq!(worst["payload"]["severity"], "critical");
        assert_eq!(worst["payload"]["summary"].as_str().expect("text").chars().count(), MAX_SUMMARY);
        assert!(event(&resource(), None, &health.report()).get("routing_key").is_none());
    }
}
