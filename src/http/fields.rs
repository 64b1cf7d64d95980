//! The fields of a head that decide about its answer, found in one pass: asking the map for each by its name takes three
//! times as long, and most requests have few of them.

use http::{HeaderMap, HeaderValue, header};

/// The lines of one field.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lines<'a> {
    pub(super) first: Option<&'a HeaderValue>,
    pub(super) is_repeated: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn add(&mut self, value: &'a HeaderValue) {
        self.is_repeated = self.first.is_some();
        self.first = self.first.or(Some(value));
    }

    /// The value of a field that came in one line.
    pub(super) fn only(self) -> Option<&'a HeaderValue> {
        self.first.filter(|_| !self.is_repeated)
    }
}

/// What a head has of them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fields<'a> {
    pub(super) host: Lines<'a>,
    pub(super) accept_encoding: Lines<'a>,
    pub(super) expect: Lines<'a>,
    pub(super) range: Lines<'a>,
    pub(super) if_none_match: Lines<'a>,
    /// Any other of RFC 9110 section 13.1.
    pub(super) has_other_preconditions: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let mut fields = Self::default();
        for (name, value) in headers {
            match *name {
                header::HOST => fields.host.add(value),
                header::ACCEPT_ENCODING => fields.accept_encoding.add(value),
                header::EXPECT => fields.expect.add(value),
                header::RANGE => fields.range.add(value),
                header::IF_NONE_MATCH => fields.if_none_match.add(value),
                header::IF_MATCH | header::IF_MODIFIED_SINCE | header::IF_RANGE | header::IF_UNMODIFIED_SINCE => {
                    fields.has_other_preconditions = true;
                }
                _ => {}
            }
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_counts() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::HOST, "a"),
            (header::RANGE, "bytes=0-1"),
            (header::ACCEPT, "*/*"),
            (header::HOST, "b"),
            (header::HOST, "c"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        let fields = Fields::of(&headers);
        assert_eq!(fields.host.first.map(HeaderValue::as_bytes), Some(&b"a"[..]));
        assert!(fields.host.is_repeated && fields.host.only().is_none());
        assert_eq!(fields.range.only().map(HeaderValue::as_bytes), Some(&b"bytes=0-1"[..]));
        assert!(fields.expect.first.is_none() && !fields.has_other_preconditions);
        headers.append(header::IF_NONE_MATCH, HeaderValue::from_static("\"x\""));
        assert!(Fields::of(&headers).if_none_match.first.is_some() && !Fields::of(&headers).has_other_preconditions);
        headers.append(header::IF_RANGE, HeaderValue::from_static("\"x\""));
        assert!(Fields::of(&headers).has_other_preconditions);
    }
}
