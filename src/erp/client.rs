//! The ERP as a server that is asked: signing in, and one path at a time.

use std::io::{BufReader, Read};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_NONE_MATCH,
};
use http::{HeaderValue, Method, Response, StatusCode, Uri};
use hyper::body::Incoming;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::bounded_read::read_up_to;
use crate::lang::Text;
use crate::outbound::{Limits, Outbound, OutboundRequest, Server, Stream};
use crate::{clock, error_chain};

use super::answer::{ShapeError, clean};
use super::body::{Body, BodyFault, Coding, MAX_BODY};
use super::call::CallTracker;
use super::credentials::Password;
use super::link::Account;
use super::reason::{Reason, retry_after};
use super::store::AccountKey;
use super::token::{Claims, Token};
use super::words;

/// How long things may take. The ERP closes a kept connection after 5 s.
const LIMITS: Limits = Limits {
    lookup: Duration::from_secs(5),
    connect: Duration::from_secs(5),
    tls: Duration::from_secs(5),
    head: Duration::from_secs(10),
    metadata: TOTAL,
    window: TOTAL,
    least: 1,
    idle: Duration::from_secs(4),
};
/// A request with its whole answer, the connection included.
const TOTAL: Duration = Duration::from_secs(20);
/// Bytes of an answer to a login, or of one that says what is wrong, at most.
const MAX_SHORT: usize = 64 * 1024;
/// Bytes of an entity tag at most; a longer one is not kept.
const MAX_TAG: usize = 256;
/// Pieces of an answer between the connection and the parser.
const PIECES: usize = 4;

/// What an answer becomes while it arrives. It runs on a thread that may block.
pub(crate) type Parse<T> = Box<dyn FnOnce(&mut dyn Read) -> Result<T, ShapeError> + Send>;

/// The ERP.
#[derive(Debug)]
pub(crate) struct Client {
    server: Server,
    /// The prefix, without a slash at its end.
    base: String,
}

/// A login that was accepted.
pub(crate) struct Login {
    pub(crate) token: Token,
    pub(crate) account: Account,
    pub(crate) key: AccountKey,
}

/// An answer that counts.
#[derive(Debug)]
pub(crate) enum Fetched<T> {
    /// 304: what was known still holds.
    NotModified { took: Duration },
    /// 200, understood.
    Answer { value: T, etag: Option<String>, took: Duration },
}

/// What 401 means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Login,
    Data,
}

impl Client {
    /// The ERP at an address; what is wrong with that otherwise.
    pub(crate) fn new(url: &str, allow_http: bool, outbound: &Outbound) -> Result<Self, Text> {
        // Certificates are judged by a clock that may stand in 1970 when the box starts.
        outbound.not_before(clock::built());
        let outbound = outbound.with_limits(LIMITS);
        let server = Server::new(url, allow_http, &outbound, Arc::default(), Arc::default());
        let (server, base) = server.map_err(|error| words::address(url, &error))?;
        Ok(Self { server, base })
    }

    /// The address, without a slash at its end.
    pub(crate) fn address(&self) -> String {
        format!("{}{}", self.server.origin(), self.base)
    }

    /// The server's name or address, and the proxy that leads to it, if any.
    pub(super) fn place(&self) -> (&str, Option<String>) {
        (self.server.host(), self.server.proxy())
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.server.is_encrypted()
    }

    /// The addresses of the server's name, as the box finds them.
    pub(super) async fn lookup(&self) -> Result<Vec<IpAddr>, Reason> {
        Ok(self.server.lookup().await?)
    }

    /// Connects, for the next request.
    pub(super) async fn connect(&self) -> Result<(), Reason> {
        within_total(async { Ok(self.server.open().await?) }).await
    }

    /// Asks for a path without a token: what has to come is a refusal of the ERP's.
    pub(super) async fn knock(&self, path: &str) -> Result<(), Reason> {
        let asked = within_total(async {
            let request = OutboundRequest::get(self.uri(path)?, fields());
            let (stream, head) = self.send(request, &mut CallTracker::default()).await?;
            if head.status.is_success() {
                // Nobody signed in, and yet there are data: not the ERP.
                return Err(head.json().err().unwrap_or(Reason::NotJson));
            }
            Err(refusal(stream, &head, Asked::Data).await)
        });
        match asked.await {
            Err(Reason::Unauthorized) => Ok(()),
            Err(reason) => Err(reason),
            Ok(()) => Err(Reason::NotJson),
        }
    }

