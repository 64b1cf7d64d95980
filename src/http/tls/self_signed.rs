//! The box's own certificate: nobody vouches for it, but its key stays the same, and it names what people type.
//!
//! ```text
//! key.pem          made once
//! certificate.pem  issued again for other names, before it ends, or when the clock was wrong
//! issued           what it was issued for: its SHA-256, from when, until when (Unix time), and a name a line
//! names            those of the configuration, for older versions, which make another key when they differ
//! ```

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SerialNumber,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::{Identity, TlsError, TlsFiles, files, identity};
use crate::bounded_read::read_text_bounded;
use crate::durable;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// iOS takes no certificate that lives longer than 825 days.
const LIFETIME: Duration = DAY.saturating_mul(824);
/// Before its end: half a year in which a box may be off.
const RENEW_BEFORE: Duration = DAY.saturating_mul(180);
/// Valid already when it is made, for clocks that are behind.
const BACKDATED: Duration = DAY;
/// Names in one certificate; the configuration's come first.
const MAX_NAMES: usize = 64;

/// How the box's own certificate is made.
#[derive(Debug, Clone)]
pub(crate) struct SelfSigned {
    /// Where it is kept.
    pub(crate) directory: PathBuf,
    /// The DNS names and addresses of the configuration.
    pub(crate) names: Vec<String>,
    /// No time before this is true.
    pub(crate) built: SystemTime,
}

/// The box's own certificate as it is.
pub(crate) struct OwnCertificate {
    settings: SelfSigned,
    issued: Option<Issued>,
    /// What could not be kept yet.
    unkept: Option<Pem>,
    key: Option<String>,
    pub(super) current: Arc<ArcSwap<Identity>>,
}

struct Pem {
    certificate: String,
    key: String,
}

/// What a certificate was issued for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Issued {
    sha256: String,
    not_before: u64,
    not_after: u64,
    names: BTreeSet<String>,
}

