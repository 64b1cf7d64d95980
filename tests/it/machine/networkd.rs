//! The units that the settings make, in the real systemd-networkd on networks of their own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use super::super::support::{
    eventually,
    lab::{Host, Lab},
};
use super::Machine;

const NETWORKD: &str = "/lib/systemd/systemd-networkd";

/// systemd-networkd on a host; ended with this value.
struct Networkd {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Networkd {
    /// Starts it on a host whose `/run/systemd/network` has its units.
    fn start(host: &Host) -> Self {
        // Where /sys can be written, it waits for udev to name its interfaces, of which there is none here.
        host.run("mount", &["-t", "sysfs", "-o", "ro", "sysfs", "/sys"]);
        host.run("mkdir", &["-p", "/run/systemd/netif/links", "/run/systemd/netif/leases"]);
        host.run("chown", &["-R", "systemd-network:", "/run/systemd/netif"]);
        let mut child = host
            .command(NETWORKD)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("systemd-networkd (tests/run installs systemd)");
        let said = Arc::new(Mutex::new(String::new()));
        let (stderr, to) = (child.stderr.take().expect("a pipe"), Arc::clone(&said));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                *to.lock().expect("unpoisoned") += &(line + "\n");
            }
        });
        Self { child, said }
    }

    /// It has understood every line of its units: of others it says the file and the number of the line.
    fn has_understood(&self) {
        let said = self.said.lock().expect("unpoisoned");
        assert!(!said.contains(".network:") && !said.contains(".netdev:"), "{said}");
    }
}

impl Drop for Networkd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// systemd-networkd with what a machine makes of these settings, on a host.
fn follow(host: &Host, settings: &str) -> Networkd {
    let machine = Machine::new().settings(settings);
    machine.started();
    assert_eq!(machine.notice("settings"), None);
    host.run("mkdir", &["-p", "/run/systemd/network"]);
    for unit in std::fs::read_dir(machine.path("run/systemd/network")).expect("units") {
        let unit = unit.expect("a unit").path();
        host.run("cp", &[unit.to_str().expect("text"), "/run/systemd/network/"]);
    }
    Networkd::start(host)
}

fn addresses(host: &Host, interface: &str) -> String {
    let output = host.command("ip").args(["-4", "-brief", "address", "show", "dev", interface]).output().expect("ip");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_fixed_address_is_the_cards() {
    let lab = Lab::new(&["switch"]);
    let host = lab.host("switch", &[]);
    let networkd = follow(
        &host,
        "network.address = \"192.168.7.50/24\"\nnetwork.gateway = \"192.168.7.1\"\nnetwork.dns = [\"192.168.7.1\"]\n\
         network.ntp = [\"192.168.7.1\", \"time.example\"]\n",
    );
    eventually("the address", || addresses(&host, "eth0").contains("192.168.7.50/24"));
    let routes = || host.run("ip", &["route", "show", "default"]);
    eventually("the route", || routes().contains("default via 192.168.7.1 dev eth0"));
    networkd.has_understood();
}

#[test]
fn in_a_vlan_the_address_is_the_vlans() {
    let lab = Lab::new(&["switch"]);
    let host = lab.host("switch", &[]);
    let probe = ["link", "add", "link", "eth0", "name", "probe", "type", "vlan", "id", "9"];
    let has_vlans = host.command("ip").args(probe).output().expect("ip").status.success();
    let networkd =
        follow(&host, "network.address = \"10.20.0.50/16\"\nnetwork.vlan = 20\nnetwork.interface = \"eth0\"\n");
    if has_vlans {
        eventually("the address", || addresses(&host, "vlan20").contains("10.20.0.50/16"));
        assert!(host.run("ip", &["-detail", "link", "show", "dev", "vlan20"]).contains("protocol 802.1Q id 20"));
    } else {
        eprintln!("this kernel has no VLANs (8021q): only that one is asked for is tested");
        eventually("networkd asks the kernel for it", || {
            networkd.said.lock().expect("unpoisoned").contains("eth0: Could not create stacked netdev")
        });
    }
    assert!(!addresses(&host, "eth0").contains("10.20"));
    networkd.has_understood();
}

#[test]
fn by_default_the_network_gives_the_address() {
    let lab = Lab::new(&["switch"]);
    let router = lab.host("switch", &[]);
    router.run("mkdir", &["-p", "/run/systemd/network"]);
    let unit = "[Match]\nName=eth0\n[Network]\nAddress=192.168.9.1/24\nDHCPServer=yes\n[DHCPServer]\nPoolOffset=100\n";
    router.run("sh", &["-c", &format!("printf '%s' '{unit}' >/run/systemd/network/10-router.network")]);
    let _router = Networkd::start(&router);
    let host = lab.host("switch", &[]);
    let networkd = follow(&host, "network.dns = [\"9.9.9.9\"]\n");
    eventually("an address", || addresses(&host, "eth0").contains("192.168.9."));
    networkd.has_understood();
}

/// The test would not see a unit that is not understood, were the words for it others.
#[test]
fn what_is_not_understood_is_seen() {
    let lab = Lab::new(&["switch"]);
    let host = lab.host("switch", &[]);
    host.run("mkdir", &["-p", "/run/systemd/network"]);
    host.run(
        "sh",
        &["-c", "printf '[Match]\\nName=eth0\\n[Network]\\nAdress=x\\n' >/run/systemd/network/10-x.network"],
    );
    let networkd = Networkd::start(&host);
    eventually("the complaint", || {
        networkd.said.lock().expect("unpoisoned").contains("/run/systemd/network/10-x.network:4: Unknown key")
    });
}
