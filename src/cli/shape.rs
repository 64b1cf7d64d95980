//! What all command lines of this project have: headings, usage, `--help`, `--version` and `--json` in the person's
//! language.

use crate::lang::Lang;
use clap::{Arg, ArgAction, Command};

/// A command with headings, usage and `--help`. `typed` is how it is typed, from the program's name on; `arguments` what
/// follows it.
#[must_use]
pub(crate) fn command(name: &'static str, typed: &[&str], arguments: &str, lang: Lang) -> Command {
    let words = typed.iter().copied().chain([arguments]);
    let usage = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let heading = lang.pick("Uso", "Usage");
    Command::new(name)
        .help_template(format!("{{about-with-newline}}\n{heading}: {{usage}}\n\n{{all-args}}{{after-help}}"))
        .override_usage(usage)
        .next_help_heading(lang.pick("Opciones", "Options"))
        .disable_help_flag(true)
        .arg(
            Arg::new("help")
                .short('h')
                .long("help")
                .action(ArgAction::Help)
                .display_order(1000)
                .help(lang.pick("Muestra esta ayuda", "Print this help")),
        )
}

/// The whole of a program, with the number of its version.
#[must_use]
pub(crate) fn program(name: &'static str, lang: Lang) -> Command {
    command(name, &[name], lang.pick("<ORDEN>", "<COMMAND>"), lang)
        .version(crate::VERSION)
        .disable_version_flag(true)
        .arg(
            Arg::new("version")
                .short('V')
                .long("version")
                .action(ArgAction::Version)
                .help(lang.pick("Muestra la versión", "Print the version")),
        )
}

/// A command that only has others below it.
#[must_use]
pub(crate) fn parent(command: Command, lang: Lang) -> Command {
    command
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand_help_heading(lang.pick("Órdenes", "Commands"))
        .subcommand_value_name(lang.pick("ORDEN", "COMMAND"))
}

/// `--json`
#[must_use]
pub(crate) fn json(lang: Lang) -> Arg {
    Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .help(lang.pick("Responde en JSON, para programas", "Answer in JSON, for programs"))
}
