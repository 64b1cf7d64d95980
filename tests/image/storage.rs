//! A data partition that is lost, or full.

use crate::disk::Disk;
use crate::lan::{LENT, Lan};
use crate::machine::Setup;

#[test]
fn neither_a_lost_nor_a_full_data_partition_keeps_the_display_away() {
    let (lan, stick) = (Lan::new(), Disk::flashed());
    let url = |path: &str| format!("http://{LENT}/{path}");
    let mut machine = Setup::stick(&stick).start(&lan, "storage-first");
    machine.wait("the display", |_| lan.get(&url("")));
    let first = machine.wait("an identity", |_| stick.data_file("/workshop-edge/box-id"));
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
