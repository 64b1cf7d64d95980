//! The box's own screen: the text console on its HDMI output, in both languages at once.

use super::big::Size;
use super::canvas::{Canvas, Style, wrap};
use super::facts::facts;
use super::qr::{Qr, half_block};
use super::status::Status;
use super::words;
use crate::health::Level;
use crate::lang::{Lang, Text};

/// What the screen shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    /// The status; `None` when the service does not answer.
    pub(crate) status: Option<Status>,
    /// The PIN of the administration.
    pub(crate) pin: Pin,
    /// Where the service was looked for, for when it does not answer.
    pub(crate) socket: String,
}

/// The PIN of the administration, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Pin {
    /// Nobody has said.
    #[default]
    Unknown,
    /// The one that the box made.
    Digits(String),
    /// Somebody has chosen another, which only its hash knows.
    Changed,
}

/// The size of the screen and the room on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    /// Columns.
    pub(crate) width: usize,
    /// Lines.
    pub(crate) height: usize,
}

/// Addresses besides the first.
const OTHERS: usize = 2;
/// Between the facts and the code.
const GAP: usize = 3;
/// The least room for the facts beside the code.
const FACTS: usize = 30;

impl Screen {
    /// Draws it.
    #[must_use]
    pub(crate) fn draw(self, view: &View) -> Canvas {
        let mut canvas = Canvas::new(self.width, self.height);
        // Televisions cut off the rim of the picture; a small screen has no room to give away.
        let left = if self.width >= 100 { self.width / 20 } else { 2 };
        let top = if self.height >= 40 { self.height / 20 } else { 0 };
        let area = Area { left, top, right: self.width.saturating_sub(left), bottom: self.height.saturating_sub(top) };
        match &view.status {
            Some(status) => running(&mut canvas, area, status, &view.pin),
            None => silent(&mut canvas, area, &view.socket),
        }
        canvas
    }
}

/// A part of the screen; `right` and `bottom` lie outside of it.
#[derive(Debug, Clone, Copy)]
struct Area {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Area {
    fn width(self) -> usize {
        self.right.saturating_sub(self.left)
    }

    fn height(self) -> usize {
        self.bottom.saturating_sub(self.top)
    }

    /// Writes a text in as many lines as it takes, and moves below them.
    fn write(&mut self, canvas: &mut Canvas, text: &str, style: Style) {
        for line in wrap(text, self.width()) {
            if self.top < self.bottom {
                canvas.put(self.left, self.top, &line, style);
            }
            self.top += 1;
        }
    }

