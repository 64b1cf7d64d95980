//! The reference of the configuration: a `config.toml` in which every key stands as a comment with its default.

use super::{
    schema::{KEYS, Key},
    wording::describe,
};
use crate::lang::Lang;
use std::fmt::Write as _;

/// A commented `config.toml` with every key, what it is for, what it may be, its default (or, without one, an
/// example) and its environment variable.
#[must_use]
pub fn reference(lang: Lang) -> String {
    let mut text = lang
        .pick(
            "# Configuración de workshop-edge. Quite la # de una línea para cambiar su valor.\n",
            "# Configuration of workshop-edge. Remove the # of a line to change its value.\n",
        )
        .to_owned();
    let mut table = "";
    for key in KEYS {
        let parent = key.path.rsplit_once('.').map_or("", |(parent, _)| parent);
        if parent != table {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n[{parent}]");
            table = parent;
        }
        let _ = write!(text, "{}", entry(key, lang));
    }
    text
}

/// A key of the reference.
fn entry(key: &Key, lang: Lang) -> String {
    let Key { doc_es, doc_en, kind, default, .. } = key;
    let value = default.map_or(lang.pick("ejemplo", "example"), |_| lang.pick("por defecto", "default"));
    format!(
        "\n# {}\n# {}: {}. {}: {}.\n#{} = {}  # {value}\n",
        lang.pick(doc_es, doc_en),
        lang.pick("Valor", "Value"),
        describe(*kind, lang),
        lang.pick("Variable de entorno", "Environment variable"),
        key.env_name(),
        key.name(),
        key.example_toml(),
    )
}
