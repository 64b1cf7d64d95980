//! The one interface on which the box is found.
//!
//! Two interfaces on one network make a responder conflict with itself, and those of containers
//! put addresses into answers that no TV can reach.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::reach::Reach;
use super::routes;

/// What containers, virtual machines and tunnels call theirs.
const VIRTUAL: &[&str] = &[
    "br-",
    "cali",
    "cni",
    "docker",
    "flannel",
    "lxc",
    "podman",
    "tailscale",
    "tap",
    "tun",
    "veth",
    "virbr",
    "vnet",
    "wg",
    "zt",
];

/// An interface with a link and at least one address at which the box is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lan {
    pub(super) name: String,
    /// The kernel's number: another one means that the device was taken away and came back.
    pub(super) index: u32,
    /// Sorted, never empty, with the length of the network's prefix.
    pub(super) addresses: Vec<(IpAddr, u8)>,
}

/// What the machine has at one moment.
#[derive(Debug, Default)]
pub(super) struct Network {
    /// The interface to use.
    pub(super) lan: Option<Lan>,
    /// The addresses of all interfaces, those of virtual ones too.
    pub(super) own: Vec<IpAddr>,
}

impl Network {
    /// The named interface, or else that of the default route, or else the first with a global
    /// address, or else with a link-local one; of those at which the box is served.
    pub(super) fn look(wanted: Option<&str>, reach: &[&Reach]) -> io::Result<Self> {
        let interfaces = if_addrs::get_if_addrs()?;
        let own = interfaces.iter().map(if_addrs::Interface::ip).collect();
        let lan = choose(wanted, candidates(interfaces, reach), &routes::default_interfaces());
        Ok(Self { lan, own })
    }
}

impl Lan {
    pub(super) fn ips(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.addresses.iter().map(|(ip, _)| *ip)
    }

    /// The IPv4 address to give to people and to SSDP; a global one where there is one.
    pub(super) fn ipv4(&self) -> Option<Ipv4Addr> {
        let mut all: Vec<Ipv4Addr> =
            self.ips().filter_map(|ip| if let IpAddr::V4(ip) = ip { Some(ip) } else { None }).collect();
        all.sort_by_key(Ipv4Addr::is_link_local);
        all.first().copied()
    }

    /// The IPv6 address to give to people, which is never a link-local one.
    pub(super) fn ipv6(&self) -> Option<Ipv6Addr> {
        self.ips().find_map(|ip| match ip {
            IpAddr::V6(ip) if !ip.is_unicast_link_local() => Some(ip),
            _ => None,
        })
    }

    /// Whether a peer is on the same IPv4 network.
    pub(super) fn is_neighbour(&self, peer: Ipv4Addr) -> bool {
        self.addresses.iter().any(|(ip, prefix)| match ip {
            IpAddr::V4(own) => {
                let mask = u32::MAX.checked_shl(32 - u32::from((*prefix).min(32))).unwrap_or(0);
                own.to_bits() & mask == peer.to_bits() & mask
            }
            IpAddr::V6(_) => false,
        })
    }

    fn has_global(&self) -> bool {
        self.ips().any(|ip| !is_link_local(ip))
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// Every interface with a link (`IFF_RUNNING`) and an address at which the box is served, in the
/// kernel's order.
fn candidates(interfaces: Vec<if_addrs::Interface>, reach: &[&Reach]) -> Vec<Lan> {
    let mut found: Vec<Lan> = Vec::new();
    for one in interfaces {
        let ip = one.ip();
        let is_served = reach.iter().any(|reach| reach.port(ip).is_some());
        if !is_served || !one.is_oper_up() || one.is_loopback() || one.is_p2p() {
            continue;
        }
        let Some(index) = one.index else { continue };
        let prefix = match &one.addr {
            if_addrs::IfAddr::V4(address) => address.prefixlen,
            if_addrs::IfAddr::V6(address) => address.prefixlen,
        };
        match found.iter_mut().find(|lan| lan.index == index) {
            Some(lan) => lan.addresses.push((ip, prefix)),
            None => found.push(Lan { name: one.name, index, addresses: vec![(ip, prefix)] }),
        }
    }
    for lan in &mut found {
        lan.addresses.sort_unstable();
        lan.addresses.dedup();
    }
    found.sort_by_key(|lan| lan.index);
    found
}

fn choose(wanted: Option<&str>, mut candidates: Vec<Lan>, defaults: &[String]) -> Option<Lan> {
    if let Some(wanted) = wanted {
        return candidates.into_iter().find(|lan| lan.name == wanted);
    }
    candidates.retain(|lan| !VIRTUAL.iter().any(|prefix| lan.name.starts_with(prefix)));
    // Stable: among equals the kernel's order stays.
    candidates.sort_by_key(|lan| {
        let route = defaults.iter().position(|name| *name == lan.name).unwrap_or(usize::MAX);
        (route, !lan.has_global())
    });
    candidates.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lan(name: &str, index: u32, addresses: &[&str]) -> Lan {
        let addresses = addresses.iter().map(|ip| (ip.parse().expect("an address"), 24)).collect();
        Lan { name: name.into(), index, addresses }
    }

    fn chosen(wanted: Option<&str>, candidates: &[Lan], defaults: &[&str]) -> Option<String> {
        let defaults: Vec<String> = defaults.iter().map(|name| (*name).to_owned()).collect();
        choose(wanted, candidates.to_vec(), &defaults).map(|lan| lan.name)
    }

    #[test]
    fn named_then_default_route_then_global_then_link_local() {
        let all = [
            lan("docker0", 1, &["172.17.0.1"]),
            lan("eth0", 2, &["169.254.3.4"]),
            lan("eth1", 3, &["192.168.1.2"]),
            lan("eth2", 4, &["10.0.0.2", "fe80::1"]),
        ];
        assert_eq!(chosen(Some("docker0"), &all, &["eth2"]).as_deref(), Some("docker0"));
        assert_eq!(chosen(Some("eth9"), &all, &["eth2"]), None);
        assert_eq!(chosen(None, &all, &["docker0", "eth2"]).as_deref(), Some("eth2"));
        assert_eq!(chosen(None, &all, &[]).as_deref(), Some("eth1"));
        assert_eq!(chosen(None, &all[..2], &[]).as_deref(), Some("eth0"));
        assert_eq!(chosen(None, &all[..1], &["docker0"]), None);
    }

    #[test]
    fn neighbours_share_the_network() {
        let lan = lan("eth0", 1, &["169.254.1.1", "192.168.1.2", "fe80::1"]);
        assert_eq!(lan.ipv4(), Some(Ipv4Addr::new(192, 168, 1, 2)));
        assert!(lan.is_neighbour(Ipv4Addr::new(192, 168, 1, 200)));
        assert!(!lan.is_neighbour(Ipv4Addr::new(192, 168, 2, 2)));
        assert!(!lan.is_neighbour(Ipv4Addr::new(8, 8, 8, 8)));
    }
}
