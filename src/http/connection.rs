//! One connection from its first octet to its last.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::accept::Accepted;
use super::deadlines::{Activity, Timeouts, Watched};
use super::listener::Scheme;
use super::service::{Rooms, Service};
use super::tls::Tls;
use crate::metrics::{Metrics, Reason};

/// What all connections share.
pub(super) struct Settings {
    pub(super) rooms: Arc<Rooms>,
    pub(super) tls: Option<Tls>,
    pub(super) timeouts: Timeouts,
    pub(super) tls_handshake: Duration,
    pub(super) header_bytes: usize,
    pub(super) header_count: usize,
}

/// Serves a connection until it ends; once `drain` is cancelled, it ends after the answer
/// that is under way.
pub(super) async fn serve(accepted: Accepted, settings: Arc<Settings>, drain: CancellationToken) {
    let Accepted { stream, peer, scheme, room: _room } = accepted;
    let _open = Open(Arc::clone(&settings.rooms.metrics));
    let stream = match TcpStream::from_std(stream) {
        Ok(stream) => stream,
        Err(error) => {
            tracing::warn!(%peer, %error, "cannot watch a connection");
            return;
        }
    };
    match (scheme, &settings.tls) {
        (Scheme::Http, _) => speak(stream, peer, &settings, drain).await,
        (Scheme::Https, Some(tls)) => {
            let handshake = tokio::time::timeout(settings.tls_handshake, tls.accept(stream));
            let failure = match handshake.await {
                // Boxed: a TLS stream is large, and the future would carry room for it in every
                // plain connection too.
                Ok(Ok(stream)) => return Box::pin(speak(stream, peer, &settings, drain)).await,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it took too long".to_owned(),
            };
            settings.rooms.metrics.rejected(Reason::Tls);
            tracing::debug!(%peer, error = failure, "a TLS handshake failed");
        }
        (Scheme::Https, None) => tracing::error!(%peer, "a TLS listener without a certificate"),
    }
}

async fn speak<S>(stream: S, peer: SocketAddr, settings: &Settings, drain: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    static CONNECTIONS: AtomicU64 = AtomicU64::new(1);
    let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed);

    let metrics = &settings.rooms.metrics;
    let activity = Activity::new(settings.timeouts);
    let io = TokioIo::new(Watched::new(stream, activity.clone(), Arc::clone(metrics)));
    let service = Service::new(Arc::clone(&settings.rooms), activity.clone(), peer, number);
    let mut connection = pin!(
        http1::Builder::new()
            // A client may say that it has no more to say and still want its answer.
            .half_close(true)
            .max_buf_size(settings.header_bytes)
            .max_headers(settings.header_count)
            .serve_connection(io, service)
    );
    let mut drained = pin!(drain.cancelled());
    let mut draining = false;
    let mut armed = activity.due();
    let mut timer = pin!(tokio::time::sleep_until(armed));

    let ended = poll_fn(|cx| {
        if let Poll::Ready(result) = connection.as_mut().poll(cx) {
            return Poll::Ready(End::Closed(result));
        }
        if !draining && drained.as_mut().poll(cx).is_ready() {
            draining = true;
            connection.as_mut().graceful_shutdown();
            if let Poll::Ready(result) = connection.as_mut().poll(cx) {
                return Poll::Ready(End::Closed(result));
            }
        }
        // Only ever moved closer here; when it goes off too early, it is set anew.
        let due = activity.due();
        if due < armed {
            armed = due;
            timer.as_mut().reset(armed);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if let Some(reason) = activity.overdue(Instant::now()) {
                return Poll::Ready(End::Overdue(reason));
            }
            armed = activity.due();
            timer.as_mut().reset(armed);
        }
        Poll::Pending
    });
    match ended.await {
        End::Closed(Ok(())) => {}
        End::Closed(Err(error)) => tracing::debug!(%peer, connection = number, %error, "a connection failed"),
        End::Overdue(reason) => {
            metrics.rejected(reason);
            tracing::debug!(%peer, connection = number, reason = reason.word(), "a connection was closed");
        }
    }
}

enum End {
    Closed(hyper::Result<()>),
    Overdue(Reason),
}

/// Counts a connection as open.
struct Open(Arc<Metrics>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.closed();
    }
}
