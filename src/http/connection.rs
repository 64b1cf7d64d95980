//! One connection from its first byte to its last.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::connection_timer::ConnectionTimer;
use super::deadlines::Activity;
use super::dispatcher::{Accepted, Load};
use super::drain::Drain;
use super::end::End;
use super::handover::BegunStream;
use super::lifecycle::Due;
use super::listener::Scheme;
use super::metered::{MeteredSocket, MeteredStream, PeerSocket};
use super::service::{AppState, Service};
use super::stream::stream_events;
use super::sweeper::Sweeper;
use super::timeouts::{ASK_PEER, PEER_LOST, Timeouts};
use super::tls::Tls;
use crate::metrics::{CloseReason, Metrics};

/// What all connections share.
pub(super) struct Settings {
    pub(super) state: Arc<AppState>,
    pub(super) tls: Option<Tls>,
    pub(super) timeouts: Timeouts,
    pub(super) header_bytes: usize,
    pub(super) header_count: usize,
}

/// Serves a connection until it ends; once the drain begins, it ends after the answer that is
/// under way. `load` is what the worker counts it by.
pub(super) async fn serve(
    accepted: Accepted,
    settings: Arc<Settings>,
    drain: Rc<Drain>,
    sweeper: Rc<Sweeper>,
    load: Load,
) {
    static CONNECTIONS: AtomicU64 = AtomicU64::new(1);

    let _load = load;
    let Accepted { stream, peer, scheme, permit } = accepted;
    let metrics = &settings.state.metrics;
    let _open = Open(Arc::clone(metrics));
    let stream = match TcpStream::from_std(stream) {
        Ok(stream) => stream,
        Err(error) => {
            tracing::warn!(%peer, %error, "cannot watch a connection");
            return;
        }
    };
    let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
    let tracked = permit.connection();
    let activity = Activity::new(settings.timeouts, scheme, Arc::clone(tracked));
    let stream = MeteredSocket::new(stream, Rc::clone(&activity));
    let service = Service::new(Arc::clone(&settings.state), Rc::clone(&activity), peer, scheme, number);
    let mut timer = pin!(ConnectionTimer::new(&activity, &drain, &sweeper, tracked));
    let end = match (scheme, &settings.tls) {
        (Scheme::Http, _) => speak(stream, service, &activity, &settings, timer.as_mut()).await,
        // Boxed: a handshake and a TLS stream are large, and every plain connection would carry
        // room for them too.
        (Scheme::Https, Some(tls)) => {
            Box::pin(speak_tls(stream, service, tls, &activity, &settings, timer.as_mut())).await
        }
        (Scheme::Https, None) => return tracing::error!(%peer, "a TLS listener without a certificate"),
    };
    match (tracked.eviction(), end) {
        (Some(reason), _) | (None, End::Overdue(reason)) => {
            metrics.rejected(reason);
            tracing::debug!(%peer, connection = number, reason = reason.word(), "a connection was closed");
        }
        (None, End::Closed(Ok(()))) => {}
        (None, End::Closed(Err(error))) => tracing::debug!(%peer, connection = number, %error, "a connection failed"),
        (None, End::Failed(error)) => tracing::debug!(%peer, connection = number, %error, "a stream of events failed"),
        (None, End::NoHandshake(error)) => {
            metrics.rejected(CloseReason::Tls);
            tracing::debug!(%peer, connection = number, %error, "a TLS handshake failed");
        }
    }
}

async fn speak_tls(
    stream: MeteredSocket<TcpStream>,
    service: Service,
    tls: &Tls,
    activity: &Rc<Activity>,
    settings: &Settings,
    mut timer: Pin<&mut ConnectionTimer<'_>>,
) -> End {
    let mut handshake = pin!(tls.accept(stream));
    let encrypted = poll_fn(|cx| {
        if let Poll::Ready(result) = handshake.as_mut().poll(cx) {
            return Poll::Ready(result.map_err(End::NoHandshake));
        }
        // It also brings the deadline closer.
        timer.as_mut().ends_after_answer(cx);
        match timer.as_mut().poll_due(cx) {
            Poll::Ready(Due::Overdue(reason)) => Poll::Ready(Err(End::Overdue(reason))),
            Poll::Ready(Due::Rest) | Poll::Pending => Poll::Pending,
        }
    });
    match encrypted.await {
        Ok(stream) => {
            activity.encrypted();
            speak(stream, service, activity, settings, timer).await
        }
        Err(end) => end,
    }
}

