//! Who is told how the box is: real boxes, and a server that takes what they send.

mod heartbeat;
mod metrics;
mod outages;
mod traces;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::NamedTempFile;

use crate::support::run;
use crate::support::sink::Posted;

/// What `OpenTelemetry`'s own classes read in a body: of `metrics`, or of `traces`.
fn decoded(signal: &str, posted: &Posted) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
    let body = NamedTempFile::new().expect("a file");
    fs::write(body.path(), &posted.body).expect("written");
    let (python, script) = (root.join("target/otlp-python/bin/python"), root.join("tests/support/otlp.py"));
    let json = run(&text(python), &[&text(script), signal, &text(body.path().into())]);
    serde_json::from_slice(&json).expect("JSON")
}

/// The value of an attribute of a resource or a span, as text; `null` where it has none.
fn attribute(of: &Value, key: &str) -> Value {
    let attributes = of["attributes"].as_array().expect("attributes");
    let found = attributes.iter().find(|attribute| attribute["key"] == key);
    found.map_or(Value::Null, |found| {
        let value = &found["value"];
        if value["stringValue"].is_null() { value["intValue"].clone() } else { value["stringValue"].clone() }
    })
}
