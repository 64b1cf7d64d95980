//! The layer of the configuration file: TOML, in UTF-8, with or without a byte order mark, with either line ending.

use super::{
    fault::{Fault, Notice, Problem, Warning, excerpt},
    layers::Layers,
    origin::Origin,
    suggest, value,
};
use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};
use toml::de::{DeTable, DeValue};

/// The most bytes of a configuration file, so that a wrong path (a device, a disk image) cannot fill the memory.
const MAX_BYTES: u64 = 1 << 20;

/// The most mistakes of syntax that are told: an open bracket at the beginning turns every later line into one.
const MAX_SYNTAX_FAULTS: usize = 20;

/// What is told of a secret.
pub(super) const HIDDEN: &str = "•••";

/// How the parser begins to complain about a value that is no TOML; of nothing at all, it says the same.
const UNQUOTED: &str = "string values must be quoted";

/// Reads a file into the layers. A missing file is a fault when it is `required`, and an empty one otherwise.
pub(super) fn read(layers: &mut Layers, path: &Path, required: bool) {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    let problem = match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !required => return,
        Err(error) => Problem::Unreadable(error),
        Ok(length) if length as u64 > MAX_BYTES => Problem::TooLarge { max: MAX_BYTES },
        Ok(_) => return parse(layers, path, &bytes),
    };
    layers.faults.push(Fault::of_source(origin(path, None), problem));
}

/// Where something stands in a file.
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
            let missing = error.span().is_some_and(|span| span.is_empty()) && error.message().starts_with(UNQUOTED);
            let message = if missing { "missing value" } else { error.message() }.to_owned();
            let line_text = if layers.schema.is_secret { HIDDEN.to_owned() } else { walk.excerpt(line) };
            let problem = Problem::Syntax { column: walk.column(byte), message, line: line_text };
            layers.faults.push(whole(problem, Some(line)));
        }
    }
    layers.torn |= !walk.torn.is_empty();
    walk.table(layers, "", document.get_ref());
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

    /// A line, short enough to be told.
    fn excerpt(&self, line: usize) -> String {
        excerpt(self.text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim())
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
            match (schema.find(&path), given.get_ref()) {
                (Some(key), _) => match value::from_toml(key.kind, given) {
                    Ok(value) => layers.put(key, at(name.span().start), value),
                    Err(problems) => {
                        for (span, problem) in problems {
                            if self.torn.contains(&self.line(span.start)) {
                                continue;
                            }
                            let problem = if schema.is_secret { problem.hidden() } else { problem };
                            layers.fault(key, at(span.start), problem);
                        }
                    }
                },
                (None, DeValue::Table(inner)) if schema.is_table(&path) => {
                    self.table(layers, &format!("{path}."), inner);
                }
                (None, _) if schema.is_table(&path) => {
                    layers.faults.push(Fault::in_schema(schema, &path, at(name.span().start), Problem::TableExpected));
                }
                (None, _) => {
                    let notice = Notice::Unknown { suggestion: suggest::key(schema, &path) };
                    layers.warnings.push(Warning { origin: at(name.span().start), name: path, notice });
                }
            }
        }
    }
}
