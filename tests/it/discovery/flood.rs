//! What hostile or broken hosts send.

use super::edge::Found;
use super::peer::{flood, wait_for_addresses};
use crate::support::lab::Lab;

/// MiB that the box may have in RAM from the flood on; what its start takes is measured with the binary of a release.
const MAX: u64 = 40;

#[test]
fn malformed_datagrams_do_nothing() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let found = Found::start(&host);
    found.wait_for_name("taller.local");
    found.forget_most_memory();
    flood(&peer, "malformed", 80_000);
    wait_for_addresses(&peer, "taller.local", &["10.9.0.1"]);
    assert_eq!(found.metric("workshop_edge_discovery_responders"), 1, "one responder lives through all of it");
    assert_eq!(found.metric("workshop_edge_discovery_cached_records"), 0, "it keeps nothing of others");
    assert!(found.most_memory() <= MAX, "{} MiB", found.most_memory());
}

#[test]
fn unsolicited_records_fill_no_memory_and_silence_nobody() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let found = Found::start(&host);
    found.wait_for_name("taller.local");
    found.forget_most_memory();
    flood(&peer, "unsolicited", 15_000);
    wait_for_addresses(&peer, "taller.local", &["10.9.0.1"]);
    assert_eq!(found.metric("workshop_edge_discovery_responders"), 1, "one responder lives through all of it");
    assert_eq!(found.metric("workshop_edge_discovery_cached_records"), 0, "it keeps nothing of others");
    assert!(found.most_memory() <= MAX, "{} MiB", found.most_memory());
}
