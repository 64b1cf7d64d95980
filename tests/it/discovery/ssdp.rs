//! Found by those who look for devices: `UPnP` browsers, the network folder of Windows.

use super::edge::Found;
use super::peer::{Background, hold_ports, search};
use crate::support::eventually;
use crate::support::lab::{Host, Lab};

/// What `gssdp-discover` of `GUPnP` finds: kinds, names and places. It asks with an MX of 3, so an answer may take three
/// seconds, and it has to listen for longer than that.
fn discover(host: &Host, target: &str) -> String {
    let target = format!("--target={target}");
    host.run("gssdp-discover", &["--interface=eth0", "--timeout=5", "--message-type=available", &target])
}

/// The text of an element of a description.
fn element<'a>(description: &'a str, name: &str) -> &'a str {
    let (_, rest) = description.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name}: {description}"));
    rest.split('<').next().expect("text")
}

fn fetch(host: &Host, url: &str) -> String {
    host.run("curl", &["--silent", "--show-error", "--fail", url])
}

/// Where a box's description leads people.
pub(super) fn presentation(host: &Host, address: &str) -> String {
    element(&fetch(host, &format!("http://{address}/_edge/ssdp.xml")), "presentationURL").to_owned()
}

#[test]
fn the_device_is_found_and_leads_to_the_display() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let found = Found::start(&host);
    found.wait_for_name("taller.local");
    for target in ["upnp:rootdevice", "urn:schemas-upnp-org:device:Basic:1"] {
        let text = discover(&peer, target);
        assert!(text.contains("http://10.9.0.1:80/_edge/ssdp.xml") && text.contains(target), "{text}");
    }
    let description = fetch(&peer, "http://10.9.0.1:80/_edge/ssdp.xml");
    assert_eq!(element(&description, "deviceType"), "urn:schemas-upnp-org:device:Basic:1");
    assert_eq!(element(&description, "friendlyName"), "taller");
    let answers = search(&peer, "ssdp:all", Some("1"));
    assert_eq!(answers.len(), 3, "{answers:?}");
    let udn = element(&description, "UDN");
    assert!(answers.iter().all(|answer| answer["usn"].as_str().is_some_and(|usn| usn.starts_with(udn))), "{answers:?}");
    assert!(fetch(&peer, element(&description, "presentationURL")).contains("<html"));
}

#[test]
fn another_name_and_another_address_are_described() {
    let lab = Lab::new(&["switch"]);
    let (one, host) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let peer = lab.host("switch", &["10.9.0.3/24"]);
    let first = Found::start(&one);
    first.wait_for_name("taller.local");
    let found = Found::start(&host);
    found.wait_for_name("taller-2.local");
    assert_eq!(element(&fetch(&peer, "http://10.9.0.2/_edge/ssdp.xml"), "friendlyName"), "taller-2");
    host.remove_address("10.9.0.2/24");
    host.add_address("10.9.0.7/24");
    eventually("the new address is found", || discover(&peer, "upnp:rootdevice").contains("http://10.9.0.7:80/"));
    let description = fetch(&peer, "http://10.9.0.7/_edge/ssdp.xml");
    assert_eq!(element(&description, "presentationURL"), "http://10.9.0.7:80/");
}

#[test]
fn only_neighbours_and_only_searches_are_answered() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let stranger = lab.host("switch", &["10.7.0.2/24"]);
    host.ip(&["route", "add", "10.7.0.0/24", "dev", "eth0"]);
    stranger.ip(&["route", "add", "10.9.0.0/24", "dev", "eth0"]);
    let found = Found::start(&host);
    found.wait_for_name("taller.local");
    assert_eq!(search(&peer, "upnp:rootdevice", Some("1")).len(), 1);
    assert_eq!(search(&peer, "upnp:rootdevice", None).len(), 0, "a search without MX");
    assert_eq!(search(&peer, "urn:schemas-upnp-org:device:MediaServer:1", Some("1")).len(), 0);
    assert_eq!(search(&stranger, "upnp:rootdevice", Some("1")).len(), 0, "a search from another network");
}

#[test]
fn a_taken_port_is_a_fault_until_it_is_free() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let taken = hold_ports(&host, "239.255.255.250", "1900", "1900");
    let found = Found::start(&host);
    found.wait_for_name("taller.local");
    found.wait_for_health("degraded", "not found by SSDP: Address already in use");
    drop(taken);
    found.wait_for_health("ok", "");
    assert_eq!(search(&peer, "upnp:rootdevice", Some("1")).len(), 1);
}

#[test]
fn the_device_says_farewell() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let found = Found::start(&host);
    found.wait_for_name("taller.local");
    let gssdp = Background::start(&peer, "gssdp-discover", &["--interface=eth0", "--message-type=all"]);
    eventually("it is found", || gssdp.heard().contains("upnp:rootdevice"));
    let before = gssdp.heard().len();
    found.edge.stop();
    eventually("it is gone", || {
        let after = gssdp.heard().split_off(before);
        after.contains("unavailable") && after.contains("upnp:rootdevice")
    });
}
