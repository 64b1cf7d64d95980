//! The command line's end of the control socket: one request, one answer, one connection.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use thiserror::Error;

use super::ControlCommand;
use super::deadlines::MAX_SILENCE;

/// Bytes of an answer's body, by default.
const MAX_BODY: usize = 1024 * 1024;
/// Bytes of an answer's head.
const MAX_HEAD: usize = 16 * 1024;
/// Field lines of an answer's head.
const MAX_FIELDS: usize = 32;

/// Why the box did not answer.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    /// Nobody listens at the socket.
    #[error("the service is not running: nobody answers at {}", socket.display())]
    NotRunning {
        socket: PathBuf,
        /// How that showed.
        source: io::Error,
    },
    /// The socket is not for this user.
    #[error("{} may only be used by root and by the service's own user", socket.display())]
    Forbidden { socket: PathBuf },
    /// It has not answered in time.
    #[error("no answer at {} within {} s", socket.display(), deadline.as_secs())]
    Silent {
        socket: PathBuf,
        /// How long that is.
        deadline: Duration,
    },
    /// The connection broke.
    #[error("cannot talk to the service at {}", socket.display())]
    Broken { socket: PathBuf, source: io::Error },
    /// What answers speaks otherwise.
    #[error("{} gives an answer that is not understood: {reason}", socket.display())]
    Malformed {
        socket: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// What the box said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The status code of HTTP.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// Sends commands to a running box, and waits for each as long as `deadlines` says.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    socket: PathBuf,
    max_body: usize,
}

/// How long is waited for an answer, or for the next line of one.
#[derive(Debug, Clone, Copy)]
struct Patience {
    end: Instant,
    whole: Duration,
}

impl Patience {
    fn of(whole: Duration) -> Self {
        Self { end: Instant::now() + whole, whole }
    }
}

