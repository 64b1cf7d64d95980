//! Which addresses of this machine the listeners answer at, and where.

use std::net::{IpAddr, SocketAddr};

/// The addresses that one scheme is served at.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach(Vec<SocketAddr>);

impl Reach {
    /// Of listening sockets. One of `::` takes IPv4 too, as the box's own do.
    pub(super) fn new(listening: &[SocketAddr]) -> Self {
        Self(listening.to_vec())
    }

    /// The port at which a client of this address is answered.
    pub(super) fn port(&self, ip: IpAddr) -> Option<u16> {
        let takes = |listening: &&SocketAddr| match listening.ip().to_canonical() {
            IpAddr::V6(any) if any.is_unspecified() => true,
            IpAddr::V4(any) if any.is_unspecified() => ip.is_ipv4(),
            one => one == ip,
        };
        self.0.iter().find(takes).map(SocketAddr::port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_take_their_families_and_addresses_themselves() {
        let port = |listening: &[&str], ip: &str| {
            let listening: Vec<SocketAddr> = listening.iter().map(|text| text.parse().expect("an address")).collect();
            Reach::new(&listening).port(ip.parse().expect("an address"))
        };
        assert_eq!(port(&["[::]:80"], "10.0.0.1"), Some(80));
        assert_eq!(port(&["[::]:80"], "fe80::1"), Some(80));
        assert_eq!(port(&["0.0.0.0:80"], "fe80::1"), None);
        assert_eq!(port(&["10.0.0.1:81", "0.0.0.0:80"], "10.0.0.1"), Some(81));
        assert_eq!(port(&["10.0.0.1:81"], "10.0.0.2"), None);
        assert_eq!(port(&["[::ffff:10.0.0.1]:81"], "10.0.0.1"), Some(81));
        assert_eq!(port(&[], "10.0.0.1"), None);
    }
}
