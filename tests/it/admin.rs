//! Administration in the browser: the PIN, sessions, tokens, back-off, and who gets in at all.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::browser::{Browser, pin};
use crate::support::erp::{PASSWORD, USER};
use crate::support::lab::{Host, Lab};
use crate::support::{Edge, Erp, Reply, Setup, eventually};

/// A PIN that is not this one.
fn another(pin: &str) -> String {
    pin.chars().map(|digit| if digit == '9' { '0' } else { char::from(digit as u8 + 1) }).collect()
}

#[test]
fn whoever_knows_the_pin_gets_in_until_the_session_ends() {
    let edge = Edge::start();
    let mut browser = Browser::new(edge.address());
    assert!(browser.get("/_edge/admin").text().contains("name=\"pin\""));
    assert_eq!(browser.get("/_edge/admin/restart").status, 303, "without a session there is only the login");
    let entered = browser.log_in(&pin(edge.data()));
    assert_eq!(entered.status, 303);
    let cookie = entered.field("set-cookie").expect("a cookie").to_ascii_lowercase();
    for attribute in ["httponly", "secure", "samesite=strict", "path=/_edge"] {
        assert!(cookie.contains(attribute), "{attribute}: {cookie}");
    }
    for (path, words) in [("/_edge/admin", "Reiniciar"), ("/_edge/admin?lang=en", "Restart")] {
        let menu = browser.get(path);
        assert!(menu.status == 200 && menu.text().contains(words), "{}", menu.text());
        assert_eq!(menu.field("cache-control"), Some("no-store"));
        assert!(menu.field("content-security-policy").is_some_and(|policy| policy.contains("frame-ancestors 'none'")));
    }
    let token = browser.token("/_edge/admin/restart");
    let held = browser.cookie.clone();
    assert_eq!(browser.post("/_edge/admin/logout", &format!("csrf={token}")).status, 303);
    browser.cookie = held;
    assert_eq!(browser.get("/_edge/admin/restart").status, 303, "a session that was ended is no more");
    edge.wait_for_log("\"audit\":true");
    assert!(!edge.log().contains(&pin(edge.data())), "the PIN is in no log");
}

#[test]
fn wrong_pins_are_slowed_down_and_then_even_the_right_one_waits() {
    let edge = Edge::start();
    let (right, mut browser) = (pin(edge.data()), Browser::new(edge.address()));
    let wrong = another(&right);
    for attempt in 1..=3 {
        let refused = browser.log_in(&wrong);
        assert_eq!(refused.status, 403, "{attempt}");
        assert!(refused.text().contains("El PIN no es correcto."));
    }
    let locked = browser.log_in(&right);
    assert_eq!(locked.status, 429);
    let wait: u64 = locked.field("retry-after").and_then(|text| text.parse().ok()).expect("seconds");
    assert!((1..=2).contains(&wait), "{wait}");
    assert!(locked.text().contains("Hay que esperar"));
    // The wait ends, and the right one starts again.
    eventually("it is let in", || browser.log_in(&right).status == 303);
    assert_eq!(browser.log_in(&wrong).status, 403);
}

