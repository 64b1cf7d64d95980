//! Two disks that were flashed with one image: the image's own scripts.

use super::super::support::lab::{Host, Lab};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/usb-image/rootfs/usr/lib/workshop-machine");

/// As systemd-udevd lists who has a claim to a name.
const LINKS: &str = "/run/udev/links/\\x2fworkshop\\x2fesp";

fn read_notice(host: &Host) -> String {
    host.run("sh", &[&format!("{SCRIPTS}/twins")]);
    host.run("sh", &["-c", "cat /run/workshop-machine/notices/disk.json 2>/dev/null || true"])
}

#[test]
fn two_disks_of_one_image_are_reported_until_one_is_gone() {
    let lab = Lab::new(&[]);
    let host = lab.bare_host();
    assert_eq!(read_notice(&host), "");
    host.run("mkdir", &["-p", LINKS]);
    host.run("ln", &["-s", "0:/dev/sda2", &format!("{LINKS}/b8:2")]);
    // Another name of the same.
    let label = "/run/udev/links/\\x2fdisk\\x2fby-partlabel\\x2fworkshop-esp";
    host.run("mkdir", &["-p", label]);
    host.run("ln", &["-s", "0:/dev/sda2", &format!("{label}/b8:2")]);
    assert_eq!(read_notice(&host), "");
    // A partition that was found again, under another number.
    host.run("ln", &["-s", "0:/dev/sda2", &format!("{LINKS}/b259:5")]);
    assert_eq!(read_notice(&host), "");
    // One that is on the bus that the firmware started from is known from one that is not.
    host.run("ln", &["-s", "10:/dev/sdb2", &format!("{LINKS}/b8:18")]);
    assert_eq!(read_notice(&host), "");
    host.run("ln", &["-sfn", "0:/dev/sdb2", &format!("{LINKS}/b8:18")]);
    let notice: serde_json::Value = serde_json::from_str(&read_notice(&host)).expect("JSON");
    assert_eq!(notice["level"], "fault");
    for lang in ["es", "en"] {
        assert!(notice[lang].as_str().is_some_and(|text| text.contains("USB")), "{notice}");
    }
    host.run("rm", &[&format!("{LINKS}/b8:2"), &format!("{LINKS}/b259:5")]);
    assert_eq!(read_notice(&host), "");
}

#[test]
fn it_is_looked_for_with_every_disk_that_comes_or_goes() {
    let lab = Lab::new(&[]);
    let host = lab.bare_host();
    host.run("sh", &[&format!("{SCRIPTS}/disk")]);
    let rules = host.run("cat", &["/run/udev/rules.d/61-workshop-disk.rules"]);
    let rule = rules.lines().find(|line| line.contains("workshop-machine/twins")).expect("a rule");
    assert!(rule.contains(r#"ENV{ID_PART_ENTRY_NAME}=="workshop-esp""#), "{rule}");
}

/// An EFI variable: four bytes of attributes, and its value.
fn variable(host: &Host, root: &str, name: &str, value: &[u8]) {
    let mut bytes = vec![7, 0, 0, 0];
    bytes.extend_from_slice(value);
    let file = format!("{root}/{name}-8be4df61-93ca-11d2-aa0d-00e098032b8c");
    std::fs::write(&file, bytes).expect("written");
    host.run("test", &["-s", &file]);
}

/// A boot entry (UEFI, `EFI_LOAD_OPTION`) whose device path has these nodes.
fn entry(nodes: &[&[u8]]) -> Vec<u8> {
    let path: Vec<u8> = nodes.concat();
    let mut option = vec![1, 0, 0, 0];
    option.extend(u16::try_from(path.len()).expect("short").to_le_bytes());
    option.extend("UEFI disk\0".encode_utf16().flat_map(u16::to_le_bytes));
    option.extend(path);
    // What a boot loader is given may follow.
    option.extend([3, 5, 6, 0, 0, 0]);
    option
}

#[test]
fn the_firmware_says_by_which_bus_it_has_started() {
    const ACPI: &[u8] = &[2, 1, 12, 0, 0xd0, 0x41, 3, 0x0a, 0, 0, 0, 0];
    const PCI: &[u8] = &[1, 1, 6, 0, 0, 3];
    const END: &[u8] = &[127, 255, 4, 0];
    let sata: &[u8] = &[3, 18, 10, 0, 0, 0, 255, 255, 0, 0];
    let usb: &[u8] = &[3, 5, 6, 0, 0, 0];
    let lab = Lab::new(&[]);
    for (nodes, bus) in
        [(&[ACPI, PCI, usb, END], "usb"), (&[ACPI, PCI, sata, END], "other"), (&[ACPI, PCI, END, END], "")]
    {
        let host = lab.bare_host();
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().to_str().expect("text");
        variable(&host, root, "BootCurrent", &[0x1a, 0]);
        variable(&host, root, "Boot001A", &entry(nodes));
        let script = std::fs::read_to_string(format!("{SCRIPTS}/disk")).expect("the script");
        let script = script.replace("/sys/firmware/efi/efivars", root);
        host.run("sh", &["-c", &script]);
        assert_eq!(host.run("cat", &["/run/workshop-machine/boot-bus"]).trim(), bus);
        let rules = host.run("cat", &["/run/udev/rules.d/61-workshop-disk.rules"]);
        assert_eq!(rules.contains("link_priority"), !bus.is_empty(), "{rules}");
    }
}
