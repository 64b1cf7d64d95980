//! Whether what was switched to stays.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::iter;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use workshop_edge::slots::{self, Slot};

use super::data::{Data, sha256};
use super::{EDGE, HANGS, witness};
use crate::support::{Client, Disk, Setup, SmallRepository, Supervisor, eventually, run};

/// The factory's binary and a slot's are the same program: the slot tells which runs.
pub(super) fn on_trial(data: &Data) -> Vec<u8> {
    let binary = fs::read(EDGE).expect("read");
    data.put(&binary, "1.0.1");
    binary
}

pub(super) fn supervised(data: &Data, options: &[&str]) -> Supervisor {
    let data_dir = data.path().to_str().expect("text");
    Supervisor::start(EDGE, ["launch", "--data-dir", data_dir].iter().chain(options), &[])
}

#[test]
fn what_works_for_some_time_is_confirmed() {
    let data = Data::new();
    on_trial(&data);
    let https = ["--set", "update.trial_s=1", "--set", "tls.mode=self-signed", "--set", "listen.https=127.0.0.1:0"];
    let data_dir = data.path().to_str().expect("text");
    let mut child = Command::new(EDGE)
        .args(["launch", "--data-dir", data_dir, "--listen", "127.0.0.1:0"])
        .args(https)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    eventually("it is confirmed", || data.table().on_trial().is_none());
    let table = data.table();
    assert_eq!((table.active(), table.quarantined()), (Some(Slot::A), &[][..]));
    eventually("the slot's record", || slots::recorded(&data.slots(), Slot::A).is_some_and(|record| record.proven));
    assert!(!data.path().join("update/probe").exists(), "what the trial wrote to see whether it can is left behind");
    child.kill().expect("killed");
    // Had it ended by itself, it would have another end.
    assert_eq!(child.wait().expect("its end").signal(), Some(Signal::KILL.as_raw()), "it no longer ran");
}

