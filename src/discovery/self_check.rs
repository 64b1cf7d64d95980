//! Asking the network for a name, as a client would: from an ephemeral port, so that answers
//! come straight back (RFC 6762 section 6.7) and the responder's own cache has no say.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::lan::Lan;
use super::question::{Family, answers, ask};
use super::random::random;

/// How long answers may take; a responder that is alone with a name answers at once.
pub(super) const WINDOW: Duration = Duration::from_millis(700);
/// Answers that are read in one check, so that a flood cannot hold it up.
pub(super) const MAX: usize = 64;
const PORT: u16 = 5353;
const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);

/// Who answered for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Answered {
    /// This box.
    pub(super) ours: bool,
    /// Another one, and where it is.
    pub(super) foreign: Option<IpAddr>,
}

/// Asks for the addresses of `<label>.local` on the chosen interface of a machine with these
/// addresses of its own.
pub(super) async fn check(lan: &Lan, own: &[IpAddr], label: &str) -> io::Result<Answered> {
    // An id that no answer to an earlier check has.
    let id = u16::try_from(random() & 0xffff).unwrap_or(1);
    let (socket, group) = open(lan)?;
    for family in [Family::V4, Family::V6] {
        socket.send_to(&ask(id, label, family), group).await?;
    }
    let end = Instant::now() + WINDOW;
    let mut answered = Answered::default();
    let mut buffer = [0; 1500];
    for _ in 0..MAX {
        let Ok(received) = timeout_at(end, socket.recv_from(&mut buffer)).await else { break };
        let (length, from) = received?;
        let found = buffer.get(..length).and_then(|message| answers(message, id, label)).unwrap_or_default();
        for address in found {
            // What comes from here is ours even while it still has the address of a moment ago,
            // and our address is ours even from a repeater on another host.
            if own.contains(&from.ip()) || own.contains(&address) {
                answered.ours = true;
            } else {
                // Nothing that comes later makes it better.
                answered.foreign = Some(address);
                return Ok(answered);
            }
        }
    }
    Ok(answered)
}

/// A socket for questions on the chosen interface, and whom to ask.
pub(super) fn open(lan: &Lan) -> io::Result<(UdpSocket, SocketAddr)> {
    let (socket, group): (Socket, SocketAddr) = if let Some(ip) = lan.ipv4() {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.bind(&SocketAddrV4::new(ip, 0).into())?;
        socket.set_multicast_if_v4(&ip)?;
        socket.set_multicast_ttl_v4(255)?;
        (socket, SocketAddrV4::new(GROUP_V4, PORT).into())
    } else {
        let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP))?;
        socket.bind(&SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 0, 0, 0).into())?;
        socket.set_multicast_if_v6(lan.index)?;
        socket.set_multicast_hops_v6(255)?;
        (socket, SocketAddrV6::new(GROUP_V6, PORT, 0, lan.index).into())
    };
    socket.set_nonblocking(true)?;
    Ok((UdpSocket::from_std(socket.into())?, group))
}
