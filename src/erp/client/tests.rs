use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Mutex;

use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::erp::answer::Answer;
use crate::erp::part::Part;
use crate::erp::token::tests::token as jwt;
use crate::outbound::Settings;

/// What a server sends for a request, and whether it closes the connection then.
#[derive(Clone)]
struct Sent {
    bytes: Vec<u8>,
    closes: bool,
}

/// What a server has seen.
#[derive(Default)]
struct Seen {
    connections: usize,
    requests: Vec<String>,
}

/// A server that gives these answers, one to each request, and the last one to all that follow.
async fn serve(answers: Vec<Sent>) -> (SocketAddr, Arc<Mutex<Seen>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    let (seen, answers) = (Arc::<Mutex<Seen>>::default(), Arc::new(answers));
    let watched = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            watched.lock().expect("no panic").connections += 1;
            let (seen, answers) = (Arc::clone(&watched), Arc::clone(&answers));
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                while let Ok(1..) = stream.read_buf(&mut bytes).await {
                    let text = String::from_utf8(bytes.clone()).expect("text");
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
                    if body.len() < length.parse().expect("a number") {
                        continue;
                    }
                    let number = {
                        let mut seen = seen.lock().expect("no panic");
                        seen.requests.push(text);
                        seen.requests.len() - 1
                    };
                    bytes.clear();
                    let answer = answers.get(number).or(answers.last()).expect("an answer").clone();
                    if stream.write_all(&answer.bytes).await.is_err() || answer.closes {
                        return;
                    }
                }
            });
        }
    });
    (address, seen)
}

fn answer(status: &str, fields: &str, body: &[u8]) -> Sent {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{fields}\r\n", body.len());
    Sent { bytes: [head.as_bytes(), body].concat(), closes: false }
}

fn json(status: &str, body: &str) -> Sent {
    answer(status, "Content-Type: application/json; charset=utf-8\r\n", body.as_bytes())
}

fn html(status: &str) -> Sent {
    answer(status, "Content-Type: text/html\r\n", b"<html><title>x</title></html>")
}

fn client(address: SocketAddr, prefix: &str) -> Client {
    let outbound = Outbound::new(Settings::default()).expect("a client");
    Client::new(&format!("http://{address}{prefix}"), true, &outbound).expect("an address")
}

fn token() -> Token {
    Token::read("a.b.c").expect("a token").0
}

async fn machine_stats(client: &Client, etag: Option<&str>) -> Result<Fetched<Answer>, Reason> {
    let read = Box::new(|body: &mut dyn Read| Answer::read(Part::MachineStats, body));
    client.get(Part::MachineStats.path(), &token(), etag, read, &mut CallTracker::default()).await
}

const STATS: &str = r#"{"total":3,"available":1,"inUse":1,"maintenance":1,"broken":0}"#;

async fn reason(sent: Sent) -> Reason {
    let (address, seen) = serve(vec![sent]).await;
    let reason = machine_stats(&client(address, ""), None).await.expect_err("of no use");
    assert_eq!(seen.lock().expect("no panic").requests.len(), 1, "{reason:?} was asked for again");
    reason
}

