//! The account that the administration keeps in the data directory; used where the configuration names no ERP.
//!
//! `erp-account.0` and `erp-account.1`, mode 0600. Both files always have the same account: with an account that is replaced
//! or forgotten, its password goes from the disk.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::credentials::{Access, Password, PasswordSource};
use crate::durable::{DoubleBuffered, RecordError};

/// An account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptAccount {
    pub(crate) url: String,
    pub(crate) user: String,
    pub(crate) password: String,
}

impl KeptAccount {
    /// What it is used as.
    pub(crate) fn access(&self, allow_http: bool) -> Access {
        let Self { url, user, password } = self.clone();
        let password = Password::new(&password).map_or(PasswordSource::Nowhere, PasswordSource::Given);
        Access { url, allow_http, user, password }
    }
}

/// Without the password, and without the user, which is somebody's e-mail address.
impl fmt::Debug for KeptAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptAccount").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The file.
#[derive(Debug)]
pub(crate) struct AccountFile(DoubleBuffered<Record>);

/// What is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    account: Option<KeptAccount>,
    /// Odd: the other file still has the account before.
    #[serde(default)]
    writes: u64,
}

const NAME: &str = "erp-account";

impl AccountFile {
    /// Opens it, and completes what a power cut interrupted.
    pub(crate) fn open(data_dir: &Path) -> Self {
        let record = DoubleBuffered::open(data_dir, NAME);
        let mut file = Self(record.unwrap_or_else(|| DoubleBuffered::new(data_dir, NAME, Record::default())));
        file.complete();
        file
    }

    /// The account, for another process than the one that writes it.
    pub(crate) fn read(data_dir: &Path) -> Option<KeptAccount> {
        DoubleBuffered::<Record>::open(data_dir, NAME)?.value().account.clone()
    }

    /// The account; `None` where there is none.
    pub(crate) fn account(&self) -> Option<&KeptAccount> {
        self.0.value().account.as_ref()
    }

    /// Keeps an account in the place of the one before, or none. What cannot be kept has not happened.
    pub(crate) fn set(&mut self, account: Option<KeptAccount>) -> Result<(), RecordError> {
        self.0.change(|record| {
            record.account = account;
            record.writes |= 1;
        })?;
        self.complete();
        Ok(())
    }

    /// Writes the other file too. Where that fails, the next start tries again.
    fn complete(&mut self) {
        if self.0.value().writes.is_multiple_of(2) {
            return;
        }
        if let Err(error) = self.0.change(|record| record.writes = record.writes.wrapping_add(1)) {
            let error = crate::error_chain(&error);
            tracing::warn!(%error, "the ERP's account before this one is still on the disk");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn account(password: &str) -> KeptAccount {
        KeptAccount { url: "https://erp.example".into(), user: "tv@erp.example".into(), password: password.into() }
    }

    fn kept(data: &Path) -> Option<KeptAccount> {
        AccountFile::open(data).account().cloned()
    }

    /// What the directory holds, all files one after another.
    fn bytes(data: &Path) -> String {
        let entries = fs::read_dir(data).expect("listed").map(|entry| entry.expect("one").path());
        entries.map(|path| fs::read_to_string(path).expect("text")).collect()
    }

    #[test]
    fn the_password_before_is_in_neither_file() {
        let data = tempfile::tempdir().expect("a directory");
        let mut file = AccountFile::open(data.path());
        assert!(file.account().is_none() && !data.path().join("erp-account.0").exists(), "nothing is written unasked");
        for password in ["first", "second", "second", "third"] {
            file.set(Some(account(password))).expect("kept");
            assert_eq!(kept(data.path()), Some(account(password)));
            for turn in ["erp-account.0", "erp-account.1"] {
                let path = data.path().join(turn);
                assert!(fs::read_to_string(&path).expect("there").contains(password), "{turn} {password}");
                assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
            }
        }
        assert!(!bytes(data.path()).contains("first") && !bytes(data.path()).contains("second"));
        file.set(None).expect("forgotten");
        assert_eq!(kept(data.path()), None);
        assert!(!bytes(data.path()).contains("third") && !bytes(data.path()).contains("erp.example"));
    }

    #[test]
    fn a_change_that_was_cut_off_between_the_files_is_completed() {
        let data = tempfile::tempdir().expect("a directory");
        let mut file = AccountFile::open(data.path());
        file.set(Some(account("first"))).expect("kept");
        let before: Vec<_> = ["erp-account.0", "erp-account.1"].map(|name| fs::read(data.path().join(name))).into();
        file.set(None).expect("forgotten");
        // The second of the two writes has not happened: it was that of the file with the higher generation.
        let second = data.path().join("erp-account.0");
        let old = before.into_iter().next().expect("one").expect("read");
        fs::write(&second, old).expect("as it was");
        assert!(bytes(data.path()).contains("first"));
        assert_eq!(kept(data.path()), None);
        assert!(!bytes(data.path()).contains("first"), "{}", bytes(data.path()));
    }

    #[test]
    fn either_file_is_enough() {
        let data = tempfile::tempdir().expect("a directory");
        AccountFile::open(data.path()).set(Some(account("p"))).expect("kept");
        for torn in ["erp-account.0", "erp-account.1"] {
            fs::write(data.path().join(torn), "torn").expect("torn");
            assert_eq!(kept(data.path()), Some(account("p")));
            fs::remove_file(data.path().join(torn)).expect("removed");
            assert_eq!(kept(data.path()), Some(account("p")));
        }
    }

    #[test]
    fn what_cannot_be_kept_has_not_happened() {
        let mut file = AccountFile::open(Path::new("/proc/nowhere"));
        assert!(file.set(Some(account("p"))).is_err());
        assert!(file.account().is_none());
        assert_eq!(format!("{:?}", account("p")), "KeptAccount { url: \"https://erp.example\", .. }");
    }
}
