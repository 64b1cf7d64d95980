//! `fleet-check` says what of a published repository needs a person.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::os::system;
use crate::programs::Program;
use crate::repository::TestRepository;
use crate::support::{Nginx, eventually};

/// A repository as it is published.
struct Published {
    repository: TestRepository,
    server: Nginx,
    certificate: PathBuf,
}

impl Published {
    fn new() -> Self {
        let repository = TestRepository::new();
        repository.publish("staging", "1.0.0", &Program::new("1.0.0").build());
        repository.promote(&[]);
        let server = Nginx::start(&repository.directory(), 2020..2099);
        let certificate = repository.path().join("server.pem");
        std::fs::write(&certificate, server.certificate()).expect("written");
        Self { repository, server, certificate }
    }

    fn reading(&self, command: &str, options: &[&str]) -> Command {
        let mut reading = Command::new(env!("CARGO_BIN_EXE_workshop-release"));
        reading
            .args([command, &self.server.url(), "--root"])
            .arg(self.repository.directory().join("metadata/1.root.json"));
        reading.arg("--ca-file").arg(&self.certificate).args(options);
        reading.env_remove("LANG").env_remove("LC_ALL").env_remove("LC_MESSAGES");
        reading
    }

    /// What is found, and how many targets were read.
    fn report(&self, options: &[&str]) -> (Vec<Found>, u64) {
        let output = self.reading("fleet-check", options).arg("--json").output().expect("started");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
        let findings: Vec<_> = report["findings"].as_array().expect("findings").iter().map(Found::of).collect();
        assert_eq!(output.status.code(), Some(i32::from(!findings.is_empty())), "{findings:?}");
        (findings, report["targets"].as_u64().expect("a number"))
    }

    fn found(&self) -> Vec<Found> {
        self.report(&[]).0
    }

    /// What is found: one thing, of this kind and place.
    fn one(&self, kind: &str, place: &str) -> String {
        let [found] = self.found().try_into().expect("one finding");
        assert_eq!((found.kind.as_str(), found.place.as_str()), (kind, place), "{found:?}");
        found.message
    }

    /// The path of a target in the repository, by the end of its name.
    fn target(&self, end: &str) -> String {
        let all = super::releases::files(&self.repository.directory()).into_keys();
        all.filter(|name| name.starts_with("targets/")).find(|name| name.ends_with(end)).expect("a target")
    }
}

#[derive(Debug)]
struct Found {
    kind: String,
    place: String,
    message: String,
}

impl Found {
    fn of(finding: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("words").to_owned();
        let Value::Object(languages) = &finding["message"] else { panic!("{finding}") };
        assert_eq!(languages.keys().collect::<Vec<_>>(), ["en", "es"]);
        Self { kind: text(&finding["kind"]), place: text(&finding["place"]), message: text(&languages["en"]) }
    }
}

