//! What others search for (section 1.3.2).

use std::time::Duration;

/// Waits longer than this are taken for it.
const LONGEST: u64 = 5;

/// A well-formed `M-SEARCH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Search<'a> {
    pub(super) target: &'a str,
    /// Answers are to come spread over this time, so that not all devices answer at once.
    pub(super) within: Duration,
}

impl<'a> Search<'a> {
    /// `None` for all else, such as one without `MX`, which is to be skipped.
    pub(super) fn parse(datagram: &'a [u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(datagram).ok()?.split("\r\n");
        if lines.next()? != "M-SEARCH * HTTP/1.1" {
            return None;
        }
        let (mut discovers, mut target, mut seconds) = (false, None, None);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let (name, value) = (name.trim(), value.trim());
            if name.eq_ignore_ascii_case("man") {
                discovers = value == "\"ssdp:discover\"";
            } else if name.eq_ignore_ascii_case("st") {
                target = Some(value);
            } else if name.eq_ignore_ascii_case("mx") {
                seconds = value.parse::<u64>().ok();
            }
        }
        let within = Duration::from_secs(seconds?.min(LONGEST));
        discovers.then_some(Self { target: target?, within })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(fields: &str) -> Option<(String, u64)> {
        let text = format!("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n{fields}\r\n\r\n");
        Search::parse(text.as_bytes()).map(|search| (search.target.to_owned(), search.within.as_secs()))
    }

    #[test]
    fn only_whole_searches_count() {
        assert_eq!(parse("MAN: \"ssdp:discover\"\r\nMX: 3\r\nST: a:b"), Some(("a:b".into(), 3)));
        assert_eq!(parse("man:\"ssdp:discover\"\r\nmx:99\r\nst:x"), Some(("x".into(), 5)));
        assert_eq!(parse("MAN: \"ssdp:discover\"\r\nST: x"), None, "no MX");
        assert_eq!(parse("MAN: \"ssdp:discover\"\r\nMX: soon\r\nST: x"), None);
        assert_eq!(parse("MX: 1\r\nST: x"), None, "no MAN");
        assert_eq!(parse("MAN: \"ssdp:discover\"\r\nMX: 1"), None, "no ST");
        assert_eq!(Search::parse(b"NOTIFY * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: x\r\n\r\n"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Search::parse(&bytes);
            let _ = Search::parse(&[b"M-SEARCH * HTTP/1.1\r\n", bytes.as_slice()].concat());
        }
    }
}
