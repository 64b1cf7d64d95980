//! The installation from a stick onto another disk, both of them files.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::run;

const MIB: u64 = 1 << 20;
const TABLE: &str = "label: gpt
label-id: 11111111-1111-4111-8111-111111111110
start=2048, size=32768, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7, uuid=11111111-1111-4111-8111-111111111111, name=\"workshop-settings\"
start=34816, size=131072, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=11111111-1111-4111-8111-111111111112, name=\"workshop-esp\"
";

/// Where programs are.
pub(crate) fn path() -> String {
    std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin"
}

/// A machine that has started from a stick, as the image makes it but for the size of the ESP.
pub(crate) struct Machine {
    pub(crate) root: TempDir,
    pub(crate) disk: PathBuf,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a directory");
        let at = |path: &str| root.path().join(path);
        let stick = at("stick.img");
        File::create(&stick).and_then(|file| file.set_len(82 * MIB)).expect("a stick");
        let mut sfdisk = Command::new("/usr/sbin/sfdisk")
            .args(["--quiet", "--no-reread", "--no-tell-kernel"])
            .arg(&stick)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sfdisk (tests/run installs fdisk)");
        std::io::Write::write_all(sfdisk.stdin.as_mut().expect("a pipe"), TABLE.as_bytes()).expect("told");
        assert!(sfdisk.wait().expect("ended").success());
        for (start, mib, bits, label, name, text) in [
            (MIB, 16, "16", "TALLER", "workshop-edge.txt", "name = \"taller\"\r\n"),
            (17 * MIB, 64, "32", "ESP", "box_1.2.3.efi", "the system"),
        ] {
            let fat = at(&format!("{label}.fat"));
            File::create(&fat).and_then(|file| file.set_len(mib * MIB)).expect("a file");
            let fat_text = fat.to_str().expect("text");
            run("/usr/sbin/mkfs.vfat", &["-F", bits, "-n", label, "-i", "11111111", fat_text]);
            fs::write(at(name), text).expect("written");
            run("mcopy", &["-i", fat_text, at(name).to_str().expect("text"), &format!("::{name}")]);
            let stick = File::options().write(true).open(&stick).expect("the stick");
            stick.write_all_at(&fs::read(&fat).expect("read"), start).expect("written");
        }
        fs::create_dir_all(at("dev/workshop")).expect("made");
        symlink("../../stick.img", at("dev/workshop/disk")).expect("a link");
        for (path, text) in [("data/workshop-edge/box-id", "0a1b"), ("data/machine/settings/secrets", "secret")] {
            fs::create_dir_all(at(path).parent().expect("a parent")).expect("made");
            fs::write(at(path), text).expect("written");
            fs::set_permissions(at(path), fs::Permissions::from_mode(0o600)).expect("its mode");
        }
        let disk = at("disk");
        // What was on it before is nothing that may stay.
        File::create(&disk).and_then(|file| file.set_len(2000 * MIB)).expect("a disk");
        File::options().write(true).open(&disk).expect("open").write_all_at(&[7; 4096], 40 * MIB).expect("written");
        Self { root, disk }
    }

    fn install(&self, disk: &Path) -> Output {
        Command::new(env!("CARGO_BIN_EXE_workshop-edge"))
            .args(["machine", "install", "--yes", "--disk"])
            .arg(disk)
            .arg("--root")
            .arg(self.root.path())
            .env_clear()
            .env("PATH", path())
            .stdin(Stdio::null())
            .output()
            .expect("started")
    }

    /// A partition of the disk as a file of its own.
    fn part(&self, table: &Value, number: usize) -> PathBuf {
        let part = &table["partitiontable"]["partitions"][number];
        let sector = |name: &str| part[name].as_u64().expect("a number") * 512;
        let mut bytes = vec![0; usize::try_from(sector("size")).expect("small")];
        File::open(&self.disk).expect("open").read_exact_at(&mut bytes, sector("start")).expect("read");
        let path = self.root.path().join(format!("part{number}"));
        fs::write(&path, bytes).expect("written");
        path
    }
}

fn table(disk: &Path) -> Value {
    serde_json::from_slice(&run("/usr/sbin/sfdisk", &["--json", disk.to_str().expect("text")])).expect("JSON")
}

