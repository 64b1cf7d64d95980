//! A file of keys by itself: no environment and no flags override it; below it there are only its own defaults.

use super::{
    check,
    fault::{Fault, Warning},
    file,
    layers::Layers,
    origin::Origin,
    problem::Problem,
    schema::Schema,
};
use crate::lang::Text;
use crate::schema::{FromValue, Key, Section, Setting, Value, Values};
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
    pub(crate) fn preset(&mut self, key: &Key, text: &str) {
        if let Some(also) = self.0.also.as_mut().filter(|also| !also.is_given(key)) {
            also.text(key, Origin::Default, OsStr::new(text));
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

    /// What has this key: the file's own keys, or those of the other file.
    fn layers(&self, key: &Key) -> &Layers {
        let own = self.0.schema.find(key.path).map(|_| &self.0);
        own.or(self.0.also.as_deref()).unwrap_or(&self.0)
    }

    /// The settings of these keys, if none of them that has to be there is absent or wrong.
    pub(crate) fn read<S: Section>(&self) -> Option<S> {
        S::read(self).ok()
    }

    /// The value of a key, unless it is absent or wrong.
    pub(crate) fn get<T: FromValue>(&self, setting: &Setting<T>) -> Option<T> {
        T::from_value(self.value(&setting.key)?)
    }

    /// Whether the file gives this key a right value.
    #[must_use]
    pub(crate) fn is_given(&self, key: &Key) -> bool {
        self.layers(key).is_given(key)
    }

    /// Whether this key has been found wrong, or cannot be known.
    #[must_use]
    pub(crate) fn is_wrong(&self, key: &Key) -> bool {
        let layers = self.layers(key);
        self.0.torn || layers.get(key).is_none() && !layers.is_absent(key)
    }

    /// A fault of a key in view of others, in Spanish and English; reported at the key's line.
    pub(crate) fn rule(&mut self, key: &Key, es: impl Into<String>, en: impl Into<String>) {
        let origin = self.layers(key).get(key).map_or(Origin::Default, |(_, origin)| origin.clone());
        let problem = Problem::Rule(Text::new(es, en));
        self.0.faults.push(Fault::in_schema(self.0.schema, key.path, origin, problem));
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

impl Values for Document {
    fn value(&self, key: &Key) -> Option<&Value> {
        self.layers(key).value(key)
    }
}

/// The text of a file in UTF-16. Damaged units become U+FFFD and are reported as the faults that they cause.
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
