//! From the slot table to a running binary, whatever has happened to table, slots and disk.

mod data;
mod gate_screens;
mod trial;

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use workshop_edge::slots::{self, Slot};

use self::data::{Data, sha256};
use crate::support::{Supervisor, eventually, run};

const EDGE: &str = env!("CARGO_BIN_EXE_workshop-edge");

/// A binary that says how it was started, and then does what the last byte of its file says.
const WITNESS: &str = r#"
fn main() {
    let bytes = std::fs::read("/proc/self/exe").unwrap();
    let env = |name| std::env::var(name).unwrap_or_default();
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    println!("WITNESS {} {} {:?}", env("WORKSHOP_SLOT"), env("WORKSHOP_LAUNCHER"), arguments);
    match bytes.last() {
        Some(b'p') => panic!("at once"),
        Some(b'h') => loop { std::thread::park() },
        _ => {}
    }
}
"#;

/// What [`WITNESS`] does.
const ENDS: u8 = b'e';
const PANICS: u8 = b'p';
const HANGS: u8 = b'h';

static COMPILED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a directory");
    let (source, binary) = (directory.path().join("witness.rs"), directory.path().join("witness"));
    fs::write(&source, WITNESS).expect("written");
    let text = |path: &Path| path.to_str().expect("text").to_owned();
    run("rustc", &["--edition", "2024", "-C", "strip=symbols", "-o", &text(&binary), &text(&source)]);
    fs::read(binary).expect("compiled")
});

fn witness(number: u8, does: u8) -> Vec<u8> {
    [COMPILED.as_slice(), &[number, does]].concat()
}

impl Data {
    /// Two slots that were both proven, the newest running.
    fn with_two() -> Self {
        let data = Self::new();
        for number in 1..=2 {
            data.put(&witness(number, ENDS), &format!("1.0.{number}"));
            data.confirm();
        }
        data
    }

    fn launch(&self, options: &[&str]) -> Launched {
        Launched::of(Command::new(EDGE).args(["launch", "--data-dir"]).arg(self.path()).args(options))
    }
}

