//! Releases come, go from channel to channel, and back.

use std::collections::BTreeMap;
use std::path::Path;

use qbsdiff::Bspatch;
use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::tuf::Client;
use crate::programs::Program;
use crate::repository::TestRepository;

const PLATFORM: &str = "x86_64-unknown-linux-musl";

/// All files of a repository.
pub(super) fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in ["metadata", "targets"] {
        for entry in std::fs::read_dir(directory.join(folder)).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = format!("{folder}/{}", path.file_name().expect("a name").to_string_lossy());
            files.insert(name, std::fs::read(&path).expect("readable"));
        }
    }
    files
}

/// The manifest of a channel as `status` shows it.
pub(super) fn manifest(repository: &TestRepository, channel: &str) -> Value {
    let output = repository.run(["status", "--json"]);
    assert!(output.status.success());
    let status: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let channels = status["channels"].as_array().expect("channels").clone();
    channels.into_iter().find(|manifest| manifest["channel"] == channel).expect("the channel")
}

fn names(answer: &Value) -> Vec<String> {
    let uploads = answer["uploads"].as_array().expect("uploads");
    uploads.iter().map(|upload| upload["path"].as_str().expect("a path").to_owned()).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

#[test]
fn releases_reach_python_tuf_through_every_command() {
    let repository = TestRepository::new();
    let client = Client::of(&repository);
    let versions = |answer: &Value| {
        ["root", "targets", "stable", "staging", "snapshot", "timestamp"]
            .map(|role| answer[role].as_u64().expect("a version"))
    };
    assert_eq!(versions(&client.refresh()), [1, 1, 1, 1, 1, 1]);

    repository.publish("staging", "1.0.0", &Program::new("1.0.0").build());
    assert_eq!(versions(&client.refresh()), [1, 1, 1, 2, 2, 2]);
    let full = format!("workshop-edge-1.0.0-{PLATFORM}.zst");
    let packed = files(&repository.directory());
    let packed = packed.iter().find(|(name, _)| name.ends_with(&full)).map(|(_, bytes)| sha256(bytes));
    assert_eq!(client.fetch(&[&full])["files"][&full].as_str(), packed.as_deref());

    repository.promote(&[]);
    assert_eq!(versions(&client.refresh()), [1, 1, 2, 2, 3, 3]);
    repository.publish("stable", "1.1.0", &Program::new("1.1.0").build());
    assert_eq!(versions(&client.refresh()), [1, 1, 3, 2, 4, 4]);
    repository.rollback("stable", "1.0.0");
    assert_eq!(versions(&client.refresh()), [1, 1, 4, 2, 5, 5]);
    repository.yank("stable", "1.1.0", &[]);
    assert_eq!(versions(&client.refresh()), [1, 1, 5, 2, 6, 6]);
    repository.refresh(&["--expires", "timestamp=30d", "--expires", "snapshot=60d"]);
    assert_eq!(versions(&client.refresh()), [1, 1, 5, 2, 7, 7]);
    let refreshed = repository.refresh(&["--role", "targets", "--expires", "targets=400d"]);
    assert_eq!(refreshed["roles"].as_array().expect("roles").len(), 3);
    assert_eq!(versions(&client.refresh()), [1, 2, 5, 2, 8, 8]);

    // A box is of the same opinion.
    let output = repository.run_verify();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let seen: Vec<_> = report["roles"].as_array().expect("roles").iter().map(|role| &role["version"]).collect();
    assert_eq!(seen, [1, 2, 5, 2, 8, 8]);
}

#[test]
fn a_delta_and_the_full_target_both_give_the_binary() {
    let repository = TestRepository::new();
    let binaries =
        ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"].map(|version| (version, Program::new(version).build()));
    for (version, binary) in &binaries {
        repository.publish("staging", version, binary);
    }
    let files = files(&repository.directory());
    let target = |name: &str| {
        let found: Vec<_> = files.iter().filter(|(path, _)| path.ends_with(&format!(".{name}"))).collect();
        let [(path, bytes)] = found.as_slice() else { panic!("{name}: {found:?}") };
        assert_eq!(**path, format!("targets/{}.{name}", sha256(bytes)));
        bytes.as_slice()
    };
    let manifest = manifest(&repository, "staging");
    let mut deltas = Vec::new();
    for release in manifest["releases"].as_array().expect("releases") {
        let binary = &release["platforms"][PLATFORM];
        let raw = zstd::decode_all(target(binary["full"].as_str().expect("a name"))).expect("unpacked");
        assert_eq!(
            (sha256(&raw), raw.len() as u64),
            (binary["raw_sha256"].as_str().expect("a digest").to_owned(), binary["raw_size"].as_u64().expect("a size"))
        );
        let of = |digest: &str| {
            binaries.iter().map(|(_, path)| std::fs::read(path).expect("read")).find(|bytes| sha256(bytes) == digest)
        };
        let list = binary["deltas"].as_array().expect("deltas");
        deltas.push(list.len());
        for delta in list {
            let from = delta["from_sha256"].as_str().expect("a digest");
            let name = delta["target"].as_str().expect("a name");
            assert!(name.ends_with(&format!(".from-{}.qbsdiff", &from[..16])), "{name}");
            let patch = Bspatch::new(target(name)).expect("a patch");
            let mut patched = Vec::new();
            patch.apply(&of(from).expect("a binary"), std::io::Cursor::new(&mut patched)).expect("applied");
            assert_eq!(sha256(&patched), sha256(&raw));
        }
    }
    // Against the last three, and never more.
    assert_eq!(deltas, [0, 1, 2, 3, 3]);
}

#[test]
fn a_promotion_uploads_no_binary_again() {
    let repository = TestRepository::new();
    repository.publish("stable", "1.0.0", &Program::new("1.0.0").build());
    repository.publish("staging", "1.1.0", &Program::new("1.1.0").build());
    let before = files(&repository.directory());
    let answer = repository.promote(&["--wave", "+1h=10", "--wave", "+24h=1000", "--urgent"]);
    let new = names(&answer);
    assert!(!new.iter().any(|name| name.contains(".zst")), "{new:?}");
    // What the stable boxes start from is not what the staging ones did.
    let deltas: Vec<_> = new.iter().filter(|name| name.ends_with(".qbsdiff")).collect();
    assert_eq!(deltas.len(), 1, "{new:?}");
    let after = files(&repository.directory());
    assert!(before.iter().all(|(name, bytes)| name == "metadata/timestamp.json" || after.get(name) == Some(bytes)));
    let (staging, stable) = (manifest(&repository, "staging"), manifest(&repository, "stable"));
    let (from, to) = (&staging["releases"][0], &stable["releases"][1]);
    assert_eq!((&stable["desired"], &to["version"], &to["urgent"]), (&"1.1.0".into(), &"1.1.0".into(), &true.into()));
    assert_eq!(from["platforms"][PLATFORM]["full"], to["platforms"][PLATFORM]["full"]);
    assert_eq!(to["waves"].as_array().expect("waves").len(), 2);
}

#[test]
fn a_rollback_names_the_versions_that_go_back() {
    let repository = TestRepository::new();
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        repository.publish("stable", version, &Program::new(version).build());
    }
    repository.rollback("stable", "1.0.0");
    let report = manifest(&repository, "stable");
    assert_eq!(report["desired"], "1.0.0");
    assert_eq!(report["releases"][0]["rollback_from"], serde_json::json!(["1.1.0", "1.2.0"]));

    repository.yank("stable", "1.2.0", &[]);
    assert_eq!(manifest(&repository, "stable")["releases"].as_array().expect("releases").len(), 2);
    // The boxes that still have it go back all the same.
    assert_eq!(manifest(&repository, "stable")["releases"][0]["rollback_from"], serde_json::json!(["1.1.0", "1.2.0"]));
    repository.publish("stable", "1.3.0", &Program::new("1.3.0").build());
    assert_eq!(manifest(&repository, "stable")["desired"], "1.3.0");
    repository.yank("stable", "1.3.0", &["--desired", "1.1.0"]);
    let report = manifest(&repository, "stable");
    assert_eq!(
        (&report["desired"], &report["releases"][1]["rollback_from"]),
        (&"1.1.0".into(), &serde_json::json!(["1.3.0"]))
    );
}

