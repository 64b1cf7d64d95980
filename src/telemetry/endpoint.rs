//! Where telemetry goes: one POST at a time, all of it bounded.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Method, Uri};
use thiserror::Error;
use tokio::time::timeout;

use crate::clock;
use crate::outbound::{AddressFault, Limits, Outbound, OutboundError, OutboundRequest, Server};

/// A POST with its whole answer, the connection included.
const TOTAL: Duration = Duration::from_secs(20);
/// Bytes of an answer at most; what is longer is not read, and its connection not used again.
const MAX_ANSWER: usize = 64 * 1024;

/// How long things may take. A connection is kept for the next time, so that a handshake is not most of what is sent.
const LIMITS: Limits = Limits {
    lookup: Duration::from_secs(5),
    connect: Duration::from_secs(5),
    tls: Duration::from_secs(5),
    head: Duration::from_secs(10),
    metadata: TOTAL,
    window: TOTAL,
    least: 1,
    idle: Duration::from_secs(120),
};

/// Why something was not taken.
#[derive(Debug, Error)]
pub(crate) enum PostError {
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("{place} did not answer within {} s", TOTAL.as_secs())]
    Late { place: String },
    #[error("{place} answered {status}")]
    Refused { place: String, status: u16 },
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Taken,
    Failed,
}

/// What a receiver says to what it has taken.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) media_type: Option<HeaderValue>,
    /// Empty where it is too long.
    pub(super) body: Bytes,
}

/// A receiver of telemetry.
pub(crate) struct Endpoint {
    server: Server,
    path: Uri,
}

impl Endpoint {
    pub(crate) fn new(url: &str, allow_http: bool, outbound: &Outbound) -> Result<Self, OutboundError> {
        outbound.not_before(clock::built());
        let (server, path) =
            Server::new(url, allow_http, &outbound.with_limits(LIMITS), Arc::default(), Arc::default())?;
        let path = if path.is_empty() { "/".to_owned() } else { path };
        let wrong = |_| OutboundError::Address { url: url.to_owned(), why: AddressFault::Unparsable };
        Ok(Self { server, path: path.parse().map_err(wrong)? })
    }

    /// Its address without the path, which may be a secret.
    pub(crate) fn origin(&self) -> &str {
        self.server.origin()
    }

    /// Sends a body; anything but 2xx is a failure.
    pub(super) async fn post(&self, fields: Vec<(HeaderName, HeaderValue)>, body: Bytes) -> Result<Answer, PostError> {
        let place = || self.origin().to_owned();
        let request = OutboundRequest { method: Method::POST, path: self.path.clone(), fields, body };
        let exchange = async {
            let (connection, answer) = self.server.request(&request, self.origin()).await?;
            let (status, media_type) = (answer.status(), answer.headers().get(CONTENT_TYPE).cloned());
            let mut content = self.server.stream(connection, answer, place());
            let mut body = BytesMut::new();
            while let Some(piece) = content.next().await? {
                if body.len() + piece.len() > MAX_ANSWER {
                    body.clear();
                    break;
                }
                body.extend_from_slice(&piece);
            }
            if status.is_success() {
                Ok(Answer { media_type, body: body.freeze() })
            } else {
                Err(PostError::Refused { place: place(), status: status.as_u16() })
            }
        };
        timeout(TOTAL, exchange).await.unwrap_or_else(|_| Err(PostError::Late { place: place() }))
    }
}
