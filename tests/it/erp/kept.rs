//! The last good figures outlive the box, its power and its clock.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::live::Live;
use super::{Disk, PARTS, break_machine, files, in_time, is_whole, shown, status_of, values};
use crate::support::{self, Edge, Erp, with_clock};

/// What the first event of a channel shows.
fn first(edge: &Edge) -> Value {
    let mut live = Live::open(edge);
    live.event();
    live.wall().clone()
}

/// What a box showed that was stopped, and whose ERP has gone since.
fn stopped(disk: &Disk, erp: &Erp, more: &str) -> Value {
    let (edge, live) = shown(disk, erp, more);
    let before = values(live.wall());
    edge.stop();
    erp.fail(json!("down"));
    before
}

fn writes(edge: &Edge) -> f64 {
    edge.metric("workshop_edge_erp_snapshot_writes_total")
}

#[test]
fn a_box_that_starts_without_its_erp_shows_what_it_had_and_how_old_it_is() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (edge, mut live) = shown(&disk, &erp, "");
    break_machine(&erp, &mut live);
    let before = values(live.wall());
    edge.stop();

    erp.fail(json!("down"));
    let edge = disk.setup(&erp, "").start();
    let wall = first(&edge);
    assert_eq!(values(&wall), before);
    for (part, _) in PARTS {
        assert!(wall["parts"][part]["age_s"].is_u64(), "{part}: {}", wall["parts"][part]);
    }
    let reply = edge.get("/api/machines", &[]);
    assert!(reply.status == 200 && reply.field("age").is_some(), "{}", reply.text());

    erp.set(&json!({"fault": "none", "machines": {"MCH-001": "AVAILABLE"}}));
    let mut live = Live::open(&edge);
    live.until("it is there again", |wall| is_whole(wall) && status_of(wall, "MCH-001") == Some("AVAILABLE"));
}

#[test]
fn a_box_that_is_killed_has_its_last_write() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (mut edge, mut live) = shown(&disk, &erp, "");
    // A word that the kept figures have not had before.
    erp.set(&json!({"machines": {"MCH-001": "AVAILABLE"}}));
    live.until("the change", |wall| status_of(wall, "MCH-001") == Some("AVAILABLE"));
    let is_kept = |path: std::path::PathBuf| {
        let name = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("erp."));
        name && std::fs::read_to_string(path).is_ok_and(|text| text.contains("AVAILABLE"))
    };
    in_time("a write of what is shown", || files(&disk.data()).into_iter().any(is_kept));
    let before = first(&edge)["parts"]["quality_stats"]["value"].clone();
    edge.signal(Signal::KILL);
    edge.wait();

    erp.fail(json!("down"));
    let edge = disk.setup(&erp, "").start();
    let wall = first(&edge);
    assert_eq!(status_of(&wall, "MCH-001"), Some("AVAILABLE"));
    assert_eq!(wall["parts"]["quality_stats"]["value"], before);
}

#[test]
fn nothing_is_written_while_nothing_changes() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (edge, mut live) = shown(&disk, &erp, "");
    in_time("a write", || writes(&edge) >= 1.0);
    // Of the round that followed it.
    in_time("thirty seconds of answers", || erp.count("/machines") >= 18);
    let before = writes(&edge);
    erp.forget();
    in_time("as long again", || erp.count("/machines") >= 18);
    assert!(writes(&edge) <= before, "{} writes, and {before} before", writes(&edge));
    break_machine(&erp, &mut live);
}

/// On such a disk nothing could have been removed that has become another account's.
#[test]
fn of_a_disk_that_can_only_be_read_nothing_is_shown_before_a_login() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let mut other = support::Disk::new(64);
    let setup = || disk.setup(&erp, "").data(&other.path.join("data"));
    let edge = setup().start();
    let mut live = Live::open(&edge);
    live.until("everything is shown", is_whole);
    let before = values(live.wall());
    edge.stop();

    erp.fail(json!("down"));
    let edge = setup().start();
    assert_eq!(values(&first(&edge)), before);
    edge.stop();

    let setup = setup();
    other.can_be_written(false);
    let edge = setup.start();
    let wall = first(&edge);
    assert!(PARTS.iter().all(|(part, _)| wall["parts"][part].is_null()), "{wall}");
    erp.recover();
    let mut live = Live::open(&edge);
    live.until("everything is shown", is_whole);
}

