//! Fetching from servers that are slow, broken, elsewhere, or not what they say.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use workshop_edge::outbound::{Limits, Outbound, OutboundError, Settings};
use workshop_edge::update::transport::{Body, Source, Transport, TransportError};

use crate::support::{HostileRepository, Nginx, Request, dist, outbound};

/// Short enough for a test, and long enough for a machine with other things to do.
const LIMITS: Limits = Limits {
    lookup: Duration::from_secs(60),
    connect: Duration::from_secs(60),
    tls: Duration::from_secs(60),
    head: Duration::from_secs(60),
    metadata: Duration::from_secs(60),
    window: Duration::from_secs(60),
    least: 1,
    idle: Duration::from_secs(60),
};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

fn over_http(url: &str, limits: Limits) -> Transport {
    let outbound = Outbound::new(Settings { limits, ..Settings::default() }).expect("a client");
    Transport::new(Source::Web { url: url.to_owned(), allow_http: true, outbound }).expect("a transport")
}

fn metadata(server: &HostileRepository, limits: Limits) -> Result<Option<bytes::Bytes>, TransportError> {
    let transport = over_http(&server.url(), limits);
    run(transport.metadata("timestamp.json", 1000))
}

async fn whole(body: &mut Body) -> Result<Vec<u8>, TransportError> {
    let mut whole = Vec::new();
    while let Some(piece) = body.next().await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

#[test]
fn what_is_there_comes_and_what_is_not_is_none() {
    let server = HostileRepository::start(|request, connection| {
        let (status, body) = match request.path.as_str() {
            "/base/metadata/timestamp.json" => ("200 OK", "{}"),
            "/base/metadata/403.json" => ("403 Forbidden", "<Error/>"),
            "/base/metadata/410.json" => ("410 Gone", ""),
            _ => ("404 Not Found", "<html>none</html>"),
        };
        let kind = if body.contains("html") { "text/html" } else { "application/json" };
        let length = body.len();
        assert_eq!(request.field("accept-encoding"), Some("identity"));
        assert!(request.field("user-agent").expect("one").starts_with("workshop-edge/"));
        write!(connection, "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}")
            .is_ok()
    });
    let transport = over_http(&format!("{}/base/", server.url()), LIMITS);
    run(async {
        for name in ["403.json", "404.json", "410.json"] {
            assert_eq!(transport.metadata(name, 10).await.expect(name), None);
        }
        assert_eq!(transport.metadata("timestamp.json", 2).await.expect("there").as_deref(), Some(b"{}".as_slice()));
        assert!(matches!(transport.target("none", 0, None).await, Err(TransportError::Missing { .. })));
    });
    // One connection did it all.
    let traffic = transport.traffic().read();
    assert_eq!((traffic.connections, traffic.requests), (1, 5));
    assert!(traffic.sent > 0 && traffic.received > 0);
    assert_eq!(server.asked().last().map(String::as_str), Some("/base/targets/none"));
}

#[test]
fn a_connection_that_the_server_has_closed_is_made_again() {
    let server = HostileRepository::start(|_, connection| {
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        false
    });
    let transport = over_http(&server.url(), LIMITS);
    run(async {
        for _ in 0..3 {
            assert!(transport.metadata("timestamp.json", 2).await.expect("there").is_some());
        }
    });
    assert_eq!(transport.traffic().read().connections, 3);
}

#[test]
fn other_answers_are_errors_that_say_what_they_are() {
    for status in ["500 No", "503 No", "429 No", "401 No", "204 No", "304 No", "206 Partial"] {
        let server = HostileRepository::says(&format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"));
        let error = metadata(&server, LIMITS).expect_err(status);
        let code = StatusCode::from_bytes(&status.as_bytes()[..3]).expect("a status");
        assert!(
            matches!(error, TransportError::Status { status, .. } if status == code)
                || matches!(error, TransportError::Part { .. }) && code == StatusCode::PARTIAL_CONTENT,
            "{status}: {error}"
        );
    }
    let server = HostileRepository::says(
        "HTTP/1.1 301 Moved\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n",
    );
    let error = metadata(&server, LIMITS).expect_err("redirected");
    assert!(matches!(error, TransportError::Redirect { .. }), "{error}");
    let words = error.to_string();
    assert!(words.contains("https://elsewhere.example/") && words.contains("update.url"), "{words}");
    assert_eq!(server.asked().len(), 1, "the redirect was followed");

    let page = "<!DOCTYPE html><form>";
    for answer in [
        format!("HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=utf-8\r\nContent-Length: 21\r\n\r\n{page}"),
        "HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n\r\n{page}"),
    ] {
        let error = metadata(&HostileRepository::says(&answer), LIMITS).expect_err("a portal");
        assert!(matches!(error, TransportError::CaptivePortal { .. }), "{error}");
    }

    let server = HostileRepository::says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}");
    assert!(matches!(metadata(&server, LIMITS), Err(TransportError::Coding { .. })));
}

