//! Characters that nobody sees in an editor, and that no parser takes for a space.

use crate::lang::Text;

/// An invisible character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invisible(char);

/// They come with text that was copied from a page or a chat. Those that join emoji and letters of some scripts
/// (U+200C, U+200D) are not among them.
const NAMES: &[(char, Text<&str>)] = &[
    ('\u{A0}', Text::fixed("espacio duro", "no-break space")),
    ('\u{AD}', Text::fixed("guion opcional", "soft hyphen")),
    ('\u{2007}', Text::fixed("espacio de cifra", "figure space")),
    ('\u{200B}', Text::fixed("espacio de ancho cero", "zero-width space")),
    ('\u{200E}', Text::fixed("marca de izquierda a derecha", "left-to-right mark")),
    ('\u{200F}', Text::fixed("marca de derecha a izquierda", "right-to-left mark")),
    ('\u{202A}', Text::fixed("marca de dirección", "direction mark")),
    ('\u{202C}', Text::fixed("marca de dirección", "direction mark")),
    ('\u{202D}', Text::fixed("marca de dirección", "direction mark")),
    ('\u{202F}', Text::fixed("espacio duro estrecho", "narrow no-break space")),
    ('\u{2060}', Text::fixed("unión de palabras", "word joiner")),
    ('\u{2066}', Text::fixed("marca de dirección", "direction mark")),
    ('\u{2069}', Text::fixed("marca de dirección", "direction mark")),
    ('\u{FEFF}', Text::fixed("marca de orden de bytes", "byte order mark")),
];

impl Invisible {
    /// The first one of a line that is not in a comment.
    pub(super) fn of_line(line: &str) -> Option<Self> {
        // A hash inside a text ends the search early, which costs a hint at most.
        line.split('#').next().unwrap_or_default().chars().find_map(Self::of)
    }

    /// This character, if it is one.
    pub(super) fn of(character: char) -> Option<Self> {
        NAMES.iter().any(|(invisible, _)| *invisible == character).then_some(Self(character))
    }

    /// What to do about it.
    pub(super) fn text(self) -> Text {
        let Self(character) = self;
        let name = NAMES.iter().find(|(invisible, _)| *invisible == character).map(|(_, name)| *name);
        let (Text { es, en }, code) = (name.unwrap_or_default(), u32::from(character));
        Text::new(
            format!(
                "hay un carácter invisible ({es}, U+{code:04X}): borre los espacios de la línea y escríbalos otra vez"
            ),
            format!(
                "there is an invisible character ({en}, U+{code:04X}): delete the spaces of the line and type them again"
            ),
        )
    }
}
