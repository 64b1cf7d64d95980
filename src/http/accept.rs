//! Accepts connections, refuses those there is no room for, and dispatches the rest to the workers.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::dispatcher::{Accepted, Dispatcher};
use super::limits::ConnectionLimiter;
use super::listener::{Listener, Scheme};
use crate::metrics::{CloseReason, Metrics};

/// Serves one listener.
pub(super) struct Acceptor {
    socket: TcpListener,
    scheme: Scheme,
    limiter: Arc<ConnectionLimiter>,
    metrics: Arc<Metrics>,
    dispatcher: Dispatcher,
    write_stall: Duration,
}

/// How long to wait when the kernel has no socket left: until then some connection may have
/// gone. Doubled up to the second.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

impl Acceptor {
    pub(super) fn new(
        listener: Listener,
        limiter: Arc<ConnectionLimiter>,
        metrics: Arc<Metrics>,
        dispatcher: Dispatcher,
        write_stall: Duration,
    ) -> io::Result<Self> {
        let scheme = listener.scheme;
        let socket = TcpListener::from_std(listener.socket)?;
        Ok(Self { socket, scheme, limiter, metrics, dispatcher, write_stall })
    }

    /// Accepts until `stop`. The listening socket is closed when this returns, so that the
    /// kernel refuses what nobody would answer.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut back_off = BACK_OFF.0;
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    back_off = BACK_OFF.0;
                    self.receive(stream, peer);
                }
                // The peer has gone again (accept(2): treat these like EAGAIN).
                Err(error) if is_per_connection(&error) => {}
                Err(error) => {
                    self.metrics.rejected(CloseReason::Accept);
                    tracing::warn!(%error, back_off_ms = back_off.as_millis(), "cannot accept connections, waiting");
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(back_off) => {}
                    }
                    back_off = (back_off * 2).min(BACK_OFF.1);
                }
            }
        }
    }

    fn prepare(&self, stream: &tokio::net::TcpStream) -> io::Result<()> {
        let socket = socket2::SockRef::from(stream);
        socket.set_tcp_nodelay(true)?;
        socket.set_tcp_notsent_lowat(UNSENT)?;
        // A short answer is all in the kernel's hands, so a stalled write never shows; the
        // kernel gives up by the same rule then (RFC 5482).
        socket.set_tcp_user_timeout(Some(self.write_stall))
    }

    fn receive(&self, stream: tokio::net::TcpStream, peer: SocketAddr) {
        // Out of this runtime's reactor, since a worker's takes it over.
        let stream = match self.prepare(&stream).and_then(|()| stream.into_std()) {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(%peer, %error, "a connection was lost before it began");
                return;
            }
        };
        match self.limiter.admit(peer.ip()) {
            Ok(permit) => {
                self.metrics.accepted();
                self.dispatcher.dispatch(Accepted { stream, peer, scheme: self.scheme, permit });
            }
            Err(reason) => {
                self.metrics.rejected(reason);
                tracing::debug!(%peer, reason = reason.word(), "no room for a connection");
                if self.scheme == Scheme::Http {
                    refuse(&stream);
                }
            }
        }
    }
}

/// How much of an answer the kernel takes before the peer has. Without it, it takes megabytes
/// for each peer that does not read: a small box has less memory than that.
const UNSENT: u32 = 256 * 1024;

/// The whole answer of a full house. The page comes back by itself: nobody is there to press
/// "try again".
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Content-Type: text/html; charset=utf-8\r\n\
    Content-Length: 335\r\n\
    Cache-Control: no-store\r\n\
    Retry-After: 5\r\n\
    Connection: close\r\n\r\n\
    <!doctype html><html lang=\"es\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"5\">\
    <title>503</title></head><body><main><h1>Un momento...</h1><p>El equipo atiende ya a demasiadas pantallas. Se reintenta solo.</p>\
    <p lang=\"en\">The box is serving too many screens already. It tries again by itself.</p></main></body></html>";

/// Says why, as far as that works without waiting: the send buffer of a new connection takes
/// it, and what the peer has sent is read away, since closing over unread bytes would reset
/// the connection and lose the answer (RFC 9112 section 9.6).
fn refuse(mut stream: &TcpStream) {
    let mut unread = [0; 2048];
    let _ = stream.read(&mut unread);
    let _ = stream.write(FULL);
    let _ = stream.shutdown(Shutdown::Write);
}

fn is_per_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted, NetworkDown,
        NetworkUnreachable, PermissionDenied, WouldBlock,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            // A firewall rule forbids this peer.
            | PermissionDenied
            | WouldBlock
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_house_announces_its_true_length() {
        let text = std::str::from_utf8(FULL).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "the body has {}", body.len());
    }

    #[test]
    fn only_exhaustion_backs_off() {
        assert!(is_per_connection(&io::ErrorKind::ConnectionAborted.into()));
        for errno in
            [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE, rustix::io::Errno::NOBUFS, rustix::io::Errno::NOMEM]
        {
            assert!(!is_per_connection(&errno.into()));
        }
    }
}