#[test]
fn what_is_cut_short_is_an_error() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"signed\":",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhe",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "",
    ] {
        let error = metadata(&HostileRepository::says(answer), LIMITS).expect_err(answer);
        assert!(matches!(error, TransportError::Outbound(OutboundError::Broken { .. })), "{answer:?}: {error}");
    }
}

#[test]
fn more_than_there_can_be_is_not_read() {
    let server = HostileRepository::says("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n");
    assert!(matches!(metadata(&server, LIMITS), Err(TransportError::TooLarge { most: 1000, .. })));
    // Without end, and without a length.
    let server = HostileRepository::start(|_, connection| {
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while connection.write_all(b"4\r\n    \r\n").is_ok() {}
        false
    });
    assert!(matches!(metadata(&server, LIMITS), Err(TransportError::TooLarge { most: 1000, .. })));
    // A head without end.
    let server = HostileRepository::start(|_, connection| {
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\n");
        while connection.write_all(b"X-Field: value\r\n").is_ok() {}
        false
    });
    assert!(matches!(metadata(&server, LIMITS), Err(TransportError::Outbound(OutboundError::Broken { .. }))));
}

/// Writes one byte after the other until the client has had enough.
fn drip(connection: &mut TcpStream) -> bool {
    let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n");
    while connection.write_all(b" ").is_ok() {
        std::thread::park_timeout(Duration::from_millis(20));
    }
    false
}

#[test]
fn who_is_too_slow_is_left() {
    let short = Duration::from_millis(300);
    // Takes the request, and says nothing.
    let server = HostileRepository::start(|_, connection| {
        let _ = std::io::Read::read(connection, &mut [0]);
        false
    });
    let error = metadata(&server, Limits { head: short, ..LIMITS }).expect_err("silent");
    assert!(matches!(error, TransportError::Outbound(OutboundError::Late { operation: "answer", .. })), "{error}");

    let server = HostileRepository::start(|_, connection| drip(connection));
    let error = metadata(&server, Limits { metadata: short, ..LIMITS }).expect_err("dripping");
    assert!(matches!(error, TransportError::Outbound(OutboundError::Late { operation: "come whole", .. })), "{error}");

    let transport = over_http(&server.url(), Limits { window: short, least: 10_000, ..LIMITS });
    let error = run(async {
        let mut body = transport.target("target", 0, None).await.expect("an answer");
        whole(&mut body).await.expect_err("too slow")
    });
    assert!(matches!(error, TransportError::Outbound(OutboundError::Slow { .. })), "{error}");
}

/// A part of `0123456789`, as the request asks for it.
fn part(request: &Request, connection: &mut TcpStream, tag: &str) -> bool {
    let from = request.field("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let answer = match from {
        Some(from) if from < 10 => {
            let rest: String = "0123456789".chars().skip(from).collect();
            format!(
                "206 Partial Content\r\nContent-Range: bytes {from}-9/10\r\nContent-Length: {}\r\nETag: {tag}\r\n\r\n{rest}",
                10 - from
            )
        }
        Some(_) => "416 Range Not Satisfiable\r\nContent-Range: bytes */10\r\nContent-Length: 0\r\n\r\n".to_owned(),
        None => format!("200 OK\r\nContent-Length: 10\r\nETag: {tag}\r\n\r\n0123456789"),
    };
    write!(connection, "HTTP/1.1 {answer}").is_ok()
}

fn resumed(server: &HostileRepository, from: u64, validator: Option<&str>) -> Result<(Body, Vec<u8>), TransportError> {
    let transport = over_http(&server.url(), LIMITS);
    run(async {
        let mut body = transport.target("target", from, validator).await?;
        let content = whole(&mut body).await?;
        Ok((body, content))
    })
}

#[test]
fn a_target_goes_on_where_it_was_or_starts_again() {
    let server = HostileRepository::start(|request, connection| {
        // Without it, a part of another object could come unnoticed (RFC 9110 section 13.1.5).
        let asked = request.field("range").is_some() == request.field("if-range").is_some();
        asked && part(request, connection, "\"one\"")
    });
    let (body, content) = resumed(&server, 4, Some("\"one\"")).expect("a part");
    assert_eq!((body.start, body.length, body.validator.as_deref()), (4, Some(10), Some("\"one\"")));
    assert_eq!(content, b"456789");
    // It does not know If-Range, and gives a part of another object.
    let (body, content) = resumed(&server, 4, Some("\"before\"")).expect("the whole");
    assert_eq!((body.start, content.as_slice()), (0, b"0123456789".as_slice()));
    // There is less of it than was there.
    let (body, content) = resumed(&server, 11, Some("\"one\"")).expect("the whole");
    assert_eq!((body.start, content.as_slice()), (0, b"0123456789".as_slice()));

    let ignores =
        HostileRepository::says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: W/\"weak\"\r\n\r\n0123456789");
    let (body, content) = resumed(&ignores, 4, Some("\"one\"")).expect("the whole");
    assert_eq!((body.start, body.validator, content.as_slice()), (0, None, b"0123456789".as_slice()));

    for range in ["bytes 5-9/10", "bytes 0-9/10", "bytes 4-10/10", "nonsense"] {
        let wrong = HostileRepository::says(&format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: {range}\r\nContent-Length: 6\r\n\r\n456789"
        ));
        assert!(matches!(resumed(&wrong, 4, None), Err(TransportError::Part { from: 0, .. })), "{range}");
        assert_eq!(wrong.asked().len(), 2, "the whole is asked for then");
    }
}

