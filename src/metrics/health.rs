//! How the parts of the box are, as `/health` says it in words.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PartLabels {
    part: &'static str,
}

/// The figures themselves. Labels are words of the program.
#[derive(Default)]
pub(super) struct Health {
    parts: Family<PartLabels, Gauge>,
}

impl Health {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { parts } = self;
        registry.register("health", "1 while a part of the box is well, 0 while /health has a reason", parts.clone());
    }
}

impl super::Metrics {
    /// Whether each part is well now.
    pub(crate) fn health(&self, parts: impl IntoIterator<Item = (&'static str, bool)>) {
        for (part, is_well) in parts {
            self.health.parts.get_or_create(&PartLabels { part }).set(is_well.into());
        }
    }
}
