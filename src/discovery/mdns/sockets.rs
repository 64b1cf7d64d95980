//! The sockets of port 5353 on one interface.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::engine::{Out, PORT};
use crate::discovery::lan::Lan;

const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
/// The longest message (RFC 6762 section 17).
pub(super) const MAX_MESSAGE: usize = 9000;
/// So that nobody beyond a router is taken for a neighbour (section 11).
const TTL: u32 = 255;

/// Of the families that the interface has addresses of. Each has one socket that is bound to the group's address, so
/// that the kernel gives it nothing else, and one that gets what is sent to this machine alone and from which all is sent.
pub(super) struct Sockets {
    families: Vec<Family>,
    lan: Lan,
    /// Where to look first, so that a flood of one socket does not silence the others.
    turn: usize,
}

struct Family {
    group: UdpSocket,
    direct: UdpSocket,
    to: SocketAddr,
}

/// A datagram that has come.
pub(super) struct Received {
    pub(super) length: usize,
    pub(super) from: SocketAddr,
    /// Whether it was sent to this machine alone.
    pub(super) is_direct: bool,
}

impl Sockets {
    pub(super) fn open(lan: &Lan) -> io::Result<Self> {
        let mut families = Vec::new();
        if let Some(ip) = lan.ipv4() {
            families.push(Family::v4(lan.index, ip)?);
        }
        if lan.ips().any(|ip| ip.is_ipv6()) {
            families.push(Family::v6(lan.index)?);
        }
        Ok(Self { families, lan: lan.clone(), turn: 0 })
    }

    /// Waits for the next datagram of a neighbour.
    pub(super) async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        loop {
            self.ready().await?;
            let count = self.families.len() * 2;
            for _ in 0..count {
                self.turn = (self.turn + 1) % count;
                let Some(family) = self.families.get(self.turn / 2) else { continue };
                let is_direct = self.turn % 2 == 1;
                let socket = if is_direct { &family.direct } else { &family.group };
                match socket.try_recv_from(buffer) {
                    // What is sent to the group comes from the same cable, whatever address it bears.
                    Ok((length, from)) if !is_direct || self.is_neighbour(from) => {
                        return Ok(Received { length, from, is_direct });
                    }
                    Ok(_) => {}
                    Err(error) if is_passing(&error) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Waits until a socket has something.
    async fn ready(&self) -> io::Result<()> {
        let mut waiting = self.families.iter();
        match (waiting.next(), waiting.next()) {
            (Some(one), Some(other)) => tokio::select! {
                ready = one.ready() => ready,
                ready = other.ready() => ready,
            },
            (Some(one), None) => one.ready().await,
            _ => std::future::pending().await,
        }
    }

    fn is_neighbour(&self, from: SocketAddr) -> bool {
        match from {
            SocketAddr::V6(from) if from.ip().is_unicast_link_local() => from.scope_id() == self.lan.index,
            _ => self.lan.is_neighbour(from.ip()),
        }
    }

    /// Sends it. A lost datagram is like one that was never sent.
    pub(super) async fn send(&self, out: &Out) {
        for family in &self.families {
            let to = out.to.unwrap_or(family.to);
            if to.is_ipv4() == family.to.is_ipv4() {
                let _ = family.direct.send_to(&out.datagram, to).await;
            }
        }
    }
}

impl Family {
    async fn ready(&self) -> io::Result<()> {
        tokio::select! {
            ready = self.group.readable() => ready,
            ready = self.direct.readable() => ready,
        }
    }

    fn v4(index: u32, ip: Ipv4Addr) -> io::Result<Self> {
        let to = SocketAddr::from((GROUP_V4, PORT));
        let group = bound(to)?;
        group.set_multicast_all_v4(false)?;
        group.join_multicast_v4_n(&GROUP_V4, &InterfaceIndexOrAddress::Index(index))?;
        let direct = bound(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, PORT).into())?;
        direct.set_multicast_all_v4(false)?;
        direct.set_multicast_if_v4(&ip)?;
        direct.set_multicast_ttl_v4(TTL)?;
        direct.set_ttl_v4(TTL)?;
        Ok(Self { group: UdpSocket::from_std(group.into())?, direct: UdpSocket::from_std(direct.into())?, to })
    }

    fn v6(index: u32) -> io::Result<Self> {
        let to = SocketAddrV6::new(GROUP_V6, PORT, 0, index).into();
        let group = bound(to)?;
        group.set_multicast_all_v6(false)?;
        group.join_multicast_v6(&GROUP_V6, index)?;
        let direct = bound(SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, PORT, 0, 0).into())?;
        direct.set_multicast_all_v6(false)?;
        direct.set_multicast_if_v6(index)?;
        direct.set_multicast_hops_v6(TTL)?;
        direct.set_unicast_hops_v6(TTL)?;
        Ok(Self { group: UdpSocket::from_std(group.into())?, direct: UdpSocket::from_std(direct.into())?, to })
    }
}

/// Beside other responders on this machine (RFC 6762 section 15).
fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

/// What a socket says of datagrams that did not arrive, or of an interface that is away for a moment.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock
            | ErrorKind::Interrupted
            | ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
    )
}
