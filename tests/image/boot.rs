//! A flashed stick, as it is: found on the network, and shown on its own screen.

use crate::avahi::Avahi;
use crate::disk::Disk;
use crate::lan::{LEASED_ADDRESS, Lan};
use crate::machine::Setup;
use crate::support::scan;

#[test]
fn a_flashed_stick_is_found_and_says_where() {
    let (lan, stick) = (Lan::new(), Disk::flashed());
    let avahi = Avahi::start(&lan.tv, "tv");
    let mut machine = Setup::stick(&stick).start(&lan, "boot");

    let page = machine.wait("the display", |_| lan.get(&format!("http://{LEASED_ADDRESS}/")));
    assert!(page.contains("<html"), "{page}");
    let address = machine.wait("its name", |_| avahi.resolve("-4", "taller.local"));
    assert_eq!(address, LEASED_ADDRESS);
    let services = machine.wait("its service", |_| {
        let found = avahi.browse("_workshop-edge._sub._http._tcp");
        found.contains(";taller.local;").then_some(found)
    });
    assert!(services.contains(LEASED_ADDRESS), "{services}");

    // The box's own screen.
    let url = format!("http://{LEASED_ADDRESS}");
    let picture = machine.wait("the code on its screen", |machine| {
        let picture = machine.screenshot("boot");
        (scan(&picture).as_deref() == Some(&url)).then_some(picture)
    });
    assert!(picture.is_file());

    // No unit was left out.
    assert!(!machine.said().contains("ordering cycle"), "{}", machine.said());
    // Nothing is amiss with a new stick, though its partitions were not all there. Only the clock has nobody to ask.
    let health = lan.get(&format!("{url}/health")).expect("health");
    assert!(health.contains("\"machine\":{\"status\":\"ok\""), "{health}");

    // Nothing else listens.
    let status = lan.json(&format!("{url}/_edge/status.json")).expect("a status");
    assert_eq!(status["addresses"][0]["url"], url.as_str(), "{status}");
    for port in [22, 53, 111, 5355, 8080] {
        assert!(!lan.is_open(LEASED_ADDRESS, port), "port {port}");
    }
    assert!(lan.is_open(LEASED_ADDRESS, 443));
    // What it remembers is on a partition that takes the rest of the stick.
    let disk = status["disk"]["total_bytes"].as_u64().expect("a size");
    assert!(disk > 600 << 20, "{status}");
    assert!(stick.partition(3) > stick.partition(2));
}

#[test]
fn a_clock_that_has_stopped_is_no_obstacle_and_is_set_by_the_network() {
    let (lan, stick) = (Lan::new(), Disk::flashed());
    let mut machine = Setup::stick(&stick).clock("2010-01-01T00:00:00").start(&lan, "clock");
    let url = format!("http://{LEASED_ADDRESS}/_edge/status.json");
    let status = machine.wait("the status", |_| lan.json(&url));
    // As late as the image at least, and said to be doubtful.
    let time = status["clock"]["utc"].as_str().expect("a time");
    assert!(time >= "2026", "{status}");
    assert_eq!(status["clock"]["trusted"], false, "{status}");
    // The time server that the router names (DHCP option 42) comes up later than the box, as after a power failure.
    let _time = lan.time_server();
    machine.wait("a clock that is right", |_| lan.json(&url).filter(|status| status["clock"]["trusted"] == true));
}
