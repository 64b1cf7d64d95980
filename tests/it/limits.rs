//! What a peer may take, and that one peer's greed is not the others' loss.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use rustix::process::Signal;

use crate::support::{Client, Edge, Setup, dist, eventually};

#[test]
fn a_head_that_is_too_large_or_has_too_many_fields_is_refused() {
    let edge = Setup::new("[limits]\nheader_bytes = 8192\nheader_count = 20\n").start();
    let large = "x".repeat(20_000);
    assert_eq!(edge.get("/", &[("x-large", &large)]).status, 431);
    let mut client = edge.connect();
    client.send(format!("GET /{} HTTP/1.1\r\nHost: tv\r\n\r\n", "x".repeat(70_000)).as_bytes());
    assert!([414, 431].contains(&client.reply(false).expect("an answer").status));
    let many: Vec<(String, String)> = (0..30).map(|number| (format!("x-{number}"), "v".into())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(edge.get("/", &many).status, 431);
    assert_eq!(edge.get("/", &many[..10]).status, 200);
}

#[test]
fn a_slow_head_is_cut_off_however_it_dribbles() {
    let edge = Setup::new("[limits]\nheader_timeout_s = 1\nkeep_alive_idle_s = 3600\n").start();
    let mut silent = edge.connect();
    let mut half = edge.connect();
    half.send(b"GET / HTTP/1.1\r\nHost: tv\r\nX-Slow: ");
    let mut second = edge.connect();
    assert_eq!(second.request("GET", "/health/live", &[]).status, 200);
    second.send(b"GET / HTT");
    for client in [&mut silent, &mut half, &mut second] {
        assert_eq!(client.reply(false), None);
    }
    edge.wait_for_metric("workshop_edge_http_connections_rejected_total{reason=\"header_timeout\"}", 3.0);
}

#[test]
fn an_idle_connection_has_its_own_longer_time() {
    let edge = Setup::new("[limits]\nheader_timeout_s = 1\nkeep_alive_idle_s = 2\n").start();
    let mut client = edge.connect();
    assert_eq!(client.request("GET", "/health/live", &[]).status, 200);
    client.wait_for_close();
    edge.wait_for_metric("workshop_edge_http_connections_rejected_total{reason=\"idle\"}", 1.0);
    assert!(edge.metric("workshop_edge_http_connections_rejected_total{reason=\"header_timeout\"}") < 1.0);
}

#[test]
fn a_connection_that_rested_goes_on_where_it_was() {
    let edge = Setup::new("").start();
    let resting = "workshop_edge_http_connections_resting";
    let mut client = edge.connect();
    assert_eq!(client.request("GET", "/health/live", &[]).status, 200);
    edge.wait_for_metric(resting, 1.0);
    // The first bytes wake it, and the rest of the head may come later.
    client.send(b"GET /health/live HTTP/1.1\r\nHo");
    eventually("it is awake", || edge.metric(resting) < 1.0);
    client.send(b"st: tv\r\n\r\nGET /missing HTTP/1.1\r\nHost: tv\r\n\r\n");
    assert_eq!(client.reply(false).expect("an answer").status, 200);
    assert_eq!(client.reply(false).expect("an answer").status, 404);

    edge.wait_for_metric(resting, 1.0);
    let long = "x".repeat(6000);
    assert_eq!(client.request("GET", "/health/live", &[("x-long", &long)]).status, 200);
    edge.wait_for_metric(resting, 1.0);
    edge.signal(Signal::TERM);
    assert_eq!(client.reply(false), None);
    edge.wait_for_log("\"stopped\"");
}

/// A film larger than all socket buffers on the way.
fn film() -> tempfile::TempDir {
    dist(&[("index.html", b"x"), ("film.mp4", &vec![7; 32 * 1024 * 1024])])
}

#[test]
fn a_peer_that_stops_reading_is_cut_off() {
    let dist = film();
    let edge = Setup::new("[limits]\nwrite_stall_s = 1\n").site(dist.path()).start();
    let mut client = edge.connect();
    client.send_request("GET", "/film.mp4", &[]);
    edge.wait_for_metric("workshop_edge_http_connections_rejected_total{reason=\"write_stall\"}", 1.0);
}

#[test]
fn a_peer_that_never_reads_a_short_answer_is_cut_off_too() {
    // Small enough for the kernel to take it whole, too large for the peer's window.
    let dist = dist(&[("index.html", b"x"), ("page.bin", &vec![7; 200 * 1024])]);
    let edge = Setup::new("[limits]\nwrite_stall_s = 1\n").site(dist.path()).start();
    let client = crate::support::deaf_client(edge.address(), b"GET /page.bin HTTP/1.1\r\nHost: tv\r\n\r\n");
    eventually("only the asker is there", || edge.metric("workshop_edge_http_connections_open") < 2.0);
    drop(client);
}

#[test]
fn slow_peers_hold_nobody_up() {
    const SLOW: u32 = 201;
    let dist = film();
    // Nobody is cut off for being slow while this runs.
    let limits = "[limits]\nheader_timeout_s = 300\nkeep_alive_idle_s = 300\nwrite_stall_s = 300\n";
    let edge = Setup::new(limits).site(dist.path()).start();
    let mut slow: Vec<Client> = (0..SLOW)
        .map(|number| {
            let mut client = edge.connect();
            match number % 3 {
                0 => client.send(b"GET / HTTP/1.1\r\n"),
                1 => {
                    client.send_request("GET", "/film.mp4", &[]);
                    // Its answer is under way, and goes no further than the buffers.
                    assert_eq!(client.head().expect("an answer").0, 200);
                }
                _ => {}
            }
            client
        })
        .collect();
    // And the one that asks.
    let all = f64::from(SLOW + 1);
    edge.wait_for_metric("workshop_edge_http_connections_open", all);
    for _ in 0..100 {
        assert_eq!(edge.get("/", &[]).status, 200);
    }
    // All that while the slow were there: they get their answers now.
    assert!(edge.metric("workshop_edge_http_connections_open") >= all);
    for (number, client) in slow.iter_mut().enumerate() {
        match number % 3 {
            0 => client.send(b"Host: tv\r\n\r\n"),
            1 => continue,
            _ => client.send_request("GET", "/", &[]),
        }
        assert_eq!(client.reply(false).expect("an answer").status, 200);
    }
}

const PEER_EVICTED: &str = "workshop_edge_http_connections_rejected_total{reason=\"peer_evicted\"}";

/// A connection whose answer has no end.
fn listener(edge: &Edge) -> Client {
    let mut client = edge.connect();
    client.send_request("GET", "/_edge/events", &[]);
    assert_eq!(client.head().expect("an answer").0, 200);
    client
}

#[test]
fn whoever_takes_all_places_of_an_address_takes_them_from_itself() {
    let dist = film();
    let config = "listen.https = [\"127.0.0.1:0\"]\ntls.mode = \"self-signed\"\nlimits.connections_per_peer = 16\n";
    let edge = Setup::new(config).site(dist.path()).start();
    let mut watching = edge.connect();
    watching.send_request("GET", "/film.mp4", &[]);
    assert_eq!(watching.head().expect("an answer").0, 200);
    let mut listening = listener(&edge);

    let mut slow = Vec::new();
    for number in 0..200 {
        let mut client = Client::connect(if number % 4 == 0 { edge.address_of("https") } else { edge.address() });
        match number % 4 {
            1 => client.send(b"GET / HTTP/1.1\r\nHost: tv\r\nX-Slow: "),
            2 => client.send_request("GET", "/health/live", &[]),
            _ => {}
        }
        slow.push(client);
        if number % 8 == 0 {
            assert_eq!(edge.get("/", &[]).status, 200, "after {number}");
        }
    }
    assert!(edge.metric(PEER_EVICTED) > 150.0);
    eventually("nobody has more than the share", || edge.metric("workshop_edge_http_connections_open") <= 16.0);
    assert!(watching.body(32 * 1024 * 1024).iter().all(|byte| *byte == 7), "an answer under way is never cut");
    assert!(String::from_utf8_lossy(&listening.body(16)).contains("data: "));
    assert_eq!(watching.request("GET", "/health/live", &[]).status, 200);
}

#[test]
fn a_full_house_says_when_to_come_back() {
    let edge = Setup::new("[limits]\nconnections = 4\nconnections_per_peer = 4\n").start();
    let mut guests: Vec<Client> = (0..4).map(|_| listener(&edge)).collect();
    let reply = edge.get("/", &[]);
    assert_eq!((reply.status, reply.field("retry-after")), (503, Some("5")));
    assert!(reply.text().contains("demasiadas pantallas") && reply.text().contains("too many screens"));

    drop(guests.pop());
    eventually("room again", || edge.get("/", &[]).status == 200);
}

fn from_elsewhere(edge: &Edge) {
    // Another loopback address is another peer.
    let other = std::process::Command::new("curl")
        .args(["-sf", "--interface", "127.0.0.2", &edge.url("/health/live")])
        .output()
        .expect("curl");
    assert!(other.status.success() && other.stdout.starts_with(b"{\"status\":\"ok\""), "{other:?}");
}

#[test]
fn one_address_cannot_take_all_connections() {
    let edge = Setup::new("[limits]\nconnections = 100\nconnections_per_peer = 2\n").start();
    let guests: Vec<Client> = (0..2).map(|_| listener(&edge)).collect();
    assert_eq!(edge.get("/", &[]).status, 503);
    from_elsewhere(&edge);
    drop(guests);
    edge.wait_for_metric("workshop_edge_http_connections_rejected_total{reason=\"peer_full\"}", 1.0);
}

#[test]
fn a_full_house_makes_room_for_other_addresses() {
    let edge = Setup::new("[limits]\nconnections = 4\nconnections_per_peer = 4\n").start();
    let _silent: Vec<Client> = (0..4).map(|_| edge.connect()).collect();
    eventually("all places are taken, or were", || {
        from_elsewhere(&edge);
        edge.metric("workshop_edge_http_connections_rejected_total{reason=\"full_evicted\"}") >= 1.0
    });
}

/// Waits for a time that is longer than the time-out of a head, which is a second: as often as is said, somebody who
/// says nothing is cut off.
fn wait_for_silent_peers(edge: &Edge, times: usize) {
    for _ in 0..times {
        edge.connect().wait_for_close();
    }
}

#[test]
fn an_answer_may_take_longer_than_an_idle_connection_lasts() {
    let dist = film();
    let edge = Setup::new("[limits]\nheader_timeout_s = 1\nkeep_alive_idle_s = 1\n").site(dist.path()).start();
    let mut slow = edge.connect();
    slow.send_request("GET", "/film.mp4", &[]);
    assert_eq!(slow.head().expect("an answer").0, 200);
    wait_for_silent_peers(&edge, 3);
    assert_eq!(slow.body(32 * 1024 * 1024).len(), 32 * 1024 * 1024);
    slow.wait_for_close();
    edge.wait_for_metric("workshop_edge_http_connections_rejected_total{reason=\"idle\"}", 1.0);
}

#[test]
fn a_body_that_comes_late_is_no_slow_head() {
    let edge = Setup::new("[limits]\nheader_timeout_s = 1\n").start();
    let mut client = edge.connect();
    let form = "pin=000000";
    let length = form.len().to_string();
    let fields = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-length", length.as_str()),
        ("expect", "100-continue"),
    ];
    client.send_request("POST", "/_edge/admin/login", &fields);
    assert_eq!(client.head().expect("an interim answer").0, 100, "the head is read, and the body awaited");
    client.send(form.as_bytes());
    assert_ne!(client.reply(false).expect("an answer").status, 408);
    wait_for_silent_peers(&edge, 3);
    assert_eq!(client.request("GET", "/health/live", &[]).status, 200, "it is kept like any other");
}

