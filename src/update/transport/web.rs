//! A web server (RFC 9110, RFC 9112).

use std::sync::Arc;
use std::time::SystemTime;

use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName,
    IF_RANGE, LAST_MODIFIED, LOCATION, RANGE,
};
use http::{HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::TransportError;
use super::body::Body;
use crate::outbound::{KeptConnection, Limits, Outbound, OutboundError, OutboundRequest, Server, Traffic};

/// All but the unreserved characters of RFC 3986 section 2.3.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The names of metadata files are percent-encoded role names already: their `%` is literal.
const ENCODED: &AsciiSet = &SEGMENT.remove(b'%');

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    /// JSON, within a time.
    Metadata,
    /// Bytes, for as long as they keep coming.
    Target,
}

/// A directory of a web server.
#[derive(Debug)]
pub(super) struct Web {
    server: Server,
    /// The path, without a slash at its end.
    base: String,
    limits: Limits,
}

impl Web {
    pub(super) fn new(
        url: &str,
        allow_http: bool,
        outbound: &Outbound,
        traffic: Arc<Traffic>,
        kept: Arc<KeptConnection>,
    ) -> Result<Self, OutboundError> {
        let (server, base) = Server::new(url, allow_http, outbound, traffic, kept)?;
        Ok(Self { server, base, limits: *outbound.limits() })
    }

    /// For messages.
    pub(super) fn address(&self, name: &str) -> String {
        format!("{}{}/{name}", self.server.origin(), self.base)
    }

    pub(super) fn rest(&self) {
        self.server.rest();
    }

    pub(super) fn not_before(&self, time: SystemTime) {
        self.server.not_before(time);
    }

    /// `None` for what is not there. A continuation that the server gets wrong, in whatever way, becomes a request for
    /// the whole: a partial file must not block the rest.
    pub(super) async fn get(
        &self,
        name: &str,
        from: u64,
        validator: Option<&str>,
        expect: Expect,
    ) -> Result<Option<Body>, TransportError> {
        if from > 0 {
            match self.open(name, from, validator, expect).await {
                Ok(None) => {}
                Err(error) if error.may_be_of_the_range() => {
                    let error = crate::error_chain(&error);
                    tracing::debug!(error, "a download cannot be resumed, starting over");
                }
                answered => return answered,
            }
        }
        self.open(name, 0, None, expect).await
    }

    async fn open(
        &self,
        name: &str,
        from: u64,
        validator: Option<&str>,
        expect: Expect,
    ) -> Result<Option<Body>, TransportError> {
        let place = self.address(name);
        let request = self.request(name, from, validator, expect)?;
        let (connection, answer) = self.server.request(&request, &place).await?;
        let headers = answer.headers();
        let (start, length) = match answer.status() {
            StatusCode::OK => (0, content_length(headers)),
            StatusCode::PARTIAL_CONTENT => {
                // Another start than asked for, or a part of another state of the object in spite of If-Range.
                let range = content_range(headers).filter(|(start, _)| *start == from && from > 0);
                let Some((start, whole)) = range.filter(|_| !changed(headers, validator)) else {
                    return Err(TransportError::Part { place, from });
                };
                (start, whole)
            }
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE => {
                // What the answer says about it is of no use; short ones are read, so that the connection stays.
                let mut stream = self.server.stream(connection, answer, place);
                stream.until(self.limits.head);
                Body::web(stream, 0, None, None).discard().await;
                return Ok(None);
            }
            StatusCode::NETWORK_AUTHENTICATION_REQUIRED => return Err(TransportError::CaptivePortal { place }),
            status if status.is_redirection() => {
                return Err(match headers.get(LOCATION) {
                    Some(to) => TransportError::Redirect { place, to: bounded(to) },
                    None => TransportError::Status { place, status },
                });
            }
            status => return Err(TransportError::Status { place, status }),
        };
        if is_html(headers) {
            return Err(TransportError::CaptivePortal { place });
        }
        if let Some(coding) = headers.get(CONTENT_ENCODING).filter(|coding| *coding != "identity") {
            return Err(TransportError::Coding { place, coding: bounded(coding) });
        }
        let validator = validator_of(headers);
        let mut stream = self.server.stream(connection, answer, place);
        if expect == Expect::Metadata {
            stream.until(self.limits.metadata);
        }
        Ok(Some(Body::web(stream, start, length, validator)))
    }

