//! One request after the other: route, answer, count, log.

use std::cell::Cell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::{Body as _, Incoming};
use tokio::sync::watch;

use super::body::Body;
use super::deadlines::{Activity, Answering};
use super::disk_reads::DiskReads;
use super::fields::Fields;
use super::handover::Handover;
use super::listener::Scheme;
use super::names::Names;
use super::navigation::wants_page;
use super::negotiate::Coding;
use super::request_id::RequestId;
use super::respond::{Form, Refusal, empty, no_store};
use super::route::{BodyLength, Route, route};
use super::target;
use super::timers::Timers;
use super::{AccessLog, api, assets, edge, events, live, screen};
use crate::admin::{Admin, Caller};
use crate::console::Console;
use crate::erp::Feed;
use crate::health::{Health, Level};
use crate::metrics::{self, Metrics, RouteClass};
use crate::screens::Screens;
use crate::site::{Agent, Current};

/// What every request may need; one for the whole process.
pub(super) struct AppState {
    pub(super) site: Arc<Current>,
    pub(super) agent: Agent,
    pub(super) health: Health,
    pub(super) metrics: Arc<Metrics>,
    /// The body of `/_edge/display.json`.
    pub(super) display: watch::Receiver<Bytes>,
    /// The body of `/_edge/ssdp.xml`; empty while there is none.
    pub(super) description: watch::Receiver<Bytes>,
    pub(super) console: Arc<Console>,
    pub(super) admin: Arc<Admin>,
    pub(super) feed: Feed,
    pub(super) screens: Screens,
    pub(super) names: Arc<Names>,
    pub(super) events: events::Source,
    /// Of large files.
    pub(super) disk: DiskReads,
    /// For answers that take their time.
    pub(super) timers: Timers,
    pub(super) most_body: u64,
    pub(super) requests_per_connection: u64,
    pub(super) access_log: AccessLog,
    /// Whether every answer is its connection's last.
    pub(super) is_leaving: AtomicBool,
}

/// The service of one connection.
pub(super) struct Service {
    connection: Rc<Connection>,
    requests: Cell<u64>,
}

/// What does not change from one request of a connection to the next.
struct Connection {
    state: Arc<AppState>,
    activity: Rc<Activity>,
    handover: Rc<Handover>,
    peer: SocketAddr,
    scheme: Scheme,
    number: u64,
}

/// With a sampled access log, one of so many requests is logged, besides every fault of ours.
const SAMPLE: u64 = 100;

impl Service {
    pub(super) fn new(
        state: Arc<AppState>,
        activity: Rc<Activity>,
        peer: SocketAddr,
        scheme: Scheme,
        number: u64,
    ) -> Self {
        let handover = Rc::default();
        Self {
            connection: Rc::new(Connection { state, activity, handover, peer, scheme, number }),
            requests: Cell::new(0),
        }
    }

    /// Where the streams of events are that it begins.
    pub(super) fn handover(&self) -> &Rc<Handover> {
        &self.connection.handover
    }
}

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        let id = RequestId { connection: self.connection.number, request: self.requests.get() + 1 };
        self.requests.set(id.request);
        Connection::answer(&self.connection, request, id)
    }
}

/// A response, nearly always there at once.
pub(super) enum Answer {
    Now(Option<Response<Body>>),
    Later(Pin<Box<dyn Future<Output = Response<Body>>>>),
}

impl Future for Answer {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            // A future is not polled again once it is ready.
            Self::Now(response) => response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response))),
            Self::Later(future) => future.as_mut().poll(cx).map(Ok),
        }
    }
}

impl Connection {
    fn answer(this: &Rc<Self>, request: Request<Incoming>, id: RequestId) -> Answer {
        let answering = this.activity.begin_answer();
        let (parts, body) = request.into_parts();
        let length = if body.is_end_stream() {
            BodyLength::Known(0)
        } else {
            body.size_hint().exact().map_or(BodyLength::Unknown, BodyLength::Known)
        };
        let fields = Fields::of(&parts.headers);
        let routed = route(&parts, &fields, length, this.state.most_body, &this.state.names);
        if matches!(routed, Ok(Route::Admin)) {
            drop(routed);
            let (this, timers) = (Rc::clone(this), &this.state.timers);
            return Answer::Later(Box::pin(timers.lend(async move {
                let caller = Caller { ip: this.peer.ip().to_canonical(), is_https: this.scheme == Scheme::Https };
                let outcome =
                    edge::admin(&this.state.admin, &parts, body, this.activity.timeouts().body(), caller).await;
                let mut response = outcome.unwrap_or_else(|refusal| this.refuse(refusal, &parts, id));
                this.finish(id, answering, &parts, RouteClass::Edge, &mut response);
                response
            })));
        }
        if matches!(routed, Ok(Route::LivePoll)) && parts.method == Method::GET {
            drop(routed);
            let (this, timers) = (Rc::clone(this), &this.state.timers);
            return Answer::Later(Box::pin(timers.lend(async move {
                let page = live::page(&this.state.screens, &parts);
                let outcome = live::poll(&this.state.feed, page, &parts, this.state.events.closing()).await;
                let mut response = outcome.unwrap_or_else(|refusal| this.refuse(refusal, &parts, id));
                this.finish(id, answering, &parts, RouteClass::Live, &mut response);
                response
            })));
        }
        if let Ok(report @ (Route::Screen | Route::Picture)) = &routed
            && parts.method == Method::POST
        {
            let is_picture = *report == Route::Picture;
            drop(routed);
            let (this, timers) = (Rc::clone(this), &this.state.timers);
            return Answer::Later(Box::pin(timers.lend(async move {
                let (ip, within) = (this.peer.ip().to_canonical(), this.activity.timeouts().body());
                let screens = &this.state.screens;
                let outcome = if is_picture {
                    screen::picture(screens, &parts, body, within).await
                } else {
                    screen::report(screens, &parts, body, within, ip).await
                };
                let mut response = outcome.unwrap_or_else(|refusal| this.refuse(refusal, &parts, id));
                this.finish(id, answering, &parts, RouteClass::Screen, &mut response);
                response
            })));
        }
        let routed = match routed {
            Ok(Route::Api(path)) if !this.state.has_api() => Ok(Route::Site(path)),
            routed => routed,
        };
        let (class, outcome) = match routed {
            Ok(route) => (route.class(), this.state.answer(&parts, &fields, &route, &this.handover)),
            Err(refusal) => (RouteClass::None, Err(refusal)),
        };
        let mut response = outcome.unwrap_or_else(|refusal| this.refuse(refusal, &parts, id));
        this.finish(id, answering, &parts, class, &mut response);
        Answer::Now(Some(response))
    }

