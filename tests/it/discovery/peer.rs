//! Clients that run to their end, and one that listens.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::process::{Child, Stdio};

use serde_json::Value;
use tempfile::NamedTempFile;

use crate::support::eventually;
use crate::support::lab::Host;

/// Debian's Python, which has python3-zeroconf.
const PYTHON: &str = "/usr/bin/python3";
/// The client that needs nothing but sockets.
const PEER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/discovery/peer.py");
const ZEROCONF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/discovery/zeroconf_client.py");

/// Who answers for a name: each answer's sender and the address in it.
pub(super) fn ask(host: &Host, name: &str) -> BTreeSet<(String, String)> {
    let text = host.run(PYTHON, &[PEER, "ask", name]);
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(from, address)| (from.to_owned(), address.to_owned()))
        .collect()
}

/// The addresses that anybody announces for a name, without link-local ones of IPv6.
pub(super) fn addresses(host: &Host, name: &str) -> Vec<String> {
    let all: BTreeSet<String> = ask(host, name).into_iter().map(|(_, address)| address).collect();
    all.into_iter().filter(|address| !address.starts_with("fe80:")).collect()
}

/// Every record of the answers to the question for the place of a service: name, type and data.
pub(super) fn service(host: &Host, instance: &str) -> Vec<String> {
    host.run(PYTHON, &[PEER, "service", instance]).lines().map(str::to_owned).collect()
}

/// The answers that come by unicast to one question; from a port, asked for unicast ("qu") or not ("qm"), sent to the
/// group or to an address.
pub(super) fn query(host: &Host, name: &str, kind: &str, from: &str, how: &str, to: &str) -> Vec<Value> {
    let text = host.run(PYTHON, &[PEER, "query", name, kind, from, how, to]);
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Waits until a name leads to these addresses, and to no others.
pub(super) fn wait_for_addresses(host: &Host, name: &str, wanted: &[&str]) {
    eventually(&format!("{name} is {wanted:?}"), || addresses(host, name) == wanted);
}

/// Sends so many datagrams of a kind to everybody.
pub(super) fn flood(host: &Host, kind: &str, count: u32) {
    host.run(PYTHON, &[PEER, "flood", kind, &count.to_string()]);
}

/// The answers to a search by SSDP.
pub(super) fn search(host: &Host, target: &str, mx: Option<&str>) -> Vec<Value> {
    let mut arguments = vec![PEER, "search", target];
    arguments.extend(mx);
    let text = host.run(PYTHON, &arguments);
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// What python-zeroconf finds of a service type, by instance.
pub(super) fn zeroconf(host: &Host, name: &str, kind: &str) -> Value {
    serde_json::from_str(&host.run(PYTHON, &[ZEROCONF, name, kind])).expect("JSON")
}

/// Holds ports of UDP on a host, from one to another, so that nobody else can have them.
pub(super) fn hold_ports(host: &Host, address: &str, first: &str, last: &str) -> Background {
    peer(host, &["hold", address, first, last])
}

/// Hears every record that is multicast.
pub(super) fn listen(host: &Host) -> Background {
    peer(host, &["listen"])
}

fn peer(host: &Host, arguments: &[&str]) -> Background {
    let background = Background::start(host, PYTHON, &[&[PEER], arguments].concat());
    eventually(&format!("{arguments:?} is ready"), || background.heard().starts_with("ready\n"));
    background
}

/// A client that runs until it is dropped.
pub(super) struct Background {
    child: Child,
    output: NamedTempFile,
}

impl Background {
    pub(super) fn start(host: &Host, program: &str, arguments: &[&str]) -> Self {
        let output = NamedTempFile::new().expect("a file");
        let append = OpenOptions::new().append(true).open(output.path()).expect("opened");
        let child = host
            .command(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(append)
            .spawn()
            .unwrap_or_else(|error| panic!("{program} cannot be started (tests/run installs it): {error}"));
        Self { child, output }
    }

    /// Everything that it has written.
    pub(super) fn heard(&self) -> String {
        fs::read_to_string(self.output.path()).expect("text")
    }

    /// How many times it heard a record: sender, lifetime, name, type and data; `_` matches anything.
    pub(super) fn times_heard(&self, record: &str) -> usize {
        let wanted: Vec<&str> = record.split(' ').collect();
        let is_wanted = |line: &&str| {
            let words: Vec<&str> = line.splitn(wanted.len(), ' ').collect();
            words.len() == wanted.len()
                && words.iter().zip(&wanted).all(|(word, wanted)| *wanted == "_" || word == wanted)
        };
        self.heard().lines().filter(is_wanted).count()
    }

    pub(super) fn has_heard(&self, record: &str) -> bool {
        self.times_heard(record) > 0
    }

    pub(super) fn wait_to_hear(&self, record: &str) {
        eventually(&format!("it hears {record}"), || self.has_heard(record));
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
