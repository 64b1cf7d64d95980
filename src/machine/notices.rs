//! The machine's notices for people: one file for each subject, which the appliance shows on its
//! own screen, on its pages and in `/health`.
//!
//! ```json
//! {"level": "warning", "es": "…", "en": "…"}
//! ```
//!
//! A file is replaced as a whole and removed when there is nothing more to say. They live in memory and end with the
//! machine, and readers bound what they read: a notice is for people, not for the program.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bounded_read::read_bounded;
use crate::durable::{self, DurableError};
use crate::lang::Text;

/// Notices that are read.
const MAX: usize = 32;
/// Entries of the directory that are looked at.
const MAX_ENTRIES: usize = 256;
/// Bytes of a notice that are read.
const MAX_BYTES: u64 = 16 * 1024;
/// What the name of a notice's file ends with.
const EXTENSION: &str = ".json";

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// Good to know.
    Info,
    /// Somebody should look.
    Warning,
    /// Something does not work.
    Fault,
}

/// A notice on one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notice {
    /// How much it matters.
    pub(crate) level: Level,
    /// May have several lines.
    #[serde(flatten)]
    pub(crate) text: Text,
}

/// All notices.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// By subject.
    pub(crate) by_subject: BTreeMap<String, Notice>,
    /// Why some are not among them.
    pub(crate) unreadable: Vec<NoticeError>,
}

/// What could not be done to a notice.
#[derive(Debug, Error)]
pub(crate) enum NoticeError {
    /// The name would be no file of the directory.
    #[error("the subject of a notice is of lower-case letters, digits and hyphens, not {0:?}")]
    Subject(String),
    /// It is not JSON: a fault of the program.
    #[error("cannot write the notice {subject} as JSON")]
    Encode { subject: String, source: serde_json::Error },
    /// The file.
    #[error("the notice {subject}")]
    Keep { subject: String, source: DurableError },
    /// The file or directory.
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// It is no notice.
    #[error("{} is no notice", path.display())]
    Decode { path: PathBuf, source: serde_json::Error },
    /// It is too large.
    #[error("{} is larger than {MAX_BYTES} bytes", path.display())]
    TooLarge { path: PathBuf },
    /// There are too many.
    #[error("{} has more than {MAX} notices: the others are not read", directory.display())]
    TooMany { directory: PathBuf },
}

/// Sets the notice on a subject. `directory` is [`super::Paths::run_notices`]; it is
/// made if it is missing.
pub(crate) fn put(directory: &Path, subject: &str, notice: &Notice) -> Result<(), NoticeError> {
    let path = path(directory, subject)?;
    let text =
        serde_json::to_vec(notice).map_err(|source| NoticeError::Encode { subject: subject.to_owned(), source })?;
    durable::write(&path, &text, 0o644).map_err(keep(subject))
}

/// Removes the notice on a subject.
pub(crate) fn clear(directory: &Path, subject: &str) -> Result<(), NoticeError> {
    durable::remove(&path(directory, subject)?).map_err(keep(subject))
}

/// Reads the notices: none where there is no such directory. At most 32 notices of 16 KiB are read; what
/// cannot be read is reported and skipped.
#[must_use]
pub(crate) fn read_all(directory: &Path) -> Notices {
    let mut notices = Notices::default();
    let mut subjects = match subjects(directory) {
        Ok(subjects) => subjects,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return notices,
        Err(source) => {
            notices.unreadable.push(NoticeError::Read { path: directory.to_owned(), source });
            return notices;
        }
    };
    if subjects.len() > MAX {
        subjects.truncate(MAX);
        notices.unreadable.push(NoticeError::TooMany { directory: directory.to_owned() });
    }
    for subject in subjects {
        match path(directory, &subject).and_then(|path| read(&path)) {
            Ok(Some(notice)) => {
                notices.by_subject.insert(subject, notice);
            }
            // Removed since the directory was read.
            Ok(None) => {}
            Err(error) => notices.unreadable.push(error),
        }
    }
    notices
}

/// The subjects in a directory, in order.
fn subjects(directory: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)?.take(MAX_ENTRIES) {
        let name = entry?.file_name();
        // A file that is being written ends otherwise, or begins with a dot.
        let subject = name.to_str().filter(|name| !name.starts_with('.')).and_then(|name| name.strip_suffix(EXTENSION));
        found.extend(subject.map(str::to_owned));
    }
    found.sort();
    Ok(found)
}

