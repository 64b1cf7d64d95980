//! What the screens have to say about what was switched to (`update.gate_screens`).

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use workshop_edge::slots::Slot;

use super::EDGE;
use super::data::Data;
use super::trial::{on_trial, supervised};
use crate::support::agent::Agent;
use crate::support::browser::Browser;
use crate::support::{Supervisor, eventually, run};

/// A box that asks two screens.
const ASKS: &[&str] =
    &["--set", "update.gate_screens=2", "--set", "update.trial_s=10", "--set", "screens.reload_spread_s=0"];
const SAYS: &str = "what the screens show of the version on trial";
const TOO_FEW: &str = "too few named screens are on to ask them: the trial goes on without them";

/// A TV that loads the page anew when the box has restarted.
struct Tv {
    agent: Agent,
    number: u64,
    name: String,
}

impl Tv {
    /// Shows the page of a box, and draws it.
    fn showing(box_: &Supervisor, number: u64) -> Self {
        let mut agent = Agent::new(number);
        agent.browser = format!("{} TV/{number}", agent.browser);
        let mut tv = Self { agent, number, name: format!("TV-{number}") };
        tv.says(box_, json!({}));
        tv
    }

    fn id(&self) -> &str {
        &self.agent.known.as_ref().expect("an identity").0
    }

    fn loads(&mut self, box_: &Supervisor, says: Value) {
        self.number += 100;
        self.agent.page = format!("{:016x}", self.number);
        self.says(box_, says);
    }

    /// Of the page that the box serves.
    fn says(&mut self, box_: &Supervisor, mut says: Value) {
        // The agent finds it in the page, and a report without it is answered with it.
        let answer = self.agent.report_on(box_.connect(), &json!({"frames": 0}));
        says["site"] = answer["site"].clone();
        self.agent.report_on(box_.connect(), &says);
    }
}

fn get(box_: &Supervisor, path: &str) -> String {
    box_.connect().request("GET", path, &[("connection", "close")]).text().to_owned()
}

/// The factory's program with so many TVs that show its page, the first `named` of which have names.
fn before(data: &Data, count: u64, named: usize) -> (Supervisor, Vec<Tv>) {
    let box_ = supervised(data, ASKS);
    box_.wait_for("ready", 1);
    let tvs: Vec<Tv> = (1..=count).map(|number| Tv::showing(&box_, number)).collect();
    eventually("all of them are known to show the page", || {
        let screens: Value = serde_json::from_str(&get(&box_, "/_edge/screens.json")).expect("JSON");
        screens["counts"]["showing"] == count
    });
    let mut browser = Browser::logged_in(box_.address(), data.path());
    for tv in &tvs[..named] {
        browser.name_screen(tv.id(), &tv.name);
    }
    (box_, tvs)
}

/// Has the box change to a new version, on trial.
fn change_version(data: &Data) {
    on_trial(data);
    run(EDGE, &["restart", "--data-dir", data.path().to_str().expect("text")]);
}

fn wait_until_on_trial(box_: &Supervisor) {
    box_.wait_for("this version is on trial", 1);
    box_.wait_for("ready", 2);
}

/// Those TVs, and then a new version on trial.
fn on_trial_before(data: &Data, count: u64, named: usize) -> (Supervisor, Vec<Tv>) {
    let (box_, tvs) = before(data, count, named);
    change_version(data);
    wait_until_on_trial(&box_);
    (box_, tvs)
}

/// What writes the record of the screens waits while this is there, as for a disk that does not answer.
struct HungRecord(Child);

impl HungRecord {
    fn new(data: &Data, pid: u32) -> Self {
        let record = |turn: u8| format!("--trace-path={}", data.path().join(format!("screens.{turn}.tmp")).display());
        let mut strace = Command::new("strace")
            .args(["--follow-forks", "--inject=fsync:delay_enter=600000000", &format!("--attach={pid}")])
            .args([record(0), record(1)])
            .arg(format!("--output={}", data.path().join("strace").display()))
            .stderr(Stdio::piped())
            .spawn()
            .expect("strace can be started (tests/run installs it)");
        let mut said = String::new();
        BufReader::new(strace.stderr.take().expect("a pipe")).read_line(&mut said).expect("a line");
        assert!(said.contains(" attached"), "{said}");
        Self(strace)
    }
}

