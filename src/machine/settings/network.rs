//! The units of systemd-networkd (systemd.network(5), systemd.netdev(5)). Their names come before those of the image's
//! own
//! `80-dhcp.network`, so that they win over it.

use std::fmt::Write as _;

use super::types::Network;
use crate::schema::HostAddress;

/// What the names of our files begin with.
pub(super) const PREFIX: &str = "10-workshop-";

/// What holds on every interface: others answer multicast names on this machine (the appliance itself).
const COMMON: &str = "LLMNR=no\nMulticastDNS=no\n";

/// Many a company's own names end in `.local`, which systemd-resolved asks a DNS server for only if configured to
/// (systemd-resolved.service(8)). With nothing but such domains, a link would get no other question.
const DNS: &str = "Domains=~local\nDNSDefaultRoute=yes\n";

/// What is asked of DHCP and of routers. The client is known by its hardware address: the machine's id may be made
/// again with the data partition, and the address is to stay.
fn dhcp(network: &Network) -> String {
    let (dns, ntp) = (is_empty(network.dns.as_deref()), is_empty(network.ntp.as_deref()));
    let yes = |is| if is { "yes" } else { "no" };
    format!(
        "\n[DHCPv4]\nClientIdentifier=mac\nUseDNS={0}\nUseNTP={1}\nUseHostname=no\nUseDomains=no\n\
         \n[DHCPv6]\nUseDNS={0}\nUseNTP={1}\nUseHostname=no\n\
         \n[IPv6AcceptRA]\nUseDNS={0}\n",
        yes(dns),
        yes(ntp)
    )
}

fn is_empty<T>(list: Option<&[T]>) -> bool {
    list.is_none_or(<[T]>::is_empty)
}

/// The files: name and content.
pub(super) fn units(network: &Network, has_wifi: bool) -> Vec<(String, String)> {
    let wired = match &network.interface {
        Some(interface) => format!("Name={interface}"),
        None => "Type=ether".to_owned(),
    };
    let mut units = Vec::new();
    let mut add = |name: &str, content: String| units.push((format!("{PREFIX}{name}"), content));
    match network.vlan {
        None => add("wired.network", interface(&wired, network)),
        Some(vlan) => {
            // The card itself carries only tagged frames.
            add(
                "wired.network",
                format!(
                    "[Match]\n{wired}\n\n[Network]\nVLAN=vlan{vlan}\nDHCP=no\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n{COMMON}"
                ),
            );
            add("vlan.netdev", format!("[NetDev]\nName=vlan{vlan}\nKind=vlan\n\n[VLAN]\nId={vlan}\n"));
            add("vlan.network", interface(&format!("Name=vlan{vlan}"), network));
        }
    }
    if has_wifi {
        let wireless = Network {
            address: HostAddress::Dhcp,
            gateway: None,
            dns: None,
            ntp: network.ntp.clone(),
            vlan: None,
            interface: None,
        };
        add("wifi.network", interface("Type=wlan", &wireless));
    }
    units
}

/// The unit of the interface that has the address.
fn interface(matching: &str, network: &Network) -> String {
    let mut text = format!("[Match]\n{matching}\n\n[Network]\n");
    // Writing to a String cannot fail.
    match &network.address {
        // An address of its own where no server answers, so that a laptop on a cable still reaches the box.
        HostAddress::Dhcp => text += "DHCP=yes\nLinkLocalAddressing=yes\n",
        HostAddress::Static { address, prefix } => {
            let _ = write!(text, "DHCP=no\nLinkLocalAddressing=ipv6\nAddress={address}/{prefix}\n");
            if let Some(gateway) = network.gateway {
                let _ = writeln!(text, "Gateway={gateway}");
            }
        }
    }
    text += "IPv6AcceptRA=yes\n";
    for server in network.dns.iter().flatten() {
        let _ = writeln!(text, "DNS={server}");
    }
    for server in network.ntp.iter().flatten() {
        let _ = writeln!(text, "NTP={server}");
    }
    text += COMMON;
    text += DNS;
    text + &dhcp(network)
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    fn made(text: &str) -> Vec<(String, String)> {
        units(&check(text.as_bytes()).value.expect("valid").own.network, false)
    }

    #[test]
    fn by_default_every_wired_card_asks_for_an_address() {
        let units = made("");
        let [(name, unit)] = &units[..] else { panic!("{units:?}") };
        assert_eq!(name, "10-workshop-wired.network");
        for line in [
            "Type=ether",
            "DHCP=yes",
            "ClientIdentifier=mac",
            "UseNTP=yes",
            "UseDNS=yes",
            "IPv6AcceptRA=yes",
            "Domains=~local",
        ] {
            assert!(unit.lines().any(|found| found == line), "{line}: {unit}");
        }
    }

    #[test]
    fn a_fixed_address_in_a_vlan_is_that_of_the_vlan() {
        let units = made(
            "network.address = '10.1.2.3/16'\nnetwork.gateway = '10.1.0.1'\nnetwork.dns = ['10.1.0.2']\nnetwork.vlan = 7\n\
             network.interface = 'enp2s0'\nnetwork.ntp = ['ntp.example']",
        );
        let names: Vec<_> = units.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["10-workshop-wired.network", "10-workshop-vlan.netdev", "10-workshop-vlan.network"]);
        assert!(units[0].1.contains("Name=enp2s0\n") && units[0].1.contains("VLAN=vlan7\n"));
        assert!(!units[0].1.contains("Address="));
        assert!(units[1].1.contains("Id=7\n"));
        for line in
            ["Name=vlan7", "Address=10.1.2.3/16", "Gateway=10.1.0.1", "DNS=10.1.0.2", "NTP=ntp.example", "DHCP=no"]
        {
            assert!(units[2].1.lines().any(|found| found == line), "{line}: {}", units[2].1);
        }
    }
}
