//! `workshop-edge factory-reset`: forget everything but the configuration.

use super::configuration::{configured, load_configuration, overrides};
use super::program::subcommand;
use super::{control, output};
use crate::control::{Client, ClientError, ControlCommand};
use crate::{config::Overrides, error_chain, factory_reset, lang::Lang};
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
fn word(lang: Lang) -> &'static str {
    lang.pick("restablecer", "reset")
}

/// Asks whether the person is sure, and resets: through the running box, or else its data directly.
pub(super) fn run(args: FactoryResetArgs, lang: Lang) -> ExitCode {
    let data_dir = match load_configuration(args.overrides, lang) {
        Ok(loaded) => loaded.config.data_dir,
        Err(code) => return code,
    };
    if !args.yes && !is_sure(&data_dir, lang) {
        return output::failure(
            lang.pick("no se ha confirmado: no se ha hecho nada", "not confirmed: nothing was done"),
        );
    }
    let done = match Client::new(&data_dir).send(ControlCommand::FactoryReset, &[]) {
        Err(ClientError::NotRunning { .. }) => offline(&data_dir, lang),
        reply => control::value(reply, lang).map(|_| {
            lang.pick(
                "el equipo olvida todo y se reinicia; después, «workshop-edge pin» dice el PIN nuevo\n",
                "the box forgets everything and restarts; afterwards \"workshop-edge pin\" says the new PIN\n",
            )
        }),
    };
    match done {
        Ok(words) => output::answer(words, 0),
        Err(words) => output::failure(&words),
    }
}

/// The service does not run, so nobody uses what is removed.
fn offline(data_dir: &Path, lang: Lang) -> Result<&'static str, String> {
    if !data_dir.is_dir() {
        let data_dir = data_dir.display();
        return Err(lang.pick(
            format!("no hay nada que olvidar: {data_dir} no existe"),
            format!("there is nothing to forget: {data_dir} does not exist"),
        ));
    }
    factory_reset::begin(data_dir).and_then(|()| factory_reset::finish(data_dir)).map_err(|error| {
        let detail = error_chain(&error);
        lang.pick(
            format!("no se ha terminado; el próximo arranque del servicio lo intenta otra vez: {detail}"),
            format!("not finished; the service's next start tries again: {detail}"),
        )
    })?;
    Ok(lang.pick(
        "el equipo ha olvidado todo menos su configuración\n",
        "the box has forgotten everything but its configuration\n",
    ))
}

/// Whether the person types the word.
fn is_sure(data_dir: &Path, lang: Lang) -> bool {
    let (data_dir, word) = (data_dir.display(), word(lang));
    output::print_error(&lang.pick(
        format!(
            "Se olvidará para siempre lo que el equipo guarda en {data_dir}: el PIN, la identidad, el nombre, el certificado y las copias.\nLa configuración se conserva.\nPara seguir, escriba {word}: "
        ),
        format!(
            "What the box keeps in {data_dir} will be forgotten for ever: PIN, identity, name, certificate and copies.\nThe configuration stays.\nTo go on, type {word}: "
        ),
    ));
    let mut line = String::new();
    io::stdin().read_line(&mut line).is_ok() && line.trim() == word
}
