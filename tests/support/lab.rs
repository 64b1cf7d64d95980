//! A workshop's network on the bench: hosts that are network namespaces, cabled to switches that
//! are bridges. None of it touches the machine's own network, and all of it is gone with the
//! process that made it.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

/// A process that does nothing but keep its namespaces, as long as its standard input is open.
struct Keeper(Child);

/// Says so when it is set up, then waits for the end of its standard input.
const KEEP: &str = "set -e
mount --make-rprivate /
mount -t tmpfs run /run
ip link set lo up
echo ready
exec cat";

impl Keeper {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .args(["sh", "-c", KEEP])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare and nsenter (tests/run installs util-linux)");
        let mut line = String::new();
        let read = BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line);
        assert!(
            read.is_ok() && line == "ready\n",
            "no network namespaces for these tests: run them as root, or allow them to users \
             (sysctl -w user.max_net_namespaces=1000 kernel.apparmor_restrict_unprivileged_userns=0)"
        );
        Self(child)
    }

    /// What enters its namespaces, in front of a program and its arguments.
    fn entry(&self) -> Vec<String> {
        let mut words = vec!["nsenter".to_owned(), "--target".to_owned(), self.0.id().to_string()];
        if !is_root() {
            words.extend(["--user".to_owned(), "--preserve-credentials".to_owned()]);
        }
        words.extend(["--mount".to_owned(), "--net".to_owned()]);
        words
    }

    fn command(&self) -> Command {
        let words = self.entry();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn succeed(command: &mut Command) -> String {
    let output: Output =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error} (tests/run installs it)"));
    assert!(
        output.status.success(),
        "{command:?} failed: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

/// Switches, and the cables from them.
pub(crate) struct Lab {
    keeper: Keeper,
    cables: std::cell::Cell<u32>,
}

impl Lab {
    /// With these switches.
    pub(crate) fn new(switches: &[&str]) -> Self {
        let mut command = Command::new("unshare");
        if !is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["--mount", "--net"]);
        let lab = Self { keeper: Keeper::start(command), cables: std::cell::Cell::new(0) };
        for switch in switches {
            // A switch that learns nothing of multicast groups passes all of it on.
            lab.ip(&["link", "add", "name", switch, "type", "bridge", "mcast_snooping", "0"]);
            lab.ip(&["link", "set", switch, "up"]);
        }
        lab
    }

    fn ip(&self, arguments: &[&str]) {
        succeed(self.keeper.command().arg("ip").args(arguments));
    }

    /// A host with nothing plugged in.
    pub(crate) fn bare_host(&self) -> Host {
        let mut command = self.keeper.command();
        command.args(["unshare", "--mount", "--net"]);
        Host { keeper: Keeper::start(command) }
    }

    /// A host whose `eth0` is plugged into a switch and has these addresses.
    pub(crate) fn host(&self, switch: &str, addresses: &[&str]) -> Host {
        let host = self.bare_host();
        self.plug(&host, "eth0", switch);
        for address in addresses {
            host.add_address(address);
        }
        host
    }

    /// A cable from a new interface of a host to a switch.
    pub(crate) fn plug(&self, host: &Host, interface: &str, switch: &str) -> Cable {
        let number = self.cables.get();
        self.cables.set(number + 1);
        let port = format!("port{number}");
        let pid = host.keeper.0.id().to_string();
        self.ip(&["link", "add", "name", &port, "type", "veth", "peer", "name", interface, "netns", &pid]);
        self.ip(&["link", "set", &port, "master", switch, "up"]);
        host.ip(&["link", "set", interface, "up"]);
        Cable(port)
    }

    /// A cable from the network card of an emulated machine, whose emulator [`Lab::command`] starts.
    pub(crate) fn tap(&self, interface: &str, switch: &str) {
        self.ip(&["tuntap", "add", "dev", interface, "mode", "tap"]);
        self.ip(&["link", "set", interface, "master", switch, "up"]);
    }

    /// What starts a program where the switches are.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.keeper.command();
        command.arg(program);
        command
    }

    /// A cable between two switches.
    pub(crate) fn join(&self, one: &str, other: &str) {
        self.ip(&["link", "add", "name", "join0", "type", "veth", "peer", "name", "join1"]);
        self.ip(&["link", "set", "join0", "master", one, "up"]);
        self.ip(&["link", "set", "join1", "master", other, "up"]);
    }

    /// Pulls a cable out at the switch: the host loses its carrier.
    pub(crate) fn pull(&self, cable: &Cable) {
        self.ip(&["link", "set", &cable.0, "down"]);
    }

    /// Plugs a cable into another switch.
    pub(crate) fn move_to(&self, cable: &Cable, switch: &str) {
        self.ip(&["link", "set", &cable.0, "master", switch]);
    }

    pub(crate) fn replug(&self, cable: &Cable) {
        self.ip(&["link", "set", &cable.0, "up"]);
    }
}

/// One end of it, at the switch.
pub(crate) struct Cable(String);

/// A namespace with a network, and a `/run`, of its own.
pub(crate) struct Host {
    keeper: Keeper,
}

impl Host {
    /// What starts a program here.
    pub(crate) fn entry(&self) -> Vec<String> {
        self.keeper.entry()
    }

    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.keeper.command();
        command.arg(program);
        command
    }

    /// Runs a program that must succeed, and gives what it writes.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> String {
        succeed(self.command(program).args(arguments))
    }

    pub(crate) fn ip(&self, arguments: &[&str]) {
        self.run("ip", arguments);
    }

    /// Gives `eth0` an address, as a DHCP client would.
    pub(crate) fn add_address(&self, address: &str) {
        self.ip(&["address", "add", address, "dev", "eth0"]);
    }

    pub(crate) fn remove_address(&self, address: &str) {
        self.ip(&["address", "del", address, "dev", "eth0"]);
    }

    /// The hardware address of an interface.
    pub(crate) fn hardware(&self, interface: &str) -> String {
        let links: serde_json::Value =
            serde_json::from_str(&self.run("ip", &["-json", "link", "show", "dev", interface])).expect("JSON");
        links[0]["address"].as_str().expect("an address").to_owned()
    }

    /// The address that IPv6 gives to an interface by itself.
    pub(crate) fn link_local(&self, interface: &str) -> String {
        let text = self.run("ip", &["-json", "-6", "address", "show", "dev", interface, "scope", "link"]);
        let links: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        links[0]["addr_info"][0]["local"].as_str().expect("an address").to_owned()
    }
}