async fn speak<S>(
    stream: S,
    mut service: Service,
    activity: &Rc<Activity>,
    settings: &Settings,
    mut timer: Pin<&mut ConnectionTimer<'_>>,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin + PeerSocket,
{
    let metrics = &settings.state.metrics;
    let mut stream = MeteredStream::new(stream, Rc::clone(activity), Arc::clone(metrics));
    loop {
        match exchange(stream, service, settings, timer.as_mut()).await {
            ExchangeOutcome::Ended(end) => return end,
            ExchangeOutcome::Resting(resting, next) => (stream, service) = (resting, next),
            ExchangeOutcome::Streaming(stream, begun) => {
                if let Err(error) = notice_loss(stream.peer_socket(), settings.timeouts.write_stall) {
                    return End::Failed(error);
                }
                return settings.state.timers.lend(stream_events(stream, begun, timer)).await;
            }
        }
        activity.rested(stream.has_unread());
        let _resting = metrics.rests();
        if let Some(end) = rest(&mut stream, timer.as_mut()).await {
            return end;
        }
    }
}

/// Has the kernel look for a sign of life of the peer's.
fn notice_loss(socket: &TcpStream, write_stall: Duration) -> io::Result<()> {
    let socket = SockRef::from(socket);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(ASK_PEER).with_interval(ASK_PEER))?;
    socket.set_tcp_user_timeout(Some(PEER_LOST.min(write_stall)))
}

/// How a run of requests ended.
enum ExchangeOutcome<S> {
    Ended(End),
    /// No request is under way, and none has come for some time.
    Resting(MeteredStream<S>, Service),
    /// The head of a stream of events is written.
    Streaming(MeteredStream<S>, Box<BegunStream>),
}

/// What ends a run of requests.
enum Interrupt {
    End(End),
    Rest,
    Stream(Box<BegunStream>),
}

/// Requests and answers, until the connection ends or has nothing to do.
async fn exchange<S>(
    stream: MeteredStream<S>,
    service: Service,
    settings: &Settings,
    mut timer: Pin<&mut ConnectionTimer<'_>>,
) -> ExchangeOutcome<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handover = Rc::clone(service.handover());
    let mut connection = http1::Builder::new()
        // A client may say that it has no more to say and still want its answer.
        .half_close(true)
        .max_buf_size(settings.header_bytes)
        .max_headers(settings.header_count)
        .serve_connection(TokioIo::new(stream), service);
    let mut ending = false;
    let ended = poll_fn(|cx| {
        if let Poll::Ready(result) = Pin::new(&mut connection).poll(cx) {
            return Poll::Ready(Interrupt::End(End::Closed(result)));
        }
        if let Some(begun) = handover.take() {
            return Poll::Ready(Interrupt::Stream(begun));
        }
        if !ending && timer.as_mut().ends_after_answer(cx) {
            ending = true;
            Pin::new(&mut connection).graceful_shutdown();
            if let Poll::Ready(result) = Pin::new(&mut connection).poll(cx) {
                return Poll::Ready(Interrupt::End(End::Closed(result)));
            }
        }
        timer.as_mut().poll_due(cx).map(|due| match due {
            Due::Overdue(reason) => Interrupt::End(End::Overdue(reason)),
            Due::Rest => Interrupt::Rest,
        })
    });
    let interrupt = ended.await;
    if let Interrupt::End(end) = interrupt {
        return ExchangeOutcome::Ended(end);
    }
    let http1::Parts { io, read_buf, service, .. } = connection.into_parts();
    let mut stream = io.into_inner();
    if let Interrupt::Stream(begun) = interrupt {
        return ExchangeOutcome::Streaming(stream, begun);
    }
    // A copy, nearly always of nothing: even an empty slice would keep the buffer alive.
    stream.unread(Bytes::copy_from_slice(&read_buf));
    ExchangeOutcome::Resting(stream, service)
}

/// Waits for the next request with no more than the socket in memory: the server's two buffers
/// are most of what a connection costs. `None` when the peer speaks again.
async fn rest<S>(stream: &mut MeteredStream<S>, mut timer: Pin<&mut ConnectionTimer<'_>>) -> Option<End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let closed = poll_fn(|cx| {
        let mut first = [MaybeUninit::uninit(); 512];
        let mut first = ReadBuf::uninit(&mut first);
        match Pin::new(&mut *stream).poll_read(cx, &mut first) {
            Poll::Ready(Ok(())) if !first.filled().is_empty() => {
                stream.unread(Bytes::copy_from_slice(first.filled()));
                return Poll::Ready(None);
            }
            // Between requests, a peer that resets has just gone.
            Poll::Ready(_) => return Poll::Ready(Some(End::Closed(Ok(())))),
            Poll::Pending => {}
        }
        if timer.as_mut().ends_after_answer(cx) {
            return Poll::Ready(Some(End::Closed(Ok(()))));
        }
        match timer.as_mut().poll_due(cx) {
            Poll::Ready(Due::Overdue(reason)) => Poll::Ready(Some(End::Overdue(reason))),
            Poll::Ready(Due::Rest) | Poll::Pending => Poll::Pending,
        }
    });
    let end = closed.await?;
    // TLS says goodbye, if that works at once: nobody waits for it.
    poll_fn(|cx| {
        let _ = Pin::new(&mut *stream).poll_shutdown(cx);
        Poll::Ready(())
    })
    .await;
    Some(end)
}

/// Counts a connection as open.
struct Open(Arc<Metrics>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.closed();
    }
}
