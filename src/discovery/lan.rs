//! The one interface on which the box is found.
//!
//! Two interfaces on one network make a responder conflict with itself, and those of containers
//! put addresses into answers that no TV can reach.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::reach::Reach;
use super::routes;
use super::trouble::{self, Trouble};

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
    /// Never empty, with the length of the network's prefix; the best to give to people first.
    pub(super) addresses: Vec<(IpAddr, u8)>,
}

/// What the machine has at one moment.
#[derive(Debug, Default)]
pub(super) struct Network {
    /// The interface to use.
    pub(super) lan: Option<Lan>,
    /// The addresses of all interfaces, those of virtual ones too.
    pub(super) own: Vec<IpAddr>,
    /// Why no TV can open the box at an address.
    pub(super) trouble: Option<Trouble>,
}

impl Network {
    /// The named interface, or else that of the default route, or else the first with a global
    /// address, or else with a link-local one; of those at which the box is served.
    pub(super) fn read(wanted: Option<&str>, reach: &[&Reach]) -> io::Result<Self> {
        let interfaces = if_addrs::get_if_addrs()?;
        let own = interfaces.iter().map(if_addrs::Interface::ip).collect();
        let has_address = interfaces.iter().any(|one| {
            one.is_oper_up() && !one.is_p2p() && !is_link_local(one.ip()) && is_considered(wanted, &one.name)
        });
        let mut lan = choose(wanted, candidates(interfaces, reach), &routes::default_interfaces());
        if let Some(lan) = &mut lan {
            lan.sort(routes::source(&lan.name));
        }
        let trouble = match &lan {
            Some(lan) => lan.trouble(),
            None if has_address => Some(Trouble::NotServed),
            None if trouble::has_link(|name| is_considered(wanted, name))? => Some(Trouble::NoAddress),
            None => Some(Trouble::NoLink),
        };
        Ok(Self { lan, own, trouble })
    }
}

/// Whether the box may be announced on the interface of this name.
fn is_considered(wanted: Option<&str>, name: &str) -> bool {
    match wanted {
        Some(wanted) => name == wanted,
        None => name != "lo" && !VIRTUAL.iter().any(|prefix| name.starts_with(prefix)),
    }
}

impl Lan {
    pub(super) fn ips(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.addresses.iter().map(|(ip, _)| *ip)
    }

    /// The first IPv4 address; a link-local one only where there is no other.
    pub(super) fn ipv4(&self) -> Option<Ipv4Addr> {
        self.ips().find_map(|ip| if let IpAddr::V4(ip) = ip { Some(ip) } else { None })
    }

    /// IPv4 before IPv6, global before link-local, and `source`, from which the kernel speaks to others, before its
    /// equals. Otherwise IPv4 stays as the kernel has it: the first address of a network before those added later.
    fn sort(&mut self, source: Option<Ipv4Addr>) {
        let source = source.map(IpAddr::V4);
        self.addresses.sort_by_key(|(ip, _)| {
            let ipv6 = if let IpAddr::V6(ip) = ip { Some(*ip) } else { None };
            (ip.is_ipv6(), is_link_local(*ip), Some(*ip) != source, ipv6)
        });
    }

    /// Why no TV can open the box at an address of this interface.
    fn trouble(&self) -> Option<Trouble> {
        match self.ipv4() {
            _ if self.has_global() => None,
            Some(own) => Some(Trouble::SelfAssigned(own)),
            None => Some(Trouble::NoAddress),
        }
    }

    /// The IPv6 address to give to people, which is never a link-local one.
    pub(super) fn ipv6(&self) -> Option<Ipv6Addr> {
        self.ips().find_map(|ip| match ip {
            IpAddr::V6(ip) if !ip.is_unicast_link_local() => Some(ip),
            _ => None,
        })
    }

    /// Whether a peer is on the same network.
    pub(super) fn is_neighbour(&self, peer: IpAddr) -> bool {
        self.addresses.iter().any(|(ip, prefix)| match (ip, peer) {
            (IpAddr::V4(own), IpAddr::V4(peer)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from((*prefix).min(32))).unwrap_or(0);
                own.to_bits() & mask == peer.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(peer)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from((*prefix).min(128))).unwrap_or(0);
                own.to_bits() & mask == peer.to_bits() & mask
            }
            _ => false,
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
            Some(lan) if lan.addresses.iter().any(|(known, _)| *known == ip) => {}
            Some(lan) => lan.addresses.push((ip, prefix)),
            None => found.push(Lan { name: one.name, index, addresses: vec![(ip, prefix)] }),
        }
    }
    found.sort_by_key(|lan| lan.index);
    found
}

fn choose(wanted: Option<&str>, mut candidates: Vec<Lan>, defaults: &[String]) -> Option<Lan> {
    if let Some(wanted) = wanted {
        return candidates.into_iter().find(|lan| lan.name == wanted);
    }
    candidates.retain(|lan| is_considered(None, &lan.name));
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
        let lan = lan("eth0", 1, &["169.254.1.1", "192.168.1.2", "fd00::1"]);
        assert!(lan.is_neighbour(Ipv6Addr::new(0xfd00, 0xff, 0, 0, 0, 0, 0, 9).into()));
        assert!(!lan.is_neighbour(Ipv6Addr::new(0xfe00, 0, 0, 0, 0, 0, 0, 9).into()));
        assert!(lan.is_neighbour(Ipv4Addr::new(192, 168, 1, 200).into()));
        assert!(!lan.is_neighbour(Ipv4Addr::new(192, 168, 2, 2).into()));
        assert!(!lan.is_neighbour(Ipv4Addr::new(8, 8, 8, 8).into()));
    }

    #[test]
    fn the_address_that_the_kernel_speaks_from_is_first() {
        let mut lan =
            lan("eth0", 1, &["169.254.1.1", "10.9.0.9", "10.9.0.3", "10.1.0.1", "fe80::1", "fd00::2", "fd00::1"]);
        lan.sort(Some(Ipv4Addr::new(10, 9, 0, 3)));
        let sorted: Vec<String> = lan.ips().map(|ip| ip.to_string()).collect();
        assert_eq!(
            sorted,
            ["10.9.0.3", "10.9.0.9", "10.1.0.1", "169.254.1.1", "fd00::1", "fd00::2", "fe80::1"],
            "and the others as the kernel has them"
        );
        assert_eq!(lan.ipv4(), Some(Ipv4Addr::new(10, 9, 0, 3)));
    }

    #[test]
    fn no_link_local_address_is_of_use_to_a_tv() {
        let own = Ipv4Addr::new(169, 254, 3, 4);
        for (addresses, trouble) in [
            (&["192.168.1.2", "fe80::1"][..], None),
            (&["169.254.3.4", "fd00::1"], None),
            (&["169.254.3.4", "fe80::1"], Some(Trouble::SelfAssigned(own))),
            (&["fe80::1"], Some(Trouble::NoAddress)),
        ] {
            assert_eq!(lan("eth0", 1, addresses).trouble(), trouble, "{addresses:?}");
        }
    }
}
