//! A certificate chain and its key in two PEM files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{Identity, TlsError, identity};
use crate::bounded_read::read_bounded;

/// Bytes of a file: of a chain of dozens of certificates.
pub(super) const MAX: u64 = 256 * 1024;

/// Where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The chain, the box's own certificate first.
    pub(crate) certificate: PathBuf,
    /// PKCS#8, PKCS#1 or SEC1.
    pub(crate) key: PathBuf,
}

/// What shows that a file has changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct State([Option<(SystemTime, u64)>; 2]);

impl TlsFiles {
    pub(super) fn state(&self) -> State {
        State([&self.certificate, &self.key].map(|path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        }))
    }

    pub(super) fn load(&self) -> Result<Identity, TlsError> {
        let certificate = read(&self.certificate)?;
        let key = read(&self.key)?;
        let failed = |path: &Path, what| {
            let path = path.to_owned();
            move |source| TlsError::Pem { path, what, source }
        };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&certificate)
            .collect::<Result<_, _>>()
            .map_err(failed(&self.certificate, "certificate"))?;
        if chain.is_empty() {
            return Err(failed(&self.certificate, "certificate")(pem::Error::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(failed(&self.key, "private key"))?;
        identity(chain, key)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    read_bounded(path, MAX).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}
