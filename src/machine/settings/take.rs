//! Settings that somebody brings on a stick.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::files::FileError;
use super::last_good::can_be_kept;
use super::partition::{for_windows, is_there, while_writable};
use super::read::check_secrets;
use super::{Checked, MAX, Secrets, check, secrets};
use crate::bounded_read::read_beginning;
use crate::config::{Document, Faults};
use crate::durable;
use crate::machine::Paths;

/// Why settings are not taken. Nothing has been changed then.
#[derive(Debug, Error)]
pub(crate) enum TakeError {
    /// The file.
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// They are wrong.
    #[error(transparent)]
    Wrong(Faults),
    /// There is no partition to put them on: they would be gone with the next start, and be taken again, and so on.
    #[error("the drive TALLER is not there")]
    NoPartition,
    /// There is no data partition on which secrets could be kept.
    #[error("the secrets cannot be kept: there is no data partition")]
    NoData,
    /// They cannot be put in the place of the old ones.
    #[error("cannot install the settings")]
    Install(#[source] FileError),
}

/// Takes the settings of this file, and the secrets of a file beside it if one is given, in the place of those that the
/// machine has. They hold from its next start on, or once [`super::apply()`] has been called and networkd has read its units
/// again (`networkctl reload`).
///
/// Both files are validated first, and nothing is changed when either is wrong. Whether the stick may bring settings at
/// all, by the PIN or the keyboard, is for the caller to know.
pub(crate) fn take_from(paths: &Paths, settings: &Path, secrets_file: Option<&Path>) -> Result<(), TakeError> {
    let bytes = read(settings)?;
    let _ = sound(check(&bytes))?;
    let text = Document::text_of(&bytes).unwrap_or_default();
    let secrets = match secrets_file {
        Some(file) => sound(check_secrets(&read(file)?))?,
        None => Secrets::default(),
    };
    if !is_there(paths) {
        return Err(TakeError::NoPartition);
    }
    if !secrets.is_empty() {
        if !can_be_kept(paths) {
            return Err(TakeError::NoData);
        }
        secrets::add(paths, secrets).map_err(TakeError::Install)?;
    }
    while_writable(&paths.settings_partition(), || {
        Ok(durable::write(&paths.settings(), for_windows(&text).as_bytes(), 0o644)?)
    })
    .map_err(TakeError::Install)
}

fn sound<T>(checked: Checked<T>) -> Result<T, TakeError> {
    let Checked { value, faults, warnings } = checked;
    value.ok_or(TakeError::Wrong(Faults { faults, warnings }))
}

fn read(path: &Path) -> Result<Vec<u8>, TakeError> {
    read_beginning(path, MAX + 1).map_err(|source| TakeError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::super::apply;
    use super::*;
    use std::fs;

    #[test]
    fn they_take_the_place_of_the_old_ones_only_when_they_are_good() {
        let directory = tempfile::tempdir().expect("a directory");
        let paths = Paths::below(directory.path());
        for path in ["media/settings", "data", "stick"] {
            fs::create_dir_all(directory.path().join(path)).expect("made");
        }
        let (stick, secrets) = (directory.path().join("stick/a.txt"), directory.path().join("stick/b.txt"));
        fs::write(paths.settings(), "name = \"old\"\n").expect("written");

        assert!(matches!(take_from(&paths, &stick, None), Err(TakeError::Read { .. })));
        fs::write(&stick, "name = 5\n").expect("written");
        let error = take_from(&paths, &stick, None).expect_err("wrong");
        assert!(error.to_string().contains("workshop-edge.txt:1: name: must be"), "{error}");
        fs::write(&stick, "name = \"new\"\n").expect("written");
        fs::write(&secrets, "erp.password = 5\n").expect("written");
        assert!(matches!(take_from(&paths, &stick, Some(&secrets)), Err(TakeError::Wrong(_))));
        assert_eq!(fs::read_to_string(paths.settings()).expect("there"), "name = \"old\"\n");
        assert!(!paths.data_settings().exists());

        fs::write(&secrets, "erp.password = \"p\"\n").expect("written");
        take_from(&paths, &stick, Some(&secrets)).expect("taken");
        assert_eq!(fs::read_to_string(paths.settings()).expect("there"), "\u{FEFF}name = \"new\"\r\n");
        let kept = fs::read_to_string(paths.data_settings().join("secrets.toml")).expect("kept");
        assert_eq!(kept, "erp.password = \"p\"\n");
        assert!(!paths.settings_partition().join("secrets.txt").exists());
        apply(&paths).expect("applied");
        assert_eq!(fs::read_to_string(directory.path().join("etc/hostname")).expect("kept"), "new\n");

        fs::remove_dir_all(paths.data()).expect("removed");
        assert!(matches!(take_from(&paths, &stick, Some(&secrets)), Err(TakeError::NoData)));
        fs::remove_dir_all(paths.settings_partition()).expect("removed");
        assert!(matches!(take_from(&paths, &stick, Some(&secrets)), Err(TakeError::NoPartition)));
    }
}