/// What is called so happens to a file.
type Damage = (&'static str, fn(&Path));

/// The outcome of a launch.
#[derive(Debug)]
struct Launched {
    output: Output,
    text: String,
}

/// Makes the factory's `serve` end at once, and say so.
const REFUSED: &str = "--no-such-option";

impl Launched {
    fn of(command: &mut Command) -> Self {
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).stdin(Stdio::null());
        let output = command.output().expect("started");
        let text = [&output.stdout[..], &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        Self { output, text: text.concat() }
    }

    fn is_slot(&self, slot: Slot) -> bool {
        self.text.contains(&format!("WITNESS {} {EDGE} [\"serve\"", slot.name()))
    }

    /// The factory's `serve`, with [`REFUSED`].
    fn is_factory(&self) -> bool {
        !self.text.contains("WITNESS") && self.output.status.code() == Some(2) && self.text.contains(REFUSED)
    }
}

#[test]
fn the_active_slot_runs_and_gets_the_options_unread() {
    let data = Data::with_two();
    let launched = data.launch(&["--of-tomorrow=1", "-x", "--", "--set"]);
    assert!(launched.is_slot(Slot::B), "{launched:?}");
    let options = format!(
        "[\"serve\", \"--data-dir\", \"{}\", \"--of-tomorrow=1\", \"-x\", \"--\", \"--set\"]",
        data.path().display()
    );
    assert!(launched.text.contains(&options), "{launched:?}");
    // What is no text is passed on too, and the data are found by the configuration and the environment.
    let config = data.path().join("config.toml");
    fs::write(
        &config,
        format!("data_dir = \"{}\"\n[of-tomorrow]\nlisten = 7\n[listen]\nhttp = \"x\"\n", data.path().display()),
    )
    .expect("written");
    let odd = OsString::from_vec(b"--odd=\xFF".to_vec());
    let launched = Launched::of(Command::new(EDGE).args(["launch", "--config"]).arg(&config).arg(odd));
    assert!(launched.is_slot(Slot::B) && launched.text.contains("--odd=\\xFF"), "{launched:?}");
    for set in ["--set", "--set=data_dir=/nowhere"] {
        let mut command = Command::new(EDGE);
        let launched = Launched::of(command.args(["launch", set]).arg(format!("data_dir={}", data.path().display())));
        assert_eq!(launched.is_slot(Slot::B), set == "--set", "{launched:?}");
    }
}

#[test]
fn a_new_box_runs_the_factorys_binary() {
    let data = Data::new();
    assert!(data.launch(&[REFUSED]).is_factory());
    assert_eq!(data.table().active(), None);
    // Nothing is proven: the factory's, again after its tries.
    data.put(&witness(1, ENDS), "1.0.1");
    for _ in 0..slots::TRIES {
        assert!(data.launch(&[REFUSED]).is_slot(Slot::A));
    }
    assert!(data.launch(&[REFUSED]).is_factory());
}

#[test]
fn a_lost_table_is_made_again_from_what_was_proven() {
    let damages: [Damage; 4] = [
        ("missing", |path| fs::remove_file(path).expect("removed")),
        ("torn", |path| fs::write(path, &fs::read(path).expect("read")[..70]).expect("written")),
        ("empty", |path| fs::write(path, "").expect("written")),
        ("turned", |path| {
            let mut bytes = fs::read(path).expect("read");
            bytes[100] ^= 1;
            fs::write(path, bytes).expect("written");
        }),
    ];
    for (what, damage) in damages {
        for newest in [false, true] {
            // The newest slot is on trial, and so not proven.
            let data = Data::with_two();
            if newest {
                data.put(&witness(3, ENDS), "1.0.3");
            }
            for turn in 0..2 {
                damage(&data.slots().join(format!("table.{turn}")));
            }
            let launched = data.launch(&[REFUSED]);
            assert!(launched.is_slot(Slot::B), "{what}: {launched:?}");
            assert!(launched.text.contains("the slot table is missing or damaged"), "{what}: {launched:?}");
            let launched = data.launch(&[REFUSED]);
            assert!(launched.is_slot(Slot::B) && !launched.text.contains("lost"), "{what}: {launched:?}");
        }
    }
}

#[test]
fn a_slot_that_is_not_what_it_was_is_passed_over() {
    let damages: [Damage; 5] = [
        ("turned", |path| {
            let mut bytes = fs::read(path).expect("read");
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(path, bytes).expect("written");
        }),
        ("torn", |path| fs::write(path, &fs::read(path).expect("read")[..1000]).expect("written")),
        ("missing", |path| fs::remove_file(path).expect("removed")),
        ("a pipe", |path| {
            fs::remove_file(path).expect("removed");
            run("mkfifo", &[path.to_str().expect("text")]);
        }),
        ("not executable", |path| fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("changed")),
    ];
    for (what, damage) in damages {
        let data = Data::with_two();
        damage(&data.binary(Slot::B));
        let launched = data.launch(&[REFUSED]);
        assert!(launched.is_slot(Slot::A), "{what}: {launched:?}");
        assert_eq!(data.table().active(), Some(Slot::A), "{what}");
        assert!(data.table().quarantined().is_empty(), "{what}: a worn disk is not the version's fault");
        damage(&data.binary(Slot::A));
        let launched = data.launch(&[REFUSED]);
        assert!(launched.is_factory(), "{what}: {launched:?}");
    }
}

/// The status shows that the box is not what it was.
#[test]
fn a_damaged_version_is_reported_by_what_runs_instead() {
    let data = Data::new();
    for number in 1..=2 {
        data.put(&[fs::read(EDGE).expect("read"), vec![number]].concat(), &format!("9.0.{number}"));
        data.confirm();
    }
    let arguments = ["launch", "--data-dir", data.path().to_str().expect("text")];
    for (ready, (slot, instead)) in [(Slot::B, "la anterior"), (Slot::A, "la de fábrica")].into_iter().enumerate() {
        fs::write(data.binary(slot), "torn").expect("written");
        let box_ = Supervisor::start(EDGE, arguments, &[]);
        box_.wait_for("ready", 1);
        let health: serde_json::Value =
            serde_json::from_slice(&box_.connect().request("GET", "/health", &[]).body).expect("JSON");
        assert_eq!(health["status"], "degraded", "{health}");
        let reason = health["checks"]["program"]["reason"].as_str().expect("a reason");
        assert!(reason.contains("version 9.0.2 is damaged") && reason.contains("update apply"), "{reason}");
        assert_eq!(reason.contains("9.0.1 in slot a: the binary has 4 bytes"), ready == 1, "{reason}");
        eventually("the page says so", || {
            let page = box_.connect().request("GET", "/_edge/", &[("connection", "close")]);
            String::from_utf8_lossy(&page.body)
                .contains(&format!("9.0.2 está dañado en el disco: funciona la {}, {instead}", workshop_edge::VERSION))
        });
        let status = run(EDGE, &["status", "--data-dir", data.path().to_str().expect("text")]);
        let status = String::from_utf8(status).expect("text");
        assert!(status.contains("9.0.2"), "{status}");
        box_.stop();
    }
    // Another version is confirmed: nothing is damaged any more.
    data.put(&fs::read(EDGE).expect("read"), "9.0.3");
    data.confirm();
    let box_ = Supervisor::start(EDGE, arguments, &[]);
    box_.wait_for("ready", 1);
    let health = box_.connect().request("GET", "/health", &[]);
    assert!(!String::from_utf8_lossy(&health.body).contains("\"program\""));
    box_.stop();
}

#[test]
fn what_is_no_program_for_this_machine_is_quarantined_at_once() {
    let mut other = witness(3, ENDS);
    // IBM S/390, which is no appliance.
    other[18] = 22;
    for (what, bytes) in
        [("another machine's", other), ("text", b"#!/bin/sh\necho WITNESS\n".to_vec()), ("short", b"x".to_vec())]
    {
        let data = Data::with_two();
        let slot = data.put(&bytes, "1.0.3");
        let launched = data.launch(&[REFUSED]);
        assert!(launched.is_slot(Slot::B), "{what}: {launched:?}");
        let table = data.table();
        let [quarantined] = table.quarantined() else { panic!("{what}: {table:?}") };
        assert!(quarantined.reason.starts_with("it cannot be executed: "), "{what}: {quarantined:?}");
        assert_eq!((table.image(slot), table.on_trial()), (None, None), "{what}");
    }
}

/// Like a service manager: whatever ends or is killed is started again.
#[test]
fn what_does_not_come_up_is_given_up_after_its_tries() {
    for does in [ENDS, PANICS, HANGS] {
        let data = Data::new();
        data.put(&fs::read(EDGE).expect("read"), "1.0.1");
        data.confirm();
        let bad = witness(2, does);
        data.put(&bad, "1.0.2");
        let arguments = ["launch", "--data-dir", data.path().to_str().expect("text")];
        let box_ = Supervisor::start(EDGE, arguments, &[]);
        for start in 1..=usize::from(slots::TRIES) {
            eventually("it is tried", || box_.log().matches("WITNESS b").count() == start);
            if does == HANGS {
                box_.kill();
            }
        }
        box_.wait_for("ready", 1);
        assert_eq!(box_.restarts(), usize::from(slots::TRIES), "{}", box_.log());
        assert_eq!(box_.connect().request("GET", "/", &[]).status, 200);
        let table = data.table();
        assert_eq!((table.active(), table.on_trial()), (Some(Slot::A), None));
        assert!(table.is_quarantined(&sha256(&bad)));
        let exe = fs::read_link(format!("/proc/{}/exe", box_.pid().expect("it runs"))).expect("its binary");
        assert_eq!(exe, data.binary(Slot::A));
        box_.stop();
    }
}

/// A file system of its own, in a mount namespace, prepared by a script that gets its directory and the data to copy.
fn elsewhere(data: &Data, options: &str, prepare: &str) -> Launched {
    let mount = data.path().with_extension("mount");
    fs::create_dir_all(&mount).expect("made");
    let script = format!(
        "set -e; mount --make-rprivate /; mount -t tmpfs -o {options} none \"$1\"; cp -a \"$2\"/. \"$1\"; {prepare}\n\
         set +e; \"$0\" launch --data-dir \"$1\" {REFUSED}; \"$0\" launch --data-dir \"$1\" {REFUSED}\n\
         cat \"$1\"/slots/table.* >\"$2\"/after"
    );
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let launched = Launched::of(command.args(["--mount", "sh", "-c", &script, EDGE]).arg(&mount).arg(data.path()));
    fs::remove_dir(&mount).expect("removed");
    launched
}

#[test]
fn nothing_new_is_tried_on_a_disk_that_takes_no_word_of_it() {
    for (what, options, prepare) in [
        ("read-only", "mode=755", "mount -o remount,ro \"$1\""),
        ("full", "size=64m", "! cat /dev/zero >\"$1\"/fill 2>/dev/null"),
    ] {
        let data = Data::with_two();
        data.put(&witness(3, ENDS), "1.0.3");
        let before = data.table();
        let launched = elsewhere(&data, options, prepare);
        assert_eq!(launched.text.matches("WITNESS b ").count(), 2, "{what}: {launched:?}");
        assert_eq!(launched.text.matches("the slot table cannot be written").count(), 2, "{what}: {launched:?}");
        assert!(!launched.text.contains("WITNESS a "), "{what}: {launched:?}");
        let after = fs::read_to_string(data.path().join("after")).expect("read");
        assert!(after.contains("\"tries_left\": 3") && !after.contains("\"tries_left\": 2"), "{what}: {after}");
        assert_eq!(data.table(), before);
    }
}

#[test]
fn a_disk_that_nothing_may_be_executed_from_leaves_the_factorys_binary() {
    let data = Data::with_two();
    let launched = elsewhere(&data, "noexec", "true");
    assert!(!launched.text.contains("WITNESS"), "{launched:?}");
    assert_eq!(launched.text.matches("the binary cannot be executed").count(), 2, "both slots, once: {launched:?}");
    assert_eq!(launched.text.matches(&format!("unexpected argument '{REFUSED}'")).count(), 2, "{launched:?}");
}

#[test]
fn nobody_has_to_read_what_the_launcher_says() {
    let data = Data::with_two();
    fs::write(data.binary(Slot::B), "torn").expect("written");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
    let output = Command::new(EDGE)
        .args(["launch", "--data-dir"])
        .arg(data.path())
        .stderr(Stdio::from(full))
        .output()
        .expect("started");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("WITNESS a "), "{output:?}");
}