impl Client {
    /// Asks the box that keeps its data in `data_dir`.
    #[must_use]
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self { socket: data_dir.join(super::SOCKET), max_body: MAX_BODY }
    }

    /// Takes an answer of so many bytes.
    #[must_use]
    pub(crate) fn max_body(self, max_body: usize) -> Self {
        Self { max_body, ..self }
    }

    /// Where it asks.
    #[must_use]
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Sends a command and waits for its answer.
    pub(crate) fn send(&self, command: ControlCommand, body: &[u8]) -> Result<Reply, ClientError> {
        self.send_within(Patience::of(command.client_patience()), command, body)
    }

    /// Sends a command that may take long: `progress` is called with the state of the box, as JSON, and the answer is
    /// awaited as long as the box says that it is at work. One that says nothing, as those of older versions do, has
    /// the time of one line.
    pub(crate) fn send_with_progress(
        &self,
        command: ControlCommand,
        body: &[u8],
        mut progress: impl FnMut(&[u8]),
    ) -> Result<Reply, ClientError> {
        let mut patience = Patience::of(MAX_SILENCE);
        // Of the older version of HTTP, which has no chunks.
        let fields = format!("{} {} HTTP/1.0\r\naccept: {}\r\n", command.method(), command.path(), super::LINES);
        let mut stream = self.write_request(&fields, body, patience)?;
        let (head, mut bytes) = self.answer(&mut stream, patience)?;
        if !head.is_lines {
            return self.body(&mut stream, patience, &head, bytes);
        }
        bytes.drain(..head.bytes);
        loop {
            while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = bytes.drain(..=end).collect();
                let Ok(line) = serde_json::from_slice::<serde_json::Value>(&line) else { continue };
                if let (Some(status), Some(answer)) = (line.get("status"), line.get("answer")) {
                    let status = status.as_u64().and_then(|status| u16::try_from(status).ok());
                    let status = status.ok_or_else(|| self.malformed("its status is no number"))?;
                    return Ok(Reply { status, body: answer.to_string().into_bytes() });
                }
                if let Some(now) = line.get("progress") {
                    progress(now.to_string().as_bytes());
                }
            }
            if bytes.len() > self.max_body {
                return Err(self.malformed("it is too long"));
            }
            patience = Patience::of(MAX_SILENCE);
            if self.read(&mut stream, patience, &mut bytes)? == 0 {
                return Err(self.malformed("it ends too early"));
            }
        }
    }

    fn send_within(&self, patience: Patience, command: ControlCommand, body: &[u8]) -> Result<Reply, ClientError> {
        // Any host: the socket has no name (RFC 9112 section 3.2 still wants one).
        let (method, path) = (command.method(), command.path());
        let fields = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        let mut stream = self.write_request(&fields, body, patience)?;
        let (head, bytes) = self.answer(&mut stream, patience)?;
        self.body(&mut stream, patience, &head, bytes)
    }

    fn write_request(&self, fields: &str, body: &[u8], patience: Patience) -> Result<UnixStream, ClientError> {
        let mut stream = UnixStream::connect(&self.socket).map_err(|source| self.unreachable(source))?;
        let mut request = format!("{fields}content-length: {}\r\n\r\n", body.len()).into_bytes();
        request.extend_from_slice(body);
        self.wait(&stream, patience)?;
        stream.write_all(&request).map_err(|source| self.broken(source, patience))?;
        Ok(stream)
    }

    /// The head of the answer, and all that has come so far.
    fn answer(&self, stream: &mut UnixStream, patience: Patience) -> Result<(Head, Vec<u8>), ClientError> {
        let mut bytes = Vec::new();
        loop {
            if let Some(head) = self.head(&bytes)? {
                return Ok((head, bytes));
            }
            if bytes.len() > MAX_HEAD {
                return Err(self.malformed("its head is too long"));
            }
            if self.read(stream, patience, &mut bytes)? == 0 {
                return Err(self.malformed("it ends too early"));
            }
        }
    }

    fn body(
        &self,
        stream: &mut UnixStream,
        patience: Patience,
        head: &Head,
        mut bytes: Vec<u8>,
    ) -> Result<Reply, ClientError> {
        let end = head.bytes.saturating_add(head.length.unwrap_or(self.max_body));
        if head.length.is_some_and(|length| length > self.max_body) {
            return Err(self.malformed("it is too long"));
        }
        while bytes.len() < end {
            if self.read(stream, patience, &mut bytes)? == 0 {
                break;
            }
        }
        match head.length {
            Some(_) if bytes.len() < end => return Err(self.malformed("it ends too early")),
            // Without a length the end of the connection is the end of the answer.
            None if bytes.len() > end => return Err(self.malformed("it is too long")),
            _ => bytes.truncate(end),
        }
        Ok(Reply { status: head.status, body: bytes.split_off(head.bytes) })
    }

    /// The head of an answer, once it is whole.
    fn head(&self, bytes: &[u8]) -> Result<Option<Head>, ClientError> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut answer = httparse::Response::new(&mut fields);
        match answer.parse(bytes) {
            Ok(httparse::Status::Partial) => Ok(None),
            Ok(httparse::Status::Complete(length)) => {
                let field = |name: &str| answer.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
                if field("transfer-encoding").is_some() {
                    return Err(self.malformed("it has a transfer coding"));
                }
                let content_length = field("content-length")
                    .map(|field| str::from_utf8(field.value).ok().and_then(|text| text.parse().ok()))
                    .map(|length| length.ok_or_else(|| self.malformed("its length is no number")))
                    .transpose()?;
                let status = answer.code.unwrap_or_default();
                let is_lines = field("content-type").is_some_and(|field| field.value == super::LINES.as_bytes());
                Ok(Some(Head { status, bytes: length, length: content_length, is_lines }))
            }
            Err(_) => Err(self.malformed("it is no HTTP")),
        }
    }

    fn read(&self, stream: &mut UnixStream, patience: Patience, bytes: &mut Vec<u8>) -> Result<usize, ClientError> {
        self.wait(stream, patience)?;
        let mut piece = [0; 16 * 1024];
        loop {
            match stream.read(&mut piece) {
                Ok(count) => {
                    bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(error, patience)),
            }
        }
    }

    /// Gives the next operation the rest of the time.
    fn wait(&self, stream: &UnixStream, patience: Patience) -> Result<(), ClientError> {
        let left = patience.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(self.silent(patience));
        }
        let set = stream.set_read_timeout(Some(left)).and_then(|()| stream.set_write_timeout(Some(left)));
        set.map_err(|source| self.broken(source, patience))
    }

    fn unreachable(&self, source: io::Error) -> ClientError {
        let socket = self.socket.clone();
        match source.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => ClientError::NotRunning { socket, source },
            ErrorKind::PermissionDenied => ClientError::Forbidden { socket },
            _ => ClientError::Broken { socket, source },
        }
    }

    fn broken(&self, source: io::Error, patience: Patience) -> ClientError {
        match source.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => self.silent(patience),
            _ => ClientError::Broken { socket: self.socket.clone(), source },
        }
    }

    fn silent(&self, patience: Patience) -> ClientError {
        ClientError::Silent { socket: self.socket.clone(), deadline: patience.whole }
    }

    fn malformed(&self, reason: &'static str) -> ClientError {
        ClientError::Malformed { socket: self.socket.clone(), reason }
    }
}

