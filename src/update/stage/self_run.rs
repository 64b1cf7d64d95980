//! A new binary says its version before anything depends on it: it runs on this machine at all, and is the one that
//! the manifest names.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use thiserror::Error;
use tokio::io::AsyncRead;
use tokio::net::unix::pipe::Receiver;
use tokio::time::{Instant, interval, sleep_until};

use crate::bounded_read::receive_up_to;

/// The program's name, as it says itself.
const NAME: &str = "workshop-edge";
/// How long it may take; on a slow card it is read for the first time.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes that it may say.
const MAX: u64 = 1024;
/// How often its end is looked for.
const PERIOD: Duration = Duration::from_millis(10);

/// What is wrong with a new binary.
#[derive(Debug, Error)]
pub enum SelfRunError {
    /// It is not for this machine, or nothing may be run from there.
    #[error("cannot run {}", path.display())]
    Run { path: PathBuf, source: io::Error },
    /// It did not end in time.
    #[error("{} --version did not end within {} s", path.display(), PATIENCE.as_secs())]
    Late { path: PathBuf },
    /// It failed.
    #[error("{} --version failed: {status}", path.display())]
    Failed { path: PathBuf, status: ExitStatus },
    /// It is another one.
    #[error("the new binary says that it is {reported:?}, not {NAME} {expected}")]
    Version {
        /// What it says.
        reported: String,
        /// The expected version.
        expected: String,
    },
}

/// A process that does not outlive its owner.
struct ChildGuard(Child);

impl Drop for ChildGuard {
    fn drop(&mut self) {
        // Both fail only for one that has ended and was waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether the binary says that it is this version.
pub(super) async fn check(path: &Path, version: &str) -> Result<(), SelfRunError> {
    let deadline = Instant::now() + PATIENCE;
    let (mut child, output) = start(path, deadline).await?;
    let reported = tokio::select! {
        reported = read(output) => reported,
        () = sleep_until(deadline) => return Err(SelfRunError::Late { path: path.to_owned() }),
    };
    let reported = reported.map_err(|source| SelfRunError::Run { path: path.to_owned(), source })?;
    let status = end(&mut child, path, deadline).await?;
    if !status.success() {
        return Err(SelfRunError::Failed { path: path.to_owned(), status });
    }
    if reported.trim_end() != format!("{NAME} {version}") {
        return Err(SelfRunError::Version { reported, expected: version.to_owned() });
    }
    Ok(())
}

async fn start(path: &Path, deadline: Instant) -> Result<(ChildGuard, Receiver), SelfRunError> {
    let run = |source| SelfRunError::Run { path: path.to_owned(), source };
    // It is started from another directory than the box.
    let mut command = Command::new(std::path::absolute(path).map_err(run)?);
    // Of the environment nothing: it is the box's own, with its sockets and its slot.
    command
        .arg("--version")
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut ticks = interval(PERIOD);
    loop {
        ticks.tick().await;
        match command.spawn() {
            Ok(child) => {
                let mut child = ChildGuard(child);
                let output = child.0.stdout.take().ok_or_else(|| run(io::ErrorKind::BrokenPipe.into()))?;
                return Ok((child, Receiver::from_owned_fd(OwnedFd::from(output)).map_err(run)?));
            }
            // Another thread was starting a process while the file was being written: that one holds it open until it
            // has become its program.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && Instant::now() < deadline => {}
            Err(error) => return Err(run(error)),
        }
    }
}

async fn read(output: impl AsyncRead + Unpin) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&receive_up_to(output, MAX).await?).into_owned())
}

async fn end(child: &mut ChildGuard, path: &Path, deadline: Instant) -> Result<ExitStatus, SelfRunError> {
    let mut ticks = interval(PERIOD);
    while Instant::now() < deadline {
        ticks.tick().await;
        match child.0.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => {}
            Err(source) => return Err(SelfRunError::Run { path: path.to_owned(), source }),
        }
    }
    Err(SelfRunError::Late { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn script(directory: &Path, text: &str) -> PathBuf {
        let path = directory.join("workshop-edge");
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        path
    }

    #[tokio::test]
    async fn only_the_expected_version_is_accepted() {
        let directory = tempfile::tempdir().expect("a directory");
        let good = script(directory.path(), "#!/bin/sh\n[ \"$1\" = --version ] && echo workshop-edge 1.2.3\n");
        check(&good, "1.2.3").await.expect("it is");
        let error = check(&good, "1.2.4").await.expect_err("it is not").to_string();
        assert_eq!(error, "the new binary says that it is \"workshop-edge 1.2.3\\n\", not workshop-edge 1.2.4");
        // As a data directory may be given.
        let here = std::env::current_dir().expect("one");
        let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
        check(&up.join(good.strip_prefix("/").expect("absolute")), "1.2.3").await.expect("it is");
    }

    #[tokio::test]
    async fn one_that_fails_talks_on_or_is_none_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = script(directory.path(), "#!/bin/sh\necho workshop-edge 1.2.3\nexit 3\n");
        assert!(matches!(check(&path, "1.2.3").await, Err(SelfRunError::Failed { .. })));
        let path = script(directory.path(), "#!/bin/sh\nexec yes workshop-edge 1.2.3\n");
        assert!(matches!(check(&path, "1.2.3").await, Err(SelfRunError::Failed { .. } | SelfRunError::Version { .. })));
        // The head of a program for another machine.
        let path = script(directory.path(), "\u{7f}ELF\u{2}\u{1}\u{1}");
        assert!(check(&path, "1.2.3").await.is_err());
        assert!(matches!(check(&directory.path().join("none"), "1.2.3").await, Err(SelfRunError::Run { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_hangs_is_ended() {
        let directory = tempfile::tempdir().expect("a directory");
        let pid = directory.path().join("pid");
        for text in ["exec sleep 600", "exec >/dev/null; exec sleep 600"] {
            let path = script(
                directory.path(),
                &format!("#!/bin/sh\necho $$ >{}.new; mv {0}.new {0}; {text}\n", pid.display()),
            );
            assert!(matches!(check(&path, "1.2.3").await, Err(SelfRunError::Late { .. })));
            if let Ok(pid) = fs::read_to_string(&pid) {
                assert!(!Path::new("/proc").join(pid.trim()).exists());
            }
        }
    }
}
