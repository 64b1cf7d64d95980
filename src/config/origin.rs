//! Where a value comes from, so that a wrong one can be found.

use super::words;
use crate::lang::Text;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// Nobody gave one.
    Default,
    /// The configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1; `None` when it is about the file as a whole.
        line: Option<usize>,
    },
    /// An environment variable, by name.
    Env(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl Origin {
    /// The origin without the line: a path, the name of a variable, a flag, or `default`.
    #[must_use]
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Default => "default".to_owned(),
            Self::File { path, .. } => path.display().to_string(),
            Self::Env(name) => name.escape_debug().to_string(),
            Self::Flag(flag) => (*flag).to_owned(),
        }
    }

    /// The origin for a person.
    #[must_use]
    pub(crate) fn text(&self) -> Text {
        match (self, self.line()) {
            (Self::Default, _) => words::BY_DEFAULT.into(),
            (_, Some(line)) => Text::same(format!("{}:{line}", self.name())),
            (_, None) => Text::same(self.name()),
        }
    }

    /// The line of the file, from 1.
    #[must_use]
    pub(crate) const fn line(&self) -> Option<usize> {
        match self {
            Self::File { line, .. } => *line,
            _ => None,
        }
    }
}
