use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;

use flate2::read::GzDecoder;

use super::{Edge, PATIENCE};

/// A stream of server-sent events, line by line.
pub(crate) struct EventStream {
    lines: Box<dyn BufRead>,
    stream: TcpStream,
}

/// The contents of chunks, as they come (RFC 9112 section 7.1).
struct Chunks {
    stream: Box<dyn BufRead>,
    left: u64,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            self.left = u64::from_str_radix(line.trim_end(), 16).expect("a length");
        }
        let count = self.stream.by_ref().take(self.left).read(buffer)?;
        self.left -= count as u64;
        if self.left == 0 {
            self.stream.read_exact(&mut [0; 2])?;
        }
        Ok(count)
    }
}

impl EventStream {
    /// Asks for one, by the request's line and fields but Host; the answer's head is what is read first.
    pub(crate) fn ask(edge: &Edge, request: &str) -> Self {
        let mut stream = TcpStream::connect(edge.address()).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.write_all(format!("{request}Host: localhost\r\n\r\n").as_bytes()).expect("sent");
        Self { lines: Box::new(BufReader::new(stream.try_clone().expect("a socket"))), stream }
    }

    /// The live channel, after its head. It is compressed exactly where the fields ask for that.
    pub(crate) fn live(edge: &Edge, version: &str, fields: &str) -> Self {
        Self::live_of(edge, "", version, fields)
    }

    /// The same with a query.
    pub(crate) fn live_of(edge: &Edge, query: &str, version: &str, fields: &str) -> Self {
        let mut asked = Self::ask(edge, &format!("GET /_edge/live{query} {version}\r\n{fields}"));
        assert_eq!(asked.line().as_deref().and_then(|line| line.split(' ').nth(1)), Some("200"));
        let head: Vec<String> = std::iter::from_fn(|| asked.line().filter(|line| !line.is_empty())).collect();
        let has = |field: &str| head.iter().any(|line| line == field);
        assert!(has("content-type: text/event-stream") && has("vary: accept-encoding"), "{head:?}");
        let is_gzip = fields.contains("gzip");
        assert_eq!(has("content-encoding: gzip"), is_gzip, "{head:?}");
        let Self { lines, stream } = asked;
        let lines: Box<dyn BufRead> = match (is_gzip, has("transfer-encoding: chunked")) {
            (true, true) => Box::new(BufReader::new(GzDecoder::new(Chunks { stream: lines, left: 0 }))),
            (true, false) => Box::new(BufReader::new(GzDecoder::new(lines))),
            (false, _) => lines,
        };
        Self { lines, stream }
    }

    /// The next line, where it is not compressed with the framing of chunks; `None` at the end, which of what is compressed has to be
    /// that of a whole file.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.lines.read_line(&mut line).expect("a line or the end");
        (count > 0).then(|| line.trim_end().to_owned())
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("sent");
    }
}
