//! The repair of a damaged data partition: the image's own script, with the real e2fsck and mke2fs on
//! partitions that are files.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::support::lab::{Host, Lab};
use tempfile::TempDir;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/usb-image/rootfs/usr/lib/workshop-machine/data");
const IDENTITY: &str = "0123456789abcdef0123456789abcdef";

/// The programs of this computer in a root of its own. There are no loop devices to mount files with: in the place of a
/// mounted partition is a directory with the identity that `debugfs` finds on it.
const ROOT: &str = r#"set -e
cd "$1"
mkdir -p usr etc dev/workshop proc data tmp run/stand-in run/mounted/machine var/lib sys/firmware/efi/efivars
for directory in bin lib lib64 sbin; do ln -sfn "usr/$directory" "$directory"; done
mount --rbind /usr usr
mount --rbind /proc proc
: >dev/null
mount --bind /dev/null dev/null
ln -sfn /partition dev/workshop/data
cat >run/stand-in/mount <<'MOUNT'
#!/bin/sh
case "$*" in
*"-t ext4"*)
	[ ! -e /run/cannot-be-mounted ] || exit 32
	debugfs -R "cat /machine/machine-id" /partition >/run/mounted/machine/machine-id 2>/dev/null
	exec /bin/mount --bind /run/mounted /data
	;;
esac
exec /bin/mount "$@"
MOUNT
chmod +x run/stand-in/mount
"#;

/// A partition, and a root in which the script finds it.
struct Machine {
    host: Host,
    root: TempDir,
    script: String,
    _lab: Lab,
}

impl Machine {
    /// With a partition that has what a box has left on it.
    fn new() -> Self {
        let lab = Lab::new(&[]);
        let host = lab.bare_host();
        let root = tempfile::tempdir().expect("a directory");
        host.run("sh", &["-c", ROOT, "sh", text(root.path())]);
        let script = fs::read_to_string(SCRIPT).expect("the script");
        let machine = Self { host, root, script, _lab: lab };
        for file in ["passwd", "group"] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("usb-image/rootfs/etc").join(file);
            fs::copy(from, machine.path("etc").join(file)).expect("copied");
        }
        fs::write(machine.path("etc/machine-id"), format!("{IDENTITY}\n")).expect("written");
        let partition = fs::File::create(machine.partition()).expect("made");
        partition.set_len(64 << 20).expect("room");
        machine.host.run("mke2fs", &["-q", "-F", "-t", "ext4", text(&machine.partition())]);
        machine.debugfs("mkdir /machine");
        let identity = machine.path("tmp/machine-id");
        fs::write(&identity, format!("{IDENTITY}\n")).expect("written");
        machine.debugfs(&format!("write {} /machine/machine-id", text(&identity)));
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn partition(&self) -> PathBuf {
        self.path("partition")
    }

    fn debugfs(&self, order: &str) {
        self.host.run("debugfs", &["-w", "-R", order, text(&self.partition())]);
    }

    /// Another program in the place of one of this computer's.
    fn stand_in(&self, name: &str, script: &str) {
        let path = self.path("run/stand-in").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        self.host.run("chmod", &["+x", text(&path)]);
    }

    fn is_on_trial(&self) {
        let variable = "sys/firmware/efi/efivars/LoaderBootCountPath-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
        fs::write(self.path(variable), "x").expect("written");
    }

    /// Everything of the partition that is known is lost.
    fn ruin(&self) {
        fs::write(self.partition(), vec![0x5a; 64 << 20]).expect("written");
    }

    /// A start. What it says by a notice; empty where it says nothing.
    fn start(&self) -> String {
        fs::write(self.path("data.sh"), &self.script).expect("written");
        let path = "PATH=/run/stand-in:/usr/sbin:/usr/bin";
        self.host.run("chroot", &[text(self.root.path()), "/usr/bin/env", "-i", path, "sh", "/data.sh"]);
        fs::read_to_string(self.path("run/workshop-machine/notices/data.json")).unwrap_or_default()
    }