/// The restart command runs the launcher, which may find another binary: process and port stay.
#[test]
fn a_restart_becomes_the_launcher_and_keeps_process_and_port() {
    let data = Data::new();
    let arguments = ["launch", "--data-dir", data.path().to_str().expect("text")];
    let box_ = Supervisor::start(EDGE, arguments, &[]);
    box_.wait_for("ready", 1);
    let pid = box_.pid().expect("it runs");
    let exe = || fs::read_link(format!("/proc/{pid}/exe")).expect("its binary");
    assert_eq!(exe(), Path::new(EDGE));
    data.put(&fs::read(EDGE).expect("read"), "1.0.1");
    data.confirm();
    run(EDGE, &["restart", "--data-dir", data.path().to_str().expect("text")]);
    box_.wait_for("ready", 2);
    assert_eq!(exe(), data.binary(Slot::A));
    assert_eq!(box_.logged("launching").len(), 2, "{}", box_.log());
    assert_eq!(box_.connect().request("GET", "/", &[]).status, 200);
    // And back again, when the slot is gone.
    fs::remove_file(data.binary(Slot::A)).expect("removed");
    run(EDGE, &["restart", "--data-dir", data.path().to_str().expect("text")]);
    box_.wait_for("ready", 3);
    assert_eq!(exe(), Path::new(EDGE));
    assert_eq!((box_.pid(), box_.restarts()), (Some(pid), 0));
    box_.stop();
}
