use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::built::release;
use crate::packed;
use crate::repository::TestRepository;
use crate::support::{Nginx, Supervisor, eventually};

/// A repository, and nginx that serves it.
pub(crate) struct Bucket {
    pub(crate) repository: TestRepository,
    /// `None` once the workshop is cut off.
    server: Option<Nginx>,
    url: String,
    certificate: Vec<u8>,
}

impl Bucket {
    /// Without releases in `stable`.
    pub(crate) fn new() -> Self {
        let repository = packed::repository();
        let server = Nginx::start(&repository.directory(), 2020..2099);
        let (url, certificate) = (server.url(), server.certificate());
        Self { repository, server: Some(server), url, certificate }
    }

    /// Of a repository that a server has at an address.
    pub(crate) fn at(repository: TestRepository, server: Nginx, url: String) -> Self {
        let certificate = server.certificate();
        Self { repository, server: Some(server), url, certificate }
    }

    /// Has boxes reach it through a proxy.
    pub(crate) fn behind<T>(&mut self, stand: impl FnOnce(SocketAddr) -> (SocketAddr, T)) -> T {
        let (_, place) = self.url.split_once("https://").expect("an address");
        let (server, path) = place.split_once('/').map_or((place, ""), |(server, path)| (server, path));
        let (before, stands) = stand(server.parse().expect("an address with a port"));
        self.url = format!("https://{before}/{path}");
        stands
    }

    /// Cuts the workshop off.
    pub(crate) fn unplug(&mut self) {
        self.server = None;
    }

    /// Writes the configuration of a box that follows it, with these lines more in the section `update`.
    pub(crate) fn configure(&self, directory: &Path, update: &str) -> PathBuf {
        let at = |name: &str| directory.join(name);
        std::fs::write(at("root.json"), self.repository.root()).expect("written");
        std::fs::write(at("ca.pem"), &self.certificate).expect("written");
        let text = format!(
            "[discovery]\nenabled = false\n[update]\nurl = \"{}\"\ntrusted_root = \"{}\"\nca_file = \"{}\"\nquiet_wait_s = 0\n{update}",
            self.url,
            at("root.json").display(),
            at("ca.pem").display(),
        );
        std::fs::write(at("config.toml"), text).expect("written");
        at("config.toml")
    }

    /// Publishes releases without deltas, and wants the last.
    pub(crate) fn publish(&self, versions: &[&str]) {
        for version in versions {
            self.repository.publish_with("stable", version, &[&release(version)], &["--deltas", "0"]);
        }
    }
}

/// A box, from the factory with 1.0.0, that the service manager starts with `launch`.
pub(crate) struct Managed {
    pub(crate) supervisor: Supervisor,
    data: PathBuf,
    config: PathBuf,
    directory: TempDir,
}

impl Managed {
    /// That follows the bucket, with these lines more in the section `update` of its configuration.
    pub(crate) fn start(bucket: &Bucket, update: &str) -> Self {
        Self::start_by(&["launch"], bucket, update)
    }

    /// By another order of the program.
    pub(crate) fn start_by(order: &[&str], bucket: &Bucket, update: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let (data, config) = (directory.path().join("data"), bucket.configure(directory.path(), update));
        let options = ["--config".as_ref(), config.as_os_str(), "--data-dir".as_ref(), data.as_os_str()];
        let arguments: Vec<_> = order.iter().map(std::convert::AsRef::as_ref).chain(options).collect();
        let supervisor = Supervisor::start(release("1.0.0"), arguments, &[]);
        supervisor.wait_for("ready", 1);
        Self { supervisor, data, config, directory }
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn config(&self) -> &Path {
        &self.config
    }

    /// Ends it, and leaves its data and its configuration.
    pub(crate) fn stop(self) -> TempDir {
        self.supervisor.stop();
        self.directory
    }

    /// `workshop-edge update …` on this box, to be run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.program(&[&["update"], arguments].concat())
    }

    /// `workshop-edge …` on this box, to be run.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-edge"));
        command.args(arguments).arg("--config").arg(&self.config).arg("--data-dir").arg(&self.data);
        command.env_remove("LANG").env_remove("LC_ALL").env_remove("LC_MESSAGES");
        command
    }

    /// Runs it, in English.
    pub(crate) fn update(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("it can be started")
    }

    /// The state of the updates.
    pub(crate) fn state(&self) -> Option<Value> {
        self.json("status")
    }

    /// What there was, the newest last.
    pub(crate) fn history(&self) -> Vec<Value> {
        self.json("history").and_then(|history| history.as_array().cloned()).unwrap_or_default()
    }

    /// `None` while it changes to another version.
    fn json(&self, order: &str) -> Option<Value> {
        let output = self.update(&[order, "--json"]);
        output.status.success().then(|| serde_json::from_slice(&output.stdout).expect("JSON"))
    }

    /// Waits until the updates are at something.
    pub(crate) fn wait_for(&self, what: &str, is_there: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            eventually(what, || {
                last = self.state().unwrap_or_default();
                is_there(&last)
            });
        }));
        assert!(waited.is_ok(), "{what}: never, but {last:#}");
        last
    }

    /// Waits until a version runs that has shown that it works.
    pub(crate) fn wait_until_runs(&self, version: &str) -> Value {
        self.wait_for(version, |state| state["running"] == version && state["phase"]["phase"] == "idle")
    }
}
