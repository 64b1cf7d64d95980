//! The power goes at every moment of a life with three updates: by a delta, one that has to be reverted, and by a
//! whole download.
//!
//! `WORKSHOP_STATES` is from how many of the states that differ a box is started and updated, instead of a few.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;
use workshop_edge::slots::{self, LaunchChoice, Slot, Table};

use super::data::{floor, is_at, leftovers};
use super::recorder::{Operation, read as read_trace, recorded};
use super::replay::{Disk, Remains};
use super::workshop::{FACTORY, Workshop, sha256};
use crate::built::release;
use crate::support::{Supervisor, eventually};

/// What the box goes to by a delta, what it comes back from, and what it goes to by a whole download.
const DELTA: &str = "1.1.0";
const BAD: &str = "1.3.0";
const WHOLE: &str = "1.5.0";
/// The exit code of a configuration that is not valid.
const FAULTY_CONFIGURATION: i32 = 78;
/// What a binary says as the configuration's fault: it ends at once, and has shown that it was started.
const FAULT: &str = "power.cut=1";
/// Boxes that are started for a state in the usual run.
const FEW: usize = 8;
/// At a time.
const AT_ONCE: usize = 4;

/// A state that a cut leaves, and what may be launched from it.
struct Case {
    /// Operations that were over.
    prefix: usize,
    remains: Remains,
    may_start: BTreeSet<Start>,
    /// Whether the table is one that it may be.
    has_table: bool,
}

/// What a start is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Start {
    slot: String,
    sha256: String,
}

/// A recorded run, and what a power cut leaves at each of its moments.
struct Replay {
    disk: Disk,
    prefixes: usize,
    states: usize,
    cases: Vec<Case>,
}

impl Replay {
    /// Replays it. `is_new` says of a state's fingerprint whether it is looked at.
    fn of(operations: &[Operation], factory: &str, below: &str, mut is_new: impl FnMut(String) -> bool) -> Self {
        let mut disk = Disk::new();
        let (mut states, mut cases) = (0, Vec::new());
        let mut tables = Tables::default();
        // What the box relies on: the state when the tables' directory was last synced.
        let mut lasting = tables.of(&mut disk, &Remains::new());
        for prefix in 0..=operations.len() {
            if let Some(operation) = prefix.checked_sub(1).map(|last| &operations[last]) {
                disk.take(operation);
                if matches!(operation, Operation::Sync { path, .. } if path == Path::new(slots::DIRECTORY)) {
                    let seen = disk.seen();
                    lasting = tables.of(&mut disk, &seen);
                }
            }
            let seen = disk.seen();
            let may_be = [lasting.clone(), tables.of(&mut disk, &seen)];
            let may_start: BTreeSet<Start> = may_be.iter().map(|table| Start::of(table, factory)).collect();
            for remains in disk.cut() {
                states += 1;
                let has_table = may_be.contains(&tables.of(&mut disk, &remains));
                let key = format!("{} {may_start:?} {has_table}", disk.fingerprint(&remains, below));
                if is_new(key) {
                    cases.push(Case { prefix, remains, may_start: may_start.clone(), has_table });
                }
            }
        }
        Self { disk, prefixes: operations.len() + 1, states, cases }
    }
}

impl Start {
    fn of(table: &Table, factory: &str) -> Self {
        match table.clone().start() {
            LaunchChoice::Factory => Self { slot: "factory".into(), sha256: factory.into() },
            LaunchChoice::Slot { slot, image, .. } => Self { slot: slot.name().into(), sha256: image.sha256 },
        }
    }
}

/// The tables, by the content of their two files.
#[derive(Default)]
struct Tables(HashMap<String, Table>);

impl Tables {
    fn of(&mut self, disk: &mut Disk, remains: &Remains) -> Table {
        let is_one = |path: &Path| path.starts_with("slots/table.0") || path.starts_with("slots/table.1");
        let files: Remains =
            remains.iter().filter(|(path, _)| is_one(path)).map(|(path, thing)| (path.clone(), *thing)).collect();
        let key = disk.fingerprint(&files, slots::DIRECTORY);
        if let Some(known) = self.0.get(&key) {
            return known.clone();
        }
        let directory = tempfile::tempdir().expect("a directory");
        let slots = directory.path().join(slots::DIRECTORY);
        fs::create_dir(&slots).expect("made");
        disk.lay_out(&files, directory.path(), None);
        let table = slots::open(&slots).map_or_else(Table::default, |store| store.value().clone());
        self.0.insert(key, table.clone());
        table
    }
}

