use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A control socket with canned answers, in place of a running box.
pub(crate) struct Control {
    socket: PathBuf,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    answers: Mutex<HashMap<String, String>>,
    asked: AtomicUsize,
    is_over: AtomicBool,
}

impl Control {
    pub(crate) fn start(data: &Path) -> Self {
        let socket = data.join("control.sock");
        let listener = UnixListener::bind(&socket).expect("bound");
        let state = Arc::<State>::default();
        let server = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if server.is_over.load(Ordering::Acquire) {
                    break;
                }
                let mut reader = BufReader::new(stream);
                let mut head = String::new();
                while reader.read_line(&mut head).is_ok_and(|length| length > 2) {}
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let answer = server.answers.lock().expect("unpoisoned").get(&path).cloned();
                let (status, body) = answer.map_or(("404 Not Found", String::new()), |body| ("200 OK", body));
                let length = body.len();
                // The asker may be gone.
                let _ = write!(reader.get_mut(), "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
                server.asked.fetch_add(1, Ordering::AcqRel);
            }
        });
        Self { socket, state }
    }

    pub(crate) fn says(&self, path: &str, body: impl Into<String>) {
        self.state.answers.lock().expect("unpoisoned").insert(path.into(), body.into());
    }

    /// Questions answered so far.
    pub(crate) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::Acquire)
    }

    pub(crate) fn stop(self) {
        self.state.is_over.store(true, Ordering::Release);
        // Wakes the one who accepts.
        let _ = std::os::unix::net::UnixStream::connect(&self.socket);
        std::fs::remove_file(&self.socket).expect("removed");
    }
}
