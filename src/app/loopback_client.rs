//! A client of the box's own listeners, over real connections: whether the box serves the display.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ::http::{Request, StatusCode, Uri, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::error_chain;
use crate::http::{self, Listener, SELF_CHECK, Scheme, Tls};
use crate::metrics::Metrics;
use crate::site::Current;

/// Bytes of an answer.
const MAX: usize = 64 * 1024 * 1024;

/// Where the box listens, and what it serves.
pub(super) struct LoopbackClient {
    listeners: Vec<(SocketAddr, Scheme)>,
    tls: Option<Tls>,
    site: Arc<Current>,
    metrics: Arc<Metrics>,
    /// Connections at once.
    most: usize,
}

impl LoopbackClient {
    /// Of the server that is to have these parts and limits.
    pub(super) fn new(listeners: &[Listener], parts: &http::Parts, limits: &http::Limits) -> Self {
        Self {
            listeners: listeners.iter().map(|listener| (listener.address(), listener.scheme())).collect(),
            tls: parts.tls.clone(),
            site: Arc::clone(&parts.site),
            metrics: Arc::clone(&parts.metrics),
            most: limits.connections,
        }
    }

    /// Whether others have all connections: then this client gets none.
    pub(super) fn is_starved(&self) -> bool {
        self.metrics.connections_open() >= self.most as u64
    }

    /// Whether every listener serves the page and a file of it, or else what is wrong. A site directory that no version
    /// could show is none of this one's faults, as long as the displays get a response that says so.
    pub(super) async fn is_served(&self) -> Result<(), String> {
        let asset = self.asset();
        let expected = self.expected()?;
        for (address, scheme) in &self.listeners {
            for path in ["/"].into_iter().chain(asset.as_deref()) {
                let got = tokio::time::timeout(SELF_CHECK, self.get(*address, *scheme, path)).await;
                let got = got.unwrap_or_else(|_| Err(format!("no answer within {} s", SELF_CHECK.as_secs())));
                if path == "/" && got.is_ok() {
                    self.metrics.page_checked();
                }
                let status = got.map_err(|error| format!("{scheme} {path} of {address}: {error}"))?;
                if status != expected {
                    return Err(format!("{scheme} {path} of {address}: the answer is {status}"));
                }
            }
        }
        Ok(())
    }

    fn expected(&self) -> Result<StatusCode, String> {
        match self.site.load().why_unavailable() {
            None => Ok(StatusCode::OK),
            Some(why) if why.is_doubtful => Err(format!("the page is there, but is not served: {}", why.what.en)),
            Some(_) => Ok(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    /// A file that the page may need: one with a hash in its name, where the display has such.
    fn asset(&self) -> Option<String> {
        let site = self.site.load();
        let is_asset = |path: &&str| {
            let asset = site.get(path);
            asset.is_some_and(|asset| asset.is_immutable() && asset.identity.body.in_memory().is_some())
        };
        site.paths().filter(is_asset).filter(|path| path.parse::<Uri>().is_ok()).min().map(str::to_owned)
    }

    async fn get(&self, address: SocketAddr, scheme: Scheme, path: &str) -> Result<StatusCode, String> {
        let stream = connect(address).await?;
        match (scheme, &self.tls) {
            (Scheme::Http, _) => fetch(stream, address, path).await,
            (Scheme::Https, Some(tls)) => {
                let name = address.ip().to_canonical().into();
                let stream = tls.connect(stream, name).await.map_err(|error| format!("TLS: {error}"))?;
                fetch(stream, address, path).await
            }
            (Scheme::Https, None) => Err("there is no certificate".into()),
        }
    }
}

/// A connection from this machine, whatever the listener is bound to.
async fn connect(address: SocketAddr) -> Result<TcpStream, String> {
    let port = address.port();
    let loopback = match address.ip() {
        // Of both families, where it takes both.
        ip if ip.is_unspecified() && ip.is_ipv6() => {
            vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
        }
        ip if ip.is_unspecified() => vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        _ => {
            return TcpStream::connect(address).await.map_err(|error| format!("cannot connect: {error}"));
        }
    };
    let mut failure = String::new();
    for ip in loopback {
        match TcpStream::connect((ip, port)).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = format!("cannot connect: {error}"),
        }
    }
    Err(failure)
}

async fn fetch<S>(stream: S, address: SocketAddr, path: &str) -> Result<StatusCode, String>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error_chain(&error))?;
    // It ends with the sender.
    tokio::task::spawn_local(async move {
        let _ = connection.await;
    });
    let request = Request::get(path)
        .header(header::HOST, address.to_string())
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let response = sender.send_request(request).await.map_err(|error| error_chain(&error))?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX).collect().await.map_err(|error| error.to_string())?;
    if body.to_bytes().is_empty() { Err("the answer is empty".into()) } else { Ok(status) }
}
