//! What a browser asks: its language, its cookie, its form, and whether the form is the box's own.

use std::collections::HashMap;

use http::{HeaderMap, header, uri::Authority};

use crate::lang::Lang;

/// The cookie of a session.
pub(super) const COOKIE: &str = "workshop_edge_admin";

/// The language that a query asks for.
pub(super) fn chosen_language(query: Option<&str>) -> Option<Lang> {
    field(query, "lang").and_then(|code| Lang::from_code(&code))
}

/// The language that the browser prefers.
pub(super) fn preferred_language(headers: &HeaderMap) -> Option<Lang> {
    Lang::preferred(headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok()))
}

/// A field of a query.
pub(super) fn field(query: Option<&str>, name: &str) -> Option<String> {
    let mut fields = form_urlencoded::parse(query?.as_bytes());
    fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Where a person wants to go after the login: a path below the root, and nothing that leads elsewhere. What a command has
/// led to (`done/`) is nothing to come back to.
pub(super) fn wanted(below: &str) -> Option<&str> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'/');
    let leads_out = below.starts_with('/') || below.contains("//") || below.starts_with("done/");
    (!below.is_empty() && below.len() <= 64 && below.bytes().all(is_plain) && !leads_out).then_some(below)
}

/// The fields of a form's body, the first of each name; nothing where it is no form.
pub(super) fn form(headers: &HeaderMap, body: &[u8]) -> HashMap<String, String> {
    let is_form = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
        let media = value.split(';').next().unwrap_or_default();
        media.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    });
    let mut fields = HashMap::new();
    if is_form {
        for (name, value) in form_urlencoded::parse(body) {
            fields.entry(name.into_owned()).or_insert_with(|| value.into_owned());
        }
    }
    fields
}

/// The id of the session that the browser says it has.
pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}

/// Whether a form was sent by a page of the box's own, as far as the browser tells: by `Sec-Fetch-Site` (Fetch Metadata)
/// where it is there, and by `Origin` (RFC 6454), which has to be the address that is asked. A client that sends
/// neither is no browser of these days, and still needs the token.
pub(super) fn is_same_origin(headers: &HeaderMap, is_https: bool) -> bool {
    let site = headers.get("sec-fetch-site").map(http::HeaderValue::as_bytes);
    if !matches!(site, None | Some(b"same-origin" | b"none")) {
        return false;
    }
    match headers.get(header::ORIGIN) {
        None => true,
        Some(origin) => {
            let scheme = if is_https { "https://" } else { "http://" };
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let asked = origin.to_str().ok().and_then(|origin| origin.strip_prefix(scheme));
            host.is_some() && asked.zip(host).is_some_and(|(asked, host)| asked.eq_ignore_ascii_case(host))
        }
    }
}

/// The name or address by which the browser knows the box, in brackets where it is IPv6.
pub(super) fn host(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    Some(host.parse::<Authority>().ok()?.host().to_owned())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_language_is_chosen_by_its_code() {
        for (query, lang) in [
            (None, None),
            (Some(""), None),
            (Some("lang=fr"), None),
            (Some("lang=en"), Some(Lang::En)),
            (Some("a=b&lang=%65n"), Some(Lang::En)),
        ] {
            assert_eq!(chosen_language(query), lang, "{query:?}");
        }
    }

    #[test]
    fn a_login_leads_nowhere_else() {
        for path in ["screens", "screens/0123456789abcdef", "support-bundle"] {
            assert_eq!(wanted(path), Some(path));
        }
        for path in [
            "",
            "/x",
            "/evil.example",
            "//evil.example",
            "a//b",
            "..",
            "a/../b",
            "a?b",
            "a%2e",
            "https://x",
            "\r\nx",
            "done/restart",
        ] {
            assert_eq!(wanted(path), None, "{path}");
        }
        assert_eq!(wanted(&"a".repeat(65)), None);
    }

    #[test]
    fn a_form_is_what_says_that_it_is_one() {
        let form_type = headers(&[("content-type", "application/x-www-form-urlencoded; charset=utf-8")]);
        let fields = form(&form_type, b"pin=13572468&pin=2&new=a%20b+c&empty");
        assert_eq!(fields["pin"], "13572468");
        assert_eq!((fields["new"].as_str(), fields["empty"].as_str()), ("a b c", ""));
        assert!(form(&headers(&[("content-type", "text/plain")]), b"pin=1").is_empty());
        assert!(form(&headers(&[]), b"pin=1").is_empty());
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        assert_eq!(session(&headers(&[("cookie", "a=b; workshop_edge_admin=abc_-1; c=d")])), Some("abc_-1"));
        assert_eq!(session(&headers(&[("cookie", "xworkshop_edge_admin=abc")])), None);
        assert_eq!(session(&headers(&[])), None);
    }

    #[test]
    fn forms_of_others_are_recognised() {
        let host = ("host", "taller.local:8443");
        for (fields, is_https, same) in [
            (vec![host], true, true),
            (vec![host, ("origin", "https://taller.local:8443")], true, true),
            (vec![host, ("origin", "https://TALLER.local:8443"), ("sec-fetch-site", "same-origin")], true, true),
            (vec![host, ("sec-fetch-site", "none")], true, true),
            (vec![host, ("origin", "http://taller.local:8443")], true, false),
            (vec![host, ("origin", "https://taller.local:8443")], false, false),
            (vec![host, ("origin", "https://taller.local")], true, false),
            (vec![host, ("origin", "https://evil.example")], true, false),
            (vec![host, ("origin", "null")], true, false),
            (vec![host, ("origin", "https://taller.local:8443"), ("sec-fetch-site", "cross-site")], true, false),
            (vec![host, ("sec-fetch-site", "same-site")], true, false),
            (vec![("origin", "https://taller.local:8443")], true, false),
        ] {
            assert_eq!(is_same_origin(&headers(&fields), is_https), same, "{fields:?} {is_https}");
        }
    }

    #[test]
    fn the_host_is_without_its_port() {
        for (host_field, name) in [
            ("taller.local:8443", Some("taller.local")),
            ("[fe80::1]:80", Some("[fe80::1]")),
            ("192.168.1.9", Some("192.168.1.9")),
            ("a b", None),
        ] {
            assert_eq!(host(&headers(&[("host", host_field)])).as_deref(), name);
        }
    }
}
