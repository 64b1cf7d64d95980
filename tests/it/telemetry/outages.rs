//! What is not taken is sent later: over stops, `kill -9` and files that are torn.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::decoded;

use crate::support::sink::{Answers, Posted, Sink};
use crate::support::{Edge, Nginx, Setup, eventually};

fn setup(url: &str, interval_s: u32, data: &Path) -> Setup {
    Setup::new(&format!(
        "discovery.enabled = false\nupdate.enabled = false\ntelemetry.otlp_url = {url:?}\ntelemetry.allow_http = true\n\
         telemetry.interval_s = {interval_s}\n"
    ))
    .data(data)
}

fn data() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

/// The names of what is kept, in order.
fn kept(data: &Path) -> Vec<String> {
    let entries = fs::read_dir(data.join("telemetry")).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.expect("one").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

/// When the figures are of, when the sums began, and how often the health was asked for.
fn figures(pushed: &Value) -> [u64; 3] {
    let metrics = pushed["scopeMetrics"][0]["metrics"].as_array().expect("metrics");
    let family = metrics.iter().find(|metric| metric["name"] == "workshop_edge_http_requests_total");
    let empty = Vec::new();
    let points = family.map_or(&empty, |family| family["sum"]["dataPoints"].as_array().expect("points"));
    let is_health = |point: &&Value| point["attributes"][0]["value"]["stringValue"] == "health";
    let number = |value: &Value| value.as_str().map_or(0, |text| text.parse().expect("a number"));
    let any = &metrics[0]["gauge"]["dataPoints"][0];
    let asked = points.iter().find(is_health).map_or(0, |point| number(&point["asInt"]));
    [number(&any["timeUnixNano"]), number(&any["startTimeUnixNano"]), asked]
}

fn all_figures(posted: &Posted) -> Vec<[u64; 3]> {
    let pushed = decoded("metrics", posted);
    pushed["resourceMetrics"].as_array().expect("boxes").iter().map(figures).collect()
}

/// Starts a box whose figures nobody takes, asks for its health so often, and stops it.
fn outage(url: &str, data: &Path, asks: usize) {
    let edge = setup(url, 1, data).start();
    edge.wait_for_log("the metrics were not taken");
    for _ in 0..asks {
        edge.get("/health", &[]);
    }
    edge.stop();
}

fn dropped(edge: &Edge, reason: &str) -> f64 {
    edge.metric(&format!("workshop_edge_telemetry_dropped_total{{kind=\"otlp_metrics\",reason=\"{reason}\"}}"))
}

#[test]
fn figures_of_outages_come_in_order_with_their_own_times_over_stops_and_kills() {
    let (sink, data) = (Sink::start(), data());
    sink.set(Answers::Closes);
    for asks in [1, 2] {
        outage(&sink.url(""), data.path(), asks);
    }
    let mut killed = setup(&sink.url(""), 1, data.path()).start();
    killed.wait_for_log("the metrics were not taken");
    killed.signal(Signal::KILL);
    killed.wait();
    outage(&sink.url(""), data.path(), 3);
    let files = kept(data.path());
    let numbers: Vec<_> = files.iter().map(|name| name.rsplit_once('.').expect("items").0).collect();
    assert_eq!(numbers, ["metrics.0", "metrics.1", "metrics.2"], "{files:?}");

    sink.set(Answers::Status(200));
    let edge = setup(&sink.url(""), 1, data.path()).start();
    let (mut all, mut pushes) = (Vec::new(), 0);
    eventually("all come", || {
        for posted in sink.take() {
            assert_eq!(posted.field("content-encoding"), Some("gzip"));
            all.extend(all_figures(&posted));
            pushes += 1;
        }
        all.len() >= 5
    });
    assert_eq!((all.iter().map(|[.., asked]| *asked).take(3).collect::<Vec<_>>(), pushes), (vec![1, 2, 3], all.len()));
    let is_later = |pair: &[[u64; 3]]| pair[0][0] < pair[1][0] && pair[0][1] <= pair[0][0];
    assert!(all.windows(2).all(is_later), "{all:?}");
    let starts: Vec<_> = all.iter().map(|[_, start, _]| start).collect();
    assert!(
        starts[0] < starts[1] && starts[1] < starts[2] && starts[2] < starts[3] && starts[3] == starts[4],
        "{all:?}"
    );
    assert!(kept(data.path()).is_empty());
    assert!(edge.metric("workshop_edge_telemetry_backlog_bytes{kind=\"otlp_metrics\"}").abs() < f64::EPSILON);
}

#[test]
fn a_torn_file_is_dropped_and_counted_and_the_others_are_sent() {
    let (sink, data) = (Sink::start(), data());
    sink.set(Answers::Status(500));
    for asks in [1, 2] {
        outage(&sink.url(""), data.path(), asks);
    }
    let torn = data.path().join("telemetry").join(&kept(data.path())[0]);
    let items: f64 = kept(data.path())[0].rsplit('.').next().expect("items").parse().expect("a number");
    let whole = fs::read(&torn).expect("there");
    fs::write(&torn, &whole[..whole.len() - 1]).expect("torn");
    sink.set(Answers::Status(200));
    sink.take();
    let edge = setup(&sink.url(""), 1, data.path()).start();
    assert_eq!(all_figures(&sink.next("what is whole"))[0][2], 2);
    edge.wait_for_log("telemetry that was kept is damaged, and dropped");
    assert!((dropped(&edge, "damaged") - items).abs() < f64::EPSILON && items > 20.0, "{items}");
    eventually("nothing is kept", || kept(data.path()).is_empty());
}

#[test]
fn what_a_receiver_will_never_take_is_dropped_and_counted() {
    let (sink, data) = (Sink::start(), data());
    sink.set(Answers::Closes);
    outage(&sink.url(""), data.path(), 1);
    sink.set(Answers::Status(400));
    let edge = setup(&sink.url(""), 1, data.path()).start();
    eventually("nothing is kept", || kept(data.path()).is_empty());
    eventually("it is counted, with the newest", || dropped(&edge, "refused") > 100.0);
    sink.set(Answers::Status(200));
    edge.wait_for_log("the metrics are taken again");
    assert_eq!(edge.logged("the metrics were not taken").len(), 1, "{}", edge.log());
}

#[test]
fn a_stop_sends_what_is_new_and_keeps_it_where_nobody_answers() {
    let (sink, data) = (Sink::start(), data());
    let edge = setup(&sink.url(""), 3600, data.path()).start();
    for _ in 0..3 {
        edge.get("/health", &[]);
    }
    edge.stop();
    assert_eq!(all_figures(&sink.next("the last push"))[0][2], 3);
    assert!(kept(data.path()).is_empty());

    sink.set(Answers::Nothing);
    let mut edge = setup(&sink.url(""), 3600, data.path()).start();
    edge.signal(Signal::TERM);
    assert!(edge.wait().success());
    edge.wait_for_log("the last metrics take too long");
    assert_eq!(kept(data.path()).len(), 1);
}

#[test]
fn what_a_receiver_does_not_take_of_a_push_is_said_once_and_counted() {
    let (sink, data) = (Sink::start(), data());
    sink.set(Answers::Rejects(3));
    let edge = setup(&sink.url(""), 1, data.path()).start();
    eventually("two pushes are counted", || dropped(&edge, "rejected") >= 6.0);
    let lines = edge.logged("the receiver has something to say of the metrics");
    assert_eq!(lines.len(), 1, "{}", edge.log());
    assert_eq!((&lines[0]["fields"]["rejected"], &lines[0]["fields"]["said"]), (&3.into(), &"old".into()));
    assert_eq!(edge.health()["status"], "ok");
}

/// nginx in between, which says itself that nobody is behind it.
#[test]
fn a_gateway_without_a_receiver_behind_it_is_an_outage() {
    let (sink, data) = (Sink::start(), data());
    let gateway = Nginx::cdn(&sink.url(""));
    sink.set(Answers::Closes);
    let edge = setup(&gateway.plain(), 1, data.path()).start();
    edge.wait_for_log("the metrics were not taken");
    assert!(edge.log().contains("answered 502"), "{}", edge.log());
    edge.get("/health", &[]);
    edge.stop();
    // What it says then is of what is on the disk.
    outage(&gateway.plain(), data.path(), 2);
    assert_eq!(kept(data.path()).len(), 2);
    sink.set(Answers::Status(200));
    let _edge = setup(&gateway.plain(), 1, data.path()).start();
    assert_eq!(all_figures(&sink.next("what was kept"))[0][2], 1);
    eventually("nothing is kept", || kept(data.path()).is_empty());
}

#[test]
fn nothing_stays_where_nobody_is_to_get_it() {
    let (sink, data) = (Sink::start(), data());
    sink.set(Answers::Closes);
    outage(&sink.url(""), data.path(), 1);
    assert_eq!(kept(data.path()).len(), 1);
    let edge = Setup::new("discovery.enabled = false\nupdate.enabled = false\n").data(data.path()).start();
    assert!(!edge.data().join("telemetry").exists());
    edge.stop();

    // A factory reset forgets it though there is a receiver.
    outage(&sink.url(""), data.path(), 1);
    assert_eq!(kept(data.path()).len(), 1);
    fs::write(data.path().join("factory-reset"), "").expect("the marker");
    let _edge = setup(&sink.url(""), 3600, data.path()).start();
    assert!(kept(data.path()).is_empty());
}
