//! The disk of the box: full, not to be written, or with other bytes than were written.

use std::fs;
use std::path::{Path, PathBuf};

use workshop_edge::slots::{self, Slot};

use super::world::World;
use crate::support::Disk;

/// The fault of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    Missing,
    Empty,
    Torn,
    Flipped,
}

const DAMAGES: [Damage; 4] = [Damage::Missing, Damage::Empty, Damage::Torn, Damage::Flipped];

impl Damage {
    fn happens_to(self, path: &Path) {
        let mut bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        match self {
            Self::Missing => return fs::remove_file(path).expect("removed"),
            Self::Empty => bytes.clear(),
            Self::Torn => bytes.truncate(bytes.len() / 2),
            Self::Flipped => {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            }
        }
        // In place: a disk does not ask whether the file is being executed, but nothing runs at this moment.
        fs::write(path, bytes).expect("written");
    }

    /// To all files there whose names begin so.
    fn happens(self, directory: &Path, names: &[&str]) {
        let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        let paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        let is_meant = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).expect("UTF-8");
            path.is_file() && names.iter().any(|meant| name.starts_with(meant))
        };
        let meant: Vec<_> = paths.into_iter().filter(is_meant).collect();
        assert!(!meant.is_empty(), "{names:?} in {}", directory.display());
        for path in &meant {
            self.happens_to(path);
        }
    }
}

#[test]
fn a_full_disk_costs_the_update_alone() {
    let disk = Disk::new(64);
    let mut world = World::on(&disk.path.join("data"));
    world.repository.promote(&["--version", "1.1.0"]);
    disk.fill(1024 * 1024);
    world.fails(&["apply"], "disk_full", "not enough room on the disk");
    disk.empty();
    disk.fill(0);
    // Something that has to be remembered.
    world.repository.refresh(&["--expires", "timestamp=9d"]);
    world.fails(&["check"], "disk_full", "cannot keep");
    let said = world.order(&["hold"]).expect_err("it cannot be remembered");
    assert!(said.contains("order"), "{said}");
    assert_eq!(world.state()["order"]["held"], false);
    world.while_off(|_| {});
    world.displays("1.0.0");
    disk.empty();
    // What could not be made at the start is there after another.
    world.while_off(|_| {});
    world.follows();
}

#[test]
fn a_disk_that_cannot_be_written_leaves_the_box_as_it_is() {
    let mut disk = Disk::new(128);
    let mut world = World::on(&disk.path.join("data"));
    world.recovers();
    disk.can_be_written(false);
    world.shows("1.1.0");
    world.repository.refresh(&["--expires", "timestamp=9d"]);
    world.fails(&["check"], "not_writable", "cannot keep");
    world.order(&["hold"]).expect_err("it cannot be remembered");
    world.order(&["rollback"]).expect_err("it cannot be remembered");
    world.shows("1.1.0");
    // Its control socket cannot be made.
    world.while_off(|_| {});
    world.displays("1.1.0");
    disk.can_be_written(true);
    // What could not be made at the start, such as the control socket, is there after another.
    world.while_off(|_| {});
    world.checks();
    world.shows("1.1.0");
}

/// It is the disk's fault, and the release is none the worse for it.
#[test]
fn a_disk_that_nothing_may_be_executed_from_is_distinguished_from_a_bad_release() {
    let mut disk = Disk::new(128);
    let world = World::on(&disk.path.join("data"));
    disk.can_be_executed(false);
    world.repository.promote(&["--version", "1.1.0"]);
    world.fails(&["apply"], "not_executable", "cannot run");
    disk.can_be_executed(true);
    world.follows();
}

