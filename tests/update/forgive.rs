//! A version that has failed here, and that a person allows again.

use serde_json::Value;
use workshop_edge::slots::TRIES;

use crate::managed::{Bucket, Managed};

/// Nothing is decided about a version while it lasts.
const LONG: &str = "check_interval_s = 2\ntrial_s = 3600\n";

/// A box that has refused 1.1.0, which dies at each of its starts, and would confirm it now.
fn refused(bucket: &Bucket) -> Managed {
    bucket.publish(&["1.0.0", "1.1.0"]);
    let managed = Managed::start(bucket, LONG);
    for start in 1..=usize::from(TRIES) {
        managed.supervisor.wait_for("this version is on trial", start);
        managed.supervisor.wait_for("ready", 1 + start);
        managed.supervisor.kill();
    }
    managed.wait_for("1.1.0 is given up", |state| state["quarantined"][0]["version"] == "1.1.0");
    let text = std::fs::read_to_string(managed.config()).expect("read");
    std::fs::write(managed.config(), text.replace("trial_s = 3600", "trial_s = 1")).expect("written");
    assert!(managed.program(&["restart"]).status().expect("run").success());
    managed.supervisor.wait_for("ready", 3 + usize::from(TRIES));
    managed
        .wait_for("the first look", |state| state["decision"]["en"].as_str().is_some_and(|why| why.contains("failed")));
    managed
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn a_person_allows_a_version_again_that_has_failed() {
    let bucket = Bucket::new();
    let managed = refused(&bucket);
    let reason = managed.state().expect("a state")["quarantined"][0]["reason"].clone();
    assert!(
        reason.as_str().is_some_and(|reason| reason.starts_with("it came up, but ended by itself or was killed")),
        "{reason}"
    );
    for (lang, words) in
        [("en", "\"workshop-edge update forgive 1.1.0\""), ("es", "«workshop-edge update forgive 1.1.0»")]
    {
        let status = managed.command(&["status"]).env("LANG", lang).output().expect("run");
        assert!(text(&status.stdout).contains(words), "{}", text(&status.stdout));
    }
    for (lang, words) in [
        ("en", "There is nothing to do: no version 9.9.9 is refused on this box."),
        ("es", "No hay nada que hacer: este equipo no rechaza ninguna versión 9.9.9."),
    ] {
        let nothing = managed.command(&["forgive", "9.9.9"]).env("LANG", lang).output().expect("run");
        assert_eq!(nothing.status.code(), Some(1));
        assert!(text(&nothing.stdout).contains(words), "{}", text(&nothing.stdout));
    }
    let done = managed.update(&["forgive", "1.1.0"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(text(&done.stdout), "Version 1.1.0 works.\n");
    let history = managed.history();
    let kinds: Vec<_> = history.iter().map(|entry| (&entry["kind"], &entry["outcome"]["state"])).collect();
    let of = |kind: &str, state: &str| (Value::from(kind), Value::from(state));
    let [first, second, third] = [of("update", "reverted"), of("forgiven", "confirmed"), of("ordered", "confirmed")];
    assert_eq!(kinds, [(&first.0, &first.1), (&second.0, &second.1), (&third.0, &third.1)]);
    let output = managed.update(&["history"]);
    assert!(
        text(&output.stdout).contains("version 1.1.0, which had failed, may be tried again"),
        "{}",
        text(&output.stdout)
    );
    let audited = managed.supervisor.logged("administration");
    let line = audited
        .iter()
        .find(|line| line["fields"]["action"] == "update forgive" && line["fields"]["outcome"] == "begun: 1.1.0");
    assert!(line.is_some_and(|line| line["fields"]["audit"] == true), "{audited:#?}");
}

/// On hold, it is allowed and no more.
#[test]
fn a_version_that_is_allowed_again_waits_for_its_turn() {
    let bucket = Bucket::new();
    let managed = refused(&bucket);
    assert!(managed.update(&["hold"]).status.success());
    let done = managed.update(&["forgive", "1.1.0", "--json"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let reply: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!((&reply["outcome"], &reply["state"]["running"]), (&"done".into(), &"1.0.0".into()), "{reply}");
    assert_eq!(reply["state"]["quarantined"], Value::Array(Vec::new()));
    let status = managed.command(&["pin", "9.9.9"]).env("LANG", "en").output().expect("run");
    let said = text(&status.stdout);
    assert!(
        said.contains("on hold") && said.contains("the pinned 9.9.9 is not among the channel's releases"),
        "{said}"
    );
}
