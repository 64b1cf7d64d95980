//! A connection to a server. It makes progress only while somebody waits for an answer: the exchange with the
//! server is polled within the futures of its users, so nothing has to be spawned, and nothing is left behind.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::OutboundError;

/// Fields of a head at most.
const MAX_FIELDS: usize = 64;
/// Bytes of a head at most, and of what is read ahead of a slow disk.
const BUFFER: usize = 64 * 1024;

type Exchange = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// A connection to a server.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// `None` once it has ended.
    exchange: Option<Exchange>,
}

impl Connection {
    /// Begins to speak HTTP on a stream; `place` is for messages.
    pub(super) async fn begin<S>(stream: S, place: &str) -> Result<Self, OutboundError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, exchange) = Builder::new()
            .max_headers(MAX_FIELDS)
            .max_buf_size(BUFFER)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|source| OutboundError::Broken { place: place.to_owned(), source })?;
        Ok(Self { sender, exchange: Some(Box::pin(exchange)) })
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) async fn send(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>> {
        let answer = self.sender.send_request(request);
        alongside(&mut self.exchange, answer).await
    }

    /// Waits for `future`, which needs the connection's progress.
    pub(super) async fn drive<F: Future>(&mut self, future: F) -> F::Output {
        alongside(&mut self.exchange, future).await
    }

    /// Whether another request can be sent, once the connection has seen what happened in the meantime.
    pub(super) async fn ready(&mut self) -> bool {
        let Self { sender, exchange } = self;
        alongside(exchange, sender.ready()).await.is_ok() && exchange.is_some()
    }
}

/// The place of a connection between two requests; several servers may share one.
#[derive(Default)]
pub(crate) struct KeptConnection(Mutex<Option<Idle>>);

pub(super) struct Idle {
    pub(super) connection: Connection,
    pub(super) origin: Arc<str>,
    pub(super) since: Instant,
}

impl KeptConnection {
    pub(super) fn put(&self, connection: Connection, origin: Arc<str>) {
        *self.lock() = Some(Idle { connection, origin, since: Instant::now() });
    }

    pub(super) fn take(&self) -> Option<Idle> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Idle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Polls the exchange with the server, and then what waits for it.
async fn alongside<F: Future>(exchange: &mut Option<Exchange>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        // An exchange that ends, well or not, notifies its waiters.
        if exchange.as_mut().is_some_and(|running| running.as_mut().poll(cx).is_ready()) {
            *exchange = None;
        }
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(output),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
