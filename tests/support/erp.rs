use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{Client, Reply};

/// The user that a wall should have.
pub(crate) const USER: &str = "pantalla@example.com";
/// Of all users.
pub(crate) const PASSWORD: &str = "clave-de-prueba";

/// The paths that the box answers below `/api`, in the order of the ERP's documents.
pub(crate) const API: [&str; 12] = [
    "/analytics/dashboard",
    "/analytics/oee",
    "/analytics/throughput?period=daily",
    "/analytics/throughput?period=weekly",
    "/analytics/throughput?period=monthly",
    "/analytics/machine-utilization",
    "/machines",
    "/machines/stats",
    "/alerts",
    "/alerts/summary",
    "/production/orders/stats",
    "/quality/stats",
];

/// `tests/support/erp/server.mjs`; its README describes what `set` takes.
pub(crate) struct Erp {
    /// It ends with its standard input, so that it does not outlive a test that was killed.
    process: Child,
    url: String,
    control: SocketAddr,
    ca: Option<PathBuf>,
}

impl Erp {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With options of the server's.
    pub(crate) fn with(options: &[&str]) -> Self {
        let mut process = Command::new("node")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/erp/server.mjs"))
            .arg("--with-parent")
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node can be started (tests/run installs it)");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let listens: Value = serde_json::from_str(&line).expect("JSON: it listens");
        let text = |key: &str| listens[key].as_str().map(str::to_owned);
        let control = text("control").expect("an address");
        Self {
            process,
            url: text("url").expect("an address"),
            control: control.strip_prefix("http://").and_then(|host| host.parse().ok()).expect("an address"),
            ca: text("ca").map(PathBuf::from),
        }
    }

    /// Its address, with the prefix if it has one.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        let host = self.url.split('/').nth(2).expect("a host");
        host.parse().expect("an address")
    }

    /// The authority to trust, of a server with `--tls`.
    pub(crate) fn ca(&self) -> &Path {
        self.ca.as_deref().expect("a server with --tls")
    }

    /// Changes what it answers.
    pub(crate) fn set(&self, change: &Value) {
        let reply = self.order("PUT", "/_control", &change.to_string());
        assert_eq!(reply.status, 200, "{change}: {}", reply.text());
    }

    /// Answers with a fault from now on: `json!("down")`, `json!({"name": "status", "status": 502})`.
    pub(crate) fn fail(&self, fault: impl Into<Value>) {
        let fault = fault.into();
        self.set(&json!({ "fault": fault }));
    }

    /// Answers without a fault from now on.
    pub(crate) fn recover(&self) {
        self.fail(json!("none"));
    }

    /// The requests since the start or `forget`.
    pub(crate) fn requests(&self) -> Vec<Value> {
        let reply = self.order("GET", "/_control/log", "");
        let mut log: Value = serde_json::from_slice(&reply.body).expect("JSON");
        serde_json::from_value(log["requests"].take()).expect("a list")
    }

    /// The number of requests for this path, queries included.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.requests().iter().filter(|request| request["path"] == path).count()
    }

    /// Empties the log of requests.
    pub(crate) fn forget(&self) {
        assert_eq!(self.order("DELETE", "/_control/log", "").status, 200);
    }

    fn order(&self, method: &str, path: &str, body: &str) -> Reply {
        send(self.control, method, path, &[], body)
    }

    /// One request to the ERP itself, by HTTP.
    pub(crate) fn send(&self, method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Reply {
        send(self.address(), method, path, fields, body)
    }

    /// A token of this user's.
    pub(crate) fn token(&self, user: &str) -> String {
        let reply = self.send("POST", "/auth/login", &[], &json!({"email": user, "password": PASSWORD}).to_string());
        let answer: Value = serde_json::from_slice(&reply.body).expect("JSON");
        answer["accessToken"].as_str().unwrap_or_else(|| panic!("{user}: {answer}")).to_owned()
    }
}

/// One request on a connection of its own.
fn send(address: SocketAddr, method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Reply {
    let mut client = Client::connect(address);
    let length = body.len().to_string();
    let fields: Vec<_> = fields.iter().copied().chain([("Content-Length", length.as_str())]).collect();
    client.send_request(method, path, &fields);
    client.send(body.as_bytes());
    client.reply(method == "HEAD").unwrap_or_else(|| panic!("no answer to {method} {path}"))
}

impl Drop for Erp {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
