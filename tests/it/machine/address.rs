//! Another device with the machine's address: the image's own script, on a network of its own.

use std::process::{Child, Stdio};

use serde_json::Value;

use super::super::support::eventually;
use super::super::support::lab::{Host, Lab};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/usb-image/rootfs/usr/lib/workshop-machine/address");

/// The script at work on a host; ended with this value.
struct AddressScript(Child);

impl AddressScript {
    fn start(host: &Host) -> Self {
        host.run("mount", &["-t", "sysfs", "-o", "ro", "sysfs", "/sys"]);
        let mut command = host.command("sh");
        command.args([SCRIPT, "1"]).stderr(Stdio::null());
        Self(command.spawn().expect("sh"))
    }
}

impl Drop for AddressScript {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn notice(host: &Host) -> Option<Value> {
    let text = host.run("sh", &["-c", "cat /run/workshop-machine/notices/address.json 2>/dev/null || true"]);
    (!text.is_empty()).then(|| serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn a_device_with_the_same_address_is_named_until_it_has_another() {
    let lab = Lab::new(&["switch"]);
    let machine = lab.host("switch", &["10.9.0.60/24"]);
    let other = lab.host("switch", &["10.9.0.60/24"]);
    let hardware = other.hardware("eth0");
    let _looks = AddressScript::start(&machine);
    eventually("the other is named", || notice(&machine).is_some());
    let said = notice(&machine).expect("a notice");
    assert_eq!(said["level"], "fault");
    for lang in ["es", "en"] {
        let text = said[lang].as_str().expect("text");
        assert!(text.contains("10.9.0.60") && text.contains(&hardware), "{text}");
    }
    other.remove_address("10.9.0.60/24");
    eventually("the end of it", || notice(&machine).is_none());
}

/// A machine with two cards in one network answers on both for either address.
#[test]
fn the_machine_is_no_other_device() {
    let lab = Lab::new(&["switch"]);
    let machine = lab.host("switch", &["10.9.0.60/24"]);
    let _second = lab.plug(&machine, "eth1", "switch");
    machine.ip(&["address", "add", "10.9.0.61/24", "dev", "eth1"]);
    let asked = machine.run("sh", &["-c", "busybox arping -D -c 3 -w 3 -I eth0 10.9.0.60 || true"]);
    assert!(asked.contains("reply from 10.9.0.60"), "{asked}");
    let _looks = AddressScript::start(&machine);
    let third = lab.host("switch", &["10.9.0.61/24"]);
    // By the time that the third is named, the first address has been asked for.
    eventually("the third is named", || notice(&machine).is_some());
    let said = notice(&machine).expect("a notice");
    assert!(said["en"].as_str().is_some_and(|text| text.contains("10.9.0.61")), "{said}");
    drop(third);
}
