//! `/api/…`: the ERP's figures in its own shape, for any other dist. Nothing of the request but its path and query counts.

use std::borrow::Cow;
use std::time::{Instant, SystemTime};

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::body::Body;
use super::conditional::{self, Outcome, Validators};
use super::fields::Fields;
use super::negotiate::{self, Coding};
use super::respond::{Refusal, empty, json_error};
use crate::erp::{ApiAnswer, ApiPart, Feed};
use crate::lang::Lang;

/// Below which the paths are.
const ROOT: &str = "/api";
/// When the ERP was asked (RFC 3339).
const AS_OF: HeaderName = HeaderName::from_static("x-edge-as-of");
/// When to ask again while nothing is known, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// Whether this path is the ERP's, however it is written.
pub(crate) fn is_api(path: &str) -> bool {
    let (root, rest) = path.split_at_checked(ROOT.len()).unwrap_or(("", path));
    root.eq_ignore_ascii_case(ROOT) && (rest.is_empty() || rest.starts_with('/'))
}

/// The answer from memory; `path` is decoded.
pub(super) fn answer(
    feed: &Feed,
    parts: &Parts,
    fields: &Fields<'_>,
    path: &str,
    lang: Lang,
) -> Result<Response<Body>, Refusal> {
    let path = path.strip_prefix(ROOT).ok_or(Refusal::NotFound)?;
    let latest = feed.latest();
    let now = Instant::now();
    let answer = match parts.uri.query().filter(|query| !query.is_empty()) {
        Some(query) => latest.api(&[path, "?", query].concat(), now),
        None => latest.api(path, now),
    };
    match answer {
        ApiAnswer::Unknown => Err(Refusal::NotFound),
        ApiAnswer::Unavailable(text) => {
            feed.note_request();
            let mut response = json_error(StatusCode::SERVICE_UNAVAILABLE, text.pick(lang));
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
            Ok(response)
        }
        ApiAnswer::Found(part) => {
            feed.note_request();
            found(parts, fields, &part)
        }
    }
}

