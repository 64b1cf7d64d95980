//! The two ends of a connection's stream that report to its [`Activity`]: what the server reads and flushes, and what
//! the kernel takes. Between them is TLS, or nothing.
//!
//! TLS takes bytes that the kernel does not, and the kernel takes bytes while TLS flushes and says nothing of it. So
//! only the socket knows whether the peer still reads, and only above TLS is known whether a request has begun.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::deadlines::Activity;
use crate::metrics::Metrics;

/// What leads to a peer's socket, with TLS in between or without.
pub(super) trait PeerSocket {
    fn peer_socket(&self) -> &TcpStream;
}

impl PeerSocket for MeteredSocket<TcpStream> {
    fn peer_socket(&self) -> &TcpStream {
        &self.socket
    }
}

impl PeerSocket for TlsStream<MeteredSocket<TcpStream>> {
    fn peer_socket(&self) -> &TcpStream {
        self.get_ref().0.peer_socket()
    }
}

impl<S: PeerSocket> PeerSocket for MeteredStream<S> {
    fn peer_socket(&self) -> &TcpStream {
        self.stream.peer_socket()
    }
}

/// The socket's end.
pub(super) struct MeteredSocket<S> {
    socket: S,
    activity: Rc<Activity>,
}

impl<S> MeteredSocket<S> {
    pub(super) fn new(socket: S, activity: Rc<Activity>) -> Self {
        Self { socket, activity }
    }

    fn note(&self, result: &Poll<io::Result<usize>>) {
        match result {
            Poll::Ready(Ok(_)) => self.activity.written(),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.activity.blocked(),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for MeteredSocket<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for MeteredSocket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.note(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        self.note(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// The server's end; it counts what is written.
pub(super) struct MeteredStream<S> {
    stream: S,
    /// Bytes that were read and given back; they are read first.
    unread: Bytes,
    activity: Rc<Activity>,
    metrics: Arc<Metrics>,
}

impl<S> MeteredStream<S> {
    pub(super) fn new(stream: S, activity: Rc<Activity>, metrics: Arc<Metrics>) -> Self {
        Self { stream, unread: Bytes::new(), activity, metrics }
    }

    /// Gives back bytes that were read too early.
    pub(super) fn unread(&mut self, bytes: Bytes) {
        self.unread = bytes;
    }

    /// Whether some were.
    pub(super) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    fn count(&self, result: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = result {
            self.metrics.sent(*bytes as u64);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for MeteredStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.unread.is_empty() {
            let count = buffer.remaining().min(self.unread.len());
            buffer.put_slice(&self.unread.split_to(count));
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.read();
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for MeteredStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.count(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.count(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// The server flushes the stream only when its own buffer is empty.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        if matches!(result, Poll::Ready(Ok(()))) {
            self.activity.flushed();
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
    use tokio::time::Instant;

    use super::*;
    use crate::http::lifecycle::Due;
    use crate::http::listener::Scheme;
    use crate::http::timeouts::Timeouts;
    use crate::http::tls::{SelfSigned, Tls};
    use crate::metrics::CloseReason;

    const TIMEOUTS: Timeouts = Timeouts {
        handshake: Duration::from_secs(5),
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        write_stall: Duration::from_secs(30),
    };

    type Encrypted = MeteredStream<tokio_rustls::server::TlsStream<MeteredSocket<DuplexStream>>>;

    /// A connection through TLS over a pipe that holds little, and its peer, in virtual time.
    fn with_tls(test: impl AsyncFnOnce(Rc<Activity>, Encrypted, tokio_rustls::client::TlsStream<DuplexStream>)) {
        let directory = tempfile::tempdir().expect("a directory");
        let settings = SelfSigned {
            directory: directory.path().into(),
            names: vec!["taller.local".into()],
            built: std::time::SystemTime::UNIX_EPOCH,
        };
        let (tls, ..) = Tls::self_signed(settings, &std::collections::BTreeSet::new()).expect("a certificate");
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let (near, far) = tokio::io::duplex(4096);
            let activity = Activity::new(TIMEOUTS, Scheme::Https, Arc::default());
            let socket = MeteredSocket::new(near, Rc::clone(&activity));
            let name = "taller.local".try_into().expect("a name");
            let (stream, peer) = tokio::join!(tls.accept(socket), tls.connect(far, name));
            activity.encrypted();
            let stream = MeteredStream::new(stream.expect("a handshake"), Rc::clone(&activity), Arc::default());
            test(activity, stream, peer.expect("a handshake")).await;
        });
    }

    fn stall_in(seconds: u64) -> Option<(Instant, Due)> {
        (Instant::now() + Duration::from_secs(seconds), Due::Overdue(CloseReason::WriteStall)).into()
    }

    /// Flushes once, as the server does when it is woken.
    async fn flush(stream: &mut Encrypted) -> Poll<io::Result<()>> {
        std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut *stream).poll_flush(cx))).await
    }

    #[test]
    fn a_flush_that_had_to_wait_is_over_when_the_peer_has_read() {
        with_tls(async |activity, mut stream, mut peer| {
            let answering = activity.begin_answer();
            stream.write_all(&[7; 10_000]).await.expect("TLS takes it");
            assert!(flush(&mut stream).await.is_pending(), "and the pipe does not");
            drop(answering);
            assert_eq!(activity.due(), stall_in(30));

            let mut taken = [0; 10_000];
            tokio::time::advance(Duration::from_secs(20)).await;
            let (flushed, read) = tokio::join!(stream.flush(), peer.read_exact(&mut taken));
            assert!(flushed.is_ok() && read.is_ok());
            assert!(matches!(activity.due(), Some((_, Due::Rest))), "{:?}", activity.due());
        });
    }

    #[test]
    fn a_peer_that_reads_while_a_flush_waits_is_seen_to_and_what_tls_alone_takes_is_nothing() {
        with_tls(async |activity, mut stream, mut peer| {
            let _answering = activity.begin_answer();
            stream.write_all(&vec![7; 30_000]).await.expect("TLS takes it");
            assert!(flush(&mut stream).await.is_pending());
            tokio::time::advance(Duration::from_secs(20)).await;
            let mut a_little = [0; 1000];
            tokio::select! {
                biased;
                _ = stream.flush() => unreachable!("the pipe is too small"),
                read = peer.read_exact(&mut a_little) => assert_eq!(read.expect("a little"), 1000),
            }
            assert!(flush(&mut stream).await.is_pending(), "the pipe is full again");
            assert_eq!(activity.due(), stall_in(30), "the kernel has taken more");

            tokio::time::advance(Duration::from_secs(20)).await;
            stream.write_all(b"another event").await.expect("TLS takes it");
            assert_eq!(activity.due(), stall_in(10), "the peer has not");
        });
    }
}
