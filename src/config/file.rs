//! The layer of the configuration file: TOML, in UTF-8, with or without a byte order mark, with either line ending.

use super::{
    correction::{assignment, corrected},
    fault::{Fault, Warning},
    invisible::Invisible,
    layers::Layers,
    origin::Origin,
    problem::{HIDDEN, Notice, Problem, excerpt},
    schema::Schema,
    suggest, value,
};
use crate::bounded_read::read_bounded;
use crate::schema::Key;
use std::{
    collections::BTreeSet,
    io::ErrorKind,
    path::{Path, PathBuf},
};
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

/// The most bytes of a configuration file, so that a wrong path (a device, a disk image) cannot fill the memory.
const MAX_BYTES: u64 = 1 << 20;

/// Maximum syntax errors reported: an open bracket at the beginning turns every later line into one.
const MAX_SYNTAX_FAULTS: usize = 20;

/// How the parser begins to complain about a value that is no TOML; of nothing at all, it says the same.
const UNQUOTED: &str = "string values must be quoted";

/// Reads a file into the layers. A missing file is a fault when it is `required`, and an empty one otherwise.
pub(super) fn read(layers: &mut Layers, path: &Path, required: bool) {
    let problem = match read_bounded(path, MAX_BYTES) {
        Err(error) if error.kind() == ErrorKind::NotFound && !required => return,
        Err(error) if error.kind() == ErrorKind::FileTooLarge => Problem::TooLarge { max: MAX_BYTES },
        Err(error) => Problem::Unreadable(error),
        Ok(bytes) => return parse(layers, path, &bytes),
    };
    layers.faults.push(Fault::of_source(origin(path, None), problem));
}

/// A position in a file.
fn origin(path: &Path, line: Option<usize>) -> Origin {
    Origin::File { path: path.to_owned(), line }
}

/// Puts a file's values into the layers.
pub(super) fn parse(layers: &mut Layers, path: &Path, bytes: &[u8]) {
    let whole = |problem, line| Fault::of_source(origin(path, line), problem);
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        layers.faults.push(whole(Problem::Utf16, None));
        return;
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            layers.faults.push(whole(Problem::NotUnicode, Some(lines(good).len())));
            return;
        }
    };
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut walk = Walk { path: path.to_owned(), text, lines: lines(bytes), torn: BTreeSet::new() };
    for error in errors {
        let byte = error.span().map_or(0, |span| span.start);
        let line = walk.line(byte);
        // The first mistake of a line makes the parser stumble over the rest of it.
        if walk.torn.insert(line) && walk.torn.len() <= MAX_SYNTAX_FAULTS {
            let mut fault = whole(walk.syntax(layers.schema, line, &error), Some(line));
            fault.invisible = walk.invisible(line);
            layers.faults.push(fault);
        }
    }
    layers.torn |= !walk.torn.is_empty();
    walk.table(layers, "", document.get_ref());
}

/// Whether a value lacks its quotation marks, as its correction shows.
fn is_unquoted(value: &str, corrected: &str) -> bool {
    !value.starts_with(['"', '\'']) && assignment(corrected).is_some_and(|(_, value)| value.starts_with('"'))
}

impl Schema {
    /// Whether a line of the file holds what must not be shown to anybody.
    #[must_use]
    pub(crate) fn holds_secret(&self, line: &str) -> bool {
        let belongs_elsewhere = || self.elsewhere(assignment(line)?.0);
        self.is_secret || belongs_elsewhere().is_some_and(|(.., is_secret)| is_secret)
    }
}

/// Where every line starts.
fn lines(bytes: &[u8]) -> Vec<usize> {
    let after = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(after).collect()
}

/// A walk through the tables of a document.
struct Walk<'t> {
    path: PathBuf,
    text: &'t str,
    /// Where every line of the text starts.
    lines: Vec<usize>,
    /// The lines that are not TOML: what the parser made of them counts for nothing.
    torn: BTreeSet<usize>,
}

