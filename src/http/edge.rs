//! What is below `/_edge/` for people: the console's page and its parts, and the administration.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::sync::watch;
use tokio::time::timeout;

use super::body::Body;
use super::events::{Events, Source};
use super::handover::Handover;
use super::negotiate::Coding;
use super::respond::{Refusal, no_store};
use crate::admin::{self, Admin, Caller};
use crate::console::{self, Console, ConsoleError};
use crate::lang::Lang;

/// A page for people, in the language of `?lang=`, else of the browser, else of the configuration; `?fragment=` asks for
/// what changes in it.
pub(super) fn page(
    console: &Console,
    parts: &Parts,
    render: impl Fn(&Console, Lang, bool) -> Result<Bytes, ConsoleError>,
) -> Result<Response<Body>, Refusal> {
    let parameter = |name: &str| {
        let mut pairs = parts.uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == name).then_some(value))
    };
    let wishes = parts.headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|wish| wish.to_str().ok());
    let lang = parameter("lang").and_then(Lang::from_code).or_else(|| Lang::preferred(wishes));
    let lang = lang.unwrap_or(console.language());
    let html = render(console, lang, parameter("fragment").is_some()).map_err(|error| internal(&error))?;
    let mut response = no_store(StatusCode::OK, "text/html; charset=utf-8", html);
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(console::CONTENT_SECURITY_POLICY));
    Ok(response)
}

/// The same for programs.
pub(super) fn json(json: Result<Bytes, ConsoleError>) -> Result<Response<Body>, Refusal> {
    let json = json.map_err(|error| internal(&error))?;
    Ok(no_store(StatusCode::OK, "application/json; charset=utf-8", json))
}

/// A stream of the console's changes.
pub(super) fn changes(source: &Source) -> Result<Events, Refusal> {
    source.open_console().ok_or(Refusal::Busy)
}

/// The answer that a stream of events is, to a peer that speaks this version.
pub(super) fn events(events: Events, handover: &Rc<Handover>, version: Version, coding: Coding) -> Response<Body> {
    let mut response = Response::new(Body::events(events, Rc::clone(handover), version, coding == Coding::Gzip));
    *response.headers_mut() = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]);
    response
}

/// What SSDP refers to, as long as it does.
pub(super) fn description(description: &watch::Receiver<Bytes>) -> Result<Response<Body>, Refusal> {
    let description = description.borrow().clone();
    if description.is_empty() {
        return Err(Refusal::NotFound);
    }
    Ok(no_store(StatusCode::OK, "text/xml; charset=utf-8", description))
}

/// A file of the console.
pub(super) fn file(path: &str) -> Result<Response<Body>, Refusal> {
    let (media, bytes) = Console::asset(path).ok_or(Refusal::NotFound)?;
    Ok(no_store(StatusCode::OK, media, bytes))
}

/// The administration's answer, once the form is here, which has to come within some time.
pub(super) async fn admin(
    admin: &Admin,
    parts: &Parts,
    body: Incoming,
    within: Duration,
    caller: Caller,
) -> Result<Response<Body>, Refusal> {
    let form = read_body(body, admin::MAX_BODY, within).await?;
    let request: Request<Bytes> = Request::from_parts(parts.clone(), form);
    let mut response = admin.answer(request, caller).await.map(Body::whole);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// A body of so many bytes at most, which has to come within some time.
pub(super) async fn read_body(body: Incoming, max: usize, within: Duration) -> Result<Bytes, Refusal> {
    let body = timeout(within, Limited::new(body, max).collect()).await.map_err(|_| Refusal::BodyTimeout)?;
    let body = body.map_err(|error| {
        // Anything else is the end of the connection: nobody reads the answer.
        if error.is::<LengthLimitError>() { Refusal::BodyTooLarge } else { Refusal::Internal }
    })?;
    Ok(body.to_bytes())
}

fn internal(error: &dyn std::error::Error) -> Refusal {
    tracing::error!(error = crate::error_chain(error), "the console cannot be shown");
    Refusal::Internal
}
