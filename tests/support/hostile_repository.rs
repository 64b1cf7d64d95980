use std::io::{BufRead as _, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// The head of a request.
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// A web server that answers whatever the test wants, byte by byte.
pub(crate) struct HostileRepository {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
}

impl HostileRepository {
    /// `answer` writes to the connection, and says whether it stays open.
    pub(crate) fn start(answer: impl Fn(&Request, &mut TcpStream) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (asked, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (answer, log, stopped) = (Arc::new(answer), Arc::clone(&asked), Arc::clone(&stop));
        thread::spawn(move || {
            for connection in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                if let Ok(mut connection) = connection {
                    thread::spawn(move || {
                        while let Some(request) = read(&connection) {
                            log.lock().expect("a log").push(request.path.clone());
                            if !answer(&request, &mut connection) {
                                return;
                            }
                        }
                    });
                }
            }
        });
        Self { address, asked, stop }
    }

    /// One that gives the same answer to everything, and closes the connection then.
    pub(crate) fn says(answer: &str) -> Self {
        let answer = answer.to_owned();
        Self::start(move |_, connection| {
            let _ = connection.write_all(answer.as_bytes());
            false
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The paths that it was asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("a log").clone()
    }
}

impl Drop for HostileRepository {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // The listener sees it with the next connection.
        let _ = TcpStream::connect(self.address);
    }
}

fn read(connection: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(connection).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut fields = Vec::new();
    loop {
        let line = lines.next()?.ok()?;
        let Some((name, value)) = line.split_once(':') else {
            return Some(Request { path, fields });
        };
        fields.push((name.to_owned(), value.trim().to_owned()));
    }
}
