//! The request target (RFC 9112 section 3.2) as a safe, decoded path.

use std::borrow::Cow;

use http::Uri;
use percent_encoding::percent_decode_str;
use thiserror::Error;

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// Origin-form or absolute-form: the decoded path, `/`-separated, starting with `/`,
    /// without dot segments.
    Path(Cow<'a, str>),
    /// Asterisk-form: the server as a whole.
    Server,
}

/// Why a target is refused; every case is a `400 Bad Request`.
#[derive(Debug, Error, PartialEq, Eq, Clone, Copy)]
pub enum TargetError {
    /// Authority-form, which only CONNECT may use.
    #[error("the request target has no path")]
    NoPath,
    /// `%` without two hexadecimal digits behind it.
    #[error("the request target holds a broken percent escape")]
    BrokenEscape,
    /// `%2F` or `%5C`: whether it separates segments is for nobody to guess.
    #[error("the request target holds an encoded slash or a backslash")]
    Slash,
    /// Control characters, among them NUL.
    #[error("the request target holds a control character")]
    Control,
    /// The decoded octets are no text.
    #[error("the request target is not UTF-8")]
    NotUtf8,
}

/// Reads the target of a request.
pub fn parse(uri: &Uri) -> Result<Target<'_>, TargetError> {
    let path = uri.path();
    if path == "*" {
        return Ok(Target::Server);
    }
    // An absolute-form target may leave the path out: RFC 9112 section 3.2.2 reads that as `/`.
    if path.is_empty() && uri.scheme().is_some() {
        return Ok(Target::Path(Cow::Borrowed("/")));
    }
    if !path.starts_with('/') {
        return Err(TargetError::NoPath);
    }
    decode(path).map(Target::Path)
}

/// Decodes an absolute path and removes its dot segments (RFC 3986 section 5.2.4), so
/// that `..` never climbs above `/`.
pub fn decode(path: &str) -> Result<Cow<'_, str>, TargetError> {
    if is_plain(path) { Ok(Cow::Borrowed(path)) } else { decode_fully(path) }
}

fn decode_fully(path: &str) -> Result<Cow<'_, str>, TargetError> {
    check_escapes(path)?;
    let decoded = percent_decode_str(path).decode_utf8().map_err(|_| TargetError::NotUtf8)?;
    // An encoded slash shows as one slash more than the raw path has.
    if decoded.contains('\\') || slashes(&decoded) != slashes(path) {
        return Err(TargetError::Slash);
    }
    if decoded.chars().any(char::is_control) {
        return Err(TargetError::Control);
    }
    if !decoded.contains("/.") {
        return Ok(decoded);
    }
    Ok(Cow::Owned(without_dot_segments(&decoded)))
}

/// Whether nothing is to be decoded, refused or removed, as in nearly every request; one look
/// at each octet instead of the five that the full rules take.
fn is_plain(path: &str) -> bool {
    let mut before = 0;
    path.bytes().all(|byte| {
        let is_dot_segment = byte == b'.' && before == b'/';
        before = byte;
        !is_dot_segment && (byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~'))
    })
}

fn check_escapes(path: &str) -> Result<(), TargetError> {
    let mut rest = path.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| byte == b'%') {
        match rest.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {
                rest = rest.get(at + 3..).unwrap_or_default();
            }
            _ => return Err(TargetError::BrokenEscape),
        }
    }
    Ok(())
}

fn slashes(text: &str) -> usize {
    text.bytes().filter(|&byte| byte == b'/').count()
}

fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                // `/a/.` and `/a/b/..` name the directory, which ends in a slash.
                if last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> Result<String, TargetError> {
        decode(text).map(Cow::into_owned)
    }

    #[test]
    fn plain_paths_are_borrowed() {
        assert!(matches!(decode("/assets/index-Ab12Cd34.js"), Ok(Cow::Borrowed(_))));
    }

    #[test]
    fn escapes_are_decoded_once() {
        assert_eq!(path("/a%20b").as_deref(), Ok("/a b"));
        assert_eq!(path("/%C3%B1").as_deref(), Ok("/ñ"));
        assert_eq!(path("/%252e").as_deref(), Ok("/%2e"));
    }

    #[test]
    fn dot_segments_never_climb_above_the_root() {
        for (raw, expected) in [
            ("/../../etc/passwd", "/etc/passwd"),
            ("/a/./b/../c", "/a/c"),
            ("/a/%2e%2E/b", "/b"),
            ("/a/..", "/"),
            ("/a/b/.", "/a/b/"),
            ("/..", "/"),
            ("/.well-known/x", "/.well-known/x"),
            ("/a/...", "/a/..."),
        ] {
            assert_eq!(path(raw).as_deref(), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn ambiguous_and_broken_targets_are_refused() {
        for (raw, expected) in [
            ("/a%2fb", TargetError::Slash),
            ("/a%5cb", TargetError::Slash),
            ("/a\\b", TargetError::Slash),
            ("/%", TargetError::BrokenEscape),
            ("/%4", TargetError::BrokenEscape),
            ("/%zz", TargetError::BrokenEscape),
            ("/%00", TargetError::Control),
            ("/a%0d%0ab", TargetError::Control),
            ("/%ff", TargetError::NotUtf8),
        ] {
            assert_eq!(path(raw), Err(expected), "{raw}");
        }
    }

    #[test]
    fn every_form_of_target() {
        let parse_str = |text: &str| {
            parse(&text.parse().expect("a URI")).map(|target| match target {
                Target::Path(path) => path.into_owned(),
                Target::Server => "*".into(),
            })
        };
        assert_eq!(parse_str("/x?y=1").as_deref(), Ok("/x"));
        assert_eq!(parse_str("http://tv.example").as_deref(), Ok("/"));
        assert_eq!(parse_str("http://tv.example/x").as_deref(), Ok("/x"));
        assert_eq!(parse_str("*").as_deref(), Ok("*"));
        assert_eq!(parse_str("tv.example:80"), Err(TargetError::NoPath));
    }

    proptest! {
        #[test]
        fn a_decoded_path_is_absolute_and_has_no_dot_segment(raw in "/[a-z./%0-9A-F]{0,40}") {
            if let Ok(decoded) = decode(&raw) {
                prop_assert!(decoded.starts_with('/'));
                prop_assert!(decoded.split('/').all(|segment| segment != "." && segment != ".."));
            }
        }

        #[test]
        fn the_short_cut_changes_nothing(raw in "/[a-z/._~-]{0,40}") {
            prop_assert_eq!(decode(&raw).map(Cow::into_owned), decode_fully(&raw).map(Cow::into_owned));
        }

        #[test]
        fn nothing_panics(raw in "\\PC{0,60}") {
            let _ = decode(&raw);
        }
    }
}
