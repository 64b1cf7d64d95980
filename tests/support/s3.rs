use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use super::{eventually, nginx::host};

const PORT: u16 = 8014;

/// An S3 store of another maker (s3s-fs) with a bucket `updates`, which takes what is signed, and shows it to all at another
/// address.
pub(crate) struct S3 {
    directory: tempfile::TempDir,
    private: (Child, SocketAddr),
    public: (Child, SocketAddr),
}

impl S3 {
    pub(crate) const KEY: &str = "AKIAWORKSHOP";
    pub(crate) const SECRET: &str = "a secret of the tests";

    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(directory.path().join("root/updates")).expect("a bucket");
        let root = directory.path().join("root");
        let private = serve(&root, &["--access-key", Self::KEY, "--secret-key", Self::SECRET]);
        let public = serve(&root, &[]);
        Self { directory, private, public }
    }

    /// Where what is signed goes.
    pub(crate) fn address(&self) -> SocketAddr {
        self.private.1
    }

    /// Where everybody reads the bucket.
    pub(crate) fn public(&self) -> String {
        format!("http://{}", self.public.1)
    }

    /// All that it holds.
    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }
}

fn serve(root: &Path, options: &[&str]) -> (Child, SocketAddr) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a parent");
    let program = target.join("tools/bin/s3s-fs");
    let host = host();
    let process = Command::new(&program)
        .args(["--host", &host, "--port", &PORT.to_string()])
        .args(options)
        .arg(root)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{} (tests/run installs it): {error}", program.display()));
    let address = format!("{host}:{PORT}").parse().expect("an address");
    eventually("the store listens", || TcpStream::connect(address).is_ok());
    (process, address)
}

impl Drop for S3 {
    fn drop(&mut self) {
        for process in [&mut self.private.0, &mut self.public.0] {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Stands before a server, and lets so many requests through; then it says so, and answers nothing any more.
pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    pub(crate) closed: mpsc::Receiver<()>,
}

impl Gate {
    pub(crate) fn after(requests: usize, server: SocketAddr) -> Self {
        let listener = TcpListener::bind((host().as_str(), 0)).expect("a socket");
        let address = listener.local_addr().expect("an address");
        let (closing, closed) = mpsc::channel();
        let left = Arc::new(AtomicUsize::new(requests));
        // They end with the test's process: a listener that nobody talks to.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (left, closing) = (Arc::clone(&left), closing.clone());
                std::thread::spawn(move || relay(client, server, &left, &closing));
            }
        });
        Self { address, closed }
    }
}

fn relay(mut client: TcpStream, server: SocketAddr, left: &AtomicUsize, closing: &mpsc::Sender<()>) {
    let Ok(mut up) = TcpStream::connect(server) else { return };
    let (Ok(mut down), Ok(mut back)) = (up.try_clone(), client.try_clone()) else { return };
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut down, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = client.read(&mut buffer) {
        let begins = ["GET /", "HEAD /", "PUT /"].iter().any(|method| buffer[..read].starts_with(method.as_bytes()));
        if begins && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
            let _ = closing.send(());
            // Held open, without an answer.
            while let Ok(1..) = client.read(&mut buffer) {}
            return;
        }
        if up.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
    let _ = up.shutdown(Shutdown::Both);
}
