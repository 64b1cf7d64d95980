//! `workshop-edge machine settings`: what the machine makes of `workshop-edge.txt`.

use super::subcommand;
use super::{output, shape};
use crate::{
    bounded_read::read_beginning,
    cli::{
        EXIT_CONFIG,
        configuration::{human_faults, human_warnings, report},
    },
    config::Faults,
    error_chain,
    lang::{Lang, Text},
    machine::{
        Paths,
        settings::{self, Checked},
    },
};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Bytes of a file that are read to be checked: more than valid settings have, so that larger ones are reported.
const MAX: u64 = 64 * 1024;

/// The subcommands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SettingsCommand {
    /// Make the machine follow them.
    Apply,
    /// Check a file.
    Check {
        /// The file.
        file: PathBuf,
        /// Whether a program reads the answer.
        json: bool,
    },
    /// Print a new file.
    Template,
}

impl SettingsCommand {
    /// The command that the arguments name.
    pub(super) fn of(matches: &ArgMatches) -> Self {
        match matches.get_one::<OsString>("check") {
            Some(file) => Self::Check { file: file.into(), json: matches.get_flag("json") },
            None if matches.get_flag("template") => Self::Template,
            None => Self::Apply,
        }
    }
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    subcommand("machine settings", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
        .about(lang.pick(
            "Aplica los ajustes de workshop-edge.txt a la máquina, o los comprueba",
            "Make the machine follow the settings of workshop-edge.txt, or check them",
        ))
        .arg(
            Arg::new("check")
                .long("check")
                .value_name(lang.pick("ARCHIVO", "FILE"))
                .value_hint(ValueHint::FilePath)
                .value_parser(value_parser!(OsString))
                .conflicts_with("template")
                .help(lang.pick(
                    "Solo comprueba este archivo, en cualquier ordenador, y dice todo lo que está mal",
                    "Only check this file, on any computer, and say everything that is wrong",
                )),
        )
        .arg(Arg::new("template").long("template").action(ArgAction::SetTrue).help(
            lang.pick("Solo escribe un archivo nuevo, con todas las claves", "Only print a new file, with every key"),
        ))
        .arg(shape::json(lang).requires("check"))
}

/// Carries it out.
pub(super) fn run(paths: &Paths, command: &SettingsCommand, lang: Lang) -> ExitCode {
    match command {
        SettingsCommand::Apply => output::end(apply(paths), lang),
        SettingsCommand::Check { file, json } => check(file, *json, lang),
        SettingsCommand::Template => output::answer(&settings::template(), 0),
    }
}

fn apply(paths: &Paths) -> Result<Text, Text> {
    let sentences = settings::apply(paths).map_err(|error| {
        let detail = error_chain(&error);
        Text::about("los ajustes no se han podido aplicar:", "the settings could not be applied:", detail)
    })?;
    Ok(Text::join(sentences.iter().map(|text| text.map(|text| format!("{text}\n"))), ""))
}

fn check(file: &Path, json: bool, lang: Lang) -> ExitCode {
    let bytes = match read_beginning(file, MAX) {
        Ok(bytes) => bytes,
        Err(error) => {
            let path = file.display();
            let words =
                Text::new(format!("{path} no se puede leer: {error}"), format!("{path} cannot be read: {error}"));
            return output::failure(words.pick(lang));
        }
    };
    let Checked { value: _, faults, warnings } = settings::check(&bytes);
    let code = if faults.is_empty() { 0 } else { EXIT_CONFIG };
    if json {
        return output::answer(&report(&faults, &warnings, lang), code);
    }
    let text = if faults.is_empty() {
        human_warnings(&warnings).then(&Text::new("correcto\n", "ok\n"))
    } else {
        human_faults(&Faults { faults, warnings })
    };
    output::answer(text.pick(lang), code)
}
