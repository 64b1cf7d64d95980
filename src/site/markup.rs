//! HTML read tag by tag, as it is written: nothing is decoded, and no tree is built.

/// What is left of a document.
pub(super) struct Markup<'a>(&'a [u8]);

impl<'a> Markup<'a> {
    pub(super) fn new(html: &'a [u8]) -> Self {
        Self(html)
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.0 = self.0.get(bytes..).unwrap_or_default();
    }

    /// Gives what is skipped.
    pub(super) fn skip_until(&mut self, is_end: impl Fn(u8) -> bool) -> &'a [u8] {
        let at = self.0.iter().position(|&byte| is_end(byte)).unwrap_or(self.0.len());
        let passed = self.0.get(..at).unwrap_or_default();
        self.skip(at);
        passed
    }

    /// Whether a tag begins here.
    pub(super) fn is_at_tag(&self) -> bool {
        match self.0 {
            [b'<', b'/', letter, ..] | [b'<', letter, ..] => letter.is_ascii_alphabetic(),
            _ => false,
        }
    }

    /// The next attribute of a tag, in lower case; `None` at the tag's end.
    pub(super) fn attribute(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        self.skip_until(|byte| !byte.is_ascii_whitespace() && byte != b'/');
        if matches!(self.0.first(), None | Some(b'>')) {
            return None;
        }
        // An equals sign in front belongs to the name.
        let begin = self.0;
        self.skip(1);
        let rest = self.skip_until(|byte| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'/' | b'>'));
        let name = begin.get(..=rest.len()).unwrap_or_default().to_ascii_lowercase();
        self.skip_until(|byte| !byte.is_ascii_whitespace());
        if self.0.first() != Some(&b'=') {
            return Some((name, Vec::new()));
        }
        self.skip(1);
        self.skip_until(|byte| !byte.is_ascii_whitespace());
        let value = match self.0.first().copied() {
            Some(quote @ (b'"' | b'\'')) => {
                self.skip(1);
                let value = self.skip_until(|byte| byte == quote);
                self.skip(1);
                value
            }
            _ => self.skip_until(|byte| byte.is_ascii_whitespace() || byte == b'>'),
        };
        Some((name, value.to_ascii_lowercase()))
    }
}
