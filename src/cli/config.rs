//! `workshop-edge config …`: whether the configuration is valid, what holds, and an example.

use super::configuration::{configured, human_faults, human_warnings, overrides, report};
use super::program::subcommand;
use super::shape::{json, parent};
use super::{EXIT_CONFIG, output};
use crate::config::{self, Overrides, Sources};
use crate::lang::{Lang, Text};
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::process::ExitCode;

/// The subcommands.
#[derive(Debug, PartialEq, Eq)]
pub enum ConfigArgs {
    /// To know whether it is valid.
    Check { overrides: Overrides, json: bool },
    /// Every value and where it comes from.
    Show { overrides: Overrides, json: bool },
    /// A commented file; its comments are in both languages for those who share a box.
    Example { bilingual: bool },
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    let options = lang.pick("[OPCIONES]", "[OPTIONS]");
    let root = subcommand("config", lang.pick("<ORDEN>", "<COMMAND>"), lang)
        .about(lang.pick("Comprueba o muestra la configuración", "Check or show the configuration"))
        .subcommand(
            configured(subcommand("config check", options, lang), lang)
                .about(lang.pick(
                    "Comprueba la configuración y dice todo lo que está mal",
                    "Check the configuration and say everything that is wrong",
                ))
                .arg(json(lang)),
        )
        .subcommand(
            configured(subcommand("config show", options, lang), lang)
                .about(lang.pick("Muestra cada valor y de dónde viene", "Show every value and where it comes from"))
                .arg(json(lang)),
        )
        .subcommand(
            subcommand("config example", options, lang)
                .about(lang.pick(
                    "Escribe un config.toml comentado con todas las claves",
                    "Print a commented config.toml with every key",
                ))
                .arg(Arg::new("bilingual").long("bilingual").action(ArgAction::SetTrue).help(lang.pick(
                    "Escribe los comentarios en español y en inglés, como en el paquete de Debian",
                    "Write the comments in Spanish and English, as in the Debian package",
                ))),
        );
    parent(root, lang)
}

impl ConfigArgs {
    pub(super) fn of(matches: &ArgMatches) -> Option<Self> {
        Some(match matches.subcommand()? {
            ("check", of) => Self::Check { overrides: overrides(of), json: of.get_flag("json") },
            ("show", of) => Self::Show { overrides: overrides(of), json: of.get_flag("json") },
            ("example", of) => Self::Example { bilingual: of.get_flag("bilingual") },
            _ => return None,
        })
    }
}

pub(super) fn run(args: ConfigArgs, lang: Lang) -> ExitCode {
    match args {
        ConfigArgs::Check { overrides, json } => check(overrides, json, lang),
        ConfigArgs::Show { overrides, json } => show(overrides, json, lang),
        ConfigArgs::Example { bilingual: true } => output::answer(&config::reference(&[Lang::Es, Lang::En]), 0),
        ConfigArgs::Example { bilingual: false } => output::answer(&config::reference(&[lang]), 0),
    }
}

fn check(overrides: Overrides, json: bool, lang: Lang) -> ExitCode {
    match (config::load(&Sources::of_process(overrides)), json) {
        (Ok(loaded), true) => output::answer(&report(&[], &loaded.warnings, lang), 0),
        (Ok(loaded), false) => {
            let ok = Text::new("correcta\n", "ok\n");
            output::answer(human_warnings(&loaded.warnings).then(&ok).pick(lang), 0)
        }
        (Err(wrong), true) => output::answer(&report(&wrong.faults, &wrong.warnings, lang), EXIT_CONFIG),
        (Err(wrong), false) => output::answer(human_faults(&wrong).pick(lang), EXIT_CONFIG),
    }
}

fn show(overrides: Overrides, json: bool, lang: Lang) -> ExitCode {
    match (config::load(&Sources::of_process(overrides)), json) {
        (Ok(loaded), true) => output::answer(&format!("{:#}\n", config::effective_json(&loaded.effective)), 0),
        (Ok(loaded), false) => {
            output::print_error(human_warnings(&loaded.warnings).pick(lang));
            output::answer(config::effective_table(&loaded.effective).pick(lang), 0)
        }
        (Err(wrong), true) => output::answer(&report(&wrong.faults, &wrong.warnings, lang), EXIT_CONFIG),
        (Err(wrong), false) => {
            output::print_error(human_faults(&wrong).pick(lang));
            ExitCode::from(EXIT_CONFIG)
        }
    }
}
