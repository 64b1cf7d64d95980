//! What a technician types, and the answers.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Output, Stdio};

use serde_json::Value;

use crate::built::release;
use crate::held_proxy::HeldProxy;
use crate::managed::{Bucket, Managed};
use crate::programs::{Program, Serves};
use crate::support::{Pty, eventually};

/// Nothing is done by itself after the first look.
const BY_HAND: &str = "check_interval_s = 604800\ntrial_s = 2\n";

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// What an order says on both of its outputs, and its code.
fn said(output: &Output) -> (Option<i32>, String, String) {
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// In English and in Spanish.
fn both(managed: &Managed, arguments: &[&str]) -> [(Option<i32>, String, String); 2] {
    ["en_GB.UTF-8", "es_ES.UTF-8"]
        .map(|lang| said(&managed.command(arguments).env("LANG", lang).output().expect("run")))
}

/// Both languages say these words, on standard output or on standard error, and end with this code.
fn assert_both(managed: &Managed, arguments: &[&str], code: i32, words: [&str; 2]) {
    for ((is, out, err), words) in both(managed, arguments).iter().zip(words) {
        assert_eq!(*is, Some(code), "{arguments:?}: {out}{err}");
        let output = if code == 0 || err.is_empty() { out } else { err };
        assert!(output.contains(words), "{arguments:?} says {out}{err}, not {words}");
    }
}

fn json(managed: &Managed, arguments: &[&str], code: i32) -> Value {
    let (is, out, err) = said(&managed.update(&[arguments, &["--json"]].concat()));
    assert_eq!(is, Some(code), "{arguments:?}: {err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}"))
}

/// A box that has looked once, and then learns of 1.1.0 only by an order.
fn up_to_date(bucket: &Bucket) -> Managed {
    bucket.publish(&["1.0.0"]);
    let managed = Managed::start(bucket, BY_HAND);
    managed.wait_for("the first look", |state| state["checked"].is_string() && state["phase"]["phase"] == "idle");
    managed
}

#[test]
fn a_technician_has_the_version_changed_and_taken_back() {
    let bucket = Bucket::new();
    let managed = up_to_date(&bucket);
    assert_both(
        &managed,
        &["status"],
        0,
        [
            "Version 1.0.0 runs, which is the one of the channel stable.",
            "Está en marcha la versión 1.0.0, la que corresponde al canal stable.",
        ],
    );
    assert_both(&managed, &["history"], 0, ["Never updated.", "Nunca se ha actualizado."]);
    assert_both(&managed, &["rollback"], 1, ["there is no version before", "no hay una versión anterior"]);
    assert_both(
        &managed,
        &["apply"],
        1,
        ["There is nothing to do: it is up to date.", "No hay nada que hacer: ya tiene"],
    );
    assert_eq!(json(&managed, &["apply"], 1)["outcome"], "nothing");

    // On hold, nothing is done by itself; what is asked for is.
    assert_both(&managed, &["hold"], 0, ["Updates are on hold", "Las actualizaciones automáticas están detenidas"]);
    bucket.publish(&["1.1.0"]);
    assert_both(
        &managed,
        &["check"],
        0,
        [
            "Version 1.0.0 runs; the one of the channel stable is 1.1.0.",
            "Está en marcha la versión 1.0.0; la del canal stable es la 1.1.0.",
        ],
    );
    assert_eq!(json(&managed, &["check"], 0)["state"]["order"]["held"], true);
    let (code, out, err) = said(&managed.update(&["apply"]));
    assert_eq!((code, out.as_str()), (Some(0), "Version 1.1.0 works.\n"), "{err}");
    for words in ["Version 1.1.0 is being", "Version 1.1.0 is on trial and serves already; waiting"] {
        assert!(err.contains(words), "{err}");
    }
    assert!(!err.contains('\x1b') && !err.contains('\r'), "no terminal, no escape codes: {err:?}");
    assert!(managed.history().iter().all(|entry| entry["kind"] == "ordered" && entry["octets"] != 0));
    assert_both(&managed, &["history"], 0, ["1.0.0 → 1.1.0  asked for here", "1.0.0 → 1.1.0  pedida aquí"]);

    // Back, on a terminal: what was there before needs no download, and stays.
    let pty = Pty::new(120, 10);
    let mut rollback = managed.command(&["rollback"]);
    rollback.env("LANG", "es_ES.UTF-8").stdout(pty.stdio()).stderr(pty.stdio());
    assert!(rollback.status().expect("run").success(), "{}", pty.text());
    pty.wait_for("La versión 1.0.0 funciona.");
    assert_eq!(pty.text().trim(), "La versión 1.0.0 funciona.", "the line of the progress is cleared");
    let back = managed.history().pop().expect("one");
    assert_eq!((&back["octets"], &back["to"]), (&0.into(), &"1.0.0".into()));
    assert_both(&managed, &["check"], 0, ["Pinned to version 1.0.0.", "Fijado en la versión 1.0.0."]);
    assert_both(&managed, &["apply"], 1, ["it is pinned to 1.0.0", "está fijado en la versión 1.0.0"]);

    // And on again, which lifts the hold as well.
    assert_eq!(json(&managed, &["unpin"], 0)["state"]["running"], "1.1.0");
    let state = managed.state().expect("a state");
    assert_eq!((&state["order"]["held"], &state["order"]["pin"]), (&false.into(), &Value::Null));
    assert_eq!(managed.history().pop().expect("one")["octets"], 0);

    assert_both(
        &managed,
        &["pin", "9.9.9"],
        0,
        ["the pinned 9.9.9 is not among the channel's releases", "el canal no tiene la 9.9.9, en la que está fijado"],
    );
    let (code, _, err) = said(&managed.update(&["pin", "nine"]));
    assert_eq!(code, Some(2), "{err}");

    let actions: Vec<_> =
        managed.supervisor.logged("administration").iter().map(|line| line["fields"].clone()).collect();
    for (action, outcome) in [
        ("update apply", "nothing to do: it is up to date"),
        ("update hold", "done"),
        ("update apply", "begun: 1.1.0"),
        ("update rollback", "begun: 1.0.0"),
        ("update unpin", "begun: 1.1.0"),
        ("update pin", "done"),
    ] {
        assert!(
            actions.iter().any(|line| line["action"] == action && line["outcome"] == outcome),
            "{action}: {outcome}: {actions:#?}"
        );
    }
}