#[test]
fn the_disk_has_everything_of_the_stick_under_another_identity() {
    let machine = Machine::new();
    let before = fs::read(machine.root.path().join("stick.img")).expect("read");
    let output = machine.install(&machine.disk);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("The USB stick still has this box's passwords, PIN and identity"), "{said}");
    assert!(before == fs::read(machine.root.path().join("stick.img")).expect("read"), "the stick was written to");
    let said = String::from_utf8(run("/usr/sbin/sfdisk", &["--verify", machine.disk.to_str().expect("text")]));
    assert!(said.expect("text").contains("No errors detected"));

    let table = table(&machine.disk);
    let id = |value: &Value| value.as_str().expect("text").to_owned();
    let disk = id(&table["partitiontable"]["id"]);
    assert!(disk.ends_with('0') && !disk.starts_with("11111111"), "{disk}");
    let expected = [
        ("workshop-settings", "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"),
        ("workshop-esp", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"),
        ("workshop-data", "0FC63DAF-8483-4772-8E79-3D69D8477DE4"),
    ];
    for (number, (name, kind)) in expected.into_iter().enumerate() {
        let part = &table["partitiontable"]["partitions"][number];
        assert_eq!((id(&part["name"]).as_str(), id(&part["type"]).as_str()), (name, kind));
        // As /usr/lib/workshop-machine/disk of the image finds them.
        assert_eq!(id(&part["uuid"]), format!("{}{}", &disk[..35], number + 1));
    }

    for (number, name, text) in [(0, "workshop-edge.txt", "name = \"taller\"\r\n"), (1, "box_1.2.3.efi", "the system")]
    {
        let fat = machine.part(&table, number);
        let fat = fat.to_str().expect("text");
        run("/usr/sbin/fsck.vfat", &["-n", fat]);
        assert_eq!(run("mtype", &["-i", fat, &format!("::{name}")]), text.as_bytes());
        let blkid = String::from_utf8(run("/usr/sbin/blkid", &["-p", "-o", "export", fat])).expect("text");
        assert!(!blkid.contains("UUID=1111-1111"), "{blkid}");
    }
    let data = machine.part(&table, 2);
    let data = data.to_str().expect("text");
    run("/usr/sbin/e2fsck", &["-fn", data]);
    let debugfs = |order: &str| String::from_utf8(run("/usr/sbin/debugfs", &["-R", order, data])).expect("text");
    assert_eq!(debugfs("cat /workshop-edge/box-id"), "0a1b");
    assert_eq!(debugfs("cat /machine/settings/secrets"), "secret");
    assert!(debugfs("stat /machine/settings/secrets").contains("Mode:  0600"));
    assert!(debugfs("show_super_stats -h").contains("workshop-data"));
    assert!(!machine.root.path().join("data/machine/.install").exists());
}

#[test]
fn the_stick_itself_and_what_is_too_small_are_refused_and_left_alone() {
    let machine = Machine::new();
    let small = machine.root.path().join("small");
    File::create(&small).and_then(|file| file.set_len(500 * MIB)).expect("a disk");
    for (disk, words) in
        [(machine.root.path().join("stick.img"), "Refused|starts|runs from it|small"), (small, "too small")]
    {
        let before = fs::read(&disk).expect("read");
        let output = machine.install(&disk);
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(words.split('|').any(|word| said.contains(word)), "{said}");
        assert!(before == fs::read(&disk).expect("read"), "it was written to");
    }
}

/// The boot loader would count the tries of the copy.
#[test]
fn a_version_on_trial_is_not_installed() {
    let machine = Machine::new();
    let variables = machine.root.path().join("sys/firmware/efi/efivars");
    fs::create_dir_all(&variables).expect("made");
    fs::write(variables.join("LoaderBootCountPath-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"), "").expect("written");
    let at = |path: &str| machine.root.path().join(path);
    fs::create_dir_all(at("etc")).expect("made");
    fs::write(at("etc/os-release"), "IMAGE_ID=workshop-edge\nIMAGE_VERSION=1.2.3\n").expect("written");
    fs::create_dir_all(at("efi/EFI/Linux")).expect("made");
    fs::write(at("efi/EFI/Linux/box_1.2.3+2-1.efi"), "the system").expect("written");
    let output = machine.install(&machine.disk);
    assert!(String::from_utf8_lossy(&output.stderr).contains("on trial"));
    assert_eq!(output.status.code(), Some(1));
    // It has shown that it works; the variable stays until the next start.
    fs::rename(at("efi/EFI/Linux/box_1.2.3+2-1.efi"), at("efi/EFI/Linux/box_1.2.3.efi")).expect("blessed");
    let output = machine.install(&machine.disk);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// An update of the system ends in a restart, which would cut an installation off.
#[test]
fn an_update_of_the_system_and_an_installation_wait_for_each_other() {
    let machine = Machine::new();
    let path = machine.root.path().join("run/workshop-machine/system.lock");
    let lock = workshop_edge::durable::Lock::take(&path).expect("locked").expect("free");
    let before = fs::read(&machine.disk).expect("read");
    let output = machine.install(&machine.disk);
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(
        output.status.code() == Some(1) && said.contains("an update of the system or another installation"),
        "{said}"
    );
    assert!(before == fs::read(&machine.disk).expect("read"), "it was written to");
    let update = || {
        let root = machine.root.path().to_str().expect("text");
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-edge"));
        let output = command.args(["machine", "os", "install", "--root", root]).env_clear().output().expect("started");
        String::from_utf8(output.stderr).expect("text")
    };
    let said = update();
    assert!(said.contains("the system is being installed to a disk"), "{said}");
    drop(lock);
    let said = update();
    assert!(!said.contains("the system is being installed to a disk"), "{said}");
    assert!(machine.install(&machine.disk).status.success());
}

/// A cut after the table went: nothing on the disk can be started from, and the stick can be started again.
#[test]
fn an_installation_that_fails_leaves_no_table() {
    let machine = Machine::new();
    assert!(machine.install(&machine.disk).status.success());
    // Without mke2fs it ends after the table of before was taken away.
    let output = Command::new(env!("CARGO_BIN_EXE_workshop-edge"))
        .args(["machine", "install", "--yes", "--disk"])
        .arg(&machine.disk)
        .arg("--root")
        .arg(machine.root.path())
        .env_clear()
        .env("PATH", "/nonexistent")
        .output()
        .expect("started");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let sfdisk = Command::new("/usr/sbin/sfdisk").arg("--json").arg(&machine.disk).output().expect("started");
    assert!(!sfdisk.status.success(), "{}", String::from_utf8_lossy(&sfdisk.stdout));
    assert!(machine.install(&machine.disk).status.success(), "it can be installed again");
}
