//! The partition is mounted read-only, and writable for a moment at most.

use super::super::support::lab::{Host, Lab};
use super::Machine;
use std::path::Path;

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
    assert_eq!(listed(&host, &machine), "ERRORES.txt\nERRORS.txt\nsecrets.txt\nworkshop-edge.txt\n");
    assert_eq!(options(&host, &machine), before);
    assert_eq!(machine.text("data/machine/settings/secrets.toml"), "erp.user = \"u\"\n");
}

#[test]
fn what_cannot_be_wiped_is_reported() {
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

/// The image's own root, in which the directory of the partition is there whether it is mounted or not.
const ROOT: &str = r#"set -e
cd "$1"
mkdir -p usr etc proc/sys/kernel run data media/settings
for directory in bin lib lib64 sbin; do ln -sfn "usr/$directory" "$directory"; done
mount --rbind /usr usr
: >workshop-edge
mount --bind "$2" workshop-edge
: >proc/sys/kernel/hostname
mount -t tmpfs data data
"#;

/// Gives an order to the machine whose root is this one, and gives what it says.
fn order(host: &Host, root: &Path, arguments: &[&str]) -> String {
    let root = root.to_str().expect("text");
    let order = ["/usr/bin/env", "-i", "LANG=es", "/workshop-edge", "machine"];
    host.run("chroot", &[&[root], &order[..], arguments].concat())
}

#[test]
fn a_partition_that_is_not_mounted_is_not_there() {
    let lab = Lab::new(&[]);
    let host = lab.bare_host();
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    host.run("sh", &["-c", ROOT, "sh", root.to_str().expect("text"), env!("CARGO_BIN_EXE_workshop-edge")]);
    let said = order(&host, root, &["settings"]);
    assert!(said.contains("No se encuentra la unidad TALLER"), "{said}");
    assert_eq!(std::fs::read_dir(root.join(PARTITION)).expect("listed").count(), 0, "nothing is put into memory");

    host.run("mount", &["-t", "tmpfs", "settings", root.join(PARTITION).to_str().expect("text")]);
    let said = order(&host, root, &["settings"]);
    assert!(said.contains("se ha escrito uno nuevo"), "{said}");
}
