//! What the publisher refuses, and that the repository is as it was afterwards.

use std::path::{Path, PathBuf};

use super::releases::{files, manifest};
use crate::programs::Program;
use crate::repository::TestRepository;

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Publishing this as 1.1.0 on staging is refused with these words.
#[track_caller]
fn refuses(repository: &TestRepository, binary: &str, options: &[&str], words: &str) {
    let publish = ["publish", "--channel", "staging", "--version", "1.1.0", binary];
    refuses_command(repository, &[&publish, options].concat(), words);
}

#[track_caller]
fn refuses_command(repository: &TestRepository, command: &[&str], words: &str) {
    let before = files(&repository.directory());
    let said = repository.refused(command);
    assert!(said.contains(words), "{words:?} is not in: {said}");
    assert_eq!(files(&repository.directory()), before);
}

/// With 1.0.0 on staging.
fn repository() -> TestRepository {
    let repository = TestRepository::new();
    repository.publish("staging", "1.0.0", &Program::new("1.0.0").build());
    repository
}

#[test]
fn a_version_that_exists_with_other_bytes() {
    let repository = repository();
    let other = Program::new("1.0.0").salt("other").build();
    let command = |channel| ["publish", "--channel", channel, "--version", "1.0.0", text(&other)].map(str::to_owned);
    for channel in ["staging", "stable"] {
        let command = command(channel);
        let command: Vec<_> = command.iter().map(String::as_str).collect();
        refuses_command(&repository, &command, "exists already with other bytes (staging)");
    }
    // Nor once it was yanked: boxes may have it.
    repository.publish("staging", "1.1.0", &Program::new("1.1.0").build());
    repository.yank("staging", "1.0.0", &[]);
    let command = command("staging");
    let mut command: Vec<_> = command.iter().map(String::as_str).collect();
    command.push("--keep-desired");
    refuses_command(&repository, &command, "exists already with other bytes (");
}

#[test]
fn a_binary_that_is_not_static_or_not_of_its_platform() {
    let repository = repository();
    let dynamic = Program::new("1.1.0").platform("x86_64-unknown-linux-gnu").build();
    refuses(&repository, text(&dynamic), &[], "is not static (PT_INTERP)");
    let arm = Program::new("1.1.0").platform("aarch64-unknown-linux-musl").build();
    let binary = format!("x86_64-unknown-linux-musl={}", text(&arm));
    refuses(&repository, &binary, &[], "is not for x86_64-unknown-linux-musl: its ELF is for machine 183, not 62");
    let intel = Program::new("1.1.0").build();
    let binary = |platform: &str| format!("{platform}={}", text(&intel));
    refuses(&repository, &binary("aarch64-unknown-linux-musl"), &[], "its ELF is for machine 62, not 183");
    refuses(&repository, &binary("vax-dec-ultrix"), &[], "the platform vax-dec-ultrix is not known");
    refuses(&repository, &binary("x86_64-../-linux-musl"), &[], "is not known");
    let script = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(&script, "#!/bin/sh\necho workshop-edge 1.1.0\n").expect("written");
    refuses(&repository, text(script.path()), &[], "is no ELF program");
    let bytes = std::fs::read(&intel).expect("readable");
    for length in [0, 3, 63, 64, 100] {
        std::fs::write(&script, &bytes[..length]).expect("written");
        refuses(&repository, text(script.path()), &[], "is no ELF program");
    }
    refuses(&repository, "/nowhere/workshop-edge", &[], "cannot read /nowhere/workshop-edge");
}

/// A shared library needs others, though it has no interpreter.
#[test]
fn a_binary_that_needs_a_library() {
    let repository = repository();
    let directory = tempfile::tempdir().expect("a directory");
    let (source, library) = (directory.path().join("l.c"), directory.path().join("l.so"));
    std::fs::write(&source, "#include <stdio.h>\nint f(void) { return puts(\"\"); }\n").expect("written");
    crate::support::run("cc", &["-shared", "-fPIC", "-o", text(&library), text(&source)]);
    refuses(&repository, text(&library), &[], "is not static (DT_NEEDED)");
}

