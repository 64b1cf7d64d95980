//! Becoming another process without closing a socket: the listening ones are handed on as a service manager would
//! (`sd_listen_fds(3)`), so that port and process id stay and a connection that comes meanwhile waits.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use command_fds::{CommandFdExt as _, FdMapping};

/// The first descriptor that is handed on (`SD_LISTEN_FDS_START`).
const FIRST: i32 = 3;

/// The binary that runs, wherever it was moved or deleted to.
const RUNNING: &str = "/proc/self/exe";

/// What to become.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    /// Its name first.
    arguments: Vec<OsString>,
}

/// A listening socket to hand on.
#[derive(Debug)]
pub struct Socket {
    /// Its name in `LISTEN_FDNAMES`: without a colon.
    pub name: String,
    /// The socket.
    pub descriptor: OwnedFd,
}

impl Program {
    /// This one, with the same arguments. To be asked early: once the file has been replaced by a newer version, the
    /// kernel no longer tells its path.
    #[must_use]
    pub fn current() -> Self {
        Self {
            path: std::env::current_exe().unwrap_or_else(|_| PathBuf::from(RUNNING)),
            arguments: std::env::args_os().collect(),
        }
    }

    /// Becomes it; comes back only with what went wrong, and is then good for nothing but to end.
    #[must_use]
    pub fn become_it(self, sockets: Vec<Socket>) -> io::Error {
        let Self { path, arguments } = self;
        // A newer version at the same path is what a restart after an upgrade wants; without one, the running one goes
        // on existing as long as it runs.
        let path = if path.is_file() { path.as_path() } else { Path::new(RUNNING) };
        let mut arguments = arguments.into_iter();
        let mut command = Command::new(path);
        if let Some(name) = arguments.next() {
            command.arg0(name);
        }
        command
            .args(arguments)
            .env("LISTEN_PID", std::process::id().to_string())
            .env("LISTEN_FDS", sockets.len().to_string())
            .env("LISTEN_FDNAMES", names(&sockets));
        let mappings = (FIRST..)
            .zip(sockets)
            .map(|(child_fd, Socket { descriptor, .. })| FdMapping { parent_fd: descriptor, child_fd });
        match command.fd_mappings(mappings.collect()) {
            Ok(command) => command.exec(),
            Err(collision) => io::Error::other(collision),
        }
    }
}

fn names(sockets: &[Socket]) -> String {
    sockets.iter().map(|socket| socket.name.as_str()).collect::<Vec<_>>().join(":")
}
