//! The real box on a host of the lab.

use std::path::Path;

use serde_json::Value;

use crate::support::lab::Host;
use crate::support::{Edge, Setup, eventually};

/// A running box.
pub(super) struct Found<'a> {
    host: &'a Host,
    pub(super) edge: Edge,
}

impl<'a> Found<'a> {
    /// On port 80 of all addresses.
    pub(super) fn start(host: &'a Host) -> Self {
        Self::configured(host, "", None)
    }

    /// With a configuration, and data that outlives it.
    pub(super) fn configured(host: &'a Host, config: &str, data: Option<&Path>) -> Self {
        let entry = host.entry();
        let entry: Vec<&str> = entry.iter().map(String::as_str).collect();
        let mut setup = Setup::new(config).without_listen().through(&entry);
        if !config.contains("[listen]") {
            setup = setup.argument("--listen").argument("[::]:80");
        }
        if let Some(data) = data {
            setup = setup.data(data);
        }
        Self { host, edge: setup.start() }
    }

    pub(super) fn get(&self, path: &str) -> String {
        self.host.run("curl", &["--silent", "--show-error", "--fail", &format!("http://127.0.0.1{path}")])
    }

    /// What health says of discovery: its status, and why.
    pub(super) fn health(&self) -> (String, String) {
        self.check("discovery")
    }

    /// What health says of a part.
    pub(super) fn check(&self, part: &str) -> (String, String) {
        let report: Value = serde_json::from_str(&self.get("/health")).expect("JSON");
        let check = &report["checks"][part];
        let text = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
        (text("status"), text("reason"))
    }

    /// The name that it shows, once the network has confirmed it.
    pub(super) fn name(&self) -> Option<String> {
        let metrics = self.get("/metrics");
        let names: Vec<&str> = metrics
            .lines()
            .filter_map(|line| line.strip_prefix("workshop_edge_discovery_info{name=\"")?.split('"').next())
            .collect();
        assert!(names.len() < 2, "{names:?}");
        let is_confirmed = metrics.lines().any(|line| line == "workshop_edge_discovery_resolvable 1");
        names.first().filter(|_| is_confirmed).map(|name| (*name).to_owned())
    }

    /// The interface that it has chosen.
    pub(super) fn interface(&self) -> String {
        let metrics = self.get("/metrics");
        let line = metrics.lines().find(|line| line.starts_with("workshop_edge_discovery_info{")).expect("a series");
        line.split("interface=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a label").to_owned()
    }

    /// The value of a metric.
    pub(super) fn metric(&self, name: &str) -> u64 {
        let metrics = self.get("/metrics");
        let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
        value.expect("a figure")
    }

    /// Waits until it is found by this name.
    pub(super) fn wait_for_name(&self, name: &str) {
        eventually(&format!("the box is {name}"), || self.name().as_deref() == Some(name));
    }

    /// Waits for a state of discovery whose reason has these words.
    pub(super) fn wait_for_health(&self, status: &str, words: &str) {
        eventually(&format!("{status}: {words}"), || {
            let (now, reason) = self.health();
            now == status && reason.contains(words)
        });
    }

    /// Resets the peak of the memory.
    pub(super) fn forget_most_memory(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.edge.pid()), "5").expect("a process");
    }

    /// The most memory that it ever had in RAM, MiB.
    pub(super) fn most_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.edge.pid())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a figure");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib / 1024
    }
}
