//! Why no TV can open the box at an address.

use std::io;
use std::net::Ipv4Addr;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// Why no TV can open the box at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No interface has a link: no cable, or nothing that runs at its other end.
    NoLink,
    /// There is a link, but nobody has given an address.
    NoAddress,
    /// The box has given itself an address (RFC 3927), because nobody else did.
    SelfAssigned(Ipv4Addr),
    /// The box listens at none of its addresses.
    NotServed,
}

/// Whether one of these interfaces has a link, with or without an address.
pub(super) fn has_link(is_considered: impl Fn(&str) -> bool) -> io::Result<bool> {
    let not_a_network = InterfaceFlags::IFF_LOOPBACK | InterfaceFlags::IFF_POINTOPOINT;
    Ok(getifaddrs()?.any(|one| {
        one.flags.contains(InterfaceFlags::IFF_RUNNING)
            && !one.flags.intersects(not_a_network)
            && is_considered(&one.interface_name)
    }))
}
