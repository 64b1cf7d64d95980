//! Whether the disk of the data directory still works and has room: a stick that is pulled out, or dies, says nothing by itself.
//!
//! A thread of its own looks, since a dead disk may block its readers for ever; everybody else reads what it
//! found last, and how long ago. It only reads: a disk that is worn out is not to be written to every few seconds.

mod low;
mod probe;
mod words;

use std::io;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use self::low::LowSpace;
use self::probe::Directory;
pub(crate) use self::probe::Finding;
pub(crate) use self::words::{Home, nearly_full};

/// Between two looks.
const POLL_INTERVAL: Duration = Duration::from_secs(3);
/// After so long without an answer, the disk hangs.
const DEADLINE: Duration = Duration::from_secs(10);

/// Why nothing can be kept any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StorageFault {
    /// The disk, its mount or the directory is not there any more.
    Gone,
    /// Nothing can be written: the kernel does that to a file system after errors, too.
    ReadOnly,
    /// The directory belongs to another account.
    Forbidden,
    /// It answers with an error.
    Failing(String),
    /// It does not answer.
    Silent,
}

/// Looks at a data directory as long as it lives.
#[derive(Debug)]
pub(crate) struct DiskWatch {
    last: Arc<Mutex<(Instant, Finding)>>,
    /// Its end is the thread's.
    _stop: mpsc::Sender<()>,
}

impl DiskWatch {
    /// Looks once, and from then on in a thread.
    pub(crate) fn start(directory: &Path) -> io::Result<Self> {
        let mut directory = Directory::new(directory);
        let last = Arc::new(Mutex::new((Instant::now(), directory.probe())));
        let (stop, stopped) = mpsc::channel();
        let found = Arc::clone(&last);
        thread::Builder::new().name("storage".into()).spawn(move || {
            while stopped.recv_timeout(POLL_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                let finding = directory.probe();
                *found.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), finding);
            }
        })?;
        Ok(Self { last, _stop: stop })
    }

    /// What was found last; never waits for the disk.
    pub(crate) fn finding(&self) -> Finding {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, finding) = &*last;
        judge(at.elapsed(), finding)
    }
}

/// What a finding of this age is worth.
fn judge(age: Duration, finding: &Finding) -> Finding {
    if age > DEADLINE { Err(StorageFault::Silent) } else { finding.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_finding_is_that_of_a_disk_that_hangs() {
        let finding = Ok(crate::disk_space::DiskSpace { total_bytes: 2, free_bytes: 1 });
        assert_eq!(judge(DEADLINE, &finding), finding);
        assert_eq!(judge(DEADLINE + Duration::from_millis(1), &finding), Err(StorageFault::Silent));
    }
}
