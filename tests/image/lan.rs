//! The workshop's network: a switch with a router that is a DHCP server, and a computer that stands for a TV.

use std::path::Path;
use std::process::{Child, Stdio};

use crate::support::lab::{Host, Lab};

/// The router's address, which is the DHCP server's and the clock's.
pub(crate) const ROUTER: &str = "10.9.0.1";

/// The only address that the router lends.
pub(crate) const LENT: &str = "10.9.0.50";

/// The box's end of its cable, on this side of the emulator.
pub(crate) const TAP: &str = "box0";

/// A switch, and what is plugged into it besides the box.
pub(crate) struct Lan {
    dhcp: Child,
    pub(crate) tv: Host,
    router: Host,
    pub(crate) lab: Lab,
}

impl Lan {
    pub(crate) fn new() -> Self {
        let lab = Lab::new(&["switch"]);
        lab.tap(TAP, "switch");
        let router = lab.host("switch", &[&format!("{ROUTER}/24")]);
        let tv = lab.host("switch", &["10.9.0.2/24"]);
        let dhcp = router
            .command("dnsmasq")
            .args([
                "--keep-in-foreground",
                "--conf-file=/dev/null",
                "--port=0",
                "--interface=eth0",
                "--bind-interfaces",
            ])
            .args([
                "--user=root",
                "--dhcp-leasefile=/run/leases",
                "--pid-file=/run/dnsmasq.pid",
                "--dhcp-authoritative",
            ])
            .args([&format!("--dhcp-range={LENT},{LENT},1h"), &format!("--dhcp-option=option:ntp-server,{ROUTER}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("dnsmasq (tests/run installs it)");
        Self { dhcp, tv, router, lab }
    }

    /// The release bucket, which the router's address leads to.
    pub(crate) fn bucket(&self, directory: &Path) -> Bucket {
        let server = self
            .router
            .command("python3")
            .args(["-m", "http.server", "--bind", ROUTER, "--directory"])
            .arg(directory)
            .arg("80")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Bucket(server.expect("python3 (tests/run installs it)"))
    }

    /// What the TV is answered, if it is: the body of a page that is there.
    pub(crate) fn get(&self, url: &str) -> Option<String> {
        let output = self
            .tv
            .command("curl")
            .args(["--silent", "--fail", "--max-time", "5", url])
            .output()
            .expect("curl (tests/run installs it)");
        output.status.success().then(|| String::from_utf8(output.stdout).expect("text"))
    }

    /// Whether something listens.
    pub(crate) fn is_open(&self, address: &str, port: u16) -> bool {
        let connect = format!(": </dev/tcp/{address}/{port}");
        let tried = self.tv.command("timeout").args(["5", "bash", "-c", &connect]).stderr(Stdio::null()).status();
        tried.expect("timeout and bash").success()
    }

    /// JSON that is there.
    pub(crate) fn json(&self, url: &str) -> Option<serde_json::Value> {
        serde_json::from_str(&self.get(url)?).ok()
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        let _ = self.dhcp.kill();
        let _ = self.dhcp.wait();
    }
}

/// A release bucket; gone when dropped.
pub(crate) struct Bucket(Child);

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
