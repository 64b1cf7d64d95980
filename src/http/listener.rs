//! Listening sockets: bound here, or inherited from systemd or from the process before.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;

use listenfd::ListenFd;
use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;

/// How many connections may wait to be accepted; the kernel caps it at `somaxconn`.
const BACKLOG: i32 = 1024;

/// What is spoken on a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// HTTP over TCP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// A socket that listens.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(super) socket: TcpListener,
    pub(super) scheme: Scheme,
    address: SocketAddr,
    /// The address that it was bound for; `None` where a service manager has bound it.
    wanted: Option<SocketAddr>,
}

/// A socket could not be bound.
#[derive(Debug, Error)]
#[error("cannot listen on {address}{}", self.hint())]
pub struct BindError {
    address: SocketAddr,
    scheme: Scheme,
    source: io::Error,
}

impl BindError {
    /// The address.
    #[must_use]
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    #[must_use]
    pub(crate) fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    /// What chooses another one: option and key.
    #[must_use]
    pub(crate) fn key(&self) -> &'static str {
        match self.scheme {
            Scheme::Http => "--listen (listen.http)",
            Scheme::Https => "listen.https",
        }
    }

    fn hint(&self) -> String {
        match self.kind() {
            io::ErrorKind::AddrInUse => {
                format!(" (another program has that port: stop it, or choose another with {})", self.key())
            }
            io::ErrorKind::PermissionDenied => {
                " (ports below 1024 need the socket unit, CAP_NET_BIND_SERVICE or root: choose 8080, or install the service)".into()
            }
            io::ErrorKind::AddrNotAvailable => " (this machine does not have that address)".into(),
            _ => String::new(),
        }
    }
}

impl Listener {
    /// Binds `address`. `[::]` takes IPv4 too, and falls back to `0.0.0.0` on a machine without
    /// IPv6.
    pub(crate) fn bind(address: SocketAddr, scheme: Scheme) -> Result<Self, BindError> {
        match bind(address) {
            Err(error) if address.ip().is_unspecified() && address.is_ipv6() && lacks_ipv6(&error) => {
                tracing::warn!(%address, "this machine has no IPv6, listening on IPv4 alone");
                let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
                let bound = Self::of(bind(address), address, scheme)?;
                Ok(Self { wanted: Some(SocketAddr::from((Ipv6Addr::UNSPECIFIED, address.port()))), ..bound })
            }
            bound => Self::of(bound, address, scheme),
        }
    }

    fn of(bound: io::Result<TcpListener>, address: SocketAddr, scheme: Scheme) -> Result<Self, BindError> {
        bound.and_then(|socket| Self::adopt(socket, scheme, Some(address))).map_err(|source| BindError {
            address,
            scheme,
            source,
        })
    }

    fn adopt(socket: TcpListener, scheme: Scheme, wanted: Option<SocketAddr>) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, scheme, address, wanted })
    }

    /// The address that the box has bound it for; `None` where it is the service manager's.
    #[must_use]
    pub(crate) fn wanted(&self) -> Option<SocketAddr> {
        self.wanted
    }

    /// Another descriptor of the same socket and its name in `LISTEN_FDNAMES`, for the process that comes after this
    /// one: [`Inherited`] finds it again.
    pub(crate) fn hand_over(&self) -> io::Result<(String, OwnedFd)> {
        Ok((name(self.scheme, self.wanted), self.socket.try_clone()?.into()))
    }

    /// The address that it really has, the port included.
    #[must_use]
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is spoken on it.
    #[must_use]
    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn lacks_ipv6(error: &io::Error) -> bool {
    // EAFNOSUPPORT with the module missing, EADDRNOTAVAIL with IPv6 disabled by sysctl.
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

/// The name of a socket in `LISTEN_FDNAMES`: its scheme, and for one of the box's own what it was bound for, such as
/// `http@[__]_8080`. Colons separate the names, so they are underscores here.
fn name(scheme: Scheme, wanted: Option<SocketAddr>) -> String {
    match wanted {
        None => scheme.to_string(),
        Some(address) => format!("{scheme}@{}", address.to_string().replace(':', "_")),
    }
}

/// What a name says. Any other is a service manager's, which is free in its names but for `https`.
fn parse_name(name: &str) -> (Scheme, Option<SocketAddr>) {
    let (scheme, wanted) = match name.split_once('@') {
        Some((scheme, wanted)) => (scheme, wanted.replace('_', ":").parse().ok()),
        None => (name, None),
    };
    (if scheme == "https" { Scheme::Https } else { Scheme::Http }, wanted)
}

/// The listeners that the environment hands over (`sd_listen_fds(3)`), by a service manager or by the process before
/// this one; those named `https` in `LISTEN_FDNAMES` speak TLS.
#[derive(Debug)]
pub(crate) struct Inherited {
    /// Ready to be served.
    pub(crate) listeners: Vec<Listener>,
}

impl Inherited {
    /// Takes them, once a process.
    pub(crate) fn from_env() -> io::Result<Self> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':');
        let mut descriptors = ListenFd::from_env();
        let mut listeners = Vec::with_capacity(descriptors.len());
        for index in 0..descriptors.len() {
            let (scheme, wanted) = parse_name(names.next().unwrap_or_default());
            if let Some(socket) = descriptors.take_tcp_listener(index)? {
                // Out of the number that it came in: the process after this one gets its own there.
                listeners.push(Listener::adopt(socket.try_clone()?, scheme, wanted)?);
            }
        }
        Ok(Self { listeners })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_port_is_known_and_a_taken_one_is_explained() {
        let first = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Scheme::Http).expect("bound");
        assert_ne!(first.address().port(), 0);
        let error = Listener::bind(first.address(), Scheme::Http).expect_err("taken");
        assert!(error.to_string().contains("another program has that port"), "{error}");
        assert!(error.to_string().ends_with("with --listen (listen.http))"), "{error}");
        let error = Listener::bind(first.address(), Scheme::Https).expect_err("taken");
        assert!(error.to_string().ends_with("with listen.https)"), "{error}");
    }

    #[test]
    fn a_handed_over_socket_is_known_again() {
        for address in ["[::]:8080", "127.0.0.1:80", "[fe80::1%3]:8443"] {
            let address: SocketAddr = address.parse().expect("an address");
            for scheme in [Scheme::Http, Scheme::Https] {
                let name = name(scheme, Some(address));
                assert!(!name.contains(':'), "{name}");
                assert_eq!(parse_name(&name), (scheme, Some(address)), "{name}");
            }
        }
        assert_eq!(parse_name("https"), (Scheme::Https, None));
        for other in ["http", "", "workshop-edge.socket", "x@y", "http@y"] {
            assert_eq!(parse_name(other), (Scheme::Http, None), "{other}");
        }
    }
}
