//! A notice that grows line by line.

use crate::lang::Text;
use crate::machine::notices::{Level, Notice};

/// The lines, and the highest of their levels.
#[derive(Debug)]
pub(super) struct NoticeBuilder {
    level: Level,
    lines: Vec<Text>,
}

/// Characters of a line: an error chain may be long.
const MAX_LINE: usize = 600;

/// A line as a sentence of its own: where there are no lines, they follow one another on one.
fn sentence(mut text: String) -> String {
    let end = text.char_indices().nth(MAX_LINE).map_or(text.len(), |(at, _)| at);
    text.truncate(end);
    text.truncate(text.trim_end().len());
    if !text.ends_with(['.', '!', '?', '…']) {
        text.push('.');
    }
    text
}

impl NoticeBuilder {
    pub(super) fn new() -> Self {
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

    /// The notice so far, with the work under way as its last line.
    pub(super) fn build(&self, going_on: Option<&Text>) -> Notice {
        Notice { level: self.level, text: Text::join(self.lines.iter().chain(going_on), "\n") }
    }
}
