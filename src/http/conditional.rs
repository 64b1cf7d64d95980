//! Preconditions (RFC 9110 section 13).

use std::time::SystemTime;

use http::{HeaderMap, HeaderValue, header};

use super::fields::{Fields, Lines};

/// The validators of the selected representation (RFC 9110 section 8.8).
#[derive(Debug, Clone, Copy)]
pub struct Validators<'a> {
    /// The strong entity tag, quotes included.
    pub etag: &'a str,
    /// When the representation last changed, in whole seconds.
    pub last_modified: SystemTime,
}

/// What the preconditions say of a GET or HEAD.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Outcome {
    /// Answer as if there were no precondition.
    Proceed,
    /// `304 Not Modified`.
    NotModified,
    /// `412 Precondition Failed`.
    Failed,
}

/// What the preconditions of a GET or HEAD say, by what was found of them in its head: nearly always there is none, or our tag alone.
pub(super) fn outcome(headers: &HeaderMap, fields: &Fields<'_>, validators: Validators<'_>) -> Outcome {
    match (fields.if_none_match.first, fields.has_other_preconditions) {
        (None, false) => Outcome::Proceed,
        (Some(tag), false) if is_tag(tag, validators.etag) => Outcome::NotModified,
        _ => evaluate(headers, validators),
    }
}

/// Evaluates the preconditions of a GET or HEAD in the order of RFC 9110 section 13.2.2.
#[must_use]
pub fn evaluate(headers: &HeaderMap, validators: Validators<'_>) -> Outcome {
    let (mut is_match, mut is_none_match) = (None, None);
    let (mut unmodified_since, mut modified_since) = (Lines::default(), Lines::default());
    for (name, value) in headers {
        if *name == header::IF_NONE_MATCH {
            *is_none_match.get_or_insert(false) |= lists(value, validators.etag, weak);
        } else if *name == header::IF_MATCH {
            *is_match.get_or_insert(false) |= lists(value, validators.etag, strong);
        } else if *name == header::IF_MODIFIED_SINCE {
            modified_since.add(value);
        } else if *name == header::IF_UNMODIFIED_SINCE {
            unmodified_since.add(value);
        }
    }
    let holds = is_match.unwrap_or_else(|| date(unmodified_since).is_none_or(|date| validators.last_modified <= date));
    if !holds {
        return Outcome::Failed;
    }
    let is_known =
        is_none_match.unwrap_or_else(|| date(modified_since).is_some_and(|date| validators.last_modified <= date));
    if is_known { Outcome::NotModified } else { Outcome::Proceed }
}

/// Whether an If-None-Match is our tag and nothing else, as browsers send it.
fn is_tag(value: &HeaderValue, ours: &str) -> bool {
    !ours.is_empty() && memchr::arch::all::is_equal(value.as_bytes(), ours.as_bytes())
}

/// Whether a Range is to be honoured: If-Range is absent or names exactly this
/// representation (RFC 9110 section 13.1.5).
#[must_use]
pub fn range_applies(headers: &HeaderMap, validators: Validators<'_>) -> bool {
    let Some(value) = headers.get(header::IF_RANGE) else { return true };
    let Ok(value) = value.to_str() else { return false };
    if value.starts_with('"') || value.starts_with("W/") {
        return strong(value, validators.etag);
    }
    // An exact match, not an ordering: the section asks for it.
    httpdate::parse_http_date(value).is_ok_and(|date| date == validators.last_modified)
}

/// An invalid date, or several, is to be ignored (RFC 9110 section 13.1.3).
fn date(lines: Lines<'_>) -> Option<SystemTime> {
    httpdate::parse_http_date(lines.only()?.to_str().ok()?).ok()
}

/// Whether a list of entity tags, or `*`, names ours.
fn lists(value: &HeaderValue, ours: &str, matches: fn(&str, &str) -> bool) -> bool {
    value.to_str().is_ok_and(|value| value.trim() == "*" || EntityTags(value).any(|tag| matches(tag, ours)))
}

/// Strong comparison (RFC 9110 section 8.8.3.2): ours are strong, so equality is enough.
fn strong(tag: &str, ours: &str) -> bool {
    tag == ours
}

fn weak(tag: &str, ours: &str) -> bool {
    tag.strip_prefix("W/").unwrap_or(tag) == ours
}

/// The entity tags of a list; a quoted tag may hold commas. Stops at the first thing that
/// is no entity tag.
struct EntityTags<'a>(&'a str);

