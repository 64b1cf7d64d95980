//! What the emulator can be asked over its monitor (QMP).

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{PATIENCE, eventually};

/// A connection to the monitor.
pub(crate) struct Monitor {
    reader: BufReader<UnixStream>,
    /// What it has told by itself.
    events: Vec<Value>,
}

impl Monitor {
    /// Waits for the socket: the emulator makes it soon after its start.
    pub(crate) fn connect(socket: &Path) -> Self {
        let mut stream = None;
        eventually("the emulator's monitor", || {
            stream = UnixStream::connect(socket).ok();
            stream.is_some()
        });
        let stream = stream.expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let mut monitor = Self { reader: BufReader::new(stream), events: Vec::new() };
        monitor.line();
        monitor.execute("qmp_capabilities", &json!({}));
        monitor
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        let count = self.reader.read_line(&mut line).expect("the emulator's word");
        assert_ne!(count, 0, "the emulator has ended");
        serde_json::from_str(&line).expect("JSON")
    }

    /// Has a command carried out, and gives what it returns. Events are kept.
    pub(crate) fn execute(&mut self, command: &str, arguments: &Value) -> Value {
        let order = json!({ "execute": command, "arguments": arguments });
        let stream = self.reader.get_mut();
        writeln!(stream, "{order}").expect("the emulator listens");
        loop {
            let mut line = self.line();
            if line.get("event").is_some() {
                self.events.push(line);
                continue;
            }
            assert!(line.get("error").is_none(), "{order}: {line}");
            return line["return"].take();
        }
    }

    /// Plugs a USB stick in, which is the bytes of a file.
    pub(crate) fn plug(&mut self, id: &str, file: &Path) {
        let disk = json!({ "driver": "raw", "node-name": id, "file": { "driver": "file", "filename": file } });
        self.execute("blockdev-add", &disk);
        self.execute("device_add", &json!({ "driver": "usb-storage", "id": id, "drive": id, "removable": true }));
    }

    /// Pulls a USB stick out that was plugged in under this name, or was there from the start.
    pub(crate) fn pull(&mut self, id: &str) {
        self.execute("device_del", &json!({ "id": id }));
        let is_gone = |event: &Value| event["event"] == "DEVICE_DELETED" && event["data"]["device"] == id;
        while !self.events.iter().any(is_gone) {
            let event = self.line();
            self.events.push(event);
        }
        self.events.clear();
        // The file is free for the next reader.
        self.execute("blockdev-del", &json!({ "node-name": id }));
    }

    /// Writes what the screen shows to a file of this format (`png`, `ppm`).
    pub(crate) fn screenshot(&mut self, file: &Path, format: &str) {
        self.execute("screendump", &json!({ "filename": file, "format": format }));
    }

    /// Presses keys together and releases them: the emulator's names of them (`alt`, `f2`, `ret`).
    pub(crate) fn press(&mut self, keys: &[&str]) {
        let keys: Vec<Value> = keys.iter().map(|key| json!({ "type": "qcode", "data": key })).collect();
        self.execute("send-key", &json!({ "keys": keys }));
    }
}
