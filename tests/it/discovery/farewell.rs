//! How it goes.

use super::avahi::Avahi;
use super::edge::Found;
use super::peer::listen;
use crate::support::eventually;
use crate::support::lab::Lab;

#[test]
fn a_box_that_stops_takes_all_its_names_back() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let avahi = Avahi::start(&peer, "peer");
    let config = "[tls]\nmode = \"self-signed\"\n[listen]\nhttp = [\"[::]:80\"]\nhttps = [\"[::]:443\"]\n";
    let found = Found::configured(&host, config, None);
    found.wait_for_name("taller.local");
    eventually("avahi knows it", || avahi.browse("_http._tcp").contains("taller.local"));
    let listener = lab.host("switch", &["10.9.0.3/24"]);
    let heard = listen(&listener);
    let id = std::fs::read_to_string(found.edge.data().join("box-id")).expect("an id");
    let instance = format!("taller {}", &id[..4]);
    found.edge.stop();

    heard.wait_to_hear("_ 0 taller.local A 10.9.0.1");
    for kind in ["_http._tcp.local", "_workshop-edge._sub._http._tcp.local", "_https._tcp.local"] {
        let target = kind.trim_start_matches("_workshop-edge._sub.");
        heard.wait_to_hear(&format!("_ 0 {kind} PTR {instance}.{target}"));
    }
    eventually("avahi has forgotten the services", || avahi.browse("_http._tcp").is_empty());
    assert_eq!(avahi.resolve("-4", "taller.local"), None);
}