fn found(parts: &Parts, fields: &Fields<'_>, part: &ApiPart) -> Result<Response<Body>, Refusal> {
    let (coding, bytes) = negotiate::encode(&parts.headers, &part.json).ok_or(Refusal::NotAcceptable)?;
    let etag = match coding {
        Coding::Gzip => Cow::from(part.etag.replacen('"', "\"gzip-", 1)),
        _ => Cow::from(&*part.etag),
    };
    let last_modified = part.as_of.map_or_else(SystemTime::now, SystemTime::from);
    let outcome = conditional::outcome(&parts.headers, fields, Validators { etag: &etag, last_modified });
    let etag = HeaderValue::from_str(&etag).map_err(|_| Refusal::Internal)?;
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::ETAG, etag);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(as_of) = part.as_of {
        headers.insert(AS_OF, HeaderValue::try_from(as_of.to_string()).map_err(|_| Refusal::Internal)?);
    }
    if let Some(age) = part.age {
        headers.insert(header::AGE, HeaderValue::from(age.as_secs()));
    }
    match outcome {
        Outcome::Failed => Err(Refusal::Precondition),
        Outcome::NotModified => Ok(empty(StatusCode::NOT_MODIFIED, headers)),
        Outcome::Proceed => {
            coding.declare(&mut headers);
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            let mut response = Response::new(Body::whole(bytes));
            *response.headers_mut() = headers;
            Ok(response)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use http::Request;

    use super::*;
    use crate::erp::Part;

    const STATS: &str = r#"{"total":3,"available":1,"inUse":1,"maintenance":1,"broken":0}"#;

    fn ask(feed: &Feed, uri: &str, fields: &[(&str, &str)]) -> Result<Response<Body>, Refusal> {
        let mut request = Request::get(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let parts = request.body(()).expect("a request").into_parts().0;
        let path = parts.uri.path().to_owned();
        answer(feed, &parts, &Fields::of(&parts.headers), &path, Lang::Es)
    }

    fn field<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
        response.headers().get(name).map(|value| value.to_str().expect("text"))
    }

    #[test]
    fn a_part_with_its_age_and_its_tag() {
        let feed = Feed::sample(&[(Part::MachineStats, STATS)]);
        let response = ask(&feed, "/api/machines/stats", &[("authorization", "Bearer of-a-tv"), ("cookie", "a=b")]);
        let response = response.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(field(&response, "age"), Some("0"));
        assert_eq!(field(&response, "x-edge-as-of"), Some("2026-11-29T10:00:00Z"));
        assert_eq!(field(&response, "cache-control"), Some("no-cache"));
        assert_eq!(field(&response, "content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(field(&response, "content-length"), Some(STATS.len().to_string().as_str()));
        let etag = field(&response, "etag").expect("a tag").to_owned();
        assert_eq!(response.into_body().into_bytes(), STATS.as_bytes());
        assert!(feed.is_watched(Instant::now()));

        for tag in [&etag, &format!("W/{etag}"), &format!("\"other\", {etag}"), "*"] {
            let response = ask(&feed, "/api/machines/stats?", &[("if-none-match", tag)]).expect("an answer");
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{tag}");
            assert_eq!(field(&response, "etag"), Some(etag.as_str()));
            assert!(response.into_body().into_bytes().is_empty());
        }
        let response = ask(&feed, "/api/machines/stats", &[("if-none-match", "\"other\"")]).expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        let refused = ask(&feed, "/api/machines/stats", &[("if-match", "\"other\"")]).map(|_| ());
        assert_eq!(refused, Err(Refusal::Precondition));
    }

    #[test]
    fn whoever_wants_it_gets_gzip_with_a_tag_of_its_own() {
        let machine = r#"{"id":"m","code":"CNC-1","name":"Torno","type":"CNC","status":"IN_USE"}"#;
        let machines = format!("[{}]", [machine; 20].join(","));
        let feed = Feed::sample(&[(Part::Machines, &machines), (Part::MachineStats, STATS)]);
        let plain = ask(&feed, "/api/machines", &[]).expect("an answer");
        let wish = ("accept-encoding", "gzip, deflate");
        let gzip = ask(&feed, "/api/machines", &[wish]).expect("an answer");
        for (response, coding) in [(&plain, None), (&gzip, Some("gzip"))] {
            assert_eq!(
                (field(response, "content-encoding"), field(response, "vary")),
                (coding, Some("accept-encoding"))
            );
        }
        let (tag, other) = (field(&gzip, "etag").expect("a tag").to_owned(), field(&plain, "etag").expect("a tag"));
        assert!(tag != other && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        for (tag, fields, status) in
            [(&*tag, &[wish][..], 304), (&*tag, &[], 200), (other, &[wish], 200), (other, &[], 304)]
        {
            let response =
                ask(&feed, "/api/machines", &[fields, &[("if-none-match", tag)]].concat()).expect("an answer");
            assert_eq!(
                (response.status().as_u16(), field(&response, "vary")),
                (status, Some("accept-encoding")),
                "{tag}"
            );
        }
        let length = field(&gzip, "content-length").map(str::to_owned);
        let (packed, whole) = (gzip.into_body().into_bytes(), plain.into_body().into_bytes());
        assert_eq!(length, Some(packed.len().to_string()));
        assert!(packed.len() < whole.len() / 5);
        let mut unpacked = Vec::new();
        GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).expect("gzip");
        assert_eq!(unpacked, whole);

        let small = ask(&feed, "/api/machines/stats", &[wish]).expect("an answer");
        assert_eq!(field(&small, "content-encoding"), None, "it would be larger");
        let refused = ask(&feed, "/api/machines", &[("accept-encoding", "identity;q=0")]).map(|_| ());
        assert_eq!(refused, Err(Refusal::NotAcceptable));
    }

    #[test]
    fn nothing_but_the_table() {
        let feed = Feed::sample(&[(Part::MachineStats, STATS)]);
        for uri in [
            "/api",
            "/api/",
            "/API/machines/stats",
            "/api/Machines/stats",
            "/api/machines/stats/",
            "/api/machines/stats?x=1",
            "/api/production/orders",
            "/api/auth/login",
            "/api/analytics/throughput",
            "/api/analytics/throughput?period=daily&x=1",
        ] {
            assert_eq!(ask(&feed, uri, &[]).map(|_| ()), Err(Refusal::NotFound), "{uri}");
        }
        assert!(!feed.is_watched(Instant::now()), "a path that is none counts for nothing");
    }

    #[test]
    fn nothing_known_is_an_error_as_the_erp_says_it() {
        let feed = Feed::sample(&[]);
        for uri in ["/api/machines", "/api/analytics/oee", "/api/suppliers/stats"] {
            let response = ask(&feed, uri, &[]).expect("an answer");
            assert_eq!(
                (response.status(), field(&response, "retry-after")),
                (StatusCode::SERVICE_UNAVAILABLE, Some("5"))
            );
            let body: serde_json::Value = serde_json::from_slice(&response.into_body().into_bytes()).expect("JSON");
            assert_eq!((&body["statusCode"], &body["error"]), (&503.into(), &"Service Unavailable".into()));
            assert!(body["message"].as_str().is_some_and(|message| message.contains("ERP")), "{body}");
        }
    }

    #[test]
    fn only_what_is_below_it() {
        for path in ["/api", "/api/", "/api/machines", "/API/x", "/Api"] {
            assert!(is_api(path), "{path}");
        }
        for path in ["/", "/ap", "/apiary", "/x/api", "/api.json", "/\u{e1}pi/x", "/ap\u{ed}/x"] {
            assert!(!is_api(path), "{path}");
        }
    }
}