impl Issued {
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let sha256 = lines.next()?.to_owned();
        let not_before = lines.next()?.parse().ok()?;
        let not_after = lines.next()?.parse().ok()?;
        Some(Self { sha256, not_before, not_after, names: lines.map(str::to_owned).collect() })
    }

    fn to_text(&self) -> String {
        let Self { sha256, not_before, not_after, names } = self;
        let mut text = format!("{sha256}\n{not_before}\n{not_after}\n");
        for name in names {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}");
        }
        text
    }

    /// Whether it can go on. Names that are not needed any more are no reason for another: people who have accepted it would
    /// be asked again.
    fn serves(&self, names: &BTreeSet<String>, now: u64) -> bool {
        self.names.is_superset(names) && self.not_before <= now && now + RENEW_BEFORE.as_secs() <= self.not_after
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl OwnCertificate {
    /// The kept one; a new one where there is none, where it is unusable (the files are written one after the other, and
    /// the power may go in between), or where it does not serve any more. One that cannot be kept is used all the same.
    pub(super) fn load(
        settings: SelfSigned,
        names: &BTreeSet<String>,
    ) -> Result<(Self, Result<(), TlsError>), TlsError> {
        let files = settings.files();
        let key = read_text_bounded(&files.key, files::MAX).ok();
        let (current, issued, key) = match files.load() {
            Ok(kept) => {
                let issued = read_text_bounded(&settings.directory.join("issued"), files::MAX).ok();
                let issued = issued.and_then(|text| Issued::parse(&text));
                let issued = issued.filter(|issued| issued.sha256 == hex(&kept.fingerprint));
                (kept, issued, key)
            }
            Err(error) => {
                if files.certificate.exists() {
                    tracing::warn!(error = %crate::error_chain(&error), "the kept certificate is unusable, making a new one");
                }
                let made = settings.issue(key.as_deref(), names)?;
                return Ok(Self::with_made(settings, made));
            }
        };
        let mut own = Self { settings, issued, unkept: None, key, current: Arc::new(ArcSwap::from_pointee(current)) };
        let followed = own.follow(names);
        Ok((own, followed))
    }

    fn with_made(
        settings: SelfSigned,
        (identity, issued, pem): (Identity, Issued, Pem),
    ) -> (Self, Result<(), TlsError>) {
        let mut own = Self {
            settings,
            issued: Some(issued),
            key: Some(pem.key.clone()),
            unkept: Some(pem),
            current: Arc::new(ArcSwap::from_pointee(identity)),
        };
        let kept = own.keep();
        (own, kept)
    }

    /// Issues another one, with the same key, where the present one does not serve for these names at this time; new
    /// connections get it. Blocks, and is cheap where there is nothing to do.
    ///
    /// # Errors
    /// It could not be made, or is used and could not be kept: the next call tries again.
    pub(crate) fn follow(&mut self, names: &BTreeSet<String>) -> Result<(), TlsError> {
        let now = self.settings.now();
        if !self.issued.as_ref().is_some_and(|issued| issued.serves(&self.settings.all(names), now)) {
            let (identity, issued, pem) = self.settings.issue(self.key.as_deref(), names)?;
            self.current.store(Arc::new(identity));
            self.issued = Some(issued);
            self.key = Some(pem.key.clone());
            self.unkept = Some(pem);
        }
        self.keep()
    }

    fn keep(&mut self) -> Result<(), TlsError> {
        let (Some(pem), Some(issued)) = (&self.unkept, &self.issued) else { return Ok(()) };
        let files = self.settings.files();
        let names = self.settings.names.join("\n") + "\n";
        durable::write(&files.key, pem.key.as_bytes(), 0o600).map_err(TlsError::Keep)?;
        durable::write(&files.certificate, pem.certificate.as_bytes(), 0o644).map_err(TlsError::Keep)?;
        let directory = &self.settings.directory;
        durable::write(&directory.join("issued"), issued.to_text().as_bytes(), 0o644).map_err(TlsError::Keep)?;
        durable::write(&directory.join("names"), names.as_bytes(), 0o644).map_err(TlsError::Keep)?;
        self.unkept = None;
        Ok(())
    }
}

impl SelfSigned {
    fn files(&self) -> TlsFiles {
        TlsFiles { certificate: self.directory.join("certificate.pem"), key: self.directory.join("key.pem") }
    }

    /// Unix time, as far as it can be believed.
    fn now(&self) -> u64 {
        let now = SystemTime::now().max(self.built);
        now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    /// The names that a certificate can have, those of the configuration among them.
    fn all(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let all = self.names.iter().chain(names).map(|name| name.trim_end_matches('.').to_ascii_lowercase());
        all.filter(|name| CertificateParams::new([name.clone()]).is_ok()).take(MAX_NAMES).collect()
    }

    /// ECDSA P-256, which the oldest TVs know.
    fn issue(&self, key: Option<&str>, names: &BTreeSet<String>) -> Result<(Identity, Issued, Pem), TlsError> {
        let names = self.all(names);
        let not_before = self.now().saturating_sub(BACKDATED.as_secs());
        let not_after = not_before + LIFETIME.as_secs();
        let mut params = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>()).map_err(TlsError::Make)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "workshop-edge");
        params.not_before = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(not_before);
        params.not_after = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(not_after);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Firefox refuses two certificates of one issuer with one number, and the number would come from the key.
        let mut serial = [0; 16];
        SystemRandom::new().fill(&mut serial).map_err(|_| TlsError::Make(rcgen::Error::RingUnspecified))?;
        serial[0] = serial[0] & 0x7f | 0x40;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        let key = match key.and_then(|key| KeyPair::from_pem(key).ok()) {
            Some(key) => key,
            None => KeyPair::generate().map_err(TlsError::Make)?,
        };
        let certificate = params.self_signed(&key).map_err(TlsError::Make)?;
        let secret = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|_| TlsError::Make(rcgen::Error::CouldNotParseKeyPair))?;
        let identity = identity(vec![certificate.der().clone()], secret)?;
        let issued = Issued { sha256: hex(&identity.fingerprint), not_before, not_after, names };
        tracing::info!(names = ?issued.names, not_before, not_after, "made a certificate");
        Ok((identity, issued, Pem { certificate: certificate.pem(), key: key.serialize_pem() }))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::*;

    fn settings(directory: &Path) -> SelfSigned {
        let names = vec!["taller.local".into(), "192.168.1.7".into()];
        SelfSigned { directory: directory.join("tls"), names, built: SystemTime::UNIX_EPOCH }
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn load(directory: &Path, with: &[&str]) -> OwnCertificate {
        let (own, kept) = OwnCertificate::load(settings(directory), &names(with)).expect("made");
        kept.expect("kept");
        own
    }

    fn file(directory: &Path, name: &str) -> String {
        fs::read_to_string(directory.join("tls").join(name)).expect("readable")
    }

    #[test]
    fn it_is_issued_again_with_the_same_key_for_names_that_it_lacks() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut own = load(directory.path(), &["localhost"]);
        let (first, key) = (own.current.load().fingerprint, file(directory.path(), "key.pem"));
        own.follow(&names(&["localhost"])).expect("nothing to do");
        own.follow(&names(&[])).expect("nothing to do");
        assert_eq!(own.current.load().fingerprint, first);
        own.follow(&names(&["localhost", "taller-2.local", "10.0.0.9", "fd00::1"])).expect("issued");
        let second = own.current.load().fingerprint;
        assert_ne!(second, first);
        assert_eq!(file(directory.path(), "key.pem"), key);
        assert_eq!(file(directory.path(), "names"), "taller.local\n192.168.1.7\n", "what older versions look at");
        assert_eq!(load(directory.path(), &["10.0.0.9"]).current.load().fingerprint, second, "a start changes nothing");
    }

    #[test]
    fn it_is_renewed_in_time_and_when_the_clock_was_wrong() {
        let day = DAY.as_secs();
        let issued =
            Issued { sha256: String::new(), not_before: 1000 * day, not_after: 1824 * day, names: names(&["a"]) };
        for (at, serves) in [(999, false), (1000, true), (1644, true), (1645, false), (1824, false), (9000, false)] {
            assert_eq!(issued.serves(&names(&["a"]), at * day), serves, "day {at}");
        }
        assert_eq!(Issued::parse(&issued.to_text()), Some(issued));
    }

    #[test]
    fn one_of_an_older_version_is_issued_again_with_its_key_and_damage_is_mended() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = load(directory.path(), &[]).current.load().fingerprint;
        let key = file(directory.path(), "key.pem");
        fs::remove_file(directory.path().join("tls/issued")).expect("removed");
        let second = load(directory.path(), &[]).current.load().fingerprint;
        assert_ne!(second, first);
        assert_eq!(file(directory.path(), "key.pem"), key);
        fs::write(directory.path().join("tls/certificate.pem"), "torn").expect("damaged");
        load(directory.path(), &[]);
        assert_eq!(file(directory.path(), "key.pem"), key);
        fs::write(directory.path().join("tls/key.pem"), "torn").expect("damaged");
        load(directory.path(), &[]);
        assert_ne!(file(directory.path(), "key.pem"), key);
    }

    #[test]
    fn one_that_cannot_be_kept_is_used_all_the_same_and_kept_later() {
        let directory = tempfile::tempdir().expect("a directory");
        let obstacle = directory.path().join("tls");
        fs::write(&obstacle, "").expect("a file");
        let (mut own, kept) = OwnCertificate::load(settings(directory.path()), &names(&[])).expect("made");
        assert!(matches!(kept, Err(TlsError::Keep(_))));
        let used = own.current.load().fingerprint;
        fs::remove_file(&obstacle).expect("removed");
        own.follow(&names(&[])).expect("kept");
        assert_eq!(load(directory.path(), &[]).current.load().fingerprint, used);
    }

    #[test]
    fn the_key_is_the_boxs_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        load(directory.path(), &[]);
        let mode = fs::metadata(directory.path().join("tls/key.pem")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
