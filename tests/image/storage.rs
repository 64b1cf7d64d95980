//! A data partition that is lost, or full.

use crate::box_status::status;
use crate::disk::Disk;
use crate::lan::{LEASED_ADDRESS, Lan};
use crate::machine::Setup;

#[test]
fn neither_a_lost_nor_a_full_data_partition_keeps_the_display_away() {
    let (lan, stick) = (Lan::new(), Disk::flashed());
    let url = |path: &str| format!("http://{LEASED_ADDRESS}/{path}");
    let mut machine = Setup::stick(&stick).start(&lan, "storage-first");
    machine.wait("the display", |_| lan.get(&url("")));
    let first = machine.wait("an identity", |_| stick.data_file("/workshop-edge/box-id"));
    // Pulled out while it runs. The kernel's words about it are in the journal.
    machine.pull_own();
    let lost = "El disco de datos ya no está";
    machine.reads(&[lost], "lost-stick");
    machine.monitor().press(&["alt", "sysrq", "s"]);
    let health = machine.wait("the fault", |_| {
        lan.get(&url("health")).filter(|text| text.contains("\"storage\":{\"status\":\"degraded\""))
    });
    assert!(health.contains("data disk is gone") && health.contains("does not start without it"), "{health}");
    let status = machine.wait("the status", |_| status(&lan, LEASED_ADDRESS));
    assert!(status.get("disk").is_none(), "{status}");
    lan.get(&url("")).expect("the display");
    // What the kernel says all the same, since somebody has asked it to, is painted over.
    machine.wait("a clean screen", |machine| {
        let screen = machine.words();
        (screen.contains(lost) && !screen.contains("sysrq") && !screen.contains("EXT4-fs")).then_some(())
    });
    machine.screenshot("lost-stick-after-the-kernel");
    machine.cut();

    stick.ruin_data();
    let mut machine = Setup::stick(&stick).start(&lan, "storage-ruined");
    machine.wait("the display", |_| lan.get(&url("")));
    let second = machine.wait("another identity", |_| stick.data_file("/workshop-edge/box-id"));
    assert_ne!(first, second, "what was on it is lost");
    machine.cut();

    stick.fill_data(64 << 10);
    let mut machine = Setup::stick(&stick).start(&lan, "storage-full");
    machine.wait("the display", |_| lan.get(&url("")));
    assert_eq!(stick.data_file("/workshop-edge/box-id").as_ref(), Some(&second), "it is still the same box");
}
