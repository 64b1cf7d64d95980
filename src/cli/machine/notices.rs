//! `workshop-edge machine notices`: what the machine has to say.

use super::subcommand;
use super::{output, shape};
use crate::{
    error_chain,
    lang::Lang,
    machine::{
        Paths,
        notices::{self, Level},
    },
};
use clap::Command;
use serde_json::json;
use std::process::ExitCode;

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    subcommand("machine notices", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
        .about(lang.pick("Muestra los avisos del equipo", "Say the machine's notices"))
        .arg(shape::json(lang))
}

/// Says them.
pub(super) fn run(paths: &Paths, json: bool, lang: Lang) -> ExitCode {
    let notices = notices::read_all(&paths.run_notices());
    for error in &notices.unreadable {
        output::print_error(&format!("{}: {}\n", lang.pick("aviso", "warning"), error_chain(error)));
    }
    if json {
        return output::answer(&format!("{:#}\n", json!(notices.by_subject)), 0);
    }
    let lines = notices.by_subject.iter().map(|(subject, notice)| {
        let level = match notice.level {
            Level::Info => lang.pick("información", "information"),
            Level::Warning => lang.pick("aviso", "warning"),
            Level::Fault => lang.pick("fallo", "fault"),
        };
        format!("{subject} ({level}): {}\n", notice.text.pick(lang))
    });
    let text: String = lines.collect();
    let none = lang.pick("No hay ningún aviso.\n", "There is no notice.\n");
    output::answer(if text.is_empty() { none } else { &text }, 0)
}
