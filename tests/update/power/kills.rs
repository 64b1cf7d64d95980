//! The box is killed at random moments of an update, again and again until the update is over.
//!
//! `WORKSHOP_KILLS` is how often at least, at other moments each time; `WORKSHOP_SEED` repeats a run's moments.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use workshop_edge::slots::{self, TRIES};

use super::data::{is_at, leftovers};
use super::workshop::{FACTORY, Workshop, sha256};
use crate::built::release;
use crate::support::{PATIENCE, Random, Supervisor, eventually};

/// What the box goes to.
const NEW: &str = "1.1.0";
/// Kills in the usual run.
const FEW: usize = 30;
/// Boxes side by side.
const AT_ONCE: usize = 3;
/// So that a good part of the time is the download's.
const SLOW: &str = "rate_limit_kib_s = 2048";
/// How often a box is looked at.
const LOOK: Duration = Duration::from_millis(5);

#[derive(Default)]
struct Count {
    kills: AtomicUsize,
    on_trial: AtomicUsize,
    confirmed: AtomicUsize,
    given_up: AtomicUsize,
    slowest: Mutex<Duration>,
}

/// From the factory to the end of the update, with these kills.
fn live(
    workshop: &Workshop,
    published: &BTreeMap<String, String>,
    random: &mut Random,
    whole: Duration,
    count: &Count,
) {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let supervisor = Supervisor::start(workshop.factory(), workshop.arguments(&data, SLOW), &[]);
    let mut on_trial = 0;
    let is_given_up = || slots::open(&data.join("slots")).is_some_and(|store| !store.value().quarantined().is_empty());
    loop {
        let moment = Instant::now() + random.part_of(whole);
        while Instant::now() < moment && !is_at(&data, NEW, published) {
            std::thread::park_timeout(LOOK);
        }
        if is_at(&data, NEW, published) || is_given_up() {
            break;
        }
        eventually("a process", || supervisor.pid().is_some());
        let (starts, was_on_trial) = (supervisor.restarts(), is_on_trial(&data));
        supervisor.kill();
        let killed = Instant::now();
        eventually("the next start", || supervisor.restarts() > starts);
        serves(&supervisor, published);
        let took = killed.elapsed();
        let mut slowest = count.slowest.lock().expect("unpoisoned");
        *slowest = took.max(*slowest);
        drop(slowest);
        count.kills.fetch_add(1, Ordering::Relaxed);
        on_trial += usize::from(was_on_trial);
    }
    count.on_trial.fetch_add(on_trial, Ordering::Relaxed);
    serves(&supervisor, published);
    if is_given_up() {
        assert!(on_trial >= usize::from(TRIES), "{on_trial} kills on trial were enough to give the version up");
        count.given_up.fetch_add(1, Ordering::Relaxed);
    } else {
        count.confirmed.fetch_add(1, Ordering::Relaxed);
        tidy(&data);
    }
    supervisor.stop();
}

/// Waits until nothing is left over.
fn tidy(data: &Path) {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let left = leftovers(data);
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < give_up, "left over: {left:?}");
        std::thread::park_timeout(LOOK);
    }
}

fn is_on_trial(data: &Path) -> bool {
    slots::open(&data.join("slots")).is_some_and(|store| store.value().on_trial().is_some())
}

/// The page is there, and what serves it has been published.
fn serves(supervisor: &Supervisor, published: &BTreeMap<String, String>) {
    let reply = supervisor.connect().request("GET", "/", &[]);
    assert_eq!(reply.status, 200);
    let program = supervisor.pid().map(|pid| format!("/proc/{pid}/exe")).expect("a process");
    let running = sha256(Path::new(&program));
    assert!(published.contains_key(&running), "what runs was never published");
}

#[test]
fn whenever_the_box_is_killed_it_serves_again_and_goes_on_with_its_update() {
    let wanted =
        std::env::var("WORKSHOP_KILLS").map_or(FEW, |kills| kills.parse().expect("WORKSHOP_KILLS is a number"));
    let seed = Random::seed("WORKSHOP_KILLS");

    let workshop = Workshop::new();
    workshop.bucket.repository.publish("stable", NEW, &release(NEW));
    let published: BTreeMap<String, String> =
        [FACTORY, NEW].iter().map(|version| (sha256(&release(version)), (*version).to_owned())).collect();

    // How long it takes when nothing happens.
    let whole = {
        let directory = tempfile::tempdir().expect("a directory");
        let data = directory.path().join("data");
        let began = Instant::now();
        let supervisor = Supervisor::start(workshop.factory(), workshop.arguments(&data, SLOW), &[]);
        eventually("the update", || is_at(&data, NEW, &published));
        supervisor.stop();
        began.elapsed()
    };
    let (count, lives) = (Count::default(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while count.kills.load(Ordering::Relaxed) < wanted {
                    let life = lives.fetch_add(1, Ordering::Relaxed);
                    let mut random = Random::new(seed, life);
                    live(&workshop, &published, &mut random, whole, &count);
                }
            });
        }
    });
    let Count { kills, on_trial, confirmed, given_up, slowest } = count;
    eprintln!(
        "{} kills within {whole:?} of a start, {} of them on trial, in {} lives: {} came to {NEW}, {} gave it up after {TRIES} \
         killed tries; 0 bad; served again after {:?} at most",
        kills.into_inner(),
        on_trial.into_inner(),
        lives.into_inner(),
        confirmed.into_inner(),
        given_up.into_inner(),
        slowest.into_inner().expect("unpoisoned"),
    );
}

/// Which of them a kill leaves depends on the moment. The next start removes all, though nothing changes a record again.
#[test]
fn what_a_cut_has_left_beside_the_records_goes_at_the_next_start() {
    let workshop = Workshop::new();
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    for record in ["slots/table", "update/history", "update/order"] {
        for turn in [0, 1] {
            let path = data.join(format!("{record}.{turn}.tmp"));
            std::fs::create_dir_all(path.parent().expect("a directory")).expect("made");
            std::fs::write(path, "cut").expect("left");
        }
    }
    let supervisor = Supervisor::start(workshop.factory(), workshop.arguments(&data, ""), &[]);
    tidy(&data);
    supervisor.stop();
}
