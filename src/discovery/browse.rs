//! The boxes of the network, as any machine on it finds them: by their service subtype (RFC 6763 section 7.1).

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mdns_sd::{ResolvedService, ServiceDaemon, ServiceEvent};
use tokio::time::{interval, timeout};

use super::responder::{SUBTYPE, cached_records};

/// Boxes that are listed; who announces more floods the network.
pub(crate) const MAX_BOXES: usize = 256;
/// Addresses of a box that are of use; ours has a few.
const MAX_ADDRESSES: usize = 4;
/// Records of others in the daemon's cache, above which the search ends.
const MAX_CACHED: u64 = 20_000;
/// Between two looks at the cache.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// What a box announces. Anybody on the network can announce anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnnouncedBox {
    /// Its name on the network, such as `taller.local`.
    pub(crate) host: String,
    /// The version that it announces.
    pub(crate) version: Option<String>,
    /// The id that it announces.
    pub(crate) id: Option<String>,
    /// Where it serves HTTP, the best to give to people first.
    pub(crate) addresses: Vec<SocketAddr>,
}

/// The boxes that are found in this time, at most [`MAX_BOXES`], by name.
///
/// The daemon asks from the port of multicast DNS, beside other responders of the machine: a firewall lets in answers to
/// that port, if any.
pub(crate) async fn boxes(wait: Duration) -> Result<Vec<AnnouncedBox>, mdns_sd::Error> {
    let daemon = ServiceDaemon::new()?;
    let mut found = BTreeMap::new();
    // The end of the time is the end of the search.
    let searched = timeout(wait, search(&daemon, &mut found)).await.unwrap_or(Ok(()));
    // Its thread ends with the process anyway.
    let _ = daemon.shutdown();
    searched?;
    let mut boxes: Vec<_> = found.into_values().collect();
    boxes.sort_by(|one, other| (&one.host, &one.addresses).cmp(&(&other.host, &other.addresses)));
    Ok(boxes)
}

/// Adds the boxes by the names of their instances, until there are too many boxes or records.
async fn search(daemon: &ServiceDaemon, found: &mut BTreeMap<String, AnnouncedBox>) -> Result<(), mdns_sd::Error> {
    let events = daemon.browse(SUBTYPE)?;
    let mut polls = interval(POLL_INTERVAL);
    while found.len() < MAX_BOXES {
        tokio::select! {
            event = events.recv_async() => match event {
                Ok(ServiceEvent::ServiceResolved(service)) => {
                    found.insert(service.fullname.to_ascii_lowercase(), AnnouncedBox::of(&service));
                }
                Ok(ServiceEvent::ServiceRemoved(_, name)) => {
                    found.remove(&name.to_ascii_lowercase());
                }
                Ok(_) => {}
                Err(_) => break,
            },
            _ = polls.tick() => {
                if cached_records(daemon).await.is_none_or(|count| count > MAX_CACHED) {
                    break;
                }
            }
        }
    }
    Ok(())
}

impl AnnouncedBox {
    fn of(service: &ResolvedService) -> Self {
        let txt = |key| service.get_property_val_str(key).map(str::to_owned);
        let ips = service.addresses.iter().map(mdns_sd::ScopedIp::to_ip_addr);
        Self {
            host: service.host.trim_end_matches('.').to_owned(),
            version: txt("version"),
            id: txt("id"),
            addresses: best(ips).into_iter().map(|ip| SocketAddr::new(ip, service.port)).collect(),
        }
    }
}

/// Those of a neighbour that can be typed: IPv4 before IPv6, and self-assigned ones last. A link-local one of IPv6 is none,
/// since it says nothing without its interface.
fn best(ips: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut usable: Vec<IpAddr> = ips
        .filter(|ip| !ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast())
        .filter(|ip| !matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local()))
        .collect();
    usable.sort_by_key(|ip| (matches!(ip, IpAddr::V4(ip) if ip.is_link_local()), *ip));
    usable.dedup();
    usable.truncate(MAX_ADDRESSES);
    usable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_that_works_everywhere_is_first() {
        let given = ["fe80::1", "169.254.1.1", "fd00::1", "127.0.0.1", "224.0.0.251", "::", "10.9.0.2", "10.9.0.1"];
        let best: Vec<_> =
            best(given.iter().map(|ip| ip.parse().expect("an address"))).iter().map(IpAddr::to_string).collect();
        assert_eq!(best, ["10.9.0.1", "10.9.0.2", "fd00::1", "169.254.1.1"]);
    }
}
