//! The partition is mounted read-only, and writable for a moment at most.

use super::super::support::lab::{Host, Lab};
use super::Machine;

const PARTITION: &str = "media/settings";

/// A machine whose partition is a file system of its own, mounted read-only, with these two files.
fn mounted(host: &Host, settings: &str, secrets: &str) -> Machine {
    let machine = Machine::new();
    let partition = machine.path(PARTITION);
    let partition = partition.to_str().expect("text");
    host.run("mount", &["-t", "tmpfs", "-o", "nosuid,nodev,noexec", "settings", partition]);
    for (name, content) in [("workshop-edge.txt", settings), ("secrets.txt", secrets)] {
        host.run("sh", &["-c", "printf '%s' \"$1\" >\"$2\"", "sh", content, &format!("{partition}/{name}")]);
    }
    host.run("mount", &["-o", "remount,ro", partition]);
    machine
}

fn options(host: &Host, machine: &Machine) -> String {
    let mounts = host.run("cat", &["/proc/self/mountinfo"]);
    let partition = machine.path(PARTITION);
    let line = mounts.lines().find(|line| line.contains(partition.to_str().expect("text"))).expect("mounted");
    line.split(' ').nth(5).expect("options").to_owned()
}

fn listed(host: &Host, machine: &Machine) -> String {
    host.run("ls", &[machine.path(PARTITION).to_str().expect("text")])
}

#[test]
fn it_is_written_to_and_is_read_only_again() {
    let lab = Lab::new(&[]);
    let host = lab.bare_host();
    let machine = mounted(&host, "name = 5\n", "erp.user = \"u\"\n");
    let before = options(&host, &machine);
    assert!(before.starts_with("ro,nosuid,nodev,noexec"), "{before}");
    let root = machine.path("");
    host.run(env!("CARGO_BIN_EXE_workshop-edge"), &["machine", "settings", "--root", root.to_str().expect("text")]);
    assert_eq!(listed(&host, &machine), "ERRORES.txt\nERRORS.txt\nworkshop-edge.txt\n");
    assert_eq!(options(&host, &machine), before);
    assert_eq!(machine.text("data/machine/settings/secrets.toml"), "erp.user = \"u\"\n");
}

#[test]
fn what_cannot_be_wiped_is_told() {
    let lab = Lab::new(&[]);
    let host = lab.bare_host();
    let machine = mounted(&host, "name = \"a\"\n", "erp.user = \"u\"\n");
    let root = machine.path("");
    // Without this capability nobody can make a mount writable: as with a stick whose switch is on "lock".
    let binary = env!("CARGO_BIN_EXE_workshop-edge");
    let order = ["--bounding-set=-sys_admin", binary, "machine", "settings", "--root", root.to_str().expect("text")];
    host.run("setpriv", &order);
    assert_eq!(listed(&host, &machine), "secrets.txt\nworkshop-edge.txt\n");
    assert_eq!(machine.text("data/machine/settings/secrets.toml"), "erp.user = \"u\"\n");
    let (level, es, _) = machine.notice("secrets").expect("said");
    assert!(level == "warning" && es.contains("no se puede borrar: bórrelo"), "{es}");
}
