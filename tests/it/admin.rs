//! Administration in the browser: the PIN, sessions, tokens, back-off, and who gets in at all.

use crate::support::lab::{Host, Lab};
use crate::support::{Client, Edge, Reply, Setup, eventually};

/// A browser as far as these tests need one.
struct Browser<'a> {
    edge: &'a Edge,
    cookie: Option<String>,
}

impl<'a> Browser<'a> {
    fn new(edge: &'a Edge) -> Self {
        Self { edge, cookie: None }
    }

    fn send(&mut self, method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Reply {
        let mut client: Client = self.edge.connect();
        let cookie = self.cookie.clone();
        let length = body.len().to_string();
        let mut fields = fields.to_vec();
        if let Some(cookie) = &cookie {
            fields.push(("cookie", cookie));
        }
        if method == "POST" {
            fields.extend([("content-type", "application/x-www-form-urlencoded"), ("content-length", &length)]);
        }
        client.send_request(method, path, &fields);
        client.send(body.as_bytes());
        let reply = client.reply(false).expect("an answer");
        if let Some(set) = reply.field("set-cookie") {
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        reply
    }

    fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, &[], "")
    }

    fn post(&mut self, path: &str, body: &str) -> Reply {
        self.send("POST", path, &[], body)
    }

    fn log_in(&mut self, pin: &str) -> Reply {
        self.post("/_edge/admin/login", &format!("pin={pin}"))
    }

    /// The token of the forms of a page.
    fn token(&mut self, path: &str) -> String {
        let page = self.get(path);
        let (_, rest) = page.text().split_once("name=\"csrf\" value=\"").expect("a form with a token");
        rest.split('"').next().expect("a value").to_owned()
    }
}

fn pin(edge: &Edge) -> String {
    let path = edge.data().join("admin/pin");
    let mut pin = String::new();
    eventually("a PIN", || {
        pin = std::fs::read_to_string(&path).unwrap_or_default();
        pin.len() == 8
    });
    pin
}

/// A PIN that is not this one.
fn another(pin: &str) -> String {
    pin.chars().map(|digit| if digit == '9' { '0' } else { char::from(digit as u8 + 1) }).collect()
}

#[test]
fn whoever_knows_the_pin_gets_in_until_the_session_ends() {
    let edge = Edge::start();
    let mut browser = Browser::new(&edge);
    assert!(browser.get("/_edge/admin").text().contains("name=\"pin\""));
    assert_eq!(browser.get("/_edge/admin/restart").status, 303, "without a session there is only the login");
    let entered = browser.log_in(&pin(&edge));
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
    assert!(!edge.log().contains(&pin(&edge)), "the PIN is in no log");
}

#[test]
fn wrong_pins_are_slowed_down_and_then_even_the_right_one_waits() {
    let edge = Edge::start();
    let (right, mut browser) = (pin(&edge), Browser::new(&edge));
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
    let (right, mut browser) = (pin(&edge), Browser::new(&edge));
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
    let (old, mut browser) = (pin(&edge), Browser::new(&edge));
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
    let mut browser = Browser::new(&edge);
    assert_eq!(browser.log_in(&old).status, 403);
    assert_eq!(browser.log_in("13572468").status, 303);
}

#[test]
fn bodies_are_bounded_and_only_forms() {
    let edge = Edge::start();
    let mut browser = Browser::new(&edge);
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
    let login = format!("pin={}", pin(&edge));
    assert_eq!(status("http://192.0.2.1:8080/_edge/admin", &[]), "403");
    assert_eq!(status("http://192.0.2.1:8080/_edge/admin/login", &["-d", &login]), "403");
    assert_eq!(status("https://192.0.2.1:8443/_edge/admin", &[]), "200");
    assert_eq!(status("https://192.0.2.1:8443/_edge/admin/login", &["-d", &login]), "303");
    assert_eq!(asked_by(&host, "http://127.0.0.1:8080/_edge/admin/login", &["-d", &login]), "303");
}
