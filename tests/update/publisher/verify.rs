//! `verify` sees what a box sees.

use std::process::{Command, Output};

use serde_json::Value;

use super::releases::files;
use super::tuf::Client;
use crate::programs::Program;
use crate::repository::TestRepository;
use crate::support::eventually;

fn repository() -> TestRepository {
    let repository = TestRepository::new();
    repository.publish("staging", "1.0.0", &Program::new("1.0.0").build());
    repository.promote(&[]);
    repository
}

/// The channel's part of a report.
fn channel(output: &Output, name: &str) -> Value {
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let channels = report["channels"].as_array().expect("channels").iter();
    channels.clone().find(|channel| channel["channel"] == name).expect("the channel").clone()
}

#[test]
fn over_http_with_the_root_that_boxes_trust() {
    let repository = repository();
    let client = Client::of(&repository);
    let root = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(&root, repository.root()).expect("written");
    let verify = |options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-release"));
        command.args(["verify", client.url(), "--json"]).args(options).env_remove("LANG").env_remove("LC_ALL");
        command.output().expect("started")
    };
    let root = root.path().to_str().expect("UTF-8");
    let output = verify(&["--allow-http", "--root", root]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for name in ["stable", "staging"] {
        let channel = channel(&output, name);
        assert_eq!((&channel["manifest"]["desired"], &channel["error"]), (&"1.0.0".into(), &Value::Null));
        assert_eq!(channel["targets"].as_array().expect("targets").len(), 1);
    }
    for (options, words) in [(&["--allow-http"][..], "say with --root which root"), (&["--root", root], "http://")] {
        let output = verify(options);
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(words), "{words}: {said}");
    }
    // Another root is another publisher's.
    let other = TestRepository::new();
    let other = other.directory().join("metadata/1.root.json");
    let output = verify(&["--allow-http", "--root", other.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_channel_that_has_expired_is_not_the_others_fault() {
    let repository = repository();
    repository.publish_with("staging", "1.1.0", &[&Program::new("1.1.0").build()], &["--expires", "staging=1s"]);
    eventually("staging has expired", || !repository.run_verify().status.success());
    let output = repository.run_verify();
    assert_eq!(output.status.code(), Some(1));
    let (stable, staging) = (channel(&output, "stable"), channel(&output, "staging"));
    assert_eq!(stable["error"], Value::Null);
    assert!(staging["error"].as_str().expect("an error").contains("expired"), "{staging}");
}

#[test]
fn a_target_that_is_not_what_was_signed_or_is_gone() {
    let repository = repository();
    let all = files(&repository.directory());
    let (name, bytes) = all.iter().find(|(name, _)| name.ends_with("musl.zst")).expect("a target");
    let path = repository.directory().join(name);
    let mut turned = bytes.clone();
    turned[bytes.len() / 2] ^= 1;
    let longer = [bytes.as_slice(), b"x"].concat();
    for (content, words) in [(turned, "is not what was signed"), (longer, "is longer than was signed")] {
        std::fs::write(&path, content).expect("written");
        let output = repository.run_verify();
        assert_eq!(output.status.code(), Some(1));
        let error = channel(&output, "stable")["error"].as_str().expect("an error").to_owned();
        assert!(error.contains(words), "{error}");
    }
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(repository.run_verify().status.code(), Some(1));
    std::fs::write(&path, bytes).expect("restored");
    assert!(repository.run_verify().status.success());
}
