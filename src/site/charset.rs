//! Whether a text file is UTF-8, decided once when the site is loaded.
//!
//! What a server says wins over what a page says of itself. So the charset is sent only with text that is UTF-8 and says
//! nothing else; everything else browsers decode as they do without it: by a byte order mark, by what the file declares, or
//! like the page that it belongs to.

use super::markup::Markup;

/// Where HTML has to declare its encoding.
const PRESCANNED: usize = 1024;

/// Whether `charset=utf-8` is true of a text file of this media type.
pub(super) fn is_utf8(essence: &str, bytes: &[u8]) -> bool {
    let is_encoded_so = std::str::from_utf8(bytes).is_ok()
        // UTF-16 without a mark and ISO-2022-JP may look like it.
        && !bytes.iter().any(|&byte| matches!(byte, 0 | 0x1b));
    is_encoded_so
        && (bytes.starts_with(b"\xef\xbb\xbf") || declared(essence, bytes).is_none_or(|label| means_utf8(&label)))
}

/// Whether a page says the same of its encoding after a change of its bytes, or does not need to.
pub(super) fn is_declared_equally(before: &[u8], after: &[u8]) -> bool {
    let essence = "text/html";
    let declared_wholly = |bytes: &[u8]| {
        // Browsers do not take a declaration that is cut.
        let start = bytes.get(..PRESCANNED).unwrap_or(bytes);
        let end = start.iter().rposition(|&byte| byte == b'>').map_or(0, |at| at + 1);
        declared(essence, start.get(..end).unwrap_or(start))
    };
    declared_wholly(before) == declared_wholly(after) || is_utf8(essence, before)
}

/// Labels of the Encoding standard (WHATWG). A page that can be read up to a declaration of UTF-16 is UTF-8.
fn means_utf8(label: &[u8]) -> bool {
    const LABELS: &[&[u8]] = &[
        b"utf-8",
        b"utf8",
        b"unicode-1-1-utf-8",
        b"unicode11utf8",
        b"unicode20utf8",
        b"x-unicode20utf8",
        b"utf-16",
        b"utf-16le",
        b"utf-16be",
    ];
    LABELS.iter().any(|known| known.eq_ignore_ascii_case(label.trim_ascii()))
}

/// The encoding that a file says it has.
fn declared(essence: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let start = bytes.get(..PRESCANNED).unwrap_or(bytes);
    match essence {
        "text/css" => {
            let label = start.strip_prefix(b"@charset \"")?;
            Some(label.iter().take_while(|&&byte| byte != b'"').copied().collect())
        }
        "text/html" => xml_declaration(start).or_else(|| prescan(start)),
        other if other.ends_with("xml") => xml_declaration(start),
        _ => None,
    }
}

/// `<?xml version="1.0" encoding="…"?>`.
fn xml_declaration(start: &[u8]) -> Option<Vec<u8>> {
    let declaration = start.strip_prefix(b"<?xml")?.split(|&byte| byte == b'>').next()?;
    let at = declaration.windows(8).position(|window| window == b"encoding")?;
    let value = declaration.get(at + 8..)?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, label) = value.split_first()?;
    Some(label.iter().take_while(|&byte| byte != quote).copied().collect())
}

/// "Prescan a byte stream to determine its encoding" (HTML, section 13.2.3.2).
fn prescan(start: &[u8]) -> Option<Vec<u8>> {
    let mut markup = Markup::new(start);
    loop {
        let rest = markup.rest();
        if rest.is_empty() {
            return None;
        } else if rest.starts_with(b"<!--") {
            // The dashes of `<!-->` count twice.
            let end = rest.windows(3).skip(2).position(|window| window == b"-->");
            markup.skip(end.map_or(rest.len(), |at| at + 2 + 3));
        } else if is_at_meta(rest) {
            markup.skip("<meta".len());
            if let Some(label) = meta(&mut markup) {
                return Some(label);
            }
        } else if markup.is_at_tag() {
            markup.skip_until(|byte| byte.is_ascii_whitespace() || byte == b'>');
            while markup.attribute().is_some() {}
        } else if matches!(rest, [b'<', b'!' | b'/' | b'?', ..]) {
            markup.skip_until(|byte| byte == b'>');
        } else {
            markup.skip(1);
        }
    }
}

fn is_at_meta(rest: &[u8]) -> bool {
    rest.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"<meta"))
        && rest.get(5).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'/')
}