#[test]
fn the_same_command_again_changes_nothing() {
    let repository = TestRepository::new();
    let (one, two) = (Program::new("1.0.0").build(), Program::new("1.1.0").build());
    let waves = ["--wave", "+1h=10", "--wave", "+24h=1000"];
    let keys = repository.keys();
    let keys = keys.to_str().expect("UTF-8");
    let commands: [&dyn Fn() -> Value; 6] = [
        &|| repository.publish("staging", "1.0.0", &one),
        &|| repository.publish_with("staging", "1.1.0", &[&two], &waves),
        &|| repository.promote(&waves),
        &|| repository.rollback("staging", "1.0.0"),
        &|| repository.yank("staging", "1.1.0", &[]),
        &|| repository.refresh(&["--expires", "timestamp=30d", "--expires", "snapshot=60d"]),
    ];
    for (number, command) in commands.iter().enumerate() {
        assert_eq!(command()["changed"], true, "{number}");
        let before = files(&repository.directory());
        let again = command();
        assert_eq!((&again["changed"], names(&again).len()), (&false.into(), 0), "{number}: {again}");
        assert_eq!(files(&repository.directory()), before, "{number}");
    }
    let before = files(&repository.directory());
    let output = repository.run(["init", "--new-keys", keys]);
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "already so: nothing was changed\n");
    assert_eq!(repository.order(&["rotate", "root"])["changed"], false);
    assert_eq!(files(&repository.directory()), before);
}