/// Whatever happens to what the box remembers of its repository and its technician, the version stays, and the
/// repository is believed again.
#[test]
fn what_is_remembered_may_be_lost() {
    let mut world = World::new();
    world.recovers();
    // Two records of each that has two.
    for order in ["hold", "unpin", "hold", "unpin"] {
        world.order(&[order]).expect("kept");
    }
    for damage in DAMAGES {
        for (directory, names) in [
            ("trust/metadata", &[""][..]),
            ("trust/metadata", &["timestamp", "stable"]),
            ("trust", &["floor.0"]),
            ("trust", &["floor.1"]),
            ("trust", &["floor"]),
            ("update", &["order"]),
            ("", &["state-schema", "box-id"]),
        ] {
            eprintln!("{damage:?} {directory} {names:?}");
            world.while_off(|data| damage.happens(&data.join(directory), names));
            world.shows("1.1.0");
            world.checks();
            // Everything is written again for the next round.
            world.repository.refresh(&["--expires", "timestamp=9d"]);
            world.checks();
            for order in ["hold", "unpin"] {
                world.order(&[order]).expect("kept");
            }
            assert_eq!(world.health()["status"], "ok", "{}", world.health());
        }
        world.while_off(|data| damage.happens(&data.join("update"), &["history"]));
        world.shows("1.1.0");
        world.order(&["rollback"]).expect("the version before is there");
        world.wait_until_runs("1.0.0");
        world.order(&["unpin"]).expect("followed");
        world.wait_until_runs("1.1.0");
        assert!(world.history().len() >= 2, "{:?}", world.history());
    }
}

#[test]
fn the_slots_table_may_be_lost() {
    let mut world = World::new();
    world.recovers();
    for damage in DAMAGES {
        for names in [&["table.0"][..], &["table.1"], &["table"]] {
            eprintln!("{damage:?} {names:?}");
            world.while_off(|data| damage.happens(&data.join(slots::DIRECTORY), names));
            // The last of the two may be the one that says that its trial is over: it has another.
            world.wait_until_runs("1.1.0");
            world.displays("1.1.0");
            // There are two again.
            world.order(&["rollback"]).expect("the version before is there");
            world.wait_until_runs("1.0.0");
            world.order(&["unpin"]).expect("followed");
            world.wait_until_runs("1.1.0");
        }
    }
    // With all that the slots say of themselves, the factory's binary is what is left.
    world.while_off(|data| fs::remove_dir_all(data.join(slots::DIRECTORY)).expect("removed"));
    world.shows("1.0.0");
    world.follows();
}

#[test]
fn a_slot_that_is_not_what_it_was_is_not_started() {
    let mut world = World::new();
    world.recovers();
    for damage in DAMAGES {
        eprintln!("{damage:?}");
        let slot = Slot::ALL.into_iter().find(|slot| world.state()["slot"] == slot.name()).expect("a slot");
        world.while_off(|data| damage.happens_to(&slots::binary(&data.join(slots::DIRECTORY), slot)));
        world.shows("1.0.0");
        world.follows();
        assert_eq!(world.state()["quarantined"], serde_json::json!([]));
    }
}

/// A slot that rots while it waits for a rollback is not gone back to.
#[test]
fn a_slot_that_rots_while_it_waits_is_fetched_again() {
    let world = World::new();
    world.recovers();
    world.order(&["rollback"]).expect("the version before is there");
    world.wait_until_runs("1.0.0");
    let running = Slot::ALL.into_iter().find(|slot| world.state()["slot"] == slot.name()).expect("a slot");
    Damage::Flipped.happens_to(&slots::binary(&world.data().join(slots::DIRECTORY), running.other()));
    world.order(&["unpin"]).expect("followed");
    world.wait_until_runs("1.1.0");
    let history = world.history();
    assert!(history.last().expect("an entry")["octets"].as_u64().expect("a number") > 0, "{history:?}");
    world.shows("1.1.0");
}

/// The box was at a version that has left another form behind.
#[test]
fn state_from_the_future_is_reported_and_no_obstacle() {
    let mut world = World::new();
    world.while_off(|data| fs::write(data.join("state-schema"), "999\n").expect("written"));
    world.shows("1.0.0");
    let reason = world.health()["checks"]["state"]["reason"].as_str().unwrap_or_default().to_owned();
    assert!(reason.contains("form 999"), "{reason}");
    world.checks();
    world.recovers();
    let reason = world.health()["checks"]["state"]["reason"].as_str().unwrap_or_default().to_owned();
    assert!(reason.contains("form 999"), "{reason}");
    assert_eq!(fs::read_to_string(world.data().join("state-schema")).expect("kept"), "999\n");
}
