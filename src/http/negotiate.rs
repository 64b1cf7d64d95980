//! Choice of a content coding by Accept-Encoding (RFC 9110 section 12.5.3).

use std::ops::RangeInclusive;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};

use crate::gzip::Compressible;

/// A content coding that a representation can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// The bytes as they are.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
}

/// Bytes that are compressed for whoever wants it: less is not worth the field that says so, more takes longer than others
/// may wait.
const WORTH_GZIP: RangeInclusive<usize> = 256..=256 * 1024;

/// What a client with this head gets of something that many get; `None` where it refuses every coding.
pub(super) fn encode(headers: &HeaderMap, body: &Compressible) -> Option<(Coding, Bytes)> {
    Some(match gzip_or_identity(headers, WORTH_GZIP.contains(&body.plain().len()))? {
        Coding::Gzip => (Coding::Gzip, body.gzip().clone()),
        _ => (Coding::Identity, body.plain().clone()),
    })
}

/// Whether a client with this head gets gzip, where there is some; `None` where it refuses both.
pub(super) fn gzip_or_identity(headers: &HeaderMap, has_gzip: bool) -> Option<Coding> {
    Preference::of(headers).choose(has_gzip, false)
}

impl Coding {
    /// Says in an answer how it is encoded, and that others may get it otherwise.
    pub(super) fn declare(self, headers: &mut HeaderMap) {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        let coding = match self {
            Self::Identity => return,
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        };
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
}

/// What a client accepts: a weight in thousandths for each coding, 0 for "never".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preference {
    identity: u16,
    gzip: u16,
    brotli: u16,
    /// An identity that nobody mentioned has weight 0 too, but may be sent.
    identity_refused: bool,
}

/// What nearly every request says. Comparing costs a fraction of reading, which was a twentieth of a request's instructions.
const OF_BROWSERS: &[(&[u8], Preference)] = {
    const GZIP: Preference = Preference { identity: 0, gzip: 1000, brotli: 0, identity_refused: false };
    const BROTLI: Preference = Preference { brotli: 1000, ..GZIP };
    &[
        (b"gzip, deflate", GZIP),
        (b"gzip, deflate, sdch", GZIP),
        (b"gzip, deflate, br", BROTLI),
        (b"gzip, deflate, br, zstd", BROTLI),
    ]
};

impl Preference {
    /// Reads the client's Accept-Encoding; without the field, only identity is sent, since
    /// a client that says nothing may understand nothing.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        Self::read(headers.get_all(header::ACCEPT_ENCODING).iter())
    }

    /// Reads a field that came in one line.
    pub(super) fn of_value(value: &HeaderValue) -> Self {
        let known = OF_BROWSERS.iter().find(|(known, _)| value.as_bytes() == *known);
        known.map_or_else(|| Self::read([value].into_iter()), |(_, preference)| *preference)
    }

    fn read<'a>(values: impl Iterator<Item = &'a HeaderValue>) -> Self {
        let mut named = Named::default();
        for value in values {
            // A value that is no text names no coding that we have.
            for element in value.to_str().unwrap_or_default().split(',') {
                named.add(element);
            }
        }
        named.preference()
    }

    /// The best coding among those available; identity always is. `None` when the client
    /// refuses identity and everything else that there is.
    #[must_use]
    pub fn choose(&self, gzip: bool, brotli: bool) -> Option<Coding> {
        // Ties go to the smaller answer: brotli, then gzip, then identity.
        let mut best = self.allows_identity().then_some((self.identity, Coding::Identity));
        for (available, weight, coding) in [(gzip, self.gzip, Coding::Gzip), (brotli, self.brotli, Coding::Brotli)] {
            if available && weight > 0 && best.is_none_or(|(most, _)| weight >= most) {
                best = Some((weight, coding));
            }
        }
        best.map(|(_, coding)| coding)
    }

    /// Whether the bytes as they are may be sent.
    #[must_use]
    pub fn allows_identity(&self) -> bool {
        !self.identity_refused
    }
}

#[derive(Default)]
struct Named {
    identity: Option<u16>,
    gzip: Option<u16>,
    brotli: Option<u16>,
    any: Option<u16>,
}

