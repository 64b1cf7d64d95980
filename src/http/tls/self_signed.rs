//! The box's own certificate: nobody vouches for it, but it stays the same, so that a
//! browser that was told to trust it goes on doing so.

use std::path::PathBuf;

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};

use super::{Identity, TlsError, TlsFiles};
use crate::durable;

/// How the box's own certificate is made.
#[derive(Debug, Clone)]
pub struct SelfSigned {
    /// Where it is kept.
    pub directory: PathBuf,
    /// The DNS names and addresses that it is for.
    pub names: Vec<String>,
}

impl SelfSigned {
    /// Reads the kept certificate; makes a new one when there is none, when it is unusable (the
    /// two files are one after the other written, and the power may go in between), or when
    /// the configured names are others.
    pub(super) fn load_or_make(&self) -> Result<Identity, TlsError> {
        let names_path = self.directory.join("names");
        let names = self.names.join("\n") + "\n";
        let same_names = std::fs::read_to_string(&names_path).is_ok_and(|kept| kept == names);
        if same_names {
            match self.files().load() {
                Ok(identity) => return Ok(identity),
                Err(error) => {
                    tracing::warn!(error = %crate::error_chain(&error), "the kept certificate is unusable, making a new one");
                }
            }
        }
        let (certificate, key) = self.make()?;
        let files = self.files();
        durable::write(&files.key, key.as_bytes(), 0o600).map_err(TlsError::Keep)?;
        durable::write(&files.certificate, certificate.as_bytes(), 0o644).map_err(TlsError::Keep)?;
        // Last: it says that the other two belong to these names.
        durable::write(&names_path, names.as_bytes(), 0o644).map_err(TlsError::Keep)?;
        tracing::info!(names = ?self.names, "made a certificate");
        files.load()
    }

    fn files(&self) -> TlsFiles {
        TlsFiles { certificate: self.directory.join("certificate.pem"), key: self.directory.join("key.pem") }
    }

    /// ECDSA P-256, which the oldest TVs know. Valid from long ago and for long: the box's clock
    /// may be wrong when it is made, and nobody is there to renew it.
    fn make(&self) -> Result<(String, String), TlsError> {
        let mut params = CertificateParams::new(self.names.clone()).map_err(TlsError::Make)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "workshop-edge");
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2049, 12, 31);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(TlsError::Make)?;
        let certificate = params.self_signed(&key).map_err(TlsError::Make)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn settings(directory: &std::path::Path, name: &str) -> SelfSigned {
        SelfSigned { directory: directory.join("tls"), names: vec![name.into(), "192.168.1.7".into()] }
    }

    #[test]
    fn it_is_made_once_and_again_only_for_other_names_or_after_damage() {
        let directory = tempfile::tempdir().expect("a directory");
        let certificate = || fs::read(directory.path().join("tls/certificate.pem")).expect("readable");
        let make = |name| settings(directory.path(), name).load_or_make().map(drop).expect("made");

        make("taller.local");
        let first = certificate();
        make("taller.local");
        assert_eq!(certificate(), first);
        make("other.local");
        let second = certificate();
        assert_ne!(second, first);
        fs::write(directory.path().join("tls/key.pem"), "torn").expect("damaged");
        make("other.local");
        assert_ne!(certificate(), second);
    }

    #[test]
    fn the_key_is_the_boxs_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        settings(directory.path(), "taller.local").load_or_make().expect("made");
        let mode = fs::metadata(directory.path().join("tls/key.pem")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
