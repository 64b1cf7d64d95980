//! A file of keys by itself: no environment and no flags stand over it, and nothing but its own defaults below.

use super::{
    check,
    fault::{Fault, Problem, Warning},
    file,
    layers::Layers,
    origin::Origin,
    schema::Schema,
};
use crate::schema::{Key, Value};
use std::ffi::OsStr;
use std::path::Path;

/// A file that has been read, with all that is wrong with it so far.
pub(crate) struct Document(Layers);

impl Document {
    /// Reads what a file holds; `name` is what it is called in messages. UTF-16 with a byte order mark, as some editors
    /// save "Unicode", is read too.
    #[must_use]
    pub(crate) fn parse(schema: &'static Schema, name: &str, bytes: &[u8]) -> Self {
        let mut layers = Layers::of(schema);
        layers.schema_defaults();
        let decoded = utf16(bytes);
        file::parse(&mut layers, Path::new(name), decoded.as_ref().map_or(bytes, String::as_bytes));
        Self(layers)
    }

    /// The text of a file, as [`Document::parse`] reads it; `None` when it is none.
    #[must_use]
    pub(crate) fn text_of(bytes: &[u8]) -> Option<String> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        utf16(bytes).or_else(|| String::from_utf8(bytes.to_owned()).ok())
    }

    /// Stands in for a file that is known only to be too large.
    #[must_use]
    pub(crate) fn too_large(schema: &'static Schema, name: &str, max: u64) -> Self {
        let mut layers = Layers::of(schema);
        let origin = Origin::File { path: name.into(), line: None };
        layers.faults.push(Fault::of_source(origin, Problem::TooLarge { max }));
        Self(layers)
    }

    /// Gives a key of the other file the value that it has here whenever nobody gives it one.
    pub(crate) fn preset(&mut self, key: &str, text: &str) {
        let Some(also) = &mut self.0.also else { return };
        if let Some(known) = also.schema.find(key).filter(|key| !also.is_given(key)) {
            also.text(known, Origin::Default, OsStr::new(text));
        }
    }

    /// Holds the keys of the configuration that this file takes against each other and the file system, as
    /// [`super::load`] does.
    pub(crate) fn check_configuration(&mut self) {
        if let Some(also) = self.0.also.as_deref_mut().filter(|_| !self.0.torn) {
            check::check(also);
        }
    }

    /// The keys of the configuration that the file gives, each with its value in TOML.
    #[must_use]
    pub(crate) fn configuration(&self) -> Vec<(&'static str, String)> {
        let Some(also) = &self.0.also else { return Vec::new() };
        let given = also.schema.keys.iter().filter(|key| also.is_given(key));
        given.filter_map(|key| Some((key.path, also.get(key)?.0.to_toml()))).collect()
    }

    /// A key, and those that have it.
    fn find(&self, key: &str) -> Option<(&Layers, &'static Key)> {
        let own = self.0.schema.find(key).map(|key| (&self.0, key));
        own.or_else(|| self.0.also.as_deref().and_then(|also| Some((also, also.schema.find(key)?))))
    }

    /// What a key has, and where.
    fn get(&self, key: &str) -> Option<(&Value, &Origin)> {
        let (layers, key) = self.find(key)?;
        layers.get(key)
    }

    /// The text of a key, unless it is absent or wrong.
    #[must_use]
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            (Value::Text(text), _) => Some(text),
            _ => None,
        }
    }

    /// The list of a key: empty where it is absent or wrong.
    #[must_use]
    pub(crate) fn list(&self, key: &str) -> Vec<String> {
        match self.get(key) {
            Some((Value::Names(list), _)) => list.clone(),
            _ => Vec::new(),
        }
    }

    /// Whether a key is `true`.
    #[must_use]
    pub(crate) fn is_true(&self, key: &str) -> bool {
        matches!(self.get(key), Some((Value::Bool(true), _)))
    }

    /// The whole number of a key.
    #[must_use]
    pub(crate) fn integer<T: TryFrom<u64>>(&self, key: &str) -> Option<T> {
        match self.get(key)? {
            (Value::Integer(integer), _) => T::try_from(*integer).ok(),
            _ => None,
        }
    }

    /// Whether the file gives this key a right value.
    #[must_use]
    pub(crate) fn is_given(&self, key: &str) -> bool {
        self.find(key).is_some_and(|(layers, key)| layers.is_given(key))
    }

    /// Whether this key has been found wrong, or cannot be known.
    #[must_use]
    pub(crate) fn is_wrong(&self, key: &str) -> bool {
        self.0.torn || self.find(key).is_some_and(|(layers, key)| layers.get(key).is_none() && !layers.is_absent(key))
    }

    /// What is wrong with a key in the light of others, in Spanish and English; said where the key stands.
    pub(crate) fn rule(&mut self, key: &'static str, es: impl Into<String>, en: impl Into<String>) {
        let origin = self.get(key).map_or(Origin::Default, |(_, origin)| origin.clone());
        let problem = Problem::Rule { es: es.into(), en: en.into() };
        self.0.faults.push(Fault::in_schema(self.0.schema, key, origin, problem));
    }

    /// What is wrong, in the order of the file, and what is probably a mistake.
    #[must_use]
    pub(crate) fn findings(self) -> (Vec<Fault>, Vec<Warning>) {
        let Layers { mut faults, mut warnings, also, .. } = self.0;
        if let Some(also) = also {
            faults.extend(also.faults);
            warnings.extend(also.warnings);
        }
        faults.sort_by(|a, b| a.origin.cmp(&b.origin));
        warnings.sort_by(|a, b| a.origin.cmp(&b.origin));
        (faults, warnings)
    }
}

/// The text of a file in UTF-16. Of a damaged one, the damage is marked and will be told as what it breaks.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (rest, unit): (_, fn([u8; 2]) -> u16) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => (rest, u16::from_be_bytes),
        _ => return None,
    };
    let units = rest.chunks(2).map(|pair| match pair {
        [a, b] => unit([*a, *b]),
        _ => 0xFFFD,
    });
    Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}
