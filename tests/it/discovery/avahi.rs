//! avahi-daemon on a host, with a message bus of its own, and the programs that ask it.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Stdio};

use tempfile::TempDir;

use crate::support::eventually;
use crate::support::lab::Host;

const BUS: &str = "<busconfig><type>session</type><listen>unix:path=/run/dbus/system_bus_socket</listen>
<auth>EXTERNAL</auth><policy context='default'><allow user='*'/><allow own='*'/><allow send_destination='*'/>
<allow receive_sender='*'/></policy></busconfig>";

/// Each mount is of this host alone. The user `avahi` is root, since a namespace may have no other.
const START: &str = "set -e
cd \"$0\"
for file in passwd group nsswitch.conf; do mount --bind $file /etc/$file; done
mkdir /run/dbus
dbus-daemon --config-file=bus.conf --nofork --nopidfile &
bus=$!
trap 'kill $bus' EXIT
until [ -S /run/dbus/system_bus_socket ]; do sleep 0.01; done
avahi-daemon --file avahi.conf --no-drop-root --no-chroot --no-rlimits &
avahi=$!
trap 'kill $avahi' TERM
wait $avahi || wait $avahi";

/// A running avahi; ended when dropped.
pub(crate) struct Avahi<'a> {
    host: &'a Host,
    child: Child,
    _files: TempDir,
}

impl<'a> Avahi<'a> {
    /// With a host name.
    pub(crate) fn start(host: &'a Host, name: &str) -> Self {
        let files = tempfile::tempdir().expect("a directory");
        let settings = format!(
            "[server]\nhost-name={name}\nallow-interfaces=eth0\nuse-ipv6=yes\nratelimit-burst=100000\n\
             [publish]\npublish-hinfo=no\npublish-workstation=no\n"
        );
        for (file, content) in [
            ("bus.conf", BUS),
            ("avahi.conf", &settings),
            ("passwd", "root:x:0:0::/root:/bin/sh\navahi:x:0:0::/:/bin/sh\n"),
            ("group", "root:x:0:\navahi:x:0:\n"),
            ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files mdns_minimal\n"),
        ] {
            fs::write(files.path().join(file), content).expect("written");
        }
        let child = host
            .command("sh")
            .args(["-c", START])
            .arg(files.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let avahi = Self { host, child, _files: files };
        eventually("avahi answers", || avahi.name().is_some());
        avahi
    }

    /// Runs a program that asks avahi; `None` when it did not get what it wanted.
    fn ask(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let output = self
            .host
            .command(program)
            .args(arguments)
            .output()
            .unwrap_or_else(|error| panic!("{program} cannot be started (tests/run installs it): {error}"));
        assert_eq!(output.status.signal(), None, "{program}");
        let text = String::from_utf8(output.stdout).expect("text");
        (output.status.success() && !text.trim().is_empty()).then_some(text)
    }

    /// The host name that it ended up with.
    pub(super) fn name(&self) -> Option<String> {
        let call = "--system --print-reply=literal --dest=org.freedesktop.Avahi / org.freedesktop.Avahi.Server.GetHostNameFqdn";
        let words: Vec<&str> = call.split(' ').collect();
        Some(self.ask("dbus-send", &words)?.trim().to_owned())
    }

    /// The address of a name, by `avahi-resolve`.
    pub(super) fn resolve(&self, family: &str, name: &str) -> Option<String> {
        let text = self.ask("avahi-resolve", &[family, "--name", name])?;
        Some(text.split_whitespace().nth(1)?.to_owned())
    }

    /// What `avahi-browse` finds and resolves of a service type, a line per instance.
    pub(super) fn browse(&self, kind: &str) -> String {
        self.ask("avahi-browse", &["--resolve", "--parsable", "--terminate", "--no-db-lookup", kind])
            .unwrap_or_default()
    }

    /// The addresses of a name, by `getent` through nss-mdns.
    pub(super) fn getent(&self, name: &str) -> String {
        self.ask("getent", &["ahosts", name]).unwrap_or_default()
    }
}

impl Drop for Avahi<'_> {
    fn drop(&mut self) {
        if let Some(pid) = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(0)) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}
