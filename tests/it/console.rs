//! `workshop-edge status` and the box's own screen.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{Control, Edge, Pty, eventually};

const ADDRESS: &str = "http://192.168.1.50";

fn status() -> Value {
    json!({
        "name": { "wanted": "taller", "current": "taller" },
        "id": "0123456789abcdef",
        "version": "1.2.3",
        "build": { "commit": "0a1b2c3d4e5f", "target": "x86_64-unknown-linux-musl" },
        "uptime_s": 273_780,
        "clock": { "unix_s": 1_795_504_530, "utc": "2026-11-24T07:15:30Z", "trusted": true },
        "addresses": [{ "url": ADDRESS, "kind": "ip" }, { "url": "http://taller.local", "kind": "name" }],
        "network": { "interface": "eth0", "addresses": ["192.168.1.50"] },
        "discovery": { "state": "resolvable" },
        "disk": { "total_bytes": 31_914_983_424_u64, "free_bytes": 27_917_287_424_u64 },
        "health": { "status": "ok", "faults": [] }
    })
}

fn ill() -> Value {
    let mut status = status();
    let fault = json!({ "check": "site", "status": "degraded", "es": "Faltan archivos.", "en": "Files are missing." });
    status["health"] = json!({ "status": "degraded", "faults": [fault] });
    status
}

/// The command, in Spanish, without what the machine's configuration says.
fn command(data: &Path, arguments: &[&str]) -> Command {
    // Tests that a shell has started in the background are deaf to Ctrl-C, and so would be what they start.
    let mut command = Command::new("/usr/bin/env");
    command.args(["--default-signal=INT", env!("CARGO_BIN_EXE_workshop-edge")]);
    command.args(arguments).arg("--data-dir").arg(data).arg("--config").arg(data.join("config.toml"));
    std::fs::write(data.join("config.toml"), "").expect("a configuration");
    command.env_clear().env("LANG", "es_ES.UTF-8").stdin(Stdio::null());
    command
}

fn output(data: &Path, arguments: &[&str], lang: &str) -> Output {
    command(data, arguments).env("LANG", lang).output().expect("started")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// The screen's program; ended when the test is.
struct Screen(Child);

impl Screen {
    fn start(data: &Path, pty: &Pty) -> Self {
        let tty = pty.path().to_str().expect("text");
        Self(command(data, &["console", "--tty", tty]).stderr(Stdio::null()).spawn().expect("started"))
    }

    fn end(mut self, signal: Signal) -> Option<i32> {
        kill_process(Pid::from_child(&self.0), signal).expect("it is there");
        self.0.wait().expect("a child").code()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Already gone is just as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_running_box_says_the_same_on_the_network_in_the_terminal_and_on_its_screen() {
    let edge = Edge::start();
    let status = output(edge.data(), &["status", "--json"], "C");
    let mut status: Value = serde_json::from_slice(&status.stdout).expect("JSON");
    let mut served: Value = serde_json::from_slice(&edge.get("/_edge/status.json", &[]).body).expect("JSON");
    for status in [&mut status, &mut served] {
        // They were asked one after the other.
        for passing in ["uptime_s", "clock", "disk"] {
            assert!(status.as_object_mut().expect("an object").remove(passing).is_some(), "{passing}");
        }
    }
    assert_eq!(status, served);
    let address = edge.url("");
    assert_eq!(status["addresses"][0]["url"], address);

    let pty = Pty::new(128, 48);
    let screen = Screen::start(edge.data(), &pty);
    eventually("the address as a code", || pty.scan().as_ref() == Some(&address));
    let pin = output(edge.data(), &["pin"], "C");
    let pin: String = text(&pin.stdout).chars().filter(char::is_ascii_digit).collect();
    assert_eq!(pin.len(), 8);
    pty.wait_for(&format!("PIN: {pin}"));
    edge.stop();
    pty.wait_for("El servicio no responde.");
    assert_eq!(screen.end(Signal::TERM), Some(0));
}

#[test]
fn a_service_that_does_not_run_is_explained() {
    let data = tempfile::tempdir().expect("a directory");
    for (lang, words) in [("es_ES.UTF-8", "el servicio no está en marcha"), ("C", "the service is not running")] {
        for arguments in [&["status"][..], &["status", "--json"]] {
            let output = output(data.path(), arguments, lang);
            assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
            let said = text(&output.stderr);
            let socket = data.path().join("control.sock");
            assert!(said.contains(words) && said.contains(socket.to_str().expect("text")), "{said}");
            assert!(said.contains("systemctl start workshop-edge") && said.contains("--data-dir"), "{said}");
        }
    }
}

#[test]
fn a_configuration_that_is_not_valid_is_explained() {
    let data = tempfile::tempdir().expect("a directory");
    let output = output(data.path(), &["status", "--set", "log.level=loud"], "C");
    assert_eq!(output.status.code(), Some(78));
    assert!(text(&output.stderr).contains("log.level"), "{}", text(&output.stderr));
}

#[test]
fn the_status_is_printed_for_people_and_for_programs() {
    let data = tempfile::tempdir().expect("a directory");
    let control = Control::start(data.path());
    control.says("/status.json", ill().to_string());
    for (lang, words) in [
        ("es_ES.UTF-8", ["Funciona, pero conviene revisarlo", "- Faltan archivos.", "27,9 GB libres de 31,9 GB"]),
        ("C", ["Works, but somebody should look", "- Files are missing.", "27.9 GB free of 31.9 GB"]),
    ] {
        let output = output(data.path(), &["status"], lang);
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(words.iter().all(|words| said.contains(words)) && said.contains(ADDRESS), "{said}");
        assert!(!said.contains('\x1b'), "a file gets no colours: {said}");
    }
    let output = output(data.path(), &["status", "--json"], "C");
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).expect("JSON"), ill());
}

#[test]
fn an_answer_that_is_no_status_is_a_failure() {
    let data = tempfile::tempdir().expect("a directory");
    let control = Control::start(data.path());
    for answer in [None, Some("{}")] {
        if let Some(answer) = answer {
            control.says("/status.json", answer);
        }
        let output = output(data.path(), &["status"], "C");
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("is not understood"), "{}", text(&output.stderr));
    }
}