/// A notice, if there is one.
fn read(path: &Path) -> Result<Option<Notice>, NoticeError> {
    let text = match read_bounded(path, MAX_BYTES) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            return Err(NoticeError::TooLarge { path: path.to_owned() });
        }
        Err(source) => return Err(NoticeError::Read { path: path.to_owned(), source }),
    };
    serde_json::from_slice(&text).map(Some).map_err(|source| NoticeError::Decode { path: path.to_owned(), source })
}

/// The file of a subject.
fn path(directory: &Path, subject: &str) -> Result<PathBuf, NoticeError> {
    let is_good = (1..=64).contains(&subject.len())
        && subject.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if is_good {
        Ok(directory.join(format!("{subject}{EXTENSION}")))
    } else {
        Err(NoticeError::Subject(subject.to_owned()))
    }
}

fn keep(subject: &str) -> impl FnOnce(DurableError) -> NoticeError {
    let subject = subject.to_owned();
    |source| NoticeError::Keep { subject, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn notice(level: Level) -> Notice {
        Notice { level, text: Text::new("a", "b") }
    }

    #[test]
    fn what_was_said_is_read_until_it_is_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let notices = directory.path().join("notices");
        assert!(read_all(&notices).by_subject.is_empty(), "no directory");
        let said = Notice { level: Level::Warning, text: Text::new("línea 3", "line 3") };
        put(&notices, "settings", &notice(Level::Info)).expect("said");
        put(&notices, "settings", &said).expect("said");
        let read = read_all(&notices);
        assert_eq!(read.by_subject, BTreeMap::from([("settings".to_owned(), said)]));
        assert!(read.unreadable.is_empty());
        let mode = fs::metadata(notices.join("settings.json")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        clear(&notices, "settings").expect("over");
        clear(&notices, "settings").expect("is over");
        assert!(read_all(&notices).by_subject.is_empty());
    }

    #[test]
    fn the_wire_form_is_stable() {
        let json = serde_json::json!({ "level": "info", "es": "a", "en": "b" });
        assert_eq!(serde_json::to_value(notice(Level::Info)).expect("serialised"), json);
        assert_eq!(serde_json::from_value::<Notice>(json).expect("read"), notice(Level::Info));
    }

    #[test]
    fn what_is_no_notice_is_reported_and_hides_no_other() {
        let directory = tempfile::tempdir().expect("a directory");
        put(directory.path(), "disk", &notice(Level::Fault)).expect("said");
        for (name, text) in [
            ("torn.json", &b"{\"level\":\"in"[..]),
            ("other.json", b"{\"level\":\"loud\"}"),
            ("x.tmp", b""),
            (".x.json", b""),
        ] {
            fs::write(directory.path().join(name), text).expect("written");
        }
        fs::write(directory.path().join("long.json"), vec![b' '; 20_000]).expect("written");
        fs::create_dir(directory.path().join("dir.json")).expect("made");
        fs::write(directory.path().join("UPPER.json"), b"{}").expect("written");
        let read = read_all(directory.path());
        assert_eq!(read.by_subject.keys().collect::<Vec<_>>(), ["disk"]);
        assert_eq!(read.unreadable.len(), 5, "{:?}", read.unreadable);
    }

    #[test]
    fn there_is_an_end_to_what_is_read() {
        let directory = tempfile::tempdir().expect("a directory");
        for number in 10..50 {
            put(directory.path(), &format!("n{number}"), &notice(Level::Info)).expect("said");
        }
        let read = read_all(directory.path());
        assert_eq!(read.by_subject.len(), MAX);
        assert!(matches!(read.unreadable[..], [NoticeError::TooMany { .. }]));
    }

    #[test]
    fn a_subject_is_no_path() {
        let directory = tempfile::tempdir().expect("a directory");
        for subject in ["", "../x", "a/b", "A", "a.b", &"x".repeat(65)] {
            let error = put(directory.path(), subject, &notice(Level::Info)).expect_err("refused");
            assert!(matches!(error, NoticeError::Subject(_)), "{error}");
        }
    }
}