fn over_tls(nginx: &Nginx, ca: Option<Vec<u8>>) -> Transport {
    let outbound = Outbound::new(Settings { ca, limits: LIMITS, ..Settings::default() }).expect("a client");
    Transport::new(Source::Web { url: nginx.url(), allow_http: false, outbound }).expect("a transport")
}

#[test]
fn only_a_server_with_a_known_authority_is_trusted() {
    let directory = dist(&[("metadata/timestamp.json", b"{}")]);
    let nginx = Nginx::start(directory.path(), 2020..2050);
    let error = run(over_tls(&nginx, None).metadata("timestamp.json", 2)).expect_err("unknown");
    assert!(matches!(error, TransportError::Outbound(OutboundError::Handshake { .. })), "{error}");
    let other = Nginx::start(directory.path(), 2020..2050);
    let error = run(over_tls(&nginx, Some(other.certificate())).metadata("timestamp.json", 2)).expect_err("another");
    assert!(matches!(error, TransportError::Outbound(OutboundError::Handshake { .. })), "{error}");
    let known = over_tls(&nginx, Some(nginx.certificate()));
    assert!(run(known.metadata("timestamp.json", 2)).expect("trusted").is_some());
    for ca in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        Outbound::new(Settings { ca: Some(ca.into()), ..Settings::default() }).expect_err(ca);
    }
}

#[test]
fn a_clock_in_the_past_does_not_make_a_certificate_invalid() {
    let directory = dist(&[("metadata/timestamp.json", b"{}")]);
    let nginx = Nginx::start(directory.path(), 2200..2201);
    let transport = over_tls(&nginx, Some(nginx.certificate()));
    let error = run(transport.metadata("timestamp.json", 2)).expect_err("not yet");
    assert!(matches!(error, TransportError::Outbound(OutboundError::Handshake { .. })), "{error}");
    let years = |count: u64| Duration::from_secs(count * 31_556_952);
    transport.not_before(SystemTime::UNIX_EPOCH + years(230) + Duration::from_secs(1_000_000));
    assert!(run(transport.metadata("timestamp.json", 2)).expect("valid by now").is_some());
}

fn replace(path: &Path, content: &[u8]) {
    let next = path.with_extension("next");
    fs::write(&next, content).expect("written");
    fs::rename(next, path).expect("renamed");
}

#[test]
fn nginx_and_a_directory_resume_what_has_not_changed() {
    let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let directory = dist(&[("targets/target", &content), ("metadata/timestamp.json", b"{}")]);
    let nginx = Nginx::start(directory.path(), 2020..2050);
    let file = format!("file://{}", directory.path().display());
    let file = Source::Web { url: file, allow_http: false, outbound: outbound(None) };
    let file = Transport::new(file).expect("a transport");
    for transport in [over_tls(&nginx, Some(nginx.certificate())), file] {
        replace(&directory.path().join("targets/target"), &content);
        run(async {
            let mut first = transport.target("target", 0, None).await.expect("there");
            assert_eq!((first.start, first.length), (0, Some(content.len() as u64)));
            let piece = first.next().await.expect("a piece").expect("not the end");
            assert_eq!(piece, content[..piece.len()]);
            let (from, validator) = (piece.len() as u64, first.validator.clone());
            drop(first);
            let mut rest = transport.target("target", from, validator.as_deref()).await.expect("there");
            assert_eq!(rest.start, from);
            assert_eq!(whole(&mut rest).await.expect("the rest"), content[piece.len()..]);

            replace(&directory.path().join("targets/target"), b"another");
            let mut again = transport.target("target", from, validator.as_deref()).await.expect("there");
            assert_eq!((again.start, again.length), (0, Some(7)));
            assert_eq!(whole(&mut again).await.expect("all"), b"another");
        });
    }
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let transport = over_http("http://127.0.0.1:9", LIMITS);
    let error = run(transport.metadata("timestamp.json", 2)).expect_err("nobody");
    assert!(
        matches!(&error, TransportError::Outbound(OutboundError::Connect { host, .. }) if host == "127.0.0.1"),
        "{error}"
    );
    let transport = over_http("http://nobody.invalid", LIMITS);
    let error = run(transport.metadata("timestamp.json", 2)).expect_err("no name");
    assert!(
        matches!(&error, TransportError::Outbound(OutboundError::Lookup { host, .. }) if host == "nobody.invalid"),
        "{error}"
    );
    // One of the name's addresses is enough.
    let server = HostileRepository::says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    let transport = over_http(&format!("http://localhost:{}", server.address.port()), LIMITS);
    assert!(run(transport.metadata("timestamp.json", 2)).expect("there").is_some());
}