#[test]
fn a_dry_run_says_what_would_change_and_writes_nothing() {
    let repository = TestRepository::new();
    let binary = Program::new("1.0.0").build();
    let before = files(&repository.directory());
    let report = repository.publish_with("staging", "1.0.0", &[&binary], &["--dry-run"]);
    assert_eq!((&report["changed"], &report["dry_run"]), (&true.into(), &true.into()));
    assert_eq!(files(&repository.directory()), before);
    let done = repository.publish("staging", "1.0.0", &binary);
    assert_eq!(names(&report), names(&done));
    let roles = |answer: &Value| -> Vec<(Value, Value)> {
        let roles = answer["roles"].as_array().expect("roles").iter();
        roles.map(|role| (role["role"].clone(), role["to"].clone())).collect()
    };
    assert_eq!(roles(&report), roles(&done));

    repository.next_key("snapshot");
    let report = repository.order(&["rotate", "snapshot", "--dry-run"]);
    assert_eq!(names(&report), names(&repository.order(&["rotate", "snapshot"])));

    let directory = tempfile::tempdir().expect("a directory");
    let there = directory.path().join("r");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_workshop-release"))
        .args(["init", "--dry-run", "--keys"])
        .arg(repository.keys().join("keys.toml"))
        .arg("--repository")
        .arg(&there)
        .output()
        .expect("started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!there.exists());
}

#[test]
fn what_is_uploaded_last_is_the_only_file_that_is_not_for_ever() {
    let repository = TestRepository::new();
    let answer = repository.publish("staging", "1.0.0", &Program::new("1.0.0").build());
    let uploads = answer["uploads"].as_array().expect("uploads");
    let (last, others) = uploads.split_last().expect("some");
    assert_eq!((&last["path"], &last["cache_control"]), (&"metadata/timestamp.json".into(), &"no-cache".into()));
    assert!(others.iter().all(|upload| upload["cache_control"] == "public, max-age=31536000, immutable"), "{answer}");
    let first_metadata =
        others.iter().position(|upload| upload["path"].as_str().expect("a path").starts_with("metadata/"));
    let last_target =
        others.iter().rposition(|upload| upload["path"].as_str().expect("a path").starts_with("targets/"));
    assert!(last_target < first_metadata, "{answer}");
    for upload in uploads {
        let path = repository.directory().join(upload["path"].as_str().expect("a path"));
        assert_eq!(std::fs::metadata(path).expect("there").len(), upload["bytes"].as_u64().expect("a size"));
    }
}

#[test]
fn a_command_that_changes_nothing_says_why() {
    let repository = TestRepository::new();
    repository.publish("staging", "1.0.0", &Program::new("1.0.0").build());
    let says = |answer: Value, words: &str| {
        assert_eq!(answer["changed"], false, "{answer}");
        let notes = answer["notes"].to_string();
        assert!(notes.contains(words), "{notes} and not {words}");
    };
    says(repository.refresh(&["--expires", "timestamp=1d", "--expires", "snapshot=1d"]), "and is not shortened");
    says(repository.refresh(&[]), "would gain no more than 5 min");
    let waves = ["--wave", "+1h=10", "--wave", "+24h=1000"];
    assert_eq!(repository.promote(&waves)["changed"], true);
    for options in [&waves[..], &[]] {
        says(
            repository.promote(options),
            "the channel stable has 1.0.0 already with these waves, which stay as they are: 2",
        );
    }
    says(repository.yank("staging", "9.9.9", &[]), "the channel staging has no version 9.9.9; it has: 1.0.0");
    let keys = repository.keys().join("keys.toml");
    let output = repository.run(["refresh", "--keys", keys.to_str().expect("UTF-8")]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("is valid until") && text.ends_with("already so: nothing was changed\n"), "{text}");
}

#[test]
fn a_role_that_ends_soon_is_warned_about() {
    let repository = TestRepository::new();
    let notes = |answer: &Value| answer["notes"].as_array().expect("notes").clone();
    assert!(notes(&repository.refresh(&["--expires", "timestamp=30d"])).is_empty());
    let answer = repository.refresh(&["--role", "stable", "--expires", "stable=400d", "--expires", "snapshot=2h"]);
    let notes = notes(&answer);
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert!(note.as_str().expect("words").starts_with("warning: the role snapshot expires on "), "{note}");
}

#[test]
fn a_platform_is_added_to_a_release_that_is_there() {
    let repository = TestRepository::new();
    repository.publish("staging", "1.0.0", &Program::new("1.0.0").build());
    let arm = Program::new("1.0.0").platform("aarch64-unknown-linux-musl").build();
    repository.publish("staging", "1.0.0", &arm);
    let report = manifest(&repository, "staging");
    let platforms: Vec<_> =
        report["releases"][0]["platforms"].as_object().expect("platforms").keys().cloned().collect();
    assert_eq!(platforms, ["aarch64-unknown-linux-musl", PLATFORM]);
}
