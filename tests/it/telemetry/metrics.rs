use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::NamedTempFile;

use crate::support::sink::{Answers, Posted, Sink};
use crate::support::{Edge, Setup, eventually};

const SCRAPED: &str = "workshop_edge_http_requests_total{route=\"health\",status=\"200\"}";

/// A box that pushes every second, and names itself by this file.
fn start(sink: &Sink, headers: &Path) -> Edge {
    let config = format!(
        "discovery.enabled = false\nupdate.enabled = false\ndisplay.title = \"Taller Norte\"\ntelemetry.otlp_url = {:?}\n\
         telemetry.otlp_headers_file = '{}'\ntelemetry.allow_http = true\ntelemetry.interval_s = 1\n",
        sink.url("/otlp/"),
        headers.display()
    );
    Setup::new(&config).start()
}

fn headers(text: &str) -> NamedTempFile {
    let file = NamedTempFile::new().expect("a file");
    fs::write(file.path(), text).expect("written");
    file
}

/// What one box has pushed.
fn decoded(posted: &Posted) -> Value {
    super::decoded("metrics", posted)["resourceMetrics"][0].take()
}

fn metrics(pushed: &Value) -> &Vec<Value> {
    pushed["scopeMetrics"][0]["metrics"].as_array().expect("metrics")
}

/// The point of [`SCRAPED`].
fn point(pushed: &Value) -> &Value {
    let family = metrics(pushed).iter().find(|metric| metric["name"] == "workshop_edge_http_requests_total");
    let points = family.expect("the family")["sum"]["dataPoints"].as_array().expect("points");
    let is_health = |point: &&Value| point["attributes"][0]["value"]["stringValue"] == "health";
    points.iter().find(is_health).expect("the route")
}

/// A push that begins after now: the next one may be on its way.
fn next(sink: &Sink) -> Posted {
    sink.take();
    sink.next("a push");
    sink.next("another")
}

fn check(edge: &Edge) -> Value {
    edge.health()["checks"]["otlp_metrics"].take()
}

#[test]
fn what_is_scraped_is_pushed() {
    let (sink, secret) = (Sink::start(), headers("DD-API-KEY: S3CR3T\nX-Scope-OrgID: 7\n"));
    let edge = start(&sink, secret.path());
    for _ in 0..3 {
        edge.get("/health", &[]);
    }
    let posted = next(&sink);
    assert_eq!(posted.path, "/otlp/v1/metrics");
    let fields = ["content-type", "content-encoding", "dd-api-key", "x-scope-orgid"].map(|name| posted.field(name));
    assert_eq!(fields, [Some("application/x-protobuf"), Some("gzip"), Some("S3CR3T"), Some("7")]);
    assert!(posted.body.starts_with(b"\x1f\x8b"));
    let pushed = decoded(&posted);
    let attribute = |key: &str| super::attribute(&pushed["resource"], key);
    assert_eq!((attribute("service.name"), attribute("workshop")), ("workshop-edge".into(), "Taller Norte".into()));
    assert_eq!(attribute("service.version"), edge.health()["version"]);
    let id = fs::read_to_string(edge.data().join("box-id")).expect("the box's id");
    assert_eq!(attribute("service.instance.id"), id.trim());

    assert_eq!(point(&pushed)["asInt"], "3");
    let time = |name: &str| point(&pushed)[name].as_str().expect("a time").parse::<u64>().expect("a number");
    assert!(time("startTimeUnixNano") < time("timeUnixNano"));

    let answer = edge.get("/metrics", &[]);
    let text = answer.text();
    // Those above, and that of the version.
    assert!(text.lines().any(|line| line == format!("{SCRAPED} 4")), "{text}");
    let figures = text.lines().filter(|line| !line.starts_with('#') && !line.contains("route=\"metrics\""));
    let names = |line: &str| {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        ["_sum", "_count", "_bucket"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name).to_owned()
    };
    let scraped: BTreeSet<_> = figures.map(names).collect();
    let pushed: BTreeSet<_> =
        metrics(&pushed).iter().map(|metric| metric["name"].as_str().expect("a name").to_owned()).collect();
    assert!(scraped.len() > 20 && scraped == pushed, "{scraped:#?}\n{pushed:#?}");
    assert!(!edge.log().contains("S3CR3T"));
}

#[test]
fn an_outage_of_the_receiver_loses_no_sum() {
    let (sink, secret) = (Sink::start(), headers(""));
    let edge = start(&sink, secret.path());
    let before = decoded(&sink.next("a push"));
    sink.set(Answers::Closes);
    edge.wait_for_log("the metrics were not taken");
    for _ in 0..5 {
        edge.get("/health", &[]);
    }
    sink.set(Answers::Status(200));
    edge.wait_for_log("the metrics are taken again");
    let after = decoded(&next(&sink));
    assert_eq!(point(&after)["asInt"], "5");
    let start = |pushed| metrics(pushed)[0]["gauge"]["dataPoints"][0]["startTimeUnixNano"].clone();
    assert!(start(&before).is_string() && start(&before) == start(&after));
    assert_eq!(check(&edge), Value::Null, "nobody has to act");
}

#[test]
fn a_key_that_is_refused_is_told_once_until_it_is_another() {
    let (sink, secret) = (Sink::start(), headers("DD-API-KEY: 0LD\n"));
    sink.set(Answers::Status(403));
    let edge = start(&sink, secret.path());
    eventually("somebody is asked", || check(&edge)["status"] == "degraded");
    let reason = check(&edge)["reason"].as_str().expect("a reason").to_owned();
    assert!(reason.contains("(403)") && reason.contains("telemetry.otlp_headers_file"), "{reason}");
    edge.wait_for_metric("workshop_edge_telemetry_deliveries_total{kind=\"otlp_metrics\",outcome=\"failed\"}", 2.0);
    assert_eq!(edge.logged("the metrics were not taken").len(), 1, "{}", edge.log());
    fs::write(secret.path(), "N3W\n").expect("written");
    eventually("the file is wrong", || check(&edge)["reason"].as_str().is_some_and(|text| text.contains("line 1 of ")));
    sink.set(Answers::Status(200));
    fs::write(secret.path(), "DD-API-KEY: N3W\n").expect("written");
    eventually("it is over", || check(&edge)["status"] == "ok");
    assert_eq!(next(&sink).field("dd-api-key"), Some("N3W"));
    assert!(!edge.log().contains("N3W") && !edge.log().contains("0LD"));
}
