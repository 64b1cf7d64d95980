//! Which interface the default route leaves by, from the tables of the kernel (`proc(5)`), and from which address.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;

use socket2::{Domain, Protocol, Socket, Type};

use crate::bounded_read::{self, read_text_bounded};

/// A route whose packets go out (`RTF_UP`).
const UP: u32 = 0x1;
/// A route that refuses (`RTF_REJECT`), such as the one that IPv6 has without any router.
const REJECT: u32 = 0x200;

/// The interfaces of the default routes, the preferred first: IPv4 before IPv6, then by metric.
/// Empty where nothing is known.
pub(super) fn default_interfaces() -> Vec<String> {
    let table = |path| read_text_bounded(Path::new(path), bounded_read::TABLE).unwrap_or_default();
    let mut found = ipv4(&table("/proc/net/route"));
    found.extend(ipv6(&table("/proc/net/ipv6_route")));
    found
}

/// The address from which the kernel speaks to others through an interface: that of its default route, or else its
/// primary one. Connecting a datagram socket sends nothing; nobody has the destination (RFC 5737).
pub(super) fn source(interface: &str) -> Option<Ipv4Addr> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).ok()?;
    // Before Linux 5.7, only root may do this: otherwise the order of the kernel's list decides.
    socket.bind_device(Some(interface.as_bytes())).ok()?;
    socket.connect(&SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 9).into()).ok()?;
    Some(*socket.local_addr().ok()?.as_socket_ipv4()?.ip())
}

fn ipv4(table: &str) -> Vec<String> {
    ordered(table.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [name, destination, _, flags, _, _, metric, mask, ..] = fields.as_slice() else { return None };
        let flags = u32::from_str_radix(flags, 16).ok()?;
        let is_default = *destination == "00000000" && *mask == "00000000" && flags & UP != 0 && flags & REJECT == 0;
        is_default.then_some((metric.parse().ok()?, (*name).to_owned()))
    }))
}

fn ipv6(table: &str) -> Vec<String> {
    ordered(table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [destination, prefix, _, _, _, metric, _, _, flags, name] = fields.as_slice() else { return None };
        let flags = u32::from_str_radix(flags, 16).ok()?;
        let is_default = destination.bytes().all(|digit| digit == b'0')
            && *prefix == "00"
            && flags & UP != 0
            && flags & REJECT == 0
            && *name != "lo";
        is_default.then_some((u32::from_str_radix(metric, 16).ok()?, (*name).to_owned()))
    }))
}

fn ordered(routes: impl Iterator<Item = (u32, String)>) -> Vec<String> {
    let mut routes: Vec<_> = routes.collect();
    routes.sort();
    routes.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_route_of_least_metric_is_first() {
        let table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n\
            wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
            eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
            eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n";
        assert_eq!(ipv4(table), ["eth0", "wlan0"]);
        assert!(ipv4("nonsense\nmore").is_empty());
    }

    #[test]
    fn the_refusing_route_of_ipv6_is_none() {
        let zero = "0".repeat(32);
        let table = format!(
            "{zero} 00 {zero} 00 fe800000000000000000000000000001 00000400 1 0 00450003 eth1\n\
             {zero} 00 {zero} 00 {zero} ffffffff 1 0 00200200 lo\n\
             fe8{} 40 {zero} 00 {zero} 00000100 1 0 00000001 eth0\n",
            "0".repeat(29)
        );
        assert_eq!(ipv6(&table), ["eth1"]);
    }
}
