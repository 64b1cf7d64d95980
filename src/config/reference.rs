//! The reference of the configuration: a `config.toml` with every key as a comment, with its default.

use super::{schema::CONFIG, wording::describe};
use crate::lang::Lang;
use crate::schema::Key;
use std::fmt::Write as _;

/// A commented `config.toml` with every key, what it is for, what it may be, its default (or, without one, an
/// example) and its environment variable; the comments are in each of these languages, in this order.
#[must_use]
pub(crate) fn reference(langs: &[Lang]) -> String {
    let mut text = String::new();
    for lang in langs {
        text += lang.pick(
            "# Configuración de workshop-edge. Quite la # de una línea para cambiar su valor.\n",
            "# Configuration of workshop-edge. Remove the # of a line to change its value.\n",
        );
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
    let comments: String = langs.iter().map(|lang| comment(key, *lang)).collect();
    let value = langs.iter().map(|lang| match key.default {
        Some(_) => lang.pick("por defecto", "default"),
        None => lang.pick("ejemplo", "example"),
    });
    let value = value.collect::<Vec<_>>().join(" / ");
    format!("\n{comments}#{} = {}  # {value}\n", key.name(), key.example_toml())
}

/// What a key is for and what it may be, as comments.
fn comment(key: &Key, lang: Lang) -> String {
    let Key { doc, kind, .. } = key;
    format!(
        "# {}\n# {}: {}. {}: {}.\n",
        doc.pick(lang),
        lang.pick("Valor", "Value"),
        describe(*kind, lang),
        lang.pick("Variable de entorno", "Environment variable"),
        key.env_name(),
    )
}
