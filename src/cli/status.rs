//! `workshop-edge status`: how the running box is.

use super::configuration::{configured, overrides};
use super::program::subcommand;
use super::shape::json;
use super::{control, output};
use crate::console::{Status, Summary, summary};
use crate::control::{Client, ControlCommand};
use crate::{
    config::Overrides,
    lang::{Lang, Text},
};
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
    thread,
    time::Duration,
};

/// How often `--watch` looks.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Moves to the upper left corner and clears from there (ECMA-48: CUP, ED).
const CLEAR: &str = "\x1b[H\x1b[J";

#[derive(Debug, PartialEq, Eq)]
pub struct StatusArgs {
    pub(super) overrides: Overrides,
    pub(super) form: Form,
}

/// The format of the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For a person.
    Summary,
    /// For a person who keeps looking.
    Watch,
    /// For a program.
    Json,
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    let command =
        subcommand("status", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
            .about(lang.pick(
                "Muestra el estado del equipo: dirección, código QR, red, reloj, disco y fallos",
                "Say how the box is: address, QR code, network, clock, disk and faults",
            ))
            .arg(
                Arg::new("watch").long("watch").action(ArgAction::SetTrue).conflicts_with("json").help(
                    lang.pick("Lo repite cuando cambia, hasta Ctrl-C", "Repeat it when it changes, until Ctrl-C"),
                ),
            )
            .arg(json(lang));
    configured(command, lang)
}

impl StatusArgs {
    pub(super) fn of(matches: &ArgMatches) -> Self {
        let form = match (matches.get_flag("json"), matches.get_flag("watch")) {
            (true, _) => Form::Json,
            (_, true) => Form::Watch,
            _ => Form::Summary,
        };
        Self { overrides: overrides(matches), form }
    }
}

/// Prints the status, or tells why there is none.
pub(super) fn run(args: StatusArgs, lang: Lang) -> ExitCode {
    let StatusArgs { overrides, form } = args;
    let client = match control::client(overrides, lang) {
        Ok(client) => client,
        Err(code) => return code,
    };
    match form {
        Form::Watch => watch(&client, lang),
        Form::Summary => output::end(words(&client), lang),
        Form::Json => output::end(json_text(&client), lang),
    }
}

/// The status in lines for a person, or why there is none.
pub(super) fn words(client: &Client) -> Result<Text, Text> {
    let status: Status = serde_json::from_slice(&fetch(client)?).map_err(|error| not_understood(&error.to_string()))?;
    let reader = if io::stdout().is_terminal() { Summary::Terminal } else { Summary::Plain };
    Ok(summary(&status, reader))
}

/// The status for a program, or why there is none.
fn json_text(client: &Client) -> Result<Text, Text> {
    let text = String::from_utf8(fetch(client)?).map_err(|error| not_understood(&error.to_string()))?;
    Ok(Text::same(text.trim_end().to_owned() + "\n"))
}

fn fetch(client: &Client) -> Result<Vec<u8>, Text> {
    let reply = client.send(ControlCommand::Status, &[]).map_err(|error| control::words(&error))?;
    if reply.status == 200 { Ok(reply.body) } else { Err(not_understood(&format!("HTTP {}", reply.status))) }
}

fn not_understood(detail: &str) -> Text {
    Text::about(
        "no se entiende el estado que da el servicio:",
        "the status that the service gives is not understood:",
        detail,
    )
}

/// Prints the status whenever it is another one, until the person has seen enough (Ctrl-C) or the reader is gone.
fn watch(client: &Client, lang: Lang) -> ExitCode {
    let clear = if io::stdout().is_terminal() { CLEAR } else { "" };
    let mut shown = Text::default();
    loop {
        let now = words(client).unwrap_or_else(|words| words.map(|words| format!("{words}\n")));
        if now != shown {
            if let Err(code) = output::answer_more(&format!("{clear}{}", now.pick(lang))) {
                return code;
            }
            shown = now;
        }
        thread::park_timeout(POLL_INTERVAL);
    }
}
