//! Versions of the operating system: changed to, and come back from.

use crate::box_status::machine_says;
use crate::disk::Disk;
use crate::foreign_stick::ForeignStick;
use crate::lan::{LEASED_ADDRESS, Lan};
use crate::machine::{Machine, Setup};
use crate::repository::TestRepository;
use crate::support::scan;
use crate::systems;

fn serves(machine: &mut Machine, lan: &Lan) {
    machine.wait("the display", |_| lan.get(&format!("http://{LEASED_ADDRESS}/")));
}

/// Waits until the box's status is as wanted.
fn shows(machine: &mut Machine, lan: &Lan, what: &str, is_there: impl Fn(&serde_json::Value) -> bool) {
    machine.wait(what, |_| {
        lan.json(&format!("http://{LEASED_ADDRESS}/_edge/status.json")).filter(|status| is_there(status))
    });
}

/// Publishes a system, and a program that needs it.
fn publish_both(repository: &TestRepository) {
    systems::publish(repository, "2.0.0");
    let needs = ["--deltas", "0", "--requires-os", "2.0.0"];
    repository.publish_with("stable", "1.1.0", &[&systems::program("1.1.0")], &needs);
}

/// Waits until the new system has shown that it works, and the program that needs it runs on it.
fn has_both(machine: &mut Machine, lan: &Lan, own: &Disk) {
    machine
        .wait("2.0.0 has shown that it works", |_| (own.systems() == ["box_1.0.0.efi", "box_2.0.0.efi"]).then_some(()));
    shows(machine, lan, "1.1.0 on 2.0.0", |status| {
        status["machine"]["os_version"] == "2.0.0" && status["version"] == "1.1.0"
    });
}

#[test]
fn the_bucket_brings_a_system_and_then_the_program_that_needs_it() {
    let (lan, own, repository) = (Lan::new(), Disk::with(&systems::image()), systems::publisher());
    publish_both(&repository);
    let _bucket = lan.bucket(&repository.directory());
    let mut machine = Setup::stick(&own).start(&lan, "os-good-before");
    machine.wait_for_its_restart("2.0.0 is installed");
    assert_eq!(own.systems(), ["box_1.0.0.efi", "box_2.0.0+3.efi"]);
    let mut machine = Setup::stick(&own).start(&lan, "os-good-after");
    has_both(&mut machine, &lan, &own);
}

#[test]
fn a_stick_brings_both_where_there_is_no_internet() {
    let (lan, own, repository) = (Lan::new(), Disk::with(&systems::image()), systems::publisher());
    publish_both(&repository);
    let stick = ForeignStick::partitioned().with_directory("workshop-edge", &repository.directory());
    let mut machine = Setup::stick(&own).start(&lan, "os-stick-before");
    serves(&mut machine, &lan);
    machine.plug(&stick);
    // What it says meanwhile, until its restart.
    let mut said = Vec::new();
    machine.wait_for_its_restart_and("2.0.0 is installed", || {
        said.extend(machine_says(&lan, LEASED_ADDRESS).filter(|told| !said.contains(told)));
    });
    assert_eq!(own.systems(), ["box_1.0.0.efi", "box_2.0.0+3.efi"], "{said:#?}");
    let when = |words: &str| said.iter().position(|told| told.contains(words));
    let (copies, is_done) = (when("2.0.0 del sistema: no retire la memoria"), when("Ya puede retirar la memoria USB."));
    assert!(copies.is_some() && is_done > copies, "{said:#?}");

    let mut machine = Setup::stick(&own).plugged(&stick).start(&lan, "os-stick-after");
    has_both(&mut machine, &lan, &own);
    machine.reads(&["Ya puede retirar la memoria USB."], "os-stick-done");
}

#[test]
fn a_full_boot_partition_costs_nothing_but_the_new_system() {
    let (lan, own, repository) = (Lan::new(), Disk::with(&systems::image()), systems::publisher());
    systems::publish(&repository, "2.0.0");
    let _bucket = lan.bucket(&repository.directory());
    let before = own.system();
    own.fill_boot(16 << 20);
    let mut machine = Setup::stick(&own).start(&lan, "os-full");
    shows(&mut machine, &lan, "no room", |status| {
        let faults = status["health"]["faults"].to_string();
        faults.contains("no room for the system's new version") && faults.contains("bytes more are needed")
    });
    serves(&mut machine, &lan);
    machine.cut();
    assert_eq!(own.system(), before);
    assert_eq!(own.boot_files(), ["box_1.0.0.efi"], "nothing half written");

    // As soon as there is room, it comes.
    own.empty_boot();
    let mut machine = Setup::stick(&own).start(&lan, "os-room-again");
    machine.wait_for_its_restart("2.0.0 is installed");
    assert_eq!(own.systems(), ["box_1.0.0.efi", "box_2.0.0+3.efi"]);
}

/// Starts a machine whose newest system is a bad one until the boot loader gives it up, and shows that the one before
/// comes by itself and knows.
fn is_given_up(version: &str) {
    let (lan, stick) = (Lan::new(), Disk::with(&systems::image()));
    stick.put_system(&systems::system(version), &format!("box_{version}+3.efi"));
    for counted in ["+2-1", "+1-2", "+0-3"] {
        let mut machine = Setup::stick(&stick).start(&lan, &format!("os-{version}"));
        machine.wait_for_its_restart("it does not work");
        assert_eq!(stick.systems(), ["box_1.0.0.efi".to_owned(), format!("box_{version}{counted}.efi")]);
    }
    let mut machine = Setup::stick(&stick).start(&lan, &format!("os-{version}-fallen-back"));
    serves(&mut machine, &lan);
    shows(&mut machine, &lan, "what has failed", |status| {
        let faults = &status["health"]["faults"];
        status["machine"]["os_version"] == "1.0.0"
            && faults.to_string().contains(&format!("version {version} did not come as far"))
    });
    assert_eq!(stick.systems(), ["box_1.0.0.efi"]);
    // The screen says so beside its code.
    machine.wait("the screen", |machine| scan(&machine.screenshot(&format!("os-{version}-fallen-back"))));
}

/// What is wrong with systems in the tests of every day: a kernel that panics. `WORKSHOP_BAD_SYSTEMS` names others of
/// `tests/image/build-systems`, which take minutes to be found out: `3.0.0,4.0.0,5.0.0,6.0.0`.
const BAD: &str = "3.0.0";

#[test]
fn whatever_is_wrong_with_a_system_it_is_given_up() {
    let versions = std::env::var("WORKSHOP_BAD_SYSTEMS");
    for version in versions.as_deref().unwrap_or(BAD).split(',') {
        is_given_up(version);
    }
}
