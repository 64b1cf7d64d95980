//! Secure Boot: firmware that has the key of the image's signer.

use crate::disk::Disk;
use crate::lan::{LEASED_ADDRESS, Lan};
use crate::machine::Setup;
use crate::systems;

#[test]
fn firmware_that_starts_only_what_is_signed_starts_the_signed_image() {
    let lan = Lan::new();
    let unsigned = Disk::with(&systems::image());
    let mut machine = Setup::stick(&unsigned).secure().start(&lan, "secure-unsigned");
    machine.wait("the firmware's refusal", |machine| machine.said().contains("Access Denied").then_some(()));
    drop(machine);

    let signed = Disk::with(&systems::signed_image());
    let mut machine = Setup::stick(&signed).secure().start(&lan, "secure-signed");
    machine.wait("the display", |_| lan.get(&format!("http://{LEASED_ADDRESS}/")));
}
