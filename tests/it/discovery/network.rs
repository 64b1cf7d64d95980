//! Networks that come, go and change.

use super::avahi::Avahi;
use super::edge::Found;
use super::peer::{addresses, ask, hold_ports, listen, wait_for_addresses};
use crate::support::eventually;
use crate::support::lab::Lab;

const NO_NETWORK: &str = "No network: no cable is plugged in";

#[test]
fn a_box_without_a_network_serves_and_waits_for_it() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.bare_host(), lab.host("switch", &["10.9.0.2/24"]));
    let found = Found::start(&host);
    found.wait_for_health("degraded", NO_NETWORK);
    assert!(found.get("/").contains("<html"));
    lab.plug(&host, "eth0", "switch");
    host.add_address("10.9.0.1/24");
    found.wait_for_name("taller.local");
    assert_eq!(found.health().0, "ok");
    wait_for_addresses(&peer, "taller.local", &["10.9.0.1"]);
}

#[test]
fn a_cable_may_be_pulled_out_and_plugged_in_elsewhere() {
    let lab = Lab::new(&["switch", "other"]);
    let (host, peer) = (lab.bare_host(), lab.host("other", &["10.9.0.2/24"]));
    let cable = lab.plug(&host, "eth0", "switch");
    host.add_address("10.9.0.1/24");
    let found = Found::start(&host);
    found.wait_for_name("taller.local");
    lab.pull(&cable);
    found.wait_for_health("degraded", NO_NETWORK);
    lab.move_to(&cable, "other");
    lab.replug(&cable);
    found.wait_for_name("taller.local");
    wait_for_addresses(&peer, "taller.local", &["10.9.0.1"]);
}

#[test]
fn a_cable_plugged_into_the_network_of_a_namesake_gives_another_name() {
    let lab = Lab::new(&["switch", "other"]);
    let (host, namesake) = (lab.bare_host(), lab.host("other", &["10.9.0.2/24"]));
    let peer = lab.host("other", &["10.9.0.3/24"]);
    let cable = lab.plug(&host, "eth0", "switch");
    host.add_address("10.9.0.1/24");
    let (found, other) = (Found::start(&host), Found::start(&namesake));
    found.wait_for_name("taller.local");
    other.wait_for_name("taller.local");
    lab.pull(&cable);
    found.wait_for_health("degraded", NO_NETWORK);
    lab.move_to(&cable, "other");
    lab.replug(&cable);
    found.wait_for_name("taller-2.local");
    assert_eq!(other.name().as_deref(), Some("taller.local"));
    wait_for_addresses(&peer, "taller.local", &["10.9.0.2"]);
    wait_for_addresses(&peer, "taller-2.local", &["10.9.0.1"]);
}

#[test]
fn another_address_is_followed() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let avahi = Avahi::start(&peer, "peer");
    let found = Found::start(&host);
    found.wait_for_name("taller.local");
    assert_eq!(avahi.resolve("-4", "taller.local").as_deref(), Some("10.9.0.1"));
    host.add_address("10.9.1.1/24");
    wait_for_addresses(&peer, "taller.local", &["10.9.0.1", "10.9.1.1"]);
    host.remove_address("10.9.1.1/24");
    host.remove_address("10.9.0.1/24");
    host.add_address("10.9.0.7/24");
    wait_for_addresses(&peer, "taller.local", &["10.9.0.7"]);
    // What it had in its cache is replaced, not added to.
    eventually("avahi follows", || avahi.resolve("-4", "taller.local").as_deref() == Some("10.9.0.7"));
    found.wait_for_name("taller.local");
    // It never took itself for another, nor lost its voice.
    assert!(!found.edge.log().contains("WARN"), "{}", found.edge.log());
}

#[test]
fn ipv6_alone_is_enough() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["fd00:9::1/64"]), lab.host("switch", &["fd00:9::2/64"]));
    let avahi = Avahi::start(&peer, "peer");
    let found = Found::start(&host);
    found.wait_for_name("taller.local");
    assert_eq!(found.health().0, "ok");
    assert_eq!(addresses(&peer, "taller.local"), ["fd00:9::1"]);
    assert!(avahi.resolve("-6", "taller.local").is_some());
}

#[test]
fn two_interfaces_on_one_network_are_no_conflict() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.3/24"]));
    lab.plug(&host, "eth1", "switch");
    host.ip(&["address", "add", "10.9.0.2/24", "dev", "eth1"]);
    let heard = listen(&peer);
    let found = Found::start(&host);
    found.wait_for_name("taller.local");
    assert_eq!(found.health().0, "ok");
    heard.wait_to_hear("_ _ taller.local A 10.9.0.1");
    assert!(!heard.has_heard("_ _ taller.local A 10.9.0.2"), "{}", heard.heard());
    assert_eq!(found.metric("workshop_edge_discovery_responders"), 1);
}

#[test]
fn a_box_that_serves_one_address_is_announced_at_that_one() {
    let lab = Lab::new(&["switch", "other"]);
    let host = lab.host("switch", &["10.9.0.1/24"]);
    host.ip(&["route", "add", "default", "via", "10.9.0.254"]);
    lab.plug(&host, "eth1", "other");
    host.ip(&["address", "add", "10.8.0.1/24", "dev", "eth1"]);
    host.ip(&["address", "add", "10.8.0.2/24", "dev", "eth1"]);
    let (peer, stranger) = (lab.host("other", &["10.8.0.9/24"]), lab.host("switch", &["10.9.0.9/24"]));
    let config = "[listen]\nhttp = [\"10.8.0.2:80\", \"127.0.0.1:80\"]\n";
    let found = Found::configured(&host, config, None);
    found.wait_for_name("taller.local");
    assert_eq!(found.interface(), "eth1");
    let answers = ask(&peer, "taller.local");
    assert!(answers.iter().all(|(_, address)| address == "10.8.0.2") && !answers.is_empty(), "{answers:?}");
    assert!(ask(&stranger, "taller.local").is_empty());
}

#[test]
fn a_named_interface_is_used_and_no_other() {
    let lab = Lab::new(&["switch", "other"]);
    let host = lab.host("switch", &["10.9.0.1/24"]);
    host.ip(&["route", "add", "default", "via", "10.9.0.254"]);
    let found = Found::configured(&host, "[discovery]\ninterface = \"docker0\"\n", None);
    found.wait_for_health("degraded", NO_NETWORK);
    lab.plug(&host, "docker0", "other");
    host.ip(&["address", "add", "10.8.0.1/24", "dev", "docker0"]);
    found.wait_for_name("taller.local");
    wait_for_addresses(&lab.host("other", &["10.8.0.2/24"]), "taller.local", &["10.8.0.1"]);
    assert!(ask(&lab.host("switch", &["10.9.0.2/24"]), "taller.local").is_empty());
}

#[test]
fn a_self_check_that_cannot_be_sent_is_a_fault_until_it_can() {
    let lab = Lab::new(&["switch"]);
    let host = lab.host("switch", &["10.9.0.1/24"]);
    // No port is left for the question.
    let range = "echo 40000 40399 >/proc/sys/net/ipv4/ip_local_port_range";
    host.run("sh", &["-c", range]);
    let held = hold_ports(&host, "0.0.0.0", "40000", "40399");
    let found = Found::start(&host);
    found.wait_for_health("degraded", "the box cannot ask for its own name: Address already in use");
    drop(held);
    found.wait_for_name("taller.local");
    assert_eq!(found.health().0, "ok");
}
