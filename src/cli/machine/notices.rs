//! `workshop-edge machine notices`: what the machine has to say.

use super::subcommand;
use super::{output, shape};
use crate::{
    error_chain,
    lang::{Lang, Text},
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
        let warning = level(Level::Warning);
        output::print_error(&format!("{}: {}\n", warning.pick(lang), error_chain(error)));
    }
    if json {
        return output::answer(&format!("{:#}\n", json!(notices.by_subject)), 0);
    }
    if notices.by_subject.is_empty() {
        return output::answer(Text::fixed("No hay ningún aviso.\n", "There is no notice.\n").pick(lang), 0);
    }
    let lines = notices.by_subject.iter().map(|(subject, notice)| {
        let subject = level(notice.level).map(|level| format!("{subject} ({level}): "));
        subject.then(&notice.text.map(|text| format!("{text}\n")))
    });
    output::answer(Text::join(lines, "").pick(lang), 0)
}

fn level(level: Level) -> Text<&'static str> {
    match level {
        Level::Info => Text::fixed("información", "information"),
        Level::Warning => Text::fixed("aviso", "warning"),
        Level::Fault => Text::fixed("fallo", "fault"),
    }
}
