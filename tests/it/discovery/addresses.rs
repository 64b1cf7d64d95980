//! Which address people are shown, and the message where none is of use.

use serde_json::Value;

use super::edge::Found;
use super::peer::addresses;
use super::ssdp::presentation;
use crate::support::eventually;
use crate::support::lab::{Host, Lab};

fn status(found: &Found<'_>) -> Value {
    serde_json::from_str(&found.get("/_edge/status.json")).expect("JSON")
}

/// The addresses to type, without the name.
fn typed(found: &Found<'_>) -> Vec<String> {
    let status = status(found);
    let all = status["addresses"].as_array().expect("a list");
    let ips = all.iter().filter(|address| address["kind"] == "ip");
    ips.map(|address| address["url"].as_str().expect("text").to_owned()).collect()
}

/// Waits until the network's trouble is of this kind, then looks at every place that people look at.
fn wait_for_trouble(host: &Host, found: &Found<'_>, kind: &str, es: &str, en: &str) {
    eventually(kind, || status(found)["network"]["trouble"]["kind"] == kind);
    found.wait_for_health("degraded", en);
    let status = status(found);
    assert_eq!(status["health"]["status"], "degraded");
    assert_eq!(status["addresses"], serde_json::json!([]), "nothing to type");
    let data = found.edge.data().to_str().expect("text");
    for (lang, query, words, none) in [
        ("es_ES.UTF-8", "es", es, "Todavía no hay dirección para los televisores"),
        ("C", "en", en, "There is no address for the TVs yet"),
    ] {
        let page = found.get(&format!("/_edge/?lang={query}"));
        assert!(page.contains(words) && page.contains(none) && !page.contains("<svg"), "{page}");
        assert!(!page.contains("Todo bien") && !page.contains("All is well"), "{page}");
        let program = env!("CARGO_BIN_EXE_workshop-edge");
        let said = host.run("env", &[&format!("LANG={lang}"), program, "status", "--data-dir", data]);
        assert!(said.contains(words) && said.contains(none), "{said}");
    }
}

#[test]
fn an_address_that_the_box_gave_itself_is_no_address_for_tvs() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["169.254.9.1/16"]), lab.host("switch", &["169.254.9.2/16"]));
    let found = Found::start(&host);
    found.wait_for_name("taller.local");
    wait_for_trouble(
        &host,
        &found,
        "self_assigned",
        "El equipo se ha puesto 169.254.9.1, que no sirve para los televisores. Compruebe que el cable",
        "The box has given itself 169.254.9.1, which is of no use to TVs. Check that the cable",
    );
    // A laptop beside it finds the box all the same.
    assert_eq!(addresses(&peer, "taller.local"), ["169.254.9.1"]);

    // The router is on at last.
    host.add_address("10.9.0.1/24");
    eventually("an address to type", || typed(&found) == ["http://10.9.0.1"]);
    found.wait_for_health("ok", "");
    assert!(found.get("/_edge/").contains("<svg"));
}

#[test]
fn a_cable_without_an_address_and_a_cable_that_is_not_there_are_distinguished() {
    let lab = Lab::new(&["switch"]);
    let host = lab.bare_host();
    let cable = lab.plug(&host, "eth0", "switch");
    let found = Found::start(&host);
    wait_for_trouble(
        &host,
        &found,
        "no_address",
        "El cable está conectado, pero el router no ha dado ninguna dirección (DHCP)",
        "The cable is connected, but the router has given no address (DHCP)",
    );
    lab.pull(&cable);
    wait_for_trouble(&host, &found, "no_link", "Sin red: no hay cable conectado", "No network: no cable is plugged in");
}

#[test]
fn an_address_that_the_machine_no_longer_has_is_not_shown() {
    let lab = Lab::new(&["switch"]);
    let host = lab.host("switch", &["10.9.0.1/24"]);
    let found = Found::configured(&host, "[listen]\nhttp = [\"127.0.0.1:80\", \"10.9.0.1:80\"]\n", None);
    eventually("an address to type", || typed(&found).first().is_some_and(|url| url == "http://10.9.0.1"));
    host.remove_address("10.9.0.1/24");
    host.add_address("10.9.0.7/24");
    wait_for_trouble(
        &host,
        &found,
        "not_served",
        "ninguna de sus direcciones está en listen.http",
        "none of its addresses is in listen.http",
    );
}

#[test]
fn the_address_that_the_lan_reaches_comes_first() {
    let lab = Lab::new(&["switch", "other"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.200/24"]), lab.host("switch", &["10.9.0.9/24"]));
    // Another of the same network, one of another network, and interfaces that no TV is on.
    host.add_address("10.9.0.3/24");
    host.add_address("10.1.0.1/24");
    for (interface, address) in [("wg0", "10.0.0.1/24"), ("docker0", "172.17.0.1/16"), ("eth1", "10.0.1.1/24")] {
        lab.plug(&host, interface, "other");
        host.ip(&["address", "add", address, "dev", interface]);
    }
    host.ip(&["route", "add", "default", "via", "10.0.0.254", "dev", "wg0"]);
    let found = Found::start(&host);
    // Without a default route of its own, the kernel's primary address of the first interface.
    found.wait_for_name("taller.local");
    assert_eq!(typed(&found), ["http://10.9.0.200"]);
    let all: Vec<Value> = status(&found)["network"]["addresses"].as_array().expect("a list")[..3].to_vec();
    assert_eq!(all, ["10.9.0.200", "10.1.0.1", "10.9.0.3"]);
    assert_eq!(presentation(&peer, "10.9.0.200"), "http://10.9.0.200:80/");

    // The router is on the other network.
    host.ip(&["route", "add", "default", "via", "10.1.0.254", "dev", "eth0", "metric", "700"]);
    eventually("the address beside the router", || typed(&found) == ["http://10.1.0.1"]);
    // It says which address of ours it knows.
    host.ip(&["route", "replace", "default", "via", "10.1.0.254", "dev", "eth0", "src", "10.9.0.3", "metric", "700"]);
    eventually("the address of the route", || typed(&found) == ["http://10.9.0.3"]);
}