    fn request(
        &self,
        name: &str,
        from: u64,
        validator: Option<&str>,
        expect: Expect,
    ) -> Result<OutboundRequest, TransportError> {
        let wrong = || TransportError::Name { name: name.to_owned() };
        let mut path = self.base.clone();
        for segment in name.split('/') {
            if matches!(segment, "" | "." | "..") {
                return Err(wrong());
            }
            path.push('/');
            path.extend(utf8_percent_encode(segment, if expect == Expect::Metadata { ENCODED } else { SEGMENT }));
        }
        let mut fields = vec![(ACCEPT_ENCODING, HeaderValue::from_static("identity"))];
        if from > 0 {
            fields.push((RANGE, HeaderValue::from_str(&format!("bytes={from}-")).map_err(|_| wrong())?));
            if let Some(validator) = validator.and_then(|text| HeaderValue::from_str(text).ok()) {
                fields.push((IF_RANGE, validator));
            }
        }
        Ok(OutboundRequest::get(path.parse().map_err(|_| wrong())?, fields))
    }
}

/// A header field for a message: not endless, and without control characters.
fn bounded(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).chars().filter(|character| !character.is_control()).take(200).collect()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn is_html(headers: &HeaderMap) -> bool {
    let kind = text(headers, &CONTENT_TYPE).unwrap_or_default().trim_start().to_ascii_lowercase();
    kind.starts_with("text/html") || kind.starts_with("application/xhtml")
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    text(headers, &CONTENT_LENGTH)?.parse().ok()
}

/// First byte and length of the whole of `bytes 5-9/10` (RFC 9110 section 14.4).
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let (part, whole) = text(headers, &CONTENT_RANGE)?.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = part.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let whole = match whole {
        "*" => None,
        whole => Some(whole.parse().ok().filter(|&whole: &u64| first <= last && last < whole)?),
    };
    Some((first, whole))
}

/// What distinguishes this state of the object from others: a strong entity tag, or the date of its change.
fn validator_of(headers: &HeaderMap) -> Option<String> {
    let tag = text(headers, &ETAG).filter(|tag| tag.starts_with('"'));
    tag.or_else(|| text(headers, &LAST_MODIFIED)).map(str::to_owned)
}

/// Whether a part is of another state of the object than `validator`, though `If-Range` asked for the same.
fn changed(headers: &HeaderMap, validator: Option<&str>) -> bool {
    match (validator, validator_of(headers)) {
        (Some(before), Some(now)) => before != now,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(url: &str, allow_http: bool) -> Result<Web, OutboundError> {
        let outbound = Outbound::new(crate::outbound::Settings::default()).expect("a client");
        Web::new(url, allow_http, &outbound, Arc::default(), Arc::default())
    }

    #[test]
    fn an_address_is_https_unless_http_is_allowed_and_says_what_is_wrong_with_it() {
        for url in
            ["https://example.com", "https://example.com:8443/a/b/", "https://[2001:db8::1]/", "https://192.0.2.1/x"]
        {
            web(url, false).expect(url);
        }
        web("http://example.com/", true).expect("allowed");
        for (url, why) in [
            ("http://example.com/", "not encrypted"),
            ("ftp://example.com/", "begins neither"),
            ("example.com", "begins neither"),
            ("/srv/repository", "names no server"),
            ("https://user@example.com/", "user name"),
            ("https://example.com/?x", "query"),
            ("https://example.com/#x", "fragment"),
            ("https://", "not a web address"),
            ("https://exa mple.com/", "not a web address"),
        ] {
            let error = web(url, false).expect_err(url).to_string();
            assert!(error.contains(why) && error.contains(url), "{url}: {error}");
        }
    }

    #[test]
    fn a_name_stays_below_the_address() {
        let web = web("https://example.com/repository/", false).expect("an address");
        for (name, path) in [
            ("1.root.json", "/repository/1.root.json"),
            ("a/b c?d#e.json", "/repository/a/b%20c%3Fd%23e.json"),
            ("..%2F.json", "/repository/..%252F.json"),
            ("ñ.json", "/repository/%C3%B1.json"),
        ] {
            assert_eq!(web.request(name, 0, None, Expect::Target).expect(name).path, path);
        }
        let metadata = web.request("2.%2F..%2Frole.json", 0, None, Expect::Metadata).expect("a name");
        assert_eq!(metadata.path, "/repository/2.%2F..%2Frole.json");
        for name in ["", ".", "..", "a/../b", "/etc/passwd", "a//b", "a/"] {
            assert!(web.request(name, 0, None, Expect::Target).is_err(), "{name}");
        }
    }

    #[test]
    fn a_part_says_where_it_is() {
        let of = |value: &str| {
            content_range(&HeaderMap::from_iter([(CONTENT_RANGE, HeaderValue::from_str(value).expect("a value"))]))
        };
        assert_eq!(of("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(of("bytes 5-9/*"), Some((5, None)));
        for wrong in ["bytes */10", "bytes 5-10/10", "bytes 9-5/10", "octets 5-9/10", "bytes 5/10", "bytes -9/10", ""] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
