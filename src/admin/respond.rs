//! Answers to a browser, with the fields that keep them out of caches, frames and other sites' hands.

use askama::Template;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::request::COOKIE;

/// Where the pages are.
pub(super) const ROOT: &str = "/_edge/admin";

/// A page.
pub(super) fn page(status: StatusCode, page: &impl Template) -> Response<Bytes> {
    match page.render() {
        Ok(html) => whole(status, "text/html; charset=utf-8", Bytes::from(html)),
        Err(error) => {
            tracing::error!(%error, "a page of the administration");
            whole(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", Bytes::from_static(b"error\n"))
        }
    }
}

/// After a form: a page of its own, so that a reload sends nothing again (RFC 9110 section 15.4.4).
pub(super) fn see_other(path: &str) -> Response<Bytes> {
    let mut response = whole(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", Bytes::new());
    if let Ok(path) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, path);
    }
    response
}

/// A file to keep.
pub(super) fn download(name: &str, media: &'static str, bytes: Bytes) -> Response<Bytes> {
    let mut response = whole(StatusCode::OK, media, bytes);
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// Gives the browser its session. The name of the field says no age: it goes with the browser.
pub(super) fn with_session(mut response: Response<Bytes>, id: &str) -> Response<Bytes> {
    set(&mut response, &format!("{COOKIE}={id}; Path={ROOT}; HttpOnly; Secure; SameSite=Strict"));
    response
}

/// Takes it away.
pub(super) fn without_session(mut response: Response<Bytes>) -> Response<Bytes> {
    set(&mut response, &format!("{COOKIE}=; Path={ROOT}; HttpOnly; Secure; SameSite=Strict; Max-Age=0"));
    response
}

fn set(response: &mut Response<Bytes>, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

/// Any answer.
pub(super) fn whole(status: StatusCode, media: &'static str, body: Bytes) -> Response<Bytes> {
    /// No script, nothing from elsewhere, no frame around it. `same-origin` rather than `no-referrer`: with the
    /// latter, browsers send `Origin: null` with the box's own forms.
    const FIELDS: [(HeaderName, &str); 5] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    let mut headers = HeaderMap::from_iter(FIELDS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
