//! From a name to a connection: its addresses, and the first of them that answers (RFC 8305).

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Outbound, OutboundError};

/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;
/// How long an attempt has the field to itself: section 5.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Connects to the first of a host's addresses that answers. A dead one costs a moment, not the whole time of an attempt.
pub(super) async fn reach(outbound: &Outbound, host: &str, port: u16) -> Result<TcpStream, OutboundError> {
    let addresses = interleaved(addresses(outbound, host, port).await?);
    let connected = race(addresses, outbound.limits.connect).await;
    let stream = connected.map_err(|failed| match failed {
        Some((address, source)) => OutboundError::Connect { host: host.to_owned(), address, source },
        None => no_address(host, io::Error::other("the name has no address")),
    })?;
    // Requests are a single small write each; without this they may wait for the last one's ACK.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// As the system finds them; a name of the local network is asked for there when that fails.
pub(super) async fn addresses(outbound: &Outbound, host: &str, port: u16) -> Result<Vec<SocketAddr>, OutboundError> {
    let after = outbound.limits.lookup;
    let failed = match timeout(after, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(addresses)) => return Ok(addresses.collect()),
        Ok(Err(source)) => source,
        Err(_) => late(after),
    };
    let Some(local_names) = outbound.shared.local_names.filter(|_| is_local(host)) else {
        return Err(no_address(host, failed));
    };
    let found = local_names(host.trim_end_matches('.').to_owned()).await;
    if found.is_empty() {
        return Err(no_address(host, failed));
    }
    Ok(found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
}

fn is_local(host: &str) -> bool {
    host.trim_end_matches('.').to_ascii_lowercase().ends_with(".local")
}

fn no_address(host: &str, source: io::Error) -> OutboundError {
    OutboundError::Lookup { host: host.to_owned(), source }
}

/// Both families in turn, beginning with the system's first, so that none of them has to fail as a whole first.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let is_first_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == is_first_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut mixed = Vec::new();
    while mixed.len() < MAX_ADDRESSES {
        let next = [first.next(), second.next()];
        if next == [None, None] {
            break;
        }
        mixed.extend(next.into_iter().flatten());
    }
    mixed.truncate(MAX_ADDRESSES);
    mixed
}

/// The first connection to one of the addresses; the last failure where there is none, or nothing without addresses.
async fn race(addresses: Vec<SocketAddr>, limit: Duration) -> Result<TcpStream, Option<(SocketAddr, io::Error)>> {
    let mut waiting = addresses.into_iter();
    // Dropped with this future, and its attempts with it.
    let mut attempts = JoinSet::new();
    let mut failed = None;
    loop {
        if let Some(address) = waiting.next() {
            attempts.spawn(async move {
                let connected = timeout(limit, TcpStream::connect(address)).await;
                connected.unwrap_or_else(|_| Err(late(limit))).map_err(|source| (address, source))
            });
        }
        tokio::select! {
            ended = attempts.join_next() => match ended {
                Some(Ok(Ok(stream))) => return Ok(stream),
                Some(Ok(Err(failure))) => failed = Some(failure),
                // An attempt that panicked or was ended.
                Some(Err(_)) => {}
                None => return Err(failed),
            },
            () = sleep(ATTEMPT_DELAY), if waiting.len() > 0 => {}
        }
    }
}

pub(super) fn late(after: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", after.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_take_turns() {
        let of =
            |texts: &[&str]| texts.iter().map(|text| text.parse().expect("an address")).collect::<Vec<SocketAddr>>();
        let all = of(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"]);
        assert_eq!(interleaved(all), of(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]));
        let many = (0..20).map(|port| SocketAddr::from(([10, 0, 0, 1], port))).collect();
        assert_eq!(interleaved(many).len(), MAX_ADDRESSES);
        assert!(interleaved(Vec::new()).is_empty());
    }
}
