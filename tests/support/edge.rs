use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::{Client, PATIENCE, Reply, eventually};

/// How a box is started.
pub(crate) struct Setup {
    config: String,
    arguments: Vec<OsString>,
    env: Vec<(String, OsString)>,
    data: Option<PathBuf>,
    wrapper: Vec<OsString>,
    listens: bool,
}

impl Setup {
    /// With this configuration file, on a free port of loopback.
    pub(crate) fn new(config: &str) -> Self {
        Self {
            config: config.into(),
            arguments: Vec::new(),
            env: Vec::new(),
            data: None,
            wrapper: Vec::new(),
            listens: true,
        }
    }

    pub(crate) fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn site(self, directory: &Path) -> Self {
        self.argument("--site").argument(directory)
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Keeps its data there, so that a later box finds it.
    pub(crate) fn data(mut self, directory: &Path) -> Self {
        self.data = Some(directory.into());
        self
    }

    /// Starts it through another program, such as `prlimit`.
    pub(crate) fn through(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(OsString::from).collect();
        self
    }

    /// Leaves the addresses to the configuration or the environment.
    pub(crate) fn without_listen(mut self) -> Self {
        self.listens = false;
        self
    }

    /// Starts the box with a standard input, and waits until it is ready.
    pub(crate) fn start_with(self, stdin: Stdio) -> Edge {
        let edge = self.spawn(stdin);
        edge.wait_for("it is ready", |lines| lines.iter().any(|line| message(line) == "ready"));
        edge
    }

    /// Starts the box, and waits until it is ready.
    pub(crate) fn start(self) -> Edge {
        self.start_with(Stdio::null())
    }

    /// Starts the box, which may refuse.
    pub(crate) fn spawn(self, stdin: Stdio) -> Edge {
        let temporary = tempfile::tempdir().expect("a directory");
        let config = temporary.path().join("config.toml");
        std::fs::write(&config, &self.config).expect("a configuration");
        let data = self.data.unwrap_or_else(|| temporary.path().join("data"));

        let mut words = self.wrapper;
        words.push(env!("CARGO_BIN_EXE_workshop-edge").into());
        words.extend(["serve".into(), "--config".into(), config.into(), "--data-dir".into(), data.clone().into()]);
        if self.listens {
            words.extend(["--listen".into(), "127.0.0.1:0".into()]);
        }
        words.extend(self.arguments);
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.env)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the box can be started");
        let log = Arc::new(Log::default());
        log.follow(child.stdout.take().expect("a pipe"));
        log.follow(child.stderr.take().expect("a pipe"));
        Edge { child, log, data, _temporary: temporary }
    }
}

/// A box whose clock is so (faketime(1)), and whose monotonic clock is as it is.
#[allow(dead_code, reason = "not every test has a clock of its own")]
pub(crate) fn with_clock(setup: Setup, clock: &str) -> Setup {
    let library = ["x86_64", "aarch64"]
        .map(|machine| format!("/usr/lib/{machine}-linux-gnu/faketime/libfaketime.so.1"))
        .into_iter()
        .find(|path| Path::new(path).exists())
        .expect("libfaketime (tests/run installs it)");
    setup
        .env("LD_PRELOAD", library)
        .env("FAKETIME", clock)
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("DONT_FAKE_MONOTONIC", "1")
}

/// A running box; killed when dropped.
pub(crate) struct Edge {
    child: Child,
    log: Arc<Log>,
    data: PathBuf,
    _temporary: TempDir,
}

#[derive(Default)]
pub(super) struct Log {
    lines: Mutex<(Vec<String>, usize)>,
    grown: Condvar,
}

impl Log {
    pub(super) fn follow(self: &Arc<Self>, stream: impl std::io::Read + Send + 'static) {
        let log = Arc::clone(self);
        log.lines.lock().expect("unpoisoned").1 += 1;
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                log.lines.lock().expect("unpoisoned").0.push(line);
                log.grown.notify_all();
            }
            log.lines.lock().expect("unpoisoned").1 -= 1;
            log.grown.notify_all();
        });
    }

    /// Whether whoever wrote it has ended, so that nothing more comes.
    fn is_whole(&self) -> bool {
        self.lines.lock().expect("unpoisoned").1 == 0
    }

    /// Everything that was written so far.
    pub(super) fn text(&self) -> String {
        self.lines.lock().expect("unpoisoned").0.join("\n")
    }

    /// The lines with this message, as JSON.
    pub(super) fn logged(&self, wanted: &str) -> Vec<Value> {
        self.text()
            .lines()
            .filter(|line| message(line) == wanted)
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}

