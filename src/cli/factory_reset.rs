//! `workshop-edge factory-reset`: forget everything but the configuration.

use super::configuration::{configured, load_configuration, overrides};
use super::program::subcommand;
use super::{control, output};
use crate::control::{Client, ClientError, ControlCommand};
use crate::{
    config::Overrides,
    error_chain, factory_reset,
    lang::{Lang, Text},
};
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::{io, path::Path, process::ExitCode};

#[derive(Debug, PartialEq, Eq)]
pub struct FactoryResetArgs {
    pub(super) overrides: Overrides,
    /// Whether the person is sure.
    pub(super) yes: bool,
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    let command = subcommand("factory-reset", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
        .about(lang.pick(
            "Olvida el PIN, la identidad, el nombre, el certificado y todo lo guardado; conserva la configuración y la versión",
            "Forget the PIN, the identity, the name, the certificate and everything stored; keep configuration and version",
        ))
        .arg(
            Arg::new("yes")
                .long("yes")
                .action(ArgAction::SetTrue)
                .help(lang.pick("No pregunta antes", "Do not ask first")),
        );
    configured(command, lang)
}

impl FactoryResetArgs {
    pub(super) fn of(matches: &ArgMatches) -> Self {
        Self { overrides: overrides(matches), yes: matches.get_flag("yes") }
    }
}

/// What a person has to type.
const WORD: Text<&'static str> = Text::fixed("restablecer", "reset");

/// Asks whether the person is sure, and resets: through the running box, or else its data directly.
pub(super) fn run(args: FactoryResetArgs, lang: Lang) -> ExitCode {
    let data_dir = match load_configuration(args.overrides, lang) {
        Ok(loaded) => loaded.config.data_dir,
        Err(code) => return code,
    };
    if !args.yes {
        output::print_error(question(&data_dir).pick(lang));
        if !is_typed(WORD.pick(lang)) {
            return output::failure(NOT_CONFIRMED.pick(lang));
        }
    }
    output::end(reset(&data_dir), lang)
}

const NOT_CONFIRMED: Text<&'static str> =
    Text::fixed("no se ha confirmado: no se ha hecho nada", "not confirmed: nothing was done");

fn reset(data_dir: &Path) -> Result<Text, Text> {
    let reply = match Client::new(data_dir).send(ControlCommand::FactoryReset, &[]) {
        Err(ClientError::NotRunning { .. }) => return offline(data_dir),
        reply => reply,
    };
    control::answer::<serde_json::Value>(reply)?;
    Ok(Text::new(
        "el equipo olvida todo y se reinicia; después, «workshop-edge pin» dice el PIN nuevo\n",
        "the box forgets everything and restarts; afterwards \"workshop-edge pin\" says the new PIN\n",
    ))
}

/// The service does not run, so nobody uses what is removed.
fn offline(data_dir: &Path) -> Result<Text, Text> {
    if !data_dir.is_dir() {
        let data_dir = data_dir.display();
        return Err(Text::new(
            format!("no hay nada que olvidar: {data_dir} no existe"),
            format!("there is nothing to forget: {data_dir} does not exist"),
        ));
    }
    factory_reset::begin(data_dir).and_then(|()| factory_reset::finish(data_dir)).map_err(|error| {
        Text::about(
            "no se ha terminado; el próximo arranque del servicio lo intenta otra vez:",
            "not finished; the service's next start tries again:",
            error_chain(&error),
        )
    })?;
    Ok(Text::new(
        "el equipo ha olvidado todo menos su configuración\n",
        "the box has forgotten everything but its configuration\n",
    ))
}

fn question(data_dir: &Path) -> Text {
    let data_dir = data_dir.display();
    Text::new(
        format!(
            "Se olvidará para siempre lo que el equipo guarda en {data_dir}: el PIN, la identidad, el nombre, el certificado y las copias.\nLa configuración se conserva.\nPara seguir, escriba {}: ",
            WORD.es
        ),
        format!(
            "What the box keeps in {data_dir} will be forgotten for ever: PIN, identity, name, certificate and copies.\nThe configuration stays.\nTo go on, type {}: ",
            WORD.en
        ),
    )
}

/// Whether the person types the word.
fn is_typed(word: &str) -> bool {
    let mut line = String::new();
    io::stdin().read_line(&mut line).is_ok() && line.trim() == word
}
