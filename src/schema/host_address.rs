//! Where the address of a host comes from.

use std::net::IpAddr;

use super::value::{FromValue, Value};

/// The address of a host in its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostAddress {
    /// The network gives it.
    Dhcp,
    /// It is always this one; `prefix` is the length of its network's, in bits.
    Static { address: IpAddr, prefix: u8 },
}

impl HostAddress {
    /// The word for an address that the network gives.
    pub(crate) const DHCP: &str = "dhcp";
}

impl FromValue for HostAddress {
    fn from_value(value: &Value) -> Option<Self> {
        let text = value.text()?;
        if text == Self::DHCP {
            return Some(Self::Dhcp);
        }
        let (address, prefix) = text.split_once('/')?;
        Some(Self::Static { address: address.parse().ok()?, prefix: prefix.parse().ok()? })
    }
}
