//! An ERP that fails: the wall keeps what it had, the box says what is wrong and asks seldom, and all is well again as
//! soon as the ERP answers.

use serde_json::{Value, json};

use super::live::Live;
use super::{Disk, break_machine, gaps, in_time, is_whole, shown, status, status_of, values};
use crate::support::{Edge, Erp};

/// Requests of one minute that an ERP without answers gets at most: the pauses after them are 5, 10 and 20 s.
const MAX_PROBES: usize = 8;

/// Lets a box run into a fault and out of it, and gives the reason that it said.
fn suffer(erp: &Erp, fault: &Value) -> String {
    let disk = Disk::new();
    let (edge, mut live) = shown(&disk, erp, "");
    break_machine(erp, &mut live);
    // A box asks for the four answers that have it one after the other, and for the fifth once a minute.
    live.until("all answers have it", |wall| {
        let value = |part: &str| &wall["parts"][part]["value"];
        value("machine_stats")["broken"] == 2
            && value("alert_summary")["critical"] == 5
            && value("alerts").as_array().is_some_and(|alerts| alerts.len() == 11)
    });
    let before = values(live.wall());
    erp.forget();
    erp.fail(fault.clone());
    let reason = live.until_link("away");

    // The wall is as it was, in every channel and answer.
    assert_eq!(values(live.wall()), before, "{fault}");
    let mut second = Live::open(&edge);
    second.event();
    assert_eq!(values(second.wall()), before, "{fault}");
    assert_eq!(edge.get("/api/machines", &[]).status, 200, "{fault}");
    says(&edge, &live, &reason);
    live.heartbeats(6);
    assert_eq!(values(live.wall()), before, "{fault}");
    let probes = erp.requests().iter().filter(|request| request["fault"] != "none").count();
    assert!(probes <= MAX_PROBES, "{fault}: {probes} requests");
    assert_eq!(erp.count("/_elsewhere"), 0, "{fault}: a redirect was followed");

    // And so it comes back.
    erp.set(&json!({"machines": {"MCH-001": "AVAILABLE"}}));
    erp.recover();
    live.until("it is well again", |wall| is_whole(wall) && status_of(wall, "MCH-001") == Some("AVAILABLE"));
    // The status is made once a second.
    in_time("the status says it", || status(&edge)["state"] == "up");
    assert!(status(&edge)["reason"].is_null(), "{fault}: {}", status(&edge));
    reason
}

/// What is wrong and what to do is on the wall, in the console, the status and the health, in both languages.
fn says(edge: &Edge, live: &Live, reason: &str) {
    let link = &live.wall()["link"];
    let (es, en) = (link["text"]["es"].as_str().expect("Spanish"), link["text"]["en"].as_str().expect("English"));
    assert!(!es.is_empty() && !en.is_empty() && es != en, "{link}");
    let said = status(edge);
    in_time("the status says it", || status(edge)["reason"] == reason);
    assert_eq!(status(edge)["text"]["es"], es, "{said}");
    let page = edge.get("/_edge/", &[("accept-language", "es")]);
    let shown = es.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    assert!(page.text().contains(&shown) || page.text().contains(es), "{es} is not in {}", page.text());
    let health = edge.health();
    assert_eq!(health["checks"]["erp"]["status"], "degraded", "{health}");
    edge.wait_for_metric("workshop_edge_erp_away_seconds", 1.0);
    assert_eq!(edge.get("/health/ready", &[]).status, 200);
}

/// One test for each fault, since some take as long as the box waits for an answer.
macro_rules! faults {
    ($($name:ident: $fault:tt => $reason:literal,)*) => {
        $(#[test]
        fn $name() {
            assert_eq!(suffer(&Erp::start(), &json!($fault)), $reason);
        })*
    };
}

faults! {
    down: "down" => "unreachable",
    reset: "reset" => "truncated",
    hang: "hang" => "timeout",
    hang_after_head: "hang_after_head" => "timeout",
    drip: {"name": "drip", "ms": 1000} => "timeout",
    truncated: "truncated" => "truncated",
    status_500: "status" => "status",
    forbidden: "forbidden" => "forbidden",
    wrong_prefix: "wrong_prefix" => "wrong_prefix",
    html_403_of_a_firewall: "html" => "html",
    html_503_of_a_proxy: {"name": "html", "status": 503} => "overloaded",
    html_200_of_a_portal: {"name": "html", "status": 200} => "html",
    overloaded_429: {"name": "overloaded", "retry_after": 6} => "overloaded",
    garbage: "garbage" => "not_json",
    another_shape: "other_shape" => "shape",
    redirect: "redirect" => "redirect",
}

