//! A display on a live channel.

use std::time::Instant;

use serde_json::{Value, json};

use super::PAUSES;
use crate::support::{Edge, EventStream};

/// A live channel, and what a display has put together from its events.
pub(super) struct Live {
    stream: EventStream,
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
        let stream = EventStream::live(edge, "HTTP/1.1", fields);
        Self { stream, wall: json!({"parts": {}}), id: String::new(), count: 0 }
    }

    /// The next line, the framing of chunks included.
    fn line(&mut self) -> String {
        self.stream.line().expect("the channel goes on")
    }

    /// The next event's data; what they change is taken over.
    pub(super) fn event(&mut self) -> Value {
        let give_up = Instant::now() + PAUSES;
        loop {
            // Heartbeats go on for ever.
            assert!(Instant::now() < give_up, "no event within {PAUSES:?} after {}", self.wall);
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
