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
