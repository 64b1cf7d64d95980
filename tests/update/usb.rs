//! Versions on a USB stick, for a workshop without internet.

use std::fs;
use std::path::Path;

use crate::managed::{Bucket, Managed};
use crate::support::{eventually, run};

/// Copies a repository onto a stick: as a whole, since a stick is mounted as a whole.
fn copy(bucket: &Bucket, stick: &Path) {
    let half = stick.with_extension("half");
    let (from, to) = (bucket.repository.directory(), half.display().to_string());
    run("cp", &["-r", &from.display().to_string(), &to]);
    fs::rename(half, stick).expect("plugged in");
}

fn said(managed: &Managed, arguments: &[&str], lang: &str) -> (Option<i32>, String) {
    let output = managed.command(arguments).env("LANG", lang).output().expect("run");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).expect("UTF-8"))
}

#[test]
fn a_directory_does_without_the_network_and_is_held_to_what_is_known() {
    let mut bucket = Bucket::new();
    bucket.publish(&["1.0.0"]);
    let place = tempfile::tempdir().expect("a directory");
    let (old, new) = (place.path().join("old"), place.path().join("new"));
    copy(&bucket, &old);
    bucket.publish(&["1.1.0"]);
    copy(&bucket, &new);
    bucket.unplug();
    let managed = Managed::start(&bucket, "check_interval_s = 604800\ntrial_s = 2\n");

    let nothing = place.path().join("nothing").display().to_string();
    let (code, text) = said(&managed, &["apply", "--from", &nothing], "en_GB.UTF-8");
    assert!(
        code == Some(1)
            && text.contains("There is no whole release bucket in that directory")
            && text.contains(&nothing),
        "{text}"
    );

    let (code, text) = said(&managed, &["apply", "--from", &new.display().to_string()], "es_ES.UTF-8");
    assert!(code == Some(0) && text.contains("La versión 1.1.0 funciona.\n"), "{text}");
    assert_eq!(managed.history().last().map(|entry| entry["kind"].clone()), Some("ordered".into()));

    let old = old.display().to_string();
    for (lang, words) in [
        ("es_ES.UTF-8", "El repositorio de versiones muestra un estado anterior al que este equipo ya conoce"),
        ("en_GB.UTF-8", "The bucket shows an older state than this box knows already"),
    ] {
        let (code, text) = said(&managed, &["apply", "--from", &old], lang);
        assert!(code == Some(1) && text.contains(words), "{text}");
    }
    assert_eq!(managed.state().expect("a state")["running"], "1.1.0");
}

#[test]
fn a_stick_is_used_once_each_time_that_it_is_plugged_in() {
    let mut bucket = Bucket::new();
    bucket.publish(&["1.0.0", "1.1.0"]);
    let place = tempfile::tempdir().expect("a directory");
    let stick = place.path().join("stick");
    let away = place.path().join("away");
    copy(&bucket, &away);
    bucket.unplug();
    let settings = format!("check_interval_s = 604800\ntrial_s = 2\nusb_dir = {stick:?}\n");
    let managed = Managed::start(&bucket, &settings);
    let noticed = || managed.supervisor.logged("a USB stick with a repository").len();
    assert_eq!(noticed(), 0);

    fs::rename(&away, &stick).expect("plugged in");
    managed.wait_until_runs("1.1.0");
    assert_eq!(managed.history().len(), 1);
    // The process that runs now sees it for the first time, and has nothing to do.
    eventually("it is noticed again", || noticed() == 2);
    managed.wait_for("it is looked at", |state| state["desired"] == "1.1.0" && state["phase"]["phase"] == "idle");
    fs::rename(&stick, &away).expect("pulled out");
    // Long enough for it to be missed: the box notices that it is back.
    let plugged_in_again = || {
        eventually("it is noticed", || {
            if stick.exists() {
                fs::rename(&stick, &away).expect("pulled out");
            } else {
                fs::rename(&away, &stick).expect("plugged in");
            }
            std::thread::park_timeout(std::time::Duration::from_secs(3));
            noticed() == 3
        });
    };
    plugged_in_again();
    assert_eq!(managed.history().len(), 1, "it is on the box already");

    // What the same stick says another day.
    fs::remove_dir_all(&stick).expect("pulled out");
    bucket.repository.rollback("stable", "1.0.0");
    copy(&bucket, &stick);
    managed.wait_until_runs("1.0.0");
    let last = managed.history().pop().expect("one");
    assert_eq!((managed.history().len(), &last["octets"]), (2, &0.into()));
}

#[test]
fn a_stick_that_is_pulled_out_during_the_copy_costs_nothing() {
    let mut bucket = Bucket::new();
    bucket.publish(&["1.0.0", "1.1.0"]);
    let place = tempfile::tempdir().expect("a directory");
    let (stick, away) = (place.path().join("stick"), place.path().join("away"));
    copy(&bucket, &away);
    bucket.unplug();
    let settings = format!("check_interval_s = 604800\ntrial_s = 2\nrate_limit_kib_s = 400\nusb_dir = {stick:?}\n");
    let managed = Managed::start(&bucket, &settings);
    copy(&bucket, &stick);
    managed.wait_for("it is copied", |state| state["phase"]["phase"] == "downloading");
    // A reader with a file open notices by the missing bytes.
    for target in fs::read_dir(stick.join("targets")).expect("there") {
        let target = fs::File::options().write(true).open(target.expect("one").path()).expect("there");
        target.set_len(64 * 1024).expect("cut");
    }
    fs::remove_dir_all(&stick).expect("pulled out");
    managed.wait_for("it is noticed", |state| state["fault"]["kind"] == "directory");
    assert_eq!(managed.supervisor.connect().request("GET", "/health/ready", &[]).status, 200);
    assert_eq!((managed.history().len(), managed.supervisor.restarts()), (0, 0));

    fs::rename(&away, &stick).expect("plugged in again");
    let state = managed.wait_until_runs("1.1.0");
    assert!(state.get("fault").is_none(), "{state:#}");
}