impl Drop for HungRecord {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until the box has logged what the screens say with these of them in a field.
fn wait_until_says(box_: &Supervisor, field: &str, tvs: &[&Tv]) {
    eventually(field, || {
        box_.logged(SAYS).last().is_some_and(|line| {
            let named = line["fields"][field].as_str().unwrap_or_default();
            let mut named: Vec<&str> = named.split(", ").filter(|name| !name.is_empty()).collect();
            let mut wanted: Vec<&str> = tvs.iter().map(|tv| tv.name.as_str()).collect();
            named.sort_unstable();
            wanted.sort_unstable();
            named == wanted
        })
    });
}

#[test]
fn a_version_is_confirmed_when_enough_screens_have_shown_it() {
    let data = Data::new();
    let (box_, mut tvs) = on_trial_before(&data, 3, 3);
    let [one, other, third] = &mut tvs[..] else { panic!("three") };
    wait_until_says(&box_, "off", &[one, other, third]);
    third.loads(&box_, json!({"errors": {"script": 1}}));
    one.loads(&box_, json!({"frames": 60}));
    other.loads(&box_, json!({"frames": 59}));
    wait_until_says(&box_, "yes", &[one]);
    wait_until_says(&box_, "errors", &[third]);
    wait_until_says(&box_, "waiting", &[other]);
    // However long it is well, it waits for the second screen.
    other.says(&box_, json!({"frames": 1}));
    box_.wait_for("this version works and is confirmed", 1);
    wait_until_says(&box_, "yes", &[one, other]);
    assert_eq!((data.table().active(), box_.restarts()), (Some(Slot::A), 0));
    let metrics = get(&box_, "/metrics");
    for (tv, vote) in [(one, "yes"), (other, "yes"), (third, "errors")] {
        let line = format!("workshop_edge_screen_votes{{screen=\"{}\",vote=\"{vote}\"}} 1", tv.name);
        assert!(metrics.lines().any(|candidate| candidate == line), "{line} is not in:\n{metrics}");
    }
    assert!(box_.logged(TOO_FEW).is_empty());
    box_.stop();
}

#[test]
fn screens_that_are_off_decide_nothing() {
    let data = Data::new();
    let (box_, mut tvs) = on_trial_before(&data, 2, 2);
    // The other one has been switched off.
    tvs[0].loads(&box_, json!({"frames": 60}));
    box_.wait_for("this version works and is confirmed", 1);
    assert_eq!(box_.logged(TOO_FEW).len(), 1);
    assert_eq!((data.table().active(), box_.restarts()), (Some(Slot::A), 0));
    box_.stop();
}

/// As well as the box is.
#[test]
fn a_version_whose_page_fails_on_the_screens_is_reverted() {
    let data = Data::new();
    let (box_, mut tvs) = on_trial_before(&data, 2, 2);
    let pid = box_.pid();
    for tv in &mut tvs {
        tv.loads(&box_, json!({"errors": {"script": 1}}));
    }
    eventually("it is reverted", || {
        assert_eq!(box_.connect().request("GET", "/", &[("connection", "close")]).status, 200);
        data.table().on_trial().is_none()
    });
    box_.wait_for("ready", 3);
    let table = data.table();
    let reason = &table.quarantined()[0].reason;
    assert!(reason.starts_with("0 of the 2 screens needed have shown it well; errors on: "), "{reason}");
    assert!(tvs.iter().all(|tv| reason.contains(&tv.name)), "{reason}");
    assert_eq!((table.active(), box_.pid(), box_.restarts()), (None, pid, 0));
    box_.stop();
}

/// Anything on the network may report as a screen.
#[test]
fn screens_without_a_name_decide_nothing() {
    let data = Data::new();
    let (box_, mut tvs) = on_trial_before(&data, 4, 2);
    let (named, others) = tvs.split_at_mut(2);
    // Neither that it works, nor that it does not.
    others[0].loads(&box_, json!({"frames": 60}));
    others[1].loads(&box_, json!({"errors": {"script": 1}}));
    named[0].loads(&box_, json!({"frames": 60}));
    named[1].loads(&box_, json!({"frames": 0}));
    wait_until_says(&box_, "yes", &[&named[0]]);
    wait_until_says(&box_, "waiting", &[&named[1]]);
    named[1].says(&box_, json!({"frames": 60}));
    box_.wait_for("this version works and is confirmed", 1);
    wait_until_says(&box_, "yes", &[&named[0], &named[1]]);
    let said = box_.logged(SAYS);
    assert!(said.iter().all(|line| line["fields"]["errors"] == ""), "{said:?}");
    let metrics = get(&box_, "/metrics");
    assert_eq!(metrics.matches("workshop_edge_screen_votes{").count(), 2, "{metrics}");
    assert!(box_.logged(TOO_FEW).is_empty());
    box_.stop();
}

/// Whoever was showing the page when the record was last written is asked.
#[test]
fn a_disk_that_hangs_under_their_record_stops_no_vote() {
    let data = Data::new();
    let (box_, mut tvs) = before(&data, 2, 2);
    let hung = HungRecord::new(&data, box_.pid().expect("it runs"));
    // What is to be written.
    Tv::showing(&box_, 3);
    change_version(&data);
    box_.wait_for("the disk takes too long: what is new of the screens may not be kept", 1);
    // The kernel lets no process become another program while a thread of it waits for a disk.
    drop(hung);
    wait_until_on_trial(&box_);
    for tv in &mut tvs {
        tv.loads(&box_, json!({"frames": 60}));
    }
    box_.wait_for("this version works and is confirmed", 1);
    wait_until_says(&box_, "yes", &[&tvs[0], &tvs[1]]);
    assert_eq!((data.table().active(), box_.restarts()), (Some(Slot::A), 0));
    assert!(box_.logged(TOO_FEW).is_empty());
    box_.stop();
}
