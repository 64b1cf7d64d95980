//! What pages send of themselves: reports, and pictures that were ordered.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use hyper::body::Incoming;

use super::body::Body;
use super::edge::read_body;
use super::respond::{Refusal, empty, no_store};
use crate::screens::{self, Caller, PictureError, ReportError, Screens};

/// Answers a page's report with what it is to do.
pub(super) async fn report(
    screens: &Screens,
    parts: &Parts,
    body: Incoming,
    within: Duration,
    ip: IpAddr,
) -> Result<Response<Body>, Refusal> {
    check_media_type(&parts.headers)?;
    let report = read_body(body, screens::MAX_REPORT, within).await?;
    let text = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let caller = Caller { ip, user_agent: text(header::USER_AGENT).unwrap_or_default(), cookie: text(header::COOKIE) };
    let answer = screens.report(&caller, &report, Instant::now()).map_err(|error| match error {
        ReportError::TooLarge => Refusal::BodyTooLarge,
        ReportError::Malformed => Refusal::Content,
        ReportError::TooMany { .. } | ReportError::Full { .. } => Refusal::TooMany,
    })?;
    let mut response = no_store(StatusCode::OK, "application/json; charset=utf-8", answer.json.into());
    if let Some(cookie) = answer.set_cookie {
        let cookie = HeaderValue::try_from(cookie).map_err(|_| Refusal::Internal)?;
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Takes the picture that a page was asked for.
pub(super) async fn picture(
    screens: &Screens,
    parts: &Parts,
    body: Incoming,
    within: Duration,
) -> Result<Response<Body>, Refusal> {
    check_media_type(&parts.headers)?;
    let picture = read_body(body, screens::MAX_PICTURE, within).await?;
    screens.put_picture(&picture, Instant::now()).map_err(|error| match error {
        PictureError::TooLarge => Refusal::BodyTooLarge,
        PictureError::Malformed => Refusal::Content,
        PictureError::NotAsked => Refusal::NotAsked,
    })?;
    Ok(empty(StatusCode::NO_CONTENT, HeaderMap::new()))
}

/// Pages of other origins cannot send this type without asking first (Fetch section 3.2.2), and nobody tells them that they may.
fn check_media_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") { Ok(()) } else { Err(Refusal::MediaType) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_is_taken() {
        let headers =
            |value: &'static str| HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(value))]);
        for media in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
            assert_eq!(check_media_type(&headers(media)), Ok(()), "{media}");
        }
        // What a form or a script of another origin may send without asking.
        for media in ["", "text/plain", "application/x-www-form-urlencoded", "text/plain; application/json"] {
            assert_eq!(check_media_type(&headers(media)), Err(Refusal::MediaType), "{media}");
        }
        assert_eq!(check_media_type(&HeaderMap::new()), Err(Refusal::MediaType));
    }
}
