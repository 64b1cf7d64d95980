//! What people and programs see of the screens, and what people change.

use serde_json::{Value, json};

use crate::support::agent::Agent;
use crate::support::browser::{Browser, pin};
use crate::support::{Edge, EventStream, Setup, eventually};

fn json_of(edge: &Edge, path: &str) -> Value {
    serde_json::from_str(edge.get(path, &[]).text()).expect("JSON")
}

fn screens(edge: &Edge) -> Vec<Value> {
    json_of(edge, "/_edge/screens.json")["screens"].as_array().cloned().unwrap_or_default()
}

/// The TV with this number, which has a user agent of its own.
fn tv(number: u64) -> Agent {
    let mut agent = Agent::new(number);
    agent.browser = format!("{} TV/{number}", agent.browser);
    agent
}

/// What was posted is seen once a second.
fn wait_for_screens(edge: &Edge, count: usize) {
    eventually("the screens are seen", || screens(edge).len() == count);
}

#[test]
fn a_screen_is_seen_by_its_code_and_nothing_of_its_page_is() {
    let edge = Edge::start();
    assert!(edge.get("/_edge/screens", &[]).text().contains("Ninguna pantalla ha abierto la página todavía"));
    let mut stream = EventStream::ask(&edge, "GET /_edge/events HTTP/1.1\r\n");
    let mut count = || loop {
        if let Some((_, count)) = stream.line().expect("a line").split_once("data: ") {
            break count.to_owned();
        }
    };
    let before = count();
    let mut page = tv(1);
    let content = json!({
        "errors": { "script": 1 }, "sample": "<i>TypeError: nómina</i>", "path": "/privado", "data_age_s": 3.5,
    });
    let answer = page.report(&edge, &content);
    let (_, secret) = page.known.clone().expect("an identity");
    assert_ne!(count(), before, "the page is told that there is news");
    wait_for_screens(&edge, 1);

    let code = answer["code"].as_str().expect("a code");
    let html = edge.get("/_edge/screens?lang=en", &[]);
    for words in [code, "Unnamed", "With errors", "127.0.0.1", "Give it a name", "Identify all"] {
        assert!(html.text().contains(words), "{words}: {}", html.text());
    }
    assert!(html.field("content-security-policy").is_some_and(|policy| policy.contains("default-src 'none'")));
    let fragment = edge.get("/_edge/screens?fragment=1&lang=en", &[]);
    assert!(fragment.text().contains(code) && !fragment.text().contains("<html"), "{}", fragment.text());
    let seen = &screens(&edge)[0];
    assert_eq!((&seen["code"], &seen["state"], &seen["id"]), (&code.into(), &"errors".into(), &answer["id"]));
    let texts = ["/_edge/screens", "/_edge/screens.json", "/_edge/", "/_edge/status.json", "/health", "/metrics"];
    for path in texts {
        let text = edge.get(path, &[]).text().to_owned();
        for private in ["nómina", "privado", secret.as_str()] {
            assert!(!text.contains(private), "{private} is in {path}: {text}");
        }
    }
    let status = json_of(&edge, "/_edge/status.json");
    assert_eq!(
        (&status["screens"]["known"], &status["screens"]["lit"], &status["screens"]["states"]["errors"]),
        (&1.into(), &0.into(), &1.into()),
        "{status}"
    );
    let front = edge.get("/_edge/?lang=es", &[]);
    assert!(front.text().contains("0 de 1 muestran la página"), "{}", front.text());
    assert!(front.text().contains("href=\"/_edge/screens?lang=es\""), "{}", front.text());
    assert!(edge.get("/metrics", &[]).text().contains("workshop_edge_screens{state=\"errors\"} 1"));
}

