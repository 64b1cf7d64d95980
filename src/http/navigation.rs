//! Whether a request is a navigation, which gets the page of a single-page app where there is no file.

use http::{HeaderMap, header};

/// Whether a person goes there, in a window or in a frame. Scripts, styles, pictures and fonts never do.
///
/// Browsers say what they want in the Fetch Metadata (W3C), but not over plain HTTP to a name or address of the local
/// network, and TVs not at all: then Accept decides. A navigation asks for HTML by name; `*/*`, as scripts and fonts send,
/// is not enough.
pub(super) fn is_navigation(headers: &HeaderMap) -> bool {
    let field = |name: &str| headers.get(name).map(http::HeaderValue::as_bytes);
    match field("sec-fetch-dest") {
        Some(b"document" | b"iframe" | b"frame" | b"fencedframe") => true,
        // What a script fetches, or a service worker passes on.
        Some(b"empty") | None => field("sec-fetch-mode") == Some(b"navigate") || wants_page(headers),
        Some(_) => false,
    }
}

/// Whether the client asks for HTML by name.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|element| element.split(';').next())
        .any(|media| media.trim().eq_ignore_ascii_case("text/html"))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
    const ANY: (&str, &str) = ("accept", "*/*");

    fn of(fields: &[(&'static str, &'static str)]) -> bool {
        let headers = fields
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        is_navigation(&headers)
    }

    #[test]
    fn without_fetch_metadata_accept_decides() {
        assert!(of(&[BROWSER]));
        assert!(!of(&[ANY]));
        assert!(!of(&[("accept", "image/avif,image/webp,*/*;q=0.8")]));
        assert!(!of(&[]));
    }

    #[test]
    fn fetch_metadata_win_over_accept() {
        for dest in ["document", "iframe", "frame", "fencedframe"] {
            assert!(of(&[("sec-fetch-dest", dest), ANY]), "{dest}");
        }
        for dest in ["script", "style", "image", "font", "worker", "serviceworker", "manifest", "video", "object"] {
            assert!(!of(&[("sec-fetch-dest", dest), ("sec-fetch-mode", "no-cors"), BROWSER]), "{dest}");
        }
    }

    #[test]
    fn what_scripts_fetch_is_a_page_when_they_say_so() {
        assert!(!of(&[("sec-fetch-dest", "empty"), ("sec-fetch-mode", "cors"), ANY]));
        assert!(of(&[("sec-fetch-dest", "empty"), ("sec-fetch-mode", "cors"), BROWSER]));
        assert!(of(&[("sec-fetch-dest", "empty"), ("sec-fetch-mode", "navigate")]));
    }
}
