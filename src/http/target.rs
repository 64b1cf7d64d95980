//! The request target (RFC 9112 section 3.2) as a decoded path, with nginx's rules: what names a file or a route there
//! names it here.

use std::borrow::Cow;

use http::Uri;
use percent_encoding::percent_decode_str;
use thiserror::Error;

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// Origin-form or absolute-form: the decoded path, starting with `/`, without empty and dot segments. It is a key
    /// into what is in memory and never a file's path.
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
    /// `%00`.
    #[error("the request target holds a NUL character")]
    Nul,
    /// More `..` than there are segments before them; browsers never send that.
    #[error("the request target leads above the root")]
    AboveRoot,
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

/// Decodes an absolute path once, merges slashes in a row, and removes dot segments. An encoded slash or dot
/// counts like a plain one.
pub fn decode(path: &str) -> Result<Cow<'_, str>, TargetError> {
    if is_plain(path) { Ok(Cow::Borrowed(path)) } else { decode_fully(path).map(Cow::Owned) }
}

fn decode_fully(path: &str) -> Result<String, TargetError> {
    check_escapes(path)?;
    let bytes: Cow<'_, [u8]> = percent_decode_str(path).into();
    if bytes.contains(&0) {
        return Err(TargetError::Nul);
    }
    // Names of files are UTF-8, so another encoding can only be in a route, which nobody looks into.
    merge_segments(&String::from_utf8_lossy(&bytes))
}

/// Whether nothing is to be decoded, refused or removed, as in nearly every request. Sixteen bytes at a time, where there are
/// so many, each with the one behind it; what is left over is looked at again with those before it.
fn is_plain(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.last().is_some_and(|&last| last > b'%')
        && match bytes.last_chunk() {
            Some(last) => {
                bytes.windows(17).step_by(16).filter_map(<[u8]>::first_chunk).all(is_plain_block)
                    && is_plain_block(last)
            }
            None => pairs(bytes).fold(true, |all, pair| all & !is_odd(pair)),
        }
}

fn is_plain_block(block: &[u8; 17]) -> bool {
    let mut odd = [0; 16];
    for (odd, pair) in odd.iter_mut().zip(pairs(block)) {
        *odd = u8::from(is_odd(pair));
    }
    odd == [0; 16]
}

/// Each byte with the one behind it.
fn pairs(bytes: &[u8]) -> impl Iterator<Item = (u8, u8)> {
    bytes.iter().copied().zip(bytes.iter().skip(1).copied())
}

/// Whether the first does not mean itself, as an escape and NUL, which are not above `%`, or begins an empty or a dot segment.
fn is_odd((byte, next): (u8, u8)) -> bool {
    (byte <= b'%') | ((byte == b'/') & matches!(next, b'/' | b'.'))
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

fn merge_segments(path: &str) -> Result<String, TargetError> {
    let mut kept: Vec<&str> = Vec::new();
    let mut is_directory = false;
    for segment in path.split('/') {
        is_directory = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop().ok_or(TargetError::AboveRoot)?),
            other => kept.push(other),
        }
    }
    let end = if is_directory && !kept.is_empty() { "/" } else { "" };
    Ok(format!("/{}{end}", kept.join("/")))
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
    fn plain_characters_are_all_that_are_unreserved_and_only_such_as_mean_themselves() {
        for character in (0..0x250).filter_map(char::from_u32) {
            let (alone, last) = (format!("/{character}/x"), format!("/x{character}"));
            let is_unreserved = character.is_ascii_alphanumeric() || "-_~".contains(character);
            for path in [&alone, &last] {
                assert!(is_plain(path) || !is_unreserved, "{path}");
                assert!(!is_plain(path) || decode_fully(path).as_ref() == Ok(path), "{path}");
            }
        }
    }

    #[test]
    fn what_is_not_plain_is_found_at_every_place_of_a_path_of_every_length() {
        for length in 1..70 {
            let plain = format!("/{}", "a".repeat(length - 1));
            assert!(is_plain(&plain), "{plain}");
            for (at, odd) in (1..length).flat_map(|at| [(at, "%"), (at, "//"), (at, "/.")]) {
                let mut path = plain.clone();
                path.replace_range(at..length.min(at + odd.len()), odd);
                assert!(!is_plain(&path), "{path}");
            }
        }
    }

    #[test]
    fn escapes_are_decoded_once() {
        assert_eq!(path("/a%20b").as_deref(), Ok("/a b"));
        assert_eq!(path("/%C3%B1").as_deref(), Ok("/ñ"));
        assert_eq!(path("/%252e").as_deref(), Ok("/%2e"));
    }

    #[test]
    fn segments_are_merged_as_nginx_merges_them() {
        for (raw, expected) in [
            ("/a/./b/../c", "/a/c"),
            ("/a/%2e%2E/b", "/b"),
            ("/a/..", "/"),
            ("/a/b/.", "/a/b/"),
            ("/.well-known/x", "/.well-known/x"),
            ("/a/...", "/a/..."),
            ("//a///b//", "/a/b/"),
            ("//", "/"),
            ("/a//../b", "/b"),
            ("/a%2fb", "/a/b"),
            ("/a%2F%2e%2e%2Fb", "/b"),
            ("/%2f%2fhost/x", "/host/x"),
        ] {
            assert_eq!(path(raw).as_deref(), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn whatever_else_may_be_in_a_name_stays() {
        for (raw, expected) in [
            ("/a%5cb", "/a\\b"),
            ("/a\\b", "/a\\b"),
            ("/a%0d%0ab", "/a\r\nb"),
            ("/M%E1quina", "/M\u{fffd}quina"),
            ("/a%3Fb%23c", "/a?b#c"),
            ("/a|b^c", "/a|b^c"),
        ] {
            assert_eq!(path(raw).as_deref(), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn broken_targets_are_refused() {
        for (raw, expected) in [
            ("/%", TargetError::BrokenEscape),
            ("/%4", TargetError::BrokenEscape),
            ("/%zz", TargetError::BrokenEscape),
            ("/%00", TargetError::Nul),
            ("/..", TargetError::AboveRoot),
            ("/a/../../etc/passwd", TargetError::AboveRoot),
            ("/%2e%2e%2fetc/passwd", TargetError::AboveRoot),
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
        fn a_decoded_path_has_nothing_to_merge(raw in "/[a-z./%0-9A-F]{0,40}") {
            if let Ok(decoded) = decode(&raw) {
                prop_assert!(decoded.starts_with('/') && !decoded.contains("//"));
                prop_assert!(decoded.split('/').all(|segment| segment != "." && segment != ".."));
            }
        }

        #[test]
        fn the_short_cut_changes_nothing(raw in "/[a-z0-9/._~-]{0,40}%?\\PC?[ -~]?") {
            prop_assert_eq!(decode(&raw).map(Cow::into_owned), decode_fully(&raw));
        }

        #[test]
        fn nothing_panics(raw in "\\PC{0,60}") {
            let _ = decode(&raw);
        }
    }
}
