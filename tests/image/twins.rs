//! Two disks that were flashed with one image.

use crate::box_status::machine_says;
use crate::disk::Disk;
use crate::lan::{LEASED_ADDRESS, Lan};
use crate::machine::{MODEL, Setup};
use crate::support::run;

#[test]
fn only_the_disk_that_was_started_from_is_written_to() {
    let (lan, stick, built_in, spare) = (Lan::new(), Disk::flashed(), Disk::flashed(), Disk::flashed());
    let flashed = Disk::flashed();
    let mut machine = Setup::stick(&stick).built_in(&built_in).start(&lan, "twins");
    machine.wait("the display", |_| lan.get(&format!("http://{LEASED_ADDRESS}/")));
    machine.reads(&["Este equipo funciona desde la memoria USB", "no se usa"], "twins-stick");
    let said = machine.wait("what is said", |_| machine_says(&lan, LEASED_ADDRESS));
    assert!(!said.contains(MODEL) && !said.contains("no recordará"), "{said}");
    machine.wait("an identity", |_| stick.data_file("/workshop-edge/box-id"));
    // A spare stick, which the firmware could have started from as well.
    machine.monitor().plug("spare", spare.path());
    machine.reads(&["no se distinguen"], "twins-spare");
    machine.monitor().pull("spare");
    machine.wait("the end of it", |_| {
        machine_says(&lan, LEASED_ADDRESS).filter(|told| !told.contains("no se distinguen"))
    });
    machine.cut();
    for other in [built_in, spare] {
        let [other, flashed] = [&other, &flashed].map(|disk| disk.path().display().to_string());
        run("cmp", &[&other, &flashed]);
    }
}
