//! Which addresses a person can type to reach the box.

use std::net::{IpAddr, SocketAddr};

use super::status::{Address, AddressKind};

/// Where the box listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListenAddress {
    /// The address and the port.
    pub(crate) address: SocketAddr,
    /// Whether it speaks HTTPS.
    pub(crate) is_https: bool,
}

/// The addresses to type, the best first: HTTP before HTTPS, because old TVs trust no certificate of ours; IPv4 before
/// IPv6, because it is shorter; the name last, because not every TV resolves it.
///
/// `lan` are the box's addresses on the network that the TVs are on, `host` is its `.local` name there.
#[must_use]
pub(crate) fn addresses(listeners: &[ListenAddress], lan: &[IpAddr], host: Option<&str>) -> Vec<Address> {
    let is_https = !listeners.iter().any(|listener| !listener.is_https);
    let mut listeners: Vec<_> = listeners.iter().filter(|listener| listener.is_https == is_https).copied().collect();
    listeners.sort_by_key(|listener| listener.address.port() != default_port(is_https));

    let mut found = Vec::new();
    for listener in &listeners {
        let mut reached: Vec<_> = lan.iter().copied().filter(|address| leads_in(*listener, *address)).collect();
        if reached.is_empty() && !listener.address.ip().is_unspecified() {
            reached.push(listener.address.ip());
        }
        found.extend(reached.into_iter().filter(|address| is_typable(*address)).map(|address| (address, listener)));
    }
    // Stable, so that the order of the network is kept otherwise. What only this machine reaches is of least use.
    found.sort_by_key(|(address, _)| (address.is_loopback(), address.is_ipv6()));

    let mut typed: Vec<Address> = Vec::new();
    let mut add = |url: String, kind| {
        if typed.iter().all(|known| known.url != url) {
            typed.push(Address { url, kind });
        }
    };
    for (address, listener) in found {
        let host = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        add(url(&host, listener.address.port(), is_https), AddressKind::Ip);
    }
    // A name leads to the addresses of the network: it does not lead to a listener on loopback alone.
    let named = listeners.iter().find(|listener| lan.iter().any(|address| leads_in(**listener, *address)));
    if let (Some(host), Some(listener)) = (host, named) {
        add(url(host, listener.address.port(), is_https), AddressKind::Name);
    }
    typed
}

/// Whether a connection to `address` comes in at this listener. IPv6's unspecified address takes both families, as the
/// listener is set up.
fn leads_in(listener: ListenAddress, address: IpAddr) -> bool {
    match listener.address.ip() {
        IpAddr::V4(own) => own == address || (own.is_unspecified() && address.is_ipv4()),
        IpAddr::V6(own) => own == address || own.is_unspecified(),
    }
}

/// A link-local IPv6 address needs a zone, which differs from device to device, and browsers take none.
fn is_typable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(address) => !address.is_unicast_link_local(),
    }
}

fn default_port(is_https: bool) -> u16 {
    if is_https { 443 } else { 80 }
}

fn url(host: &str, port: u16, is_https: bool) -> String {
    let scheme = if is_https { "https" } else { "http" };
    if port == default_port(is_https) { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(listeners: &[(&str, bool)], lan: &[&str]) -> Vec<String> {
        let listeners: Vec<_> = listeners
            .iter()
            .map(|(address, is_https)| ListenAddress {
                address: address.parse().expect("an address"),
                is_https: *is_https,
            })
            .collect();
        let lan: Vec<_> = lan.iter().map(|address| address.parse().expect("an address")).collect();
        addresses(&listeners, &lan, Some("taller.local")).into_iter().map(|address| address.url).collect()
    }

    #[test]
    fn the_ip_comes_first_and_the_port_only_where_it_must() {
        let lan = &["fe80::1", "fd00::5", "192.168.1.50"];
        let v4_v6_name = ["http://192.168.1.50", "http://[fd00::5]", "http://taller.local"];
        assert_eq!(typed(&[("[::]:80", false)], lan), v4_v6_name);
        assert_eq!(typed(&[("[::]:443", true), ("[::]:80", false)], lan), v4_v6_name);
        assert_eq!(typed(&[("0.0.0.0:8080", false)], lan), ["http://192.168.1.50:8080", "http://taller.local:8080"]);
        assert_eq!(
            typed(&[("0.0.0.0:8443", true)], &["10.0.0.2"]),
            ["https://10.0.0.2:8443", "https://taller.local:8443"]
        );
        assert_eq!(typed(&[("0.0.0.0:443", true)], &["10.0.0.2"]), ["https://10.0.0.2", "https://taller.local"]);
        let both = typed(&[("0.0.0.0:8080", false), ("0.0.0.0:80", false)], &["10.0.0.2"]);
        assert_eq!(both, ["http://10.0.0.2", "http://10.0.0.2:8080", "http://taller.local"]);
        assert_eq!(typed(&[("[::]:80", false), ("0.0.0.0:80", false)], lan), v4_v6_name);
        let own_first = typed(&[("127.0.0.1:80", false), ("10.0.0.2:80", false)], &["10.0.0.2"]);
        assert_eq!(own_first, ["http://10.0.0.2", "http://127.0.0.1", "http://taller.local"]);
    }

    #[test]
    fn what_leads_nowhere_is_not_shown() {
        assert!(typed(&[("[::]:80", false)], &[]).is_empty());
        assert_eq!(typed(&[("[::]:80", false)], &["fe80::1"]), ["http://taller.local"]);
        assert_eq!(typed(&[("127.0.0.1:8080", false)], &["10.0.0.2"]), ["http://127.0.0.1:8080"]);
        assert_eq!(typed(&[("10.0.0.2:80", false)], &["10.0.0.2"]), ["http://10.0.0.2", "http://taller.local"]);
        assert!(addresses(&[], &[], None).is_empty());
    }
}
