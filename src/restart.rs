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
    /// Who has started this process and starts the next one, as long as its file is there.
    launcher: Option<PathBuf>,
}

/// A listening socket to hand on.
#[derive(Debug)]
pub struct Socket {
    /// Its name in `LISTEN_FDNAMES`: without a colon.
    pub(crate) name: String,
    /// The socket.
    pub(crate) descriptor: OwnedFd,
}

impl Program {
    /// This one, with the same arguments. To be asked early: once the file has been replaced by a newer version, the
    /// kernel no longer tells its path.
    #[must_use]
    pub(crate) fn current() -> Self {
        Self {
            path: std::env::current_exe().unwrap_or_else(|_| PathBuf::from(RUNNING)),
            arguments: std::env::args_os().collect(),
            launcher: None,
        }
    }

    /// The same, by way of this program's order `launch`, which chooses the binary.
    #[must_use]
    pub(crate) fn launched_by(self, launcher: Option<PathBuf>) -> Self {
        Self { launcher, ..self }
    }

    /// Becomes it; comes back only with what went wrong, and is then good for nothing but to end.
    #[must_use]
    pub fn exec(self, sockets: Vec<Socket>) -> io::Error {
        let mut command = self.command();
        command
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

impl Program {
    fn command(self) -> Command {
        let Self { path, arguments, launcher } = self;
        let mut arguments = arguments.into_iter();
        let name = arguments.next();
        if let Some(launcher) = launcher.filter(|launcher| launcher.is_file()) {
            let mut command = Command::new(launcher);
            // In the place of the order that this process was started with, `serve`.
            command.arg("launch").args(arguments.skip(1));
            return command;
        }
        // A newer version at the same path is what a restart after an upgrade wants; without one, the running one goes
        // on existing as long as it runs.
        let mut command = Command::new(if path.is_file() { path.as_path() } else { Path::new(RUNNING) });
        if let Some(name) = name {
            command.arg0(name);
        }
        command.args(arguments);
        command
    }
}

fn names(sockets: &[Socket]) -> String {
    sockets.iter().map(|socket| socket.name.as_str()).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(launcher: Option<&str>) -> Vec<String> {
        let program = Program {
            path: "/bin/sh".into(),
            arguments: ["edge", "serve", "--config", "/c"].map(OsString::from).to_vec(),
            launcher: launcher.map(PathBuf::from),
        };
        let command = program.command();
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn the_launcher_gets_the_options_as_long_as_it_is_there() {
        assert_eq!(words(Some("/bin/cat")), ["/bin/cat", "launch", "--config", "/c"]);
        assert_eq!(words(Some("/bin/gone")), ["/bin/sh", "serve", "--config", "/c"]);
        assert_eq!(words(None), ["/bin/sh", "serve", "--config", "/c"]);
    }
}