    /// A start after which nothing of the partition is another: it is left to those who can use it.
    fn leaves_it_alone(&self) {
        let before = fs::read(self.partition()).expect("read");
        let said = self.start();
        assert!(fs::read(self.partition()).expect("read") == before, "the partition was written to: {said}");
        assert!(said.contains(r#""level":"fault""#) && said.contains("se ha dejado como está"), "{said}");
        assert!(said.contains("left as it is"), "{said}");
        assert!(self.mounts().contains(" /data tmpfs"), "it runs from memory");
    }

    /// A start that makes it again.
    fn makes_it_again(&self) {
        let said = self.start();
        assert!(said.contains(r#""level":"warning""#) && said.contains("has been made anew"), "{said}");
        let partition = self.partition();
        assert_eq!(self.host.run("e2label", &[text(&partition)]), "workshop-data\n");
        assert!(!self.mounts().contains(" /data tmpfs"), "it is used");
    }

    /// What is mounted where, of which type.
    fn mounts(&self) -> String {
        let root = text(self.root.path()).to_owned();
        self.host.run("cat", &["/proc/self/mounts"]).replace(&root, "")
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

#[test]
fn a_sound_partition_is_mounted_without_a_word() {
    let machine = Machine::new();
    assert_eq!(machine.start(), "");
    assert!(!machine.mounts().contains(" /data tmpfs"));
}

#[test]
fn a_partition_that_is_no_file_system_any_more_is_made_again() {
    let machine = Machine::new();
    machine.ruin();
    machine.makes_it_again();
}

#[test]
fn a_partition_whose_beginning_is_lost_is_mended() {
    let machine = Machine::new();
    let mut bytes = fs::read(machine.partition()).expect("read");
    bytes[..4096].fill(0);
    fs::write(machine.partition(), bytes).expect("written");
    let said = machine.start();
    assert!(said.contains("has been mended"), "{said}");
}

#[test]
fn faults_that_stay_are_the_end_of_it() {
    let machine = Machine::new();
    machine.stand_in("e2fsck", "exit 4");
    machine.makes_it_again();
}

#[test]
fn what_a_newer_system_has_made_is_left_alone() {
    for feature in ["feature_incompat 0x400002c2", "feature_ro_compat 0x8000046b"] {
        let machine = Machine::new();
        machine.debugfs(&format!("set_super_value {feature}"));
        machine.leaves_it_alone();
    }
}

#[test]
fn a_check_that_does_not_work_says_nothing_of_the_partition() {
    for (name, script) in [("killed", "kill -9 $$"), ("not started", "exit 127"), ("at fault", "exit 12")] {
        let machine = Machine::new();
        machine.stand_in("e2fsck", script);
        println!("{name}");
        machine.leaves_it_alone();
    }
}

#[test]
fn a_check_that_does_not_end_is_ended() {
    let mut machine = Machine::new();
    machine.script = machine.script.replace("\npatience=1800\n", "\npatience=1\n");
    assert!(machine.script.contains("\npatience=1\n"));
    machine.stand_in("e2fsck", "exec sleep 600");
    machine.leaves_it_alone();
}

#[test]
fn of_two_disks_that_cannot_be_distinguished_neither_is_written_to() {
    let mut machine = Machine::new();
    machine.script = machine.script.replace("/usr/lib/workshop-machine/claims", "/run/stand-in/claims");
    machine.stand_in("blockdev", r#"echo "$@" >>/run/read-only"#);
    machine.stand_in("claims", "echo 10 /dev/sdb2; echo 0 /dev/sda2");
    assert_eq!(machine.start(), "");
    assert!(!machine.mounts().contains(" /data tmpfs"), "one is the booted one");

    let mut machine = Machine::new();
    machine.script = machine.script.replace("/usr/lib/workshop-machine/claims", "/run/stand-in/claims");
    machine.stand_in("blockdev", r#"echo "$@" >>/run/read-only"#);
    machine.stand_in("claims", "echo 10 /dev/sdb2; echo 10 /dev/sda2");
    let before = fs::read(machine.partition()).expect("read");
    assert_eq!(machine.start(), "", "another notice says it");
    assert!(fs::read(machine.partition()).expect("read") == before, "the partition was written to");
    assert!(machine.mounts().contains(" /data tmpfs"), "it runs from memory");
    let barred = fs::read_to_string(machine.path("run/read-only")).expect("barred");
    assert_eq!(barred.lines().filter(|line| line.starts_with("--setro /dev/")).count(), 2, "{barred}");
}

#[test]
fn a_sound_partition_that_cannot_be_mounted_is_left_alone() {
    let machine = Machine::new();
    // It would write the time of the check.
    machine.stand_in("e2fsck", "exit 0");
    fs::write(machine.path("run/cannot-be-mounted"), "").expect("written");
    machine.leaves_it_alone();
}

#[test]
fn a_system_on_trial_makes_nothing_again() {
    let machine = Machine::new();
    machine.is_on_trial();
    machine.ruin();
    machine.leaves_it_alone();
    let machine = Machine::new();
    machine.is_on_trial();
    machine.stand_in("e2fsck", "exit 4");
    machine.leaves_it_alone();
    // Without faults, but with nothing of the box.
    let machine = Machine::new();
    machine.is_on_trial();
    machine.debugfs("rm /machine/machine-id");
    machine.stand_in("e2fsck", r#"[ "$1" = -y ] || exit 4"#);
    machine.leaves_it_alone();
}