impl Named {
    fn add(&mut self, element: &str) {
        let (coding, parameters) = element.split_once(';').unwrap_or((element, ""));
        let Some(weight) = weight(parameters) else { return };
        let coding = coding.trim_matches([' ', '\t']);
        let slot = if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            &mut self.gzip
        } else if coding.eq_ignore_ascii_case("br") {
            &mut self.brotli
        } else if coding.eq_ignore_ascii_case("identity") {
            &mut self.identity
        } else if coding == "*" {
            &mut self.any
        } else {
            return;
        };
        *slot = Some(weight);
    }

    fn preference(&self) -> Preference {
        let others = self.any.unwrap_or(0);
        Preference {
            identity: self.identity.or(self.any).unwrap_or(0),
            gzip: self.gzip.unwrap_or(others),
            brotli: self.brotli.unwrap_or(others),
            identity_refused: self.identity.or(self.any) == Some(0),
        }
    }
}

/// The weight in thousandths of `q=…` (RFC 9110 section 12.4.2): 1000 when it is left
/// out, `None` when it is malformed, so that the element is skipped.
fn weight(parameters: &str) -> Option<u16> {
    let parameters = parameters.trim_matches([' ', '\t']);
    if parameters.is_empty() {
        return Some(1000);
    }
    let value = parameters.strip_prefix("q=").or_else(|| parameters.strip_prefix("Q="))?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{fraction:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", _) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn preference(value: &str) -> Preference {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(header::ACCEPT_ENCODING, value);
        }
        Preference::of(&headers)
    }

    #[test]
    fn the_short_cut_changes_nothing() {
        for (value, known) in OF_BROWSERS {
            let value = HeaderValue::from_bytes(value).expect("a value");
            assert_eq!(Preference::read([&value].into_iter()), *known, "{value:?}");
        }
        // Several fields are one list, whatever the first says.
        let mut headers = HeaderMap::new();
        for value in ["gzip, deflate", "gzip;q=0, identity;q=0"] {
            headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
        }
        assert_eq!(Preference::of(&headers).choose(true, true), None);
    }

    #[test]
    fn choices() {
        use Coding::{Brotli, Gzip, Identity};
        for (value, with_all, with_none) in [
            ("", Some(Identity), Some(Identity)),
            ("gzip", Some(Gzip), Some(Identity)),
            ("x-gzip", Some(Gzip), Some(Identity)),
            ("GZIP, deflate", Some(Gzip), Some(Identity)),
            ("gzip, deflate, br", Some(Brotli), Some(Identity)),
            ("br;q=0.5, gzip;q=0.8", Some(Gzip), Some(Identity)),
            ("gzip;q=0", Some(Identity), Some(Identity)),
            ("gzip;q=0.5, identity", Some(Identity), Some(Identity)),
            ("identity;q=0.5, gzip;q=0.4", Some(Identity), Some(Identity)),
            ("*", Some(Brotli), Some(Identity)),
            ("*;q=0", None, None),
            ("*;q=0, gzip", Some(Gzip), None),
            ("identity;q=0", None, None),
            ("identity;q=0, gzip", Some(Gzip), None),
            ("identity, *;q=0", Some(Identity), Some(Identity)),
            ("br;q=0, *", Some(Gzip), Some(Identity)),
            ("gzip;q=1.5", Some(Identity), Some(Identity)),
            ("gzip;q=0.0001", Some(Identity), Some(Identity)),
            ("gzip ; q=1.000", Some(Gzip), Some(Identity)),
            ("deflate, zstd", Some(Identity), Some(Identity)),
        ] {
            assert_eq!(preference(value).choose(true, true), with_all, "{value:?} with all");
            assert_eq!(preference(value).choose(false, false), with_none, "{value:?} with none");
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static("br"));
        headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip;q=0.2"));
        assert_eq!(Preference::of(&headers).choose(true, false), Some(Coding::Gzip));
        assert_eq!(Preference::of(&headers).choose(true, true), Some(Coding::Brotli));
    }

    proptest! {
        #[test]
        fn never_a_coding_that_is_missing_or_refused(value in "((gzip|br|identity|\\*)(;q=(0|1|0\\.[0-9]{1,3}))?(, ?)?){0,5}", gzip: bool, brotli: bool) {
            let preference = preference(&value);
            match preference.choose(gzip, brotli) {
                Some(Coding::Gzip) => prop_assert!(gzip && preference.gzip > 0),
                Some(Coding::Brotli) => prop_assert!(brotli && preference.brotli > 0),
                Some(Coding::Identity) => prop_assert!(preference.allows_identity()),
                None => prop_assert!(!preference.allows_identity()),
            }
        }

        #[test]
        fn nothing_panics(value in "[ -~]{0,80}") {
            let _ = preference(&value).choose(true, true);
        }
    }
}
