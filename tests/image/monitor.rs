//! What the emulator can be asked over its monitor (QMP).

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{PATIENCE, eventually};

/// A connection to the monitor.
pub(crate) struct Monitor {
    reader: BufReader<UnixStream>,
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
        let mut monitor = Self { reader: BufReader::new(stream) };
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

    /// Has a command carried out, and gives what it returns. Events are passed over.
    pub(crate) fn execute(&mut self, command: &str, arguments: &Value) -> Value {
        let order = json!({ "execute": command, "arguments": arguments });
        let stream = self.reader.get_mut();
        writeln!(stream, "{order}").expect("the emulator listens");
        loop {
            let mut line = self.line();
            if line.get("event").is_some() {
                continue;
            }
            assert!(line.get("error").is_none(), "{order}: {line}");
            return line["return"].take();
        }
    }

    /// Writes what the screen shows as a PNG file.
    pub(crate) fn screenshot(&mut self, file: &Path) {
        self.execute("screendump", &json!({ "filename": file, "format": "png" }));
    }

    /// Presses keys together and lets them go: the emulator's names of them (`alt`, `f2`, `ret`).
    pub(crate) fn press(&mut self, keys: &[&str]) {
        let keys: Vec<Value> = keys.iter().map(|key| json!({ "type": "qcode", "data": key })).collect();
        self.execute("send-key", &json!({ "keys": keys }));
    }
}
