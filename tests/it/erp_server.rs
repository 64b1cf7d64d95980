//! The ERP for tests answers as the ERP did: held to every captured answer.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::{Erp, Reply};

/// The captured answers by the names of their files.
fn captures() -> BTreeMap<String, Value> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/erp/captures");
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        (name, serde_json::from_slice(&fs::read(&path).expect("read")).expect("JSON"))
    };
    fs::read_dir(directory).expect("captures").map(read).collect()
}

/// Puts the server into the state of a capture, and sends its request.
fn replay(erp: &Erp, name: &str, capture: &Value) -> Reply {
    erp.set(&json!({"fault": "none", "token_lifetime_s": 3600}));
    let request = &capture["request"];
    let (method, path) = (request["method"].as_str().expect("a method"), request["path"].as_str().expect("a path"));
    let user = if name.ends_with("-empty") { "vacio@example.com" } else { "pantalla@example.com" };
    if name.ends_with("-expired") {
        erp.set(&json!({"token_lifetime_s": -1}));
    }
    let bearer = format!("Bearer {}", erp.token(user));
    match name {
        "200-analytics-oee-all-machines-in-use" => erp.set(&json!({
            "machines": {"MCH-001": "IN_USE", "MCH-002": "IN_USE", "MCH-003": "IN_USE"}, "performance": "37.5",
        })),
        "404-refresh-user-deleted" => erp.set(&json!({"delete_user": user})),
        "500-database-down" => erp.fail(json!("status")),
        "503-nginx-rate-limit" => erp.fail(json!({"name": "rate_limit", "burst": 0})),
        _ => {}
    }
    let body = match name {
        "200-login" => json!({"email": user, "password": "clave-de-prueba"}).to_string(),
        "401-login-wrong-password" => json!({"email": user, "password": "otra"}).to_string(),
        "400-login-bad-json" => "{x".to_owned(),
        "500-login-no-password" => json!({ "email": user }).to_string(),
        _ => String::new(),
    };
    let fields: &[(&str, &str)] = if request["authorization"].is_null() { &[] } else { &[("Authorization", &bearer)] };
    erp.send(method, path, fields, &body)
}

/// Without what another moment or another token changes.
fn still(value: &Value) -> Value {
    match value {
        Value::String(text) if text.parse::<jiff::Timestamp>().is_ok() => json!("<time>"),
        Value::String(text) if text.starts_with("eyJ") => json!("<jwt>"),
        Value::String(text) => json!(text.split_once(" - Vence: ").map_or(text.as_str(), |(before, _)| before)),
        Value::Array(list) => list.iter().map(still).collect(),
        Value::Object(map) => {
            map.iter().filter(|(name, _)| *name != "uptime").map(|(name, value)| (name.clone(), still(value))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn the_server_answers_as_the_erp_did() {
    let (mut exact, mut failures) = (0, Vec::new());
    for (name, capture) in captures() {
        let erp = Erp::start();
        let reply = replay(&erp, &name, &capture);
        let mut differ = |what: &str, is: &dyn std::fmt::Debug, was: &dyn std::fmt::Debug| {
            failures.push(format!("{name}: {what} is {is:?}, and was {was:?}"));
        };
        if capture["status"] != reply.status {
            differ("the status", &reply.status, &capture["status"]);
        }
        // A page of nginx's is captured without its end.
        if let Some(page) = capture["body"].as_str() {
            if !reply.text().starts_with(page.trim_end_matches('…')) {
                differ("the page", &reply.text(), &page);
            }
        } else {
            let body: Value = serde_json::from_slice(&reply.body).expect("JSON");
            if still(&body) != still(&capture["body"]) {
                differ("the body", &still(&body), &still(&capture["body"]));
            }
        }
        let Some(fields) = capture["headers"].as_object() else { continue };
        let was: BTreeMap<_, _> = fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        for (field, was) in &was {
            let is = reply.field(field);
            let is_of_the_body = matches!(field.as_str(), "content-length" | "etag");
            if is.is_none() || !is_of_the_body && is != was.as_str() {
                differ(field, &is, was);
            }
        }
        for (field, value) in &reply.fields {
            if !was.contains_key(field) && field != "date" {
                differ(field, value, &"not there");
            }
        }
        exact += usize::from(
            reply.field("etag").is_some() && reply.field("etag") == was.get("etag").and_then(|tag| tag.as_str()),
        );
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    // Where neither a name was replaced nor a moment is in it, every byte of the body is the same.
    assert!(exact >= 16, "only {exact} entity tags are those of the ERP");
}

#[test]
fn an_unchanged_answer_is_not_sent_again_unless_it_holds_the_moment() {
    let erp = Erp::start();
    let bearer = format!("Bearer {}", erp.token("pantalla@example.com"));
    let again = |path: &str, more: &[(&str, &str)]| {
        let first = erp.send("GET", path, &[("Authorization", &bearer)], "");
        let tag = first.field("etag").expect("an entity tag").to_owned();
        let fields: Vec<_> = [("Authorization", bearer.as_str()), ("If-None-Match", &tag)]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        erp.send("GET", path, &fields, "").status
    };
    for path in ["/machines", "/analytics/dashboard", "/quality/stats", "/analytics/throughput?period=daily"] {
        assert_eq!(again(path, &[]), 304, "{path}");
        assert_eq!(again(path, &[("Cache-Control", "no-cache")]), 200, "{path}");
    }
    erp.set(&json!({"latency_ms": 2}));
    for path in ["/alerts", "/analytics/throughput?period=weekly", "/analytics/throughput?period=monthly"] {
        assert_eq!(again(path, &[]), 200, "{path}");
    }
}

#[test]
fn a_token_is_of_its_secret_its_time_and_its_workshop() {
    let erp = Erp::start();
    let token = erp.token("pantalla@example.com");
    let status =
        |token: &str| erp.send("GET", "/MACHINES/?x=1", &[("Authorization", &format!("Bearer {token}"))], "").status;
    let claims = |token: &str| -> Value {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("three parts")).expect("base64url");
        serde_json::from_slice(&bytes).expect("JSON")
    };
    assert_eq!(status(&token), 200);
    let of = claims(&token);
    assert_eq!(of["exp"].as_i64().zip(of["iat"].as_i64()).map(|(exp, iat)| exp - iat), Some(3600));
    assert_eq!((&of["role"], &of["workshopId"]), (&json!("OPERATOR"), &json!("c000000000000000000000004")));

    let mut forged = token.clone();
    forged.replace_range(token.len() - 4..token.len() - 3, if token.ends_with("AAAA") { "B" } else { "A" });
    assert_eq!(status(&forged), 401);

    erp.set(&json!({"rotate_secret": "one"}));
    let mut turns = [status(&token), status(&token)];
    turns.sort_unstable();
    assert_eq!(turns, [200, 401], "one of two back ends refuses it");
    erp.set(&json!({"rotate_secret": "done"}));
    assert_eq!(status(&token), 401);
    assert_eq!(status(&erp.token("pantalla@example.com")), 200);

    erp.set(&json!({"offset_s": 3601}));
    let later = erp.token("dos@example.com");
    erp.set(&json!({"offset_s": 7203}));
    assert_eq!(status(&later), 401, "its time is over");
}
