//! The workshop's network: a switch with a router that is a DHCP and a DNS server, and a computer in place of a TV.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::lab::{Host, Lab};

/// The router's address, which is the DHCP server's and the clock's.
pub(crate) const ROUTER: &str = "10.9.0.1";

/// The domain whose names only the router knows, all of them its own.
pub(crate) const COMPANY: &str = "empresa.local";

/// The only address that the router lends.
pub(crate) const LEASED_ADDRESS: &str = "10.9.0.50";

/// The box's end of its cable, on this side of the emulator.
pub(crate) const TAP: &str = "box0";

/// A switch, and what is plugged into it besides the box.
pub(crate) struct Lan {
    _dhcp: Service,
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
        let mut server = router.command("dnsmasq");
        server.args(["--keep-in-foreground", "--conf-file=/dev/null", "--interface=eth0"]);
        // The company's own names.
        server.args(["--no-resolv", "--no-hosts", &format!("--address=/{COMPANY}/{ROUTER}")]);
        server.args(["--bind-interfaces", "--user=root", "--dhcp-authoritative"]);
        server.args(["--dhcp-leasefile=/run/leases", "--pid-file=/run/dnsmasq.pid"]);
        server.arg(format!("--dhcp-range={LEASED_ADDRESS},{LEASED_ADDRESS},1h"));
        server.arg(format!("--dhcp-option=option:ntp-server,{ROUTER}"));
        let dhcp = Service::start(&mut server);
        Self { _dhcp: dhcp, tv, router, lab }
    }

    /// A time server on the router, which says this machine's time and leaves it alone.
    pub(crate) fn time_server(&self) -> Service {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target");
        let mut server = self.router.command(target.join("chrony/usr/sbin/chronyd"));
        server.args(["-d", "-x", "-U", "-u", "root", "-f", "/dev/null", "local stratum 2", "allow all", "cmdport 0"]);
        server.args(["bindcmdaddress /", "pidfile /run/chronyd.pid"]);
        Service::start(&mut server)
    }

    /// The release bucket, which the router's address leads to.
    pub(crate) fn bucket(&self, directory: &Path) -> Service {
        let mut server = self.router.command("python3");
        server.args(["-m", "http.server", "--bind", ROUTER, "--directory"]).arg(directory).arg("80");
        Service::start(&mut server)
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

/// A program that serves the network; gone when dropped.
pub(crate) struct Service(Child);

impl Service {
    fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error} (tests/run installs it)"));
        Self(child)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
