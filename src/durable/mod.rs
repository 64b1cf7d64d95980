//! Files that are either the old ones or the new ones, whenever the power goes.

mod append_file;
mod double_buffered;
mod lock;
mod process_lock;
mod write_budget;
mod writer;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub(crate) use self::append_file::AppendFile;
pub use self::double_buffered::{DoubleBuffered, RecordError};
pub use self::lock::Lock;
pub(crate) use self::process_lock::{Claim, ProcessLock};
pub(crate) use self::write_budget::{WriteBudget, WriteShare};
pub(crate) use self::writer::{Finished, Writer, discard};

/// What could not be done to which file.
#[derive(Debug, Error)]
#[error("cannot {operation} {}", path.display())]
pub struct DurableError {
    operation: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl DurableError {
    fn at(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { operation, path, source }
    }

    /// Whether there was no room: the disk is full, or the quota is used up.
    #[must_use]
    pub(crate) fn is_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

/// Replaces `path` by `bytes`: written beside it, synced, renamed over it, and the
/// directory synced. `mode` is the file's permission bits before the umask. The directory
/// is made when it is missing.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), DurableError> {
    let mut writer = Writer::create(path, mode)?;
    writer.append(bytes)?;
    writer.commit()
}

/// Removes a file, and syncs its directory: it stays gone. One that is not there is gone already.
pub(crate) fn remove(path: &Path) -> Result<(), DurableError> {
    match fs::remove_file(path) {
        Ok(()) => sync_dir(directory(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(DurableError { operation: "remove", path: path.to_owned(), source }),
    }
}

/// Makes a directory and its parents, and syncs the names of those it made.
pub(crate) fn create_dir(path: &Path) -> Result<(), DurableError> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = directory(path);
    create_dir(parent)?;
    match fs::create_dir(path) {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
            return Err(DurableError { operation: "create", path: path.to_owned(), source });
        }
        _ => {}
    }
    sync_dir(parent)
}

/// The directory that a path is in; that of a bare name is the current one.
fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Syncs the names in a directory: what was made, renamed or removed there stays so.
pub(crate) fn sync_dir(path: &Path) -> Result<(), DurableError> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(|source| DurableError {
        operation: "sync",
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a/b/key.pem");
        write(&path, b"first", 0o600).expect("written");
        fs::write(path.with_extension("pem.tmp"), b"torn").expect("a leftover");
        write(&path, b"second", 0o600).expect("written again");
        assert_eq!(fs::read(&path).expect("readable"), b"second");
        assert_eq!(fs::metadata(&path).expect("metadata").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().expect("a parent")).expect("listed").count(), 1);
    }

    #[test]
    fn what_is_removed_is_gone_and_may_be_gone_before() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("pin");
        write(&path, b"1", 0o600).expect("written");
        remove(&path).expect("removed");
        assert!(!path.exists());
        remove(&path).expect("still gone");
        let error = remove(directory.path()).expect_err("no file");
        assert!(error.to_string().starts_with("cannot remove "), "{error}");
    }

    #[test]
    fn an_error_names_the_operation_and_the_file() {
        let error = write(Path::new("/proc/nowhere/x"), b"", 0o644).expect_err("cannot work");
        assert_eq!(error.to_string(), "cannot create /proc/nowhere");
    }
}
