//! A connection to a web server. It makes progress only while somebody waits for an answer: the exchange with the
//! server is polled within the futures of its users, so nothing has to be spawned, and nothing is left behind.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::traffic::{Counted, Traffic};
use super::{Limits, TransportError};

/// Addresses of one name that are tried.
const MOST_ADDRESSES: usize = 8;
/// Fields of a head at most.
const MOST_FIELDS: usize = 64;
/// Octets of a head at most, and of what is read ahead of a slow disk.
const BUFFER: usize = 64 * 1024;

type Exchange = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// A server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    /// `None` speaks without TLS.
    pub(super) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    pub(super) traffic: Arc<Traffic>,
}

/// A connection to it.
pub(super) struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    /// `None` once it has ended.
    exchange: Option<Exchange>,
}

impl Server {
    /// Connects to the first of its addresses that answers.
    pub(super) async fn connect(&self, limits: &Limits) -> Result<Connection, TransportError> {
        let stream = Counted::new(self.reach(limits).await?, Arc::clone(&self.traffic));
        let Some((config, name)) = &self.tls else {
            return self.greet(stream).await;
        };
        let host = || self.host.clone();
        let handshake = TlsConnector::from(Arc::clone(config)).connect(name.clone(), stream);
        match timeout(limits.tls, handshake).await {
            Ok(Ok(stream)) => self.greet(stream).await,
            Ok(Err(source)) => Err(TransportError::Handshake { host: host(), source }),
            Err(_) => Err(TransportError::Late { place: host(), operation: "shake hands", after: limits.tls }),
        }
    }

    async fn reach(&self, limits: &Limits) -> Result<TcpStream, TransportError> {
        let host = || self.host.clone();
        let found = timeout(limits.lookup, tokio::net::lookup_host((self.host.as_str(), self.port))).await;
        let addresses: Vec<SocketAddr> = match found {
            Ok(Ok(addresses)) => addresses.take(MOST_ADDRESSES).collect(),
            Ok(Err(source)) => return Err(TransportError::Lookup { host: host(), source }),
            Err(_) => return Err(TransportError::Lookup { host: host(), source: late(limits.lookup) }),
        };
        let mut last = TransportError::Lookup { host: host(), source: io::Error::other("the name has no address") };
        for address in addresses {
            let source = match timeout(limits.connect, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Requests are a single small write each; without this they may wait for the last one's ACK.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(source)) => source,
                Err(_) => late(limits.connect),
            };
            last = TransportError::Connect { host: host(), address, source };
        }
        Err(last)
    }

    async fn greet<S>(&self, stream: S) -> Result<Connection, TransportError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, exchange) = Builder::new()
            .max_headers(MOST_FIELDS)
            .max_buf_size(BUFFER)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|source| TransportError::Broken { place: self.host.clone(), source })?;
        Ok(Connection { sender, exchange: Some(Box::pin(exchange)) })
    }
}

fn late(after: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", after.as_secs()))
}

impl Connection {
    /// Sends a request and waits for the head of its answer.
    pub(super) async fn send(&mut self, request: Request<Empty<Bytes>>) -> hyper::Result<Response<Incoming>> {
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

/// Polls the exchange with the server, and then what waits for it.
async fn alongside<F: Future>(exchange: &mut Option<Exchange>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        // An exchange that ends, well or not, lets those know that wait for it.
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
