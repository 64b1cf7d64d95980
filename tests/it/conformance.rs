//! HTTP/1.1 on the wire (RFC 9112): what must be answered, refused, and waited for.

use crate::support::{Client, Edge};

/// What a request may lead to.
enum Expected {
    Success,
    /// Any of these.
    Status(&'static [u16]),
    /// Refused with a 4xx or 5xx, or by closing.
    Refused,
}
use Expected::{Refused, Status, Success};

const HOST: &str = "Host: taller.local\r\n";

/// Sends bytes and gives the status of the first answer, `None` when the connection ends.
fn first_status(edge: &Edge, bytes: &[u8]) -> Option<u16> {
    let mut client = edge.connect();
    client.send(bytes);
    client.finish();
    client.reply(false).map(|reply| reply.status)
}

/// What went wrong, if anything did.
fn check(edge: &Edge, name: &str, bytes: &[u8], expected: &Expected) -> Option<String> {
    let status = first_status(edge, bytes);
    let good = match expected {
        Success => status.is_some_and(|status| (200..300).contains(&status)),
        Status(allowed) => status.is_some_and(|status| allowed.contains(&status)),
        Refused => status.is_none_or(|status| (400..600).contains(&status)),
    };
    (!good).then(|| format!("{name}: {status:?}"))
}

#[test]
fn requests_as_bytes() {
    let edge = Edge::start();
    let cases: &[(&str, &str, Expected)] = &[
        // What every server must understand.
        ("a plain request", "GET / HTTP/1.1\r\n{H}\r\n", Success),
        ("odd case, tab and an empty field", "GET / HTTP/1.1\r\nhoSt:\ttaller.local\r\nempty:\r\n\r\n", Success),
        ("white space around a value", "GET / HTTP/1.1\r\nHost: \t taller.local \t \r\n\r\n", Success),
        ("an empty value", "GET / HTTP/1.1\r\n{H}X-Empty: \r\n\r\n", Success),
        ("an expectation that can be met", "GET / HTTP/1.1\r\n{H}Expect: 100-continue\r\n\r\n", Success),
        ("an empty line before the request", "\r\nGET / HTTP/1.1\r\n{H}\r\n", Success),
        ("HTTP/1.0 without a Host", "GET / HTTP/1.0\r\n\r\n", Success),
        ("a body of length zero", "GET / HTTP/1.1\r\n{H}Content-Length: 0\r\n\r\n", Success),
        ("an unknown field with a token of all kinds", "GET / HTTP/1.1\r\n{H}x!#$%&'*+-.^_`|~1: v\r\n\r\n", Success),
        ("bytes above ASCII in a value", "GET / HTTP/1.1\r\n{H}X-Name: ñandú\r\n\r\n", Success),
        // The Host (section 3.2).
        ("no Host", "GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", Status(&[400])),
        ("two Hosts", "GET / HTTP/1.1\r\n{H}Host: example.org\r\n\r\n", Status(&[400])),
        ("two equal Hosts", "GET / HTTP/1.1\r\n{H}{H}\r\n", Status(&[400])),
        ("a Host with a space", "GET / HTTP/1.1\r\nHost: taller local\r\n\r\n", Status(&[400])),
        ("a Host with a path", "GET / HTTP/1.1\r\nHost: taller/local\r\n\r\n", Status(&[400])),
        ("a Host with user information", "GET / HTTP/1.1\r\nHost: a@taller.local\r\n\r\n", Status(&[400])),
        ("a Host with a port that is none", "GET / HTTP/1.1\r\nHost: taller:http\r\n\r\n", Status(&[400])),
        ("an absolute target without a Host", "GET http://taller.local/ HTTP/1.1\r\n\r\n", Status(&[400])),
        // The request line (section 3).
        ("no version", "GET / \r\n\r\n", Refused),
        ("no version and no space", "GET /\r\n\r\n", Refused),
        ("a version of the future", "GET / HTTP/9.9\r\n{H}\r\n", Refused),
        ("HTTP/2 without its preface", "GET / HTTP/2.0\r\n{H}\r\n", Refused),
        ("a version in lower case", "GET / http/1.1\r\n{H}\r\n", Refused),
        ("something before the method", "Extra lineGET / HTTP/1.1\r\n{H}\r\n", Refused),
        ("a method that is no token", "G<T / HTTP/1.1\r\n{H}\r\n", Refused),
        ("a relative target", "GET index.html HTTP/1.1\r\n{H}\r\n", Refused),
        ("an authority as target", "GET taller.local:80 HTTP/1.1\r\n{H}\r\n", Refused),
        ("a star as target of GET", "GET * HTTP/1.1\r\n{H}\r\n", Refused),
        ("a space inside the target", "GET /a b HTTP/1.1\r\n{H}\r\n", Refused),
        ("a control character in the target", "GET /\x01 HTTP/1.1\r\n{H}\r\n", Refused),
        ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Refused),
        ("a TLS hello on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01", Refused),
        // Fields (section 5).
        ("a space before the colon", "GET / HTTP/1.1\r\nHost : taller.local\r\n\r\n", Status(&[400])),
        ("brackets in a field name", "GET / HTTP/1.1\r\n{H}X-Invalid[]: test\r\n\r\n", Status(&[400])),
        ("a field without a colon", "GET / HTTP/1.1\r\n{H}nonsense\r\n\r\n", Status(&[400])),
        ("a field without a name", "GET / HTTP/1.1\r\n{H}: value\r\n\r\n", Status(&[400])),
        ("a control character in a value", "GET / HTTP/1.1\r\n{H}X-Bad: test\x07\r\n\r\n", Status(&[400])),
        ("a NUL in a value", "GET / HTTP/1.1\r\n{H}X-Bad: te\0st\r\n\r\n", Status(&[400])),
        ("a lone CR between fields", "GET / HTTP/1.1\r\n{H}\rX-Other: Test\r\n\r\n", Status(&[400])),
        ("a lone CR in a value", "GET / HTTP/1.1\r\n{H}X-Other: a\rb\r\n\r\n", Status(&[400])),
        ("a folded field", "GET / HTTP/1.1\r\n{H}X-Other: a\r\n b\r\n\r\n", Status(&[400])),
        ("white space before the first field", "GET / HTTP/1.1\r\n Host: taller.local\r\n\r\n", Status(&[400])),
        // Framing (section 6).
        ("a negative length", "GET / HTTP/1.1\r\n{H}Content-Length: -1234\r\n\r\n", Status(&[400])),
        (
            "a negative length beyond all numbers",
            "GET / HTTP/1.1\r\n{H}Content-Length: -123456789123456789123456789\r\n\r\n",
            Status(&[400]),
        ),
        (
            "a length beyond all numbers",
            "GET / HTTP/1.1\r\n{H}Content-Length: 123456789123456789123456789\r\n\r\n",
            Status(&[400, 413]),
        ),
        ("a length that is no number", "GET / HTTP/1.1\r\n{H}Content-Length: abc\r\n\r\n", Status(&[400])),
        ("a length with a sign", "GET / HTTP/1.1\r\n{H}Content-Length: +0\r\n\r\n", Status(&[400])),
        ("an empty length", "GET / HTTP/1.1\r\n{H}Content-Length: \r\n\r\n", Status(&[400])),
        (
            "two different lengths",
            "GET / HTTP/1.1\r\n{H}Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
            Status(&[400]),
        ),
        (
            "a length and chunks",
            "GET / HTTP/1.1\r\n{H}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
            Status(&[400, 413]),
        ),
        ("chunks that are not last", "GET / HTTP/1.1\r\n{H}Transfer-Encoding: chunked, gzip\r\n\r\n", Status(&[400])),
        ("chunks that are unknown", "GET / HTTP/1.1\r\n{H}Transfer-Encoding: xchunked\r\n\r\n", Status(&[400, 501])),
        ("chunks in HTTP/1.0", "GET / HTTP/1.0\r\n{H}Transfer-Encoding: chunked\r\n\r\n", Status(&[400, 413])),
        ("a body that nobody wants", "GET / HTTP/1.1\r\n{H}Content-Length: 5\r\n\r\nhello", Status(&[413])),
        ("a body of chunks", "GET / HTTP/1.1\r\n{H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Status(&[413])),
        ("POST, which is not allowed here", "POST / HTTP/1.1\r\n{H}Content-Length: 5\r\n\r\nhello", Status(&[405])),
        ("an expectation that cannot be met", "GET / HTTP/1.1\r\n{H}Expect: miracles\r\n\r\n", Status(&[417])),
        ("CONNECT", "CONNECT taller.local:443 HTTP/1.1\r\n{H}\r\n", Status(&[400, 405])),
    ];
    let mut wrong: Vec<String> = cases
        .iter()
        .filter_map(|(name, bytes, expected)| check(&edge, name, bytes.replace("{H}", HOST).as_bytes(), expected))
        .collect();
    let bytes = [b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n".as_slice(), b"\0".repeat(64).as_slice()].concat();
    wrong.extend(check(&edge, "bytes that are no text in Host", &bytes, &Status(&[400])));
    wrong.extend(check(&edge, "NULs", &[0; 512], &Refused));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let edge = Edge::start();
    let mut client = edge.connect();
    // No delay, one write a byte: the box sees every prefix of a request and must wait.
    for byte in b"GET /health/live HTTP/1.1\r\nHost: taller.local\r\nAccept: */*\r\n\r\n" {
        client.send(&[*byte]);
    }
    assert_eq!(client.reply(false).expect("an answer").status, 200);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let edge = Edge::start();
    let mut client = edge.connect();
    let paths = ["/health/live", "/missing", "/_edge/display.json", "/health/ready"];
    let bytes: String = paths.map(|path| format!("GET {path} HTTP/1.1\r\n{HOST}\r\n")).concat();
    client.send(bytes.as_bytes());
    let statuses = paths.map(|_| client.reply(false).expect("an answer").status);
    assert_eq!(statuses, [200, 404, 200, 200]);
}

#[test]
fn connections_stay_and_end_as_asked() {
    let edge = Edge::start();
    let ends = |client: &mut Client| {
        client.reply(false).expect("an answer");
        client.reply(false).is_none()
    };
    let mut client = edge.connect();
    assert_eq!(client.request("GET", "/health/live", &[]).status, 200);
    client.send_request("GET", "/health/live", &[("connection", "close")]);
    assert!(ends(&mut client), "Connection: close");

    let mut client = edge.connect();
    client.send(b"GET /health/live HTTP/1.0\r\n\r\n");
    assert!(ends(&mut client), "HTTP/1.0");

    let mut client = edge.connect();
    client.send(b"GET /health/live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let first = client.reply(false).expect("an answer");
    assert_eq!(first.field("connection"), Some("keep-alive"));
    client.send(b"GET /health/live HTTP/1.0\r\n\r\n");
    assert!(ends(&mut client), "HTTP/1.0 kept alive once");
}

#[test]
fn nothing_of_a_refused_body_becomes_a_request() {
    let edge = Edge::start();
    let smuggled = "GET /health/live HTTP/1.1\r\nHost: taller.local\r\n\r\n";
    for framing in [format!("Content-Length: {}", smuggled.len()), "Transfer-Encoding: chunked".into()] {
        let mut client = edge.connect();
        client.send(format!("GET / HTTP/1.1\r\n{HOST}{framing}\r\n\r\n{smuggled}").as_bytes());
        let reply = client.reply(false).expect("an answer");
        assert_eq!((reply.status, reply.field("connection")), (413, Some("close")), "{framing}");
        assert_eq!(client.reply(false), None, "{framing}");
    }
}