#[test]
fn a_binary_that_says_another_version() {
    let repository = repository();
    let program = Program::new("1.1.0").says("workshop-edge 1.1.0-rc.1").build();
    refuses(&repository, text(&program), &[], "says \"workshop-edge 1.1.0-rc.1\" and not \"workshop-edge 1.1.0\"");
    let arm = Program::new("1.1.0").platform("aarch64-unknown-linux-musl").says("workshop-edge 1.2.0").build();
    refuses(&repository, text(&arm), &[], "says \"workshop-edge 1.2.0\"");
}

#[test]
fn a_binary_that_cannot_be_run_is_taken_only_when_that_is_accepted() {
    let repository = repository();
    let arm = Program::new("1.1.0").platform("aarch64-unknown-linux-musl").build();
    let keys = repository.keys().join("keys.toml");
    let publish = |options: &[&str]| {
        let command = ["publish", "--channel", "staging", "--version", "1.1.0", text(&arm), "--keys", text(&keys)];
        // Where there is no emulator.
        repository.command([&command, options].concat()).env("PATH", "/nowhere").output().expect("started")
    };
    let output = publish(&[]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cannot be run here: install qemu-user-static"), "{said}");
    let output = publish(&["--version-unchecked"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("was not run; nobody has checked that it is version 1.1.0"), "{said}");
}

#[test]
fn an_expiry_in_the_past() {
    let repository = repository();
    let program = Program::new("1.1.0").build();
    for role in ["timestamp", "snapshot", "staging"] {
        for when in ["2020-01-01T00:00Z", "0s", "-1d"] {
            let words = format!("the role {role} would expire in the past");
            refuses(&repository, text(&program), &["--expires", &format!("{role}={when}")], &words);
        }
    }
    refuses(&repository, text(&program), &["--expires", "nobody=1d"], "--expires nobody=1d: want ROLE=7d");
}

#[test]
fn a_min_version_that_decreases_or_is_above_what_is_wanted() {
    let repository = repository();
    let program = Program::new("1.1.0").build();
    refuses(
        &repository,
        text(&program),
        &["--min-version", "1.2.0"],
        "would want 1.1.0, which is below its least (1.2.0)",
    );
    repository.publish_with("staging", "1.1.0", &[&program], &["--min-version", "1.1.0"]);
    assert_eq!(manifest(&repository, "staging")["min_version"], "1.1.0");
    let next = Program::new("1.2.0").build();
    let command = ["publish", "--channel", "staging", "--version", "1.2.0", text(&next), "--min-version", "1.0.0"];
    refuses_command(&repository, &command, "is 1.1.0 and never decreases");
    // It stays when nothing is said of it.
    repository.publish("staging", "1.2.0", &next);
    assert_eq!(manifest(&repository, "staging")["min_version"], "1.1.0");
    refuses_command(
        &repository,
        &["rollback", "--channel", "staging", "--to", "1.0.0"],
        "is below the least of the channel",
    );
}

#[test]
fn waves_that_do_not_increase_or_never_reach_all() {
    let repository = repository();
    let program = Program::new("1.1.0").build();
    let increasing = "each wave begins after the one before and reaches more boxes";
    refuses(&repository, text(&program), &["--wave", "+1h=20", "--wave", "+1h=10"], increasing);
    refuses(&repository, text(&program), &["--wave", "+1h=20", "--wave", "2020-01-01T00:00Z=1000"], increasing);
    refuses(&repository, text(&program), &["--wave", "+1h=2000"], "want TIME=PERMILLE");
    refuses(&repository, text(&program), &["--wave", "+1h=10"], "add one that reaches 1000");
}

#[test]
fn a_channel_or_a_version_that_is_not_there() {
    let repository = repository();
    let program = Program::new("1.1.0").build();
    let command = ["publish", "--channel", "beta", "--version", "1.1.0", text(&program)];
    refuses_command(&repository, &command, "there is no channel beta");
    refuses_command(&repository, &["promote", "--to", "beta"], "there is no channel beta");
    refuses_command(&repository, &["rollback", "--channel", "beta", "--to", "1.0.0"], "there is no channel beta");
    refuses_command(&repository, &["promote", "--version", "3.0.0"], "the channel staging has no 3.0.0; it has: 1.0.0");
    refuses_command(
        &repository,
        &["promote", "--from", "stable", "--to", "staging"],
        "the channel stable wants no version",
    );
    refuses_command(
        &repository,
        &["rollback", "--channel", "staging", "--to", "0.9.0"],
        "the channel staging has no 0.9.0",
    );
    refuses_command(
        &repository,
        &["rollback", "--channel", "staging", "--to", "2.0.0"],
        "is newer than what the channel",
    );
    let command = ["publish", "--channel", "staging", "--version", "1.1.0+build", text(&program)];
    refuses_command(&repository, &command, "does not count in the order of versions");
    refuses(&repository, text(&program), &["--requires-from", "1.1.0"], "has to be older than 1.1.0");
}

#[test]
fn what_was_rolled_back_or_would_go_back_without_saying_so() {
    let repository = repository();
    let program = Program::new("1.1.0").build();
    repository.publish("staging", "1.1.0", &program);
    let old = Program::new("0.9.0").build();
    let command = ["publish", "--channel", "staging", "--version", "0.9.0", text(&old)];
    refuses_command(&repository, &command, "wants 1.1.0, which is newer");
    repository.publish_with("staging", "0.9.0", &[&old], &["--keep-desired"]);
    assert_eq!(manifest(&repository, "staging")["desired"], "1.1.0");
    repository.rollback("staging", "1.0.0");
    refuses(&repository, text(&program), &[], "went back from 1.1.0 to 1.0.0");
}

#[test]
fn the_version_that_is_wanted_is_not_yanked() {
    let repository = repository();
    let yank = ["yank", "--channel", "staging", "--version", "1.0.0"];
    refuses_command(&repository, &yank, "the channel staging wants 1.0.0: say with --desired");
    refuses_command(&repository, &[&yank[..], &["--desired", "1.0.0"]].concat(), "say with --desired");
    refuses_command(&repository, &[&yank[..], &["--desired", "0.1.0"]].concat(), "has no 0.1.0");
}

#[test]
fn another_publisher_at_the_same_time() {
    let repository = repository();
    let handle = std::fs::File::open(repository.directory()).expect("a directory");
    rustix::fs::flock(&handle, rustix::fs::FlockOperation::LockExclusive).expect("locked");
    refuses_command(&repository, &["refresh"], "another workshop-release works on");
    drop(handle);
    repository.refresh(&["--expires", "timestamp=30d"]);
}

#[test]
fn a_repository_that_somebody_else_changed() {
    let repository = repository();
    let metadata = repository.directory().join("metadata");
    let change = |path: PathBuf, from: &str, to: &str, words: &str| {
        let kept = std::fs::read_to_string(&path).expect("readable");
        assert!(kept.contains(from));
        std::fs::write(&path, kept.replace(from, to)).expect("written");
        refuses_command(&repository, &["refresh", "--expires", "timestamp=30d"], words);
        std::fs::write(&path, kept).expect("written");
    };
    change(metadata.join("2.staging.json"), "\"version\": 2", "\"version\": 3", "is not what was signed");
    change(metadata.join("timestamp.json"), "\"version\": 2", "\"version\": 3", "is not signed well");
    change(metadata.join("1.root.json"), "\"threshold\": 2", "\"threshold\": 1", "is not signed well");
    let names = files(&repository.directory());
    let name = names.keys().rfind(|name| name.ends_with(".stable.manifest.json")).expect("a manifest");
    change(repository.directory().join(name), "0.0.0", "9.0.0", "is not what was signed");
    let elsewhere = tempfile::tempdir().expect("a directory");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_workshop-release"))
        .args(["status", "--repository", text(elsewhere.path())])
        .env("LANG", "es_ES.UTF-8")
        .env_remove("LC_ALL")
        .output()
        .expect("started");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("no hay un repositorio: créelo con «workshop-release init»"), "{said}");
}

#[test]
fn an_init_with_other_keys() {
    let (one, other) = (repository(), TestRepository::new());
    let keys = other.keys().join("keys.toml");
    let before = files(&one.directory());
    let output = one.run(["init", "--keys", text(&keys)]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("already holds a repository with other keys"), "{said}");
    assert_eq!(files(&one.directory()), before);
}