#[test]
fn whoever_waits_for_a_version_that_fails_gets_the_reason() {
    let bucket = Bucket::new();
    let managed = up_to_date(&bucket);
    let fails = Program::new("1.6.0").serves(Serves::Exits).build();
    bucket.repository.publish_with("stable", "1.6.0", &[&fails], &["--deltas", "0"]);

    // A check that begins an update says so.
    assert_both(&managed, &["check"], 0, ["1.6.0", "1.6.0"]);
    managed.wait_for("1.6.0 is given up", |state| state["quarantined"][0]["version"] == "1.6.0");
    assert_both(
        &managed,
        &["apply"],
        1,
        ["1.6.0 has failed on this box and is not tried again", "la 1.6.0 falló en este equipo"],
    );

    let fails = Program::new("1.7.0").serves(Serves::Exits).build();
    bucket.repository.publish_with("stable", "1.7.0", &[&fails], &["--deltas", "0"]);
    let pty = Pty::new(160, 10);
    let mut apply = managed.command(&["apply"]);
    apply.env("LANG", "es_ES.UTF-8").stdout(pty.stdio()).stderr(pty.stdio());
    assert_eq!(apply.status().expect("run").code(), Some(1), "{}", pty.text());
    pty.wait_for("error: la versión 1.7.0 falló y volvió la anterior:");
    assert_both(&managed, &["history"], 0, ["failed, the one before came back", "falló y volvió la anterior"]);
    assert_both(
        &managed,
        &["status"],
        0,
        ["Version 1.7.0 failed on this box", "La versión 1.7.0 falló en este equipo"],
    );
}

#[test]
fn a_download_is_followed_on_a_terminal_and_another_order_comes_in_between() {
    let bucket = Bucket::new();
    bucket.publish(&["1.0.0"]);
    let managed = Managed::start(&bucket, &format!("{BY_HAND}rate_limit_kib_s = 200\n"));
    managed.wait_for("the first look", |state| state["checked"].is_string() && state["phase"]["phase"] == "idle");
    bucket.publish(&["1.1.0"]);
    let (code, out, err) = said(&managed.update(&["check"]));
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with("Version 1.1.0 is being"), "{out}");
    let pty = Pty::new(120, 10);
    let mut apply = managed.command(&["apply"]);
    apply.env("LANG", "es_ES.UTF-8").stdin(Stdio::null()).stdout(pty.stdio()).stderr(pty.stdio());
    let mut apply = apply.spawn().expect("run");
    pty.wait_for("] Descargando la versión 1.1.0:");
    assert!(pty.text().trim_start().starts_with("[#") || pty.text().contains("[."), "{}", pty.text());
    // What has been written by then stays.
    managed.wait_for("a part is here", |state| state["phase"]["done"].as_u64().is_some_and(|done| done > 600_000));
    assert_both(&managed, &["hold"], 0, ["Updates are on hold", "Las actualizaciones automáticas están detenidas"]);
    assert_eq!(apply.wait().expect("its end").code(), Some(1));
    pty.wait_for("otra petición la ha interrumpido");
    // What has come down is gone on from.
    eventually("a part of it", || {
        let part = std::fs::read_dir(managed.data().join("update/download")).into_iter().flatten().next();
        part.is_some_and(|part| part.expect("one").metadata().expect("there").len() > 0)
    });
}

