//! The publisher fails half-way, at every write: the repository is the old one or the new one, and the same command
//! again completes it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use super::releases::files;
use super::tuf::Client;
use crate::programs::Program;
use crate::repository::TestRepository;

/// Writes these files, and nothing else, into a repository.
fn restore(directory: &Path, kept: &BTreeMap<String, Vec<u8>>) {
    for name in files(directory).keys() {
        std::fs::remove_file(directory.join(name)).expect("removed");
    }
    for (name, bytes) in kept {
        std::fs::write(directory.join(name), bytes).expect("written");
    }
}

/// Has a command fail at its first, second, … call of these kinds, until it fails no more; gives how often it did.
fn fail_everywhere(repository: &TestRepository, arguments: &[&str], calls: &str, fault: &str) -> usize {
    let directory = repository.directory();
    let before = files(&directory);
    let keys = repository.keys().join("keys.toml");
    let arguments = [arguments, &["--keys", keys.to_str().expect("UTF-8")]].concat();
    for at in 1.. {
        restore(&directory, &before);
        let output = under_strace(&repository.command(&arguments), calls, fault, at);
        let failed = !output.status.success();
        // Whatever it left, a client takes the one or the other, and later on the new one.
        let client = Client::of(repository);
        client.refresh();
        assert!(repository.run_verify().status.success(), "{calls} {fault} {at}");
        let left = files(&directory);
        let again = repository.run(&arguments);
        assert!(again.status.success(), "{calls} {fault} {at}: {}", String::from_utf8_lossy(&again.stderr));
        client.refresh();
        Client::of(repository).refresh();
        // What may have been uploaded, and lies in caches for ever, keeps its bytes.
        let after = files(&directory);
        for (name, bytes) in left.iter().filter(|(name, _)| !name.ends_with("timestamp.json") && !name.contains(".tmp"))
        {
            assert!(after.get(name) == Some(bytes), "{calls} {fault} {at}: {name}");
        }
        let leftovers =
            files(&directory).into_keys().filter(|name| Path::new(name).extension().is_some_and(|e| e == "tmp"));
        assert_eq!(leftovers.collect::<Vec<_>>(), Vec::<String>::new(), "{calls} {fault} {at}");
        if !failed {
            restore(&directory, &before);
            return at - 1;
        }
    }
    0
}

/// Runs a command whose `at`th call of these kinds fails.
fn under_strace(command: &Command, calls: &str, fault: &str, at: usize) -> Output {
    Command::new("strace")
        .args(["--follow-forks", "--output=/dev/null", &format!("--trace={calls}")])
        .arg(format!("--inject={calls}:{fault}:when={at}"))
        .arg(command.get_program())
        .args(command.get_args())
        .output()
        .expect("strace can be started (tests/run installs it)")
}

const RENAME: &str = "?rename,?renameat,?renameat2";

#[test]
fn the_beginning_fails_at_every_write() {
    let repository = TestRepository::new();
    let keys = repository.keys().join("keys.toml");
    let init = ["init", "--keys", keys.to_str().expect("UTF-8")];
    let mut failures = 0;
    for at in 1.. {
        std::fs::remove_dir_all(repository.directory()).expect("removed");
        if under_strace(&repository.command(init), RENAME, "signal=KILL", at).status.success() {
            break;
        }
        failures += 1;
        // Until the last file is there, there is no repository that anybody could have read.
        let status = repository.run(["status"]);
        assert_eq!(status.status.code(), Some(1), "{at}");
        assert!(repository.run(init).status.success(), "{at}");
        Client::of(&repository).refresh();
    }
    // Two manifests, and six roles.
    assert_eq!(failures, 8);
}

#[test]
fn publishing_fails_at_every_write() {
    let repository = TestRepository::new();
    repository.publish("staging", "1.0.0", &Program::new("1.0.0").build());
    let binary = Program::new("1.1.0").build();
    let publish = ["publish", "--channel", "staging", "--version", "1.1.0", binary.to_str().expect("UTF-8")];
    // The packed binary, the delta, the manifest, the channel's role, snapshot and timestamp; besides them the copy of
    // the binary that is run.
    assert_eq!(fail_everywhere(&repository, &publish, RENAME, "signal=KILL"), 7);
    assert_eq!(fail_everywhere(&repository, &publish, "fsync", "error=ENOSPC"), 14);
}

#[test]
fn a_rotation_fails_at_every_write() {
    let repository = TestRepository::new();
    repository.rotate("timestamp");
    // Signed in by the root, and under it the timestamp: both the first time and with the rotation that follows.
    let keys = repository.keys().join("keys.toml");
    let text = std::fs::read_to_string(&keys).expect("keys.toml");
    let text =
        text.replace("timestamp-next-1.pem", "snapshot.pem").replace("\"timestamp.pem\"", "\"timestamp-next-1.pem\"");
    std::fs::write(&keys, text).expect("written");
    assert_eq!(fail_everywhere(&repository, &["rotate", "timestamp"], RENAME, "signal=KILL"), 2);
}
