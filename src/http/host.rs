//! The Host field (RFC 9110 section 7.2, RFC 9112 section 3.2).

use http::Version;
use thiserror::Error;

use super::fields::Lines;

/// Why a request's Host is refused; every case is a `400 Bad Request`, as RFC 9112
/// section 3.2 demands.
#[derive(Debug, Error, PartialEq, Eq, Clone, Copy)]
pub(super) enum HostError {
    /// An HTTP/1.1 request without a Host field.
    #[error("the Host header is missing")]
    Missing,
    /// More than one Host field line.
    #[error("the request has more than one Host header")]
    Repeated,
    /// The value is no `uri-host [ ":" port ]`.
    #[error("the Host header is not a host name or address")]
    Invalid,
}

/// Checks that a request names its host once and correctly.
pub(super) fn check(version: Version, host: Lines<'_>) -> Result<(), HostError> {
    let Some(value) = host.first else {
        return if version >= Version::HTTP_11 { Err(HostError::Missing) } else { Ok(()) };
    };
    if host.is_repeated {
        return Err(HostError::Repeated);
    }
    if is_host(value.as_bytes()) { Ok(()) } else { Err(HostError::Invalid) }
}

/// Whether `value` is `uri-host [ ":" port ]` (RFC 3986 section 3.2.2). An empty host is
/// allowed by RFC 9112 section 3.2 for targets without an authority.
fn is_host(value: &[u8]) -> bool {
    if let Some(rest) = value.strip_prefix(b"[") {
        let Some(end) = rest.iter().position(|&byte| byte == b']') else { return false };
        let (literal, after) = rest.split_at(end);
        let literal = std::str::from_utf8(literal).unwrap_or_default();
        literal.parse::<std::net::Ipv6Addr>().is_ok() && is_port(after.get(1..).unwrap_or_default())
    } else {
        let end = value.iter().position(|&byte| !is_reg_name(byte)).unwrap_or(value.len());
        is_port(value.get(end..).unwrap_or_default())
    }
}

/// unreserved, sub-delims or `%`; those are all from `$` to `.`.
fn is_reg_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'!' | b'$'..=b'.' | b';' | b'=' | b'_' | b'~')
}

/// Empty, or `:` and a port number, whose digits may be omitted.
fn is_port(after: &[u8]) -> bool {
    let Some(digits) = after.strip_prefix(b":") else { return after.is_empty() };
    let number = digits.iter().try_fold(0, |number: u16, digit| {
        let digit = digit.is_ascii_digit().then(|| u16::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    });
    number.is_some()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::super::fields::Fields;
    use super::*;

    #[test]
    fn valid_hosts() {
        for host in [
            "taller.local",
            "taller.local:8080",
            "192.168.1.7",
            "[::1]",
            "[fe80::1]:80",
            "",
            "a_b",
            "tv:",
            "tv:0065535",
            "!$&'()*+,;=%~",
        ] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn hosts_that_do_not() {
        for host in [
            "a b", "a/b", "user@tv", "[::1", "[zz]", "[::1]x", "tv:65536", "tv:8a", "tv:+80", "tv:80:80", "a<b", "a#b",
            "a\"b", "ñ",
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn one_host_in_every_http_11_request() {
        let check = |version, headers: &HeaderMap| check(version, Fields::of(headers).host);
        let mut headers = HeaderMap::new();
        assert_eq!(check(Version::HTTP_11, &headers), Err(HostError::Missing));
        assert_eq!(check(Version::HTTP_10, &headers), Ok(()));
        headers.append(header::HOST, HeaderValue::from_static("tv"));
        assert_eq!(check(Version::HTTP_11, &headers), Ok(()));
        headers.append(header::HOST, HeaderValue::from_static("tv"));
        assert_eq!(check(Version::HTTP_10, &headers), Err(HostError::Repeated));
    }
}
