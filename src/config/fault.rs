//! What is wrong with a configuration, and where: for people (in Spanish or English) and for machines.

use super::{
    invisible::Invisible,
    origin::Origin,
    problem::{Notice, Problem},
    schema::{CONFIG, Schema},
    words,
};
use crate::lang::Text;
use std::fmt;

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
        let place = self.origin.text().map(|origin| format!("{origin}: {key}"));
        let example = self.example();
        let example = example.map(|example| words::EXAMPLE.map(|words| format!("\n    {words} {example}")));
        place.then(&self.problem()).then(&example.unwrap_or_default())
    }

    /// What is wrong, without where.
    #[must_use]
    pub(crate) fn problem(&self) -> Text {
        let problem = self.problem.text();
        match self.invisible {
            Some(invisible) => Text::join([invisible.text(), problem], ". "),
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

impl Warning {
    /// The warning on a line, for a person.
    #[must_use]
    pub(crate) fn text(&self) -> Text {
        let name = self.name.escape_debug();
        let place = match &self.origin {
            Origin::Env(_) => Text::same(format!("{name}: ")),
            origin => origin.text().map(|origin| format!("{origin}: {name}: ")),
        };
        place.then(&self.notice())
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
