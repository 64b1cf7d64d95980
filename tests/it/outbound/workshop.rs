//! A box that looks for updates.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::lab::Host;
use crate::support::{Edge, Nginx, Setup, SmallRepository};

/// The name of the repository's server.
pub(super) const NAME: &str = "releases.workshop.example";

/// A repository on a host, as `name`.
pub(super) fn serve(host: &Host, address: &str, name: &str, repository: &SmallRepository) -> Nginx {
    Nginx::at(&host.entry(), address, name, repository.path(), 2020..2099)
}

/// Gives a host names that only it knows.
pub(super) fn know(host: &Host, hosts: &str) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), format!("127.0.0.1 localhost\n{hosts}\n")).expect("written");
    // A bound file stays when its name goes.
    host.run("mount", &["--bind", &file.path().display().to_string(), "/etc/hosts"]);
}

/// The box, and what it trusts.
pub(super) struct Box_ {
    pub(super) edge: Edge,
    files: TempDir,
}

impl Box_ {
    /// Looks for updates at an address, with these lines in its configuration and these variables.
    pub(super) fn start(
        host: &Host,
        url: &str,
        trust: (&SmallRepository, &Nginx),
        config: &str,
        env: &[(&str, &str)],
    ) -> Self {
        let files = tempfile::tempdir().expect("a directory");
        let path = |name: &str| files.path().join(name).display().to_string();
        fs::write(path("root.json"), trust.0.root()).expect("written");
        fs::write(path("ca.pem"), trust.1.certificate()).expect("written");
        let config = format!(
            "discovery.enabled = false\noutbound.ca_file = {:?}\nupdate.url = {url:?}\nupdate.trusted_root = {:?}\n\
             update.allow_http = true\nupdate.check_interval_s = 604800\n{config}\n",
            path("ca.pem"),
            path("root.json"),
        );
        let entry = host.entry();
        let entry: Vec<&str> = entry.iter().map(String::as_str).collect();
        let setup = env.iter().fold(Setup::new(&config), |setup, (name, value)| setup.env(name, *value));
        Self { edge: setup.through(&entry).start(), files }
    }

    /// A place for the test's own files.
    pub(super) fn path(&self) -> &Path {
        self.files.path()
    }

    /// A command of its own, in Spanish.
    pub(super) fn run(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-edge"));
        command.args(arguments).arg("--data-dir").arg(self.edge.data()).env_clear().env("LANG", "es_ES.UTF-8");
        let output = command.output().expect("started");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// It reaches the repository.
    pub(super) fn reaches(&self) {
        let (is_good, said) = self.run(&["update", "check"]);
        assert!(is_good, "{said}\n{}", self.edge.log());
    }

    /// It does not, for this kind of reason, and says this to a person.
    pub(super) fn fails(&self, kind: &str, words: &str) {
        let (is_good, said) = self.run(&["update", "check"]);
        assert!(!is_good && said.contains(words), "{said}\n{}", self.edge.log());
        let (_, state) = self.run(&["update", "status", "--json"]);
        let state: Value = serde_json::from_str(&state).expect("JSON");
        assert_eq!(state["fault"]["kind"], kind, "{state}");
    }
}
