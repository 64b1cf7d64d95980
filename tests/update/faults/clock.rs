//! A clock that is wrong, as far as that can be tested: nothing in a container may set the machine's, and a static
//! program cannot be given another. A clock that runs ahead is metadata and certificates whose time is over; one that was set
//! back is a floor that has seen a later time. What the repository does with a given time is in `tests/it/repository.rs`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use workshop_edge::durable::DoubleBuffered;

use super::forge::Forge;
use super::releases;
use super::world::World;
use crate::support::Nginx;

const DAY: u64 = 86_400;

fn now() -> u64 {
    UNIX_EPOCH.elapsed().expect("a time").as_secs()
}

/// The same as everything of ten years ago.
#[test]
fn a_clock_ten_years_ahead_is_reported_and_forgotten() {
    let mut world = World::new();
    let good = world.generation();
    let forge = Forge(&world.repository);
    for role in ["stable", "targets", "snapshot", "timestamp"] {
        forge.change(role, |signed| signed["expires"] = json!("2016-11-24T00:00:00Z"));
    }
    world.fails(&["check"], "expired", "is the box's clock right");
    world.while_off(|_| {});
    world.fails(&["apply"], "expired", "expired on 2016-11-24T00:00:00Z");
    // The clock is set right: what it has seen by mistake binds nobody.
    world.restore(&good);
    world.recovers();
}

/// To a clock that runs ahead, every certificate is over.
#[test]
fn a_certificate_that_is_over_is_no_fault_of_the_box() {
    let repository = releases::repository();
    let server = Nginx::start(&repository.directory(), 2010..2012);
    let authority = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(authority.path(), server.certificate()).expect("written");
    let ca = format!("update.ca_file={}", authority.path().display());
    let world = World::behind(repository, &server.url(), &[&ca]);
    world.fails(&["check"], "certificate", "certificate");
    assert_eq!(world.health()["status"], "ok");
}

/// The box has seen the day after tomorrow; then its battery was empty. Whatever was valid until tomorrow stays over.
#[test]
fn a_clock_that_was_set_back_brings_nothing_back() {
    let mut world = World::new();
    let tomorrow = jiff::Timestamp::now() + Duration::from_secs(DAY);
    Forge(&world.repository).change("timestamp", |signed| signed["expires"] = json!(format!("{tomorrow:.0}")));
    world.checks();
    let seen = |days: u64| {
        move |data: &std::path::Path| {
            let mut floor: DoubleBuffered<Value> = DoubleBuffered::open(&data.join("trust"), "floor").expect("a floor");
            floor.change(|floor| floor["time"] = json!(now() + days * DAY)).expect("kept");
        }
    };
    world.while_off(seen(2));
    world.fails(&["check"], "expired", "the metadata \"timestamp\" expired on");
    // Nothing of it comes from the cache either.
    world.while_off(|data| std::fs::remove_dir_all(data.join("trust/metadata")).expect("removed"));
    world.fails(&["check"], "expired", "the metadata \"timestamp\" expired on");
    world.repository.refresh(&["--expires", "timestamp=5d"]);
    world.checks();
    // A wave whose time has come by that clock has come.
    let floor: DoubleBuffered<Value> = DoubleBuffered::open(&world.data().join("trust"), "floor").expect("a floor");
    assert!(floor.value()["time"].as_u64().expect("a time") > now() + DAY);
    world.recovers();
}

/// 1970: neither the floor nor the clock knows the time, but the program knows when it was built.
#[test]
fn a_box_without_a_clock_starts_from_its_own_build() {
    let mut world = World::new();
    world.while_off(|data| {
        let mut floor: DoubleBuffered<Value> = DoubleBuffered::open(&data.join("trust"), "floor").expect("a floor");
        floor.change(|floor| floor["time"] = json!(0)).expect("kept");
    });
    world.checks();
    let floor: DoubleBuffered<Value> = DoubleBuffered::open(&world.data().join("trust"), "floor").expect("a floor");
    let kept = UNIX_EPOCH + Duration::from_secs(floor.value()["time"].as_u64().expect("a time"));
    assert!(kept <= SystemTime::now() && kept > UNIX_EPOCH + Duration::from_secs(now() - DAY), "{kept:?}");
    world.recovers();
}
