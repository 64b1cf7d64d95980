//! An address in large characters, made of blocks: to be read from across the room.

use super::canvas::{Canvas, Style};
use super::qr::half_block;

/// Rows of dots of a character.
const ROWS: u8 = 5;

/// How large a dot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// One column by half a line.
    Half,
    /// So many lines, and twice as many columns: about a square.
    Lines(usize),
}

impl Size {
    /// From the largest to the smallest.
    pub(super) const ALL: [Self; 4] = [Self::Lines(3), Self::Lines(2), Self::Lines(1), Self::Half];

    fn columns(self) -> usize {
        match self {
            Self::Half => 1,
            Self::Lines(lines) => 2 * lines,
        }
    }

    /// Lines that a text takes.
    pub(super) fn height(self) -> usize {
        match self {
            Self::Half => 3,
            Self::Lines(lines) => lines * usize::from(ROWS),
        }
    }

    /// Columns that a text takes; `None` when it has characters that have no large form.
    pub(super) fn width(self, text: &str) -> Option<usize> {
        let dots: usize = text.chars().map(|character| Some(glyph(character)?.0 + 1)).sum::<Option<usize>>()?;
        Some(dots.saturating_sub(1) * self.columns())
    }

    /// Draws a text; its upper left corner is at `x`, `y`.
    pub(super) fn draw(self, canvas: &mut Canvas, x: usize, y: usize, text: &str, style: Style) {
        let mut left = x;
        for character in text.chars() {
            let Some((width, dots)) = glyph(character) else { continue };
            let is_set = |column: usize, row: u8| {
                dots.get(usize::from(row)).is_some_and(|bits| bits >> (width - 1 - column) & 1 == 1)
            };
            for column in 0..width {
                match self {
                    Self::Half => {
                        for pair in 0..3 {
                            let block = half_block(is_set(column, 2 * pair), is_set(column, 2 * pair + 1));
                            canvas.put(left + column, y + usize::from(pair), &block.to_string(), style);
                        }
                    }
                    Self::Lines(lines) => {
                        let dot = "█".repeat(2 * lines);
                        for row in (0..ROWS).filter(|row| is_set(column, *row)) {
                            for line in 0..lines {
                                let at = y + usize::from(row) * lines + line;
                                canvas.put(left + column * self.columns(), at, &dot, style);
                            }
                        }
                    }
                }
            }
            left += (width + 1) * self.columns();
        }
    }
}

/// The width and the rows of dots of a character, the rightmost dot in the lowest bit; only those of IP addresses and
/// ports.
fn glyph(character: char) -> Option<(usize, [u8; ROWS as usize])> {
    Some(match character {
        '0' => (3, [0b111, 0b101, 0b101, 0b101, 0b111]),
        '1' => (3, [0b010, 0b110, 0b010, 0b010, 0b111]),
        '2' => (3, [0b111, 0b001, 0b111, 0b100, 0b111]),
        '3' => (3, [0b111, 0b001, 0b111, 0b001, 0b111]),
        '4' => (3, [0b101, 0b101, 0b111, 0b001, 0b001]),
        '5' => (3, [0b111, 0b100, 0b111, 0b001, 0b111]),
        '6' => (3, [0b111, 0b100, 0b111, 0b101, 0b111]),
        '7' => (3, [0b111, 0b001, 0b001, 0b010, 0b010]),
        '8' => (3, [0b111, 0b101, 0b111, 0b101, 0b111]),
        '9' => (3, [0b111, 0b101, 0b111, 0b001, 0b111]),
        'a' => (3, [0b010, 0b101, 0b111, 0b101, 0b101]),
        'b' => (3, [0b100, 0b100, 0b110, 0b101, 0b110]),
        'c' => (3, [0b011, 0b100, 0b100, 0b100, 0b011]),
        'd' => (3, [0b001, 0b001, 0b011, 0b101, 0b011]),
        'e' => (3, [0b111, 0b100, 0b110, 0b100, 0b111]),
        'f' => (3, [0b111, 0b100, 0b110, 0b100, 0b100]),
        '.' => (1, [0, 0, 0, 0, 1]),
        ':' => (1, [0, 1, 0, 1, 0]),
        '[' => (2, [0b11, 0b10, 0b10, 0b10, 0b11]),
        ']' => (2, [0b11, 0b01, 0b01, 0b01, 0b11]),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(size: Size, text: &str) -> Vec<String> {
        let mut canvas = Canvas::new(size.width(text).expect("drawable"), size.height());
        size.draw(&mut canvas, 0, 0, text, Style::Strong);
        canvas.plain()
    }

    #[test]
    fn characters_are_as_drawn() {
        assert_eq!(drawn(Size::Half, "10.7"), ["▄█  █▀█   ▀▀█", " █  █ █    ▄▀", "▀▀▀ ▀▀▀ ▀  ▀"]);
        assert_eq!(drawn(Size::Lines(1), "4:"), ["██  ██", "██  ██  ██", "██████", "    ██  ██", "    ██"]);
        assert_eq!(drawn(Size::Lines(2), ".").len(), 10);
    }

    #[test]
    fn every_address_can_be_drawn_and_a_name_cannot() {
        for text in ["192.168.100.100:8080", "[fe80::abcd:ef01:2345:6789]"] {
            for size in Size::ALL {
                assert!(size.width(text).is_some_and(|width| width > text.len()));
            }
        }
        assert_eq!(Size::Half.width("taller.local"), None);
    }

    #[test]
    fn no_two_characters_look_the_same() {
        let all: Vec<_> = "0123456789abcdef.:[]".chars().map(|character| glyph(character).expect("a glyph")).collect();
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one), "{index}");
        }
    }
}
