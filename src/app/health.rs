//! How the parts are, in the metrics.

use std::sync::Arc;

use crate::health::{Health, Level};
use crate::metrics::Metrics;

/// Follows what the parts report as long as the runtime lives.
pub(super) fn follow(health: &Health, metrics: &Arc<Metrics>) {
    let (mut changes, metrics) = (health.changes(), Arc::clone(metrics));
    tokio::task::spawn_local(async move {
        loop {
            let parts: Vec<_> =
                changes.borrow_and_update().iter().map(|(part, check)| (*part, check.status == Level::Ok)).collect();
            metrics.health(parts);
            if changes.changed().await.is_err() {
                return;
            }
        }
    });
}
