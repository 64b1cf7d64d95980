//! A key, alone and with the type of its value.

use std::marker::PhantomData;

use super::kind::{Kind, ValueType};
use super::value::{FromValue, Value};
use crate::lang::Text;

/// A key of the configuration, or of another file that is read like it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// Its path in the file: tables and name, joined by dots.
    pub(crate) path: &'static str,
    /// What its value is.
    pub(crate) kind: Kind,
    /// The value when no layer gives one, written as in an environment variable; `None` when there is none.
    pub(crate) default: Option<&'static str>,
    /// A valid value, written as in an environment variable.
    pub(crate) example: &'static str,
    /// What it is for.
    pub(crate) doc: Text<&'static str>,
}

/// A key whose value is read as a `T`.
pub(crate) struct Setting<T> {
    pub(crate) key: Key,
    value: PhantomData<fn() -> T>,
}

/// The values that were found, by key; not those of which something is wrong.
pub(crate) trait Values {
    fn value(&self, key: &Key) -> Option<&Value>;
}

/// The path of a key that has no value, and needs one.
#[derive(Debug)]
pub(crate) struct Missing(pub(crate) &'static str);

/// The settings of a room, or a part of them.
pub(crate) trait Section: Sized {
    /// Its keys, in the order in which they are shown.
    const KEYS: &'static [Key];

    fn read(values: &dyn Values) -> Result<Self, Missing>;
}

impl Key {
    pub(crate) const fn count(mut sections: &[&[Self]]) -> usize {
        let mut count = 0;
        while let [section, rest @ ..] = sections {
            count += section.len();
            sections = rest;
        }
        count
    }
}

/// All keys of these sections: `N` is their number.
#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which an index outside would stop")]
pub(crate) const fn concat<const N: usize>(sections: &[&[Key]]) -> [Key; N] {
    const NONE: Key = Key { path: "", kind: Kind::Bool, default: None, example: "", doc: Text::fixed("", "") };
    let mut keys = [NONE; N];
    let (mut section, mut at, mut next) = (0, 0, 0);
    while section < sections.len() {
        if at < sections[section].len() {
            keys[next] = sections[section][at];
            at += 1;
            next += 1;
        } else {
            section += 1;
            at = 0;
        }
    }
    keys
}

/// A key with a default, which is its example.
pub(crate) const fn key<T>(
    path: &'static str,
    value: ValueType<T>,
    default: &'static str,
    es: &'static str,
    en: &'static str,
) -> Setting<T> {
    let key = Key { path, kind: value.kind(), default: Some(default), example: default, doc: Text::fixed(es, en) };
    Setting { key, value: PhantomData }
}

/// A key without a default.
pub(crate) const fn optional<T>(
    path: &'static str,
    value: ValueType<T>,
    example: &'static str,
    es: &'static str,
    en: &'static str,
) -> Setting<Option<T>> {
    let key = Key { path, kind: value.kind(), default: None, example, doc: Text::fixed(es, en) };
    Setting { key, value: PhantomData }
}

impl<T> Setting<Option<T>> {
    /// One that has a value all the same, by what is found when the program runs.
    pub(crate) const fn required(self) -> Setting<T> {
        Setting { key: self.key, value: PhantomData }
    }
}

/// The same key in a file for other readers.
impl<T> Setting<T> {
    pub(crate) const fn named(self, path: &'static str) -> Self {
        Self { key: Key { path, ..self.key }, value: PhantomData }
    }

    pub(crate) const fn described(self, es: &'static str, en: &'static str) -> Self {
        Self { key: Key { doc: Text::fixed(es, en), ..self.key }, value: PhantomData }
    }

    pub(crate) const fn with_example(self, example: &'static str) -> Self {
        Self { key: Key { example, ..self.key }, value: PhantomData }
    }

    pub(crate) const fn without_default(self) -> Setting<Option<T>> {
        Setting { key: Key { default: None, ..self.key }, value: PhantomData }
    }
}

impl<T: FromValue> Setting<T> {
    /// Its value.
    pub(crate) fn read(&self, values: &dyn Values) -> Result<T, Missing> {
        let value = values.value(&self.key).map_or_else(T::absent, T::from_value);
        value.ok_or(Missing(self.key.path))
    }
}
