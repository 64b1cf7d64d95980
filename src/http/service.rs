//! One request after the other: route, answer, count, log.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::{Body as _, Incoming};
use tokio::sync::watch;

use super::body::Body;
use super::deadlines::Activity;
use super::names::Names;
use super::request_id::RequestId;
use super::respond::{Refusal, empty, no_store};
use super::route::{ALLOW, BodyLength, Route, route, wants_page};
use super::{AccessLog, assets};
use crate::health::{Health, Status};
use crate::metrics::{self, Metrics, RouteClass};
use crate::site::Current;

/// What every request may need; one for the whole process.
pub(super) struct Rooms {
    pub(super) site: Arc<Current>,
    pub(super) health: Health,
    pub(super) metrics: Arc<Metrics>,
    /// The body of `/_edge/display.json`.
    pub(super) display: Bytes,
    /// The body of `/_edge/ssdp.xml`; empty while there is none.
    pub(super) description: watch::Receiver<Bytes>,
    pub(super) names: Arc<Names>,
    pub(super) most_body: u64,
    pub(super) requests_per_connection: u64,
    pub(super) access_log: AccessLog,
}

/// The service of one connection.
pub(super) struct Service {
    rooms: Arc<Rooms>,
    activity: Rc<Activity>,
    peer: SocketAddr,
    connection: u64,
    requests: Cell<u64>,
}

/// With a sampled access log, one of so many requests is logged, besides every fault of ours.
const SAMPLE: u64 = 100;

impl Service {
    pub(super) fn new(rooms: Arc<Rooms>, activity: Rc<Activity>, peer: SocketAddr, connection: u64) -> Self {
        Self { rooms, activity, peer, connection, requests: Cell::new(0) }
    }

    fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let answering = self.activity.begin_answer();
        let id = RequestId { connection: self.connection, request: self.requests.get() + 1 };
        self.requests.set(id.request);

        let (parts, body) = request.into_parts();
        let length = if body.is_end_stream() {
            BodyLength::Known(0)
        } else {
            body.size_hint().exact().map_or(BodyLength::Unknown, BodyLength::Known)
        };
        let (class, outcome) = match route(&parts, length, self.rooms.most_body, &self.rooms.names) {
            Ok(route) => (route.class(), self.rooms.answer(&parts, &route)),
            Err(refusal) => (RouteClass::None, Err(refusal)),
        };
        let mut response =
            outcome.unwrap_or_else(|refusal| refusal.respond(wants_page(&parts.headers), &id.to_string()));
        if parts.method == Method::HEAD {
            *response.body_mut() = Body::EMPTY;
        }
        if id.request >= self.rooms.requests_per_connection {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response.body_mut().hold(answering);
        let took = self.activity.answered();
        self.rooms.metrics.answered(class, response.status(), took);
        self.log(id, &parts, &response, took);
        response
    }

    fn log(&self, id: RequestId, parts: &Parts, response: &Response<Body>, took: std::time::Duration) {
        let status = response.status();
        let is_logged = match self.rooms.access_log {
            AccessLog::All => true,
            AccessLog::Sampled => status.is_server_error() || id.request % SAMPLE == 1,
            AccessLog::Off => status == StatusCode::INTERNAL_SERVER_ERROR,
        };
        if is_logged {
            tracing::info!(
                %id,
                peer = %self.peer,
                method = %parts.method,
                // Never the query: it may hold what nobody wants in a log.
                path = parts.uri.path(),
                status = status.as_u16(),
                length = response.body().size_hint().exact(),
                took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                "request"
            );
        }
    }
}

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        ready(Ok(self.answer(request)))
    }
}

impl Rooms {
    fn answer(&self, parts: &Parts, route: &Route<'_>) -> Result<Response<Body>, Refusal> {
        match route {
            Route::Site(path) => assets::answer(parts, &self.site.load(), path),
            Route::Options => Ok(empty(
                StatusCode::NO_CONTENT,
                HeaderMap::from_iter([(header::ALLOW, HeaderValue::from_static(ALLOW))]),
            )),
            Route::DisplaySettings => Ok(no_store(StatusCode::OK, JSON, self.display.clone())),
            Route::Description => {
                let description = self.description.borrow().clone();
                if description.is_empty() {
                    Err(Refusal::NotFound)
                } else {
                    Ok(no_store(StatusCode::OK, XML, description))
                }
            }
            Route::Live => Ok(json(StatusCode::OK, "ok")),
            Route::Ready => Ok(if self.health.is_ready() {
                json(StatusCode::OK, "ok")
            } else {
                json(StatusCode::SERVICE_UNAVAILABLE, "failing")
            }),
            Route::Health => self.report(),
            Route::Metrics => {
                let text = self.metrics.exposition().map_err(|_| Refusal::Internal)?;
                Ok(no_store(StatusCode::OK, metrics::CONTENT_TYPE, Bytes::from(text)))
            }
        }
    }

    /// A degraded box still shows the display, so only a failing one is a 503: whoever restarts
    /// or replaces boxes by this answer should not touch a serving one.
    fn report(&self) -> Result<Response<Body>, Refusal> {
        let report = self.health.report();
        let status = if report.status == Status::Failing { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        let body = serde_json::to_vec(&report).map_err(|_| Refusal::Internal)?;
        Ok(no_store(status, JSON, Bytes::from(body)))
    }
}

const XML: &str = "text/xml; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";

fn json(status: StatusCode, word: &str) -> Response<Body> {
    no_store(status, JSON, Bytes::from(format!("{{\"status\":\"{word}\"}}")))
}
