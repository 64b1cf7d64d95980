//! python-tuf, the reference implementation, as a client of a repository.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::repository::TestRepository;

/// A Python that has python-tuf, which `tests/run` installs there.
fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a parent");
    let python = target.join("python-tuf/bin/python");
    assert!(python.exists(), "{} is not there: tests/run installs it", python.display());
    python
}

/// A client that remembers what it trusts, and the web server that it asks.
pub(super) struct Client {
    server: Child,
    url: String,
    state: TempDir,
    root: PathBuf,
}

impl Client {
    /// Of this repository, trusting its first root.
    pub(super) fn of(repository: &TestRepository) -> Self {
        let script = "import http.server, functools, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
print(server.server_address[1], flush=True)
server.serve_forever()";
        let mut server = Command::new(python())
            .args(["-c", script])
            .arg(repository.directory())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python can be started");
        let mut port = String::new();
        BufReader::new(server.stdout.take().expect("a pipe")).read_line(&mut port).expect("a port");
        let state = tempfile::tempdir().expect("a directory");
        let root = repository.directory().join("metadata/1.root.json");
        Self { server, url: format!("http://127.0.0.1:{}", port.trim()), state, root }
    }

    /// Where the repository is served.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    fn run(&self, targets: &[&str]) -> Output {
        Command::new(python())
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/update/publisher/client.py"))
            .arg(&self.url)
            .args([&self.root, self.state.path()])
            .args(targets)
            .output()
            .expect("python can be started")
    }

    /// Refreshes, and fetches these targets.
    pub(super) fn fetch(&self, targets: &[&str]) -> Value {
        let output = self.run(targets);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Refreshes, and fetches the manifests of both channels.
    pub(super) fn refresh(&self) -> Value {
        let answer = self.fetch(&["stable.manifest.json", "staging.manifest.json"]);
        assert!(answer["files"].as_object().expect("files").values().all(Value::is_string), "{answer}");
        answer
    }

    /// Why it accepts nothing.
    pub(super) fn rejected(&self) -> String {
        let output = self.run(&["stable.manifest.json", "staging.manifest.json"]);
        assert!(!output.status.success(), "accepted");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Already gone is just as well.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