fn verified(published: &Published) -> bool {
    published.reading("verify", &[]).output().expect("started").status.success()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn roles_that_end_soon_each_by_the_margin_that_suits_it_or_by_one_for_all() {
    let published = Published::new();
    let (found, targets) = published.report(&[]);
    assert!(found.is_empty() && targets == 1, "{found:?} {targets}");
    let roles = |options: &[&str]| {
        let (found, _) = published.report(options);
        assert!(found.iter().all(|found| found.kind == "expiry"), "{found:?}");
        found.into_iter().map(|found| found.place).collect::<Vec<_>>()
    };
    assert!(roles(&["--days", "6"]).is_empty());
    assert_eq!(roles(&["--days", "8"]), ["timestamp"]);
    assert_eq!(roles(&["--days", "91"]), ["staging", "snapshot", "timestamp"]);
    assert_eq!(roles(&["--days", "731"]), ["root", "targets", "stable", "staging", "snapshot", "timestamp"]);

    published.repository.publish_with(
        "staging",
        "1.1.0",
        &[&Program::new("1.1.0").build()],
        &["--expires", "timestamp=2d", "--expires", "snapshot=20h", "--expires", "staging=29d"],
    );
    assert_eq!(roles(&[]), ["staging", "snapshot"]);
    let output = published.reading("fleet-check", &["--days", "0"]).env("LC_ALL", "es_ES").output().expect("started");
    assert_eq!(
        (output.status.code(), said(&output)),
        (Some(0), "todo bien; archivos de targets/ leídos: 3\n".to_owned())
    );
    let output = published.reading("fleet-check", &["--days", "1"]).env("LC_ALL", "es_ES").output().expect("started");
    let said = said(&output);
    assert!(said.starts_with("el rol snapshot caduca el ") && said.lines().count() == 1, "{said}");
    assert!(said.ends_with(": workshop-release refresh --role snapshot, y suba el repositorio\n"), "{said}");
}

#[test]
fn a_role_that_has_ended_and_a_server_that_is_gone() {
    let published = Published::new();
    let binary = Program::new("1.1.0").build();
    published.repository.publish_with("staging", "1.1.0", &[&binary], &["--expires", "staging=1s"]);
    eventually("staging has expired", || !verified(&published));
    assert!(published.one("expiry", "staging").contains("refresh --role staging"));
    // The other channel's were read all the same.
    assert_eq!(published.report(&[]).1, 1);

    published.repository.refresh(&["--role", "staging"]);
    published.repository.order(&[
        "publish",
        "--channel",
        "staging",
        "--version",
        "1.2.0",
        "--expires",
        "timestamp=1s",
        text(&Program::new("1.2.0").build()),
    ]);
    eventually("timestamp has expired", || !verified(&published));
    assert!(published.one("expiry", "timestamp").contains("refresh --role timestamp, and upload"));

    published.repository.refresh(&[]);
    assert!(published.found().is_empty());
    let timestamp = published.repository.directory().join("metadata/timestamp.json");
    let bytes = std::fs::read(&timestamp).expect("readable");
    std::fs::remove_file(&timestamp).expect("there before");
    let said = published.one("repository", &published.server.url());
    assert!(said.contains("boxes accept nothing of https://") && said.contains("check the server"), "{said}");
    std::fs::write(&timestamp, bytes).expect("restored");

    // A root that has ended was accepted, and is said once all the same.
    published.repository.next_key("root");
    published.repository.order(&["rotate", "root", "--expires", "root=1s"]);
    eventually("root has expired", || !verified(&published));
    assert!(published.one("expiry", "root").contains("refresh --role root"));
}

/// Those of versions that no channel wants at the moment, too: boxes go back to them, or on from them.
#[test]
fn targets_that_are_missing_or_wrong_wherever_a_channel_lists_them() {
    let published = Published::new();
    published.repository.publish("staging", "1.1.0", &Program::new("1.1.0").build());
    published.repository.promote(&[]);
    let (full, delta) = (published.target("1.0.0-x86_64-unknown-linux-musl.zst"), published.target(".qbsdiff"));
    let at = |name: &str| published.repository.directory().join(name);
    let (found, targets) = published.report(&[]);
    assert!(found.is_empty() && targets == 3, "{found:?} {targets}");

    let bytes = std::fs::read(at(&full)).expect("readable");
    let mut turned = bytes.clone();
    turned[bytes.len() / 2] ^= 1;
    for content in [turned, [bytes.as_slice(), b"x"].concat(), bytes[1..].to_vec()] {
        std::fs::write(at(&full), content).expect("written");
        let said = published.one("target", &full);
        assert!(said.contains("with other bytes than were signed; upload it again"), "{said}");
    }
    // What the channels want now is as it should be.
    assert!(verified(&published));

    std::fs::remove_file(at(&delta)).expect("there before");
    let (found, targets) = published.report(&[]);
    let places: Vec<_> = found.iter().map(|found| found.place.as_str()).collect();
    assert_eq!((places, targets), (vec![full.as_str(), &delta], 1));
    assert!(found[1].message.contains(&format!("does not have {delta}")), "{}", found[1].message);

    // What the server makes trouble with ends it: it might do so with each.
    std::fs::remove_file(at(&full)).expect("there before");
    std::fs::create_dir(at(&full)).expect("made");
    let said = published.one("target", &full);
    assert!(said.contains("those after it were not read"), "{said}");
}

#[test]
fn channels_that_have_lost_their_order() {
    let published = Published::new();
    let repository = &published.repository;
    repository.publish("stable", "1.1.0", &Program::new("1.1.0").build());
    let said = published.one("channel", "staging");
    let words = "the channel stable wants version 1.1.0 and staging 1.0.0, an older one; give it to staging, too: ";
    assert_eq!(said, format!("{words}workshop-release promote --from stable --to staging"));
    repository.order(&["promote", "--from", "stable", "--to", "staging"]);
    assert!(published.found().is_empty());

    repository.publish("staging", "1.2.0", &Program::new("1.2.0").build());
    assert!(published.found().is_empty());
    repository.promote(&[]);
    repository.rollback("staging", "1.1.0");
    let said = published.one("channel", "staging");
    assert!(said.ends_with("have stable go back, too: workshop-release rollback --channel stable"), "{said}");
    repository.rollback("stable", "1.1.0");
    assert!(published.found().is_empty());

    // The system goes its own way, and nobody has to try it first who never did.
    let publish = |channel: &str, version: &str| {
        let path = repository.path().join(format!("{version}.efi"));
        std::fs::write(&path, system(version, 1000)).expect("written");
        repository.order(&["publish-os", "--channel", channel, "--version", version, text(&path)]);
    };
    publish("stable", "1.1.0");
    assert!(published.found().is_empty());
    publish("staging", "1.0.0");
    let said = published.one("channel", "staging --os");
    assert!(said.contains("1.1.0 of the system") && said.ends_with("--to staging --os"), "{said}");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
