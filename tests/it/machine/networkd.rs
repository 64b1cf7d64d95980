//! The units that the settings make, in the real systemd-networkd on a network of its own.

use std::process::{Child, Stdio};

use super::super::support::{
    eventually,
    lab::{Host, Lab},
};
use super::Machine;

const NETWORKD: &str = "/lib/systemd/systemd-networkd";

/// systemd-networkd on a host; ended with it.
struct Networkd(Child);

impl Drop for Networkd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A machine that follows these settings on a host of the lab.
fn follow(host: &Host, settings: &str) -> (Machine, Networkd) {
    let machine = Machine::new().settings(settings);
    machine.started();
    assert_eq!(machine.notice("settings"), None);
    let units = machine.path("run/systemd/network");
    // The host has a /run of its own, and no other units than these.
    host.run(
        "mkdir",
        &["-p", "/run/systemd/network", "/run/udev", "/run/systemd/netif/links", "/run/systemd/netif/leases"],
    );
    for unit in std::fs::read_dir(units).expect("units") {
        let unit = unit.expect("a unit").path();
        host.run("cp", &[unit.to_str().expect("text"), "/run/systemd/network/"]);
    }
    host.run("chown", &["-R", "systemd-network:", "/run/systemd/netif"]);
    let child = host
        .command(NETWORKD)
        .stdin(Stdio::null())
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("systemd-networkd (tests/run installs systemd)");
    (machine, Networkd(child))
}

fn addresses(host: &Host, interface: &str) -> String {
    let output = host.command("ip").args(["-4", "-brief", "address", "show", "dev", interface]).output().expect("ip");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_fixed_address_is_the_cards() {
    let lab = Lab::new(&["switch"]);
    let host = lab.host("switch", &[]);
    let (_machine, _networkd) = follow(
        &host,
        "network.address = \"192.168.7.50/24\"\nnetwork.gateway = \"192.168.7.1\"\nnetwork.dns = [\"192.168.7.1\"]\n",
    );
    eventually("the address", || addresses(&host, "eth0").contains("192.168.7.50/24"));
    eventually("the route", || {
        host.run("ip", &["route", "show", "default"]).contains("default via 192.168.7.1 dev eth0")
    });
}

#[test]
fn in_a_vlan_the_address_is_the_vlans() {
    let lab = Lab::new(&["switch"]);
    let host = lab.host("switch", &[]);
    let (_machine, _networkd) =
        follow(&host, "network.address = \"10.20.0.50/16\"\nnetwork.vlan = 20\nnetwork.interface = \"eth0\"\n");
    eventually("the address", || addresses(&host, "vlan20").contains("10.20.0.50/16"));
    assert!(host.run("ip", &["-detail", "link", "show", "dev", "vlan20"]).contains("vlan protocol 802.1Q id 20"));
    assert!(!addresses(&host, "eth0").contains("10.20"));
}
