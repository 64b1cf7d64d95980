//! The figures of the link to the ERP, and of the screens that follow it.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::optional::OptionalGauge;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    part: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PartLabels {
    part: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

/// The figures themselves. Labels are words of the program, so that no answer can make new time series.
#[derive(Default)]
pub(super) struct Erp {
    requests: Family<RequestLabels, Counter>,
    logins: Family<OutcomeLabels, Counter>,
    age: Family<PartLabels, Gauge>,
    away: OptionalGauge<u64>,
    snapshot_writes: Counter<u64, AtomicU64>,
    snapshot_written: Counter<u64, AtomicU64>,
    live_channels: Gauge,
}

impl Erp {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { requests, logins, age, away, snapshot_writes, snapshot_written, live_channels } = self;
        registry.register("erp_requests", "Requests to the ERP by part and outcome", requests.clone());
        registry.register("erp_logins", "Logins at the ERP by outcome", logins.clone());
        registry.register_with_unit("erp_age", "Age of the figures of a part", Unit::Seconds, age.clone());
        registry.register_with_unit(
            "erp_away",
            "For how long the ERP has brought no figures; 0 while it does",
            Unit::Seconds,
            away.clone(),
        );
        registry.register("erp_snapshot_writes", "Writes of the last good figures to disk", snapshot_writes.clone());
        registry.register_with_unit(
            "erp_snapshot_written",
            "Bytes of the last good figures written to disk",
            Unit::Bytes,
            snapshot_written.clone(),
        );
        registry.register("live_channels", "Screens that follow the figures on /_edge/live now", live_channels.clone());
    }
}

impl super::Metrics {
    /// An answer of the ERP, or that there was none.
    pub(crate) fn erp_request(&self, part: &'static str, outcome: &'static str) {
        self.erp.requests.get_or_create(&RequestLabels { part, outcome }).inc();
    }

    /// A login, or the failure of one.
    pub(crate) fn erp_login(&self, outcome: &'static str) {
        self.erp.logins.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// How old a part is now; `None` while nothing is known of it, or its age is not.
    pub(crate) fn erp_age(&self, part: &'static str, age: Option<Duration>) {
        let labels = PartLabels { part };
        match age {
            Some(age) => {
                let seconds = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
                self.erp.age.get_or_create(&labels).set(seconds);
            }
            None => {
                self.erp.age.remove(&labels);
            }
        }
    }

    /// For how long the link has been away, 0 while it is not; `None` without an ERP.
    pub(crate) fn erp_away(&self, time: Option<Duration>) {
        self.erp.away.set(time.map(|time| time.as_secs()));
    }

    /// The snapshot was written to disk.
    pub(crate) fn erp_snapshot_written(&self, bytes: u64) {
        self.erp.snapshot_writes.inc();
        self.erp.snapshot_written.inc_by(bytes);
    }

    /// Channels that are open now.
    pub(crate) fn live_channels(&self, open: usize) {
        self.erp.live_channels.set(i64::try_from(open).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Metrics;
    use super::*;

    #[test]
    fn a_part_of_which_nothing_is_known_has_no_age() {
        let metrics = Metrics::default();
        metrics.erp_request("machines", "ok");
        metrics.erp_request("machines", "ok");
        metrics.erp_request("machines", "timeout");
        metrics.erp_login("login_refused");
        metrics.erp_age("machines", Some(Duration::from_millis(12_900)));
        metrics.erp_age("alerts", Some(Duration::from_secs(5)));
        metrics.erp_age("alerts", None);
        metrics.erp_away(Some(Duration::from_millis(61_900)));
        metrics.erp_snapshot_written(40_000);
        metrics.live_channels(3);
        let text = metrics.exposition().expect("encoded");
        for line in [
            "workshop_edge_erp_requests_total{part=\"machines\",outcome=\"ok\"} 2",
            "workshop_edge_erp_requests_total{part=\"machines\",outcome=\"timeout\"} 1",
            "workshop_edge_erp_logins_total{outcome=\"login_refused\"} 1",
            "workshop_edge_erp_age_seconds{part=\"machines\"} 12",
            "workshop_edge_erp_away_seconds 61",
            "workshop_edge_erp_snapshot_writes_total 1",
            "workshop_edge_erp_snapshot_written_bytes_total 40000",
            "workshop_edge_live_channels 3",
        ] {
            assert!(text.lines().any(|candidate| candidate == line), "{line} is not in:\n{text}");
        }
        assert!(!text.contains("part=\"alerts\""), "{text}");
    }
}
