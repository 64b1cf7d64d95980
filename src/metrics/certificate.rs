//! The figure of the certificate for HTTPS.

use prometheus_client::registry::{Registry, Unit};

use super::optional::OptionalGauge;

/// The figure itself; absent without HTTPS.
#[derive(Default)]
pub(super) struct Certificate {
    expiry: OptionalGauge<u64>,
}

impl Certificate {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { expiry } = self;
        registry.register_with_unit(
            "certificate_expiry_timestamp",
            "When the certificate for HTTPS ends",
            Unit::Seconds,
            expiry.clone(),
        );
    }
}

impl super::Metrics {
    /// When the certificate for HTTPS ends, in Unix time (s); `None` where nobody can tell.
    pub(crate) fn certificate_expiry(&self, at: Option<u64>) {
        self.certificate.expiry.set(at);
    }
}
