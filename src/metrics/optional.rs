//! A gauge that is absent while its value is not known, so that nobody takes 0 for one.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::{EncodeGaugeValue, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;

/// One series without labels, or none. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct OptionalGauge<N>(Arc<Mutex<Option<N>>>);

impl<N: Copy> OptionalGauge<N> {
    /// Shows the value from now on, or none.
    pub(super) fn set(&self, value: Option<N>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }

    fn get(&self) -> Option<N> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<N: Copy + EncodeGaugeValue> EncodeMetric for OptionalGauge<N> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        self.get().map_or(Ok(()), |value| encoder.encode_gauge(&value))
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }

    fn is_empty(&self) -> bool {
        self.get().is_none()
    }
}
