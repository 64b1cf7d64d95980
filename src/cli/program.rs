//! What holds for the whole program: its name, its exit codes, and how its subcommands begin.

use super::shape;
use crate::lang::{Lang, Text};
use clap::Command;

/// The name of the program.
pub(super) const NAME: &str = "workshop-edge";

/// The exit codes, as the help and the manual tell them.
pub(super) const EXIT_CODES: Text<&'static str> = Text::fixed(
    "0   todo bien\n1   fallo durante la ejecución\n2   la línea de comandos no es válida\n78  la configuración no es válida",
    "0   all is well\n1   failure while running\n2   the command line is not valid\n78  the configuration is not valid",
);

/// The heading of the list of exit codes.
pub(super) const EXIT_CODES_HEADING: Text<&'static str> = Text::fixed("Códigos de salida", "Exit codes");

/// The program without its subcommands.
pub(super) fn program(lang: Lang) -> Command {
    let codes = EXIT_CODES.pick(lang).replace('\n', "\n  ");
    shape::program(NAME, lang)
        .about(lang.pick(
            "Sirve la pantalla del taller a los televisores de la red local.",
            "Serves the workshop's display to the Smart TVs of the local network.",
        ))
        .after_help(format!("{}:\n  {codes}", EXIT_CODES_HEADING.pick(lang)))
}

/// A subcommand without options of its own; `typed` is how it is typed after the program's name.
pub(super) fn subcommand(typed: &'static str, arguments: &str, lang: Lang) -> Command {
    let name = typed.rsplit(' ').next().unwrap_or(typed);
    shape::command(name, &[NAME, typed], arguments, lang)
}