    fn skip(&mut self, lines: usize) {
        self.top += lines;
    }
}

/// Both languages on one line, or one where they are the same.
fn both<S: AsRef<str>>(text: &Text<S>) -> String {
    let (es, en) = (text.es.as_ref(), text.en.as_ref());
    if es == en { es.to_owned() } else { format!("{es} · {en}") }
}

fn running(canvas: &mut Canvas, mut area: Area, status: &Status, pin: &Pin) {
    area.write(canvas, &status.title(), Style::Strong);

    let qr = status.first_address().and_then(|address| Qr::of(&address.url));
    let code = qr.as_ref().map(Code::of);
    if area.height() > 30 {
        area.skip(1);
    }
    if let Some(address) = status.first_address() {
        area.write(canvas, &format!("{}:", both(&words::TYPE_ON_TV)), Style::Label);
        let below = status.addresses.len().min(OTHERS + 1) + code.map_or(0, |code| code.height(1));
        address_in_large(canvas, &mut area, &address.url, below);
    } else {
        area.write(canvas, &both(&words::NO_ADDRESS), Style::Warning);
    }
    for address in status.addresses.iter().skip(1).take(OTHERS) {
        area.write(canvas, &format!("{}: {}", both(&words::OR), address.url), Style::Plain);
    }
    area.skip(1);

    let mut facts = area;
    if let (Some(qr), Some(code)) = (&qr, code)
        && let Some(scale) = code.fitting(area)
    {
        let corner = area.right - code.width(scale);
        draw_code(canvas, qr, corner, area.top, scale);
        facts.right = corner - GAP;
    }
    write_facts(canvas, facts, status, pin);
}

/// The host and the port as large as there is room for, behind the scheme: with `below` lines left under them, or at
/// the expense of the code where the screen is too small for both.
fn address_in_large(canvas: &mut Canvas, area: &mut Area, url: &str, below: usize) {
    let (scheme, host) = url.split_once("://").unwrap_or(("", url));
    let scheme = format!("{scheme}://");
    let left = area.left + scheme.chars().count() + 1;
    let room = area.right.saturating_sub(left);
    let fits = |size: &Size, below| {
        size.width(host).is_some_and(|width| width <= room) && size.height() + below <= area.height()
    };
    let size = Size::ALL.into_iter().find(|size| fits(size, below));
    let Some(size) = size.or(Some(Size::Half).filter(|size| fits(size, 0))) else {
        return area.write(canvas, url, Style::Strong);
    };
    canvas.put(area.left, area.top + size.height() - 1, &scheme, Style::Plain);
    size.draw(canvas, left, area.top, host, Style::Strong);
    area.skip(size.height());
}

/// What matters most comes first: a small screen cuts off the end.
fn write_facts(canvas: &mut Canvas, mut area: Area, status: &Status, pin: &Pin) {
    let style = match status.health.status {
        Level::Ok => Style::Good,
        Level::Degraded => Style::Warning,
        Level::Failing => Style::Bad,
    };
    let level = status.health.status;
    area.write(canvas, &both(&level.words()), style);
    for fault in &status.health.faults {
        area.write(canvas, &format!("- {}", fault.text.es), Style::Plain);
        area.write(canvas, &format!("- {}", fault.text.en), Style::Plain);
    }
    match pin {
        Pin::Unknown => {}
        Pin::Digits(digits) => area.write(canvas, &format!("PIN: {digits}"), Style::Strong),
        Pin::Changed => area.write(canvas, &format!("PIN: {}", both(&words::PIN_CHANGED)), Style::Plain),
    }
    for fact in facts(status) {
        area.write(canvas, &both(&fact.label), Style::Label);
        let mut inner = Area { left: area.left + 2, ..area };
        let style = if fact.is_doubtful { Style::Warning } else { Style::Plain };
        for value in &fact.values {
            inner.write(canvas, &both(value), style);
        }
        area.top = inner.top;
    }
}

/// The service does not answer.
fn silent(canvas: &mut Canvas, mut area: Area, socket: &str) {
    area.write(canvas, "workshop-edge", Style::Strong);
    area.skip(1);
    for lang in [Lang::Es, Lang::En] {
        area.write(canvas, words::NO_ANSWER.pick(lang), Style::Bad);
        area.write(canvas, words::NO_ANSWER_REMEDY.pick(lang), Style::Plain);
        area.skip(1);
    }
    area.write(canvas, socket, Style::Label);
}

/// How large a code is on the screen.
#[derive(Clone, Copy)]
struct Code {
    side: usize,
}

impl Code {
    fn of(qr: &Qr) -> Self {
        Self { side: usize::try_from(qr.side()).unwrap_or(0) }
    }

    /// Columns; with a scale of 1 a module is a column by half a line, with 2 two columns by a line, and so on.
    fn width(self, scale: usize) -> usize {
        self.side * scale
    }

    fn height(self, scale: usize) -> usize {
        (self.side * scale).div_ceil(2)
    }

