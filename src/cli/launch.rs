//! `workshop-edge launch`: what the service starts.
//!
//! Its options are those of `serve`, of whichever version will run: only what says where the data are is understood
//! here, and everything is passed on.

use super::EXIT_FAILURE;
use super::program::subcommand;
use crate::{
    config::{self, Overrides, Sources},
    durable::{Claim, ProcessLock},
    error_chain,
    lang::Lang,
    launch, log,
    machine::{self, Paths},
    slots,
};
use clap::{Arg, ArgMatches, Command, value_parser};
use std::{ffi::OsString, path::PathBuf, process::ExitCode};

#[derive(Debug, PartialEq, Eq)]
pub struct LaunchArgs {
    /// Options of the `serve` of whichever version will run.
    pub(super) options: Vec<OsString>,
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    subcommand("launch", lang.pick("[OPCIONES DE SERVE]", "[OPTIONS OF SERVE]"), lang)
        .about(lang.pick(
            "Arranca la versión instalada que toca (así lo hace el servicio), y vuelve a la anterior si no funciona",
            "Start the installed version that is due (as the service does), and go back to the one before if it fails",
        ))
        .arg(
            Arg::new("options")
                .value_name(lang.pick("OPCIONES", "OPTIONS"))
                .help_heading(lang.pick("Argumentos", "Arguments"))
                .help(lang.pick(
                    "Las de serve, que se le pasan tal cual: pueden ser de otra versión",
                    "Those of serve, passed on as they are: they may be another version's",
                ))
                .num_args(0..)
                .trailing_var_arg(true)
                .allow_hyphen_values(true)
                .value_parser(value_parser!(OsString)),
        )
}

impl LaunchArgs {
    pub(super) fn of(matches: &ArgMatches) -> Self {
        Self { options: matches.get_many("options").unwrap_or_default().cloned().collect() }
    }
}

/// Becomes the binary that is to run.
pub(super) fn run(LaunchArgs { options }: LaunchArgs) -> ExitCode {
    log::start_on_stderr();
    let data_dir = config::data_dir(&Sources::of_process(data_overrides(&options)));
    let directory = data_dir.join(slots::DIRECTORY);
    // A message that cannot be written stops no start.
    let os = machine::os::running(&Paths::default()).ok().map(|version| version.to_string());
    // A start of a second process must spend no try of the first one's trial.
    let is_in_use = matches!(ProcessLock::claim(&data_dir), Ok(Claim::Others { .. }));
    let error = launch::run(&launch::Settings { directory, version: crate::VERSION, os, options, is_in_use });
    tracing::error!(error = error_chain(&error), "no binary can be launched");
    ExitCode::from(EXIT_FAILURE)
}

/// The options that say where the data are.
fn data_overrides(options: &[OsString]) -> Overrides {
    let mut overrides = Overrides::default();
    let mut rest = options.iter();
    while let Some(option) = rest.next() {
        let (name, value) = match option.to_str().and_then(|option| option.split_once('=')) {
            Some((name, value)) => (name, Some(OsString::from(value))),
            None => (option.to_str().unwrap_or_default(), None),
        };
        let mut value = || value.clone().or_else(|| rest.next().cloned());
        match name {
            "--config" => overrides.config = value().map(PathBuf::from),
            "--data-dir" => overrides.data_dir = value(),
            "--set" => overrides.set.extend(value().filter(is_data_dir)),
            _ => {}
        }
    }
    overrides
}

fn is_data_dir(assignment: &OsString) -> bool {
    assignment.to_string_lossy().split_once('=').is_some_and(|(key, _)| key.trim() == "data_dir")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_where_the_data_are_is_understood() {
        let understood = |line: &str| data_overrides(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>());
        let expected = Overrides {
            config: Some("/c".into()),
            data_dir: Some("/d".into()),
            set: vec!["data_dir=/e".into()],
            ..Overrides::default()
        };
        for line in [
            "--config /c --data-dir /d --set data_dir=/e",
            "--set=data_dir=/e --config=/c --data-dir=/d",
            "--listen [::]:80 --config /c --of-tomorrow=x --data-dir /d --set log.level=warn --set data_dir=/e --verbose",
        ] {
            assert_eq!(understood(line), expected, "{line}");
        }
        for line in ["", "--config", "--set", "--data-dir", "--set data_dirs=/e", "--configuration /c"] {
            assert_eq!(understood(line), Overrides::default(), "{line}");
        }
    }
}
