//! What comes from the ERP is on the wall at once, and nothing of the wall comes to the ERP.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::live::Live;
use super::{Disk, PARTS, break_machine, gaps, in_time, is_login, is_whole, shown, status, status_of, values};
use crate::support::erp::API;
use crate::support::{Edge, Erp, dist};

fn body(edge: &Edge, path: &str) -> Value {
    let reply = edge.get(path, &[]);
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    serde_json::from_slice(&reply.body).expect("JSON")
}

#[test]
fn a_change_is_on_the_wall_by_the_first_answer_that_has_it() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (edge, mut live) = shown(&disk, &erp, "");
    for (change, is_there) in [
        (
            json!({"machines": {"MCH-001": "BROKEN"}}),
            (|wall| status_of(wall, "MCH-001") == Some("BROKEN")) as fn(&Value) -> bool,
        ),
        (json!({"machines": {"MCH-001": "AVAILABLE"}}), |wall| status_of(wall, "MCH-001") == Some("AVAILABLE")),
        (json!({"complete_orders": 2}), |wall| wall["parts"]["dashboard"]["value"]["production"]["completed"] == 2),
    ] {
        let path = if change["machines"].is_null() { "/analytics/dashboard" } else { "/machines" };
        let asked = erp.count(path);
        erp.set(&change);
        live.until("the change", is_there);
        assert!(erp.count(path) <= asked + 2, "{change} was not shown by the first answer that had it");
    }
    // A second display has the same at once, and so has one that asks.
    let mut second = Live::open(&edge);
    assert!(is_whole(&second.event()["id"].is_string().then(|| second.wall().clone()).expect("an id")));
    assert_eq!(values(second.wall()), values(live.wall()));
    assert_eq!(body(&edge, "/api/analytics/dashboard")["production"]["completed"], 2);
}

#[test]
fn what_stays_the_same_is_not_sent_again() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (_edge, mut live) = shown(&disk, &erp, "");
    live.until("a count of the day", |wall| !wall["parts"]["counts"].is_null());
    let before = live.count();
    let asked = erp.count("/alerts");
    in_time("more answers", || erp.count("/alerts") >= asked + 3);
    break_machine(&erp, &mut live);
    // Machines, their numbers and their alerts come in answers of their own.
    assert!(live.count() - before <= 8, "{} events for one change", live.count() - before);
    let unchanged = erp.requests().iter().filter(|request| request["status"] == 304).count();
    assert!(unchanged > 0, "no request was conditional");
}

#[test]
fn a_display_that_comes_back_misses_nothing_and_gets_nothing_twice() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (edge, live) = shown(&disk, &erp, "");
    // Another display sees the change meanwhile.
    let mut other = Live::open(&edge);
    other.event();
    break_machine(&erp, &mut other);
    let mut live = live.reopen(&edge);
    let first = live.event();
    assert_eq!(status_of(live.wall(), "MCH-001"), Some("BROKEN"));
    let parts = first["parts"].as_object().expect("parts");
    assert!(parts.contains_key("machines") && !parts.contains_key("quality_stats"), "{:?}", parts.keys());

    // An id of another start is none.
    let reply = edge.get("/_edge/live.json?since=00000000-1", &[]);
    let whole: Value = serde_json::from_slice(&reply.body).expect("JSON");
    assert!(whole["parts"]["quality_stats"].is_object(), "{whole}");
}

#[test]
fn a_display_without_a_stream_waits_for_the_next_change() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (edge, mut live) = shown(&disk, &erp, "");
    let reply = edge.get("/_edge/live.json", &[]);
    assert_eq!((reply.status, reply.field("cache-control")), (200, Some("no-store")));
    let whole: Value = serde_json::from_slice(&reply.body).expect("JSON");
    assert!(is_whole(&whole), "{whole}");
    let mut id = whole["id"].as_str().expect("an id").to_owned();

    erp.set(&json!({"machines": {"MCH-001": "BROKEN"}}));
    let mut client = edge.connect();
    loop {
        let reply = client.request("GET", &format!("/_edge/live.json?since={id}"), &[]);
        let changed: Value = serde_json::from_slice(&reply.body).expect("JSON");
        changed["id"].as_str().expect("an id").clone_into(&mut id);
        if status_of(&changed, "MCH-001") == Some("BROKEN") {
            assert!(changed["parts"]["quality_stats"].is_null(), "{changed}");
            break;
        }
    }
    break_machine(&erp, &mut live);
}

