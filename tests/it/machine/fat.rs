//! The image's own script for its FAT partitions, with the real fsck.vfat on a partition that is a file.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::support::run;
use tempfile::TempDir;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/usb-image/rootfs/usr/lib/workshop-machine/fat");

/// There are no loop devices to mount files with: what would be mounted is copied, and what is removed of it too.
const MOUNT: &str = r#"echo "$@" >>"$0.said"; for last; do :; done; mcopy -n -i "$PARTITION" ::/ "$last/""#;
const UMOUNT: &str =
    r#"for file in $(mdir -b -i "$PARTITION" ::/); do [ -e "$1/${file#::/}" ] || mdel -i "$PARTITION" "$file"; done"#;

struct Partition {
    directory: TempDir,
}

impl Partition {
    fn new() -> Self {
        let partition = Self { directory: tempfile::tempdir().expect("a directory") };
        run("mkfs.vfat", &["-C", "-F", "32", text(&partition.file()), "65536"]);
        fs::create_dir(partition.path("bin")).expect("made");
        for (name, script) in [("mount", MOUNT), ("umount", UMOUNT)] {
            let path = partition.path("bin").join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
        }
        partition.put("box.efi");
        partition
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    fn file(&self) -> PathBuf {
        self.path("esp.fat")
    }

    /// Puts a file of 1 MiB there.
    fn put(&self, name: &str) {
        let large = self.path("large");
        fs::write(&large, vec![7; 1 << 20]).expect("written");
        run("mcopy", &["-i", text(&self.file()), text(&large), &format!("::{name}")]);
    }

    /// Loses a file, but not what it takes: as if a cut had come before its entry in the directory.
    fn lose(&self, entry: &[u8; 11]) {
        let bytes = fs::read(self.file()).expect("read");
        let at = bytes.windows(11).position(|name| name == entry).expect("its entry");
        let file = File::options().write(true).open(self.file()).expect("the partition");
        file.write_all_at(&[0xE5], u64::try_from(at).expect("small")).expect("written");
    }

    fn start(&self) -> String {
        let script = fs::read_to_string(SCRIPT).expect("the script");
        let script = script.replace("at=/run/workshop-machine/fat", &format!("at={}", text(&self.path("mounted"))));
        let path = format!("{}:/usr/sbin:/sbin:{}", text(&self.path("bin")), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("sh");
        command.args(["-c", &script, "fat", text(&self.file())]).env("PATH", path).env("PARTITION", self.file());
        let output = command.output().expect("started");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).expect("text")
    }

    /// What is on it: files, and clusters that are in use.
    fn used(&self) -> String {
        let output = Command::new("fsck.vfat").args(["-n", text(&self.file())]).output().expect("started");
        let said = String::from_utf8(output.stdout).expect("text");
        said.lines().last().expect("a line").rsplit_once(": ").expect("figures").1.to_owned()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

#[test]
fn what_a_cut_has_lost_is_given_back() {
    let partition = Partition::new();
    let before = partition.used();
    partition.put("LOST.TMP");
    partition.lose(b"LOST    TMP");
    let said = partition.start();
    assert!(said.contains("Reclaimed 2048 unused clusters"), "{said}");
    assert_eq!(partition.used(), before);
}

#[test]
fn a_sound_partition_is_not_written_to() {
    let partition = Partition::new();
    let before = fs::read(partition.file()).expect("read");
    partition.start();
    assert!(fs::read(partition.file()).expect("read") == before);
    assert!(!partition.path("bin/mount.said").exists(), "nor is it mounted");
}

#[test]
fn what_is_no_file_system_is_none_of_its_business() {
    let partition = Partition::new();
    fs::write(partition.file(), [7; 4096]).expect("written");
    partition.start();
    assert_eq!(fs::read(partition.file()).expect("read"), [7; 4096]);
}