    /// Signs in.
    pub(super) async fn login(&self, user: &str, password: &Password, call: &mut CallTracker) -> Result<Login, Reason> {
        let body = serde_json::json!({ "email": user, "password": password.text() }).to_string();
        let mut fields = fields();
        fields.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
        let request =
            OutboundRequest { method: Method::POST, path: self.uri("/auth/login")?, fields, body: body.into() };
        let body = within_total(async {
            let (mut stream, head) = self.send(request, call).await?;
            if !head.status.is_success() {
                return Err(refusal(stream, &head, Asked::Login).await);
            }
            let coding = head.json()?;
            let body = whole(&mut stream, MAX_SHORT).await?.ok_or(Reason::TooLarge)?;
            decoded(body, coding).ok_or(Reason::NotJson)
        });
        self.understood(&body.await?)
    }

    /// Asks for one path, with its query, as it stands below the ERP's address. With the tag of the answer before, the
    /// ERP may say that nothing changed.
    pub(super) async fn get<T: Send + 'static>(
        &self,
        path: &str,
        token: &Token,
        etag: Option<&str>,
        parse: Parse<T>,
        call: &mut CallTracker,
    ) -> Result<Fetched<T>, Reason> {
        let began = Instant::now();
        let mut fields = fields();
        fields.push((AUTHORIZATION, token.authorization()));
        let tag = etag.and_then(|tag| HeaderValue::from_str(tag).ok());
        let is_conditional = tag.is_some();
        fields.extend(tag.map(|tag| (IF_NONE_MATCH, tag)));
        let request = OutboundRequest::get(self.uri(path)?, fields);
        within_total(async {
            let (mut stream, head) = self.send(request, call).await?;
            if head.status == StatusCode::NOT_MODIFIED && is_conditional {
                // So that the connection can be used again.
                whole(&mut stream, 0).await?;
                return Ok(Fetched::NotModified { took: began.elapsed() });
            }
            if !head.status.is_success() {
                return Err(refusal(stream, &head, Asked::Data).await);
            }
            let value = parsed(stream, head.json()?, head.status, parse).await?;
            Ok(Fetched::Answer { value, etag: head.tag(), took: began.elapsed() })
        })
        .await
    }

    fn uri(&self, path: &str) -> Result<Uri, Reason> {
        format!("{}{path}", self.base).parse().map_err(|_| Reason::Settings(words::path(path)))
    }

    async fn send(&self, mut request: OutboundRequest, call: &mut CallTracker) -> Result<(Stream, Head), Reason> {
        call.begin(self.server.origin(), &mut request);
        let place = format!("{}{}", self.server.origin(), request.path.path());
        let (connection, answer) = self.server.request(&request, &place).await?;
        let head = Head::of(&answer);
        call.answered(head.status.as_u16());
        Ok((self.server.stream(connection, answer, place), head))
    }

    /// The answer to a login.
    fn understood(&self, body: &[u8]) -> Result<Login, Reason> {
        let body: Value = serde_json::from_slice(body).map_err(|_| Reason::NotJson)?;
        let other = || Reason::Shape(ShapeError::Other { line: 1, column: 1 });
        let token = body.get("accessToken").and_then(Value::as_str).ok_or_else(other)?;
        let (token, Claims { user_id, workshop_id }) = Token::read(token).ok_or_else(other)?;
        let text = |pointer| body.pointer(pointer).and_then(Value::as_str);
        let id = |claim: Option<String>, pointer| claim.or_else(|| text(pointer).map(str::to_owned));
        let user = id(user_id, "/user/id").ok_or_else(other)?;
        let workshop = id(workshop_id, "/user/workshop/id").unwrap_or_default();
        let account = Account {
            role: clean(text("/user/role").unwrap_or_default()),
            workshop: clean(text("/user/workshop/name").unwrap_or_default()),
        };
        Ok(Login { token, account, key: AccountKey::new(&self.address().to_ascii_lowercase(), &user, &workshop) })
    }
}

/// What is kept of an answer's head.
struct Head {
    status: StatusCode,
    fields: HeaderMap,
}

impl Head {
    fn of(answer: &Response<Incoming>) -> Self {
        Self { status: answer.status(), fields: answer.headers().clone() }
    }

    fn text(&self, name: &HeaderName) -> Option<&str> {
        self.fields.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
    }

    fn media_type(&self) -> Option<String> {
        self.text(&CONTENT_TYPE).map(|text| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    fn is_html(&self) -> bool {
        self.media_type().is_some_and(|kind| kind == "text/html" || kind == "application/xhtml+xml")
    }

    /// The coding of an answer that may be JSON.
    fn json(&self) -> Result<Coding, Reason> {
        if self.is_html() {
            return Err(Reason::Html(self.status.as_u16()));
        }
        if self.media_type().is_some_and(|kind| kind != "application/json" && !kind.ends_with("+json")) {
            return Err(Reason::NotJson);
        }
        self.coding().ok_or(Reason::NotJson)
    }

    /// `None` for one that was not asked for.
    fn coding(&self) -> Option<Coding> {
        match self.text(&CONTENT_ENCODING).unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Coding::Identity),
            "gzip" | "x-gzip" => Some(Coding::Gzip),
            _ => None,
        }
    }

