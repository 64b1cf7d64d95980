//! Names whose addresses do not all answer, and names that only the local network knows.

use std::fmt::Write as _;

use super::workshop::{Box_, NAME, know, serve};
use crate::discovery::avahi::Avahi;
use crate::support::SmallRepository;
use crate::support::lab::Lab;

/// More of one family than are tried at all, and one of the other that is alive. The system puts IPv6 before IPv4, and
/// IPv4 before the private addresses of IPv6 (RFC 6724 section 2.1).
#[test]
fn dead_addresses_do_not_hide_the_one_that_answers() {
    let lab = Lab::new(&["lan"]);
    let host = |v4: &str, v6: &[&str]| {
        let host = lab.host("lan", &[v4]);
        for address in v6 {
            // It can be used at once.
            host.ip(&["address", "add", address, "dev", "eth0", "nodad"]);
        }
        host
    };
    let server = host("10.0.0.1/24", &["fd00::1/64"]);
    let mut repository = SmallRepository::new();
    repository.publish();
    for (alive, listen, dead) in [("10.0.0.1", "10.0.0.1", "2001:db8::dea"), ("fd00::1", "[fd00::1]", "10.0.0.10")] {
        let nginx = serve(&server, listen, NAME, &repository);
        let client = host("10.0.0.2/24", &["fd00::2/64", "2001:db8::2/64"]);
        // Silence, and not an error, is what the dead ones answer with.
        client.run("nft", &["add table inet dead"]);
        client.run("nft", &["add chain inet dead out { type filter hook output priority 0; }"]);
        client.run("nft", &["add rule inet dead out ip daddr 10.0.0.100-10.0.0.109 drop"]);
        client.run("nft", &["add rule inet dead out ip6 daddr 2001:db8::dea0-2001:db8::dea9 drop"]);
        let mut hosts = format!("{alive} {NAME}\n");
        for last in 0..9 {
            let _ = writeln!(hosts, "{dead}{last} {NAME}");
        }
        know(&client, &hosts);
        Box_::start(&client, &format!("https://{NAME}:8443"), (&repository, &nginx), "", &[]).reaches();
    }
}

#[test]
fn a_name_that_only_multicast_knows_is_reached() {
    let lab = Lab::new(&["lan"]);
    let server = lab.host("lan", &["10.0.0.1/24"]);
    let mut repository = SmallRepository::new();
    repository.publish();
    let nginx = serve(&server, "10.0.0.1", "repositorio.local", &repository);
    let client = lab.host("lan", &["10.0.0.2/24"]);
    let url = "https://Repositorio.local:8443";
    Box_::start(&client, url, (&repository, &nginx), "", &[]).fails("unreachable", "cannot find the address");
    let _avahi = Avahi::start(&server, "repositorio");
    Box_::start(&client, url, (&repository, &nginx), "", &[]).reaches();
    // Unicast counts more.
    know(&client, "10.0.0.99 repositorio.local");
    Box_::start(&client, url, (&repository, &nginx), "", &[]).fails("unreachable", "10.0.0.99");
}
