//! The menu of the box's own screen, drawn.

use super::canvas::{Canvas, Style, wrap};
use super::screen::Screen;

/// What to draw.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Menu<'a> {
    /// The first line.
    pub(crate) title: &'a str,
    /// The lines below, and whether each is the one that Enter means.
    pub(crate) lines: &'a [(String, bool)],
}

impl Screen {
    /// Draws a menu. What there is no room for at the end is skipped, but for the last line, which says what the keys do.
    #[must_use]
    pub(crate) fn menu(self, menu: &Menu<'_>) -> Canvas {
        let mut canvas = Canvas::new(self.width, self.height);
        let left = if self.width >= 100 { self.width / 20 } else { 2 };
        let top = if self.height >= 40 { self.height / 20 } else { 0 };
        let width = self.width.saturating_sub(2 * left);
        canvas.put(left, top, menu.title, Style::Strong);
        let broken = menu.lines.iter().flat_map(|(text, is_chosen)| {
            let style = if *is_chosen { Style::Paper } else { Style::Plain };
            wrap(text, width).into_iter().map(move |line| (line, style))
        });
        let mut lines: Vec<_> = broken.collect();
        let room = self.height.saturating_sub(2 * top + 2);
        if lines.len() > room
            && let Some(keys) = lines.pop()
        {
            lines.truncate(room.saturating_sub(1));
            lines.push(keys);
        }
        for (y, (line, style)) in (top + 2..).zip(&lines) {
            canvas.put(left, y, line, *style);
        }
        canvas
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_keys_do_is_always_there() {
        let mut lines: Vec<_> = (0..50).map(|number| (format!("line {number}"), number == 1)).collect();
        lines.push(("keys".into(), false));
        for (width, height) in [(80, 25), (240, 67), (20, 5)] {
            let drawn = Screen { width, height }.menu(&Menu { title: "title", lines: &lines }).plain();
            assert_eq!(drawn.len(), height);
            let text = drawn.join("\n");
            assert!(text.contains("title") && text.contains("line 1") && text.contains("keys"), "{text}");
        }
        assert_eq!(Screen { width: 0, height: 0 }.menu(&Menu { title: "t", lines: &lines }).plain().len(), 0);
    }
}