#[test]
fn a_slow_erp_is_said_to_be_slow_and_is_shown() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (_edge, mut live) = shown(&disk, &erp, "");
    erp.fail(json!({"name": "slow", "ms": 3500}));
    live.until_link("slow");
    break_machine(&erp, &mut live);
    erp.recover();
    live.until_link("up");
}

#[test]
fn one_path_that_fails_leaves_the_others() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (_edge, mut live) = shown(&disk, &erp, "");
    let before = live.wall()["parts"]["alerts"]["value"].clone();
    erp.fail(json!({"name": "status", "paths": ["/alerts"]}));
    live.until("its age is said", |wall| wall["parts"]["alerts"]["late"] == true);
    assert_eq!(live.wall()["parts"]["alerts"]["value"], before);
    assert!(live.wall()["parts"]["alerts"]["age_s"].is_u64(), "{}", live.wall());
    break_machine(&erp, &mut live);
    erp.recover();
    live.until("it is there again", |wall| wall["parts"]["alerts"]["late"] == false);
}

#[test]
fn retry_after_is_honoured() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (_edge, mut live) = shown(&disk, &erp, "");
    erp.forget();
    erp.fail(json!({"name": "overloaded", "status": 503, "retry_after": 12}));
    live.until_link("away");
    in_time("another request", || erp.requests().iter().filter(|request| request["status"] == 503).count() >= 2);
    let gaps = gaps(&erp.requests(), |request| request["status"] == 503);
    assert!(gaps.iter().all(|gap| *gap >= 11_900), "{gaps:?}");
}

#[test]
fn as_many_alerts_as_there_may_be_are_shown_as_the_worst_two_hundred() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (edge, mut live) = shown(&disk, &erp, "");
    let alerts = |wall: &Value| wall["parts"]["alerts"]["value"].as_array().map(Vec::len);
    erp.fail(json!({"name": "many_alerts", "bytes": 7 * 1024 * 1024}));
    live.until("the worst of many", |wall| alerts(wall) == Some(200));
    let first = live.wall()["parts"]["alerts"]["value"][0]["severity"].clone();
    assert_eq!(first, "CRITICAL");
    // Nor does it take the memory that they would.
    let memory = edge.metric("process_resident_memory_bytes");
    assert!(memory < 200e6, "{memory} bytes");
    // What is longer does not count, and does not stop the rest.
    erp.fail(json!({"name": "many_alerts", "bytes": 9 * 1024 * 1024}));
    live.until("they are late", |wall| wall["parts"]["alerts"]["late"] == true);
    assert_eq!(alerts(live.wall()), Some(200));
    break_machine(&erp, &mut live);
}

#[test]
fn compressed_answers_are_read() {
    let (disk, erp) = (Disk::new(), Erp::start());
    erp.set(&json!({"gzip": true}));
    let (_edge, mut live) = shown(&disk, &erp, "");
    break_machine(&erp, &mut live);
}

#[test]
fn a_certificate_that_is_not_valid_is_said() {
    let erp = Erp::with(&["--tls"]);
    let disk = Disk::new();
    let config = format!(
        "{}\n[outbound]\nca_file = \"{}\"\n",
        disk.config(erp.url(), crate::support::erp::USER, "").replace("allow_http = true", "allow_http = false"),
        erp.ca().display()
    );
    let edge = crate::support::Setup::new(&config).data(&disk.data()).start();
    let mut live = Live::open(&edge);
    live.until("everything is shown", is_whole);
    let before = values(live.wall());
    for (certificate, why) in
        [("expired", "certificate"), ("other_name", "certificate"), ("self_signed", "unknown_authority")]
    {
        erp.set(&json!({"certificate": certificate}));
        let reason = live.until_link("away");
        assert_eq!(reason, why, "{certificate}");
        assert_eq!(values(live.wall()), before);
        erp.set(&json!({"certificate": "valid"}));
        live.until_link("up");
    }
}