fn meta(markup: &mut Markup<'_>) -> Option<Vec<u8>> {
    let (mut has_pragma, mut by_content, mut by_charset) = (false, None, None);
    while let Some((name, value)) = markup.attribute() {
        match name.as_slice() {
            b"http-equiv" => has_pragma = value == b"content-type",
            b"content" => by_content = by_content.or_else(|| charset_of_content(&value)),
            b"charset" => by_charset = by_charset.or(Some(value)),
            _ => {}
        }
    }
    by_charset.or(by_content.filter(|_| has_pragma))
}

/// "Extracting a character encoding from a meta element" (HTML, section 2.4.4), of a value in lower case.
fn charset_of_content(value: &[u8]) -> Option<Vec<u8>> {
    let mut rest = value;
    while let Some(at) = rest.windows(7).position(|window| window == b"charset") {
        rest = rest.get(at + 7..)?;
        if let Some(label) = rest.trim_ascii_start().strip_prefix(b"=") {
            let label = label.trim_ascii_start();
            return match label.split_first() {
                Some((quote @ (b'"' | b'\''), quoted)) => {
                    let end = quoted.iter().position(|byte| byte == quote)?;
                    quoted.get(..end).map(<[u8]>::to_vec)
                }
                _ => Some(
                    label.iter().take_while(|byte| !byte.is_ascii_whitespace() && **byte != b';').copied().collect(),
                ),
            };
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_that_declares_nothing_else_is_utf8() {
        for page in [
            "<p>",
            "<p>Máquina",
            "<meta charset=utf-8><p>Máquina",
            "<META CHARSET = ' UTF8 '>",
            "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">",
            "<meta charset=utf-16>",
            "<!-- <meta charset=iso-8859-1> -->",
            "<p title='<meta charset=iso-8859-1>'>",
            "<?php <meta charset=iso-8859-1 ?>",
            "<meta content='text/html; charset=iso-8859-1'>",
            "<metadata charset=iso-8859-1>",
            "<meta data-charset=iso-8859-1 name=charset>",
            "\u{feff}<meta charset=iso-8859-1>",
            "",
        ] {
            assert!(is_utf8("text/html", page.as_bytes()), "{page}");
        }
        let late = format!("{}<meta charset=iso-8859-1>", " ".repeat(PRESCANNED));
        assert!(is_utf8("text/html", late.as_bytes()));
    }

    #[test]
    fn what_a_page_declares_is_not_contradicted() {
        for page in [
            "<meta charset=iso-8859-1>",
            "<meta charset=\"windows-1252\"/>",
            "<!doctype html><html><head><title>t</title><meta  name=x charset = 'Shift_JIS' >",
            "<!--><meta charset=latin1>",
            "</p><meta charset=latin1",
            "<meta http-equiv=content-type content='text/html;charset=iso-8859-15'>",
            "<meta content=\"text/html; charset = 'iso-8859-1'; x\" HTTP-EQUIV=Content-Type>",
            "<meta content='charset charset=koi8-r' http-equiv=content-type>",
            "<?xml version='1.0' encoding='iso-8859-1'?><html>",
        ] {
            assert!(!is_utf8("text/html", page.as_bytes()), "{page}");
        }
    }

    #[test]
    fn style_sheets_and_xml_declare_in_their_own_ways() {
        assert!(!is_utf8("text/css", b"@charset \"iso-8859-1\";a{}"));
        assert!(is_utf8("text/css", b"@charset \"UTF-8\";a{}"));
        assert!(is_utf8("text/css", b"a{} @charset \"iso-8859-1\";"));
        assert!(!is_utf8("image/svg+xml", b"<?xml version=\"1.0\" encoding = \"ISO-8859-1\"?><svg/>"));
        assert!(is_utf8("image/svg+xml", b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><svg/>"));
        assert!(is_utf8("text/xml", b"<?xml version=\"1.0\"?><a encoding=\"latin1\"/>"));
    }

    #[test]
    fn other_bytes_are_no_utf8() {
        for bytes in [&b"M\xe1quina"[..], b"\xfe\xff\0M", b"\xff\xfeM\0", b"M\0a\0", b"\x1b$B%F%9\x1b(B", b"\xc3"] {
            assert!(!is_utf8("text/javascript", bytes), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_everything_ends(page in "(<|>|!|-|/|=|'|\"|meta|charset|content| |\\?|é){0,40}") {
            let _ = is_utf8("text/html", page.as_bytes());
        }
    }
}
