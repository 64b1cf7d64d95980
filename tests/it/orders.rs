//! What the command line has the running box do: its PIN, restart, support bundle, factory reset.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::{Edge, PATIENCE, Setup, eventually, run};

/// A command about the box with these data.
fn command(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-edge"));
    command.args(arguments).arg("--data-dir").arg(data).stdin(Stdio::null());
    command.env_clear().env("LANG", "C").env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.output().expect("started")
}

fn done(data: &Path, arguments: &[&str]) -> String {
    let output = command(data, arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn wait_for_ready(edge: &Edge, times: usize) {
    eventually("it is ready again", || edge.logged("ready").len() >= times);
}

#[test]
fn a_restart_keeps_the_process_and_refuses_nobody() {
    let edge = Edge::start();
    let (address, pid) = (edge.address(), edge.pid());
    let (is_over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let (is_over, answered) = (Arc::clone(&is_over), Arc::clone(&answered));
            std::thread::spawn(move || {
                while !is_over.load(Ordering::Acquire) {
                    let mut stream = TcpStream::connect(address).expect("never refused");
                    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
                    stream
                        .write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                        .expect("sent");
                    let mut text = String::new();
                    stream.read_to_string(&mut text).expect("an answer to its end");
                    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
                    answered.fetch_add(1, Ordering::AcqRel);
                }
            })
        })
        .collect();
    for times in 2..=4 {
        done(edge.data(), &["restart"]);
        wait_for_ready(&edge, times);
        let before = answered.load(Ordering::Acquire);
        eventually("answers afterwards", || answered.load(Ordering::Acquire) > before + 10);
    }
    is_over.store(true, Ordering::Release);
    for client in clients {
        client.join().expect("no client was refused");
    }
    assert_eq!((edge.address(), edge.pid()), (address, pid));
    edge.stop();
}

/// An answer on a kept connection says that it is the last, so that the client does not lose its next request.
#[test]
fn a_restart_says_farewell_on_kept_connections() {
    let edge = Edge::start();
    let mut clients = [edge.connect(), edge.connect()];
    for client in &mut clients {
        assert_eq!(client.request("GET", "/health/live", &[]).field("connection"), None);
    }
    done(edge.data(), &["restart"]);
    for client in &mut clients {
        while client.request("GET", "/health/live", &[]).field("connection") != Some("close") {}
        client.wait_for_close();
    }
    wait_for_ready(&edge, 2);
    assert_eq!(edge.get("/health/live", &[]).status, 200);
    edge.stop();
}

/// Somebody has edited the configuration, and made a mistake.
#[test]
fn a_restart_that_would_not_come_back_is_refused() {
    let root = crate::support::dist(&[("root.json", b"{}")]);
    let file = root.path().join("root.json");
    let edge = Setup::new("").argument("--set").argument(format!("update.trusted_root={}", file.display())).start();
    let id = std::fs::read_to_string(edge.data().join("box-id")).expect("an id");
    drop(root);
    for arguments in [&["restart"][..], &["factory-reset", "--yes"]] {
        let output = command(edge.data(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let words = String::from_utf8(output.stderr).expect("text");
        assert!(words.contains("the configuration is not valid") && words.contains("update.trusted_root"), "{words}");
    }
    assert_eq!(edge.get("/health/live", &[]).status, 200);
    assert_eq!(edge.logged("ready").len(), 1);
    assert_eq!(std::fs::read_to_string(edge.data().join("box-id")).expect("still there"), id);
    assert!(!edge.data().join("factory-reset").exists());
    edge.stop();
}

#[test]
fn the_command_line_shows_the_pin_and_can_renew_it() {
    let edge = Edge::start();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let first = digits(&done(edge.data(), &["pin"]));
    assert_eq!(first, std::fs::read_to_string(edge.data().join("admin/pin")).expect("kept"));
    let second = digits(&done(edge.data(), &["pin", "--new"]));
    assert_eq!(second.len(), 8);
    assert_ne!(second, first);
    assert_eq!(digits(&done(edge.data(), &["pin"])), second);
}

#[test]
fn a_support_bundle_holds_what_it_says_and_no_secret() {
    let edge = Setup::new("[tls]\nmode = \"self-signed\"\n[listen]\nhttps = [\"127.0.0.1:0\"]\n").start();
    let pin = done(edge.data(), &["pin"]);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("bundle.tar.gz");
    let output = path.to_str().expect("text");
    let summary = done(edge.data(), &["support-bundle", "--output", output]);
    assert!(summary.contains("contains:"), "{summary}");
    assert!(std::fs::metadata(&path).expect("written").len() <= 5 * 1024 * 1024);
    run("tar", &["-xzf", output, "-C", directory.path().to_str().expect("text")]);
    let listed = String::from_utf8(run("tar", &["-tzf", output])).expect("text");
    for name in ["MANIFEST.txt", "status.json", "health.json", "config.json"] {
        assert!(listed.contains(name), "{name}: {listed}");
    }
    let all = run("sh", &["-c", &format!("gzip -dc '{output}'")]);
    let key = std::fs::read_to_string(edge.data().join("tls/key.pem")).expect("a key");
    let key = key.lines().nth(1).expect("Base64").to_owned();
    let hash = std::fs::read_to_string(edge.data().join("admin/pin-hash")).unwrap_or_else(|_| "$argon2id$".into());
    let digits: String = pin.chars().filter(char::is_ascii_digit).collect();
    for secret in [digits, key, hash, "PRIVATE KEY".into()] {
        assert!(!all.windows(secret.len()).any(|window| window == secret.as_bytes()), "a secret is in the bundle");
    }

    // A box that does not run is when a bundle is needed most.
    let data = edge.data().to_owned();
    let kept = tempfile::tempdir().expect("a directory");
    run("cp", &["-r", data.to_str().expect("text"), kept.path().join("data").to_str().expect("text")]);
    edge.stop();
    let second = directory.path().join("down.tar.gz");
    done(&kept.path().join("data"), &["support-bundle", "--output", second.to_str().expect("text")]);
    assert!(std::fs::metadata(second).expect("written").len() > 0);
}

#[test]
fn a_factory_reset_forgets_all_that_the_box_keeps_and_asks_before() {
    let edge = Edge::start();
    let id = std::fs::read_to_string(edge.data().join("box-id")).expect("an id");
    let pin = std::fs::read_to_string(edge.data().join("admin/pin")).expect("a PIN");
    assert_eq!(command(edge.data(), &["factory-reset"]).status.code(), Some(1), "nobody has confirmed it");
    assert_eq!(std::fs::read_to_string(edge.data().join("box-id")).expect("still there"), id);

    done(edge.data(), &["factory-reset", "--yes"]);
    wait_for_ready(&edge, 2);
    let read = |name: &str| std::fs::read_to_string(edge.data().join(name)).unwrap_or_default();
    eventually("another PIN", || read("admin/pin").len() == 8 && read("admin/pin") != pin);
    assert_ne!(read("box-id"), id);
    assert!(!edge.data().join("factory-reset").exists(), "it is finished");
    assert_eq!(edge.get("/", &[]).status, 200);

    // Whatever a running box keeps is known to the reset. What it knows of its program stays, so that a reset is no way
    // back to an old version.
    let known =
        [&["control.sock"], workshop_edge::factory_reset::FORGOTTEN, workshop_edge::factory_reset::KEPT].concat();
    for entry in std::fs::read_dir(edge.data()).expect("a directory") {
        let name = entry.expect("an entry").file_name().into_string().expect("text");
        assert!(known.contains(&name.as_str()), "{name} is kept, but a factory reset does not forget it");
    }
    edge.stop();
}

/// A reset that the power has cut off goes on at the next start, before anything is read.
#[test]
fn an_unfinished_factory_reset_is_finished_at_the_next_start() {
    let data = tempfile::tempdir().expect("a directory");
    let edge = Setup::new("").data(data.path()).start();
    let id = std::fs::read_to_string(data.path().join("box-id")).expect("an id");
    edge.stop();
    std::fs::write(data.path().join("factory-reset"), "").expect("the marker");
    let edge = Setup::new("").data(data.path()).start();
    assert_ne!(std::fs::read_to_string(data.path().join("box-id")).expect("another id"), id);
    assert!(!data.path().join("factory-reset").exists());
    edge.stop();
}
