//! The machine in a directory, or in a network of its own, and what the real binary makes of it.

mod address;
mod data;
mod erp;
mod fat;
mod filter;
mod needs;
mod networkd;
mod notices;
mod partition;
mod secrets;
mod settings;
mod twins;
mod units;

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::cli::{CliOutput, run};

/// A machine in a directory: its partitions and as much of its file system as the settings touch.
pub(super) struct Machine {
    root: TempDir,
}

impl Machine {
    pub(super) fn new() -> Self {
        let machine = Self { root: tempfile::tempdir().expect("a directory") };
        for directory in ["media/settings", "data", "etc", "proc/sys/kernel", "usr/share/zoneinfo/Europe"] {
            std::fs::create_dir_all(machine.path(directory)).expect("made");
        }
        machine.put("proc/sys/kernel/hostname", "localhost");
        machine.put("etc/group", "root:x:0:\nworkshop-edge:x:910:\n");
        machine.put("usr/share/zoneinfo/Europe/Madrid", "TZif");
        machine
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub(super) fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(path), content).expect("written");
    }

    pub(super) fn settings(self, content: impl AsRef<[u8]>) -> Self {
        self.put("media/settings/workshop-edge.txt", content);
        self
    }

    /// A file as text; empty where there is none.
    pub(super) fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// A start of the machine, as far as its settings are concerned.
    pub(super) fn start(&self) -> CliOutput {
        order(self.root.path(), &["settings"])
    }

    /// The same, which must go well whatever the settings are.
    pub(super) fn started(&self) -> &Self {
        let output = self.start();
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{output:?}");
        self
    }

    /// What there is to say on a subject: level, Spanish, English.
    pub(super) fn notice(&self, subject: &str) -> Option<(String, String, String)> {
        let output = order(self.root.path(), &["notices", "--json"]);
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{output:?}");
        let all: Value = serde_json::from_str(&output.stdout).expect("JSON");
        let notice = all.get(subject)?;
        let text = |key: &str| notice[key].as_str().expect("a text").to_owned();
        Some((text("level"), text("es"), text("en")))
    }

    /// The configuration that the appliance would have.
    pub(super) fn configuration(&self) -> Value {
        let config = self.path("run/workshop-machine/config.toml");
        let output = run(&[], &["config", "check", "--config", config.to_str().expect("text")]);
        assert_eq!(output.code, Some(0), "{output:?}\n{}", self.text("run/workshop-machine/config.toml"));
        let output = run(&[], &["config", "show", "--json", "--config", config.to_str().expect("text")]);
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{output:?}");
        let rows: Vec<Value> = serde_json::from_str(&output.stdout).expect("JSON");
        rows.iter().map(|row| (row["key"].as_str().expect("a key").to_owned(), row["value"].clone())).collect()
    }
}

/// An order to the machine below a directory.
pub(super) fn order(root: &Path, arguments: &[&str]) -> CliOutput {
    let root = root.to_str().expect("text");
    run(&[], &[&["machine", "--root", root], arguments].concat())
}
