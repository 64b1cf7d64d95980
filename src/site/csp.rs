//! The default Content-Security-Policy (W3C CSP Level 3).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

/// Everything from the box itself, live connections included. Old engines ignore the
/// directives that they do not know. `connect-src` names the WebSocket schemes because
/// `'self'` covers them only since Chromium 96.
const REST: &str = "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; \
     font-src 'self' data:; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'self'; form-action 'self'; \
     frame-ancestors 'self'";

/// The policy of one page: its own inline scripts are allowed by their hashes, so that an
/// injected one still is not.
#[must_use]
pub(super) fn for_page(html: &str) -> String {
    let mut policy = String::from("default-src 'self'; script-src 'self'");
    for script in inline_scripts(html) {
        // Writing to a String cannot fail.
        let _ = write!(policy, " 'sha256-{}'", STANDARD.encode(digest(&SHA256, script.as_bytes())));
    }
    policy.push_str("; ");
    policy.push_str(REST);
    policy
}

/// The text of every `<script>` without a `src`.
fn inline_scripts(html: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = find_ignoring_case(rest, "<script") {
        rest = rest.get(start + "<script".len()..).unwrap_or_default();
        let Some((attributes, body)) = split_tag(rest) else { break };
        let Some(end) = find_ignoring_case(body, "</script") else { break };
        let (script, after) = body.split_at(end);
        if !has_src(attributes) && !script.is_empty() {
            found.push(script);
        }
        rest = after;
    }
    found
}

/// Splits behind the `>` that closes a tag; one inside quotes does not.
fn split_tag(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (None, '>') => return Some((text.get(..at)?, text.get(at + 1..)?)),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
    }
    None
}

fn has_src(attributes: &str) -> bool {
    let mut outside = String::new();
    let mut quote = None;
    for character in attributes.chars() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, _) => outside.push(character.to_ascii_lowercase()),
            _ => {}
        }
    }
    outside
        .split(|character: char| character.is_whitespace() || character == '/')
        .any(|word| word.starts_with("src=") || word == "src")
}

fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_scripts_are_found_and_others_are_not() {
        let html = "<SCRIPT>one</SCRIPT><script type=module crossorigin src=\"/a.js\"></script>\
                    <script data-src=\"x>y\" nomodule>two < 3</script><script src='/b.js'>ignored</script><script></script>";
        assert_eq!(inline_scripts(html), ["one", "two < 3"]);
    }

    #[test]
    fn a_page_without_an_end_is_no_trouble() {
        for html in ["<script", "<script>", "<script src='", "<script>x</scrip"] {
            assert!(inline_scripts(html).is_empty(), "{html}");
        }
    }

    #[test]
    fn the_hash_is_the_one_that_browsers_compute() {
        // `printf 'alert(1)' | openssl dgst -sha256 -binary | base64`
        assert!(for_page("<script>alert(1)</script>").starts_with(
            "default-src 'self'; script-src 'self' 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='; "
        ));
    }
}
