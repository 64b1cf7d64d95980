//! The units of the image.

use std::path::{Path, PathBuf};

fn image(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("usb-image/rootfs").join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(image(path)).expect("a file of the image")
}

/// The words of all lines with this key.
fn words<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    let lines = unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    lines.flat_map(str::split_whitespace).collect()
}

/// systemd.mount(5): a mount of fstab that is "nofail" is not ordered before local-fs.target.
#[test]
fn the_settings_are_read_when_their_partition_is_mounted() {
    let fstab = read("etc/fstab");
    let line = fstab.lines().find(|line| line.contains(" /media/settings ")).expect("the partition");
    assert!(line.contains("nofail"), "{line}");
    let unit = read("usr/lib/systemd/system/workshop-machine-settings.service");
    for key in ["Wants", "After"] {
        assert!(words(&unit, key).contains(&"media-settings.mount"), "{key}: {unit}");
    }
}

/// systemd-fsck@.service is started before what is mounted with 2 in the sixth field, by the script of the image.
#[test]
fn fat_partitions_are_checked_and_mounted_whatever_comes_of_it() {
    let fstab = read("etc/fstab");
    let fat: Vec<_> = fstab.lines().filter(|line| line.contains(" vfat ")).collect();
    assert!(fat.len() == 2 && fat.iter().all(|line| line.ends_with(" 2")), "{fstab}");
    let unit = read("usr/lib/systemd/system/systemd-fsck@.service.d/image.conf");
    assert!(unit.contains("\nExecStart=\nExecStart=-/usr/lib/workshop-machine/fat %f\n"), "{unit}");
    // While the data partition is made, the disk is locked, and its partitions are dropped and found again.
    let data = "workshop-machine-data.service";
    assert!(words(&unit, "After").contains(&data), "{unit}");
    assert!(fat.iter().all(|line| line.contains(&format!("x-systemd.after={data}"))), "{fstab}");
    assert!(!unit.contains("TimeoutStartSec=infinity") && unit.contains("TimeoutStartSec="), "{unit}");
}

/// By the measure of systemd-analyze(1), "security", in tenths: 100 is a unit that may do everything.
#[test]
fn units_may_do_no_more_than_they_have_to() {
    let directory = tempfile::tempdir().expect("a directory");
    for (unit, most) in [
        ("settings", 20),
        ("address", 22),
        ("ssh", 32),
        ("stick@", 42),
        ("menu", 42),
        ("os-install", 20),
        ("os-settle", 20),
    ] {
        // A template has to be an instance.
        let instance = if unit.ends_with('@') { "sdb1" } else { "" };
        let copy = directory.path().join(format!("workshop-machine-{unit}{instance}.service"));
        std::fs::write(&copy, read(&format!("usr/lib/systemd/system/workshop-machine-{unit}.service")))
            .expect("written");
        let mut command = std::process::Command::new("systemd-analyze");
        let command =
            command.args(["security", "--offline=yes", "--no-pager", &format!("--threshold={most}")]).arg(copy);
        let output = command.output().expect("systemd-analyze (tests/run installs systemd)");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{unit}: {}", said.lines().last().unwrap_or_default());
    }
}

/// A line in the journal costs a stick some 100 kB of its life, and without a time server there is one every few minutes.
#[test]
fn what_is_said_for_ever_is_not_kept() {
    let unit = read("usr/lib/systemd/system/systemd-timesyncd.service.d/image.conf");
    assert_eq!(words(&unit, "LogLevelMax"), ["notice"], "{unit}");
    let unit = read("usr/lib/systemd/system/systemd-resolved.service.d/image.conf");
    assert_eq!(words(&unit, "LogRateLimitIntervalSec"), ["12h"], "{unit}");
}
