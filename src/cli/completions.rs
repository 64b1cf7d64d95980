//! `workshop-edge completions`: what a shell needs to complete a command line.

use super::output;
use super::program::{NAME, subcommand};
use crate::lang::Lang;
use clap::{Arg, ArgMatches, Command, ValueEnum as _, value_parser};
use clap_complete::Shell;
use std::process::ExitCode;

#[derive(Debug, PartialEq, Eq)]
pub struct CompletionsArgs {
    pub(super) shell: Shell,
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    subcommand("completions", "<SHELL>", lang)
        .about(lang.pick("Escribe el autocompletado para un shell", "Print the completions for a shell"))
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .help_heading(lang.pick("Argumentos", "Arguments"))
                .help(Shell::value_variants().iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
                .required(true)
                .hide_possible_values(true)
                .value_parser(value_parser!(Shell)),
        )
}

impl CompletionsArgs {
    pub(super) fn of(matches: &ArgMatches) -> Option<Self> {
        Some(Self { shell: *matches.get_one("shell")? })
    }
}

pub(super) fn run(args: &CompletionsArgs, lang: Lang) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::definition(lang), NAME, &mut script);
    output::answer(&String::from_utf8_lossy(&script), 0)
}
