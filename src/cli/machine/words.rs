//! What is said in both languages at once, since a notice is for whoever comes by.

use crate::lang::Text;
use crate::machine::notices::{Level, Notice};

/// Lines of a notice that grows, and how much they matter together.
#[derive(Debug)]
pub(super) struct Said {
    level: Level,
    lines: Vec<Text>,
}

/// Characters of a line: a reason may have come from far away.
const MAX_LINE: usize = 600;

/// What stands alone: others stand before and behind it, on one line where there are no lines.
fn sentence(mut text: String) -> String {
    let end = text.char_indices().nth(MAX_LINE).map_or(text.len(), |(at, _)| at);
    text.truncate(end);
    text.truncate(text.trim_end().len());
    if !text.ends_with(['.', '!', '?', '…']) {
        text.push('.');
    }
    text
}

impl Said {
    pub(super) fn nothing() -> Self {
        Self { level: Level::Info, lines: Vec::new() }
    }

    pub(super) fn add(&mut self, level: Level, words: Text) {
        self.level = self.level.max(level);
        self.lines.push(Text { es: sentence(words.es), en: sentence(words.en) });
    }

    /// Whether something failed.
    pub(super) fn is_bad(&self) -> bool {
        self.level > Level::Info
    }

    /// As a notice, with what goes on at the moment behind it.
    pub(super) fn notice(&self, going_on: Option<&Text>) -> Notice {
        let text = |lang| {
            let lines = self.lines.iter().chain(going_on).map(|words| words.pick(lang));
            lines.collect::<Vec<_>>().join("\n")
        };
        Notice { level: self.level, text: Text::both(text) }
    }
}