#[test]
fn what_is_too_old_is_not_shown() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let before = stopped(&disk, &erp, "max_stale_h = 1\n");
    let edge = with_clock(disk.setup(&erp, "max_stale_h = 1\n"), "+50m").start();
    let wall = first(&edge);
    assert_eq!(values(&wall), before);
    for (part, _) in PARTS {
        let age = wall["parts"][part]["age_s"].as_u64();
        assert!(age.is_some_and(|age| (3000..3300).contains(&age)), "{part}: {}", wall["parts"][part]);
        assert_eq!(wall["parts"][part]["late"], true, "{part}");
    }
    edge.stop();

    let edge = with_clock(disk.setup(&erp, "max_stale_h = 1\n"), "+70m").start();
    let wall = first(&edge);
    assert!(PARTS.iter().all(|(part, _)| wall["parts"][part].is_null()), "{wall}");
    let reply = edge.get("/api/machines", &[]);
    assert_eq!(reply.status, 503);
}

#[test]
fn a_clock_in_1970_stops_nothing_and_makes_no_age_up() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let before = stopped(&disk, &erp, "");
    let edge = with_clock(disk.setup(&erp, ""), "@1970-01-01 00:01:00").start();
    let wall = first(&edge);
    assert_eq!(values(&wall), before);
    for (part, _) in PARTS {
        let shown = &wall["parts"][part];
        assert!(shown["age_s"].is_null() && shown["late"] == true, "{part}: {shown}");
    }
    erp.recover();
    let mut live = Live::open(&edge);
    live.until("it is there again", |wall| {
        is_whole(wall) && PARTS.iter().all(|(part, _)| wall["parts"][part]["late"] == false)
    });
    break_machine(&erp, &mut live);
    edge.stop();

    // What came then is of no known moment, and is not lost.
    erp.fail(json!("down"));
    let edge = disk.setup(&erp, "").start();
    assert_eq!(status_of(&first(&edge), "MCH-001"), Some("BROKEN"));
}

#[test]
fn a_clock_that_is_ahead_stops_nothing_and_coming_back_loses_nothing() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let edge = with_clock(disk.setup(&erp, ""), "@2101-05-05 12:00:00").start();
    let mut live = Live::open(&edge);
    live.until("everything is shown", is_whole);
    break_machine(&erp, &mut live);
    let before = values(live.wall());
    edge.stop();

    erp.fail(json!("down"));
    let edge = disk.setup(&erp, "").start();
    let wall = first(&edge);
    assert_eq!(values(&wall), before);
    assert!(wall["parts"]["machines"]["age_s"].is_null(), "no age is known: {wall}");
}

#[test]
fn the_orders_of_the_day_outlive_a_restart_and_the_midnight_of_the_erp() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (edge, mut live) = shown(&disk, &erp, "");
    let completed = |wall: &Value| wall["parts"]["counts"]["value"]["completed"].as_u64();
    live.until("the day has begun", |wall| completed(wall).is_some());
    let at_start = completed(live.wall()).expect("a count");
    erp.set(&json!({"complete_orders": 3}));
    live.until("three orders", |wall| completed(wall) == Some(at_start + 3));
    edge.stop();

    let edge = disk.setup(&erp, "").start();
    let mut live = Live::open(&edge);
    live.until("they are counted once", |wall| is_whole(wall) && completed(wall) == Some(at_start + 3));
    // At the server it is tomorrow: it begins again at nothing.
    erp.set(&json!({"offset_s": 86_400}));
    live.until("the server's day", |wall| wall["parts"]["dashboard"]["value"]["production"]["completed"] == 0);
    assert_eq!(completed(live.wall()), Some(at_start + 3));
    erp.set(&json!({"complete_orders": 1}));
    live.until("one more", |wall| completed(wall) == Some(at_start + 4));
}