    fn refuse(&self, refusal: Refusal, parts: &Parts, id: RequestId) -> Response<Body> {
        refusal.respond(self.state.error_form(parts), &id.to_string())
    }

    /// Completes, counts and logs an answer.
    fn finish(
        &self,
        id: RequestId,
        answering: Answering,
        parts: &Parts,
        class: RouteClass,
        response: &mut Response<Body>,
    ) {
        if parts.method == Method::HEAD {
            *response.body_mut() = Body::EMPTY;
        }
        if id.request >= self.state.requests_per_connection || self.state.is_leaving.load(Ordering::Relaxed) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response.body_mut().hold(answering);
        let took = self.activity.answered();
        self.state.metrics.answered(class, response.status(), took);
        self.log(id, parts, response, took);
    }

    fn log(&self, id: RequestId, parts: &Parts, response: &Response<Body>, took: std::time::Duration) {
        let status = response.status();
        let is_logged = match self.state.access_log {
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

impl AppState {
    /// Whether `/api` is the ERP's.
    fn has_api(&self) -> bool {
        self.feed.latest().is_on()
    }

    /// How whoever sent this reads an error.
    fn error_form(&self, parts: &Parts) -> Form {
        let path = target::decode(parts.uri.path());
        if api::is_api(path.as_deref().unwrap_or(parts.uri.path())) && self.has_api() {
            Form::Json(self.console.language())
        } else if wants_page(&parts.headers) {
            Form::Page
        } else {
            Form::Text
        }
    }

    fn answer(
        &self,
        parts: &Parts,
        fields: &Fields<'_>,
        route: &Route<'_>,
        handover: &Rc<Handover>,
    ) -> Result<Response<Body>, Refusal> {
        match route {
            Route::Site(path) => assets::answer(parts, fields, &self.site.load(), &self.disk, path),
            Route::Options(allow) => Ok(empty(
                StatusCode::NO_CONTENT,
                HeaderMap::from_iter([(header::ALLOW, HeaderValue::from_static(allow))]),
            )),
            Route::Console => edge::page(&self.console, parts, Console::page),
            Route::Screens => edge::page(&self.console, parts, Console::screens_page),
            Route::Status => edge::json(self.console.status_json()),
            Route::ScreensStatus => edge::json(self.console.screens_json()),
            Route::Events => Ok(edge::events(edge::changes(&self.events)?, handover, parts.version, Coding::Identity)),
            Route::LiveEvents => {
                let page = live::page(&self.screens, parts);
                live::events(&self.events, &self.feed, page, parts, handover)
            }
            Route::Api(path) => api::answer(&self.feed, parts, fields, path, self.console.language()),
            Route::AgentScript => assets::agent(parts, fields, &self.agent, &self.disk),
            Route::AwakeClip => assets::send(parts, fields, &self.agent.awake, &self.disk),
            Route::Edge(path) => edge::file(path),
            // Answered before, since it takes its time.
            Route::Admin | Route::Screen | Route::Picture => Err(Refusal::Internal),
            // A GET was answered before; nobody waits for a head alone.
            Route::LivePoll => live::whole(&self.feed, parts),
            Route::DisplaySettings => Ok(no_store(StatusCode::OK, JSON, self.display.borrow().clone())),
            Route::Description => edge::description(&self.description),
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

    /// A degraded box still shows the display, so only a failing one is a 503: a
    /// supervisor that restarts boxes by this answer must not touch a serving one.
    fn report(&self) -> Result<Response<Body>, Refusal> {
        let report = self.health.report();
        let status = if report.status == Level::Failing { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        let body = serde_json::to_vec(&report).map_err(|_| Refusal::Internal)?;
        Ok(no_store(status, JSON, Bytes::from(body)))
    }
}

const JSON: &str = "application/json; charset=utf-8";

fn json(status: StatusCode, word: &str) -> Response<Body> {
    no_store(status, JSON, Bytes::from(format!("{{\"status\":\"{word}\"}}")))
}
