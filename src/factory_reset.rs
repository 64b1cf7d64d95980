//! Forgetting everything but the configuration: the box is then as new, and safe in the hands of another workshop.
//!
//! ```text
//! begin    the marker <data_dir>/factory-reset, durable: from here on there is no way back
//! finish   what is to be forgotten, then the marker; at every start, before anything reads the data
//! ```
//!
//! The power may go at any step: as long as the marker is there, the next start goes on. The identity and the key of
//! HTTPS are forgotten too, since previous owners know them. Only what the box keeps itself is removed, by
//! name: a data directory that was chosen badly loses nothing else.
//!
//! What the program knows of itself is not the workshop's, and stays: `slots`, the versions of the program, and
//! `trust`, what it knows of trusted releases. To forget them would be a way back to an old version, whose faults are
//! known.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::durable::{self, DurableError};

/// What the rooms keep in the data directory. Anything new that is kept there is added; a test with a running box
/// checks that.
pub const FORGOTTEN: &[&str] = &[
    "admin",
    "box-id",
    "discovery-name",
    "erp-account.0",
    "erp-account.1",
    "erp.0",
    "erp.1",
    "panics",
    "retained-assets",
    "screens.0",
    "screens.1",
    "state-schema",
    "telemetry",
    "tls",
    "update",
];

/// What stays, as the module says why; `lock` holds nothing.
pub const KEPT: &[&str] = &["lock", "slots", "trust"];

/// Its presence says that a reset has begun.
const MARKER: &str = "factory-reset";

/// What could not be forgotten.
#[derive(Debug, Error)]
pub(crate) enum ResetError {
    /// The marker, or the directory.
    #[error("the factory reset")]
    Durable(#[from] DurableError),
    /// A file or a directory.
    #[error("the factory reset cannot {operation} {}", path.display())]
    Remove {
        /// What was tried.
        operation: &'static str,
        /// With which.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// Marks the data directory for a reset at the next start.
pub(crate) fn begin(data_dir: &Path) -> Result<(), ResetError> {
    Ok(durable::write(&data_dir.join(MARKER), b"", 0o600)?)
}

/// Does what was begun; gives whether anything was.
pub(crate) fn finish(data_dir: &Path) -> Result<bool, ResetError> {
    let marker = data_dir.join(MARKER);
    match fs::symlink_metadata(&marker) {
        Ok(_) => {}
        Err(error) if is_absent(&error) => return Ok(false),
        Err(source) => return Err(ResetError::Remove { operation: "look for", path: marker, source }),
    }
    for path in paths_to_remove(data_dir)? {
        remove(&path)?;
    }
    // Gone for good, before the marker goes.
    durable::sync_dir(data_dir)?;
    durable::remove(&marker)?;
    Ok(true)
}

/// The paths to remove, contents before their directory.
fn paths_to_remove(data_dir: &Path) -> Result<Vec<PathBuf>, ResetError> {
    let mut found = Vec::new();
    let mut waiting = Vec::new();
    for name in FORGOTTEN {
        waiting.push(data_dir.join(name));
        // What an interrupted write leaves.
        waiting.push(data_dir.join(format!("{name}.tmp")));
    }
    while let Some(path) = waiting.pop() {
        let failed = |source| ResetError::Remove { operation: "look at", path: path.clone(), source };
        match fs::symlink_metadata(&path) {
            // Links are removed, not followed.
            Ok(metadata) if metadata.is_dir() => {
                for entry in fs::read_dir(&path).map_err(failed)? {
                    waiting.push(entry.map_err(failed)?.path());
                }
                found.push(path);
            }
            Ok(_) => found.push(path),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    // A directory was found before what is in it.
    found.reverse();
    Ok(found)
}

fn remove(path: &Path) -> Result<(), ResetError> {
    let is_dir = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    let removed = if is_dir { fs::remove_dir(path) } else { fs::remove_file(path) };
    match removed {
        Err(source) if !is_absent(&source) => {
            Err(ResetError::Remove { operation: "remove", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// A data directory that is a file holds nothing either.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a box keeps, and what is none of its business.
    fn used_data_dir() -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        for file in [
            "admin/pin",
            "admin/pin-hash",
            "box-id",
            "box-id.tmp",
            "discovery-name",
            "erp.0",
            "erp.1",
            "erp.1.tmp",
            "panics/1.txt",
            "retained-assets/generations",
            "retained-assets/0123456789abcdef/assets/index-AAAA1111.js",
            "slots/a/workshop-edge",
            "slots/table.0",
            "state-schema",
            "telemetry",
            "tls/key.pem",
            "trust/floor.1",
            "update/history.jsonl",
            "config.toml",
            "lost+found/1",
        ] {
            let path = directory.path().join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            fs::write(path, "x").expect("a file");
        }
        std::os::unix::fs::symlink(directory.path().join("lost+found"), directory.path().join("admin/link"))
            .expect("a link");
        directory
    }

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .expect("listed")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_happens_that_was_not_begun() {
        let directory = used_data_dir();
        let before = names(directory.path());
        assert!(!finish(directory.path()).expect("nothing to do"));
        assert_eq!(names(directory.path()), before);
        assert!(!finish(&directory.path().join("absent")).expect("nothing to do"));
        assert!(!finish(&directory.path().join("box-id")).expect("nothing to do"));
    }

    #[test]
    fn all_is_forgotten_but_what_is_not_the_boxs() {
        let directory = used_data_dir();
        begin(directory.path()).expect("begun");
        assert!(finish(directory.path()).expect("finished"));
        assert_eq!(names(directory.path()), ["config.toml", "lost+found", "slots", "trust"]);
        assert_eq!(names(&directory.path().join("lost+found")), ["1"], "links are not followed");
        assert_eq!(names(&directory.path().join("slots")), ["a", "table.0"]);
        assert!(!finish(directory.path()).expect("done already"));
    }

    /// The power goes after every number of steps; the next start finishes.
    #[test]
    fn every_interruption_is_recovered_from() {
        let steps = paths_to_remove(used_data_dir().path()).expect("looked").len();
        assert!(steps > 10);
        for done in 0..=steps {
            let directory = used_data_dir();
            begin(directory.path()).expect("begun");
            for path in paths_to_remove(directory.path()).expect("looked").iter().take(done) {
                remove(path).expect("removed");
                assert!(directory.path().join(MARKER).exists());
            }
            assert!(finish(directory.path()).expect("finished"), "after {done} steps");
            assert_eq!(names(directory.path()), ["config.toml", "lost+found", "slots", "trust"], "after {done} steps");
        }
    }

    #[test]
    fn a_power_cut_in_the_beginning_resets_nothing_or_all() {
        let directory = used_data_dir();
        // The marker's temporary file alone is no marker.
        fs::write(directory.path().join("factory-reset.tmp"), "").expect("half");
        assert!(!finish(directory.path()).expect("nothing to do"));
        begin(directory.path()).expect("begun");
        begin(directory.path()).expect("begun twice is begun");
        assert!(finish(directory.path()).expect("finished"));
    }
}