impl Walk<'_> {
    /// The line of a byte, from 1.
    fn line(&self, byte: usize) -> usize {
        self.lines.partition_point(|start| *start <= byte)
    }

    /// The column of a byte, in characters from 1.
    fn column(&self, byte: usize) -> usize {
        let start = self.lines.get(self.line(byte).saturating_sub(1)).copied().unwrap_or_default();
        let before = self.text.get(start..byte).unwrap_or_default();
        // The end of a line is one place, also where it is two characters.
        before.trim_end_matches('\r').chars().count() + 1
    }

    /// A line by its number.
    fn text_of(&self, line: usize) -> &str {
        self.text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim()
    }

    /// An invisible character of a line, outside of its comment.
    fn invisible(&self, line: usize) -> Option<Invisible> {
        Invisible::of_line(self.text_of(line))
    }

    /// The path of the section that contains a line, with a trailing dot, or empty.
    fn section(&self, line: usize) -> String {
        let before = self.text.lines().take(line.saturating_sub(1));
        let heading = before.filter_map(|line| line.trim().strip_prefix('[')?.split(']').next()).last();
        heading.map(|heading| format!("{}.", heading.trim())).unwrap_or_default()
    }

    /// What the parser could not read on a line.
    fn syntax(&self, schema: &'static Schema, line: usize, error: &toml::de::Error) -> Problem {
        let text = self.text_of(line);
        if let Some((file, key, is_secret)) = assignment(text).and_then(|(name, _)| schema.elsewhere(name)) {
            return Problem::Elsewhere { file, key, is_secret };
        }
        let span = error.span().unwrap_or_default();
        let column = self.column(span.start);
        let is_missing = error.message().starts_with(UNQUOTED) && span.is_empty();
        let message = if is_missing { "missing value" } else { error.message() };
        if schema.is_secret {
            return Problem::Syntax { column, message: message.to_owned(), line: HIDDEN.to_owned(), corrected: None };
        }
        let is_repeated = message.starts_with("duplicate key");
        let corrected = corrected(schema, &self.section(line), text).filter(|line| !is_repeated && line != text);
        let message = match (assignment(text), &corrected) {
            (Some((_, value)), Some(corrected)) if is_unquoted(value, corrected) => UNQUOTED,
            _ => message,
        };
        Problem::Syntax { column, message: message.to_owned(), line: excerpt(text), corrected }
    }

    /// Takes what a table holds; `prefix` is its path with a dot at the end, or nothing.
    fn table(&self, layers: &mut Layers, prefix: &str, table: &DeTable<'_>) {
        let schema = layers.schema;
        for (name, given) in table {
            let at = |byte| origin(&self.path, Some(self.line(byte)));
            if self.torn.contains(&self.line(name.span().start)) {
                continue;
            }
            let path = format!("{prefix}{}", name.get_ref());
            let of_another = schema.also.filter(|_| schema.find(&path).is_none()).and_then(|also| also.find(&path));
            match (schema.find(&path), of_another, given.get_ref()) {
                (Some(key), ..) => self.value(layers, key, name, given),
                (None, Some(key), _) => {
                    if let Some(also) = &mut layers.also {
                        self.value(also, key, name, given);
                    }
                }
                (None, None, DeValue::Table(inner)) if schema.is_table(&path) => {
                    self.table(layers, &format!("{path}."), inner);
                }
                (None, None, _) if schema.is_table(&path) && schema.guess(&path).is_none() => {
                    layers.faults.push(Fault::in_schema(schema, &path, at(name.span().start), Problem::TableExpected));
                }
                (None, None, _) => {
                    let notice = match schema.elsewhere(&path) {
                        Some((file, key, is_secret)) => Notice::Elsewhere { file, key, is_secret },
                        None => Notice::Unknown { suggestion: suggest::key(schema, &path) },
                    };
                    layers.warnings.push(Warning { origin: at(name.span().start), name: path, notice });
                }
            }
        }
    }

    /// Takes the value of a key.
    fn value(&self, layers: &mut Layers, key: &Key, name: &Spanned<DeString<'_>>, given: &Spanned<DeValue<'_>>) {
        let is_secret = layers.schema.is_secret;
        let at = |byte| origin(&self.path, Some(self.line(byte)));
        let start = name.span().start;
        match value::from_toml(key.kind, given) {
            Ok(value) => {
                let invisible =
                    value.text().filter(|_| !is_secret).and_then(|text| text.chars().find_map(Invisible::of));
                if let Some(invisible) = invisible {
                    let notice = Notice::Invisible(invisible);
                    layers.warnings.push(Warning { origin: at(start), name: key.path.to_owned(), notice });
                }
                layers.put(key, at(start), value);
            }
            Err(problems) => {
                for (span, problem) in problems {
                    let line = self.line(span.start);
                    if self.torn.contains(&line) {
                        continue;
                    }
                    let problem = if is_secret { problem.hidden() } else { problem };
                    layers.fault(key, at(span.start), problem);
                    if let Some(fault) = layers.faults.last_mut() {
                        fault.invisible = self.invisible(line);
                    }
                }
            }
        }
    }
}
