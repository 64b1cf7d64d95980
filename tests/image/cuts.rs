//! The plug is pulled whenever it happens to be.

use std::time::{Duration, Instant};

use crate::disk::Disk;
use crate::lan::{LEASED_ADDRESS, Lan};
use crate::machine::{Machine, Setup};
use crate::support::Random;
use crate::systems;
use crate::technician::Technician;

/// Cuts in the tests of every day; `WORKSHOP_CUTS` asks for more.
const FEW: usize = 2;

/// The longest that a machine runs before it is cut while it boots.
const BOOT: Duration = Duration::from_secs(60);

/// The longest from the beginning of a change to its cut: hashing a PIN takes about that long in the emulator.
const CHANGE: Duration = Duration::from_secs(3);

fn cuts() -> usize {
    std::env::var("WORKSHOP_CUTS").ok().map_or(FEW, |text| text.parse().expect("WORKSHOP_CUTS is a number"))
}

/// Eight digits.
fn some_pin(random: &mut Random) -> String {
    format!("{:08}", random.below(100_000_000))
}

/// The PIN that a box holds: the one that was acknowledged last, or the one whose change was cut.
struct Pins {
    acknowledged: String,
    pending: Option<String>,
}

impl Pins {
    /// Logs in with the one that holds, which is from then on the acknowledged one.
    fn log_in<'a>(&mut self, lan: &'a Lan) -> Option<Technician<'a>> {
        let candidates: Vec<String> = self.pending.iter().chain([&self.acknowledged]).cloned().collect();
        for pin in candidates {
            if let Some(technician) = Technician::log_in(lan, LEASED_ADDRESS, &pin) {
                *self = Self { acknowledged: pin, pending: None };
                return Some(technician);
            }
        }
        None
    }
}

fn serves(machine: &mut Machine, lan: &Lan) {
    machine.wait("the display", |_| lan.get(&format!("http://{LEASED_ADDRESS}/")));
}

/// The longest that a machine runs before it is cut while it is to change to another system: it boots, downloads,
/// verifies, installs, restarts and shows that it works.
const UPDATE: Duration = Duration::from_secs(100);

#[test]
fn what_was_acknowledged_outlives_every_cut() {
    let (lan, stick) = (Lan::new(), Disk::flashed());
    let mut machine = Setup::stick(&stick).start(&lan, "cuts-first");
    serves(&mut machine, &lan);
    let first = machine.wait("a PIN", |_| stick.data_file("/workshop-edge/admin/pin"));
    let mut random = Random::new(Random::seed("WORKSHOP_CUTS"), 0);
    let mut pins = Pins { acknowledged: first.trim().to_owned(), pending: None };
    drop(machine);

    for number in 0..cuts() {
        let mut machine = Setup::stick(&stick).start(&lan, "cuts");
        if number % 2 == 1 {
            std::thread::park_timeout(random.part_of(BOOT));
            machine.cut();
            continue;
        }
        serves(&mut machine, &lan);
        let technician = machine.wait("the PIN that was acknowledged", |_| pins.log_in(&lan));
        let next = some_pin(&mut random);
        let mut change = technician.begin_pin_change(&pins.acknowledged, &next).expect("a form");
        let moment = Instant::now() + random.part_of(CHANGE);
        while Instant::now() < moment && !change.is_answered() {
            std::thread::park_timeout(Duration::from_millis(10));
        }
        machine.cut();
        if change.into_acknowledgement() {
            pins = Pins { acknowledged: next, pending: None };
        } else {
            pins.pending = Some(next);
        }
    }

    let mut machine = Setup::stick(&stick).start(&lan, "cuts-last");
    serves(&mut machine, &lan);
    machine.wait("the PIN that was acknowledged", |_| pins.log_in(&lan));
    let health = lan.get(&format!("http://{LEASED_ADDRESS}/health")).expect("health");
    assert!(!health.contains("failing"), "{health}");
}

#[test]
fn whenever_an_update_of_the_system_is_cut_a_whole_one_serves() {
    let (lan, repository) = (Lan::new(), systems::publisher());
    systems::publish(&repository, "2.0.0");
    let _bucket = lan.bucket(&repository.directory());
    let image = Disk::with(&systems::image());
    let (before, after) = (image.system_file("box_1.0.0.efi"), std::fs::read(systems::system("2.0.0")).expect("read"));
    let mut random = Random::new(Random::seed("WORKSHOP_CUTS"), 1);
    for _ in 0..cuts() {
        let stick = image.copy();
        // By itself it restarts once, into the new system.
        let moment = Instant::now() + random.part_of(UPDATE);
        while Instant::now() < moment {
            Setup::stick(&stick).start(&lan, "cuts-update").runs_until(moment);
        }
        for name in stick.systems() {
            let whole = if name == "box_1.0.0.efi" { &before } else { &after };
            assert!(stick.system_file(&name) == *whole, "{name}");
        }
        serves(&mut Setup::stick(&stick).start(&lan, "cuts-updated"), &lan);
        eprintln!("cut among {:?}: it serves", stick.systems());
    }
}