impl<'a> Iterator for EntityTags<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start_matches([' ', '\t', ',']);
        let opening = if text.starts_with("W/") { 2 } else { 0 };
        let opaque = text.get(opening..)?.strip_prefix('"')?;
        let end = opening + 1 + opaque.find('"')? + 1;
        let (tag, rest) = text.split_at(end);
        self.0 = rest;
        Some(tag)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    const ETAG: &str = "\"abc\"";
    const BEFORE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";
    const AT: &str = "Fri, 02 Jan 2026 00:00:00 GMT";
    const AFTER: &str = "Sat, 03 Jan 2026 00:00:00 GMT";

    fn validators() -> Validators<'static> {
        Validators { etag: ETAG, last_modified: UNIX_EPOCH + Duration::from_secs(1_767_312_000) }
    }

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a field value")))
            .collect()
    }

    #[test]
    fn the_order_of_the_rfc() {
        use Outcome::{Failed, NotModified, Proceed};
        for (fields, expected) in [
            (vec![], Proceed),
            (vec![("if-none-match", "\"abc\"")], NotModified),
            (vec![("if-none-match", "W/\"abc\"")], NotModified),
            (vec![("if-none-match", "\"x,y\", \"abc\"")], NotModified),
            (vec![("if-none-match", "*")], NotModified),
            (vec![("if-none-match", "\"x\"")], Proceed),
            (vec![("if-none-match", "abc")], Proceed),
            (vec![("if-none-match", "\"x\""), ("if-modified-since", AFTER)], Proceed),
            (vec![("if-modified-since", BEFORE)], Proceed),
            (vec![("if-modified-since", AT)], NotModified),
            (vec![("if-modified-since", AFTER)], NotModified),
            (vec![("if-modified-since", "yesterday")], Proceed),
            (vec![("if-match", "\"abc\"")], Proceed),
            (vec![("if-match", "*")], Proceed),
            (vec![("if-match", "W/\"abc\"")], Failed),
            (vec![("if-match", "\"x\"")], Failed),
            (vec![("if-match", "\"x\""), ("if-none-match", "\"abc\"")], Failed),
            (vec![("if-match", "\"abc\""), ("if-none-match", "\"abc\"")], NotModified),
            (vec![("if-unmodified-since", BEFORE)], Failed),
            (vec![("if-unmodified-since", AT)], Proceed),
            (vec![("if-match", "\"abc\""), ("if-unmodified-since", BEFORE)], Proceed),
        ] {
            assert_eq!(evaluate(&headers(&fields), validators()), expected, "{fields:?}");
        }
    }

    #[test]
    fn a_lone_tag_is_known_byte_by_byte() {
        for (value, expected) in [(ETAG, true), ("\"abd\"", false), ("\"abc\"x", false), ("\"abc", false), ("", false)]
        {
            assert_eq!(is_tag(&HeaderValue::from_static(value), ETAG), expected, "{value}");
        }
        assert!(!is_tag(&HeaderValue::from_static(""), ""), "a representation without a tag");
    }

    #[test]
    fn if_range_wants_the_very_same_representation() {
        for (value, expected) in [
            ("\"abc\"", true),
            ("W/\"abc\"", false),
            ("\"x\"", false),
            (AT, true),
            (BEFORE, false),
            (AFTER, false),
            ("nonsense", false),
        ] {
            assert_eq!(range_applies(&headers(&[("if-range", value)]), validators()), expected, "{value}");
        }
        assert!(range_applies(&HeaderMap::new(), validators()));
    }

    proptest! {
        #[test]
        fn nothing_panics(value in "[ -~]{0,60}") {
            for name in ["if-match", "if-none-match", "if-range", "if-modified-since", "if-unmodified-since"] {
                let headers = headers(&[(name, &value)]);
                let _ = evaluate(&headers, validators());
                let _ = range_applies(&headers, validators());
            }
        }

        #[test]
        fn a_tag_is_found_wherever_it_stands(before in prop::collection::vec("[a-z,]{0,6}", 0..5), after in prop::collection::vec("[a-z,]{0,6}", 0..5)) {
            let list: Vec<String> = before.iter().map(String::as_str).chain(["abc"]).chain(after.iter().map(String::as_str)).map(|tag| format!("\"{tag}\"")).collect();
            prop_assert_eq!(evaluate(&headers(&[("if-none-match", &list.join(", "))]), validators()), Outcome::NotModified);
        }
    }
}
