//! Files below `/etc` and `/run`, which are in memory: readers see them whole, and none has to survive.

use std::fs;
use std::io;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::bounded_read::read_text_bounded;
use crate::durable::{self, DurableError};
use crate::machine::Paths;

/// Bytes of group(5): the image has a few dozen lines.
const MAX_GROUPS: u64 = 64 * 1024;

/// What could not be made.
#[derive(Debug, Error)]
pub(crate) enum FileError {
    /// A file.
    #[error(transparent)]
    Write(#[from] DurableError),
    /// Something else.
    #[error("cannot {operation} {}", path.display())]
    Other {
        operation: &'static str,
        /// Of which.
        path: PathBuf,
        source: io::Error,
    },
}

pub(super) fn other(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError::Other { operation, path, source }
}

/// Writes a file, or removes it where there is nothing to write.
pub(super) fn put(path: &Path, content: Option<&str>, mode: u32) -> Result<(), FileError> {
    match content {
        Some(content) => durable::write(path, content.as_bytes(), mode)?,
        None => durable::remove(path)?,
    }
    Ok(())
}

/// Makes a link to `target`, in the place of what is there.
pub(super) fn link(path: &Path, target: &Path) -> Result<(), FileError> {
    let temporary = path.with_extension("tmp");
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(other("remove", &temporary)(error)),
        _ => {}
    }
    symlink(target, &temporary).map_err(other("link", &temporary))?;
    fs::rename(&temporary, path).map_err(other("rename a new link to", path))
}

/// Makes a file readable for a group, where the machine has that group.
pub(super) fn allow_group(paths: &Paths, path: &Path, group: &str) -> Result<(), FileError> {
    let groups = paths.root().join("etc/group");
    let text = read_text_bounded(&groups, MAX_GROUPS).unwrap_or_default();
    // group(5): name:password:id:members
    let id = text.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(group)).then(|| fields.nth(1)?.parse::<u32>().ok()).flatten()
    });
    match id {
        Some(id) => chown(path, None, Some(id)).map_err(other("change the group of", path)),
        None => Ok(()),
    }
}
