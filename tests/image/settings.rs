//! What a technician writes into `workshop-edge.txt`, and its effect.

use crate::box_status::status;
use crate::disk::Disk;
use crate::lan::{COMPANY, Lan, ROUTER};
use crate::machine::{Machine, Setup};
use crate::support::scan;

/// The address of the settings; the router would lend another.
const FIXED: &str = "10.9.0.60";

/// As Windows' editor saves it: with a byte order mark and its own line ends.
fn as_notepad_saves(text: &str) -> Vec<u8> {
    format!("\u{feff}{}", text.replace('\n', "\r\n")).into_bytes()
}

fn good() -> String {
    // The time server's name is in a company's domain, which multicast DNS has nothing to do with.
    format!(
        "name = \"soldadura\"\nnetwork.address = \"{FIXED}/24\"\nnetwork.gateway = \"10.9.0.1\"\nnetwork.dns = [\"{ROUTER}\"]\nnetwork.ntp = [\"hora.{COMPANY}\"]\n"
    )
}

/// Waits until the box's own screen shows its address.
fn shows_address(machine: &mut Machine, name: &str) {
    machine.wait("the address on its screen", |machine| {
        (scan(&machine.screenshot(name)).as_deref() == Some(&format!("http://{FIXED}"))).then_some(())
    });
}

#[test]
fn a_fixed_address_holds_and_a_mistake_costs_nothing() {
    // The image may as well be on the disk that is built in.
    let (lan, disk) = (Lan::new(), Disk::flashed());
    let url = |path: &str| format!("http://{FIXED}/{path}");
    disk.write_settings("workshop-edge.txt", &as_notepad_saves(&good()));
    let mut machine = Setup::installed(&disk).nvme().start(&lan, "settings-good");
    machine.wait("the display", |_| lan.get(&url("")));
    let told = machine.wait("the status", |_| status(&lan, FIXED));
    assert_eq!(told["name"]["wanted"], "soldadura", "{told}");
    let machine_says = machine.wait("what its machine says", |_| crate::box_status::machine_says(&lan, FIXED));
    assert!(!machine_says.contains("no se distinguen") && !machine_says.contains("no se usa"), "{machine_says}");
    let _time = lan.time_server();
    machine.wait("the time of the company's server", |_| {
        status(&lan, FIXED).filter(|status| status["clock"]["trusted"] == true)
    });

    // Somebody gives a device of theirs the same address.
    let other = lan.lab.host("switch", &[&format!("{FIXED}/24")]);
    let hardware = other.hardware("eth0");
    machine.reads(&["usa la misma", &hardware], "duplicate-address");
    let health = machine.wait("the fault", |_| lan.get(&url("health")).filter(|text| text.contains(&hardware)));
    assert!(health.contains("\"machine\":{\"status\":\"degraded\""), "{health}");
    other.remove_address(&format!("{FIXED}/24"));
    machine.wait("the end of it", |_| lan.get(&url("health")).filter(|text| !text.contains(&hardware)));
    machine.cut();

    // Somebody mistypes, and the last good settings hold.
    let bad = good().replace("10.9.0.60/24", "10.9.0.600/24");
    disk.write_settings("workshop-edge.txt", &as_notepad_saves(&bad));
    let mut machine = Setup::installed(&disk).nvme().start(&lan, "settings-bad");
    machine.wait("the display", |_| lan.get(&url("")));
    let health = machine.wait("the fault", |_| {
        lan.get(&url("health")).filter(|text| text.contains("\"machine\":{\"status\":\"degraded\""))
    });
    assert!(health.contains("line 2") && health.contains("10.9.0.600"), "{health}");
    shows_address(&mut machine, "settings-bad");

    // The menu of a person with a keyboard, and back.
    machine.opens_menu(&["menú del equipo"], "menu");
    machine.monitor().press(&["alt", "f1"]);
    shows_address(&mut machine, "settings-back");
    machine.cut();
    let told = String::from_utf8(disk.settings("ERRORES.txt")).expect("UTF-8");
    assert!(told.contains("10.9.0.600"), "{told}");
}
