//! Those who look at a box while it changes its version: displays on new and on kept connections, a page that is notified
//! of changes, and wrk.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, park_timeout};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// What a client may wait for the connection, and for each piece of the answer: a display gives up after it.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two requests of a client.
const PAUSE: Duration = Duration::from_millis(4);

/// How a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nobody took the connection.
    Refused,
    /// The connection ended without an answer.
    Unanswered,
    /// The answer is not whole.
    CutShort,
    /// Nothing came for [`PATIENCE`].
    TimedOut,
    /// It is no answer with 200.
    Wrong,
}

/// What a client has seen since it was last asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// From the first try to the last byte, of each request.
    pub(crate) took: Vec<Duration>,
    pub(crate) failures: Vec<(Failure, String)>,
    /// Kept connections that ended under a request, before any of its answer: a client sends it again (RFC 9112
    /// section 9.3.1), so it has not failed.
    pub(crate) resets: usize,
    /// Streams that ended as streams do.
    pub(crate) ends: usize,
    /// Events.
    pub(crate) events: usize,
}

impl Seen {
    /// The longest of all but so many per mille.
    pub(crate) fn longest_but(&self, permille: usize) -> Duration {
        let mut took = self.took.clone();
        took.sort_unstable();
        let index = took.len().saturating_sub(1) * (1000 - permille) / 1000;
        took.get(index).copied().unwrap_or_default()
    }

    pub(crate) fn count(&self, failure: Failure) -> usize {
        self.failures.iter().filter(|(known, _)| *known == failure).count()
    }
}

/// A client in a thread of its own, until dropped.
pub(crate) struct LoadClient {
    seen: Arc<Mutex<Seen>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl LoadClient {
    /// A new connection for each request.
    pub(crate) fn fresh(address: SocketAddr) -> Self {
        Self::start(move |seen, is_over| {
            while !is_over.load(Ordering::Acquire) {
                let start = Instant::now();
                let outcome = connect(address).and_then(|mut stream| get(&mut stream, "/", true));
                note(seen, start, outcome.map(|_| ()));
                park_timeout(PAUSE);
            }
        })
    }

    /// One connection as long as the box keeps it.
    pub(crate) fn kept(address: SocketAddr) -> Self {
        Self::start(move |seen, is_over| {
            let mut kept: Option<TcpStream> = None;
            while !is_over.load(Ordering::Acquire) {
                let start = Instant::now();
                let was_kept = kept.is_some();
                let stream = kept.take().map_or_else(|| connect(address), Ok);
                let outcome = stream.and_then(|mut stream| Ok((get(&mut stream, "/", false)?, stream)));
                match outcome {
                    Ok((stays, stream)) => {
                        kept = stays.then_some(stream);
                        note(seen, start, Ok(()));
                    }
                    Err((Failure::Unanswered, _)) if was_kept => seen.lock().expect("unpoisoned").resets += 1,
                    Err(failure) => note(seen, start, Err(failure)),
                }
                park_timeout(PAUSE);
            }
        })
    }

    /// A page that listens for changes, and asks again when the stream ends.
    pub(crate) fn events(address: SocketAddr) -> Self {
        Self::start(move |seen, is_over| {
            while !is_over.load(Ordering::Acquire) {
                let outcome = connect(address).and_then(|stream| follow(stream, seen, is_over));
                let mut seen = seen.lock().expect("unpoisoned");
                match outcome {
                    Ok(()) => seen.ends += 1,
                    Err(failure) => seen.failures.push(failure),
                }
            }
        })
    }

    fn start(look: impl FnOnce(&Mutex<Seen>, &AtomicBool) + Send + 'static) -> Self {
        let (seen, is_over) = (Arc::<Mutex<Seen>>::default(), Arc::<AtomicBool>::default());
        let (noted, ends) = (Arc::clone(&seen), Arc::clone(&is_over));
        Self { seen, is_over, thread: Some(std::thread::spawn(move || look(&noted, &ends))) }
    }

    /// What it has seen since the last time.
    pub(crate) fn seen(&self) -> Seen {
        std::mem::take(&mut *self.seen.lock().expect("unpoisoned"))
    }

    /// Requests, or events, since the last time.
    pub(crate) fn count(&self) -> usize {
        let seen = self.seen.lock().expect("unpoisoned");
        seen.took.len() + seen.events
    }
}

impl Drop for LoadClient {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn note(seen: &Mutex<Seen>, start: Instant, outcome: Result<(), (Failure, String)>) {
    let mut seen = seen.lock().expect("unpoisoned");
    match outcome {
        Ok(()) => seen.took.push(start.elapsed()),
        Err(failure) => seen.failures.push(failure),
    }
}

fn connect(address: SocketAddr) -> Result<TcpStream, (Failure, String)> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(|error| match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => (Failure::TimedOut, format!("connecting: {error}")),
        _ => (Failure::Refused, format!("connecting: {error}")),
    })?;
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    stream.set_nodelay(true).expect("no delay");
    Ok(stream)
}