/// The message of a line of the log, or the line where it is none.
fn message(line: &str) -> String {
    let value: Value = serde_json::from_str(line).unwrap_or_default();
    value["fields"]["message"].as_str().map_or_else(|| line.to_owned(), str::to_owned)
}

impl Edge {
    /// With the defaults, on a free port of loopback.
    pub(crate) fn start() -> Self {
        Setup::new("").start()
    }

    /// Waits until the lines that it has written satisfy `condition`, or it has nothing more to
    /// say.
    fn wait_for(&self, what: &str, condition: impl Fn(&[String]) -> bool) {
        let give_up = Instant::now() + PATIENCE;
        let mut lines = self.log.lines.lock().expect("unpoisoned");
        while !condition(&lines.0) {
            let left = give_up.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && lines.1 > 0, "{what}: never, but it said:\n{}", lines.0.join("\n"));
            lines = self.log.grown.wait_timeout(lines, left).expect("unpoisoned").0;
        }
    }

    /// Waits for a line of the log that holds these words.
    pub(crate) fn wait_for_log(&self, words: &str) {
        self.wait_for(&format!("a line with {words:?}"), |lines| lines.iter().any(|line| line.contains(words)));
    }

    /// Everything that it has written.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// The lines of the log with this message, as JSON.
    pub(crate) fn logged(&self, wanted: &str) -> Vec<Value> {
        self.log.logged(wanted)
    }

    /// Where it listens for a scheme.
    pub(crate) fn address_of(&self, scheme: &str) -> SocketAddr {
        let lines = self.logged("listening");
        let line = lines.iter().find(|line| line["fields"]["scheme"] == scheme).expect("a listener of that scheme");
        line["fields"]["address"].as_str().and_then(|text| text.parse().ok()).expect("an address")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address_of("http")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address())
    }

    /// One GET on a connection of its own.
    pub(crate) fn get(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.connect().request("GET", path, fields)
    }

    pub(crate) fn health(&self) -> Value {
        serde_json::from_slice(&self.get("/health", &[]).body).expect("JSON")
    }

    /// The value of a metric's line, 0 when it is not there yet.
    pub(crate) fn metric(&self, line: &str) -> f64 {
        let text = String::from_utf8(self.get("/metrics", &[]).body).expect("text");
        text.lines().find_map(|candidate| candidate.strip_prefix(line)?.strip_prefix(' ')?.parse().ok()).unwrap_or(0.0)
    }

    /// Waits until a metric's line has at least this value.
    pub(crate) fn wait_for_metric(&self, line: &str, least: f64) {
        eventually(&format!("{line} reaches {least}"), || self.metric(line) >= least);
    }

    /// Waits until a metric's line is there, with this value.
    #[allow(dead_code, reason = "not every test looks at what comes and goes")]
    pub(crate) fn wait_for_metric_of(&self, line: &str, value: f64) {
        let wanted = |text: &str| {
            text.lines().any(|one| {
                let found = one.strip_prefix(line).and_then(|one| one.strip_prefix(' ')?.parse::<f64>().ok());
                found.is_some_and(|found| (found - value).abs() < 1e-9)
            })
        };
        eventually(&format!("{line} {value}"), || wanted(self.get("/metrics", &[]).text()));
    }

    /// Waits until the compressed representations are there.
    pub(crate) fn wait_for_representations(&self) {
        eventually("representations", || {
            self.get("/", &[("accept-encoding", "br")]).field("content-encoding") == Some("br")
        });
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is there");
    }

    /// Waits for its end, and for the last line that it wrote.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let give_up = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child")
                && self.log.is_whole()
            {
                return status;
            }
            assert!(Instant::now() < give_up, "it does not end:\n{}", self.log());
            std::thread::park_timeout(std::time::Duration::from_millis(10));
        }
    }

    /// SIGTERM, and its end, which must be a good one.
    pub(crate) fn stop(mut self) {
        self.signal(Signal::TERM);
        let status = self.wait();
        assert_eq!((status.code(), status.signal()), (Some(0), None), "{}", self.log());
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        // Already gone is just as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the box said:\n{}", self.log());
        } else {
            // A panic anywhere in the box fails whichever test drove it there.
            assert!(!self.log().contains("panicked at"), "the box panicked:\n{}", self.log());
        }
    }
}