/// A second service on the data of the first: systemd starts it again and again.
#[test]
fn whoever_is_refused_the_data_spends_no_try_of_their_trial() {
    let data = Data::with_two();
    data.put(&witness(3, HANGS), "1.0.3");
    let launch = || {
        let mut command = Command::new(EDGE);
        command.args(["launch", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("started");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        (child, line)
    };
    let (mut first, line) = launch();
    assert!(line.starts_with("WITNESS "), "{line}");
    let table = fs::read_dir(data.slots()).expect("slots").count();
    let before = format!("{:?}", data.table());
    for _ in 0..=slots::TRIES {
        let (mut second, line) = launch();
        if line.starts_with("WITNESS ") {
            second.kill().expect("killed");
        }
        assert_eq!(second.wait().expect("its end").code(), Some(1), "{line}");
        assert!(line.contains(&format!("another workshop-edge (process {})", first.id())), "{line}");
    }
    assert_eq!(format!("{:?}", data.table()), before);
    assert_eq!(fs::read_dir(data.slots()).expect("slots").count(), table);
    first.kill().expect("killed");
    first.wait().expect("its end");
}

#[test]
fn what_dies_again_and_again_is_given_up() {
    let data = Data::new();
    let binary = on_trial(&data);
    let box_ = supervised(&data, &["--set", "update.trial_s=3600"]);
    for start in 1..=usize::from(slots::TRIES) {
        box_.wait_for("this version is on trial", start);
        box_.wait_for("ready", start);
        assert_eq!(Client::connect(box_.address()).request("GET", "/", &[]).status, 200);
        box_.kill();
    }
    box_.wait_for("ready", usize::from(slots::TRIES) + 1);
    assert_eq!(box_.restarts(), usize::from(slots::TRIES));
    let table = data.table();
    assert_eq!((table.active(), table.on_trial()), (None, None));
    let reason = &table.quarantined()[0].reason;
    assert!(reason.starts_with("it came up, but ended by itself or was killed"), "{reason}");
    assert!(table.is_quarantined(&sha256(&binary)));
    box_.wait_for("the last version that failed, and is quarantined", 1);
    box_.stop();
}

/// In the same process, without a refused connection.
#[test]
fn what_does_not_work_reverts_by_itself() {
    let data = Data::new();
    on_trial(&data);
    // The state cannot be written.
    fs::write(data.path().join("update"), "").expect("in the way");
    let box_ = supervised(&data, &["--set", "update.trial_s=1"]);
    eventually("it is on trial", || box_.pid().is_some() && data.table().on_trial().is_some());
    let pid = box_.pid();
    while data.table().on_trial().is_some() {
        assert_eq!(box_.connect().request("GET", "/health/live", &[("connection", "close")]).status, 200);
    }
    box_.wait_for("ready", 2);
    assert_eq!((box_.pid(), box_.restarts()), (pid, 0), "{}", box_.log());
    let table = data.table();
    assert_eq!(table.active(), None);
    let reason = &table.quarantined()[0].reason;
    assert!(reason.contains("update") && reason.contains("cannot"), "{reason}");
    assert_eq!(slots::recorded(&data.slots(), Slot::A).map(|record| record.proven), Some(false));
    assert_eq!(fs::read_link(format!("/proc/{}/exe", pid.expect("a process"))).expect("its binary"), Path::new(EDGE));
    box_.stop();
}

/// What is wrong with the site's directory is no version's fault: the one before could not show it either.
#[test]
fn a_site_that_cannot_be_shown_gives_no_version_up() {
    let data = Data::new();
    on_trial(&data);
    let box_ = supervised(&data, &["--set", "update.trial_s=1", "--site", "/does/not/exist"]);
    eventually("it is confirmed", || box_.pid().is_some() && data.table().on_trial().is_none());
    assert_eq!((data.table().active(), data.table().quarantined()), (Some(Slot::A), &[][..]));
    assert_eq!(box_.connect().request("GET", "/", &[]).status, 503);
    box_.stop();
}

/// A client that takes all connections does not decide the version.
#[test]
fn a_crowd_decides_nothing() {
    let data = Data::new();
    on_trial(&data);
    let box_ = supervised(&data, &["--set", "update.trial_s=2", "--set", "limits.connections=2"]);
    // The socket is open before the process is. Whose answer is under way keeps the place; before that, the version's
    // look at itself may take it, and the client that lost it connects again, as browsers do.
    let events = || {
        let mut stream = TcpStream::connect(box_.address()).ok()?;
        stream.write_all(b"GET /_edge/events HTTP/1.1\r\nHost: localhost\r\n\r\n").ok()?;
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        line.contains(" 200 ").then_some(stream)
    };
    let crowd: Vec<_> = iter::repeat_with(events).take(100).flatten().take(2).collect();
    assert_eq!(crowd.len(), 2);
    // More rounds than the time that a version has, were it unwell.
    box_.wait_for("this version is on trial, and all connections are taken", 40);
    assert_eq!(data.table().on_trial(), Some(Slot::A));
    drop(crowd);
    box_.wait_for("this version works and is confirmed", 1);
    assert_eq!(data.table().active(), Some(Slot::A));
    box_.stop();
}

/// Room is not what a version can be blamed for: the one before would have no more.
#[test]
fn a_full_disk_decides_nothing() {
    let disk = Disk::new(192);
    let data = Data::on(&disk.path);
    on_trial(&data);
    let box_ = supervised(&data, &["--set", "update.trial_s=3"]);
    box_.wait_for("this version is on trial", 1);
    disk.fill(0);
    // More rounds than the time that a version has, were it unwell.
    box_.wait_for("this version is on trial, and the disk is full", 40);
    assert_eq!(data.table().on_trial(), Some(Slot::A));
    disk.empty();
    box_.wait_for("this version works and is confirmed", 1);
    assert_eq!(data.table().active(), Some(Slot::A));
    box_.stop();
}

/// The log is a pipe that nobody reads: writers block, and all who wait for them.
#[test]
fn what_hangs_is_reverted_by_its_watchdog() {
    let data = Data::new();
    on_trial(&data);
    let data_dir = data.path().to_str().expect("text");
    let mut child = Command::new(EDGE)
        .args(["launch", "--data-dir", data_dir, "--listen", "127.0.0.1:0"])
        .args(["--set", "update.trial_s=3600", "--set", "log.access=all"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    let mut log = BufReader::new(child.stdout.take().expect("a pipe"));
    let (mut address, mut line) = (None, String::new());
    while !line.contains("\"ready\"") {
        line.clear();
        assert!(log.read_line(&mut line).expect("a line") > 0, "it has ended");
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        address = address.or_else(|| value["fields"]["address"].as_str()?.parse::<SocketAddr>().ok());
    }
    let address = address.expect("an address");
    let answers = |path: &str| {
        let mut stream = TcpStream::connect(address).expect("never refused");
        stream.set_read_timeout(Some(Duration::from_secs(1))).expect("a time-out");
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).is_ok() && text.starts_with("HTTP/1.1 200 ")
    };
    eventually("it hangs, and is reverted", || {
        let _ = (0..50).all(|_| answers("/health/live"));
        data.table().on_trial().is_none()
    });
    assert_eq!(data.table().quarantined()[0].reason, "it hung for 10 s");
    let reader =
        std::thread::spawn(move || log.lines().map_while(Result::ok).filter(|line| line.contains("\"ready\"")).count());
    // The hung one may answer once more before it becomes the other.
    eventually("the same process is the factory's program", || {
        fs::read_link(format!("/proc/{}/exe", child.id())).is_ok_and(|exe| exe == Path::new(EDGE))
    });
    eventually("it serves again, from the same socket", || answers("/"));
    ended(&mut child);
    assert_eq!(reader.join().expect("joined"), 1);
}

/// What is shown of the updates comes from memory: who looks at it waits for no disk, and the trial goes on.
#[test]
fn a_disk_that_hangs_stops_no_answer_and_no_trial() {
    let data = Data::new();
    on_trial(&data);
    let repository = SmallRepository::new();
    let root = repository.path().join("root.json");
    fs::write(&root, repository.root()).expect("written");
    // Opening it waits for a writer, as with a disk that does not answer.
    fs::create_dir_all(data.path().join("update")).expect("made");
    run("mkfifo", &[data.path().join("update/history.0").to_str().expect("text")]);
    let options = [
        format!("update.url=file://{}", repository.path().display()),
        format!("update.trusted_root={}", root.display()),
        "update.trial_s=12".to_owned(),
    ];
    let options: Vec<&str> = options.iter().flat_map(|option| ["--set", option.as_str()]).collect();
    let box_ = supervised(&data, &options);
    box_.wait_for("this version is on trial", 1);
    box_.wait_for("ready", 1);
    let data_dir = data.path().to_str().expect("text");
    for order in ["status", "history"] {
        let said = String::from_utf8(run(EDGE, &["update", order, "--json", "--data-dir", data_dir])).expect("text");
        assert!(said.contains("on_trial") || said.trim() == "[]", "{said}");
    }
    let pin = fs::read_to_string(data.path().join("admin/pin")).expect("a PIN");
    let body = format!("pin={}", pin.trim());
    let mut client = box_.connect();
    let length = body.len().to_string();
    let form = [("content-type", "application/x-www-form-urlencoded"), ("content-length", length.as_str())];
    client.send_request("POST", "/_edge/admin/login", &form);
    client.send(body.as_bytes());
    let reply = client.reply(false).expect("an answer");
    let cookie = reply.field("set-cookie").and_then(|set| set.split(';').next()).expect("a session").to_owned();
    let page = box_.connect().request("GET", "/_edge/admin/update", &[("cookie", &cookie)]);
    assert!(page.status == 200 && page.text().contains("a prueba"), "{}", page.text());
    box_.wait_for("this version works and is confirmed", 1);
    assert_eq!((data.table().active(), box_.restarts()), (Some(Slot::A), 0));
    // Nor does the end of the process wait for it.
    box_.stop();
}

fn ended(child: &mut Child) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), rustix::process::Signal::TERM)
        .expect("it runs");
    assert!(child.wait().expect("its end").success());
}

