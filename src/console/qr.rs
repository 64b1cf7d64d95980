//! An address as a QR code (ISO/IEC 18004): dark on light, with the quiet zone of four modules that scanners need.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of light around the symbol (ISO/IEC 18004 section 6.3.8).
const QUIET: i32 = 4;

/// A code with its quiet zone.
pub(crate) struct Qr(QrCode);

impl Qr {
    /// The code of a text; `None` when it is longer than any code holds.
    #[must_use]
    pub(crate) fn of(text: &str) -> Option<Self> {
        QrCode::encode_text(text, QrCodeEcc::Medium).ok().map(Self)
    }

    /// Modules along a side, quiet zone included.
    #[must_use]
    pub(crate) fn side(&self) -> i32 {
        self.0.size() + 2 * QUIET
    }

    /// Whether the module is dark; everything outside of the symbol is light.
    #[must_use]
    pub(crate) fn is_dark(&self, x: i32, y: i32) -> bool {
        self.0.get_module(x - QUIET, y - QUIET)
    }

    /// The data of an SVG path that fills the dark modules, a module being one unit: a stroke for each run, so that
    /// no renderer leaves hairlines between modules of one line.
    #[must_use]
    pub(crate) fn svg_path(&self) -> String {
        let mut path = String::new();
        for y in 0..self.side() {
            let mut x = 0;
            while x < self.side() {
                let run = (x..self.side()).take_while(|x| self.is_dark(*x, y)).count();
                if run > 0 {
                    // Writing to a String cannot fail.
                    let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
                }
                x += i32::try_from(run).unwrap_or(0) + 1;
            }
        }
        path
    }

    /// Lines of half blocks, two rows of modules each: to be shown in black on white.
    #[must_use]
    pub(crate) fn half_blocks(&self) -> Vec<String> {
        (0..self.side())
            .step_by(2)
            .map(|y| (0..self.side()).map(|x| half_block(self.is_dark(x, y), self.is_dark(x, y + 1))).collect())
            .collect()
    }
}

/// The character whose upper and lower half are dark or light.
pub(super) fn half_block(upper: bool, lower: bool) -> char {
    match (upper, lower) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://192.168.1.50";

    #[test]
    fn the_quiet_zone_is_light_and_the_finder_dark() {
        let qr = Qr::of(URL).expect("a code");
        assert_eq!(qr.side(), 25 + 8);
        for along in 0..qr.side() {
            for edge in (0..4).chain(qr.side() - 4..qr.side()) {
                assert!(!qr.is_dark(along, edge) && !qr.is_dark(edge, along));
            }
        }
        assert!((4..11).all(|x| qr.is_dark(x, 4) && qr.is_dark(4, x)));
    }

    #[test]
    fn both_forms_hold_every_module() {
        let qr = Qr::of(URL).expect("a code");
        let dark = (0..qr.side()).flat_map(|y| (0..qr.side()).map(move |x| (x, y))).filter(|(x, y)| qr.is_dark(*x, *y));
        let dark = dark.count();

        let runs: usize = qr
            .svg_path()
            .split('M')
            .filter_map(|run| run.split_once('h')?.1.split_once('v')?.0.parse::<usize>().ok())
            .sum();
        assert_eq!(runs, dark);

        let lines = qr.half_blocks();
        assert_eq!(lines.len(), 17);
        assert!(lines.iter().all(|line| line.chars().count() == 33));
        let halves: usize =
            lines.iter().flat_map(|line| line.chars()).map(|c| if c == '█' { 2 } else { usize::from(c != ' ') }).sum();
        assert_eq!(halves, dark);
    }

    #[test]
    fn what_no_code_holds_is_refused() {
        assert!(Qr::of(&"x".repeat(5000)).is_none());
    }
}
