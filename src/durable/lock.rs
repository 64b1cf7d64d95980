//! A lock between processes, for one operation.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::{DurableError, create_dir, sync_dir};

/// Held until it is dropped, or its process ends or becomes another program.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Takes the lock of a file, which is made when it is missing; `None` while someone else has it.
    pub fn take(path: &Path) -> Result<Option<Self>, DurableError> {
        let directory = super::directory(path);
        create_dir(directory)?;
        let is_new = !path.exists();
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(DurableError::at("open", path))?;
        if is_new {
            sync_dir(directory)?;
        }
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self(file))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(DurableError::at("lock", path)(error.into())),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a process that another thread is just starting has the file open as well, until it
        // becomes its program, and the lock is the open file's (flock(2)).
        if let Err(error) = flock(&self.0, FlockOperation::Unlock) {
            tracing::warn!(%error, "a lock was not released before its file was closed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_it_at_a_time() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("update/lock");
        let held = Lock::take(&path).expect("locked").expect("free");
        assert!(Lock::take(&path).expect("asked").is_none());
        drop(held);
        assert!(Lock::take(&path).expect("asked").is_some());
    }

    #[test]
    fn it_is_given_up_though_a_process_that_begins_has_it_open_still() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("lock");
        let held = Lock::take(&path).expect("locked").expect("free");
        let between_fork_and_exec = held.0.try_clone().expect("the same open file");
        drop(held);
        assert!(Lock::take(&path).expect("asked").is_some());
        drop(between_fork_and_exec);
    }
}
