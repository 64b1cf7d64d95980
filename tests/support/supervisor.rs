use std::ffi::{OsStr, OsString};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::edge::Log;
use super::{Client, eventually};

/// What systemd does for the box, as far as updates depend on it: it holds the listening socket, hands it over
/// (`LISTEN_FDS`), and starts the process again whenever it ends.
pub(crate) struct Supervisor {
    address: SocketAddr,
    shared: Arc<Shared>,
    follower: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    child: Mutex<Option<Pid>>,
    starts: AtomicUsize,
    is_over: AtomicBool,
    log: Arc<Log>,
}

/// A shell that moves standard input to descriptor 3, as systemd would pass it, names itself in `LISTEN_PID`, and
/// becomes the program.
const HAND_OVER: &str = "LISTEN_PID=$$ exec \"$0\" \"$@\" 3<&0 </dev/null";

/// Between an end and the next start (`RestartSec=`).
const PAUSE: Duration = Duration::from_millis(100);

impl Supervisor {
    /// Starts a program with these arguments and, besides `PATH`, this environment, on a free port of loopback.
    pub(crate) fn start<A: AsRef<OsStr>>(
        program: impl AsRef<Path>,
        arguments: impl IntoIterator<Item = A>,
        env: &[(&str, &str)],
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let address = listener.local_addr().expect("an address");
        let program = program.as_ref().to_owned();
        let arguments: Vec<OsString> = arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        let env: Vec<(String, String)> = env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let shared = Arc::<Shared>::default();
        let follower = {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || {
                while !shared.is_over.load(Ordering::Acquire) {
                    let socket: OwnedFd = listener.try_clone().expect("a copy").into();
                    let mut command = Command::new("sh");
                    command.args(["-c", HAND_OVER]).arg(&program).args(&arguments).env_clear();
                    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LISTEN_FDS", "1");
                    command.envs(env.iter().map(|(name, value)| (name, value)));
                    command.stdin(Stdio::from(socket)).stdout(Stdio::piped()).stderr(Stdio::piped());
                    let mut child = command.spawn().expect("started");
                    shared.follow(&mut child);
                    child.wait().expect("its end");
                    *shared.child.lock().expect("unpoisoned") = None;
                    if !shared.is_over.load(Ordering::Acquire) {
                        std::thread::park_timeout(PAUSE);
                    }
                }
            })
        };
        Self { address, shared, follower: Some(follower) }
    }

    /// Where the process listens, whichever it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// The process of this moment; `None` between two.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.shared.child.lock().expect("unpoisoned").map(|pid| pid.as_raw_nonzero().get().unsigned_abs())
    }

    /// Starts after the first.
    pub(crate) fn restarts(&self) -> usize {
        self.shared.starts.load(Ordering::Acquire).saturating_sub(1)
    }

    /// Kills the process, as the manager does with one that hangs; another is started.
    pub(crate) fn kill(&self) {
        self.shared.signal(Signal::KILL);
    }

    /// SIGTERM to the process, as a machine that shuts down sends it; another is started.
    pub(crate) fn terminate(&self) {
        self.shared.signal(Signal::TERM);
    }

    /// Everything that was written so far, by whichever process.
    pub(crate) fn log(&self) -> String {
        self.shared.log.text()
    }

    /// The lines of the log with this message, as JSON.
    pub(crate) fn logged(&self, wanted: &str) -> Vec<Value> {
        self.shared.log.logged(wanted)
    }

    /// Waits until so many lines of the log have this message.
    pub(crate) fn wait_for(&self, message: &str, times: usize) {
        eventually(&format!("{times} times {message:?}"), || self.logged(message).len() >= times);
    }

    /// SIGTERM to the process, and no other is started.
    pub(crate) fn stop(mut self) {
        self.end(Signal::TERM);
    }

    fn end(&mut self, signal: Signal) {
        self.shared.is_over.store(true, Ordering::Release);
        if let Some(follower) = self.follower.take() {
            eventually("its end", || {
                self.shared.signal(signal);
                follower.is_finished()
            });
            let _ = follower.join();
        }
    }
}

impl Shared {
    fn follow(&self, child: &mut Child) {
        self.log.follow(child.stdout.take().expect("a pipe"));
        self.log.follow(child.stderr.take().expect("a pipe"));
        *self.child.lock().expect("unpoisoned") = Some(Pid::from_child(child));
        self.starts.fetch_add(1, Ordering::AcqRel);
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = *self.child.lock().expect("unpoisoned") {
            // It may have ended a moment ago.
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.end(Signal::KILL);
        if std::thread::panicking() {
            eprintln!("the supervised said:\n{}", self.log());
        }
    }
}
