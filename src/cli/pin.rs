//! `workshop-edge pin`: the PIN of the administration.

use super::configuration::{configured, overrides};
use super::program::subcommand;
use super::{control, output};
use crate::{
    config::Overrides,
    control::{ClientError, ControlCommand, Reply},
    lang::{Lang, Text},
};
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::process::ExitCode;

#[derive(Debug, PartialEq, Eq)]
pub struct PinArgs {
    pub(super) overrides: Overrides,
    /// Whether to make another first.
    pub(super) new: bool,
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    let command = subcommand("pin", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
        .about(lang.pick("Dice el PIN de la administración", "Say the PIN of the administration"))
        .arg(
            Arg::new("new")
                .long("new")
                .action(ArgAction::SetTrue)
                .help(lang.pick("Hace otro, si se ha olvidado", "Make another, if it is forgotten")),
        );
    configured(command, lang)
}

impl PinArgs {
    pub(super) fn of(matches: &ArgMatches) -> Self {
        Self { overrides: overrides(matches), new: matches.get_flag("new") }
    }
}

/// Prints the PIN, or tells why the box does not know it.
pub(super) fn run(args: PinArgs, lang: Lang) -> ExitCode {
    let client = match control::client(args.overrides, lang) {
        Ok(client) => client,
        Err(code) => return code,
    };
    let command = if args.new { ControlCommand::NewPin } else { ControlCommand::Pin };
    output::end(pin(client.send(command, &[])), lang)
}

fn pin(reply: Result<Reply, ClientError>) -> Result<Text, Text> {
    let value: serde_json::Value = control::answer(reply)?;
    match value.get("pin").and_then(serde_json::Value::as_str) {
        Some(pin) => Ok(Text::same(format!("{pin}\n"))),
        None => Err(Text::new(
            "el PIN lo eligió una persona, y el equipo solo guarda su huella\n  «workshop-edge pin --new» hace otro",
            "a person chose the PIN, and the box keeps only its hash\n  \"workshop-edge pin --new\" makes another",
        )),
    }
}
