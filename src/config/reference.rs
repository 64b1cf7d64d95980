//! The reference of the configuration: a `config.toml` with every key as a comment, with its default.

use super::{schema::CONFIG, words};
use crate::lang::{Lang, Text};
use crate::schema::Key;
use std::fmt::Write as _;

/// A commented `config.toml` with every key, what it is for, what it may be, its default (or, without one, an
/// example) and its environment variable; the comments are in each of these languages, in this order.
#[must_use]
pub(crate) fn reference(langs: &[Lang]) -> String {
    let mut text = String::new();
    for lang in langs {
        text += words::REFERENCE_HEADING.pick(*lang);
    }
    let mut table = "";
    for key in CONFIG.keys {
        let parent = key.path.rsplit_once('.').map_or("", |(parent, _)| parent);
        if parent != table {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n[{parent}]");
            table = parent;
        }
        let _ = write!(text, "{}", entry(key, langs));
    }
    text
}

/// A key of the reference.
fn entry(key: &Key, langs: &[Lang]) -> String {
    let comment = comment(key);
    let comments: String = langs.iter().map(|lang| comment.pick(*lang)).collect();
    let value = langs.iter().map(|lang| match key.default {
        Some(_) => words::BY_DEFAULT.pick(*lang),
        None => words::REFERENCE_EXAMPLE.pick(*lang),
    });
    let value = value.collect::<Vec<_>>().join(" / ");
    format!("\n{comments}#{} = {}  # {value}\n", key.name(), key.example_toml())
}

/// What a key is for and what it may be, as comments.
fn comment(key: &Key) -> Text {
    let (kind, variable) = (words::describe(key.kind), key.env_name());
    let parts = [
        key.doc.map(|doc| format!("# {doc}\n")),
        words::REFERENCE_VALUE.map(|value| format!("# {value}: ")),
        kind,
        words::REFERENCE_VARIABLE.map(|name| format!(". {name}: {variable}.\n")),
    ];
    Text::join(parts, "")
}
