//! Health, metrics and logs.

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Edge, Setup};

#[test]
fn health_is_for_machines() {
    let edge = Edge::start();
    let reply = edge.get("/health", &[]);
    assert_eq!(reply.field("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(reply.field("cache-control"), Some("no-store"));
    let health = edge.health();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert!(health["uptime_s"].is_u64() && health["checks"]["site"]["status"] == "ok");
    assert_eq!(edge.get("/health/live", &[]).text(), "{\"status\":\"ok\"}");
    assert_eq!(edge.get("/health/ready", &[]).text(), "{\"status\":\"ok\"}");
}

#[test]
fn metrics_count_what_happened() {
    let edge = Edge::start();
    let before = edge.metric("workshop_edge_http_sent_bytes_total");
    for _ in 0..3 {
        assert_eq!(edge.get("/", &[]).status, 200);
    }
    assert_eq!(edge.get("/assets/none.js", &[]).status, 404);
    assert_eq!(edge.connect().request("POST", "/", &[]).status, 405);
    let reply = edge.get("/metrics", &[]);
    assert_eq!(reply.field("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(reply.text().ends_with("# EOF\n"));
    for (line, value) in [
        ("workshop_edge_http_requests_total{route=\"page\",status=\"200\"}", 3.0),
        ("workshop_edge_http_requests_total{route=\"asset\",status=\"404\"}", 1.0),
        ("workshop_edge_http_requests_total{route=\"none\",status=\"405\"}", 1.0),
    ] {
        assert!((edge.metric(line) - value).abs() < f64::EPSILON, "{line} in\n{}", reply.text());
    }
    assert!(edge.metric("workshop_edge_http_sent_bytes_total") > before + 3.0 * 1000.0);
    assert!(edge.metric("process_resident_memory_bytes") > 1e6);
    assert!(edge.metric("process_open_fds") > 3.0);
}

#[test]
fn a_box_without_an_erp_does_not_speak_of_one() {
    let edge = Edge::start();
    assert!(edge.health()["checks"]["erp"].is_null(), "{}", edge.health());
    let status = edge.get("/_edge/status.json", &[]);
    assert!(!status.text().contains("\"erp\""), "{}", status.text());
    assert!(!edge.get("/_edge/", &[]).text().contains("ERP"));
    for figure in ["erp_snapshot_writes_total", "erp_snapshot_written_bytes_total", "live_channels"] {
        assert!(edge.metric(&format!("workshop_edge_{figure}")).abs() < f64::EPSILON, "{figure}");
    }
}

#[test]
fn an_access_line_has_the_requests_id_and_no_query() {
    let edge = Setup::new("[log]\naccess = \"all\"\n").start();
    let page = edge.get("/nothing?token=secret", &[]);
    edge.wait_for_log("\"path\":\"/nothing\"");
    let line = &edge.logged("request")[0]["fields"];
    assert_eq!((&line["method"], &line["status"]), (&"GET".into(), &404.into()));
    let id = line["id"].as_str().expect("an id");
    assert!(page.text().contains(id), "the page tells the id: {}", page.text());
    assert!(!edge.log().contains("secret"));
}

#[test]
fn by_default_requests_leave_no_line() {
    let edge = Edge::start();
    for path in ["/", "/missing"] {
        edge.get(path, &[]);
    }
    edge.signal(Signal::TERM);
    edge.wait_for_log("\"stopped\"");
    assert!(edge.logged("request").is_empty(), "{}", edge.log());
}

#[test]
fn a_sampled_access_log_has_the_first_request_of_a_connection_and_few_others() {
    let edge = Setup::new("[log]\naccess = \"sampled\"\n").start();
    let mut client = edge.connect();
    for _ in 0..150 {
        client.request("GET", "/health/live", &[]);
    }
    edge.signal(Signal::TERM);
    edge.wait_for_log("\"stopped\"");
    assert_eq!(edge.logged("request").len(), 2, "{}", edge.log());
}

/// Whether a text begins with a time of this format, as the agent's documentation has its codes.
fn is_time(text: &str, format: &str) -> bool {
    let (mut rest, mut format) = (text, format.chars());
    while let Some(character) = format.next() {
        let digits = rest.len() - rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
        let taken = match (character, if character == '%' { format.next() } else { None }) {
            (_, Some('Y')) if digits >= 4 => 4,
            (_, Some('m' | 'd' | 'H' | 'M' | 'S')) if digits >= 2 => 2,
            (_, Some('f')) if (1..=9).contains(&digits) => digits,
            (literal, None) if rest.starts_with(literal) => 1,
            _ => return false,
        };
        rest = &rest[taken..];
    }
    // The time zone, of which the agent's configuration knows.
    rest == "Z"
}

/// One object a line, with a time that the agent of `CloudWatch` finds by the configuration that it is given.
#[test]
fn the_log_is_what_the_agent_of_cloudwatch_reads() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/monitoring/cloudwatch/amazon-cloudwatch-agent.json");
    let agent: Value = serde_json::from_str(&std::fs::read_to_string(file).expect("text")).expect("JSON");
    let followed = &agent["logs"]["logs_collected"]["files"]["collect_list"][0];
    assert_eq!(followed["timezone"], "UTC");
    let format = followed["timestamp_format"].as_str().expect("a format");
    let edge = Setup::new("[log]\naccess = \"all\"\nlevel = \"debug\"\n").start();
    for path in ["/%0a%22%7b", "/missing", "/%c3%b1?%0d%0a"] {
        edge.get(path, &[("user-agent", "a\"b\\c")]);
    }
    edge.signal(Signal::TERM);
    edge.wait_for_log("\"stopped\"");
    let log = edge.log();
    assert!(log.lines().count() > 5, "{log}");
    for line in log.lines() {
        let object: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let time = object["timestamp"].as_str().expect("a time");
        assert!(is_time(time, format), "{time} by {format}");
        assert!(object["level"].is_string() && object["fields"]["message"].is_string(), "{line}");
        // The agent takes what fits first.
        assert_eq!(line.find(time), Some("{\"timestamp\":\"".len()), "{line}");
    }
}
