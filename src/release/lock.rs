//! At most one publisher.

use std::fs::File;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::error::{ReleaseError, file, refuse};

/// Held while a command works on a repository.
///
/// The lock is on the directory itself, so that no file of it is uploaded with the rest.
#[derive(Debug)]
pub(super) struct Lock {
    _directory: File,
}

impl Lock {
    /// Takes the lock of a directory, which must be there.
    pub(super) fn take(directory: &Path) -> Result<Self, ReleaseError> {
        let handle = File::open(directory).map_err(file("open", directory))?;
        match flock(&handle, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { _directory: handle }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(refuse(
                format!("otro workshop-release trabaja con {}: espere a que termine", directory.display()),
                format!("another workshop-release works on {}: wait for it to end", directory.display()),
            )),
            Err(error) => Err(file("lock", directory)(error.into())),
        }
    }
}
