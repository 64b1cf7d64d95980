//! Becoming another process without closing a socket: the listening ones are handed on as a service manager would
//! (`sd_listen_fds(3)`), so that port and process id stay and a connection that comes meanwhile waits.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, IntoRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use command_fds::{CommandFdExt as _, FdMapping};
use rustix::io::fcntl_dupfd_cloexec;

/// The first descriptor that is handed on (`SD_LISTEN_FDS_START`).
const FIRST: i32 = 3;

/// Keeps the numbers of so many descriptors to hand on from everything else in this process, as long as it lives. Its
/// other threads still open and close files while it becomes the next one: whichever had one of these numbers would
/// close the socket that has just been put there. To be called before there are other threads, and again once inherited
/// sockets have left their numbers.
pub(crate) fn reserve_descriptors(count: usize) -> io::Result<()> {
    let end = FIRST.saturating_add(count.try_into().unwrap_or(i32::MAX));
    let mut placeholder = OwnedFd::from(File::open("/dev/null")?);
    while placeholder.as_raw_fd() < end {
        let next = fcntl_dupfd_cloexec(&placeholder, FIRST)?;
        let _ = mem::replace(&mut placeholder, next).into_raw_fd();
    }
    Ok(())
}

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

    /// Executes this program's `launch`, which chooses the binary.
    #[must_use]
    pub(crate) fn launched_by(self, launcher: Option<PathBuf>) -> Self {
        Self { launcher, ..self }
    }

    /// Executes it. Returns only on failure; the process can then only exit.
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
    use std::net::TcpListener;
    use std::thread;

    use listenfd::ListenFd;

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

    /// Set in the process that becomes another one, and in those that it becomes.
    const RESTARTS: &str = "WORKSHOP_EDGE_TEST_RESTARTS";

    #[test]
    fn no_other_thread_takes_a_socket_away() {
        let this = std::env::current_exe().expect("a path");
        let words = ["--exact", "restart::tests::no_other_thread_takes_a_socket_away"];
        if std::env::var_os(RESTARTS).is_none() {
            for attempt in 0..50 {
                let ended = Command::new(&this).args(words).env(RESTARTS, "").output().expect("run");
                assert!(ended.status.success(), "{attempt}: {}", String::from_utf8_lossy(&ended.stdout));
            }
            return;
        }
        // Each restart adds a letter.
        let name = std::env::var("LISTEN_FDNAMES").unwrap_or_default() + "x";
        reserve_descriptors(1).expect("reserved");
        let socket = match ListenFd::from_env().take_tcp_listener(0).expect("a socket") {
            Some(inherited) => inherited,
            None => TcpListener::bind("127.0.0.1:0").expect("bound"),
        };
        let descriptor = socket.try_clone().expect("another").into();
        // As at the end of a drain.
        drop(socket);
        reserve_descriptors(1).expect("reserved");
        if name.len() <= 3 {
            for _ in 0..2 {
                thread::spawn(|| {
                    loop {
                        let _ = File::open("/proc/self/status");
                    }
                });
            }
            let arguments = [this.as_os_str()].into_iter().chain(words.map(AsRef::as_ref));
            let program =
                Program { path: this.clone(), arguments: arguments.map(Into::into).collect(), launcher: None };
            panic!("{}", program.exec(vec![Socket { name, descriptor }]));
        }
    }
}