    fn tag(&self) -> Option<String> {
        self.text(&ETAG).filter(|tag| tag.len() <= MAX_TAG).map(str::to_owned)
    }
}

/// What every request says.
fn fields() -> Vec<(HeaderName, HeaderValue)> {
    vec![(ACCEPT, HeaderValue::from_static("application/json")), (ACCEPT_ENCODING, HeaderValue::from_static("gzip"))]
}

async fn within_total<T>(asked: impl Future<Output = Result<T, Reason>>) -> Result<T, Reason> {
    timeout(TOTAL, asked).await.unwrap_or(Err(Reason::Timeout))
}

/// All of it; `None` when it is more than `max` bytes.
async fn whole(stream: &mut Stream, max: usize) -> Result<Option<Bytes>, Reason> {
    let mut body = BytesMut::new();
    while let Some(piece) = stream.next().await? {
        if body.len().saturating_add(piece.len()) > max {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(body.freeze()))
}

/// Why an answer that is no success does not count.
async fn refusal(mut stream: Stream, head: &Head, asked: Asked) -> Reason {
    let status = head.status;
    // It is read so that the connection can be used again, and for what it says; how it ends does not matter.
    let body = whole(&mut stream, MAX_SHORT).await.ok().flatten().unwrap_or_default();
    let body = head.coding().and_then(|coding| decoded(body, coding)).unwrap_or_default();
    let is_html = head.is_html() || body.trim_ascii_start().starts_with(b"<");
    let says = |words: &str| body.windows(words.len()).any(|window| window == words.as_bytes());
    match status {
        status if status.is_redirection() => Reason::Redirect(status.as_u16()),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Reason::Overloaded {
            status: status.as_u16(),
            retry_after: retry_after(&head.fields, std::time::SystemTime::now()),
        },
        // Express's own page says the same as JSON does.
        StatusCode::NOT_FOUND if says("Cannot GET ") || says("Cannot POST ") => Reason::WrongPrefix,
        status if is_html || status == StatusCode::NETWORK_AUTHENTICATION_REQUIRED => Reason::Html(status.as_u16()),
        StatusCode::UNAUTHORIZED if asked == Asked::Login => Reason::LoginRefused,
        StatusCode::UNAUTHORIZED => Reason::Unauthorized,
        StatusCode::FORBIDDEN => Reason::Forbidden,
        StatusCode::NOT_FOUND => Reason::NotFound,
        status => Reason::Status(status.as_u16()),
    }
}

/// Parses what arrives, while it arrives.
async fn parsed<T: Send + 'static>(
    mut stream: Stream,
    coding: Coding,
    status: StatusCode,
    parse: Parse<T>,
) -> Result<T, Reason> {
    let (sender, pieces) = mpsc::channel(PIECES);
    let parsing = tokio::task::spawn_blocking(move || {
        let mut body = Body::new(pieces, coding);
        let value = parse(&mut BufReader::new(&mut body));
        match (body.fault(), value) {
            (Some(BodyFault::TooLarge), _) | (None, Err(ShapeError::TooLarge)) => Err(Reason::TooLarge),
            (Some(BodyFault::Html), _) => Err(Reason::Html(status.as_u16())),
            (None, Ok(value)) => Ok(value),
            (None, Err(ShapeError::NotJson)) => Err(Reason::NotJson),
            (None, Err(error)) => Err(Reason::Shape(error)),
        }
    });
    let mut arrived: u64 = 0;
    let mut end = Ok(());
    loop {
        match stream.next().await {
            Ok(Some(piece)) => {
                arrived = arrived.saturating_add(piece.len() as u64);
                if arrived > MAX_BODY {
                    end = Err(Reason::TooLarge);
                    break;
                }
                // The parser has seen enough.
                if sender.send(piece).await.is_err() {
                    break;
                }
            }
            Ok(None) => break,
            Err(error) => {
                end = Err(error.into());
                break;
            }
        }
    }
    drop(sender);
    let value = parsing.await.unwrap_or_else(|error| {
        let error = error_chain(&error);
        tracing::error!(error, "the parser of an ERP's answer ended early");
        Err(Reason::NotJson)
    });
    // What is wrong with the transfer explains what the parser thinks of it.
    end.and(value)
}

/// A short answer, decoded; `None` for what cannot be.
fn decoded(body: Bytes, coding: Coding) -> Option<Bytes> {
    match coding {
        Coding::Identity => Some(body),
        Coding::Gzip => read_up_to(MultiGzDecoder::new(&*body), MAX_SHORT as u64).ok().map(Bytes::from),
    }
}

#[cfg(test)]
mod tests;