#[test]
fn the_status_in_a_terminal_has_a_code_to_scan() {
    let data = tempfile::tempdir().expect("a directory");
    let control = Control::start(data.path());
    control.says("/status.json", status().to_string());
    let pty = Pty::new(100, 60);
    let ended = command(data.path(), &["status"]).stdout(pty.stdio()).status().expect("started");
    assert!(ended.success());
    pty.wait_for("Todo bien");
    eventually("a code", || pty.scan().as_deref() == Some(ADDRESS));
}

#[test]
fn whoever_watches_sees_the_change() {
    let data = tempfile::tempdir().expect("a directory");
    let control = Control::start(data.path());
    control.says("/status.json", status().to_string());
    let pty = Pty::new(100, 60);
    let watching = Screen(command(data.path(), &["status", "--watch"]).stdout(pty.stdio()).spawn().expect("started"));
    pty.wait_for("Todo bien");
    control.says("/status.json", ill().to_string());
    pty.wait_for("Faltan archivos.");
    assert!(!pty.text().contains("Todo bien"), "{}", pty.text());
    control.stop();
    pty.wait_for("el servicio no está en marcha");
    assert_eq!(watching.end(Signal::INT), None, "Ctrl-C ends it");
}

#[test]
fn the_screen_has_the_address_and_its_code_at_any_size() {
    let data = tempfile::tempdir().expect("a directory");
    let control = Control::start(data.path());
    control.says("/status.json", ill().to_string());
    control.says("/pin", r#"{"pin":"13572468"}"#);
    let pty = Pty::new(80, 25);
    let screen = Screen::start(data.path(), &pty);
    for (columns, rows) in [(80, 25), (128, 48), (240, 67), (100, 37)] {
        // Another screen is plugged in.
        pty.resize(columns, rows);
        eventually(&format!("a code on {columns}x{rows}"), || pty.scan().as_deref() == Some(ADDRESS));
        for words in ["PIN: 13572468", "Faltan archivos.", "Files are missing.", "http://taller.local"] {
            pty.wait_for(words);
        }
    }
    assert_eq!(screen.end(Signal::TERM), Some(0));
}

#[test]
fn the_screen_follows_the_box_and_rests_when_nothing_changes() {
    let data = tempfile::tempdir().expect("a directory");
    let pty = Pty::new(128, 48);
    let screen = Screen::start(data.path(), &pty);
    pty.wait_for("El servicio no responde.");
    pty.wait_for("The service does not answer.");

    let control = Control::start(data.path());
    control.says("/status.json", status().to_string());
    control.says("/pin", r#"{"pin":"13572468"}"#);
    pty.wait_for("PIN: 13572468");
    // The rest of the picture may still be on its way; one that is painted at every look never rests.
    eventually("three looks that paint nothing", || {
        let (bytes, asked) = (pty.bytes(), control.asked());
        eventually("three more looks", || control.asked() >= asked + 6);
        pty.bytes() == bytes
    });

    control.says("/pin", r#"{"pin":null}"#);
    pty.wait_for("PIN: cambiado · changed");
    control.says("/status.json", ill().to_string());
    pty.wait_for("Faltan archivos.");
    control.stop();
    pty.wait_for("El servicio no responde.");
    assert_eq!(screen.end(Signal::INT), Some(0));
}

#[test]
fn what_others_write_on_the_screen_does_not_stay() {
    let data = tempfile::tempdir().expect("a directory");
    let mut pty = Pty::new(128, 48);
    let control = Control::start(data.path());
    control.says("/status.json", status().to_string());
    let _screen = Screen::start(data.path(), &pty);
    pty.wait_for("Todo bien");
    let undisturbed = Pty::new(128, 48);
    let _other_screen = Screen::start(data.path(), &undisturbed);
    undisturbed.wait_for("Todo bien");
    let bytes = pty.bytes();
    let words =
        "\x1b[20;1H[ 3721.5] EXT4-fs error (device sda3): unable to read itable block\r\n[ 3721.5] Aborting journal";
    pty.is_written_to(words);
    eventually("the words on it", || pty.bytes() >= bytes + words.len());
    eventually("the picture of a screen that nobody writes on", || pty.text() == undisturbed.text());
}

#[test]
fn the_terminal_is_given_back_as_it_was() {
    let data = tempfile::tempdir().expect("a directory");
    let mut pty = Pty::new(80, 25);
    assert!(pty.echoes() && !pty.hides_the_cursor());
    let screen = Screen::start(data.path(), &pty);
    pty.wait_for("El servicio no responde.");
    assert!(!pty.echoes() && pty.hides_the_cursor());
    let before = pty.text();
    pty.press("what somebody types\x13");
    let control = Control::start(data.path());
    control.says("/status.json", status().to_string());
    pty.wait_for("http://taller.local");
    assert!(!pty.text().contains("somebody") && pty.text() != before);

    assert_eq!(screen.end(Signal::TERM), Some(0));
    eventually("the cursor and an empty screen", || !pty.hides_the_cursor() && pty.text().trim().is_empty());
    assert!(pty.echoes());
}

#[test]
fn what_is_no_terminal_is_refused() {
    let data = tempfile::tempdir().expect("a directory");
    for (tty, es, en) in [
        ("/dev/null", "/dev/null no es una terminal", "/dev/null is no terminal"),
        ("/nowhere", "no se puede abrir la terminal", "cannot open /nowhere"),
    ] {
        for (lang, words) in [("es_ES.UTF-8", es), ("C", en)] {
            let output = output(data.path(), &["console", "--tty", tty], lang);
            assert_eq!(output.status.code(), Some(1));
            assert!(text(&output.stderr).contains(words), "{}", text(&output.stderr));
        }
    }
}

#[test]
fn every_page_of_the_box_has_one_main_part_in_the_readers_language() {
    let edge = Edge::start();
    for (wish, query, lang) in [
        ("en-GB,es;q=0.5", "", "en"),
        ("es-MX,en;q=0.5", "", "es"),
        ("fr", "", "es"),
        ("es", "?lang=en", "en"),
        ("en", "?lang=es", "es"),
    ] {
        for path in ["/_edge/", "/_edge/admin"] {
            let reply = edge.get(&format!("{path}{query}"), &[("accept", "text/html"), ("accept-language", wish)]);
            let page = reply.text();
            assert!(page.contains(&format!("<html lang=\"{lang}\">")), "{path}{query} for {wish}: {page}");
        }
    }
    for path in ["/_edge/", "/_edge/admin", "/_edge/admin/nothing", "/_edge/nothing", "/%"] {
        let reply = edge.get(path, &[("accept", "text/html")]);
        let page = reply.text();
        // Without a session there is only the login, behind a redirect.
        assert!(page.is_empty() || page.matches("<main").count() == 1, "{path}: {page}");
    }
    let reply = edge.get("/_edge/nothing", &[("accept", "text/html")]);
    let page = reply.text();
    assert!(page.contains("escriba solo la dirección del equipo"), "{page}");
    // The time is the box's own, with its zone.
    let status: Value = serde_json::from_slice(&edge.get("/_edge/status.json", &[]).body).expect("JSON");
    let clock = &status["clock"];
    let (local, zone) = (clock["local"].as_str().expect("a time"), clock["zone"].as_str().expect("a zone"));
    assert!(edge.get("/_edge/", &[]).text().contains(&format!("{} {zone}", local[..16].replace('T', " "))), "{clock}");
}
