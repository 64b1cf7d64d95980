//! The agent's tag in HTML documents: the first thing in the head, so that no error of the page comes before it, and no
//! policy that the page brings in a `<meta>`.

use super::charset;
use super::markup::Markup;

/// The agent's path: a document with a script from there has the tag.
pub(super) const SCRIPT: &str = "/_edge/agent.js";

/// The tag for one agent and one site.
pub(super) struct Tag(String);

impl Tag {
    pub(super) fn new(agent: &str, site: &str) -> Self {
        Self(format!("<script src=\"{SCRIPT}?v={agent}\" data-site=\"{site}\"></script>"))
    }

    /// The document with the tag; `None` where it gets none: because it has one, because it is a fragment, or because it
    /// might be read in another encoding then.
    pub(super) fn insert(&self, html: &[u8]) -> Option<Vec<u8>> {
        let (before, after) = html.split_at_checked(place(html)?)?;
        // ISO-2022-JP: a character may look like the end of a comment.
        if before.contains(&0x1b) || has_tag(html) {
            return None;
        }
        let tagged = [before, self.0.as_bytes(), after].concat();
        charset::is_declared_equally(html, &tagged).then_some(tagged)
    }
}

/// Where the head begins, or would begin if its tag were not left out, as the parser of HTML finds it (HTML, sections
/// 13.2.6.4.1 to 13.2.6.4.3).
fn place(html: &[u8]) -> Option<usize> {
    let mut markup = Markup::new(html.strip_prefix(b"\xef\xbb\xbf").unwrap_or(html));
    let (mut doctype, mut root) = (None, None);
    loop {
        markup.skip_until(|byte| !byte.is_ascii_whitespace());
        let begin = markup.rest();
        if begin.starts_with(b"<!--") {
            let Some(length) = comment_length(begin) else { break };
            markup.skip(length);
        } else if markup.is_at_tag() {
            let is_end_tag = begin.starts_with(b"</");
            markup.skip(if is_end_tag { 2 } else { 1 });
            let name = markup.skip_until(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'));
            while markup.attribute().is_some() {}
            if markup.rest().is_empty() {
                break;
            }
            markup.skip(1);
            let end = html.len() - markup.rest().len();
            match (is_end_tag, &*name.to_ascii_lowercase()) {
                (false, b"head") => return Some(end),
                (false, b"html") => root = root.or(Some(end)),
                (false, _) | (true, b"head" | b"body" | b"html" | b"br") => break,
                // Of nothing that is open.
                (true, _) => {}
            }
        } else if matches!(begin, [b'<', b'!' | b'/' | b'?', ..]) {
            markup.skip_until(|byte| byte == b'>');
            if markup.rest().is_empty() {
                break;
            }
            markup.skip(1);
            if begin.get(..9).is_some_and(|name| name.eq_ignore_ascii_case(b"<!doctype")) {
                doctype = doctype.or(Some(html.len() - markup.rest().len()));
            }
        } else {
            break;
        }
    }
    root.or(doctype)
}

/// The bytes of the comment that begins here, if it ends.
fn comment_length(html: &[u8]) -> Option<usize> {
    // The dashes of `<!-->` count twice, those of `<!--!>` do not.
    (2..html.len()).find_map(|at| match html.get(at..)? {
        [b'-', b'-', b'>', ..] => Some(at + 3),
        [b'-', b'-', b'!', b'>', ..] if at >= 4 => Some(at + 4),
        _ => None,
    })
}

/// Whether there is a script of the agent's path.
fn has_tag(html: &[u8]) -> bool {
    let mut markup = Markup::new(html);
    loop {
        markup.skip_until(|byte| byte == b'<');
        let Some(name) = markup.rest().get(..7) else { return false };
        if !name.eq_ignore_ascii_case(b"<script") {
            markup.skip(1);
            continue;
        }
        markup.skip(name.len());
        while let Some((name, value)) = markup.attribute() {
            if name == b"src" && value.trim_ascii().starts_with(SCRIPT.as_bytes()) {
                return true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use html5gum::{DefaultEmitter, Token, Tokenizer};
    use proptest::prelude::*;

    use super::*;

    fn tag() -> Tag {
        Tag::new("01234567", "0123456789abcdef")
    }

    const TAG: &str = "<script src=\"/_edge/agent.js?v=01234567\" data-site=\"0123456789abcdef\"></script>";

    #[test]
    fn the_tag_is_the_first_thing_in_the_head() {
        // `@` is where.
        for document in [
            "<!doctype html><html lang=es><head>@<meta charset=utf-8><title>t</title></head><body>",
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"http://www.w3.org/TR/html4/strict.dtd\">\r\n<HTML>\r\n<HEAD>@\r\n",
            "<html><head data-a='>' b=\"<body>\" c=>@<title>",
            "<head>@",
            "<head/>@",
            "\u{feff}<!doctype html><html><head>@",
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE html><html xmlns=\"http://www.w3.org/1999/xhtml\"><head>@",
            "<!-- <head> --><!doctype html><!--><head>@<script>'<head>'</script>-->",
            // Without a tag of the head, the html element or both.
            "<!doctype html><html>@<title>t</title><head>",
            "<!doctype html>@<title>t</title>",
            "<!doctype html>@\n<meta charset=utf-8>",
            "<!doctype html>@Text <head>",
            "<!doctype html><html>@<body><head>",
            "<html>@<frameset><frame src=a></frameset>",
            "<!doctype html>@<script>'<head>'</script><head>",
            "<!doctype html>@<!-- <head>",
            "<!doctype html>@",
            "<html>@",
            // Conditional comments are comments.
            "<!doctype html><!--[if IE]><html class=ie><head><![endif]--><!--[if !IE]><!--><html><!--<![endif]--><head>@",
            "<!doctype html><![if !IE]><html><![endif]><head>@",
            // What the parser passes over.
            "<!doctype html></p><html></div><!doctype x><html lang=en></script ><head>@",
            "<!doctype html>@</head><head>",
            "<html>@</body><head>",
            "<html a='</br>'>@</br><head>",
            "<!doctype html><!----!><html><!-- --!><head>@",
            "<!doctype html><!---!> <html> --><head>@",
            "<!doctype html><!--!> <html> --><!---><html><!-- a -- ! > --><head>@",
            "<!doctypehtml><html/>@<header>",
        ] {
            let plain = document.replace('@', "");
            let tagged = tag().insert(plain.as_bytes()).unwrap_or_else(|| panic!("no tag in {document}"));
            assert_eq!(String::from_utf8_lossy(&tagged), document.replace('@', TAG));
        }
    }

    #[test]
    fn what_is_no_document_is_left_alone() {
        for fragment in [
            "",
            "<p>Text",
            "Text <!doctype html><html><head>",
            "<title>t</title><head>",
            "<header></header>",
            "<!-- <!doctype html><html><head> -->",
            "<!--><!-- <head>",
            "<template><html><head></template>",
            "<!doctype html",
            "<html lang='es><head>",
            "<head ",
            "<? <head",
            "</html><html>",
            "&#32;<html>",
        ] {
            assert_eq!(tag().insert(fragment.as_bytes()), None, "{fragment}");
        }
    }

    #[test]
    fn a_document_has_one_tag() {
        for tagged in [
            "<!doctype html><head><script src=/_edge/agent.js></script>",
            "<!doctype html><body><SCRIPT\nasync data-x src = '/_edge/agent.js?v=1'></script>",
            "<!doctype html><script/src=/_edge/agent.js>",
        ] {
            assert_eq!(tag().insert(tagged.as_bytes()), None, "{tagged}");
        }
        for other in [
            "<!doctype html><p>/_edge/agent.js</p>",
            "<!doctype html><pre>&lt;script src=/_edge/agent.js></pre>",
            "<!doctype html><script data-src=/_edge/agent.js></script>",
            "<!doctype html><script src=/_edge/display.json></script><script>'/_edge/agent.js'</script>",
            "<!doctype html><script",
        ] {
            assert!(tag().insert(other.as_bytes()).is_some(), "{other}");
        }
    }

    #[test]
    fn a_document_keeps_its_encoding() {
        let utf_16 = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "<!doctype html><html><head>".encode_utf16().flat_map(to_bytes).collect()
        };
        for mark in [&b""[..], b"\xff\xfe"] {
            assert_eq!(tag().insert(&[mark, &utf_16(u16::to_le_bytes)].concat()), None);
        }
        assert_eq!(tag().insert(&[b"\xfe\xff", &*utf_16(u16::to_be_bytes)].concat()), None);

        // What is between the escape sequences is a text in Japanese.
        assert_eq!(tag().insert(b"<!doctype html><!-- \x1b$B--><head>\x1b(B --><head>"), None);
        assert!(tag().insert(b"<!doctype html><head><title>\x1b$B%F%9\x1b(B</title>").is_some());

        let declared = |label: &str, at: usize, text: &[u8]| {
            let meta = format!("<meta charset={label}>");
            let begin = format!("<!doctype html><head>{}{meta}", " ".repeat(at - meta.len() - 21));
            tag().insert(&[begin.as_bytes(), text].concat()).is_some()
        };
        for at in [100, 1024 - TAG.len()] {
            assert!(declared("iso-8859-1", at, b"M\xe1quina"), "{at}");
        }
        // It would be behind what browsers look at.
        for at in [1025 - TAG.len(), 1024] {
            assert!(!declared("iso-8859-1", at, b"M\xe1quina"), "{at}");
            assert!(declared("utf-8", at, "Máquina".as_bytes()), "{at}");
        }
        assert!(declared("iso-8859-1", 1025, b"M\xe1quina"));
    }

    /// The same place, found with the tokens of a tokenizer that passes all tests of the standard's.
    fn place_of_tokens(html: &[u8]) -> Option<usize> {
        let mark = if html.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let (mut doctype, mut root) = (None, None);
        for token in Tokenizer::new_with_emitter(&html[mark..], DefaultEmitter::<usize>::new_with_span()) {
            let Ok(token) = token;
            match token {
                Token::Doctype(found) if html[..mark + found.span.end].ends_with(b">") => {
                    doctype = doctype.or(Some(mark + found.span.end));
                }
                Token::StartTag(tag) if **tag.name == *b"head" => return Some(mark + tag.span.end),
                Token::StartTag(tag) if **tag.name == *b"html" => root = root.or(Some(mark + tag.span.end)),
                Token::EndTag(tag) if !matches!(&**tag.name, b"head" | b"body" | b"html" | b"br") => {}
                Token::String(text) if text.trim_ascii().is_empty() => {}
                Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
                Token::StartTag(_) | Token::EndTag(_) | Token::String(_) => break,
            }
        }
        root.or(doctype)
    }

    const PIECES: &str = "(<|>|!|-|/|=|'|\"| |\r|\n|a|é|\\?|\0|<!doctype html>|<!DocType|<!--|-->|--!>|<html|<HTML |<head|<head>|</head>|\
         <body|<script>|</p>|<!\\[if IE\\]>|\u{feff}){0,14}";

    proptest! {
        #[test]
        fn the_place_is_that_of_a_tokenizer(document in PIECES) {
            prop_assert_eq!(place(document.as_bytes()), place_of_tokens(document.as_bytes()), "{:?}", document);
        }

        #[test]
        fn nothing_but_the_tag_changes_and_no_second_one_comes(document in prop::collection::vec(any::<u8>(), 0..60), begin in PIECES) {
            let document = [begin.as_bytes(), &document].concat();
            if let Some(tagged) = tag().insert(&document) {
                let text = tagged.windows(TAG.len()).filter(|window| *window == TAG.as_bytes()).count();
                prop_assert_eq!(text, 1);
                let at = tagged.windows(TAG.len()).position(|window| window == TAG.as_bytes()).expect("there");
                prop_assert_eq!([&tagged[..at], &tagged[at + TAG.len()..]].concat(), document);
                prop_assert_eq!(tag().insert(&tagged), None);
            }
        }
    }
}
