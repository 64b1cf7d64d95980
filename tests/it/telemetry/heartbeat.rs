use std::fs;

use crate::support::sink::{Answers, Sink};
use crate::support::{Edge, Setup, dist, eventually};

fn config(sink: &Sink, interval_s: u32, more: &str) -> String {
    format!(
        "discovery.enabled = false\nupdate.enabled = false\ndisplay.title = \"Taller Norte\"\ntelemetry.heartbeat_url = {:?}\n\
         telemetry.allow_http = true\ntelemetry.heartbeat_interval_s = {interval_s}\n{more}\n",
        sink.url("/v2/enqueue")
    )
}

fn counted(edge: &Edge, outcome: &str) -> bool {
    let labels = format!("kind=\"heartbeat\",outcome=\"{outcome}\"");
    edge.get("/metrics", &[]).text().lines().any(|line| line.contains(&labels) && !line.ends_with(" 0"))
}

#[test]
fn a_box_that_is_well_says_so_again_and_again() {
    let sink = Sink::start();
    let secret = tempfile::NamedTempFile::new().expect("a file");
    fs::write(secret.path(), "R0UT1NG\n").expect("written");
    let edge = Setup::new(&config(&sink, 1, &format!("telemetry.heartbeat_key_file = {:?}", secret.path()))).start();
    let (first, second) = (sink.next("a heartbeat"), sink.next("another"));
    assert_eq!((first.path.as_str(), first.field("content-type")), ("/v2/enqueue", Some("application/json")));
    let (event, again) = (first.json(), second.json());
    assert_eq!((&event["event_action"], &event["routing_key"]), (&"resolve".into(), &"R0UT1NG".into()), "{event}");
    assert_eq!((&event["payload"]["group"], &event["payload"]["severity"]), (&"Taller Norte".into(), &"info".into()));
    assert_eq!(event["dedup_key"], again["dedup_key"]);
    assert!(event["payload"]["custom_details"]["checks"]["site"].is_object(), "{event}");
    assert!(!edge.log().contains("R0UT1NG"));
    assert!(counted(&edge, "ok"));
}

#[test]
fn a_change_of_state_is_sent_at_once() {
    let (sink, site) = (Sink::start(), dist(&[("index.html", b"<!DOCTYPE html><title>t</title>")]));
    let edge = Setup::new(&config(&sink, 86_400, "")).site(site.path()).start();
    let index = site.path().join("index.html");
    let page = fs::read(&index).expect("a page");
    fs::remove_file(&index).expect("removed");
    let event = sink.next("what is wrong").json();
    assert_eq!(event["event_action"], "trigger", "{event}\n{}", edge.log());
    assert!(event["payload"]["summary"].as_str().is_some_and(|text| text.contains("; site: ")), "{event}");
    fs::write(&index, page).expect("written");
    let over = sink.next("that it is over").json();
    assert_eq!((&over["event_action"], &over["dedup_key"]), (&"resolve".into(), &event["dedup_key"]), "{over}");
}

/// The box serves all the same, and its own health is not that of the service.
#[test]
fn a_service_that_takes_nothing_is_tried_again() {
    let sink = Sink::start();
    sink.set(Answers::Status(500));
    let edge = Setup::new(&config(&sink, 1, "")).start();
    edge.wait_for_log("the heartbeat was not taken");
    assert!(edge.log().contains("answered 500"), "{}", edge.log());
    sink.set(Answers::Closes);
    sink.take();
    eventually("it failed", || counted(&edge, "failed"));
    sink.set(Answers::Nothing);
    sink.next("a heartbeat that is not answered");
    assert_eq!(edge.get("/health", &[]).status, 200);
    assert!(!edge.get("/health", &[]).text().contains("telemetry"));
    sink.set(Answers::Status(200));
    edge.wait_for_log("the heartbeat is taken again");
    assert_eq!(edge.logged("the heartbeat was not taken; it is sent again").len(), 1, "{}", edge.log());
}
