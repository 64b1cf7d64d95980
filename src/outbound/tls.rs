//! Whom to trust that a server is the one that it says it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::time_provider::TimeProvider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::OutboundError;

/// The system's clock, but never before a time that is known to be past.
#[derive(Debug, Default)]
pub(super) struct Time {
    /// Seconds since the epoch.
    least: AtomicU64,
}

impl Time {
    pub(super) fn not_before(&self, time: SystemTime) {
        let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.least.fetch_max(seconds, Ordering::Relaxed);
    }
}

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Some(UnixTime::since_unix_epoch(now.max(Duration::from_secs(self.least.load(Ordering::Relaxed)))))
    }
}

/// Trusts the certification authorities of the web, and those in the PEM text `ca`.
pub(super) fn config(ca: Option<&[u8]>, time: Arc<Time>) -> Result<Arc<ClientConfig>, OutboundError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(ca) = ca {
        let mut any = false;
        for certificate in CertificateDer::pem_slice_iter(ca) {
            let certificate = certificate.map_err(|source| OutboundError::Authorities(Some(source)))?;
            roots.add(certificate).map_err(OutboundError::Authority)?;
            any = true;
        }
        if !any {
            return Err(OutboundError::Authorities(None));
        }
    }
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|error| OutboundError::Tls(tokio_rustls::rustls::Error::General(error.to_string())))?;
    let mut config = ClientConfig::builder_with_details(provider, time)
        .with_safe_default_protocol_versions()
        .map_err(OutboundError::Tls)?
        .with_webpki_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
