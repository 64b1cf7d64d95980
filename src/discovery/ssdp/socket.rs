//! The socket of the group, on one interface.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};
use tokio::net::UdpSocket;

pub(super) const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
pub(super) const PORT: u16 = 1900;

/// Receives what is sent to the group on this interface, and nothing that is sent to this machine
/// alone: hosts outside its network cannot make it answer.
pub(super) fn open(index: u32, ip: Ipv4Addr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddrV4::new(GROUP, PORT).into())?;
    socket.set_multicast_all_v4(false)?;
    socket.join_multicast_v4_n(&GROUP, &InterfaceIndexOrAddress::Index(index))?;
    socket.set_multicast_if_v4(&ip)?;
    // The architecture's default.
    socket.set_multicast_ttl_v4(2)?;
    UdpSocket::from_std(socket.into())
}
