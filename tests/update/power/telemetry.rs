//! The power goes at every moment at which telemetry that was not taken is written, or removed once it is sent. A start always finds
//! whole requests, in their order.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use workshop_edge::telemetry::pure::{keep, kept, remove_oldest};

use super::recorder::{Operation, read as read_trace, recorded};
use super::replay::{Disk, Remains};

/// Names the directory in the process that is recorded.
const DIRECTORY: &str = "WORKSHOP_TELEMETRY_DIRECTORY";
const ROUNDS: usize = 6;

/// The process that is recorded: the other test starts it, and names the directory.
#[test]
fn telemetry_is_written() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let directory = Path::new(&directory);
    for round in 0..ROUNDS {
        keep(directory, &format!("{round} {}", "x".repeat(9000))).expect("kept");
        if round % 2 == 1 {
            remove_oldest(directory).expect("removed");
        }
    }
}

/// What a start finds: the requests, and how many are damaged.
type Found = (Vec<String>, u64);

/// What starts find, by what is in the files.
#[derive(Default)]
struct Starts(HashMap<String, Found>);

impl Starts {
    fn of(&mut self, disk: &mut Disk, remains: &Remains) -> Found {
        let key = disk.fingerprint(remains, "");
        if let Some(known) = self.0.get(&key) {
            return known.clone();
        }
        let directory = tempfile::tempdir().expect("a directory");
        disk.lay_out(remains, directory.path(), None);
        let (requests, damaged) = kept(directory.path());
        let names = requests.iter().map(|text| text.split(' ').next().expect("a number").to_owned()).collect();
        self.0.insert(key, (names, damaged));
        self.of(disk, remains)
    }
}

/// The states, those that are wrong, and the different finds.
fn replay(operations: &[Operation]) -> (usize, Vec<String>, usize) {
    let (mut disk, mut starts) = (Disk::new(), Starts::default());
    let (mut states, mut bad) = (0, Vec::new());
    let mut lasting = starts.of(&mut disk, &Remains::new());
    for prefix in 0..=operations.len() {
        if let Some(operation) = prefix.checked_sub(1).map(|last| &operations[last]) {
            disk.take(operation);
            if matches!(operation, Operation::Sync { path, .. } if path == Path::new("telemetry")) {
                let seen = disk.seen();
                lasting = starts.of(&mut disk, &seen);
            }
        }
        let seen = disk.seen();
        let may_be = [lasting.clone(), starts.of(&mut disk, &seen)];
        for remains in disk.cut() {
            states += 1;
            let found = starts.of(&mut disk, &remains);
            if !may_be.contains(&found) {
                bad.push(format!("after {prefix} operations: {found:?} instead of one of {may_be:?}"));
            }
        }
    }
    (states, bad, starts.0.values().collect::<BTreeSet<_>>().len())
}

#[test]
fn whenever_the_power_goes_what_was_not_taken_is_whole_and_in_order() {
    let made = tempfile::tempdir().expect("a directory");
    let (trace, data) = (made.path().join("trace"), made.path().join("data"));
    std::fs::create_dir(&data).expect("made");
    let program = std::env::current_exe().expect("this program");
    let (tracer, mut arguments) = recorded(&trace, &program);
    arguments.push("telemetry_is_written".into());
    let exit = std::process::Command::new(tracer).args(arguments).env(DIRECTORY, &data).status().expect("started");
    assert!(exit.success());
    let operations = read_trace(&trace, &data);
    let (states, bad, finds) = replay(&operations);
    eprintln!("{} operations, {states} states, {finds} different finds, {} bad", operations.len(), bad.len());
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    assert!(finds > ROUNDS, "{finds} finds of {ROUNDS} rounds");

    // Had one of these calls been forgotten, it would have been noticed.
    for forgotten in [".tmp", "telemetry"] {
        let without = operations.iter().map(|operation| match operation {
            Operation::Sync { path, .. } if path.to_str().is_some_and(|path| path.ends_with(forgotten)) => {
                Operation::Sync { path: path.clone(), began: 0 }
            }
            other => other.clone(),
        });
        let (_, bad, _) = replay(&without.collect::<Vec<_>>());
        assert!(!bad.is_empty(), "nobody notices that {forgotten:?} is not synced");
    }
}
