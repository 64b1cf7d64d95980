//! Every disk that a cut may leave, of those that random says: what was flushed is there, and of what was not, any part.

use crate::disk::Disk;
use crate::lan::{LEASED_ADDRESS, Lan};
use crate::machine::Setup;
use crate::support::Random;
use crate::systems;
use crate::write_log::WriteLog;

/// Replays in the tests of every day, and how many of them are started; `WORKSHOP_REPLAYS` asks for more.
const FEW: usize = 6;
const STARTED: usize = 1;

fn replays() -> usize {
    std::env::var("WORKSHOP_REPLAYS").map_or(FEW, |text| text.parse().expect("WORKSHOP_REPLAYS is a number"))
}

#[test]
fn whatever_a_first_start_leaves_unflushed_the_next_one_serves() {
    let lan = Lan::new();
    let (pristine, stick) = (Disk::flashed(), Disk::flashed());
    let log = tempfile::NamedTempFile::new().expect("a file");
    let mut machine = Setup::stick(&stick).logged(log.path()).start(&lan, "replays-first");
    machine.wait("the display", |_| lan.get(&format!("http://{LEASED_ADDRESS}/")));
    let id = machine.wait("an identity", |_| stick.data_file("/workshop-edge/box-id"));
    machine.cut();
    // From here on somebody has seen it, so it must not be lost.
    let log = WriteLog::open(log.path());
    assert!(log.len() > 100, "{} requests", log.len());

    let mut started = 0;
    let mut random = Random::new(Random::seed("WORKSHOP_REPLAYS"), 0);
    for number in 0..replays() {
        let disk = pristine.copy();
        let cut = if number == 0 { log.len() } else { random.below(log.len() + 1) };
        log.replay(disk.path(), cut, || random.below(2) == 0);
        assert!(disk.system() == pristine.system(), "after {cut} requests, the system is not what was flashed");
        if started < STARTED {
            started += 1;
            let mut machine = Setup::stick(&disk).start(&lan, "replays");
            machine.wait("the display", |_| lan.get(&format!("http://{LEASED_ADDRESS}/")));
            let now = machine.wait("an identity", |_| disk.data_file("/workshop-edge/box-id"));
            if cut == log.len() {
                assert_eq!(now, id, "what was shown is kept");
            }
        } else if let Some(said) = disk.data_beyond_repair() {
            // Before its table is written there is no data partition; a file system that has not become whole is made again.
            assert!(cut < log.len(), "after {cut} of {} requests: {said}", log.len());
        }
    }
}

#[test]
fn whatever_an_update_of_the_system_leaves_unflushed_a_whole_one_is_started() {
    let (lan, repository) = (Lan::new(), systems::publisher());
    systems::publish(&repository, "2.0.0");
    let _bucket = lan.bucket(&repository.directory());
    let (pristine, stick) = (Disk::with(&systems::image()), Disk::with(&systems::image()));
    let log = tempfile::NamedTempFile::new().expect("a file");
    let mut machine = Setup::stick(&stick).logged(log.path()).start(&lan, "replays-update");
    machine.wait_for_its_restart("2.0.0 is installed");
    let log = WriteLog::open(log.path());
    let (before, after) = (stick.system_file("box_1.0.0.efi"), stick.system_file("box_2.0.0+3.efi"));
    // Most of what it writes are the two copies of the system, one after the other.
    let mut installed = 0;
    let mut random = Random::new(Random::seed("WORKSHOP_REPLAYS"), 1);
    for number in 0..replays() {
        let disk = pristine.copy();
        let cut = if number == 0 { log.len() } else { random.below(log.len() + 1) };
        log.replay(disk.path(), cut, || random.below(2) == 0);
        let systems = disk.systems();
        assert!(disk.system_file("box_1.0.0.efi") == before, "after {cut} requests, 1.0.0 is not what was flashed");
        if systems != ["box_1.0.0.efi"] {
            assert_eq!(systems, ["box_1.0.0.efi", "box_2.0.0+3.efi"]);
            assert!(disk.system_file("box_2.0.0+3.efi") == after, "after {cut} requests, 2.0.0 is there and not whole");
            installed += 1;
        }
        if number < STARTED {
            assert_eq!(installed, 1, "what was acknowledged by the restart is there");
            let mut machine = Setup::stick(&disk).start(&lan, "replays-updated");
            machine.wait("the display", |_| lan.get(&format!("http://{LEASED_ADDRESS}/")));
            machine.wait("the new system", |_| {
                let status = lan.json(&format!("http://{LEASED_ADDRESS}/_edge/status.json"))?;
                (status["machine"]["os_version"] == "2.0.0").then_some(())
            });
        }
    }
}
