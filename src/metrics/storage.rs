//! The figures of the disk of the data directory.

use prometheus_client::registry::{Registry, Unit};

use super::optional::OptionalGauge;

/// The figures themselves; absent while the disk does not answer.
#[derive(Default)]
pub(super) struct Storage {
    free: OptionalGauge<u64>,
    total: OptionalGauge<u64>,
}

impl Storage {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { free, total } = self;
        let bytes = || Unit::Bytes;
        registry.register_with_unit(
            "storage_free",
            "Bytes that may be written to the data disk",
            bytes(),
            free.clone(),
        );
        registry.register_with_unit("storage_total", "Bytes that the data disk holds", bytes(), total.clone());
    }
}

impl super::Metrics {
    /// The free bytes of the data disk and all of them; `None` while they are not known.
    pub(crate) fn storage_space(&self, space: Option<(u64, u64)>) {
        let Storage { free, total } = &self.storage;
        free.set(space.map(|(free_bytes, _)| free_bytes));
        total.set(space.map(|(_, total_bytes)| total_bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Metrics;

    #[test]
    fn a_disk_that_does_not_answer_has_no_figures() {
        let metrics = Metrics::default();
        metrics.storage_space(Some((5, u64::MAX)));
        let text = metrics.exposition().expect("encoded");
        for line in ["workshop_edge_storage_free_bytes 5", "workshop_edge_storage_total_bytes 18446744073709551615"] {
            assert!(text.lines().any(|candidate| candidate == line), "{line} is not in:\n{text}");
        }
        metrics.storage_space(None);
        let text = metrics.exposition().expect("encoded");
        assert!(!text.contains("workshop_edge_storage"), "{text}");
    }
}
