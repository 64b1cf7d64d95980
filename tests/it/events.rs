//! The stream of changes of the console.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use rustix::process::Signal;

use crate::support::{Edge, PATIENCE, Setup, eventually};

/// The lines of a stream of events, without the framing of its chunks.
struct Stream(BufReader<TcpStream>);

impl Stream {
    fn open(edge: &Edge) -> Self {
        let mut stream = TcpStream::connect(edge.address()).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.write_all(b"GET /_edge/events HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("sent");
        Self(BufReader::new(stream))
    }

    /// The next line, or the end.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.0.read_line(&mut line).expect("a line or the end");
        (count > 0).then(|| line.trim_end().to_owned())
    }

    fn line_with(&mut self, words: &str) -> String {
        loop {
            let line = self.line().unwrap_or_else(|| panic!("no {words:?} before the end"));
            if line.contains(words) {
                return line;
            }
        }
    }
}

#[test]
fn a_stream_begins_at_once_lives_on_when_nothing_happens_and_ends_with_the_box() {
    let mut edge = Setup::new("[limits]\nkeep_alive_idle_s = 2\n[shutdown]\ngrace_s = 600\n").start();
    let mut stream = Stream::open(&edge);
    assert_eq!(stream.line().as_deref(), Some("HTTP/1.1 200 OK"));
    stream.line_with("text/event-stream");
    stream.line_with("data: ");
    // Longer than an idle connection may live.
    for _ in 0..4 {
        assert_eq!(stream.line_with(":"), ":");
    }
    edge.signal(Signal::TERM);
    while stream.line().is_some() {}
    assert_eq!(edge.wait().code(), Some(0));
    edge.wait_for_log("\"stopped\"");
}

#[test]
fn streams_are_few_and_their_room_is_given_back() {
    let edge = Setup::new("[limits]\nconnections_per_peer = 200\nkeep_alive_idle_s = 2\n").start();
    let mut streams = Vec::new();
    for _ in 0..64 {
        let mut stream = Stream::open(&edge);
        assert_eq!(stream.line().as_deref(), Some("HTTP/1.1 200 OK"));
        streams.push(stream);
    }
    let full = edge.get("/_edge/events", &[]);
    assert_eq!((full.status, full.field("retry-after")), (503, Some("5")));
    drop(streams);
    eventually("room", || Stream::open(&edge).line().as_deref() == Some("HTTP/1.1 200 OK"));
}
