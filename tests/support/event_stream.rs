use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use super::{Edge, PATIENCE};

/// A stream of server-sent events, line by line.
pub(crate) struct EventStream(BufReader<TcpStream>);

impl EventStream {
    /// Asks for one, by the request's line and fields but Host; the answer's head is what is read first.
    pub(crate) fn ask(edge: &Edge, request: &str) -> Self {
        let mut stream = TcpStream::connect(edge.address()).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.write_all(format!("{request}Host: localhost\r\n\r\n").as_bytes()).expect("sent");
        Self(BufReader::new(stream))
    }

    /// The live channel, after its head.
    pub(crate) fn live(edge: &Edge, version: &str, fields: &str) -> Self {
        let mut stream = Self::ask(edge, &format!("GET /_edge/live {version}\r\n{fields}"));
        assert_eq!(stream.line().as_deref().and_then(|line| line.split(' ').nth(1)), Some("200"));
        let head: Vec<String> = std::iter::from_fn(|| stream.line().filter(|line| !line.is_empty())).collect();
        assert!(head.iter().any(|line| line == "content-type: text/event-stream"), "{head:?}");
        stream
    }

    /// The next line, the framing of chunks included; `None` at the end.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.0.read_line(&mut line).expect("a line or the end");
        (count > 0).then(|| line.trim_end().to_owned())
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).expect("sent");
    }
}
