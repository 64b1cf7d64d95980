//! What is wrong with a configuration, for people (in Spanish or English) and for machines.

use super::{
    file::HIDDEN,
    invisible::Invisible,
    origin::Origin,
    schema::{CONFIG, Schema},
    words,
};
use crate::lang::Text;
use crate::schema::Kind;
use std::{fmt, io, path::PathBuf};

/// One thing that is wrong, and where.
#[derive(Debug)]
pub struct Fault {
    /// Where the wrong value comes from.
    pub(crate) origin: Origin,
    /// The key that it is about, as its path in the file; `None` when it is about a source as a whole.
    pub(crate) key: Option<String>,
    /// What is wrong.
    pub(super) problem: Problem,
    /// An invisible character on its line, which may be all that is wrong.
    pub(super) invisible: Option<Invisible>,
    /// What the source may say.
    schema: &'static Schema,
}

impl Fault {
    /// A fault of a key of the configuration.
    pub(super) fn of(key: &str, origin: Origin, problem: Problem) -> Self {
        Self::in_schema(&CONFIG, key, origin, problem)
    }

    /// A fault of a key of this schema.
    pub(super) fn in_schema(schema: &'static Schema, key: &str, origin: Origin, problem: Problem) -> Self {
        Self { origin, key: Some(key.to_owned()), problem, invisible: None, schema }
    }

    /// A fault of a source as a whole.
    pub(super) fn of_source(origin: Origin, problem: Problem) -> Self {
        Self { origin, key: None, problem, invisible: None, schema: &CONFIG }
    }

    /// A valid value in the notation of the wrong one's layer; `None` when no key is known.
    #[must_use]
    pub(crate) fn example(&self) -> Option<String> {
        if matches!(self.problem, Problem::Elsewhere { .. }) {
            return None;
        }
        let key = self.key.as_deref().and_then(|key| self.schema.find(key))?;
        Some(match &self.origin {
            Origin::File { .. } => self.schema.example(key),
            Origin::Env(name) => format!("{name}={}", key.example),
            Origin::Flag("--set") | Origin::Default => format!("--set '{}={}'", key.path, key.example),
            Origin::Flag(flag) => format!("{flag} '{}'", key.example),
        })
    }

    /// The fault on a line or two, for a person.
    #[must_use]
    pub(crate) fn text(&self) -> Text {
        let key = self.key.as_ref().map(|key| format!("{}: ", key.escape_debug())).unwrap_or_default();
        let example = self.example();
        let (origin, problem) = (self.origin.text(), self.problem());
        Text::both(|lang| {
            let example = example.as_ref().map(|example| format!("\n    {} {example}", words::EXAMPLE.pick(lang)));
            format!("{}: {key}{}{}", origin.pick(lang), problem.pick(lang), example.unwrap_or_default())
        })
    }

    /// What is wrong, without where.
    #[must_use]
    pub(crate) fn problem(&self) -> Text {
        let problem = self.problem.text();
        match self.invisible {
            Some(invisible) => invisible.text().then(&Text::new(". ", ". ")).then(&problem),
            None => problem,
        }
    }
}

/// Everything that is wrong with a configuration, of all layers.
#[derive(Debug)]
pub struct Faults {
    /// What keeps the configuration from being used: one at least, by origin.
    pub(crate) faults: Vec<Fault>,
    /// What does not.
    pub(crate) warnings: Vec<Warning>,
}

impl Faults {
    /// The faults for a person: a heading, and a line or two for each.
    #[must_use]
    pub(crate) fn text(&self) -> Text {
        let heading = words::faults(self.faults.len());
        self.faults.iter().map(Fault::text).fold(heading, |Text { es, en }, fault| {
            let indented = |text: &str| text.replace('\n', "\n  ");
            Text::new(es + "\n  " + &indented(&fault.es), en + "\n  " + &indented(&fault.en))
        })
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().en)
    }
}

impl std::error::Error for Faults {}

/// Something that is probably a mistake, but harmless: it is warned about and otherwise ignored, because a
/// configuration may have been written for a newer version.
#[derive(Debug)]
pub struct Warning {
    /// Its file, line and key.
    pub(crate) origin: Origin,
    /// The key or the environment variable that it is about.
    pub(crate) name: String,
    /// What is noticed.
    pub(crate) notice: Notice,
}