/// What the box is at goes to the terminal while its bucket does not answer, and a person's order waits for no check that
/// the box has begun by itself, nor for another order's.
#[test]
fn a_slow_bucket_keeps_no_order_waiting_without_a_word() {
    let mut bucket = Bucket::new();
    bucket.publish(&["1.0.0"]);
    let proxy = bucket.behind(|server| {
        let proxy = HeldProxy::before(server);
        (proxy.address(), proxy)
    });
    let managed = Managed::start(&bucket, "check_interval_s = 2\ntrial_s = 2\n");
    managed.wait_for("the first look is under way", |state| state["phase"]["phase"] == "checking");
    assert_both(&managed, &["hold"], 0, ["Updates are on hold", "Las actualizaciones automáticas están detenidas"]);

    let started = |order: &str| {
        let mut command = managed.command(&[order]);
        let mut child = command.env("LANG", "en").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("run");
        let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        said.read_line(&mut line).expect("a line");
        assert!(line.contains("Looking for a new version."), "{order} says {line}");
        (child, said)
    };
    let (mut apply, mut said) = started("apply");
    assert_both(&managed, &["rollback"], 1, ["there is no version before", "no hay una versión anterior"]);
    assert_eq!(apply.wait().expect("its end").code(), Some(1));
    let mut end = String::new();
    said.read_to_string(&mut end).expect("text");
    assert!(end.contains("Another order came in between"), "{end}");

    let (check, _said) = started("check");
    proxy.open();
    let (code, out, err) = output_of_child(check);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("Version 1.0.0 runs, which is the one of the channel stable."), "{out}");
}

fn output_of_child(child: Child) -> (Option<i32>, String, String) {
    said(&child.wait_with_output().expect("its end"))
}

#[test]
fn a_box_that_others_start_shows_versions_and_does_not_change_its_own() {
    let bucket = Bucket::new();
    bucket.repository.publish_with("stable", "1.1.0", &[&release("1.1.0")], &["--deltas", "0"]);
    let managed = Managed::start_by(&["serve"], &bucket, BY_HAND);
    assert_both(&managed, &["check"], 0, ["This box does not update itself", "Este equipo no se actualiza solo"]);
    assert_both(
        &managed,
        &["status"],
        0,
        ["Version 1.0.0 runs; there is a 1.1.0.", "Está en marcha la versión 1.0.0; ya existe la 1.1.0."],
    );
    assert_both(&managed, &["apply"], 1, ["does not change its version itself", "no cambia de versión solo"]);
    assert_both(&managed, &["rollback"], 1, ["does not change its version itself", "no cambia de versión solo"]);
    assert!(json(&managed, &["status"], 0).get("slot").is_none());
}

#[test]
fn updates_that_are_off_or_out_of_reach_say_so() {
    let bucket = Bucket::new();
    let off = Managed::start(&bucket, "enabled = false\n");
    for order in ["status", "check", "apply", "rollback", "unpin", "hold", "history"] {
        assert_both(
            &off,
            &[order],
            1,
            ["error: Updates are off: update.url", "error: Las actualizaciones están desactivadas"],
        );
    }
    drop(off);

    // The repository is empty, which is a fault of its own; then the server is gone.
    let managed = Managed::start(&bucket, BY_HAND);
    std::fs::remove_dir_all(bucket.repository.directory().join("metadata")).expect("removed");
    assert_both(
        &managed,
        &["check"],
        1,
        ["error: The bucket is incomplete", "error: El repositorio de versiones está incompleto"],
    );
    drop(bucket);
    assert_both(
        &managed,
        &["check"],
        1,
        ["error: The release bucket cannot be reached", "error: No se llega al repositorio de versiones"],
    );
    assert_both(&managed, &["status"], 0, ["check the internet connection", "compruebe la conexión a internet"]);

    let mut status = managed.command(&["status"]);
    let _directory = managed.stop();
    let (code, _, err) = said(&status.output().expect("run"));
    assert_eq!(code, Some(1));
    assert!(err.contains("the service is not running"), "{err}");
}
