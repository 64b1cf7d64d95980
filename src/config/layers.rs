//! The layers, one over the other: each gives values with their origin, and every fault of every layer is kept.

use super::{
    fault::{Fault, Warning},
    origin::Origin,
    problem::{Notice, Problem, quoted},
    schema::{CONFIG, ENV_PREFIX, Schema},
    source::{Overrides, Sources},
    suggest,
    types::Config,
    value,
};
use crate::http::Listen;
use crate::schema::{FromValue, Key, Setting, Value, Values};
use crate::site;
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
};

/// What the build script gives the compiler; cargo gives it to the programs that it runs, too.
const OF_THE_BUILD: &[&str] = &[
    "WORKSHOP_EDGE_BUILD_EPOCH",
    "WORKSHOP_EDGE_COMMIT",
    "WORKSHOP_EDGE_DIST",
    "WORKSHOP_EDGE_TARGET",
    "WORKSHOP_EDGE_VERSION",
];

/// What the layers gave so far.
pub(super) struct Layers {
    /// What they may say.
    pub(super) schema: &'static Schema,
    /// The value that counts of each key that has one.
    values: BTreeMap<&'static str, (Value, Origin)>,
    /// The keys whose last value was wrong: nothing can be said about them with respect to others.
    broken: BTreeSet<&'static str>,
    /// Whether the file is torn by mistakes of syntax, so that an absent value may only be an unread one.
    pub(super) torn: bool,
    /// Those of the keys that are another file's.
    pub(super) also: Option<Box<Layers>>,
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<Warning>,
}

/// Those of the configuration, with nothing in them.
impl Default for Layers {
    fn default() -> Self {
        Self::of(&CONFIG)
    }
}

impl Layers {
    /// Nothing yet, of what this schema has.
    pub(super) fn of(schema: &'static Schema) -> Self {
        Self {
            schema,
            values: BTreeMap::new(),
            broken: BTreeSet::new(),
            torn: false,
            also: schema.also.map(|also| Box::new(Self::of(also))),
            faults: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The values of the schema that hold when nobody gives any.
    pub(super) fn schema_defaults(&mut self) {
        for key in self.schema.keys {
            if let Some(default) = key.default {
                self.text(key, Origin::Default, OsStr::new(default));
            }
        }
        if let Some(also) = &mut self.also {
            also.schema_defaults();
        }
    }

    /// The values that hold when nobody gives any, on this box.
    pub(super) fn defaults(&mut self, sources: &Sources) {
        self.schema_defaults();
        if let Some(dir) = sources.default_data_dir() {
            self.put(&Config::data_dir().key, Origin::Default, Value::Path(dir));
        }
    }

    /// The variables with our prefix.
    pub(super) fn environment(&mut self, env: &[(OsString, OsString)]) {
        for (name, value) in env {
            let name = name.to_string_lossy();
            if !name.starts_with(ENV_PREFIX) || OF_THE_BUILD.contains(&name.as_ref()) {
                continue;
            }
            let origin = Origin::Env(name.to_string());
            let Some(key) = Key::of_env(&name) else {
                let notice = Notice::Unknown { suggestion: suggest::variable(&name) };
                self.warnings.push(Warning { origin, name: name.into_owned(), notice });
                continue;
            };
            self.text(key, origin, value);
        }
    }

    /// The command line.
    pub(super) fn flags(&mut self, flags: &Overrides) {
        let listen = (!flags.listen.is_empty()).then(|| flags.listen.join(OsStr::new(",")));
        for (flag, key, value) in [
            ("--data-dir", Config::data_dir().key, flags.data_dir.as_deref()),
            ("--listen", Listen::http().key, listen.as_deref()),
            ("--site", site::Settings::dir().key, flags.site.as_deref()),
        ] {
            if let Some(value) = value {
                self.text(&key, Origin::Flag(flag), value);
            }
        }
        for assignment in &flags.set {
            self.assignment(assignment);
        }
    }

    /// One `KEY=VALUE`.
    fn assignment(&mut self, assignment: &OsStr) {
        let origin = Origin::Flag("--set");
        // The bytes of an OsStr may only be taken apart as text, and no value here needs more than text.
        let found = assignment.to_string_lossy();
        let Some((path, value)) = found.split_once('=').map(|(path, value)| (path.trim(), value)) else {
            self.faults.push(Fault::of_source(origin, Problem::NotAssignment(quoted(&found))));
            return;
        };
        match Key::find(path) {
            Some(key) if assignment.to_str().is_none() => self.fault(key, origin, Problem::NotUnicode),
            Some(key) => self.text(key, origin, OsStr::new(value)),
            None if CONFIG.is_table(path) => self.faults.push(Fault::of(path, origin, Problem::TableExpected)),
            None => {
                let problem = Problem::UnknownKey { suggestion: suggest::key(&CONFIG, path) };
                self.faults.push(Fault::of(path, origin, problem));
            }
        }
    }

    /// A value as text.
    pub(super) fn text(&mut self, key: &Key, origin: Origin, text: &OsStr) {
        match value::from_text(key.kind, text) {
            Ok(value) => self.put(key, origin, value),
            Err(problems) => {
                for problem in problems {
                    self.fault(key, origin.clone(), problem);
                }
            }
        }
    }

    /// A good value: it takes the place of that of the layers below.
    pub(super) fn put(&mut self, key: &Key, origin: Origin, value: Value) {
        self.broken.remove(key.path);
        self.values.insert(key.path, (value, origin));
    }

    /// A wrong value.
    pub(super) fn fault(&mut self, key: &Key, origin: Origin, problem: Problem) {
        self.broken.insert(key.path);
        self.faults.push(Fault::in_schema(self.schema, key.path, origin, problem));
    }

    /// Whether a value of this key would be given by somebody: a right one, in a file, a variable or a flag.
    pub(super) fn is_given(&self, key: &Key) -> bool {
        self.get(key).is_some_and(|(_, origin)| *origin != Origin::Default)
    }

    /// The value of a key and its origin, unless it is absent or wrong.
    pub(super) fn get(&self, key: &Key) -> Option<(&Value, &Origin)> {
        if self.broken.contains(key.path) {
            return None;
        }
        self.values.get(key.path).map(|(value, origin)| (value, origin))
    }

    /// The same, as the room takes it.
    pub(super) fn setting<T: FromValue>(&self, setting: &Setting<T>) -> Option<(T, Origin)> {
        let (value, origin) = self.get(&setting.key)?;
        Some((T::from_value(value)?, origin.clone()))
    }

    /// Whether no layer says anything about a key.
    pub(super) fn is_absent(&self, key: &Key) -> bool {
        !self.values.contains_key(key.path) && !self.broken.contains(key.path)
    }
}

impl Values for Layers {
    fn value(&self, key: &Key) -> Option<&Value> {
        self.get(key).map(|(value, _)| value)
    }
}
