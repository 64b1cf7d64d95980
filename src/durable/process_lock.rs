//! A lock that a process holds for as long as it lives, across exec.

use std::os::fd::IntoRawFd as _;
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags, fcntl_lock, open};
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::process::{Flock, FlockType, fcntl_getlk};

use super::{DurableError, create_dir};
use crate::bounded_read::{self, read_text_bounded};

/// More than there are listening sockets. Where so many files are not allowed, it stays where it is.
const ABOVE_SOCKETS: i32 = 100;

/// Who has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// This process.
    Ours,
    /// Another one; `None` where its number is not visible from here.
    Others {
        /// Its number.
        pid: Option<i32>,
    },
}

/// A record lock of a file (`fcntl(2)`). It belongs to the process: children do not inherit it, and it lasts over
/// `execve(2)` as long as the file stays open, so there is no moment between two programs in which somebody else could
/// have it. A program that knows nothing of it keeps it all the same.
#[derive(Debug)]
pub(crate) struct ProcessLock;

impl ProcessLock {
    /// Claims a data directory for good. Its file `lock` must not be opened by anything else in this process: the first
    /// that is closed ends the lock.
    pub(crate) fn claim(data_dir: &Path) -> Result<Claim, DurableError> {
        create_dir(data_dir)?;
        let path = &data_dir.join("lock");
        if is_held_already(path) {
            return Ok(Claim::Ours);
        }
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC;
        let failed = |operation| move |error: rustix::io::Errno| DurableError::at(operation, path)(error.into());
        let file = open(path, flags, Mode::RUSR | Mode::WUSR).map_err(failed("open"))?;
        // Out of the way of the listening sockets, which become 3, 4 and so on in the next program and would close it.
        // Before it is locked, since closing the first descriptor would end the lock.
        let file = fcntl_dupfd_cloexec(&file, ABOVE_SOCKETS).unwrap_or(file);
        fcntl_setfd(&file, FdFlags::empty()).map_err(failed("keep open"))?;
        match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                // Open for as long as the process lives.
                let _ = file.into_raw_fd();
                Ok(Claim::Ours)
            }
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => {
                let holder = fcntl_getlk(&file, &Flock::from(FlockType::WriteLock)).ok().flatten();
                let pid = holder.and_then(|holder| holder.pid).map(|pid| pid.as_raw_nonzero().get());
                Ok(Claim::Others { pid })
            }
            Err(error) => Err(failed("lock")(error)),
        }
    }
}

/// Whether the program that this process was before has left the file open and locked. Linux before 5.11 loses such
/// locks when a process with several threads becomes another program: there it is locked again.
fn is_held_already(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    open.into_iter().any(|entry| {
        let information = Path::new("/proc/self/fdinfo").join(entry.file_name());
        std::fs::read_link(entry.path()).is_ok_and(|target| target == path)
            && read_text_bounded(&information, bounded_read::SHORT).is_ok_and(|text| text.contains("POSIX"))
    })
}
