//! The hours at which a box may change its version, and its turn among all boxes.

use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;

use crate::built::release;
use crate::managed::{Bucket, Managed};
use crate::support::eventually;

/// A window that opens so many hours from now, in UTC.
fn opens_in(hours: i64) -> String {
    let hour = |hours: i64| Timestamp::now().checked_add(hours.hours()).expect("a time").strftime("%H:00").to_string();
    format!("window = \"{}-{}\"\ntime_zone = \"UTC\"\n", hour(hours), hour(hours + 1))
}

fn is_waiting(state: &Value, version: &str, wait: &str) -> bool {
    let phase = &state["phase"];
    phase["phase"] == "waiting" && phase["version"] == version && phase["wait"] == wait
}

fn text(managed: &Managed, lang: &str) -> String {
    let output = managed.command(&["status"]).env("LANG", lang).output().expect("run");
    String::from_utf8(output.stdout).expect("UTF-8")
}

const OFTEN: &str = "check_interval_s = 2\ntrial_s = 2\n";

#[test]
fn a_version_is_downloaded_ahead_of_its_hour_and_a_rollback_stays_possible() {
    let bucket = Bucket::new();
    bucket.publish(&["1.0.0"]);
    let managed = Managed::start(&bucket, &format!("{OFTEN}{}", opens_in(5)));
    bucket.publish(&["1.1.0"]);
    let state = managed.wait_for("1.1.0 waits, and is here", |state| {
        is_waiting(state, "1.1.0", "window") && state["phase"]["is_here"] == true
    });
    let until: Timestamp = state["phase"]["until"].as_str().and_then(|text| text.parse().ok()).expect("a time");
    let hours = (until - Timestamp::now()).total(jiff::Unit::Hour).expect("hours");
    assert!((4.0..=5.0).contains(&hours), "{state:#}");
    let (es, en) = (text(&managed, "es_ES.UTF-8"), text(&managed, "en_GB.UTF-8"));
    assert!(es.contains("La versión 1.1.0 está descargada y se instalará en su horario: "), "{es}");
    assert!(en.contains("Version 1.1.0 is downloaded, and will be put in place at its hour: "), "{en}");
    assert!(es.contains(&until.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()), "{es}");

    // Here is the download, and no slot.
    let downloads = || std::fs::read_dir(managed.data().join("update/download")).expect("there").count();
    assert!(downloads() > 0);
    assert!(!managed.data().join("slots/a/workshop-edge").exists());
    // It is not fetched again by each check.
    let received = || managed.state().expect("a state")["checked"].clone();
    let before = received();
    eventually("another check", || received() != before);
    managed.wait_for("it still waits", |state| state["phase"]["is_here"] == true);

    // What a technician asks for does not wait.
    let output = managed.update(&["apply"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let entry = managed.history().pop().expect("one");
    assert!(entry["octets"].as_u64().is_some_and(|bytes| bytes > 0), "what came before its hour counts: {entry}");

    // The next version is downloaded, and the one before is still there.
    bucket.repository.publish_with("stable", "1.3.0", &[&release("1.3.0")], &["--deltas", "0"]);
    managed.wait_for("1.3.0 is here", |state| state["phase"]["is_here"] == true);
    assert_eq!(managed.state().expect("a state")["previous"], "1.0.0");
    // Neither does the maker's rollback wait, and it costs nothing.
    bucket.repository.rollback("stable", "1.0.0");
    managed.wait_until_runs("1.0.0");
    let entry = managed.history().pop().expect("one");
    assert_eq!((&entry["kind"], &entry["octets"]), (&"rollback".into(), &0.into()));
}

#[test]
fn what_is_urgent_does_not_wait_for_the_hour() {
    let bucket = Bucket::new();
    bucket.publish(&["1.0.0"]);
    let managed = Managed::start(&bucket, &format!("{OFTEN}{}", opens_in(5)));
    bucket.repository.publish_with("stable", "1.1.0", &[&release("1.1.0")], &["--deltas", "0", "--urgent"]);
    managed.wait_until_runs("1.1.0");
    assert_eq!(managed.history().pop().expect("one")["kind"], "update");
}

#[test]
fn a_version_whose_turn_is_later_waits_and_is_not_fetched() {
    let bucket = Bucket::new();
    bucket.publish(&["1.0.0"]);
    let managed = Managed::start(&bucket, OFTEN);
    bucket.repository.publish_with("stable", "1.1.0", &[&release("1.1.0")], &["--deltas", "0", "--wave", "+30h=1000"]);
    let state = managed.wait_for("1.1.0 waits", |state| is_waiting(state, "1.1.0", "wave"));
    assert_eq!(state["phase"]["is_here"], false);
    let (es, en) = (text(&managed, "es_ES.UTF-8"), text(&managed, "en_GB.UTF-8"));
    assert!(es.contains("A este equipo le toca la versión 1.1.0 el "), "{es}");
    assert!(en.contains("It is this box's turn for version 1.1.0 on "), "{en}");
    let downloads = managed.data().join("update/download");
    assert!(std::fs::read_dir(downloads).map_or(0, Iterator::count) == 0, "nothing is downloaded before the turn");
    assert!(managed.update(&["apply"]).status.success(), "what is asked for here does not wait");
}

/// The day of the window counts as well: today's hours, on another day of the week.
#[test]
fn the_day_of_the_window_counts() {
    let bucket = Bucket::new();
    bucket.publish(&["1.0.0"]);
    let now = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let in_three_days = days[(usize::try_from(now.weekday().to_monday_zero_offset()).expect("a day") + 3) % 7];
    let settings = format!("{OFTEN}window = \"00:00-23:59\"\ntime_zone = \"UTC\"\ndays = [\"{in_three_days}\"]\n");
    let managed = Managed::start(&bucket, &settings);
    bucket.publish(&["1.1.0"]);
    let state = managed.wait_for("1.1.0 waits", |state| is_waiting(state, "1.1.0", "window"));
    let until: Timestamp = state["phase"]["until"].as_str().and_then(|text| text.parse().ok()).expect("a time");
    let hours = (until - Timestamp::now()).total(jiff::Unit::Hour).expect("hours");
    assert!((48.0..=72.0).contains(&hours), "{state:#}");
}
