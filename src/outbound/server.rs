//! A server that is asked by HTTP (RFC 9110, RFC 9112).

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{HOST, HeaderName, PROXY_AUTHORIZATION, USER_AGENT};
use http::uri::Scheme;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::connection::{Connection, Idle, KeptConnection};
use super::error::ANSWER;
use super::proxy::Proxy;
use super::reach::{addresses, reach};
use super::traffic::{Counted, Traffic};
use super::{AddressFault, Outbound, OutboundError, Stream, USER_AGENT_NAME, tunnel};

/// A server.
pub(crate) struct Server {
    host: String,
    port: u16,
    /// `None` speaks without TLS.
    tls: Option<ServerName<'static>>,
    /// What leads there.
    proxy: Option<Proxy>,
    /// `host[:port]`, as the address has it.
    authority: HeaderValue,
    /// The scheme and the authority.
    origin: Arc<str>,
    outbound: Outbound,
    traffic: Arc<Traffic>,
    /// The connection of the last request, when it can be used again.
    kept: Arc<KeptConnection>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("origin", &self.origin).field("proxy", &self.proxy).finish_non_exhaustive()
    }
}

/// A request that can be sent again.
pub(crate) struct OutboundRequest {
    pub(crate) method: Method,
    /// The path and the query.
    pub(crate) path: Uri,
    /// The fields besides the server's name and the box's.
    pub(crate) fields: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

impl OutboundRequest {
    /// Without a body.
    pub(crate) fn get(path: Uri, fields: Vec<(HeaderName, HeaderValue)>) -> Self {
        Self { method: Method::GET, path, fields, body: Bytes::new() }
    }
}

impl Server {
    /// The server of an address, and the address's path without a slash at its end.
    pub(crate) fn new(
        url: &str,
        allow_http: bool,
        outbound: &Outbound,
        traffic: Arc<Traffic>,
        kept: Arc<KeptConnection>,
    ) -> Result<(Self, String), OutboundError> {
        let wrong = |why| OutboundError::Address { url: url.to_owned(), why };
        if url.contains('#') {
            return Err(wrong(AddressFault::Fragment));
        }
        let address: Uri = url.parse().map_err(|_| wrong(AddressFault::Unparsable))?;
        let authority = address.authority().ok_or_else(|| wrong(AddressFault::NoServer))?;
        if address.query().is_some() {
            return Err(wrong(AddressFault::Query));
        }
        if authority.as_str().contains('@') {
            return Err(wrong(AddressFault::UserName));
        }
        let secure = match address.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP && allow_http => false,
            Some(scheme) if *scheme == Scheme::HTTP => {
                return Err(wrong(AddressFault::NotEncrypted));
            }
            _ => return Err(wrong(AddressFault::Scheme)),
        };
        // An IPv6 address is in brackets.
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let named = || wrong(AddressFault::ServerName);
        let tls = if secure { Some(ServerName::try_from(host.clone()).map_err(|_| named())?) } else { None };
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let scheme = if secure { "https" } else { "http" };
        let server = Self {
            authority: HeaderValue::from_str(authority.as_str()).map_err(|_| named())?,
            origin: format!("{scheme}://{authority}").into(),
            proxy: outbound.shared.proxies.of(secure, &host, port).cloned(),
            host,
            port,
            tls,
            outbound: outbound.clone(),
            traffic,
            kept,
        };
        Ok((server, address.path().trim_end_matches('/').to_owned()))
    }

    /// The scheme and the authority.
    #[must_use]
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Its name, or its address without brackets.
    #[must_use]
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    #[must_use]
    pub(crate) fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// What leads to it, without credentials.
    #[must_use]
    pub(crate) fn proxy(&self) -> Option<String> {
        self.proxy.as_ref().map(ToString::to_string)
    }

    /// The addresses of its name, as the box itself finds them.
    pub(crate) async fn lookup(&self) -> Result<Vec<IpAddr>, OutboundError> {
        let addresses = addresses(&self.outbound, &self.host, self.port).await?;
        Ok(addresses.into_iter().map(|address| address.ip()).collect())
    }

    /// Connects, and keeps the connection for the next request.
    pub(crate) async fn open(&self) -> Result<(), OutboundError> {
        let connection = self.connect().await?;
        self.kept.put(connection, Arc::clone(&self.origin));
        Ok(())
    }

    /// No time before this one is true.
    pub(crate) fn not_before(&self, time: std::time::SystemTime) {
        self.outbound.not_before(time);
    }

