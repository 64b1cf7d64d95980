//! The live channel: `/_edge/live` as a stream of events, and `/_edge/live.json` for engines that cannot read one.

use std::rc::Rc;
use std::time::Instant;

use http::request::Parts;
use http::{HeaderName, Response};
use tokio::time::{Instant as Deadline, timeout_at};
use tokio_util::sync::CancellationToken;

use super::body::Body;
use super::events::{Page, Source, called};
use super::handover::Handover;
use super::respond::{Refusal, no_store_encoded};
use super::timeouts::LIVE_POLL;
use super::{edge, negotiate};
use crate::erp::Feed;
use crate::gzip::Compressible;
use crate::screens::Screens;

/// What an engine sends when it connects again (HTML Living Standard section 9.2.4).
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

const JSON: &str = "application/json; charset=utf-8";

/// The page that asks.
pub(super) fn page(screens: &Screens, parts: &Parts) -> Option<Page> {
    Page::connect(screens, parameter(parts, "page")?)
}

/// A stream that goes on from where the peer was.
pub(super) fn events(
    source: &Source,
    feed: &Feed,
    page: Option<Page>,
    parts: &Parts,
    handover: &Rc<Handover>,
) -> Result<Response<Body>, Refusal> {
    let coding = negotiate::gzip_or_identity(&parts.headers, true).ok_or(Refusal::NotAcceptable)?;
    let last = parts.headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let events = source.open_live(feed.subscribe(), last.or_else(|| parameter(parts, "since")), page);
    let mut response = edge::events(events, handover, parts.version, coding);
    coding.declare(response.headers_mut());
    Ok(response)
}

/// What is newer than `since`, at once or as soon as there is something; else its id alone.
/// A page that waits for it counts as connected meanwhile, and is answered early when it is called.
pub(super) async fn poll(
    feed: &Feed,
    mut page: Option<Page>,
    parts: &Parts,
    closing: &CancellationToken,
) -> Result<Response<Body>, Refusal> {
    let until = Deadline::now() + LIVE_POLL;
    let mut subscription = feed.subscribe();
    let mut latest = subscription.latest();
    let known = parameter(parts, "since").and_then(|id| latest.version_of(id));
    let json = loop {
        let now = Instant::now();
        let message = match known {
            Some(version) => latest.since(version, now),
            None => Some(latest.whole(now)),
        };
        if let Some(message) = message {
            break message.json;
        }
        let changed = tokio::select! {
            biased;
            () = closing.cancelled() => None,
            () = called(&mut page) => None,
            changed = timeout_at(until, subscription.changed()) => changed.ok().flatten(),
        };
        match changed {
            Some(changed) => latest = changed,
            None => break Compressible::new(format!("{{\"id\":\"{}\"}}", latest.id())),
        }
    };
    no_store_encoded(&parts.headers, JSON, &json)
}

/// What is shown now.
pub(super) fn whole(feed: &Feed, parts: &Parts) -> Result<Response<Body>, Refusal> {
    no_store_encoded(&parts.headers, JSON, &feed.latest().whole(Instant::now()).json)
}

/// A value in the query, as it is written there.
fn parameter<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    let mut pairs = parts.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use http::Request;

    use super::*;
    use crate::erp::FeedSettings;
    use crate::lang::Lang;

    fn feed() -> Feed {
        Feed::new(FeedSettings { lang: Lang::Es, max_stale: Duration::from_secs(3600), extra_paths: Vec::new() })
    }

    fn request(query: &str) -> Parts {
        Request::get(format!("/_edge/live.json{query}")).body(()).expect("a request").into_parts().0
    }

    fn with_clock(test: impl AsyncFnOnce()) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async { test().await });
    }

    #[test]
    fn it_waits_for_what_is_newer_and_no_longer_than_a_proxy() {
        with_clock(async || {
            let (feed, closing) = (feed(), CancellationToken::new());
            let whole = feed.latest().whole(Instant::now()).json.plain().clone();
            for query in ["", "?since=", "?since=other-1", "?x=1&since=00000000-99"] {
                let response = poll(&feed, None, &request(query), &closing).await.expect("an answer");
                assert_eq!(response.into_body().into_bytes(), whole, "{query}");
            }
            let began = Deadline::now();
            let parts = request(&format!("?since={}", feed.latest().id()));
            let response = poll(&feed, None, &parts, &closing).await.expect("an answer");
            assert_eq!(began.elapsed(), LIVE_POLL);
            let unchanged = format!("{{\"id\":\"{}\"}}", feed.latest().id());
            assert_eq!(response.into_body().into_bytes(), unchanged.as_bytes());

            let mut waiting = pin!(poll(&feed, None, &parts, &closing));
            let mut context = Context::from_waker(Waker::noop());
            assert!(waiting.as_mut().poll(&mut context).is_pending());
            assert_eq!(feed.channels(), 1);
            closing.cancel();
            assert!(matches!(waiting.as_mut().poll(&mut context), Poll::Ready(_)));
        });
    }
}
