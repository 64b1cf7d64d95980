//! The figures of what the box sends to those who watch it.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DropLabels {
    kind: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

/// The figures themselves. Labels are words of the program.
#[derive(Default)]
pub(super) struct Telemetry {
    deliveries: Family<DeliveryLabels, Counter>,
    dropped: Family<DropLabels, Counter>,
    backlog: Family<KindLabels, Gauge>,
    written: Counter,
}

impl Telemetry {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { deliveries, dropped, backlog, written } = self;
        registry.register("telemetry_deliveries", "Attempts to send telemetry, by outcome", deliveries.clone());
        registry.register(
            "telemetry_dropped",
            "Figures and spans that were not sent or not taken, by reason",
            dropped.clone(),
        );
        let bytes = || Unit::Bytes;
        registry.register_with_unit("telemetry_backlog", "Telemetry on the disk", bytes(), backlog.clone());
        registry.register_with_unit("telemetry_written", "Telemetry written to the disk", bytes(), written.clone());
    }
}

impl super::Metrics {
    /// An attempt to send something.
    pub(crate) fn telemetry_delivery(&self, kind: &'static str, outcome: &'static str) {
        self.telemetry.deliveries.get_or_create(&DeliveryLabels { kind, outcome }).inc();
    }

    /// Figures or spans that nobody gets.
    pub(crate) fn telemetry_dropped(&self, kind: &'static str, reason: &'static str, items: u64) {
        self.telemetry.dropped.get_or_create(&DropLabels { kind, reason }).inc_by(items);
    }

    /// What waits on the disk.
    pub(crate) fn telemetry_backlog(&self, kind: &'static str, bytes: u64) {
        self.telemetry.backlog.get_or_create(&KindLabels { kind }).set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// What went there.
    pub(crate) fn telemetry_written(&self, bytes: u64) {
        self.telemetry.written.inc_by(bytes);
    }
}
