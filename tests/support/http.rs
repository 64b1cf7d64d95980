use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::PATIENCE;

/// A client that sends exactly the given bytes.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The value of a field, by its name in lower case; there must not be two.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(candidate, _)| candidate == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is there twice: {:?}", self.fields);
        value
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.set_nodelay(true).expect("no delay");
        Self { stream, buffer: Vec::new() }
    }

    /// Sends bytes; a peer that has closed already is no fault of the sender's.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Sends a request with a Host of its own.
    pub(crate) fn send_request(&mut self, method: &str, path: &str, fields: &[(&str, &str)]) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: taller.local\r\n");
        for (name, value) in fields {
            for part in [name, ": ", value, "\r\n"] {
                head.push_str(part);
            }
        }
        head.push_str("\r\n");
        self.send(head.as_bytes());
    }

    pub(crate) fn request(&mut self, method: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.send_request(method, path, fields);
        self.reply(method == "HEAD").unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    /// The next answer, `None` when the connection ends instead. Interim answers are skipped.
    pub(crate) fn reply(&mut self, to_head: bool) -> Option<Reply> {
        loop {
            let (status, fields) = self.head()?;
            if status / 100 == 1 {
                continue;
            }
            let length = fields
                .iter()
                .find(|(name, _)| name == "content-length")
                .map_or(0, |(_, value)| value.parse().expect("a length"));
            let length = if to_head || status == 204 || status == 304 { 0 } else { length };
            let body = self.body(length);
            return Some(Reply { status, fields, body });
        }
    }

    /// The next so many bytes.
    pub(crate) fn body(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            assert!(self.fill(), "the body ends after {} of {length} bytes", self.buffer.len());
        }
        self.buffer.drain(..length).collect()
    }

    /// The next head alone: of an interim answer, or of one whose body is to be left on its way.
    pub(crate) fn head(&mut self) -> Option<(u16, Vec<(String, String)>)> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.fill() {
                assert!(self.buffer.is_empty(), "half a head: {:?}", String::from_utf8_lossy(&self.buffer));
                return None;
            }
        };
        let head = String::from_utf8(self.buffer.drain(..end).collect()).expect("a head of text");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status line");
        let fields = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Some((status, fields))
    }

    /// Reads more; `false` at the end of the connection, however it came.
    fn fill(&mut self) -> bool {
        let mut piece = [0; 16384];
        // A read with a time-out is not begun again by the kernel when the thread was stopped for a moment (signal(7)).
        let read = loop {
            match self.stream.read(&mut piece) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        match read {
            Ok(0) => false,
            Ok(count) => {
                self.buffer.extend_from_slice(&piece[..count]);
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("no word within {PATIENCE:?}: {error}"),
        }
    }

    /// Waits for the peer to close; what it says before is skipped.
    pub(crate) fn wait_for_close(&mut self) {
        while self.fill() {
            self.buffer.clear();
        }
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
    }
}
