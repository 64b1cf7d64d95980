use super::*;
use crate::outbound::Settings;
use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What is listed of a box that answers with these bytes.
async fn answered(bytes: Vec<u8>) -> ListedBox {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = async {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut head = [0; 4096];
        let _ = stream.read(&mut head).await;
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        std::future::pending::<ListedBox>().await
    };
    let outbound = Outbound::new(Settings::default()).expect("a client");
    let announced = AnnouncedBox {
        host: "taller\x1b[2J\u{202e}.local".into(),
        version: Some("9".repeat(1000)),
        id: None,
        addresses: vec![address],
    };
    tokio::select! {
        never = server => never,
        listed = ask(&announced, &outbound) => listed,
    }
}

fn http(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn status_json() -> serde_json::Value {
    serde_json::json!({
        "id": "4f0a\u{7}",
        "version": "1.2.3\x1b]0;x\x07",
        "build": { "commit": "0", "target": "t" },
        "uptime_s": 1,
        "clock": { "unix_s": 1, "utc": "", "trusted": true },
        "addresses": [],
        "network": { "addresses": [] },
        "discovery": { "state": "resolvable" },
        "screens": { "lit": 1, "known": 2, "unnamed": 0, "expected": 3, "states": { "showing\u{202e}": 1 } },
        "health": { "status": "degraded", "faults": [] },
        "of_tomorrow": [[[]]]
    })
}

#[tokio::test]
async fn what_a_box_says_is_cleaned_and_cut() {
    let mut json = status_json();
    let fault = serde_json::json!({
        "check": "clock\r", "status": "degraded", "es": "mal\n\x1b[1mbien".repeat(100), "en": "\u{200b}wrong"
    });
    json["health"]["faults"] = vec![fault; 1000].into();
    let too_long = answered(http(&json.to_string())).await.answer.expect_err("too long");
    assert!(too_long.en.contains("> 262144 bytes"), "{too_long:?}");
    json["health"]["faults"].as_array_mut().expect("a list").truncate(MAX_ITEMS + 1);
    let listed = answered(http(&json.to_string())).await;
    assert_eq!(
        (listed.name.as_str(), listed.id.as_str(), listed.version.as_str()),
        ("taller[2J.local", "4f0a", "1.2.3]0;x")
    );
    let BoxAnswer { health, screens } = listed.answer.expect("an answer");
    let states = BTreeMap::from([("showing".to_owned(), 1)]);
    assert_eq!(screens, Some(ScreenCounts { lit: 1, known: 2, unnamed: 0, expected: 3, states }));
    assert_eq!(health.faults.len(), MAX_ITEMS);
    assert_eq!(serde_json::json!(health.status), "degraded");
    let fault = &health.faults[0];
    assert_eq!((fault.check.as_str(), fault.text.en.as_str()), ("clock", "wrong"));
    assert_eq!((fault.text.es.chars().count(), fault.text.es.contains(char::is_control)), (MAX_TEXT, false));
}

#[tokio::test]
async fn what_does_not_answer_as_a_box_is_listed_with_why() {
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "[".repeat(MAX_ANSWER + 1));
    for (bytes, why) in [
        (http("{}"), "missing field"),
        (http(&"[".repeat(10_000)), "it does not answer as a box does"),
        (endless.into_bytes(), "> 262144 bytes"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n".to_vec(), "HTTP 302"),
        (b"SSH-2.0-OpenSSH\r\n".to_vec(), "cut short or not HTTP"),
        (Vec::new(), "cut short or not HTTP"),
    ] {
        let listed = answered(bytes).await;
        let error = listed.answer.expect_err(why);
        assert!(error.en.contains(why), "{why}: {error:?}");
        assert!(listed.url.is_some_and(|url| url.starts_with("http://127.0.0.1:")));
        assert_eq!(listed.version.len(), MAX_NAME, "as it is announced");
    }
}

#[tokio::test]
async fn the_next_address_is_asked_when_one_is_refused() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = closed.local_addr().expect("an address");
    drop(closed);
    let outbound = Outbound::new(Settings::default()).expect("a client");
    let announced = |addresses| AnnouncedBox { host: "taller.local".into(), version: None, id: None, addresses };
    let boxes = vec![announced(vec![address]), announced(vec![])];
    let listed = ask_all(boxes, &outbound).await;
    let why: Vec<_> = listed.iter().map(|one| one.answer.as_ref().expect_err("nobody answers").en.as_str()).collect();
    assert!(why[0].contains("cannot connect") && why[1].contains("no address"), "{why:?}");
    assert_eq!(listed[1].url, None);
}

#[test]
fn an_address_has_its_port_where_it_is_not_that_of_http() {
    for (address, shown) in [
        ("10.9.0.1:80", "http://10.9.0.1"),
        ("10.9.0.1:8080", "http://10.9.0.1:8080"),
        ("[fd00::1]:80", "http://[fd00::1]"),
        ("[fd00::1]:8080", "http://[fd00::1]:8080"),
    ] {
        assert_eq!(url(address.parse().expect("an address")), shown);
    }
}
