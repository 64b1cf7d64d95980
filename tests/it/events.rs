//! The stream of changes of the console.

use rustix::process::Signal;

use crate::support::{Edge, EventStream, Setup, eventually};

fn open(edge: &Edge) -> EventStream {
    EventStream::ask(edge, "GET /_edge/events HTTP/1.1\r\n")
}

fn line_with(stream: &mut EventStream, words: &str) -> String {
    loop {
        let line = stream.line().unwrap_or_else(|| panic!("no {words:?} before the end"));
        if line.contains(words) {
            return line;
        }
    }
}

#[test]
fn a_stream_begins_at_once_lives_on_when_nothing_happens_and_ends_with_the_box() {
    let mut edge = Setup::new("[limits]\nkeep_alive_idle_s = 2\n[shutdown]\ngrace_s = 600\n").start();
    let mut stream = open(&edge);
    assert_eq!(stream.line().as_deref(), Some("HTTP/1.1 200 OK"));
    line_with(&mut stream, "text/event-stream");
    line_with(&mut stream, "data: ");
    // Longer than an idle connection may live.
    for _ in 0..4 {
        assert_eq!(line_with(&mut stream, ":"), ":");
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
        let mut stream = open(&edge);
        assert_eq!(stream.line().as_deref(), Some("HTTP/1.1 200 OK"));
        streams.push(stream);
    }
    let full = edge.get("/_edge/events", &[]);
    assert_eq!((full.status, full.field("retry-after")), (503, Some("5")));
    drop(streams);
    eventually("room", || open(&edge).line().as_deref() == Some("HTTP/1.1 200 OK"));
}