#[test]
fn the_api_has_the_shape_of_the_erp() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (edge, _live) = shown(&disk, &erp, "poll_s = 60\n");
    let bearer = format!("Bearer {}", erp.token("pantalla@example.com"));
    for path in API {
        let reply = edge.get(&format!("/api{path}"), &[("authorization", "Bearer of-a-tv"), ("cookie", "a=b")]);
        let ours: Value = serde_json::from_slice(&reply.body).expect("JSON");
        let theirs = erp.send("GET", path, &[("Authorization", &bearer)], "");
        let theirs: Value = serde_json::from_slice(&theirs.body).expect("JSON");
        assert!(is_within(&ours, &theirs), "{path}: {ours} is not within {theirs}");

        let tag = reply.field("etag").expect("an entity tag").to_owned();
        assert!(tag.starts_with('"'), "{path}: {tag} is strong");
        assert!(reply.field("age").is_some() && reply.field("x-edge-as-of").is_some(), "{path}: {:?}", reply.fields);
        assert_eq!(reply.field("cache-control"), Some("no-cache"), "{path}");
        let again = edge.get(&format!("/api{path}"), &[("if-none-match", &tag)]);
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        let head = edge.connect().request("HEAD", &format!("/api{path}"), &[]);
        assert_eq!((head.status, head.field("etag")), (200, Some(tag.as_str())), "{path}");
    }
    assert_eq!(
        body(&edge, "/api/machines/stats"),
        json!({"total": 3, "available": 0, "inUse": 1, "maintenance": 1, "broken": 1})
    );
    assert_eq!(body(&edge, "/api/analytics/oee")["quality"], "25.0");

    for (method, path, status) in [
        ("GET", "/api/machines?x=1", 404),
        ("GET", "/api/analytics/throughput?period=yearly", 404),
        ("GET", "/api/production/orders", 404),
        ("GET", "/api/QUALITY/inspections", 404),
        ("GET", "/API/machines/none", 404),
        ("GET", "/api/", 404),
        ("POST", "/api/auth/login", 404),
        ("POST", "/api/machines", 405),
        ("DELETE", "/api/machines", 405),
    ] {
        let reply = edge.connect().request(method, path, &[]);
        let error: Value = serde_json::from_slice(&reply.body).unwrap_or_else(|_| panic!("{path}: {}", reply.text()));
        assert!(reply.status == status || reply.status == 405, "{method} {path}: {}", reply.status);
        assert_eq!(error["statusCode"], reply.status, "{method} {path}: {error}");
        assert!(error["message"].is_string(), "{method} {path}: {error}");
    }
}

#[test]
fn files_of_the_site_that_the_erp_hides_are_said() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let site = dist(&[("index.html", b"page"), ("api/machines", b"of the site"), ("apis.txt", b"not below it")]);
    let edge = disk.setup(&erp, "").site(site.path()).start();
    let said = |lang: &str| status(&edge)["notices"][lang].as_array().cloned().unwrap_or_default();
    let es = "No se sirve: /api/machines (ahí responde el equipo con datos del ERP).";
    in_time("a notice", || said("es") == [es]);
    assert_eq!(said("en"), ["Not served: /api/machines (the box answers there with the ERP's figures)."]);
    edge.wait_for_log("files of the site are hidden by the ERP: Not served: /api/machines ");
    let page = edge.get("/_edge/", &[("accept-language", "es")]);
    assert!(page.text().contains("/api/machines (ahí responde"), "{}", page.text());
    in_time("the ERP's figures", || edge.get("/api/machines/stats", &[]).status == 200);
    std::fs::remove_dir_all(site.path().join("api")).expect("removed");
    in_time("the end of it", || said("es").is_empty());
}

#[test]
fn an_extra_path_is_served_as_it_comes() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let first = json!({"suppliers": [{"name": "Aceros <del> Sur"}], "total": 1});
    let largest = json!("x".repeat(256 * 1024 - 2));
    erp.set(&json!({"extra": {"/suppliers/stats?active=true": first, "/largest": largest}}));
    let paths = "extra_paths = [\"/suppliers/stats?active=true\", \"/largest\", \"/missing\"]\n";
    let (edge, mut live) = shown(&disk, &erp, paths);
    let path = "/api/suppliers/stats?active=true";
    in_time("both", || edge.get(path, &[]).status == 200 && edge.get("/api/largest", &[]).status == 200);
    assert_eq!((body(&edge, path), body(&edge, "/api/largest")), (first.clone(), largest));
    assert!(live.wall()["parts"].get("extra").is_none(), "a display of the box's own does not get it");
    assert_eq!(edge.get("/api/suppliers/stats", &[]).status, 404);

    let second = json!({"suppliers": [], "total": 0});
    let too_large = json!("x".repeat(256 * 1024));
    erp.set(&json!({"extra": {"/suppliers/stats?active=true": second, "/largest": too_large}}));
    in_time("the change", || body(&edge, path) == second);
    let asked = erp.count("/largest");
    in_time("an answer that is too large", || erp.count("/largest") > asked);
    break_machine(&erp, &mut live);
    assert_eq!(edge.get("/api/largest", &[]).body.len(), 256 * 1024, "what is known stays");
    // What the ERP does not have says nothing of the ERP.
    in_time("the other path is asked for again", || erp.count("/missing") >= 2);
    assert_eq!(edge.get("/api/missing", &[]).status, 503);
    assert!(edge.logged("the ERP answers").is_empty(), "it was away");
    edge.stop();

    erp.fail(json!("down"));
    let edge = disk.setup(&erp, paths).start();
    assert_eq!(body(&edge, path), second, "it was kept");
}