/// Runs `work` on all of these, a bounded number in parallel, and returns its complaints.
fn each<T: Sync>(all: &[T], work: impl Fn(&T) -> Result<(), String> + Sync) -> Vec<String> {
    let (next, bad) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = work(one) {
                        bad.lock().expect("unpoisoned").push(why);
                    }
                }
            });
        }
    });
    bad.into_inner().expect("unpoisoned")
}

/// Lays the state out and has the factory's binary launch from it: what is started ends at once, for it is given a
/// configuration with a fault.
fn launch(
    disk: &Disk,
    case: &Case,
    factory: &Path,
    pool: &Path,
    published: &BTreeMap<String, String>,
) -> Result<(), String> {
    let directory = tempfile::tempdir_in(pool).expect("a directory");
    let data = directory.path().join("data");
    disk.lay_out(&case.remains, &data, Some(pool));
    let mut command = Command::new(factory);
    command.env_clear().args(["launch", "--data-dir"]).arg(&data).args(["--set", FAULT]).stdin(Stdio::null());
    let output = command.output().expect("started");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let bad = |why: &str| {
        Err(format!("after {} operations: {why}; it may start {:?}, but it said:\n{said}", case.prefix, case.may_start))
    };
    if output.status.code() != Some(FAULTY_CONFIGURATION) || !said.contains(FAULT.split('=').next().expect("a key")) {
        return bad(&format!("it did not come up ({})", output.status));
    }
    let mut launched = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let Some(last) = launched.rfind(|line| line["fields"]["message"] == "launching") else {
        return bad("nothing was launched");
    };
    let text = |name: &str| last["fields"][name].as_str().unwrap_or_default().to_owned();
    let slot = text("slot");
    let file = match Slot::ALL.into_iter().find(|one| one.name() == slot) {
        Some(slot) => slots::binary(&data.join("slots"), slot),
        None => factory.to_owned(),
    };
    let sha256 = sha256(&file);
    if published.get(&sha256) != Some(&text("version")) {
        return bad(&format!("{slot} holds nothing that was published as {}", text("version")));
    }
    if !case.may_start.contains(&Start { slot, sha256 }) {
        return bad("it is not what the table says");
    }
    if !case.has_table {
        return bad("its table is neither the last that was kept nor the next");
    }
    Ok(())
}

/// Starts a box from the state and has it go on to another version, and looks what it leaves.
fn go_on(
    disk: &Disk,
    case: &Case,
    workshop: &Workshop,
    to: &str,
    published: &BTreeMap<String, String>,
) -> Result<(), String> {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    disk.lay_out(&case.remains, &data, None);
    let floor_before = floor(&data);
    let supervisor = Supervisor::start(workshop.factory(), workshop.arguments(&data, ""), &[]);
    let bad = |why: String, log: String| Err(format!("after {} operations: {why}\n{log}", case.prefix));
    let arrived = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        eventually("the next version", || {
            is_at(&data, to, published)
                && supervisor.logged("ready").last().is_some_and(|line| line["fields"]["version"] == *to)
        });
    }));
    if arrived.is_err() {
        return bad(format!("it never comes to {to}"), supervisor.log());
    }
    // The updates begin after the trial, and take away what the cut has left.
    let is_tidy = std::panic::catch_unwind(|| eventually("nothing left over", || leftovers(&data).is_empty()));
    if is_tidy.is_err() {
        return bad(format!("it leaves {:?}", leftovers(&data)), supervisor.log());
    }
    let reply = supervisor.connect().request("GET", "/", &[]);
    let launched = supervisor.logged("launching");
    let log = supervisor.log();
    supervisor.stop();
    if reply.status != 200 {
        return bad(format!("it answers {}", reply.status), log);
    }
    let strange =
        launched.iter().find(|line| !published.values().any(|version| line["fields"]["version"] == **version));
    if let Some(line) = strange {
        return bad(format!("it launched {line}"), log);
    }
    let floor_after = floor(&data);
    if floor_before.iter().any(|(role, version)| floor_after.get(role) < Some(version)) {
        return bad(format!("its floor was {floor_before:?} and is {floor_after:?}"), log);
    }
    Ok(())
}

/// A life, recorded, and the releases in it by their hashes.
struct Recorded {
    workshop: Workshop,
    operations: Vec<Operation>,
    published: BTreeMap<String, String>,
}