/// What is of use of an answer's head.
struct Head {
    status: u16,
    /// Where the body starts.
    bytes: usize,
    /// Content-Length.
    length: Option<usize>,
    /// Whether the body is an answer with progress.
    is_lines: bool,
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread::JoinHandle;

    use super::*;

    /// A server that answers one request with these bytes, and gives the request.
    fn answering(answer: &'static [u8]) -> (tempfile::TempDir, JoinHandle<String>) {
        let directory = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(directory.path().join(super::super::SOCKET)).expect("bound");
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).expect("a request");
            stream.write_all(answer).expect("answered");
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        (directory, server)
    }

    fn get(answer: &'static [u8]) -> Result<Reply, ClientError> {
        let (directory, server) = answering(answer);
        let reply = Client::new(directory.path()).max_body(8).send(ControlCommand::Status, &[]);
        server.join().expect("served");
        reply
    }

    #[test]
    fn a_request_and_its_answer() {
        let (directory, server) = answering(b"HTTP/1.1 503 No\r\nContent-Length: 5\r\n\r\nhelloand more");
        let reply = Client::new(directory.path()).send(ControlCommand::Restart, b"now").expect("an answer");
        assert_eq!(reply, Reply { status: 503, body: b"hello".to_vec() });
        let request = server.join().expect("served");
        assert!(request.starts_with("POST /restart HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"), "{request}");
        assert!(request.contains("content-length: 3\r\n"));
        assert_eq!(get(b"HTTP/1.1 200 OK\r\n\r\nuntil").expect("an answer").body, b"until");
        assert_eq!(get(b"HTTP/1.1 200 OK\r\n\r\n12345678").expect("an answer").body.len(), 8);
    }

    #[test]
    fn answers_that_cannot_be_right_are_refused() {
        for (answer, reason) in [
            (&b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789"[..], "too long"),
            (b"HTTP/1.1 200 OK\r\n\r\n123456789", "too long"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n123", "too early"),
            (b"HTTP/1.1 200 OK\r\nContent", "too early"),
            (b"", "too early"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "no number"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "transfer coding"),
            (b"SSH-2.0-OpenSSH\r\n", "no HTTP"),
        ] {
            let error = get(answer).expect_err("refused").to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn progress_is_received_until_the_answer_comes() {
        let slow = |answer: &'static [u8]| {
            let (directory, server) = answering(answer);
            let mut heard = Vec::new();
            let progress = |now: &[u8]| heard.push(String::from_utf8(now.to_vec()).expect("text"));
            let reply =
                Client::new(directory.path()).max_body(64).send_with_progress(ControlCommand::Update, b"{}", progress);
            let request = server.join().expect("served");
            assert!(request.starts_with("POST /update HTTP/1.0\r\naccept: application/x-ndjson\r\n"), "{request}");
            (heard, reply)
        };
        let (heard, reply) = slow(
            b"HTTP/1.0 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n\n{\"progress\":1}\n\n{\"progress\":{\"a\":2}}\n{\"of\":\"tomorrow\"}\n{\"status\":503,\"answer\":{\"error\":\"no\"}}\n",
        );
        assert_eq!(heard, ["1", "{\"a\":2}"]);
        assert_eq!(reply.expect("an answer"), Reply { status: 503, body: b"{\"error\":\"no\"}".to_vec() });
        // The box has died, or another is served by one that knows no lines.
        let (_, cut) = slow(b"HTTP/1.0 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n\n");
        assert!(cut.expect_err("refused").to_string().contains("ends too early"));
        let (heard, reply) = slow(b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        assert_eq!((heard.len(), reply.expect("an answer").body), (0, b"{}".to_vec()));
    }

    #[test]
    fn who_is_not_there_or_says_nothing_is_distinguished() {
        let directory = tempfile::tempdir().expect("a directory");
        let client = Client::new(directory.path());
        let ask = || client.send_within(Patience::of(Duration::from_millis(50)), ControlCommand::Status, &[]);
        assert!(matches!(ask(), Err(ClientError::NotRunning { .. })));
        let listener = UnixListener::bind(client.socket()).expect("bound");
        assert!(matches!(ask(), Err(ClientError::Silent { .. })));
        drop(listener);
        assert!(matches!(ask(), Err(ClientError::NotRunning { .. })), "a socket that was left behind");
    }
}
