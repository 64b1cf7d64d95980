//! The power goes at every moment at which the ERP's figures are written: through changes, another account of the same
//! login, and another login. A start always finds figures that were whole, and of its own login.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use workshop_edge::erp::pure::{keep_machines, kept_machines};

use super::recorder::{Operation, read as read_trace, recorded};
use super::replay::{Disk, Remains};

/// Names the directory in the process that is recorded.
const DIRECTORY: &str = "WORKSHOP_ERP_DIRECTORY";
const USERS: [&str; 2] = ["one@workshop.example", "other@workshop.example"];
/// What is written one after the other: of which user, of which workshop.
const WRITES: [(usize, &str); 9] = [
    (0, "mill"),
    (0, "mill"),
    (0, "mill"),
    (0, "forge"),
    (0, "forge"),
    (1, "mill"),
    (1, "mill"),
    (0, "forge"),
    (0, "forge"),
];

/// The process that is recorded: the other test starts it, and names the directory.
#[test]
fn figures_are_written() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    for (number, (user, workshop)) in WRITES.into_iter().enumerate() {
        let code = format!("{user}-{workshop}-{number}");
        let machine =
            |id| format!(r#"{{"id":"m-{id}","code":"{code}","name":"Torno","type":"CNC","status":"IN_USE"}}"#);
        let machines: Vec<_> = (0..50).map(machine).collect();
        let body = format!("[{}]", machines.join(","));
        keep_machines(Path::new(&directory), USERS[user], workshop, body.as_bytes()).expect("kept");
    }
}

/// What a start finds for each of the users: the code of all machines.
type Found = [Option<String>; USERS.len()];

/// What starts find, by what is in the files.
#[derive(Default)]
struct Starts(HashMap<String, Found>);

impl Starts {
    fn of(&mut self, disk: &mut Disk, remains: &Remains) -> Found {
        let key = disk.fingerprint(remains, "");
        if let Some(known) = self.0.get(&key) {
            return known.clone();
        }
        let found = USERS.map(|user| {
            let directory = tempfile::tempdir().expect("a directory");
            disk.lay_out(remains, directory.path(), None);
            let machines = kept_machines(directory.path(), user)?;
            let machines: Vec<BTreeMap<String, String>> = serde_json::from_str(&machines).expect("machines");
            let code = machines.first().map(|machine| machine["code"].clone()).expect("a machine");
            assert!(machines.len() == 50 && machines.iter().all(|machine| machine["code"] == code), "torn");
            Some(code)
        });
        self.0.insert(key, found.clone());
        found
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
            if matches!(operation, Operation::Sync { path, .. } if path == Path::new("")) {
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
            for (user, code) in found.iter().enumerate() {
                if code.as_ref().is_some_and(|code| !code.starts_with(&format!("{user}-"))) {
                    bad.push(format!("after {prefix} operations: another login's {found:?}"));
                }
            }
        }
    }
    (states, bad, starts.0.values().collect::<std::collections::BTreeSet<_>>().len())
}

#[test]
fn whenever_the_power_goes_the_figures_are_whole_and_of_their_login() {
    let made = tempfile::tempdir().expect("a directory");
    let (trace, data) = (made.path().join("trace"), made.path().join("data"));
    std::fs::create_dir(&data).expect("made");
    let program = std::env::current_exe().expect("this program");
    let (tracer, mut arguments) = recorded(&trace, &program);
    arguments.push("figures_are_written".into());
    let exit = std::process::Command::new(tracer).args(arguments).env(DIRECTORY, &data).status().expect("started");
    assert!(exit.success());
    let operations = read_trace(&trace, &data);
    let (states, bad, finds) = replay(&operations);
    eprintln!("{} operations, {states} states, {finds} different finds, {} bad", operations.len(), bad.len());
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    assert!(finds > WRITES.len(), "{finds} finds of {} writes", WRITES.len());

    // Had one of these calls been forgotten, it would have been noticed.
    for forgotten in ["erp.0.tmp", "erp.1.tmp", ""] {
        let without = operations.iter().map(|operation| match operation {
            Operation::Sync { path, .. } if path == Path::new(forgotten) => {
                Operation::Sync { path: path.clone(), began: 0 }
            }
            other => other.clone(),
        });
        let (_, bad, _) = replay(&without.collect::<Vec<_>>());
        assert!(!bad.is_empty(), "nobody notices that {forgotten:?} is not synced");
    }
}