fn recording() -> Recorded {
    let workshop = Workshop::new();
    let made = workshop.directory().to_owned();
    let mut published = BTreeMap::new();
    let mut publish = |version: &str, deltas: &str| {
        let binary = release(version);
        workshop.bucket.repository.publish_with("stable", version, &[&binary], &["--deltas", deltas]);
        published.insert(sha256(&binary), version.to_owned());
    };
    publish(FACTORY, "0");
    publish(DELTA, "1");

    let data = made.join("recorded");
    fs::create_dir(&data).expect("made");
    let trace = made.join("trace");
    let (program, mut arguments) = recorded(&trace, &workshop.factory());
    arguments.extend(workshop.arguments(&data, "").into_iter().map(Into::into));
    let supervisor = Supervisor::start(program, arguments, &[]);
    supervisor.wait_for("this version works and is confirmed", 1);
    publish(BAD, "0");
    supervisor.wait_for("launching", 4);
    publish(WHOLE, "0");
    supervisor.wait_for("this version works and is confirmed", 2);
    eventually("it is over", || fs::read_dir(data.join("update/download")).expect("listed").count() == 0);
    supervisor.stop();
    let operations = read_trace(&trace, &data);
    Recorded { workshop, operations, published }
}

#[test]
fn whenever_the_power_goes_the_box_starts_what_its_table_says_and_goes_on() {
    let wanted = std::env::var("WORKSHOP_STATES").map_or(FEW, |number| number.parse().expect("a number"));
    let began = Instant::now();
    let Recorded { workshop, operations, published } = recording();
    let factory = sha256(&workshop.factory());
    eprintln!("recorded {} operations by {:?}", operations.len(), began.elapsed());

    // The launch reads nothing but the slots.
    let pool = TempDir::new_in(workshop.directory()).expect("a directory");
    let mut known = HashSet::new();
    let slots_only = Replay::of(&operations, &factory, "slots", |key| known.insert(key));
    let Replay { disk, prefixes, states, cases } = &slots_only;
    eprintln!(
        "{prefixes} prefixes leave {states} states, of which {} differ in their slots, by {:?}",
        cases.len(),
        began.elapsed()
    );
    let bad = each(cases, |case| launch(disk, case, &workshop.factory(), pool.path(), &published));
    eprintln!("launched {} times, {} bad, by {:?}", cases.len(), bad.len(), began.elapsed());
    assert!(bad.is_empty(), "{} bad: {}", bad.len(), bad[0]);

    // Had one of these calls been forgotten, it would have been noticed.
    for forgotten in ["slots/a/workshop-edge.tmp", "slots/b/workshop-edge.tmp", "slots/a", "slots/table.0.tmp", "slots"]
    {
        let without: Vec<Operation> = operations
            .iter()
            .map(|operation| match operation {
                // As many operations as before, or `began` would count others.
                Operation::Sync { path, began: _ } if path == Path::new(forgotten) => {
                    Operation::Sync { path: path.clone(), began: 0 }
                }
                other => other.clone(),
            })
            .collect();
        let mut known = known.clone();
        let Replay { disk, cases, .. } = Replay::of(&without, &factory, "slots", |key| known.insert(key));
        let pool = TempDir::new_in(workshop.directory()).expect("a directory");
        let launches = || {
            let launched = |case: &Case| launch(&disk, case, &workshop.factory(), pool.path(), &published);
            cases.iter().any(|case| launched(case).is_err())
        };
        let is_noticed = cases.iter().any(|case| !case.has_table) || launches();
        assert!(is_noticed, "nobody notices that {forgotten} is not synced, in {} states more", cases.len());
    }
    eprintln!("forgotten syncs noticed by {:?}", began.elapsed());

    let mut known = HashSet::new();
    let whole = Replay::of(&operations, &factory, "", |key| known.insert(key));
    let step = (whole.cases.len() / wanted).max(1);
    let chosen: Vec<&Case> = whole.cases.iter().step_by(step).collect();
    eprintln!("{} states differ in what a box reads; {} of them are gone on from", whole.cases.len(), chosen.len());
    // Where the last version may be at work already, the operator goes back; everywhere else it is the later one.
    let (before, after): (Vec<&Case>, Vec<&Case>) =
        chosen.iter().partition(|case| case.may_start.iter().all(|start| published[&start.sha256] != WHOLE));
    let mut bad = each(&before, |case| go_on(&whole.disk, case, &workshop, WHOLE, &published));
    workshop.bucket.repository.rollback("stable", DELTA);
    bad.extend(each(&after, |case| go_on(&whole.disk, case, &workshop, DELTA, &published)));
    eprintln!("gone on from {} states, {} bad, by {:?}", chosen.len(), bad.len(), began.elapsed());
    assert!(bad.is_empty(), "{} bad: {}", bad.len(), bad.join("\n\n"));
}
