//! The command line: what a person types becomes a [`Command`], and every command but `serve` is carried out here.
//!
//! Each subcommand is the file of its name: how it is typed, what its arguments mean, and what it does. Here they are
//! only joined; `program` and `configuration` have what they share.
//!
//! Everything that a person reads is in Spanish or English; names (orders, options, keys) are the same in both.

mod completions;
mod config;
mod configuration;
mod console;
mod control;
mod erp;
mod factory_reset;
mod fleet;
mod launch;
mod machine;
mod man;
mod output;
mod pin;
mod program;
mod restart;
mod serve;
pub(crate) mod shape;
mod status;
mod support_bundle;
mod terminal;
mod update;
mod usage;
mod version;

pub use configuration::load_configuration;
pub use output::answer;
pub use output::failure;
pub use usage::exit as not_understood;

use crate::config::{Config, Overrides};
use crate::lang::Lang;
use crate::outbound::Outbound;
use clap::ArgMatches;
use std::{ffi::OsString, process::ExitCode};

/// The exit code of a failure while running.
pub const EXIT_FAILURE: u8 = 1;
/// The exit code of a command line that is not understood.
pub(crate) const EXIT_USAGE: u8 = 2;
/// The exit code of a configuration that is not valid (`EX_CONFIG` of sysexits.h).
pub(crate) const EXIT_CONFIG: u8 = 78;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the subcommand of its name")]
pub enum Command {
    Serve(Overrides),
    Launch(launch::LaunchArgs),
    Config(config::ConfigArgs),
    Status(status::StatusArgs),
    Fleet(fleet::FleetArgs),
    Erp(erp::ErpArgs),
    Console(console::ConsoleArgs),
    Pin(pin::PinArgs),
    Update(update::UpdateArgs),
    Restart(Overrides),
    SupportBundle(support_bundle::SupportBundleArgs),
    FactoryReset(factory_reset::FactoryResetArgs),
    Machine(machine::MachineArgs),
    Version(version::VersionArgs),
    Completions(completions::CompletionsArgs),
    Man,
}

/// A command line that leads to no command: help was asked for, or it is not understood.
#[derive(Debug)]
pub struct Exit {
    /// The exit code.
    pub(crate) code: u8,
    /// What to tell the person.
    pub(crate) text: String,
}

impl Exit {
    /// Tells the person (on standard output what was asked for, on standard error what went wrong), and gives the code
    /// to end with.
    #[must_use]
    pub fn emit(self) -> ExitCode {
        if self.code == 0 {
            return output::answer(&self.text, 0);
        }
        output::print_error(&self.text);
        ExitCode::from(self.code)
    }
}

/// Understands a command line; the first argument is the name of the program.
///
/// # Errors
/// The help or version that was asked for, or what is not understood.
pub fn parse(args: impl IntoIterator<Item = OsString>, lang: Lang) -> Result<Command, Exit> {
    let matches = definition(lang).try_get_matches_from(args).map_err(|error| usage::exit(&error, lang))?;
    command(&matches).ok_or_else(|| usage::no_command(lang))
}

/// The whole command line, with its help.
fn definition(lang: Lang) -> clap::Command {
    let subcommands = [
        serve::definition(lang),
        launch::definition(lang),
        config::definition(lang),
        status::definition(lang),
        fleet::definition(lang),
        erp::definition(lang),
        console::definition(lang),
        pin::definition(lang),
        update::definition(lang),
        restart::definition(lang),
        support_bundle::definition(lang),
        factory_reset::definition(lang),
        machine::definition(lang),
        version::definition(lang),
        completions::definition(lang),
        man::definition(lang),
    ];
    shape::parent(program::program(lang).subcommands(subcommands), lang)
}

/// The command that the arguments name. `None` cannot happen as long as this and the definition agree.
fn command(matches: &ArgMatches) -> Option<Command> {
    let (name, of) = matches.subcommand()?;
    Some(match name {
        "serve" => Command::Serve(configuration::overrides(of)),
        "launch" => Command::Launch(launch::LaunchArgs::of(of)),
        "config" => Command::Config(config::ConfigArgs::of(of)?),
        "status" => Command::Status(status::StatusArgs::of(of)),
        "fleet" => Command::Fleet(fleet::FleetArgs::of(of)?),
        "erp" => Command::Erp(erp::ErpArgs::of(of)?),
        "console" => Command::Console(console::ConsoleArgs::of(of)?),
        "pin" => Command::Pin(pin::PinArgs::of(of)),
        "update" => Command::Update(update::UpdateArgs::of(of)?),
        "restart" => Command::Restart(configuration::overrides(of)),
        "support-bundle" => Command::SupportBundle(support_bundle::SupportBundleArgs::of(of)),
        "factory-reset" => Command::FactoryReset(factory_reset::FactoryResetArgs::of(of)),
        "machine" => Command::Machine(machine::MachineArgs::of(of)?),
        "version" => Command::Version(version::VersionArgs::of(of)),
        "completions" => Command::Completions(completions::CompletionsArgs::of(of)?),
        "man" => Command::Man,
        _ => return None,
    })
}

/// Carries out a command, `serve` with the given function, and returns the exit code. `outbound` makes the client for what
/// is fetched from others.
#[must_use]
pub fn run(
    command: Command,
    lang: Lang,
    serve: impl FnOnce(Overrides) -> ExitCode,
    outbound: impl FnOnce(&Config) -> Result<Outbound, String>,
) -> ExitCode {
    match command {
        Command::Serve(overrides) => serve(overrides),
        Command::Launch(args) => launch::run(args),
        Command::Config(args) => config::run(args, lang),
        Command::Status(args) => status::run(args, lang),
        Command::Fleet(args) => fleet::run(&args, lang),
        Command::Erp(args) => erp::run(args, lang, outbound),
        Command::Console(args) => console::run(args, lang),
        Command::Pin(args) => pin::run(args, lang),
        Command::Update(args) => update::run(args, lang),
        Command::Restart(overrides) => restart::run(overrides, lang),
        Command::SupportBundle(args) => support_bundle::run(args, lang),
        Command::FactoryReset(args) => factory_reset::run(args, lang),
        Command::Machine(args) => machine::run(&args, lang),
        Command::Version(args) => version::run(&args),
        Command::Completions(args) => completions::run(&args, lang),
        Command::Man => man::run(lang),
    }
}

#[cfg(test)]
mod tests;
