//! A foreign name that leads to the box (DNS rebinding) gets the display, and nothing of the box.

use crate::support::{Edge, Setup};

/// The status of a request with this Host.
fn asked_as(edge: &Edge, path: &str, host: &str) -> u16 {
    let mut client = edge.connect();
    client.send(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
    client.reply(false).expect("an answer").status
}

fn nave() -> Edge {
    Setup::new("[listen]\nnames = [\"pantalla.empresa.example\"]\n[discovery]\nname = \"nave\"\n").start()
}

#[test]
fn a_foreign_name_is_refused_for_what_is_the_boxs_own() {
    let edge = nave();
    for path in ["/_edge/", "/_edge/status.json", "/_edge/display.json", "/_edge/events?x", "/_edge/admin", "/api/x"] {
        for host in ["evil.example", "taller.local", "nave.local.evil.example", "10.0.0.1.evil.example"] {
            assert_eq!(asked_as(&edge, path, host), 421, "{path} as {host}");
        }
    }
    // An absolute-form target names the host too.
    let mut client = edge.connect();
    client.send(b"GET http://evil.example/_edge/display.json HTTP/1.1\r\nHost: nave.local\r\n\r\n");
    assert_eq!(client.reply(false).expect("an answer").status, 421);
    for path in ["/", "/health", "/metrics"] {
        assert_eq!(asked_as(&edge, path, "evil.example"), 200, "{path}");
    }
}

#[test]
fn every_name_of_its_own_and_every_address_is_answered() {
    let edge = nave();
    let address = edge.address().to_string();
    for host in
        ["nave.local", "NAVE.local.:8080", "nave", "pantalla.empresa.example", "localhost", &address, "[fe80::1]"]
    {
        assert_eq!(asked_as(&edge, "/_edge/display.json", host), 200, "{host}");
    }
}