#[test]
fn a_name_is_on_the_disk_before_the_page_says_so_and_stays() {
    let data = tempfile::tempdir().expect("a directory");
    let edge = Setup::new("").data(data.path()).start();
    let (mut one, mut other) = (tv(1), tv(2));
    one.report(&edge, &json!({}));
    other.report(&edge, &json!({}));
    wait_for_screens(&edge, 2);
    let (id, _) = one.known.clone().expect("an identity");
    let path = format!("/_edge/admin/screens/{id}");

    let mut browser = Browser::new(edge.address());
    let sent = browser.get(&path);
    assert_eq!((sent.status, sent.field("location")), (303, Some(&*format!("/_edge/admin/?next=screens/{id}"))));
    let entered = browser.post("/_edge/admin/login", &format!("pin={}&next=screens/{id}", pin(edge.data())));
    assert_eq!((entered.status, entered.field("location")), (303, Some(path.as_str())));
    let token = browser.token(&path);
    let form = |rest: &str| format!("csrf={token}&{rest}");
    assert_eq!(browser.post(&path, &form("do=rename&name=")).status, 422);
    let named = browser.post(&path, &form("do=rename&name=Pintura+%3Cb%3E1"));
    assert_eq!((named.status, named.field("location")), (303, Some("/_edge/admin/screens?done=named")));
    let copies = ["screens.0", "screens.1"].map(|name| std::fs::read(data.path().join(name)).unwrap_or_default());
    let is_kept = |copy: &Vec<u8>| String::from_utf8_lossy(copy).contains("Pintura <b>1");
    assert!(copies.iter().any(is_kept), "it is on the disk");
    assert_eq!(browser.post(&path, &form("do=view&view=/linea2")).status, 303);
    assert_eq!(browser.post(&path, &form("do=message&text=Hola&for_s=20")).status, 303);
    let query = format!("?page={}", one.page);
    let mut channels = ["Accept-Encoding: gzip, deflate\r\n", ""]
        .map(|coding| EventStream::live_of(&edge, &query, "HTTP/1.1", coding));
    for channel in &mut channels {
        while !channel.line().expect("a first event").is_empty() {}
    }
    assert_eq!(browser.post("/_edge/admin/screens", &form("do=identify")).status, 303);
    // Said on its channels, compressed or not, before anything else is.
    for channel in &mut channels {
        let said = std::iter::from_fn(|| channel.line()).find(|line| line == ":" || line.starts_with("event"));
        assert_eq!(said.as_deref(), Some("event: call"));
    }
    let answer = one.report(&edge, &json!({}));
    assert_eq!((&answer["name"], &answer["view"]), (&"Pintura <b>1".into(), &"/linea2".into()), "{answer}");
    let orders: Vec<_> = answer["orders"].as_array().expect("orders").iter().map(|order| &order["do"]).collect();
    assert_eq!(orders, ["message", "identify"], "{answer}");
    assert_eq!(other.report(&edge, &json!({}))["orders"][0]["do"], "identify");
    let number = answer["orders"][0]["order"].clone();
    one.report(&edge, &json!({ "did": [{ "order": number, "result": "impossible" }] }));
    edge.wait_for_metric("workshop_edge_screen_orders_total{order=\"message\",result=\"impossible\"}", 1.0);
    let listed = || edge.get("/_edge/screens", &[]).text().to_owned();
    eventually("the page has the name", || listed().contains("Pintura &#60;b&#62;1"));
    assert!(!listed().contains("<b>1"), "{}", listed());
    // In the log is who did what, and of which screen.
    edge.wait_for_log(&format!("done: {id}"));
    edge.stop();

    let edge = Setup::new("").data(data.path()).start();
    let named = |screens: &[Value]| screens.iter().any(|screen| screen["name"] == "Pintura <b>1");
    eventually("it is known again", || named(&screens(&edge)));
    assert_eq!(one.report(&edge, &json!({}))["name"], "Pintura <b>1");
}

#[test]
fn only_who_expects_screens_has_a_check_of_them() {
    let edge = Setup::new("screens.expected = 2\n").start();
    let health = json_of(&edge, "/health");
    assert_eq!(health["checks"]["screens"]["status"], "ok", "{health}");
    tv(1).report(&edge, &json!({}));
    let words = "1 de 2 muestran la página";
    eventually("the one is counted", || edge.get("/_edge/?lang=es", &[]).text().contains(words));
    assert!(edge.get("/metrics", &[]).text().contains("workshop_edge_screens_expected 2"));

    let edge = Setup::new("screens.agent = false\n").start();
    assert_eq!(json_of(&edge, "/health")["checks"].get("screens"), None);
    assert_eq!(json_of(&edge, "/_edge/status.json").get("screens"), None);
    assert_eq!(json_of(&edge, "/_edge/screens.json"), Value::Null);
    assert!(edge.get("/_edge/screens?lang=en", &[]).text().contains("screens.agent is false"));
}
