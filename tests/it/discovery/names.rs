//! Who has which name.

use std::collections::BTreeSet;

use super::avahi::Avahi;
use super::edge::Found;
use super::peer::{addresses, listen, service, wait_for_addresses};
use crate::support::eventually;
use crate::support::lab::{Host, Lab};

const WORDS: &str = "taller.local belongs to another; this box is taller-2.local";

#[test]
fn the_second_box_gets_another_name_and_says_so() {
    let lab = Lab::new(&["switch"]);
    let (one, other) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let peer = lab.host("switch", &["10.9.0.3/24"]);
    let avahi = Avahi::start(&peer, "peer");
    let heard = listen(&lab.host("switch", &["10.9.0.4/24"]));
    let first = Found::start(&one);
    first.wait_for_name("taller.local");
    let second = Found::start(&other);
    second.wait_for_name("taller-2.local");
    second.wait_for_health("degraded", WORDS);
    assert_eq!(first.name().as_deref(), Some("taller.local"));
    assert_eq!(first.health().0, "ok");

    assert_eq!(addresses(&peer, "taller.local"), ["10.9.0.1"]);
    assert_eq!(addresses(&peer, "taller-2.local"), ["10.9.0.2"]);
    eventually("both are browsed", || {
        let lines = avahi.browse("_workshop-edge._sub._http._tcp");
        let found: BTreeSet<Vec<&str>> = lines
            .lines()
            .filter(|line| line.starts_with("=;eth0;IPv4;"))
            .map(|line| line.split(';').skip(6).take(2).collect())
            .collect();
        found == BTreeSet::from([vec!["taller.local", "10.9.0.1"], vec!["taller-2.local", "10.9.0.2"]])
    });
    let id = std::fs::read_to_string(second.edge.data().join("box-id")).expect("an id");
    let instance = format!("taller {}._http._tcp.local", &id[..4]);
    let records = service(&peer, &instance);
    assert!(records.contains(&format!("{instance} SRV taller-2.local:80")), "{records:?}");
    assert!(records.contains(&"taller-2.local A 10.9.0.2".to_owned()), "{records:?}");
    assert!(!records.iter().any(|record| record.contains("taller.local")), "it poisons caches: {records:?}");
    assert!(heard.has_heard("10.9.0.2 _ taller-2.local A 10.9.0.2"), "{}", heard.heard());
    assert!(!heard.has_heard("_ _ taller.local A 10.9.0.2"), "it poisons caches:\n{}", heard.heard());
}

#[test]
fn boxes_from_copies_of_one_disk_say_so_until_one_has_an_id_of_its_own() {
    let lab = Lab::new(&["switch"]);
    let (one, other) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let first = Found::start(&one);
    first.wait_for_name("taller.local");
    let id = || std::fs::read_to_string(first.edge.data().join("box-id")).expect("an id");
    let copy = tempfile::tempdir().expect("a directory");
    std::fs::write(copy.path().join("box-id"), id()).expect("copied");
    // With another name in its configuration, only the id tells.
    let second = Found::configured(&other, "[discovery]\nname = \"nave\"\n", Some(copy.path()));
    second.wait_for_name("nave.local");

    for (host, found, twin) in [(&one, &first, "10.9.0.2"), (&other, &second, "10.9.0.1")] {
        eventually("the other is seen", || found.check("identity").0 == "degraded");
        assert!(found.check("identity").1.starts_with(&format!("The box at {twin} has the same identifier")));
        let spanish = format!("El equipo de {twin} tiene el mismo identificador que este");
        eventually("the page says it", || found.get("/_edge/?lang=es").contains(&spanish));
        let data = found.edge.data().to_str().expect("text");
        let said = host.run(env!("CARGO_BIN_EXE_workshop-edge"), &["status", "--data-dir", data]);
        assert!(said.contains("workshop-edge factory-reset"), "{said}");
    }

    // The advice shown helps.
    let data = second.edge.data().to_str().expect("text");
    other.run(env!("CARGO_BIN_EXE_workshop-edge"), &["factory-reset", "--yes", "--data-dir", data]);
    eventually("another id", || std::fs::read_to_string(copy.path().join("box-id")).is_ok_and(|new| new != id()));
    second.wait_for_name("nave.local");
    for found in [&first, &second] {
        eventually("nobody else has the id", || found.check("identity").0 == "ok");
    }
}

