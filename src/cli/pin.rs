//! `workshop-edge pin`: the PIN of the administration.

use super::{control, output};
use crate::{config::Overrides, lang::Lang};
use std::process::ExitCode;

/// Prints the PIN, or tells why the box does not know it.
pub(super) fn run(overrides: Overrides, new: bool, lang: Lang) -> ExitCode {
    let client = match control::client(overrides, lang) {
        Ok(client) => client,
        Err(code) => return code,
    };
    let reply = if new { client.post("/pin/new", &[]) } else { client.get("/pin") };
    match control::value(reply, lang) {
        Ok(value) => match value.get("pin").and_then(serde_json::Value::as_str) {
            Some(pin) => output::answer(&format!("{pin}\n"), 0),
            None => output::failure(lang.pick(
                "el PIN lo eligió una persona, y el equipo solo guarda su huella\n  «workshop-edge pin --new» hace otro",
                "a person chose the PIN, and the box keeps only its hash\n  \"workshop-edge pin --new\" makes another",
            )),
        },
        Err(words) => output::failure(&words),
    }
}