/// A person who starts a slot's binary, or the factory's, tries nothing.
#[test]
fn what_the_launcher_has_not_started_is_not_on_trial() {
    let data = Data::new();
    on_trial(&data);
    for (name, value) in [("PATH_OF_NOTHING", "x"), ("WORKSHOP_SLOT", "a"), ("WORKSHOP_LAUNCHER", EDGE)] {
        let edge =
            Setup::new("").env(name, value).argument("--set").argument("update.trial_s=1").data(data.path()).start();
        assert!(edge.logged("this version is on trial").is_empty());
        assert_eq!(edge.health()["checks"]["trial"], serde_json::Value::Null);
        edge.stop();
    }
    assert_eq!(data.table().on_trial(), Some(Slot::A));
    // The factory's, while a slot is on trial.
    let setup = Setup::new("").env("WORKSHOP_SLOT", "factory").env("WORKSHOP_LAUNCHER", EDGE).data(data.path());
    let edge = setup.start();
    assert!(edge.logged("this version is on trial").is_empty());
    edge.stop();
}

#[test]
fn a_restart_during_a_trial_goes_on_with_it() {
    let data = Data::new();
    on_trial(&data);
    let box_ = supervised(&data, &["--set", "update.trial_s=3600"]);
    // More than it has tries, by the order and by the signal.
    for start in 1..=8 {
        box_.wait_for("this version is on trial", start);
        box_.wait_for("ready", start);
        assert_eq!(data.table().on_trial(), Some(Slot::A), "after {start} starts: {:?}", data.table());
        if start % 2 == 0 {
            box_.terminate();
        } else {
            run(EDGE, &["restart", "--data-dir", data.path().to_str().expect("text")]);
        }
    }
    box_.wait_for("ready", 9);
    assert_eq!((data.table().on_trial(), data.table().quarantined()), (Some(Slot::A), &[][..]));
    box_.stop();
}

