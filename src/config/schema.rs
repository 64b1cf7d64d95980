//! What a file may say: its keys, and how they are found by their names. The names of the environment variables, the
//! suggestions for a mistyped key, the output of `config show` and the reference in the manual all come from the keys.

use super::{types::Config, value};
use crate::schema::{Key, Section as _};
use std::ffi::OsStr;

/// All that a file may say.
#[derive(Debug)]
pub(crate) struct Schema {
    /// Every key, in the order in which it is shown.
    pub(crate) keys: &'static [Key],
    /// Whether examples name a key with its whole path, for a file without section headings.
    pub(crate) is_flat: bool,
    /// Whether nothing of the file may be repeated to anybody.
    pub(crate) is_secret: bool,
    /// The keys of another file that this one takes, too, exactly as they are there.
    pub(crate) also: Option<&'static Schema>,
    /// The name of the file beside this one, and what that one may say.
    pub(crate) beside: Option<(&'static str, &'static Schema)>,
    /// Names that people try (in lower case, without accents, words joined by `_`), and the key that each means.
    pub(crate) guesses: &'static [(&'static str, &'static str)],
}

/// The schema of the configuration.
pub(super) static CONFIG: Schema = Schema::of(Config::KEYS);

/// The same for a file without section headings.
pub(crate) static CONFIG_FLAT: Schema = Schema { is_flat: true, ..Schema::of(Config::KEYS) };

/// The prefix of the environment variables.
pub(super) const ENV_PREFIX: &str = "WORKSHOP_EDGE_";

impl Key {
    /// The key with this path.
    pub(super) fn find(path: &str) -> Option<&'static Self> {
        CONFIG.find(path)
    }

    /// The key that this environment variable sets.
    pub(super) fn of_env(name: &str) -> Option<&'static Self> {
        Config::KEYS.iter().find(|key| key.env_name() == name)
    }

    /// The environment variable that sets this key.
    pub(super) fn env_name(&self) -> String {
        format!("{ENV_PREFIX}{}", self.path.replace('.', "_").to_uppercase())
    }

    /// The example as the file has it.
    #[must_use]
    pub(crate) fn example_toml(&self) -> String {
        // A test holds every example to its kind.
        value::from_text(self.kind, OsStr::new(self.example)).map(|value| value.to_toml()).unwrap_or_default()
    }

    /// The default as the file has it, or without one the example.
    #[must_use]
    pub(crate) fn initial_toml(&self) -> String {
        let text = self.default.unwrap_or(self.example);
        value::from_text(self.kind, OsStr::new(text)).map(|value| value.to_toml()).unwrap_or_default()
    }

    /// The last part of the path: the name inside its table.
    pub(super) fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }
}

impl Schema {
    /// A file of these keys alone, in sections.
    #[must_use]
    pub(crate) const fn of(keys: &'static [Key]) -> Self {
        Self { keys, is_flat: false, is_secret: false, also: None, beside: None, guesses: &[] }
    }

    /// Its own keys, and those of another file that it takes.
    pub(super) fn all_keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.keys.iter().chain(self.also.map_or(&[][..], |also| also.keys))
    }

    /// The key with this path.
    #[must_use]
    pub(crate) fn find(&self, path: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.path == path)
    }

    /// The key that a guessed name means, whatever section it is in.
    pub(super) fn guess(&self, path: &str) -> Option<&'static str> {
        let last = plain(path.rsplit('.').next().unwrap_or(path));
        self.guesses.iter().find(|(name, _)| *name == last || *name == plain(path)).map(|(_, meant)| *meant)
    }

    /// Where a name belongs that is a key of the file beside this one, or a guess at one: the file, the key there, and
    /// whether that file is secret.
    pub(super) fn elsewhere(&self, name: &str) -> Option<(&'static str, &'static str, bool)> {
        let (file, schema) = self.beside?;
        if self.all_keys().any(|key| key.path == name) {
            return None;
        }
        let key = schema.find(name).map(|key| key.path).or_else(|| schema.guess(name))?;
        Some((file, key, schema.is_secret))
    }

    /// Whether this path is that of a table.
    pub(super) fn is_table(&self, path: &str) -> bool {
        self.tables().any(|table| table == path)
    }

    /// The paths of the tables (of some more than once).
    pub(super) fn tables(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.all_keys().flat_map(|key| key.path.match_indices('.').filter_map(|(end, _)| key.path.get(..end)))
    }

    /// How a valid value of this key is written in the file.
    pub(super) fn example(&self, key: &Key) -> String {
        let name = if self.is_flat { key.path } else { key.name() };
        format!("{name} = {}", key.example_toml())
    }
}

/// In lower case, without the accents of Spanish, and with one sign between words.
fn plain(name: &str) -> String {
    name.chars()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'á' => 'a',
            'é' => 'e',
            'í' => 'i',
            'ó' => 'o',
            'ú' | 'ü' => 'u',
            'ñ' => 'n',
            '-' | ' ' => '_',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_path_and_variable_is_unique_and_documented_in_both_languages() {
        let paths: HashSet<_> = Config::KEYS.iter().map(|key| key.path).collect();
        let variables: HashSet<_> = Config::KEYS.iter().map(Key::env_name).collect();
        assert_eq!(paths.len(), Config::KEYS.len());
        assert_eq!(variables.len(), Config::KEYS.len());
        for key in Config::KEYS {
            assert!(key.doc.es.ends_with('.') && key.doc.en.ends_with('.'), "{}", key.path);
            assert_ne!(key.doc.es, key.doc.en, "{}", key.path);
            assert!(!CONFIG.is_table(key.path), "{}", key.path);
            assert!(!key.example_toml().is_empty(), "{}", key.path);
            if let Some(default) = key.default {
                assert!(value::from_text(key.kind, OsStr::new(default)).is_ok(), "{}", key.path);
            }
            assert_eq!(Key::of_env(&key.env_name()).map(|found| found.path), Some(key.path));
        }
    }

    #[test]
    fn the_variable_of_a_key_is_its_path_in_capitals() {
        let name = Key::find("limits.connections_per_peer").map(Key::env_name);
        assert_eq!(name.as_deref(), Some("WORKSHOP_EDGE_LIMITS_CONNECTIONS_PER_PEER"));
    }
}
