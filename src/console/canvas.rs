//! A terminal's screen as a grid of characters: drawn on in memory, then written with the sequences of ECMA-48.

use std::fmt::Write as _;

/// How a character looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Style {
    #[default]
    Plain,
    Strong,
    /// What a value means.
    Label,
    Good,
    Warning,
    Bad,
    /// A QR code: dark on light whatever the terminal's own colours are.
    Paper,
}

impl Style {
    /// The parameters of Select Graphic Rendition. The Linux console has sixteen colours; where it does not know the
    /// bright white (107), it keeps the white before it.
    pub(super) fn sgr(self) -> &'static str {
        match self {
            Self::Plain => "0;37;40",
            Self::Strong => "0;1;37;40",
            Self::Label => "0;36;40",
            Self::Good => "0;1;32;40",
            Self::Warning => "0;1;33;40",
            Self::Bad => "0;1;31;40",
            Self::Paper => "0;30;47;107",
        }
    }
}

/// A screen of `width` by `height` characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Canvas {
    width: usize,
    rows: Vec<Vec<(char, Style)>>,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, rows: vec![vec![(' ', Style::Plain); width]; height] }
    }

    /// Writes a line; what lies outside is cut off.
    pub(super) fn put(&mut self, x: usize, y: usize, text: &str, style: Style) {
        let Some(row) = self.rows.get_mut(y) else { return };
        for (cell, character) in row.iter_mut().skip(x).zip(drawable(text).chars()) {
            *cell = (printable(character), style);
        }
    }

    /// The lines without colours and without the blanks at their ends.
    #[must_use]
    #[cfg(test)]
    pub(crate) fn plain(&self) -> Vec<String> {
        let text = |row: &Vec<(char, Style)>| row.iter().map(|(character, _)| character).collect::<String>();
        self.rows.iter().map(|row| text(row).trim_end().to_owned()).collect()
    }

    /// The sequences that turn a screen that shows `before` into this one: only the lines that differ, and everything
    /// when it had another size or nothing was shown.
    #[must_use]
    pub(crate) fn paint(&self, before: Option<&Self>) -> String {
        let before = before.filter(|before| before.width == self.width && before.rows.len() == self.rows.len());
        let clear = if before.is_none() { "\x1b[0;37;40m\x1b[2J" } else { "" };
        let differs = |y: usize, row: &Vec<_>| before.and_then(|before| before.rows.get(y)) != Some(row);
        clear.to_owned() + &self.lines(differs)
    }

    /// The sequences that show it whatever the screen shows, which does not go dark in between.
    #[must_use]
    pub(crate) fn repaint(&self) -> String {
        self.lines(|_, _| true)
    }

    fn lines(&self, are_wanted: impl Fn(usize, &Vec<(char, Style)>) -> bool) -> String {
        let mut out = String::new();
        for (y, row) in self.rows.iter().enumerate().filter(|(y, row)| are_wanted(*y, row)) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\x1b[{};1H", y + 1);
            let mut style = None;
            for (character, wanted) in row {
                if style != Some(*wanted) {
                    let _ = write!(out, "\x1b[{}m", wanted.sgr());
                    style = Some(*wanted);
                }
                out.push(*character);
            }
        }
        out
    }
}

/// Names and reasons come from the network too: none of them may steer the terminal.
pub(super) fn printable(character: char) -> char {
    if character.is_control() { '\u{FFFD}' } else { character }
}

/// What the Linux console has no glyph for (it draws code page 437), in characters that it has.
fn drawable(text: &str) -> String {
    let mut drawable = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '…' => drawable.push_str("..."),
            '–' | '—' => drawable.push('-'),
            '“' | '”' => drawable.push('"'),
            '‘' | '’' => drawable.push('\''),
            'Á' => drawable.push('A'),
            'Í' => drawable.push('I'),
            'Ó' => drawable.push('O'),
            'Ú' => drawable.push('U'),
            character => drawable.push(character),
        }
    }
    drawable
}

/// Breaks a text into lines of at most `width` characters, between words where that is possible. One that fits keeps the
/// spaces in it, which align it with its neighbours.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let (width, text) = (width.max(1), drawable(text.trim_end()));
    if text.chars().count() <= width && !text.contains(char::is_control) {
        return vec![text];
    }
    let mut lines = vec![String::new()];
    let mut room = width;
    for word in text.split_whitespace() {
        let mut word: &str = word;
        let long = word.chars().count();
        let is_first = room == width;
        if !is_first && long < room {
            push(&mut lines, " ");
            room -= 1;
        } else if !is_first {
            lines.push(String::new());
            room = width;
        }
        while word.chars().count() > room {
            let (head, tail) = word.split_at(word.char_indices().nth(room).map_or(word.len(), |(at, _)| at));
            push(&mut lines, head);
            lines.push(String::new());
            word = tail;
            room = width;
        }
        push(&mut lines, word);
        room -= word.chars().count();
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(last) = lines.last_mut() {
        last.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_changed_is_painted_again() {
        let mut before = Canvas::new(4, 3);
        before.put(1, 1, "abcdef", Style::Plain);
        assert_eq!(before.plain(), ["", " abc", ""]);
        let mut after = before.clone();
        assert_eq!(after.paint(Some(&before)), "");
        after.put(0, 2, "z", Style::Strong);
        assert_eq!(after.paint(Some(&before)), "\x1b[3;1H\x1b[0;1;37;40mz\x1b[0;37;40m   ");
        assert!(after.paint(None).starts_with("\x1b[0;37;40m\x1b[2J\x1b[1;1H"));
        assert!(after.paint(Some(&Canvas::new(5, 3))).contains("\x1b[2J"));
        after.put(0, 9, "outside", Style::Plain);
        after.put(9, 0, "outside", Style::Plain);
    }

    #[test]
    fn no_text_steers_the_terminal() {
        let mut canvas = Canvas::new(20, 1);
        canvas.put(0, 0, "a\x1b[2Jb\u{9b}c\n", Style::Plain);
        assert_eq!(canvas.plain(), ["a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}"]);
    }

    #[test]
    fn what_the_console_cannot_draw_is_written_otherwise() {
        let mut canvas = Canvas::new(30, 1);
        canvas.put(0, 0, "¿Ñandú? Único — «Un momento…»", Style::Plain);
        assert_eq!(canvas.plain(), ["¿Ñandú? Unico - «Un momento..."]);
        assert_eq!(wrap("Un momento…", 12), ["Un", "momento..."]);
    }

    #[test]
    fn lines_break_between_words_and_inside_of_long_ones() {
        assert_eq!(wrap("uno dos tres", 7), ["uno dos", "tres"]);
        assert_eq!(wrap("uno dos tres", 100), ["uno dos tres"]);
        assert_eq!(wrap("a ñandúes b", 4), ["a", "ñand", "úes", "b"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("  name   value ", 14), ["  name   value"]);
        assert_eq!(wrap("  name   value", 13), ["name value"]);
        assert_eq!(wrap("name\nvalue", 14), ["name value"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("x", 0), ["x"]);
        for width in 1..30 {
            let text = "El nombre no se puede anunciar; use la dirección IP: 192.168.100.100";
            let lines = wrap(text, width);
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{width}: {lines:?}");
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }
}