#[test]
fn a_connection_ends_after_its_share_of_requests() {
    let edge = Setup::new("[limits]\nrequests_per_connection = 3\n").start();
    let mut client = edge.connect();
    for number in 1..=3 {
        let reply = client.request("GET", "/health/live", &[]);
        assert_eq!(reply.field("connection"), (number == 3).then_some("close"));
    }
    assert_eq!(client.reply(false), None);
}

#[test]
fn without_descriptors_it_waits_and_comes_back() {
    let edge = Setup::new("[limits]\nconnections = 1000\nconnections_per_peer = 1000\n")
        .through(&["prlimit", "--nofile=32:32"])
        .start();
    let waiting = "cannot accept connections, waiting";
    let full_since = Instant::now();
    let guests: Vec<TcpStream> = (0..64).map(|_| TcpStream::connect(edge.address()).expect("queued")).collect();
    eventually("it has waited several times", || edge.logged(waiting).len() >= 5);
    // The shortest wait is 50 ms, so there are at most this many, however slow the machine is; a
    // loop that spins has its five in no time.
    let most = full_since.elapsed().as_millis() / 50 + 1;
    let waits = edge.logged(waiting).len();
    assert!(waits as u128 <= most, "{waits} waits, but at most {most} fit");

    drop(guests);
    eventually("an answer", || {
        let Ok(mut stream) = TcpStream::connect(edge.address()) else { return false };
        let _ = stream.write_all(b"GET /health/live HTTP/1.0\r\n\r\n");
        let mut text = Vec::new();
        stream.read_to_end(&mut text).is_ok() && text.starts_with(b"HTTP/1.0 200")
    });
}

#[test]
fn the_limit_of_open_files_is_raised_to_what_is_needed() {
    let edge = Setup::new("[limits]\nconnections = 2000\n").through(&["prlimit", "--nofile=256:8192"]).start();
    let limits = fs::read_to_string(format!("/proc/{}/limits", edge.pid())).expect("readable");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).expect("a line");
    assert_eq!(line.split_whitespace().nth(3), Some("2128"), "{line}");
}
