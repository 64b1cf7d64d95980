//! The address of a host in its network, as a person writes it.

use super::problem::{Problem, quoted};
use super::words;
use crate::schema::{HostAddress, Kind};
use std::net::{IpAddr, Ipv4Addr};

/// `dhcp`, or an address that a host can have with the length of its network's prefix; the prefix of IPv4 may be written
/// as a mask.
pub(super) fn host_address(text: &str) -> Result<String, Problem> {
    if text.eq_ignore_ascii_case(HostAddress::DHCP) {
        return Ok(HostAddress::DHCP.to_owned());
    }
    let wrong = || Problem::expected(Kind::HostAddress, quoted(text));
    let (address, network) = match text.split_once('/') {
        Some((address, network)) => (address.trim(), Some(network.trim())),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    if address.is_unspecified() || address.is_loopback() || address.is_multicast() {
        return Err(wrong());
    }
    match (address, network) {
        (IpAddr::V4(address), None) => Err(Problem::Rule(words::prefix_missing_v4(address))),
        (IpAddr::V6(address), None) => Err(Problem::Rule(words::prefix_missing_v6(address))),
        (IpAddr::V4(address), Some(network)) => of_a_host(address, prefix(network).ok_or_else(wrong)?),
        (IpAddr::V6(address), Some(network)) => {
            let prefix: u32 = network.parse().map_err(|_| wrong())?;
            if (1..=128).contains(&prefix) { Ok(format!("{address}/{prefix}")) } else { Err(wrong()) }
        }
    }
}

/// The length of a prefix, from itself or from a mask.
fn prefix(network: &str) -> Option<u32> {
    let prefix = match network.parse::<Ipv4Addr>() {
        Ok(mask) => {
            Some(mask.to_bits()).filter(|bits| bits.leading_ones() + bits.trailing_zeros() == 32)?.leading_ones()
        }
        Err(_) => network.parse().ok()?,
    };
    (1..=32).contains(&prefix).then_some(prefix)
}

/// Neither the network itself nor its broadcast address (RFC 1122 section 3.2.1.3); of /31 both are hosts (RFC 3021).
fn of_a_host(address: Ipv4Addr, prefix: u32) -> Result<String, Problem> {
    let all = u32::MAX.checked_shr(prefix).unwrap_or(0);
    let host = address.to_bits() & all;
    let network = address.to_bits() & !all;
    // What many people choose, where the network has it.
    let example = Ipv4Addr::from_bits(network | 50.min(all.saturating_sub(1)));
    if prefix <= 30 && host == 0 {
        return Err(Problem::Rule(words::network_is_no_host(address, prefix, example)));
    }
    if (prefix <= 30 && host == all) || address.is_broadcast() {
        return Err(Problem::Rule(words::broadcast_is_no_host(address, prefix, example)));
    }
    Ok(format!("{address}/{prefix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_people_write_it() {
        for (written, read) in [
            ("dhcp", "dhcp"),
            ("DHCP", "dhcp"),
            ("192.168.1.50/24", "192.168.1.50/24"),
            ("192.168.1.50 / 24", "192.168.1.50/24"),
            ("192.168.1.50/255.255.255.0", "192.168.1.50/24"),
            ("10.0.0.1/255.255.255.252", "10.0.0.1/30"),
            ("10.0.0.0/31", "10.0.0.0/31"),
            ("10.0.0.7/32", "10.0.0.7/32"),
            ("fd00::7/64", "fd00::7/64"),
        ] {
            assert_eq!(host_address(written).expect(written), read);
        }
    }

    #[test]
    fn what_no_host_can_have_is_refused_with_the_reason() {
        for (written, es) in [
            (
                "192.168.1.0/24",
                "es la red entera, no la dirección de un equipo: escriba una suya, como 192.168.1.50/24",
            ),
            (
                "192.168.1.255/24",
                "difusión (broadcast) de su red, que ningún equipo puede tener: escriba otra, como 192.168.1.50/24",
            ),
            ("10.0.0.3/30", "como 10.0.0.2/30"),
            ("255.255.255.255/32", "broadcast"),
            ("192.168.1.50", "casi siempre es /24, así: 192.168.1.50/24"),
            ("fd00::7", "como en fd00::7/64"),
            ("192.168.1.50/255.0.255.0", "debe ser dhcp"),
            ("192.168.1.50/0", "debe ser dhcp"),
            ("192.168.1.50/33", "debe ser dhcp"),
            ("127.0.0.1/8", "debe ser dhcp"),
            ("0.0.0.0/24", "debe ser dhcp"),
            ("224.0.0.1/24", "debe ser dhcp"),
            ("fd00::7/129", "debe ser dhcp"),
            ("taller", "debe ser dhcp"),
        ] {
            let problem = host_address(written).expect_err(written).text().es;
            assert!(problem.contains(es), "{written}: {problem}");
        }
    }
}
