//! Why an answer of the ERP does not count.

use std::time::{Duration, SystemTime};

use http::HeaderValue;
use http::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::lang::Text;
use crate::outbound::{OutboundError, OutboundErrorKind};

use super::answer::ShapeError;

/// A server that asks for more than this is asked earlier.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);

/// Why an answer does not count, or why there is none. Each has another remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// No connection: network, name, TLS, proxy.
    Outbound(OutboundErrorKind),
    /// Connected, and no head or no end of the answer in time.
    Timeout,
    /// The answer ended before its end.
    Truncated,
    /// More than the box reads.
    TooLarge,
    /// 401 of the login itself: the user or the password is wrong.
    LoginRefused,
    /// 401 on data.
    Unauthorized,
    /// 403 as JSON: the role may not read it.
    Forbidden,
    /// 404 with `Cannot GET`: the address has the wrong prefix.
    WrongPrefix,
    /// Another 404.
    NotFound,
    /// A redirect, which is not followed.
    Redirect(u16),
    /// 429 or 503, with its Retry-After.
    Overloaded { status: u16, retry_after: Option<Duration> },
    /// A page instead of JSON: a firewall, a portal, a proxy.
    Html(u16),
    /// Another status.
    Status(u16),
    /// Not JSON.
    NotJson,
    /// JSON of another shape.
    Shape(ShapeError),
    /// What the box needs for it cannot be read: the password's file.
    Settings(Text),
}

impl Reason {
    /// The word in metrics and JSON.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Outbound(kind) => match kind {
                OutboundErrorKind::Settings => "outbound_settings",
                OutboundErrorKind::UnknownName => "unknown_name",
                OutboundErrorKind::Unreachable => "unreachable",
                OutboundErrorKind::Blocked => "blocked",
                OutboundErrorKind::NotTls => "not_tls",
                OutboundErrorKind::UnknownAuthority => "unknown_authority",
                OutboundErrorKind::Certificate => "certificate",
                OutboundErrorKind::ProxyUnreachable => "proxy_unreachable",
                OutboundErrorKind::ProxyLogin => "proxy_login",
                OutboundErrorKind::ProxyRefused => "proxy_refused",
            },
            Self::Timeout => "timeout",
            Self::Truncated => "truncated",
            Self::TooLarge => "too_large",
            Self::LoginRefused => "login_refused",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::WrongPrefix => "wrong_prefix",
            Self::NotFound => "not_found",
            Self::Redirect(_) => "redirect",
            Self::Overloaded { .. } => "overloaded",
            Self::Html(_) => "html",
            Self::Status(_) => "status",
            Self::NotJson => "not_json",
            Self::Shape(_) => "shape",
            Self::Settings(_) => "settings",
        }
    }
}

impl From<OutboundError> for Reason {
    fn from(error: OutboundError) -> Self {
        match error {
            OutboundError::Late { .. } | OutboundError::Slow { .. } => Self::Timeout,
            OutboundError::Broken { source, .. } if source.is_parse() => Self::NotJson,
            OutboundError::Broken { .. } => Self::Truncated,
            other => Self::Outbound(other.kind()),
        }
    }
}

/// How long a server wants to be left in peace (RFC 9110 section 10.2.3); a date counts from the server's own, which
/// the box's clock need not agree with.
pub(super) fn retry_after(fields: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name| fields.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::trim);
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    let value = text(RETRY_AFTER)?;
    let wait = match value.parse().map(Duration::from_secs) {
        Ok(wait) => wait,
        // More digits than a number has are a long time.
        Err(_) if value.bytes().all(|byte| byte.is_ascii_digit()) => MAX_RETRY_AFTER,
        Err(_) => date(value)?.duration_since(text(DATE).and_then(date).unwrap_or(now)).unwrap_or_default(),
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_seconds_or_a_date_and_never_long() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let of = |value: &str, date: Option<&str>| {
            let mut fields = HeaderMap::new();
            fields.insert(RETRY_AFTER, HeaderValue::from_str(value).expect("a value"));
            if let Some(date) = date {
                fields.insert(DATE, HeaderValue::from_str(date).expect("a value"));
            }
            retry_after(&fields, now).map(|wait| wait.as_secs())
        };
        for (value, wait) in
            [("0", Some(0)), (" 7 ", Some(7)), ("3600", Some(600)), ("99999999999999999999999", Some(600))]
        {
            assert_eq!(of(value, None), wait, "{value}");
        }
        for value in ["-1", "1.5", "soon", "1 s"] {
            assert_eq!(of(value, None), None, "{value}");
        }
        // The server's clock is the one that counts.
        let (before, after) = ("Sun, 29 Nov 2026 10:00:00 GMT", "Sun, 29 Nov 2026 10:00:45 GMT");
        assert_eq!(of(after, Some(before)), Some(45));
        assert_eq!(of(before, Some(after)), Some(0));
        assert_eq!(of("Sun, 09 Sep 2001 01:46:50 GMT", None), Some(10));
        assert_eq!(of(after, None), Some(600));
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
