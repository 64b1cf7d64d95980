//! Two disks that were flashed with one image: the image's own scripts.

use super::super::support::lab::{Host, Lab};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/usb-image/rootfs/usr/lib/workshop-machine");

/// As systemd-udevd lists who has a claim to a name.
const LINKS: &str = "/run/udev/links/\\x2fworkshop\\x2fesp";

fn told(host: &Host) -> String {
    host.run("sh", &[&format!("{SCRIPTS}/twins")]);
    host.run("sh", &["-c", "cat /run/workshop-machine/notices/disk.json 2>/dev/null || true"])
}

#[test]
fn two_disks_of_one_image_are_told_until_one_is_gone() {
    let lab = Lab::new(&[]);
    let host = lab.bare_host();
    assert_eq!(told(&host), "");
    host.run("mkdir", &["-p", LINKS]);
    host.run("ln", &["-s", "0:/dev/sda2", &format!("{LINKS}/b8:2")]);
    // Another name of the same.
    let label = "/run/udev/links/\\x2fdisk\\x2fby-partlabel\\x2fworkshop-esp";
    host.run("mkdir", &["-p", label]);
    host.run("ln", &["-s", "0:/dev/sda2", &format!("{label}/b8:2")]);
    assert_eq!(told(&host), "");
    host.run("ln", &["-s", "0:/dev/sdb2", &format!("{LINKS}/b8:18")]);
    let notice: serde_json::Value = serde_json::from_str(&told(&host)).expect("JSON");
    assert_eq!(notice["level"], "fault");
    for lang in ["es", "en"] {
        assert!(notice[lang].as_str().is_some_and(|text| text.contains("USB")), "{notice}");
    }
    host.run("rm", &[&format!("{LINKS}/b8:2")]);
    assert_eq!(told(&host), "");
}

#[test]
fn it_is_looked_for_with_every_disk_that_comes_or_goes() {
    let lab = Lab::new(&[]);
    let host = lab.bare_host();
    host.run("sh", &[&format!("{SCRIPTS}/disk")]);
    let rules = host.run("cat", &["/run/udev/rules.d/61-workshop-disk.rules"]);
    let rule = rules.lines().find(|line| line.contains("workshop/esp")).expect("a rule");
    assert!(rule.ends_with(r#"SYMLINK+="workshop/esp", RUN+="/usr/lib/workshop-machine/twins""#), "{rule}");
}
