//! Found by everyone.

use std::collections::BTreeSet;

use serde_json::Value;

use super::avahi::Avahi;
use super::edge::{Found, PYTHON, ask};
use super::lab::Lab;
use crate::support::eventually;

const ZEROCONF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/discovery/zeroconf_client.py");

#[test]
fn every_client_finds_the_box() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let avahi = Avahi::start(&peer, "peer");
    let found = Found::start(&host);
    found.wait_for_name("taller.local");
    assert_eq!(found.health(), ("ok".to_owned(), String::new()));

    assert!(ask(&peer, "taller.local").contains(&("10.9.0.1".to_owned(), "10.9.0.1".to_owned())));
    assert_eq!(avahi.resolve("-4", "taller.local").as_deref(), Some("10.9.0.1"));
    assert!(avahi.resolve("-6", "taller.local").is_some_and(|address| address.starts_with("fe80::")));
    let hosts = avahi.getent("taller.local");
    let addresses: BTreeSet<&str> = hosts.lines().filter_map(|line| line.split([' ', '%']).next()).collect();
    assert!(addresses.contains("10.9.0.1") && addresses.iter().any(|address| address.starts_with("fe80::")), "{hosts}");
}
