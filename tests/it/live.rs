//! The live channel and `/api` of a box without an ERP.

use flate2::read::GzDecoder;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Edge, EventStream, Setup, dist, eventually};

/// A live channel, event by event.
struct Channel(EventStream);

/// What came.
#[derive(Debug, PartialEq)]
enum Piece {
    Retry(String),
    Event { id: String, data: Value },
    Heartbeat,
    End,
}

/// As an engine asks for a stream, and as one does that reads no gzip.
const CODINGS: [&str; 2] = ["Accept-Encoding: gzip, deflate\r\n", ""];

impl Channel {
    fn open(edge: &Edge, version: &str, fields: &str) -> Self {
        Self(EventStream::live(edge, version, fields))
    }

    /// The next piece; lines of chunked framing are skipped. What is compressed has to end as a whole file.
    fn next(&mut self) -> Piece {
        let mut id = String::new();
        while let Some(line) = self.0.line() {
            if let Some(retry) = line.strip_prefix("retry: ") {
                return Piece::Retry(retry.to_owned());
            } else if let Some(given) = line.strip_prefix("id: ") {
                given.clone_into(&mut id);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Piece::Event { id, data: serde_json::from_str(data).expect("JSON") };
            } else if line == ":" {
                return Piece::Heartbeat;
            }
        }
        Piece::End
    }
}

/// A box whose channels say something every second, and which waits for connections when it stops.
fn start() -> Edge {
    Setup::new("[limits]\nkeep_alive_idle_s = 2\n[shutdown]\ngrace_s = 600\n").start()
}

fn whole(edge: &Edge) -> Value {
    serde_json::from_slice(&edge.get("/_edge/live.json", &[]).body).expect("JSON")
}

#[test]
fn a_channel_begins_with_everything_lives_on_and_ends_with_the_box() {
    let mut edge = start();
    let kinds = ["HTTP/1.1", "HTTP/1.0"].iter().flat_map(|version| CODINGS.map(|coding| (version, coding)));
    let mut channels: Vec<_> = kinds.clone().map(|(version, coding)| Channel::open(&edge, version, coding)).collect();
    for (channel, (version, coding)) in channels.iter_mut().zip(kinds) {
        assert_eq!(channel.next(), Piece::Retry("2000".into()));
        let Piece::Event { id, data } = channel.next() else { panic!("no event") };
        assert_eq!(data["id"], id.as_str());
        assert_eq!((&data["link"]["state"], &data["link"]["reason"]), (&json!("off"), &Value::Null));
        assert!(data["link"]["since_s"].is_u64() && data["max_stale_s"].is_u64());
        let parts = data["parts"].as_object().expect("an object");
        assert_eq!(parts.len(), 11);
        assert!(parts.contains_key("machines") && parts.values().all(Value::is_null));
        // Longer than an idle connection may live.
        for _ in 0..4 {
            assert_eq!(channel.next(), Piece::Heartbeat);
        }
        let mut again = Channel::open(&edge, version, &format!("{coding}Last-Event-ID: {id}\r\n"));
        assert_eq!([again.next(), again.next()], [Piece::Retry("2000".into()), Piece::Heartbeat]);
        let mut other = Channel::open(&edge, version, &format!("{coding}Last-Event-ID: another-1\r\n"));
        assert_eq!(other.next(), Piece::Retry("2000".into()));
        assert!(matches!(other.next(), Piece::Event { .. }));
    }
    let mut poll = edge.connect();
    poll.send_request("GET", &format!("/_edge/live.json?since={}", whole(&edge)["id"].as_str().expect("an id")), &[]);
    edge.signal(Signal::TERM);
    for channel in &mut channels {
        while channel.next() != Piece::End {}
    }
    // Nobody waits for 25 s when the box stops, unless the request was never read.
    if let Some(reply) = poll.reply(false) {
        assert_eq!(reply.status, 200);
    }
    assert_eq!(edge.wait().code(), Some(0));
}

#[test]
fn a_chunked_channel_ends_as_it_should() {
    let mut edge = start();
    let mut channel = Channel::open(&edge, "HTTP/1.1", "");
    while channel.next() != Piece::Heartbeat {}
    edge.signal(Signal::TERM);
    let mut lines = Vec::new();
    while let Some(line) = channel.0.line() {
        lines.push(line);
    }
    assert!(lines.ends_with(&["0".to_owned(), String::new()]), "{lines:?}");
    assert_eq!(edge.wait().code(), Some(0));
}

#[test]
fn a_channel_that_is_left_is_closed_and_a_request_in_it_gets_no_answer() {
    let edge = Setup::new("").start();
    let mut channel = Channel::open(&edge, "HTTP/1.1", "");
    assert_eq!(channel.next(), Piece::Retry("2000".into()));
    channel.0.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(matches!(channel.next(), Piece::Event { .. }));
    let left = Channel::open(&edge, "HTTP/1.1", "");
    let open = || edge.metric("workshop_edge_http_connections_open");
    eventually("both are open beside the one that asks", || open() >= 3.0);
    drop(left);
    eventually("one is gone", || open() <= 2.0);
}

#[test]
fn without_events_a_request_gets_what_is_newer() {
    let edge = Setup::new("").start();
    let reply = edge.get("/_edge/live.json", &[]);
    assert_eq!((reply.status, reply.field("cache-control")), (200, Some("no-store")));
    let everything = whole(&edge);
    assert_eq!(everything["link"]["state"], "off");
    for query in ["?since=", "?since=another-1", "?since=ffffffff-1", "?other=1"] {
        let reply: Value =
            serde_json::from_slice(&edge.get(&format!("/_edge/live.json{query}"), &[]).body).expect("JSON");
        assert_eq!(reply["parts"], everything["parts"], "{query}");
    }
    let mut client = edge.connect();
    let packed = client.request("GET", "/_edge/live.json", &[("accept-encoding", "gzip, deflate")]);
    assert_eq!((packed.field("content-encoding"), packed.field("vary")), (Some("gzip"), Some("accept-encoding")));
    let unpacked: Value = serde_json::from_reader(GzDecoder::new(&packed.body[..])).expect("JSON");
    assert_eq!(unpacked["parts"], everything["parts"]);
    for path in ["/_edge/live", "/_edge/live.json"] {
        let refused = client.request("GET", path, &[("accept-encoding", "identity;q=0")]);
        assert_eq!((refused.status, refused.field("vary")), (406, Some("accept-encoding")));
    }
    let head = client.request("HEAD", "/_edge/live.json", &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(client.request("HEAD", "/_edge/live", &[]).status, 200);
    let post = client.request("POST", "/_edge/live", &[]);
    assert_eq!((post.status, post.field("allow")), (405, Some("GET, HEAD, OPTIONS")));
    assert!(edge.metric("workshop_edge_http_requests_total{route=\"live\",status=\"200\"}") >= 7.0);
}

#[test]
fn without_an_erp_its_paths_are_the_sites() {
    let files: &[(&str, &[u8])] = &[("index.html", b"the page"), ("api/machines", b"of the site")];
    let edge = Setup::new("").site(dist(files).path()).start();
    assert_eq!(edge.get("/api/machines", &[]).body, b"of the site");
    assert_eq!(edge.get("/api/alerts", &[]).status, 404);
    let page = edge.get("/api/alerts", &[("accept", "text/html")]);
    assert_eq!((page.status, &page.body[..]), (200, &b"the page"[..]));
    let post = edge.connect().request("POST", "/api/machines", &[]);
    assert_eq!((post.status, post.field("content-type")), (405, Some("text/plain; charset=utf-8")));
}
