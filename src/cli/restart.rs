//! `workshop-edge restart`: the running box reads its configuration again.

use super::configuration::configured;
use super::program::subcommand;
use super::{control, output};
use crate::{
    config::Overrides,
    control::ControlCommand,
    lang::{Lang, Text},
};
use clap::Command;
use std::process::ExitCode;

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    let command = subcommand("restart", lang.pick("[OPCIONES]", "[OPTIONS]"), lang).about(lang.pick(
        "Reinicia el servicio sin cerrar sus puertos: lee la configuración otra vez",
        "Restart the service without closing its ports: it reads the configuration again",
    ));
    configured(command, lang)
}

/// Has the box restart. An invalid configuration is reported here, before the box exits with it.
pub(super) fn run(overrides: Overrides, lang: Lang) -> ExitCode {
    let client = match control::client(overrides, lang) {
        Ok(client) => client,
        Err(code) => return code,
    };
    let done = control::answer::<serde_json::Value>(client.send(ControlCommand::Restart, &[]));
    output::end(done.map(|_| Text::new("el servicio se reinicia\n", "the service restarts\n")), lang)
}