#[test]
fn a_form_of_another_site_does_nothing() {
    let edge = Edge::start();
    let (right, mut browser) = (pin(edge.data()), Browser::new(edge.address()));
    browser.log_in(&right);
    let token = browser.token("/_edge/admin/restart");
    for body in ["", "csrf=", "csrf=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(browser.post("/_edge/admin/restart", body).status, 403, "{body}");
    }
    let good = format!("csrf={token}");
    for fields in [
        [("origin", "http://evil.example")],
        [("origin", "null")],
        [("origin", "https://taller.local")],
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
    ] {
        assert_eq!(browser.send("POST", "/_edge/admin/restart", &fields, &good).status, 403, "{fields:?}");
    }
    // Nothing has restarted, and the session still holds.
    assert_eq!(browser.get("/_edge/admin/restart").status, 200);
    assert_eq!(edge.logged("ready").len(), 1);
    // A foreign name that leads here sees no form at all.
    let mut client = edge.connect();
    client.send(b"GET /_edge/admin HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert_eq!(client.reply(false).expect("an answer").status, 421);
}

#[test]
fn a_chosen_pin_replaces_the_one_of_the_box_for_good() {
    let data = tempfile::tempdir().expect("a directory");
    let edge = Setup::new("").data(data.path()).start();
    let (old, mut browser) = (pin(edge.data()), Browser::new(edge.address()));
    browser.log_in(&old);
    let token = browser.token("/_edge/admin/pin");
    let change =
        |current: &str, new: &str, again: &str| format!("csrf={token}&current={current}&new={new}&again={again}");
    for (body, status) in [
        (change(&old, "12345678", "12345678"), 422),
        (change(&old, "1357246", "1357246"), 422),
        (change(&old, "13572468", "13572469"), 422),
        (change(&another(&old), "13572468", "13572468"), 403),
        (change(&old, "13572468", "13572468"), 303),
    ] {
        assert_eq!(browser.post("/_edge/admin/pin", &body).status, status, "{body}");
    }
    assert!(!data.path().join("admin/pin").exists(), "nothing on the box can tell it");
    let hash = std::fs::read_to_string(data.path().join("admin/pin-hash")).expect("a hash");
    assert!(hash.starts_with("$argon2id$"));
    edge.stop();

    let edge = Setup::new("").data(data.path()).start();
    let mut browser = Browser::new(edge.address());
    assert_eq!(browser.log_in(&old).status, 403);
    assert_eq!(browser.log_in("13572468").status, 303);
}

#[test]
fn bodies_are_bounded_and_only_forms() {
    let edge = Edge::start();
    let mut browser = Browser::new(edge.address());
    assert_eq!(browser.post("/_edge/admin/login", &"x".repeat(17 * 1024)).status, 413);
    let mut client = edge.connect();
    client.send_request("POST", "/_edge/admin/login", &[("transfer-encoding", "chunked")]);
    assert_eq!(client.reply(false).expect("an answer").status, 413);
    let mut client = edge.connect();
    assert_eq!(client.request("PUT", "/_edge/admin", &[]).field("allow"), Some("GET, HEAD, OPTIONS, POST"));
}

/// Over cleartext anybody on the network could read the PIN; over HTTPS, and from the box itself, nobody can.
#[test]
fn from_another_machine_only_https_is_private() {
    let lab = Lab::new(&["lan"]);
    let (host, visitor) = (lab.host("lan", &["192.0.2.1/24"]), lab.host("lan", &["192.0.2.2/24"]));
    let entry = host.entry();
    let edge = Setup::new("listen.https = [\"[::]:8443\"]\ntls.mode = \"self-signed\"\ndiscovery.enabled = false\n")
        .without_listen()
        .argument("--listen")
        .argument("[::]:8080")
        .through(&entry.iter().map(String::as_str).collect::<Vec<_>>())
        .start();
    let asked_by = |who: &Host, url: &str, more: &[&str]| {
        let all = ["-sk", "-o", "/dev/null", "-w", "%{http_code}"].into_iter().chain(more.iter().copied()).chain([url]);
        who.run("curl", &all.collect::<Vec<_>>())
    };
    let status = |url: &str, more: &[&str]| asked_by(&visitor, url, more);
    let login = format!("pin={}", pin(edge.data()));
    assert_eq!(status("http://192.0.2.1:8080/_edge/admin", &[]), "403");
    assert_eq!(status("http://192.0.2.1:8080/_edge/admin/login", &["-d", &login]), "403");
    assert_eq!(status("https://192.0.2.1:8443/_edge/admin", &[]), "200");
    assert_eq!(status("https://192.0.2.1:8443/_edge/admin/login", &["-d", &login]), "303");
    assert_eq!(asked_by(&host, "http://127.0.0.1:8080/_edge/admin/login", &["-d", &login]), "303");
}

/// The value of a hidden field of a page.
fn hidden(page: &Reply, name: &str) -> String {
    let text = page.text();
    let (_, rest) = text.split_once(&format!("name=\"{name}\" value=\"")).expect("a hidden field");
    rest.split('"').next().expect("a value").to_owned()
}

/// What an administrator's browser sends of an account.
fn account(browser: &mut Browser, erp: &Erp, user: &str, password: &str) -> Reply {
    let token = browser.token("/_edge/admin/erp");
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([("csrf", token.as_str()), ("do", "check"), ("url", erp.url()), ("user", user)]);
    let body = form.append_pair("password", password).finish();
    browser.post("/_edge/admin/erp", &body)
}

fn keep(browser: &mut Browser, shown: &Reply) -> Reply {
    let (token, draft) = (hidden(shown, "csrf"), hidden(shown, "draft"));
    browser.post("/_edge/admin/erp", &format!("csrf={token}&do=keep&draft={draft}"))
}

fn json_of(edge: &Edge, path: &str) -> Value {
    serde_json::from_slice(&edge.get(path, &[]).body).expect("JSON")
}

fn is_up(edge: &Edge) -> bool {
    json_of(edge, "/_edge/status.json")["erp"]["state"] == "up"
}

/// Which files below a directory hold a text.
fn holding(directory: &Path, text: &str) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("listed").map(|entry| entry.expect("one").path());
    let mut found: Vec<_> = entries
        .flat_map(|path| {
            if path.is_dir() {
                return holding(&path, text);
            }
            let bytes = std::fs::read(&path).unwrap_or_default();
            let is_there = bytes.windows(text.len()).any(|window| window == text.as_bytes());
            is_there.then(|| path.file_name().expect("a name").to_string_lossy().into_owned()).into_iter().collect()
        })
        .collect();
    found.sort();
    found
}

