//! Whether the box's clock can be believed.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

/// The figures themselves. Labels are words of the program.
#[derive(Default)]
pub(super) struct Clock {
    doubt: Family<ReasonLabels, Gauge>,
}

impl Clock {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { doubt } = self;
        registry.register("clock_doubt", "1 while the clock may be wrong for this reason", doubt.clone());
    }
}

impl super::Metrics {
    /// Each reason to doubt the clock, and whether there is it now.
    pub(crate) fn clock_doubts(&self, doubts: impl IntoIterator<Item = (&'static str, bool)>) {
        for (reason, is_so) in doubts {
            self.clock.doubt.get_or_create(&ReasonLabels { reason }).set(is_so.into());
        }
    }
}