/// Whether everything that is here is there, too: same keys, same values but for what the box says in its own words, and
/// moments. What is there may have more.
fn is_within(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => ours.iter().all(|(name, value)| match name.as_str() {
            // The parts of an alert's message.
            "subject" | "due" | "left" | "minimum" | "unit" | "code" | "stage" => true,
            "title" | "message" | "createdAt" | "startDate" => theirs.contains_key(name),
            _ => theirs.get(name).is_some_and(|other| is_within(value, other)),
        }),
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| is_within(ours, theirs))
        }
        _ => ours == theirs,
    }
}

#[test]
fn without_an_erp_the_site_answers_below_api() {
    let edge = Edge::start();
    assert_eq!(edge.get("/api/machines", &[]).status, edge.get("/nothing/machines", &[]).status);
    let mut live = Live::open(&edge);
    live.event();
    assert_eq!(live.until_link("off"), "");
    let display = body(&edge, "/_edge/display.json");
    assert_eq!(display["erp"], false);
}

#[test]
fn no_request_of_a_display_reaches_the_erp() {
    let (disk, erp) = (Disk::new(), Erp::start());
    // Nothing is due for five minutes after the first round, whoever comes.
    let (edge, mut live) = shown(&disk, &erp, "poll_s = 300\n");
    live.heartbeats(2);
    erp.forget();
    let mut channels: Vec<Live> = (0..20).map(|_| Live::open(&edge)).collect();
    for channel in &mut channels {
        channel.event();
    }
    let fields = [
        ("authorization", "Bearer tv-word"),
        ("cookie", "tv-word=1"),
        ("cache-control", "no-cache"),
        ("if-none-match", "\"tv-word\""),
        ("x-forwarded-for", "tv-word"),
    ];
    let more = [
        "/_edge/live.json",
        "/_edge/live.json?since=tv-word",
        "/_edge/display.json",
        "/_edge/status.json",
        "/_edge/",
        "/health",
        "/metrics",
        "/api/auth/login",
        "/api/auth/refresh",
        "/api/quality/inspections",
        "/api/production/orders",
        "/api/production/orders/due-today",
        "/api/inventory/materials",
        "/api/socket.io/?EIO=4&transport=polling",
        "/socket.io/?EIO=4&transport=polling",
        "/machines",
        "/",
    ];
    let api = API.map(|path| format!("/api{path}"));
    let paths = api.iter().map(String::as_str).chain(more);
    for path in paths {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            edge.connect().request(method, path, &fields);
        }
        for query in ["tv-word=1", "tv-word=2", "period=daily"] {
            let mark = if path.contains('?') { '&' } else { '?' };
            if !path.contains("live.json") {
                edge.get(&format!("{path}{mark}{query}"), &fields);
            }
        }
    }
    live.heartbeats(2);
    let requests = erp.requests();
    assert!(requests.is_empty(), "{requests:?}");
}

#[test]
fn the_erp_gets_no_more_requests_from_fifty_displays_than_from_one() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (edge, mut live) = shown(&disk, &erp, "");
    let rounds = |live: &mut Live| {
        erp.forget();
        in_time("six rounds", || erp.count("/machines") >= 6);
        let mut by_path = BTreeMap::<String, usize>::new();
        let requests = erp.requests();
        for request in &requests {
            *by_path.entry(request["path"].as_str().expect("a path").to_owned()).or_default() += 1;
        }
        assert!(!requests.iter().any(is_login), "{requests:?}");
        // Half a period is the least that the grid may lead to.
        let gap = gaps(&requests, |request| request["path"] == "/machines").into_iter().min();
        assert!(gap >= Some(900), "{gap:?} ms between two requests for the same");
        live.event();
        by_path
    };
    let changes = |erp: &Erp| erp.set(&json!({"complete_orders": 1}));
    changes(&erp);
    let of_one = rounds(&mut live);

    let channels: Vec<Live> = (0..49).map(|_| Live::open(&edge)).collect();
    for path in API {
        edge.get(&format!("/api{path}"), &[]);
    }
    changes(&erp);
    let of_fifty = rounds(&mut live);
    drop(channels);
    for (path, count) in &of_fifty {
        let before = of_one.get(path).copied().unwrap_or_default();
        assert!(*count <= before + 1, "{path}: {count} with fifty displays, {before} with one");
    }
    let known: Vec<&str> = PARTS.iter().map(|(_, path)| *path).collect();
    assert!(of_fifty.keys().all(|path| known.contains(&path.as_str())), "{:?}", of_fifty.keys());
}

#[test]
fn an_erp_in_trouble_gets_single_probes_however_many_displays_come() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (edge, mut live) = shown(&disk, &erp, "");
    erp.fail(json!("status"));
    live.until_link("away");
    erp.forget();
    let mut channels = Vec::new();
    in_time("three probes", || {
        if channels.len() < 50 {
            channels.push(Live::open(&edge));
            edge.get("/api/machines", &[]);
        }
        erp.requests().len() >= 3
    });
    let requests = erp.requests();
    let gaps = gaps(&requests, |_| true);
    assert!(gaps.iter().all(|gap| *gap >= 4900), "{gaps:?} ms between requests: {requests:?}");
}
