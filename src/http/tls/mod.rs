//! TLS: a certificate of the box's own, or files that are read again when they change.

mod files;
mod loopback;
mod self_signed;
mod validity;

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::crypto::ring as provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

pub(crate) use files::TlsFiles;
pub(crate) use self_signed::{OwnCertificate, SelfSigned};
pub(crate) use validity::Ending;
use validity::Validity;

use crate::durable::DurableError;

/// How often certificate files are looked at; their issuer renews them days ahead.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Why there is no TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    Read { path: std::path::PathBuf, source: io::Error },
    /// A file is not what it should be.
    #[error("{} holds no usable {what} in PEM form", path.display())]
    Pem {
        path: std::path::PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
        source: rustls::pki_types::pem::Error,
    },
    /// The key is not the certificate's, or of a kind that is not supported.
    #[error("the certificate and the private key cannot be used")]
    Pair(#[source] rustls::Error),
    /// The box's own certificate could not be made.
    #[error("cannot make a certificate")]
    Make(#[source] rcgen::Error),
    /// The box's own certificate could not be kept.
    #[error("cannot keep the certificate")]
    Keep(#[source] DurableError),
    /// The watching thread could not be started.
    #[error("cannot start the certificate's background thread")]
    Thread(#[source] io::Error),
}

/// A certificate in use.
struct Identity {
    config: Arc<ServerConfig>,
    fingerprint: [u8; SHA256_OUTPUT_LEN],
    /// `None` where the certificate does not say it as it should: rustls serves it all the same.
    validity: Option<Validity>,
}

/// Accepts TLS with the newest certificate.
#[derive(Clone)]
pub(crate) struct Tls {
    identity: Arc<ArcSwap<Identity>>,
    /// Ends the watching thread with the last clone.
    _stop: Option<mpsc::Sender<()>>,
}

impl Tls {
    /// The box's own certificate, made at the first start and kept, and whatever has it follow the box's names. The
    /// result inside says whether it could be kept.
    pub(crate) fn self_signed(
        settings: SelfSigned,
        names: &BTreeSet<String>,
    ) -> Result<(Self, OwnCertificate, Result<(), TlsError>), TlsError> {
        let (own, kept) = OwnCertificate::load(settings, names)?;
        Ok((Self { identity: Arc::clone(&own.current), _stop: None }, own, kept))
    }

    /// A certificate chain and its key from files. When they change they are read again; a
    /// pair that cannot be used is reported, and the one before stays. `report` is called with each
    /// fault in words, and `None` when all is well again.
    pub(crate) fn files(files: TlsFiles, report: impl Fn(Option<String>) + Send + 'static) -> Result<Self, TlsError> {
        // The state is taken before the content: a change in between is seen at the next look.
        let mut seen = files.state();
        let identity = Arc::new(ArcSwap::from_pointee(files.load()?));
        let (stop, stopped) = mpsc::channel::<()>();
        let target = Arc::clone(&identity);
        let watch = move || {
            while stopped.recv_timeout(POLL_INTERVAL) == Err(mpsc::RecvTimeoutError::Timeout) {
                let state = files.state();
                if state == seen {
                    continue;
                }
                seen = state;
                match files.load() {
                    Ok(fresh) => {
                        target.store(Arc::new(fresh));
                        tracing::info!("the certificate has changed and is used from now on");
                        report(None);
                    }
                    Err(error) => {
                        let words = crate::error_chain(&error);
                        tracing::error!(error = %words, "the changed certificate is unusable, using the one before");
                        report(Some(format!("the changed certificate is unusable: {words}")));
                    }
                }
            }
        };
        thread::Builder::new().name("certificate".into()).spawn(watch).map_err(TlsError::Thread)?;
        Ok(Self { identity, _stop: Some(stop) })
    }

    /// The SHA-256 of the box's certificate in DER form: what browsers show as its fingerprint.
    #[must_use]
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        self.identity.load().fingerprint
    }

    /// From when until when the box's certificate is valid.
    #[must_use]
    pub(crate) fn validity(&self) -> Option<Validity> {
        self.identity.load().validity
    }

    pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<TlsStream<S>> {
        tokio_rustls::TlsAcceptor::from(Arc::clone(&self.identity.load().config)).accept(stream).await
    }
}

/// TLS 1.2 and 1.3: TVs from 2016 on know the former.
fn identity(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Identity, TlsError> {
    let mut fingerprint = [0; SHA256_OUTPUT_LEN];
    let validity = chain.first().and_then(|certificate| Validity::of(certificate).ok());
    if let Some(certificate) = chain.first() {
        fingerprint.copy_from_slice(digest(&SHA256, certificate).as_ref());
    }
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Pair)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsError::Pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Identity { config: Arc::new(config), fingerprint, validity })
}
