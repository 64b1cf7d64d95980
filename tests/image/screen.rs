//! What a person reads on a machine's console: text in a picture.
//!
//! The kernel draws with a font of its own, whose glyphs have 8 by 16 points and the order of code page 437. The emulator
//! draws its own consoles with the same one, so that it can be found inside its program.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// Points of a character.
const WIDTH: usize = 8;
const HEIGHT: usize = 16;

/// A row of points is a byte of these.
type Glyph = [u8; HEIGHT];

/// Where Debian has the emulator.
const EMULATOR: &str = "/usr/bin/qemu-system-x86_64";

/// The font's second glyph, a face, which comes behind an empty one.
const FACE: Glyph = [0, 0, 0x7e, 0x81, 0xa5, 0x81, 0x81, 0xbd, 0x99, 0x81, 0x81, 0x7e, 0, 0, 0, 0];

/// Code page 437.
const CHARACTERS: &str = concat!(
    " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼ !\"#$%&'()*+,-./0123456789:;<=>?",
    "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~⌂",
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐",
    "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ",
);

/// The glyphs in their order.
static FONT: LazyLock<Vec<Glyph>> = LazyLock::new(|| {
    let program = fs::read(EMULATOR).expect("the emulator (tests/run installs it)");
    let at = program.windows(HEIGHT).position(|bytes| bytes == FACE).expect("its font") - HEIGHT;
    let glyphs = program[at..].chunks_exact(HEIGHT).take(256);
    glyphs.map(|bytes| bytes.try_into().expect("a glyph")).collect()
});

/// Reads consoles.
pub(crate) struct Reader(HashMap<Glyph, char>);

impl Reader {
    pub(crate) fn new() -> Self {
        // The first of two that look the same is the usual one.
        let mut characters = HashMap::new();
        for (glyph, character) in FONT.iter().zip(CHARACTERS.chars()) {
            characters.entry(*glyph).or_insert(character);
        }
        Self(characters)
    }

    /// The words of a picture (PPM), with one blank in between, wherever the lines end. What is no glyph is a `\u{fffd}`, and
    /// a block may be the one that fills what it leaves free.
    pub(crate) fn words(&self, picture: &Path) -> String {
        let bytes = fs::read(picture).expect("a picture");
        let picture = Picture::of(&bytes);
        let mut text = String::new();
        for top in (0..picture.height / HEIGHT).map(|row| row * HEIGHT) {
            text.extend((0..picture.width / WIDTH).map(|column| self.character(&picture, column * WIDTH, top)));
            text.push('\n');
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn character(&self, picture: &Picture<'_>, left: usize, top: usize) -> char {
        let paper = picture.colour(left, top);
        let mut glyph = Glyph::default();
        for (y, row) in glyph.iter_mut().enumerate() {
            *row = (0..WIDTH).fold(0, |row, x| row << 1 | u8::from(picture.colour(left + x, top + y) != paper));
        }
        // Of a glyph that fills its corner, the paper is what seems to be the ink.
        let other = glyph.map(|row| !row);
        *self.0.get(&glyph).or_else(|| self.0.get(&other)).unwrap_or(&'\u{fffd}')
    }
}

/// A picture in its file.
struct Picture<'a> {
    width: usize,
    height: usize,
    colours: &'a [u8],
}

impl<'a> Picture<'a> {
    fn of(file: &'a [u8]) -> Self {
        let lines: Vec<_> = file.splitn(4, |byte| *byte == b'\n').collect();
        let [b"P6", size, b"255", colours] = lines[..] else { panic!("no picture (PPM)") };
        let size = std::str::from_utf8(size).expect("text");
        let (width, height) = size.split_once(' ').expect("two numbers");
        Self { width: width.parse().expect("a number"), height: height.parse().expect("a number"), colours }
    }

    fn colour(&self, x: usize, y: usize) -> &[u8] {
        let at = 3 * (y * self.width + x);
        &self.colours[at..at + 3]
    }
}

#[test]
fn what_is_drawn_with_the_font_is_read() {
    let text = "¿Está? Sí: 0% · ñ«»";
    let count = text.chars().count();
    let mut picture = format!("P6\n{} {HEIGHT}\n255\n", count * WIDTH).into_bytes();
    for y in 0..HEIGHT {
        for (number, character) in text.chars().enumerate() {
            let glyph = FONT[CHARACTERS.chars().position(|known| known == character).expect("known")];
            // Every other one is dark on light.
            let row = glyph[y] ^ if number % 2 == 0 { 0 } else { 0xff };
            picture.extend((0..WIDTH).rev().flat_map(|x| [(row >> x & 1) * 0xaa; 3]));
        }
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), picture).expect("written");
    assert_eq!(Reader::new().words(file.path()), text);
}
