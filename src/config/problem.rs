//! What can be wrong with a configuration, and what can be noticed, apart from where.

use super::invisible::Invisible;
use crate::lang::Text;
use crate::schema::Kind;
use std::{io, path::PathBuf};

/// What is shown for a secret.
pub(super) const HIDDEN: &str = "•••";

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
    /// The value keeps the program from the pages that this key adds to them.
    StopsAgent(&'static str),
    /// The file is there, but cannot be used as it is now.
    Unusable(Text),
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