    /// Closes the connection that was kept for the next request.
    pub(crate) fn rest(&self) {
        drop(self.kept.take());
    }

    /// Puts a request; `place` is for messages.
    pub(crate) async fn request(
        &self,
        request: &OutboundRequest,
        place: &str,
    ) -> Result<(Connection, Response<Incoming>), OutboundError> {
        let limits = self.outbound.limits();
        if let Some(Idle { mut connection, origin, since }) = self.kept.take() {
            // The server may close a kept connection at any moment, the one between this look and the request too:
            // then the same question is put on a new one.
            if origin == self.origin
                && since.elapsed() < limits.idle
                && timeout(limits.head, connection.ready()).await == Ok(true)
                && let Ok(answer) = self.exchange(&mut connection, request, place).await
            {
                return Ok((connection, answer));
            }
        }
        let mut connection = self.connect().await?;
        let answer = self.exchange(&mut connection, request, place).await?;
        Ok((connection, answer))
    }

    /// The content of an answer.
    #[must_use]
    pub(crate) fn stream(&self, connection: Connection, answer: Response<Incoming>, place: String) -> Stream {
        let kept = (Arc::clone(&self.kept), Arc::clone(&self.origin));
        Stream::new(answer.into_body(), connection, kept, self.outbound.limits(), place)
    }

    async fn connect(&self) -> Result<Connection, OutboundError> {
        let (outbound, limits) = (&self.outbound, self.outbound.limits());
        let counted = |stream| Counted::new(stream, Arc::clone(&self.traffic));
        let stream = match &self.proxy {
            None => counted(reach(outbound, &self.host, self.port).await?),
            Some(proxy) => {
                let reached = reach(outbound, &proxy.host, proxy.port).await;
                let stream = counted(reached.map_err(|source| OutboundError::ProxyUnreachable {
                    proxy: proxy.to_string(),
                    source: Box::new(source),
                })?);
                match &self.tls {
                    Some(_) => tunnel::open(stream, proxy, &self.destination(), limits).await?,
                    None => stream,
                }
            }
        };
        let Some(name) = &self.tls else { return Connection::begin(stream, &self.host).await };
        let host = || self.host.clone();
        let handshake = TlsConnector::from(Arc::clone(&outbound.shared.tls)).connect(name.clone(), stream);
        match timeout(limits.tls, handshake).await {
            Ok(Ok(stream)) => Connection::begin(stream, &self.host).await,
            Ok(Err(source)) => Err(OutboundError::Handshake { host: host(), source }),
            Err(_) => Err(OutboundError::Late { place: host(), operation: "shake hands", after: limits.tls }),
        }
    }

    /// What a proxy is to connect to.
    fn destination(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// A proxy that is asked for each request, instead of for a tunnel (RFC 9112 section 3.2.2).
    fn forwarder(&self) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|_| self.tls.is_none())
    }

    async fn exchange(
        &self,
        connection: &mut Connection,
        request: &OutboundRequest,
        place: &str,
    ) -> Result<Response<Incoming>, OutboundError> {
        self.traffic.request();
        let after = self.outbound.limits().head;
        let answer = match timeout(after, connection.send(self.put(request)?)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(source)) => return Err(OutboundError::Broken { place: place.to_owned(), source }),
            Err(_) => return Err(OutboundError::Late { place: place.to_owned(), operation: ANSWER, after }),
        };
        match self.forwarder() {
            Some(proxy) if answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(proxy.wants_login()),
            _ => Ok(answer),
        }
    }

    fn put(&self, asked: &OutboundRequest) -> Result<Request<Full<Bytes>>, OutboundError> {
        let mut request = Request::new(Full::new(asked.body.clone()));
        *request.method_mut() = asked.method.clone();
        *request.uri_mut() = asked.path.clone();
        let fields = request.headers_mut();
        fields.insert(HOST, self.authority.clone());
        fields.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_NAME));
        fields.extend(asked.fields.iter().cloned());
        if let Some(proxy) = self.forwarder() {
            if let Some(authorization) = proxy.authorization() {
                fields.insert(PROXY_AUTHORIZATION, authorization.clone());
            }
            let url = format!("{}{}", self.origin, asked.path);
            let wrong = |_| OutboundError::Address { url: url.clone(), why: AddressFault::Unparsable };
            *request.uri_mut() = url.parse().map_err(wrong)?;
        }
        Ok(request)
    }
}