#[test]
fn boxes_that_start_together_get_different_names() {
    let lab = Lab::new(&["switch"]);
    let (one, other) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let peer = lab.host("switch", &["10.9.0.3/24"]);
    let (first, second) = (Found::start(&one), Found::start(&other));
    distinct(&peer, [(&first, "10.9.0.1"), (&second, "10.9.0.2")]);
}

/// Waits until two boxes have different names, and each name leads to its box alone.
fn distinct(peer: &Host, boxes: [(&Found<'_>, &str); 2]) {
    eventually("different names", || {
        let [one, other] = boxes.map(|(found, _)| found.name());
        one.is_some() && other.is_some() && one != other
    });
    for (found, address) in boxes {
        let name = found.name().expect("a name");
        wait_for_addresses(peer, &name, &[address]);
    }
}

#[test]
fn a_name_of_avahis_is_left_to_it() {
    let lab = Lab::new(&["switch"]);
    let (host, owner) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let peer = lab.host("switch", &["10.9.0.3/24"]);
    let avahi = Avahi::start(&owner, "taller");
    wait_for_addresses(&peer, "taller.local", &["10.9.0.2"]);
    let found = Found::start(&host);
    found.wait_for_name("taller-2.local");
    found.wait_for_health("degraded", WORDS);
    assert_eq!(addresses(&peer, "taller.local"), ["10.9.0.2"]);
    assert_eq!(addresses(&peer, "taller-2.local"), ["10.9.0.1"]);
    assert_eq!(avahi.name().as_deref(), Some("taller.local"));
}

#[test]
fn two_networks_that_become_one_leave_two_names() {
    let lab = Lab::new(&["north", "south"]);
    let (one, other) = (lab.host("north", &["10.9.0.1/24"]), lab.host("south", &["10.9.0.2/24"]));
    let peer = lab.host("north", &["10.9.0.3/24"]);
    let (first, second) = (Found::start(&one), Found::start(&other));
    first.wait_for_name("taller.local");
    second.wait_for_name("taller.local");
    lab.join("north", "south");
    distinct(&peer, [(&first, "10.9.0.1"), (&second, "10.9.0.2")]);
    let names = BTreeSet::from([first.name(), second.name()]);
    assert_eq!(names, BTreeSet::from([Some("taller.local".to_owned()), Some("taller-2.local".to_owned())]));
}

#[test]
fn a_name_lasts_over_restarts() {
    let lab = Lab::new(&["switch"]);
    let (one, other) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let data = tempfile::tempdir().expect("a directory");
    let first = Found::start(&one);
    first.wait_for_name("taller.local");
    let second = Found::configured(&other, "", Some(data.path()));
    second.wait_for_name("taller-2.local");
    second.edge.stop();
    first.edge.stop();

    let mut name = None;
    let second = Found::configured(&other, "", Some(data.path()));
    eventually("a name", || {
        name = second.name();
        name.is_some()
    });
    assert_eq!(name.as_deref(), Some("taller-2.local"), "whoever owns taller may only be starting anew");
}

#[test]
fn the_wanted_name_is_taken_back_when_it_is_free() {
    let lab = Lab::new(&["switch"]);
    let (one, other) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let peer = lab.host("switch", &["10.9.0.3/24"]);
    let heard = listen(&peer);
    let data = tempfile::tempdir().expect("a directory");
    let config = "[discovery]\nreclaim_after_s = 5\n";
    let first = Found::start(&one);
    first.wait_for_name("taller.local");
    let second = Found::configured(&other, config, Some(data.path()));
    second.wait_for_name("taller-2.local");
    first.edge.stop();
    second.wait_for_name("taller.local");
    assert_eq!(second.health().0, "ok");
    wait_for_addresses(&peer, "taller.local", &["10.9.0.2"]);
    heard.wait_to_hear("10.9.0.2 0 taller-2.local A 10.9.0.2");
    let kept = std::fs::read_to_string(data.path().join("discovery-name")).expect("kept");
    assert_eq!(kept, "taller\ntaller\n");
}