/// What a warning is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// This version does not know the name.
    Unknown {
        /// The name that was probably meant.
        suggestion: Option<String>,
    },
    /// The name belongs into the file beside this one.
    Elsewhere {
        /// That file.
        file: &'static str,
        /// The name of the key there.
        key: &'static str,
        /// Whether this file may be read by people who may not read that one.
        is_secret: bool,
    },
    /// The value is good, but there is an invisible character in it.
    Invisible(Invisible),
    /// The value has no effect while `tls.mode` is what it is.
    Unused {
        /// The modes (of `tls.mode`) that would use it.
        modes: &'static str,
    },
    /// There is no such directory now.
    NotDirectory(PathBuf),
    /// The value has no effect while this key has none.
    UnusedWithout(&'static str),
    /// There is no such file with a password now.
    NoPassword(PathBuf),
    /// What these paths answer is served as it is.
    ShownToAll,
}

impl Warning {
    /// The warning on a line, for a person.
    #[must_use]
    pub(crate) fn text(&self) -> Text {
        let name = self.name.escape_debug();
        let (origin, notice) = (self.origin.text(), self.notice());
        Text::both(|lang| match &self.origin {
            Origin::Env(_) => format!("{name}: {}", notice.pick(lang)),
            _ => format!("{}: {name}: {}", origin.pick(lang), notice.pick(lang)),
        })
    }

    /// What is noticed, without where.
    #[must_use]
    pub(crate) fn notice(&self) -> Text {
        self.notice.text()
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().en)
    }
}

/// What is wrong.
#[derive(Debug)]
pub(super) enum Problem {
    /// The file cannot be read.
    Unreadable(io::Error),
    /// The file is larger than any configuration.
    TooLarge {
        /// The most bytes that are read.
        max: u64,
    },
    /// The file is in UTF-16, as some editors call "Unicode".
    Utf16,
    /// The text is not UTF-8.
    NotUnicode,
    /// The file is not TOML.
    Syntax {
        /// The column, in characters from 1.
        column: usize,
        /// What the parser says, in English.
        message: String,
        /// The line, shortened.
        line: String,
        /// The line as it was probably meant.
        corrected: Option<String>,
    },
    /// The line is not TOML, and belongs into the file beside this one; its text is not repeated.
    Elsewhere {
        /// That file.
        file: &'static str,
        /// The name of the key there.
        key: &'static str,
        /// Whether this file may be read by people who may not read that one.
        is_secret: bool,
    },
    /// The value is not of the kind that the key wants, or out of its range.
    Expected {
        /// What the key wants.
        kind: Kind,
        /// Whether it is about an element of a list rather than the whole.
        element: bool,
        /// What was found, quoted.
        found: String,
    },
    /// A table instead of a value, or the reverse.
    TableExpected,
    /// `--set` names a key that there is not.
    UnknownKey {
        /// The key that was probably meant.
        suggestion: Option<String>,
    },
    /// `--set` without a key or without `=`: what was found, quoted.
    NotAssignment(String),
    /// There is no value, and no default.
    Missing,
    /// The value is required by `tls.mode`.
    RequiredByTls(&'static str),
    /// The value is required by another key, which has one.
    RequiredBy(&'static str),
    /// A cleartext address, which is not allowed.
    HttpNotAllowed {
        /// The key that would allow it.
        unless: &'static str,
    },
    /// The address of a directory where only a web address is of use.
    NotWeb,
    /// There is no address to listen on.
    NoAddress,
    /// The same address is listened on twice.
    RepeatedAddress(std::net::SocketAddr),
    /// The value must be that of another key at most.
    Exceeds {
        /// The other key.
        key: &'static str,
        /// Its value.
        limit: u64,
    },
    /// There is no such file.
    NotFile(PathBuf),
    /// What only a rule of the file itself knows.
    Rule(Text),
}

impl Problem {
    /// A value that is not of a kind; `found` is how it is written.
    pub(super) fn expected(kind: Kind, found: String) -> Self {
        Self::Expected { kind, element: false, found }
    }

    /// The same without what was found.
    pub(super) fn hidden(self) -> Self {
        match self {
            Self::Expected { kind, element, found: _ } => Self::Expected { kind, element, found: HIDDEN.to_owned() },
            other => other,
        }
    }

    /// An element of a list that is not of the list's kind; `found` is how it is written.
    pub(super) fn element(kind: Kind, found: String) -> Self {
        Self::Expected { kind, element: true, found }
    }
}

/// What somebody wrote, short enough for a line and without control characters.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    let visible = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let mut short: String = text.chars().take(LONGEST).map(visible).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}

/// The same, between quotation marks.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", excerpt(text))
}
