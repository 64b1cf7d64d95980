//! What is said in both languages at once, since a notice is for whoever comes by.

use crate::lang::Lang;
use crate::machine::notices::{Level, Notice};

/// A sentence or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) es: String,
    pub(super) en: String,
}

impl Words {
    pub(super) fn new(es: impl Into<String>, en: impl Into<String>) -> Self {
        Self { es: es.into(), en: en.into() }
    }

    /// With a detail that is the same in both.
    pub(super) fn about(es: &str, en: &str, detail: impl std::fmt::Display) -> Self {
        Self { es: format!("{es} {detail}"), en: format!("{en} {detail}") }
    }

    /// What something says in either language.
    pub(super) fn both(said: impl Fn(Lang) -> String) -> Self {
        Self { es: said(Lang::Es), en: said(Lang::En) }
    }

    /// The same of what may fail, in the same way in either language.
    pub(super) fn try_both(said: impl Fn(Lang) -> Result<String, String>) -> Result<Self, Self> {
        match (said(Lang::Es), said(Lang::En)) {
            (Ok(es), Ok(en)) => Ok(Self { es, en }),
            (es, en) => Err(Self { es: es.unwrap_or_else(|words| words), en: en.unwrap_or_else(|words| words) }),
        }
    }

    pub(super) fn pick(&self, lang: Lang) -> &str {
        lang.pick(&self.es, &self.en)
    }
}

/// Lines of a notice that grows, and how much they matter together.
#[derive(Debug)]
pub(super) struct Said {
    level: Level,
    lines: Vec<Words>,
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

    pub(super) fn add(&mut self, level: Level, words: Words) {
        self.level = self.level.max(level);
        self.lines.push(Words { es: sentence(words.es), en: sentence(words.en) });
    }

    /// Whether something is not as it was wanted.
    pub(super) fn is_bad(&self) -> bool {
        self.level > Level::Info
    }

    /// As a notice, with what goes on at the moment behind it.
    pub(super) fn notice(&self, going_on: Option<&Words>) -> Notice {
        let text = |lang| {
            let lines = self.lines.iter().chain(going_on).map(|words| words.pick(lang));
            lines.collect::<Vec<_>>().join("\n")
        };
        Notice::new(self.level, text(Lang::Es), text(Lang::En))
    }
}
