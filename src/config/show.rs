//! The configuration that holds, and what is wrong with it, for people and for machines.

use super::{
    fault::{Fault, Warning},
    layers::Layers,
    origin::Origin,
    schema::CONFIG,
};
use crate::lang::{Lang, Text};
use crate::schema::Key;
use serde_json::{Value as Json, json};

/// The value of a key that holds, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// The key, as its path in the file.
    pub(crate) key: &'static str,
    /// The value; `null` when there is none.
    pub(crate) value: Json,
    /// Where it comes from.
    pub(crate) origin: Origin,
}

/// The value of every key, in the order of the schema.
pub(super) fn effective(layers: &Layers) -> Vec<Effective> {
    let one = |key: &Key| {
        let (value, origin) =
            layers.get(key).map_or((Json::Null, Origin::Default), |(value, origin)| (value.to_json(), origin.clone()));
        Effective { key: key.path, value, origin }
    };
    CONFIG.keys.iter().map(one).collect()
}

/// A table for a person: key, value (as the file would have it) and origin.
#[must_use]
pub(crate) fn effective_table(effective: &[Effective]) -> Text {
    let value = |value: &Json| if value.is_null() { "—".to_owned() } else { value.to_string() };
    let cells: Vec<_> = effective.iter().map(|one| (one.key, value(&one.value), one.origin.text())).collect();
    // One very long value does not push the origins of all the others away.
    let widest = |cell: fn(&(&str, String, Text)) -> usize| cells.iter().map(cell).filter(|width| *width <= 60).max();
    let keys = widest(|(key, ..)| key.chars().count()).unwrap_or_default();
    let values = widest(|(_, value, _)| value.chars().count()).unwrap_or_default();
    let row = |key: &str, value: &str, origin: &str| format!("{key:keys$}  {value:values$}  {origin}\n");
    let heading = Text::new(row("CLAVE", "VALOR", "ORIGEN"), row("KEY", "VALUE", "ORIGIN"));
    let rows = cells.iter().map(|(key, value, origin)| origin.map(|origin| row(key, value, origin)));
    Text::join([heading].into_iter().chain(rows), "")
}

/// The same as [`effective_table`] for a machine: an array of `{key, value, origin, line}`.
#[must_use]
pub fn effective_json(effective: &[Effective]) -> Json {
    effective
        .iter()
        .map(|Effective { key, value, origin }| {
            json!({ "key": key, "value": value, "origin": origin.name(), "line": origin.line() })
        })
        .collect()
}

/// The result of a check for a machine: `{ok, faults: [{origin, line, key, problem, example}], warnings: [{origin,
/// line, key, problem}]}`.
#[must_use]
pub fn report_json(faults: &[Fault], warnings: &[Warning], lang: Lang) -> Json {
    let fault = |fault: &Fault| {
        json!({
            "origin": fault.origin.name(),
            "line": fault.origin.line(),
            "key": fault.key,
            "problem": fault.problem().pick(lang),
            "example": fault.example(),
        })
    };
    let warning = |warning: &Warning| {
        json!({
            "origin": warning.origin.name(),
            "line": warning.origin.line(),
            "key": warning.name,
            "problem": warning.notice().pick(lang),
        })
    };
    json!({
        "ok": faults.is_empty(),
        "faults": faults.iter().map(fault).collect::<Json>(),
        "warnings": warnings.iter().map(warning).collect::<Json>(),
    })
}
