//! The answer in the place of a site that cannot be shown.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};

use super::body::Body;
use super::navigation::is_navigation;
use super::respond::{Refusal, no_store};
use crate::console::NoSite;
use crate::site::Unavailable;

/// Seconds until a program should ask again; the page asks by itself.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("10");

/// A page for TVs, a few lines for programs.
pub(super) fn answer(parts: &Parts, path: &str, why: &Unavailable) -> Result<Response<Body>, Refusal> {
    let Unavailable { what, remedy, .. } = why;
    let is_page = path.ends_with('/') || is_navigation(&parts.headers);
    let mut response = if is_page {
        let words = NoSite { what, remedy };
        let page = words.page().map_err(|error| {
            tracing::error!(error = crate::error_chain(&error), "the page without a site cannot be shown");
            Refusal::Internal
        })?;
        let mut response = no_store(StatusCode::SERVICE_UNAVAILABLE, "text/html; charset=utf-8", page);
        let policy = NoSite::content_security_policy();
        let policy = HeaderValue::try_from(policy).map_err(|_| Refusal::Internal)?;
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        response
    } else {
        let text = format!("{} {}\n{} {}\n", what.es, remedy.es, what.en, remedy.en);
        no_store(StatusCode::SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", Bytes::from(text))
    };
    response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER_S);
    Ok(response)
}