/// Cleartext is for the ERP of the tests.
const WITH_HTTP: &str = "[erp]\nallow_http = true\npoll_s = 2\n";

#[test]
fn an_account_of_the_erp_is_checked_confirmed_kept_used_and_forgotten() {
    let (data, erp) = (tempfile::tempdir().expect("a directory"), Erp::start());
    let edge = Setup::new(WITH_HTTP).data(data.path()).start();
    let (right, mut browser) = (pin(edge.data()), Browser::new(edge.address()));
    browser.log_in(&right);
    assert_eq!(json_of(&edge, "/_edge/status.json")["erp"], Value::Null);
    assert_eq!(json_of(&edge, "/_edge/display.json")["erp"], false);

    let refused = account(&mut browser, &erp, USER, "equivocada");
    assert!(refused.status == 422 && refused.text().contains("La comprobación ha fallado"), "{}", refused.text());
    assert!(refused.text().contains(USER) && !refused.text().contains("equivocada"));
    assert!(holding(data.path(), USER).is_empty(), "nothing is kept");

    let shown = account(&mut browser, &erp, USER, PASSWORD);
    assert!(shown.status == 200 && shown.text().contains("Taller Uno"), "{}", shown.text());
    assert!(shown.text().contains("OPERATOR") && !shown.text().contains(PASSWORD));
    assert!(!is_up(&edge) && holding(data.path(), PASSWORD).is_empty(), "nothing is kept unless it is confirmed");
    let kept = keep(&mut browser, &shown);
    assert_eq!((kept.status, kept.field("location")), (303, Some("/_edge/admin/erp?done=kept")), "{}", kept.text());
    eventually("the figures come", || is_up(&edge));
    assert_eq!(
        json_of(&edge, "/_edge/status.json")["erp"]["account"],
        json!({"role": "OPERATOR", "workshop": "Taller Uno"})
    );
    assert_eq!(json_of(&edge, "/_edge/display.json")["erp"], true);
    eventually("the paths come one after the other", || edge.get("/api/machines", &[]).status == 200);
    let page = browser.get("/_edge/admin/erp");
    assert!(page.text().contains(USER) && !page.text().contains(PASSWORD));
    assert_eq!(holding(data.path(), PASSWORD), ["erp-account.0", "erp-account.1"]);
    for name in ["erp-account.0", "erp-account.1"] {
        let mode = std::fs::metadata(data.path().join(name)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    edge.wait_for_log("keep ERP account");
    let log = edge.log();
    assert!(log.contains("\"outcome\":\"done: 127.0.0.1\""), "{log}");
    for secret in [USER, PASSWORD, "equivocada"] {
        assert!(!log.contains(secret), "{secret} in the log");
    }
    edge.stop();

    let edge = Setup::new(WITH_HTTP).data(data.path()).start();
    eventually("they come again", || is_up(&edge));
    let mut browser = Browser::new(edge.address());
    browser.log_in(&right);
    let token = browser.token("/_edge/admin/erp");
    let forgotten = browser.post("/_edge/admin/erp", &format!("csrf={token}&do=forget&sure=yes"));
    assert_eq!((forgotten.status, forgotten.field("location")), (303, Some("/_edge/admin/erp?done=forgotten")));
    eventually("the ERP is gone", || json_of(&edge, "/_edge/status.json")["erp"].is_null());
    assert_eq!(json_of(&edge, "/_edge/display.json")["erp"], false);
    for secret in [USER, PASSWORD] {
        assert!(holding(data.path(), secret).is_empty(), "{:?}", holding(data.path(), secret));
    }
    assert_ne!(edge.get("/api/machines", &[]).status, 200);
}

#[test]
fn an_account_that_may_do_more_is_warned_of_and_replaces_the_one_before() {
    let (data, erp) = (tempfile::tempdir().expect("a directory"), Erp::start());
    let edge = Setup::new(WITH_HTTP).data(data.path()).start();
    let mut browser = Browser::new(edge.address());
    browser.log_in(&pin(edge.data()));
    let shown = account(&mut browser, &erp, USER, PASSWORD);
    keep(&mut browser, &shown);
    eventually("the figures come", || is_up(&edge));
    let shown = account(&mut browser, &erp, "admin@example.com", PASSWORD);
    assert!(shown.text().contains("class=\"owner warning\"") && shown.text().contains("ADMIN"), "{}", shown.text());
    assert_eq!(keep(&mut browser, &shown).status, 303);
    eventually("the other account is used", || {
        json_of(&edge, "/_edge/status.json")["erp"]["account"]["role"] == "ADMIN"
    });
    assert!(holding(data.path(), USER).is_empty(), "{:?}", holding(data.path(), USER));
}

#[test]
fn an_account_of_the_configuration_cannot_be_changed_in_the_browser() {
    let (data, erp) = (tempfile::tempdir().expect("a directory"), Erp::start());
    let edge = Setup::new(WITH_HTTP).data(data.path()).start();
    let right = pin(edge.data());
    let mut browser = Browser::new(edge.address());
    browser.log_in(&right);
    let shown = account(&mut browser, &erp, USER, PASSWORD);
    assert_eq!(keep(&mut browser, &shown).status, 303);
    edge.stop();

    let password = data.path().join("password");
    std::fs::write(&password, PASSWORD).expect("written");
    let config = format!(
        "{WITH_HTTP}url = \"{}\"\nuser = \"admin@example.com\"\npassword_file = \"{}\"\n",
        erp.url(),
        password.display()
    );
    let edge = Setup::new(&config).data(data.path()).start();
    let mut browser = Browser::new(edge.address());
    browser.log_in(&right);
    let page = browser.get("/_edge/admin/erp");
    assert!(
        page.text().contains("aquí solo se muestra") && page.text().contains("admin@example.com"),
        "{}",
        page.text()
    );
    assert!(!page.text().contains("name=\"password\"") && !page.text().contains(PASSWORD));
    assert_eq!(account(&mut browser, &erp, USER, PASSWORD).status, 409);
    // The one that was entered before is not used, and can be forgotten.
    assert!(page.text().contains("Otra cuenta guardada"), "{}", page.text());
    let token = hidden(&page, "csrf");
    assert_eq!(browser.post("/_edge/admin/erp", &format!("csrf={token}&do=forget&sure=yes")).status, 303);
    assert_eq!(holding(data.path(), PASSWORD), ["password"]);
    eventually("the configuration's account is used", || {
        json_of(&edge, "/_edge/status.json")["erp"]["account"]["role"] == "ADMIN"
    });
}

/// A slow ERP: the browser waits longer than an idle connection would be kept.
#[test]
fn a_slow_check_is_answered() {
    let erp = Erp::start();
    let edge = Setup::new(&format!("[limits]\nkeep_alive_idle_s = 2\n{WITH_HTTP}")).start();
    let mut browser = Browser::new(edge.address());
    browser.log_in(&pin(edge.data()));
    erp.fail(json!("hang_after_head"));
    let slow = account(&mut browser, &erp, USER, PASSWORD);
    assert!(slow.status == 422 && slow.text().contains("La comprobación ha fallado"), "{}", slow.text());
    assert!(slow.text().contains("class=\"bad\""), "{}", slow.text());
}
