//! What pages say of themselves, and what the box makes of it.

mod disk;
mod pages;

use serde_json::json;

use crate::support::Edge;
use crate::support::agent::{Agent, post};

#[test]
fn a_page_is_given_an_identity_and_keeps_it() {
    let edge = Edge::start();
    let mut page = Agent::new(1);
    let first = page.try_report(&edge, &json!({}));
    let cookie = first.field("set-cookie").expect("a cookie").to_owned();
    assert!(cookie.starts_with("workshop_edge_screen=") && cookie.contains("HttpOnly"), "{cookie}");
    assert_eq!(first.field("cache-control"), Some("no-store"));
    let first: serde_json::Value = serde_json::from_str(first.text()).expect("JSON");
    let (id, secret) = (first["id"].as_str().expect("an id"), first["secret"].as_str().expect("a secret"));
    assert_eq!(first["code"].as_str().map(str::len), Some(4), "{first}");
    assert_eq!((&first["every_s"], &first["language"]), (&10.into(), &"es".into()));

    // What it has been given is not given again.
    page.known = Some((id.into(), secret.into()));
    assert!(page.report(&edge, &json!({}))["id"].is_null());
    // The cookie alone says as much.
    let (pair, _) = cookie.split_once(';').expect("attributes");
    let fields = [("Content-Type", "application/json"), ("Cookie", pair), ("User-Agent", &*page.browser)];
    let reply = post(&edge, "/_edge/screen", &fields, br#"{"page":"00000000000000ff"}"#);
    let answer: serde_json::Value = serde_json::from_str(reply.text()).expect("JSON");
    assert!(answer["id"].is_null() || answer["id"] == id, "{answer}");
    // Whoever knows the id alone is somebody else: on another TV.
    let mut other = Agent::new(2);
    other.browser = "Mozilla/5.0 (Web0S; Linux/SmartTV) Chrome/79.0.3945.79 Safari/537.36".into();
    other.known = Some((id.into(), "0".repeat(32)));
    let answer = other.report(&edge, &json!({}));
    assert!(answer["id"].is_string() && answer["id"] != id, "{answer}");
}

#[test]
fn what_is_no_report_is_refused() {
    let edge = Edge::start();
    let json = ("Content-Type", "application/json");
    for (fields, body, status) in [
        (&[("Content-Type", "text/plain")][..], r#"{"page":"00000000000000ff"}"#, 415),
        (&[], r#"{"page":"00000000000000ff"}"#, 415),
        (&[json], "", 400),
        (&[json], "[]", 400),
        (&[json], r#"{"page":"short"}"#, 400),
        (&[json], r#"{"page":"00000000000000ff""#, 400),
    ] {
        assert_eq!(post(&edge, "/_edge/screen", fields, body.as_bytes()).status, status, "{body} {fields:?}");
    }
    let large = format!(r#"{{"page":"00000000000000ff","path":"{}"}}"#, "x".repeat(4096));
    assert_eq!(post(&edge, "/_edge/screen", &[json], large.as_bytes()).status, 413);
    let reply = edge.get("/_edge/screen", &[]);
    assert_eq!((reply.status, reply.field("allow")), (405, Some("OPTIONS, POST")));
    assert_eq!(post(&edge, "/_edge/screen/picture", &[json], b"{}").status, 400);
    assert_eq!(post(&edge, "/_edge/screen/picture", &[json], &vec![b'x'; 800 * 1024]).status, 413);
    // Still well.
    Agent::new(1).report(&edge, &json!({}));
}
