//! A display on a live channel.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use serde_json::{Value, json};

use super::PAUSES;
use crate::support::{Edge, PATIENCE};

/// A live channel, and what a display has put together from its events.
pub(super) struct Live {
    stream: BufReader<TcpStream>,
    wall: Value,
    /// The last event's.
    id: String,
    /// Events so far.
    count: usize,
}

impl Live {
    pub(super) fn open(edge: &Edge) -> Self {
        Self::open_with(edge, "")
    }

    /// Again after the event with this id, with what was known.
    pub(super) fn reopen(self, edge: &Edge) -> Self {
        let mut again = Self::open_with(edge, &format!("Last-Event-ID: {}\r\n", self.id));
        again.wall = self.wall;
        again
    }

    fn open_with(edge: &Edge, fields: &str) -> Self {
        let mut stream = TcpStream::connect(edge.address()).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let head = format!("GET /_edge/live HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
        stream.write_all(head.as_bytes()).expect("sent");
        let mut live = Self { stream: BufReader::new(stream), wall: json!({"parts": {}}), id: String::new(), count: 0 };
        assert_eq!(live.line(), "HTTP/1.1 200 OK");
        while live.line() != "content-type: text/event-stream" {}
        live
    }

    /// The next line, the framing of chunks included.
    fn line(&mut self) -> String {
        let mut line = String::new();
        let count = self.stream.read_line(&mut line).expect("a line");
        assert!(count > 0, "the channel ended");
        line.trim_end().to_owned()
    }

    /// The next event's data; what they change is taken over.
    pub(super) fn event(&mut self) -> Value {
        loop {
            let line = self.line();
            if let Some(id) = line.strip_prefix("id: ") {
                id.clone_into(&mut self.id);
            } else if let Some(data) = line.strip_prefix("data: ") {
                let event: Value = serde_json::from_str(data).expect("JSON");
                self.count += 1;
                self.take_over(&event);
                return event;
            }
        }
    }

    /// Waits for so many signs of life.
    pub(super) fn heartbeats(&mut self, count: usize) {
        let mut seen = 0;
        while seen < count {
            let line = self.line();
            if let Some(data) = line.strip_prefix("data: ") {
                self.take_over(&serde_json::from_str(data).expect("JSON"));
            }
            seen += usize::from(line == ":");
        }
    }

    fn take_over(&mut self, event: &Value) {
        if !event["link"].is_null() {
            self.wall["link"] = event["link"].clone();
        }
        for (part, value) in event["parts"].as_object().expect("parts") {
            self.wall["parts"][part] = value.clone();
        }
    }

    /// What is shown.
    pub(super) fn wall(&self) -> &Value {
        &self.wall
    }

    /// Events so far.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Follows the channel until what is shown is so.
    pub(super) fn until(&mut self, what: &str, condition: impl Fn(&Value) -> bool) {
        let give_up = Instant::now() + PAUSES;
        while !condition(&self.wall) {
            assert!(Instant::now() < give_up, "{what}: not within {PAUSES:?}, but {}", self.wall);
            self.event();
        }
    }

    /// Follows the channel until the link is so; why, where it is away.
    pub(super) fn until_link(&mut self, state: &str) -> String {
        self.until(state, |wall| wall["link"]["state"] == state);
        self.wall["link"]["reason"].as_str().unwrap_or_default().to_owned()
    }
}
