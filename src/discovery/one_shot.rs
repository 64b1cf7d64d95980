//! The addresses of another host on the local network, asked for once (RFC 6762 section 5.1), to reach
//! a name that DNS does not know.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::question::{Family, answers, ask};
use super::random::random;

/// When the question is put, and once more in case it was lost, and when no answer is waited for any more.
const ROUNDS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];
/// How long the other family's answer is waited for after the first one.
const GRACE: Duration = Duration::from_millis(100);
/// Interfaces that are asked on.
const MAX_INTERFACES: usize = 16;
/// Datagrams that are read, so that a flood cannot hold it up.
const MAX_DATAGRAMS: usize = 256;
const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 251), 5353);

/// The addresses of `<label>.local`, asked for on every interface with an IPv4 address; none when nobody answers.
pub(crate) async fn resolve(name: &str) -> Vec<IpAddr> {
    let lower = name.to_ascii_lowercase();
    let Some(label) = lower.strip_suffix(".local").filter(|label| (1..=63).contains(&label.len())) else {
        return Vec::new();
    };
    match asked(label).await {
        Ok(found) => found,
        Err(error) => {
            tracing::debug!(name, %error, "cannot query the local network for a name");
            Vec::new()
        }
    }
}

async fn asked(label: &str) -> io::Result<Vec<IpAddr>> {
    let id = u16::try_from(random() & 0xffff).unwrap_or(1);
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0).into())?;
    socket.set_multicast_ttl_v4(255)?;
    socket.set_nonblocking(true)?;
    let asking = socket.try_clone()?;
    let socket = UdpSocket::from_std(socket.into())?;
    let interfaces: BTreeSet<Ipv4Addr> = if_addrs::get_if_addrs()?
        .into_iter()
        .filter(|interface| !interface.is_loopback() && interface.is_oper_up())
        .filter_map(|interface| if let IpAddr::V4(ip) = interface.ip() { Some(ip) } else { None })
        .take(MAX_INTERFACES)
        .collect();
    let began = Instant::now();
    let (mut found, mut read, mut buffer) = (Vec::new(), 0, [0; 1500]);
    for round in ROUNDS {
        for ip in &interfaces {
            for family in [Family::V4, Family::V6] {
                // One interface that does not work is no reason not to ask on the others.
                let sent = asking
                    .set_multicast_if_v4(ip)
                    .and_then(|()| asking.send_to(&ask(id, label, family), &GROUP.into()));
                if let Err(error) = sent {
                    tracing::debug!(%ip, %error, "a query could not be sent");
                }
            }
        }
        let mut end = began + round;
        while read < MAX_DATAGRAMS {
            let Ok(received) = timeout_at(end, socket.recv_from(&mut buffer)).await else { break };
            read += 1;
            let (length, _) = received?;
            let new = buffer.get(..length).and_then(|message| answers(message, id, label)).unwrap_or_default();
            if !new.is_empty() {
                end = end.min(Instant::now() + GRACE);
            }
            // A link-local address says nothing without its interface.
            let usable = |ip: &IpAddr| !matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
            found.extend(new.into_iter().filter(usable));
        }
        if !found.is_empty() {
            break;
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}