#[tokio::test]
async fn a_login_names_the_account_and_nothing_else() {
    let access = jwt(r#"{"sub":"u1","email":"ana@example.com","workshopId":"w1","iat":1700000000,"exp":1700003600}"#);
    let body = serde_json::json!({
        "user": {"id": "u1", "email": "ana@example.com", "role": "OPERATOR", "workshop": {"id": "w1", "name": " Taller\n\u{202e}Uno "}},
        "accessToken": access, "refreshToken": "never used",
    });
    let (address, seen) = serve(vec![json("201 Created", &body.to_string())]).await;
    let password = Password::new("clave \"1\"").expect("a password");
    let login = client(address, "/v1")
        .login("ana@example.com", &password, &mut CallTracker::default())
        .await
        .expect("accepted");
    assert_eq!(login.account, Account { role: "OPERATOR".into(), workshop: "Taller Uno".into() });
    assert_eq!(login.token.lifetime().as_secs(), 3600);
    // The same user of another ERP, and another user of the same, are other accounts.
    let other = client(address, "/v2")
        .login("ana@example.com", &password, &mut CallTracker::default())
        .await
        .expect("accepted");
    assert_ne!(login.key, other.key);
    let again = client(address, "/v1/")
        .login("ana@example.com", &password, &mut CallTracker::default())
        .await
        .expect("accepted");
    assert_eq!(login.key, again.key);
    let request = seen.lock().expect("no panic").requests.first().cloned().expect("a request");
    assert!(request.starts_with("POST /v1/auth/login HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with(r#"{"email":"ana@example.com","password":"clave \"1\""}"#), "{request}");
}

#[tokio::test]
async fn what_is_wrong_with_a_login_is_told_apart() {
    let of = async |sent| {
        let (address, _) = serve(vec![sent]).await;
        let password = Password::new("x").expect("a password");
        client(address, "")
            .login("a@example.com", &password, &mut CallTracker::default())
            .await
            .err()
            .expect("of no use")
    };
    let refused = r#"{"message":"Invalid credentials","error":"Unauthorized","statusCode":401}"#;
    assert_eq!(of(json("401 Unauthorized", refused)).await, Reason::LoginRefused);
    assert_eq!(of(html("401 Unauthorized")).await, Reason::Html(401));
    let missing = r#"{"message":"Cannot POST /auth/login","error":"Not Found","statusCode":404}"#;
    assert_eq!(of(json("404 Not Found", missing)).await, Reason::WrongPrefix);
    assert_eq!(of(json("500 Internal Server Error", "{}")).await, Reason::Status(500));
    assert_eq!(of(json("200 OK", "{")).await, Reason::NotJson);
    for body in ["[]", "{}", r#"{"accessToken":7}"#, r#"{"accessToken":"opaque"}"#] {
        assert!(matches!(of(json("200 OK", body)).await, Reason::Shape(_)), "{body}");
    }
}

#[tokio::test]
async fn an_answer_is_read_decoded_and_compared() {
    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(STATS.as_bytes()).expect("packed");
    let fields = "Content-Type: application/json\r\nContent-Encoding: gzip\r\nETag: W/\"3e-x\"\r\n";
    let packed = answer("200 OK", fields, &packed.finish().expect("packed"));
    let unchanged = Sent { bytes: b"HTTP/1.1 304 Not Modified\r\nETag: W/\"3e-x\"\r\n\r\n".to_vec(), closes: false };
    let (address, seen) = serve(vec![packed, unchanged, json("200 OK", STATS)]).await;
    let client = client(address, "/v1");
    let Ok(Fetched::Answer { value, etag: Some(tag), .. }) = machine_stats(&client, None).await else {
        panic!("no answer with a tag");
    };
    let read = Answer::read(Part::MachineStats, &mut STATS.as_bytes()).expect("read");
    assert_eq!(value, read);
    assert!(matches!(machine_stats(&client, Some(&tag)).await, Ok(Fetched::NotModified { .. })));
    assert!(
        matches!(machine_stats(&client, None).await, Ok(Fetched::Answer { value, etag: None, .. }) if value == read)
    );
    let seen = seen.lock().expect("no panic");
    assert_eq!(seen.connections, 1, "a connection is used again, after an answer without a body too");
    let [first, second, third] = seen.requests.as_slice() else { panic!("three requests") };
    assert!(first.starts_with("GET /v1/machines/stats HTTP/1.1\r\n"), "{first}");
    assert!(
        first.contains("authorization: Bearer a.b.c\r\n") && first.contains("accept-encoding: gzip\r\n"),
        "{first}"
    );
    assert!(second.contains("if-none-match: W/\"3e-x\"\r\n"), "{second}");
    assert!(!third.contains("if-none-match"), "{third}");
}

#[tokio::test]
async fn every_answer_of_no_use_has_its_reason() {
    let unauthorized = r#"{"message":"Unauthorized","statusCode":401}"#;
    assert_eq!(reason(json("401 Unauthorized", unauthorized)).await, Reason::Unauthorized);
    assert_eq!(reason(json("403 Forbidden", "{}")).await, Reason::Forbidden);
    assert_eq!(reason(html("403 Forbidden")).await, Reason::Html(403));
    let missing = r#"{"message":"Cannot GET /machines/stats","error":"Not Found","statusCode":404}"#;
    assert_eq!(reason(json("404 Not Found", missing)).await, Reason::WrongPrefix);
    let express = answer("404 Not Found", "Content-Type: text/html\r\n", b"<pre>Cannot GET /machines/stats</pre>");
    assert_eq!(reason(express).await, Reason::WrongPrefix);
    assert_eq!(reason(html("404 Not Found")).await, Reason::Html(404));
    assert_eq!(reason(json("404 Not Found", "{}")).await, Reason::NotFound);
    assert_eq!(reason(answer("302 Found", "Location: https://example.com/\r\n", b"")).await, Reason::Redirect(302));
    let busy = answer("429 Too Many Requests", "Retry-After: 7\r\n", b"{}");
    let retry_after = Some(Duration::from_secs(7));
    assert_eq!(reason(busy).await, Reason::Overloaded { status: 429, retry_after });
    assert_eq!(reason(html("503 Unavailable")).await, Reason::Overloaded { status: 503, retry_after: None });
    assert_eq!(reason(html("502 Bad Gateway")).await, Reason::Html(502));
    assert_eq!(reason(json("500 Internal Server Error", "{}")).await, Reason::Status(500));
    assert_eq!(reason(html("200 OK")).await, Reason::Html(200));
    assert_eq!(reason(json("200 OK", " <html>")).await, Reason::Html(200));
    assert_eq!(reason(answer("200 OK", "Content-Type: text/plain\r\n", b"{}")).await, Reason::NotJson);
    assert_eq!(reason(answer("200 OK", "Content-Encoding: br\r\n", b"{}")).await, Reason::NotJson);
    assert_eq!(reason(json("200 OK", "nothing")).await, Reason::NotJson);
    assert_eq!(reason(json("204 No Content", "")).await, Reason::NotJson);
    assert!(matches!(reason(json("200 OK", "[]")).await, Reason::Shape(_)));
    // Nobody asked for it.
    assert_eq!(reason(json("304 Not Modified", "")).await, Reason::Redirect(304));
}

#[tokio::test]
async fn half_an_answer_and_too_much_of_one_are_known() {
    let mut half = json("200 OK", STATS);
    half.bytes.truncate(half.bytes.len() - 10);
    half.closes = true;
    assert_eq!(reason(half).await, Reason::Truncated);
    let nothing = Sent { bytes: Vec::new(), closes: true };
    assert_eq!(reason(nothing).await, Reason::Truncated);
    let noise = Sent { bytes: b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), closes: true };
    assert_eq!(reason(noise).await, Reason::NotJson);
    let large = format!("[{}]", " ".repeat(9 << 20));
    assert_eq!(reason(json("200 OK", &large)).await, Reason::TooLarge);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_late() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    assert_eq!(machine_stats(&client(address, ""), None).await.expect_err("late"), Reason::Timeout);
}

#[tokio::test]
async fn a_head_without_its_body_is_late() {
    let mut hanging = json("200 OK", STATS);
    hanging.bytes.truncate(hanging.bytes.len() - 10);
    let (address, _) = serve(vec![hanging]).await;
    let (begun, parsing) = tokio::sync::oneshot::channel();
    let read = Box::new(|body: &mut dyn Read| {
        begun.send(()).expect("awaited");
        Answer::read(Part::MachineStats, body)
    });
    let client = client(address, "");
    let mut asked = tokio::spawn(async move {
        let fetched = client.get("/machines/stats", &token(), None, read, &mut CallTracker::default()).await;
        fetched.map(drop)
    });
    parsing.await.expect("a body begins");
    tokio::time::pause();
    // Time does not go on by itself while a thread reads, and the wait for the body may only be about to begin.
    let given_up = loop {
        tokio::select! {
            given_up = &mut asked => break given_up.expect("no panic"),
            () = tokio::time::advance(TOTAL) => {}
        }
    };
    assert_eq!(given_up, Err(Reason::Timeout));
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let reason = machine_stats(&client(address, ""), None).await.expect_err("nobody");
    assert_eq!(reason.word(), "unreachable");
}

#[tokio::test]
async fn an_erp_is_known_by_whom_it_refuses() {
    let knock = async |sent| {
        let (address, seen) = serve(vec![sent]).await;
        let known = client(address, "").knock("/machines/stats").await;
        let requests = seen.lock().expect("no panic").requests.concat();
        assert!(!requests.contains("authorization"), "{requests}");
        known
    };
    assert_eq!(knock(json("401 Unauthorized", "{}")).await, Ok(()));
    assert_eq!(knock(json("200 OK", STATS)).await, Err(Reason::NotJson));
    assert_eq!(knock(html("200 OK")).await, Err(Reason::Html(200)));
    assert_eq!(knock(json("500 Internal Server Error", "{}")).await, Err(Reason::Status(500)));
}

#[test]
fn an_address_is_refused_in_words() {
    let outbound = Outbound::new(Settings::default()).expect("a client");
    let refused = Client::new("http://erp.example.com", false, &outbound).expect_err("not encrypted");
    assert!(refused.es.contains("erp.allow_http"), "{refused:?}");
    let client = Client::new("https://ERP.example.com/v1/", false, &outbound).expect("an address");
    assert_eq!(client.address(), "https://ERP.example.com/v1");
}