/// On a machine whose boot is the one that a file names: another file is another boot.
fn booted(data: &Data, boot: &Path) -> Supervisor {
    let script = "mount --make-rprivate / && mount --bind \"$0\" /proc/sys/kernel/random/boot_id && exec \"$@\"";
    let (boot, data_dir) = (boot.to_str().expect("text"), data.path().to_str().expect("text"));
    let user: &[&str] = if rustix::process::geteuid().is_root() { &[] } else { &["--user", "--map-root-user"] };
    let edge = [boot, EDGE, "launch", "--data-dir", data_dir, "--set", "update.trial_s=3600"];
    let arguments = [user, &["--mount", "sh", "-c", script], &edge].concat();
    Supervisor::start("/usr/bin/unshare", arguments, &[])
}

/// Who cuts the power does not decide over the version, but a version that brings the machine down looks the same.
#[test]
fn power_cuts_cost_no_try_until_they_are_too_many() {
    let data = Data::new();
    on_trial(&data);
    let boot = data.path().with_extension("boot");
    let boots = |number: usize| fs::write(&boot, format!("boot-{number}\n")).expect("written");
    boots(0);
    let box_ = booted(&data, &boot);
    let all = usize::from(slots::MAX_CUTS) + usize::from(slots::TRIES);
    for start in 1..=all {
        box_.wait_for("this version is on trial", start);
        box_.wait_for("ready", start);
        assert_eq!(data.table().on_trial(), Some(Slot::A), "at start {start}: {:?}", data.table());
        // The next start is in another boot.
        boots(start);
        box_.kill();
    }
    box_.wait_for("ready", all + 1);
    let table = data.table();
    assert_eq!((table.active(), table.on_trial()), (None, None));
    let reason = &table.quarantined()[0].reason;
    assert!(reason.starts_with(&format!("the machine went down {all} times before")), "{reason}");
    box_.stop();
    fs::remove_file(boot).expect("removed");
}

#[test]
fn an_older_version_serves_newer_state_and_says_so() {
    let data = Data::new();
    fs::write(data.path().join("state-schema"), "4000000000\n").expect("written");
    let edge = Setup::new("").data(data.path()).start();
    let health = edge.health();
    assert_eq!(health["status"], "degraded");
    assert!(health["checks"]["state"]["reason"].as_str().expect("words").contains("a newer version"), "{health}");
    assert_eq!(edge.get("/", &[]).status, 200);
    let status = String::from_utf8(run(EDGE, &["status", "--json", "--data-dir", data.path().to_str().expect("text")]))
        .expect("text");
    assert!(status.contains("Una versión más nueva escribió los datos"), "{status}");
    edge.stop();
    assert_eq!(fs::read_to_string(data.path().join("state-schema")).expect("read"), "4000000000\n");
    // A torn one, and none, are made again.
    for torn in ["", "x", "-1"] {
        fs::write(data.path().join("state-schema"), torn).expect("written");
        let edge = Setup::new("").data(data.path()).start();
        assert_eq!(edge.health()["checks"]["state"]["status"], "ok");
        edge.stop();
        let kept = fs::read_to_string(data.path().join("state-schema")).expect("read");
        assert_eq!(kept, format!("{}\n", workshop_edge::update::STATE_SCHEMA));
    }
}