/// Asks for a page, and gives whether the connection stays.
fn get(stream: &mut TcpStream, path: &str, is_last: bool) -> Result<bool, (Failure, String)> {
    let last = if is_last { "Connection: close\r\n" } else { "" };
    // A connection that is gone shows when it is read.
    let _ = stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: taller.local\r\n{last}\r\n").as_bytes());
    let mut answer = Vec::new();
    let mut piece = [0; 16384];
    loop {
        if let Some((head, body)) = head(&answer) {
            let length: usize = field(&head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                if !head.starts_with("HTTP/1.1 200 ") {
                    return Err((Failure::Wrong, head));
                }
                return Ok(field(&head, "connection").is_none_or(|value| !value.eq_ignore_ascii_case("close")));
            }
        }
        let failure = if answer.is_empty() { Failure::Unanswered } else { Failure::CutShort };
        match stream.read(&mut piece) {
            Ok(0) => return Err((failure, format!("the end after {} bytes", answer.len()))),
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Err((Failure::TimedOut, format!("after {} bytes", answer.len())));
            }
            Err(error) => return Err((failure, format!("{error} after {} bytes", answer.len()))),
        }
    }
}

fn head(answer: &[u8]) -> Option<(String, &[u8])> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    Some((String::from_utf8_lossy(&answer[..end]).into_owned(), &answer[end..]))
}

fn field(head: &str, name: &str) -> Option<String> {
    let mut fields = head.split("\r\n").filter_map(|line| line.split_once(':'));
    fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
}

/// Reads events until the stream ends.
fn follow(mut stream: TcpStream, seen: &Mutex<Seen>, is_over: &AtomicBool) -> Result<(), (Failure, String)> {
    let _ = stream.write_all(b"GET /_edge/events HTTP/1.1\r\nHost: taller.local\r\n\r\n");
    stream.set_read_timeout(Some(Duration::from_millis(200))).expect("a time-out");
    let start = Instant::now();
    let mut last = Vec::new();
    let mut piece = [0; 4096];
    while !is_over.load(Ordering::Acquire) {
        match stream.read(&mut piece) {
            // The last chunk is the empty one (RFC 9112 section 7.1).
            Ok(0) if last.ends_with(b"0\r\n\r\n") => return Ok(()),
            Ok(0) if last.is_empty() => return Err((Failure::Unanswered, "the end of the stream".into())),
            Ok(0) => return Err((Failure::CutShort, "the end of the stream".into())),
            Ok(count) => {
                let text = String::from_utf8_lossy(&piece[..count]);
                seen.lock().expect("unpoisoned").events += text.matches("data: ").count();
                last.extend_from_slice(&piece[..count]);
                let surplus = last.len().saturating_sub(64);
                last.drain(..surplus);
            }
            // A stream may be silent once it has begun.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if last.is_empty() && start.elapsed() > PATIENCE {
                    return Err((Failure::TimedOut, "no stream".into()));
                }
            }
            Err(error) => {
                let failure = if last.is_empty() { Failure::Unanswered } else { Failure::CutShort };
                return Err((failure, error.to_string()));
            }
        }
    }
    Ok(())
}

/// wrk, on connections that it keeps and opens again.
pub(crate) struct Wrk(Child);

/// What wrk says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) requests: u64,
    /// `connect`, `read`, `write` and `timeout`.
    pub(crate) errors: [u64; 4],
    /// Answers that are neither 2xx nor 3xx.
    pub(crate) wrong: u64,
}

impl Wrk {
    pub(crate) fn start(address: SocketAddr) -> Self {
        let url = format!("http://{address}/");
        let wrk = Command::new("wrk")
            .args(["-t1", "-c8", "-d3600s", "--timeout", "30s", &url])
            .stdout(Stdio::piped())
            .spawn()
            .expect("wrk can be started (tests/run installs it)");
        Self(wrk)
    }

    /// Ends it, and gives what it says.
    pub(crate) fn stop(mut self) -> Load {
        kill_process(Pid::from_child(&self.0), Signal::INT).expect("it is there");
        let mut text = String::new();
        self.0.stdout.take().expect("a pipe").read_to_string(&mut text).expect("text");
        let _ = self.0.wait();
        let number = |line: &str, word: &str| -> u64 {
            let words: Vec<&str> = line.split([' ', ',', ':']).filter(|word| !word.is_empty()).collect();
            let at = words.iter().position(|known| *known == word);
            at.and_then(|at| words.get(at + 1)?.parse().ok()).unwrap_or(0)
        };
        let requests = text.lines().find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok());
        let errors = text.lines().find(|line| line.contains("Socket errors")).unwrap_or_default();
        let wrong = text.lines().find(|line| line.contains("Non-2xx")).unwrap_or_default();
        Load {
            requests: requests.unwrap_or_else(|| panic!("wrk said: {text}")),
            errors: ["connect", "read", "write", "timeout"].map(|word| number(errors, word)),
            wrong: number(wrong, "responses"),
        }
    }
}

impl Drop for Wrk {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
