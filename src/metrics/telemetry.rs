//! The figures of what the box sends to those who watch it.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    kind: &'static str,
    outcome: &'static str,
}

/// The figures themselves. Labels are words of the program.
#[derive(Default)]
pub(super) struct Telemetry {
    deliveries: Family<DeliveryLabels, Counter>,
}

impl Telemetry {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { deliveries } = self;
        registry.register("telemetry_deliveries", "Attempts to send telemetry, by outcome", deliveries.clone());
    }
}

impl super::Metrics {
    /// An attempt to send something.
    pub(crate) fn telemetry_delivery(&self, kind: &'static str, outcome: &'static str) {
        self.telemetry.deliveries.get_or_create(&DeliveryLabels { kind, outcome }).inc();
    }
}
