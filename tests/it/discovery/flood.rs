//! What hostile or broken hosts send.

use super::edge::{Found, PEER, PYTHON, addresses};
use super::lab::Lab;

/// MiB that the box may ever have in RAM.
const MOST: u64 = 40;

fn flooded(kind: &str, count: &str) {
    let lab = Lab::new(&["switch"]);
    let host = lab.host("switch", &["10.9.0.1/24"]);
    let peer = lab.host("switch", &["10.9.0.2/24"]);
    let found = Found::start(&host);
    found.wait_for_name("taller.local");
    peer.run(PYTHON, &[PEER, "flood", kind, count]);
    found.wait_for_name("taller.local");
    assert_eq!(addresses(&peer, "taller.local").into_iter().collect::<Vec<_>>(), ["10.9.0.1"]);
    let most = found.most_memory();
    assert!(most <= MOST, "{most} MiB");
}

#[test]
fn malformed_datagrams_do_nothing() {
    flooded("malformed", "80000");
}

#[test]
fn unsolicited_records_fill_no_memory() {
    flooded("unsolicited", "15000");
}