    /// The largest scale at which it fits beside the facts.
    fn fitting(self, area: Area) -> Option<usize> {
        [4, 3, 2, 1]
            .into_iter()
            .find(|scale| self.width(*scale) + GAP + FACTS <= area.width() && self.height(*scale) <= area.height())
    }
}

fn draw_code(canvas: &mut Canvas, qr: &Qr, x: usize, y: usize, scale: usize) {
    let side = Code::of(qr).side * scale;
    let is_dark = |x: usize, y: usize| {
        let module = |at: usize| i32::try_from(at / scale).unwrap_or(i32::MAX);
        qr.is_dark(module(x), module(y))
    };
    for line in 0..side.div_ceil(2) {
        let text: String = (0..side).map(|x| half_block(is_dark(x, 2 * line), is_dark(x, 2 * line + 1))).collect();
        canvas.put(x, y + line, &text, Style::Paper);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn drawn(width: usize, height: usize, status: Option<Status>, pin: Pin) -> Vec<String> {
        let view = View { status, pin, socket: "/var/lib/workshop-edge/control.sock".into() };
        Screen { width, height }.draw(&view).plain()
    }

    /// The code that a screen shows in half blocks, as rows of dark modules, scaled.
    fn code_rows(lines: &[String], qr: &Qr, scale: usize) -> bool {
        let side = Code::of(qr).side;
        let finder: String = "█".repeat(7 * scale);
        let top: String = "▀".repeat(7 * scale);
        lines.iter().any(|line| line.contains(&finder) || line.contains(&top)) && side > 0
    }

    #[test]
    fn the_smallest_console_has_everything_that_matters() {
        let lines = drawn(80, 25, Some(sample()), Pin::Digits("12345678".into()));
        assert_eq!(lines.len(), 25);
        let text = lines.join("\n");
        for words in [
            "taller-2 · workshop-edge 1.2.3",
            "En el televisor, escriba · On the TV, type:",
            "          ▄█  █▀█ ▀▀█   ▄█  █▀▀ █▀█   ▄█    █▀▀ █▀█",
            "http://taller-2.local",
            "Funciona, pero conviene revisarlo",
            "somebody should look",
            "PIN: 12345678",
            "192.168.1.77 también responde",
            "192.168.1.77 answers for",
        ] {
            assert!(text.contains(words), "{words}:\n{text}");
        }
        let qr = Qr::of("http://192.168.1.50").expect("a code");
        assert!(code_rows(&lines, &qr, 1), "{text}");
        let blocks = qr.half_blocks();
        for block in &blocks {
            assert!(text.contains(block.trim_end()), "{block}\n{text}");
        }
    }

    #[test]
    fn a_large_console_uses_its_room() {
        let lines = drawn(240, 67, Some(sample()), Pin::Changed);
        let text = lines.join("\n");
        assert!(text.contains(&format!("PIN: {}", both(&words::PIN_CHANGED))), "{text}");
        assert!(text.contains("A1:A1") && text.contains("Identificador · Identifier"), "{text}");
        assert!(text.contains(&"█".repeat(12)), "the address is not large:\n{text}");
        assert!(code_rows(&lines, &Qr::of("http://192.168.1.50").expect("a code"), 2), "{text}");
        // The rim stays free.
        assert!(lines.iter().take(3).all(String::is_empty) && lines.iter().rev().take(3).all(String::is_empty));
        assert!(lines.iter().all(|line| line.chars().count() <= 228));
    }

    #[test]
    fn any_size_and_any_status_can_be_drawn() {
        let mut bare = sample();
        bare.addresses.clear();
        bare.name = None;
        bare.https = None;
        bare.disk = None;
        bare.network = super::super::Network::default();
        let mut named = sample();
        named.addresses.remove(0);
        let mut long = sample();
        long.addresses[0].url = "http://[fd12:3456:789a:bcde:f012:3456:789a:bcde]:8080".into();
        for status in [Some(sample()), Some(bare), Some(named), Some(long), None] {
            for (width, height) in
                [(0, 0), (1, 1), (20, 5), (40, 12), (80, 24), (100, 37), (128, 48), (240, 67), (512, 160)]
            {
                assert_eq!(drawn(width, height, status.clone(), Pin::Unknown).len(), height);
            }
        }
    }

    #[test]
    fn a_service_that_does_not_answer_is_said_in_both_languages() {
        let text = drawn(80, 25, None, Pin::Unknown).join("\n");
        for words in ["El servicio no responde.", "The service does not answer.", "/var/lib/workshop-edge/control.sock"]
        {
            assert!(text.contains(words), "{text}");
        }
    }
}
