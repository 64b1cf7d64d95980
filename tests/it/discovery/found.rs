//! Found by everyone, with everything that it announces.

use std::collections::BTreeSet;

use super::avahi::Avahi;
use super::edge::Found;
use super::peer::{ask, zeroconf};
use crate::support::eventually;
use crate::support::lab::Lab;

#[test]
fn every_client_resolves_the_name() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let avahi = Avahi::start(&peer, "peer");
    let found = Found::start(&host);
    found.wait_for_name("taller.local");
    assert_eq!(found.health(), ("ok".to_owned(), String::new()));
    assert_eq!(found.interface(), "eth0");

    assert!(ask(&peer, "taller.local").contains(&("10.9.0.1".to_owned(), "10.9.0.1".to_owned())));
    assert_eq!(avahi.resolve("-4", "taller.local").as_deref(), Some("10.9.0.1"));
    assert!(avahi.resolve("-6", "taller.local").is_some_and(|address| address.starts_with("fe80::")));
    let hosts = avahi.getent("taller.local");
    let addresses: BTreeSet<&str> = hosts.lines().filter_map(|line| line.split([' ', '%']).next()).collect();
    assert!(addresses.contains("10.9.0.1") && addresses.iter().any(|address| address.starts_with("fe80::")), "{hosts}");
}

#[test]
fn its_services_are_browsed() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let avahi = Avahi::start(&peer, "peer");
    let config = "[tls]\nmode = \"self-signed\"\n[listen]\nhttp = [\"[::]:80\"]\nhttps = [\"[::]:443\"]\n";
    let found = Found::configured(&host, config, None);
    found.wait_for_name("taller.local");
    let id = std::fs::read_to_string(found.edge.data().join("box-id")).expect("an id");
    let id = id.trim();

    for (kind, port) in [("_http._tcp", 80), ("_workshop-edge._sub._http._tcp", 80), ("_https._tcp", 443)] {
        // The first browse may end before all has been resolved.
        eventually(kind, || avahi.browse(kind).contains(";taller.local;"));
        let lines = avahi.browse(kind);
        let line = lines.lines().find(|line| line.starts_with("=;eth0;IPv4;")).expect("a resolved instance");
        let fields: Vec<&str> = line.split(';').collect();
        assert_eq!(fields[3], format!("taller\\032{}", &id[..4]), "{line}");
        assert_eq!(fields[6..9], ["taller.local", "10.9.0.1", &port.to_string()], "{line}");
        let version = format!("\"version={}\"", env!("CARGO_PKG_VERSION"));
        for txt in ["\"path=/\"", &version, &format!("\"id={id}\"")] {
            assert!(fields[9].contains(txt), "{txt} in {line}");
        }
    }

    let found = zeroconf(&peer, "taller.local.", "_http._tcp.local.");
    let instance = &found[format!("taller {}._http._tcp.local.", &id[..4])];
    assert_eq!(instance["addresses"], serde_json::json!(["10.9.0.1"]), "{found}");
    assert_eq!((&instance["host"], &instance["port"]), (&"taller.local.".into(), &80.into()));
    assert_eq!(instance["txt"], serde_json::json!({"path": "/", "version": env!("CARGO_PKG_VERSION"), "id": id}),);
}

#[test]
fn nothing_of_other_interfaces_is_announced() {
    let lab = Lab::new(&["switch", "other"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    lab.plug(&host, "lorawan0", "other");
    host.ip(&["address", "add", "10.8.0.1/24", "dev", "lorawan0"]);
    lab.plug(&host, "docker0", "other");
    host.ip(&["address", "add", "172.17.0.1/16", "dev", "docker0"]);
    host.ip(&["route", "add", "default", "via", "10.9.0.254"]);
    let found = Found::start(&host);
    found.wait_for_name("taller.local");
    let own = host.link_local("eth0");
    let seen: BTreeSet<String> = ask(&peer, "taller.local").into_iter().map(|(_, address)| address).collect();
    assert_eq!(seen, BTreeSet::from(["10.9.0.1".to_owned(), own]));
}

#[test]
fn it_can_be_switched_off() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let found = Found::configured(&host, "[discovery]\nenabled = false\n", None);
    assert!(!found.get("/health").contains("discovery"));
    assert!(ask(&peer, "taller.local").is_empty());
}
