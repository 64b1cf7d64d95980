use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::eventually;

/// What a sink does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    Status(u16),
    /// 404 to traces, as a receiver of metrics alone; it takes all else.
    NoTraces,
    /// It takes all but so many figures or spans, and says so as OTLP has it.
    Rejects(u8),
    /// It reads the request, and says nothing.
    Nothing,
    /// It closes the connection before it reads anything.
    Closes,
}

/// A request that a sink has got whole.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    pub(crate) path: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Posted {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// A server that takes what is posted to it, as monitoring services do.
pub(crate) struct Sink {
    address: SocketAddr,
    state: Arc<Mutex<(Answers, Vec<Posted>)>>,
    stop: Arc<AtomicBool>,
}

impl Sink {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (state, stop) =
            (Arc::new(Mutex::new((Answers::Status(202), Vec::new()))), Arc::new(AtomicBool::new(false)));
        let (shared, stopped) = (Arc::clone(&state), Arc::clone(&stop));
        thread::spawn(move || {
            for connection in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(connection), shared) = (connection, Arc::clone(&shared)) else { continue };
                thread::spawn(move || serve(&connection, &shared));
            }
        });
        Self { address, state, stop }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn set(&self, answers: Answers) {
        self.state.lock().expect("unpoisoned").0 = answers;
    }

    /// What has come since the last time that it was asked.
    pub(crate) fn take(&self) -> Vec<Posted> {
        std::mem::take(&mut self.state.lock().expect("unpoisoned").1)
    }

    /// Waits for the next one.
    pub(crate) fn next(&self, what: &str) -> Posted {
        let mut next = None;
        eventually(what, || {
            let all = &mut self.state.lock().expect("unpoisoned").1;
            next = (!all.is_empty()).then(|| all.remove(0));
            next.is_some()
        });
        next.expect("one has come")
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // The listener sees it with the next connection.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(connection: &TcpStream, state: &Mutex<(Answers, Vec<Posted>)>) {
    let mut reader = BufReader::new(connection);
    loop {
        let closes = || state.lock().expect("unpoisoned").0 == Answers::Closes;
        if closes() {
            return;
        }
        let Some(posted) = read(&mut reader) else { return };
        if closes() {
            return;
        }
        let path = posted.path.clone();
        let answers = {
            let mut state = state.lock().expect("unpoisoned");
            state.1.push(posted);
            state.0
        };
        let (status, media, body) = match answers {
            Answers::Status(status) => (status, "application/json", b"{}".to_vec()),
            Answers::NoTraces if path.ends_with("/v1/traces") => (404, "text/plain", b"404 page not found".to_vec()),
            Answers::NoTraces => (200, "application/x-protobuf", Vec::new()),
            Answers::Rejects(number) => {
                // `partial_success` with `rejected_data_points`, or `rejected_spans`, and `error_message`.
                let body = [&[0x0a, 7, 0x08, number, 0x12, 3], &b"old"[..]].concat();
                (200, "application/x-protobuf", body)
            }
            // Until the peer gives up.
            Answers::Nothing => {
                let _ = reader.read(&mut [0]);
                return;
            }
            Answers::Closes => return,
        };
        let length = body.len();
        let head = format!("HTTP/1.1 {status} Said\r\nContent-Type: {media}\r\nContent-Length: {length}\r\n\r\n");
        if (&mut &*connection).write_all(&[head.as_bytes(), &body].concat()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Posted> {
    let mut line = || {
        let mut line = String::new();
        (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
    };
    let path = line()?.strip_prefix("POST ")?.split(' ').next()?.to_owned();
    let mut fields = Vec::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(':') else { break };
        fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = fields.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Posted { path, fields, body })
}
