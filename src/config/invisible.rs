//! Characters that nobody sees in an editor, and that no parser takes for a space.

use crate::lang::Lang;

/// An invisible character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invisible(char);

/// They come with text that was copied from a page or a chat. Those that join emoji and letters of some scripts
/// (U+200C, U+200D) are not among them.
const NAMES: &[(char, &str, &str)] = &[
    ('\u{A0}', "espacio duro", "no-break space"),
    ('\u{AD}', "guion opcional", "soft hyphen"),
    ('\u{2007}', "espacio de cifra", "figure space"),
    ('\u{200B}', "espacio de ancho cero", "zero-width space"),
    ('\u{200E}', "marca de izquierda a derecha", "left-to-right mark"),
    ('\u{200F}', "marca de derecha a izquierda", "right-to-left mark"),
    ('\u{202A}', "marca de dirección", "direction mark"),
    ('\u{202C}', "marca de dirección", "direction mark"),
    ('\u{202D}', "marca de dirección", "direction mark"),
    ('\u{202F}', "espacio duro estrecho", "narrow no-break space"),
    ('\u{2060}', "unión de palabras", "word joiner"),
    ('\u{2066}', "marca de dirección", "direction mark"),
    ('\u{2069}', "marca de dirección", "direction mark"),
    ('\u{FEFF}', "marca de orden de bytes", "byte order mark"),
];

impl Invisible {
    /// The first one of a line that is not in a comment.
    pub(super) fn of_line(line: &str) -> Option<Self> {
        // A hash inside a text ends the search early, which costs a hint at most.
        line.split('#').next().unwrap_or_default().chars().find_map(Self::of)
    }

    /// This character, if it is one.
    pub(super) fn of(character: char) -> Option<Self> {
        NAMES.iter().any(|(invisible, ..)| *invisible == character).then_some(Self(character))
    }

    /// Its name and code point.
    fn name(self, lang: Lang) -> String {
        let Self(character) = self;
        let name = NAMES.iter().find(|(invisible, ..)| *invisible == character);
        let name = name.map(|(_, es, en)| lang.pick(*es, *en)).unwrap_or_default();
        format!("{name}, U+{:04X}", u32::from(character))
    }

    /// What to do about it.
    pub(super) fn render(self, lang: Lang) -> String {
        let name = self.name(lang);
        lang.pick(
            format!("hay un carácter invisible ({name}): borre los espacios de la línea y escríbalos otra vez"),
            format!("there is an invisible character ({name}): delete the spaces of the line and type them again"),
        )
    }
}
