//! The command line: what a person types becomes a [`Command`], and every command but `serve` is carried out here.
//!
//! Everything that a person reads is in Spanish or English; names (orders, options, keys) are the same in both.

mod control;
mod definition;
mod factory_reset;
mod launch;
mod machine;
mod man;
mod output;
mod pin;
mod restart;
mod screen;
pub mod shape;
mod status;
mod support_bundle;
mod terminal;
mod update;
mod usage;

pub use machine::{Install, Order, OsOrder, Stick, Wish};
pub use output::answer;
pub use output::failure;
pub use status::Form;
pub use update::Request;
pub use usage::exit as not_understood;

use crate::{
    config::{self, Faults, Loaded, Overrides, Sources, Warning},
    lang::Lang,
};
use clap::ArgMatches;
use clap_complete::Shell;
use serde_json::json;
use std::{ffi::OsString, path::PathBuf, process::ExitCode};

/// The exit code of a failure while running.
pub const EXIT_FAILURE: u8 = 1;
/// The exit code of a command line that is not understood.
pub const EXIT_USAGE: u8 = 2;
/// The exit code of a configuration that is not valid (`EX_CONFIG` of sysexits.h).
pub const EXIT_CONFIG: u8 = 78;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve the display.
    Serve(Overrides),
    /// Become the binary that the slot table names, with these options of its `serve`.
    Launch(Vec<OsString>),
    /// Say whether the configuration is valid.
    ConfigCheck {
        /// What the command line says about the configuration.
        overrides: Overrides,
        /// Whether a machine reads the answer.
        json: bool,
    },
    /// Show every value and where it comes from.
    ConfigShow {
        /// What the command line says about the configuration.
        overrides: Overrides,
        /// Whether a machine reads the answer.
        json: bool,
    },
    /// Print a commented configuration file.
    ConfigExample {
        /// Whether its comments are in both languages, for those who share a box.
        bilingual: bool,
    },
    /// Say how the running box is.
    Status {
        /// What the command line says about the configuration.
        overrides: Overrides,
        /// For whom.
        form: Form,
    },
    /// Show the box's own screen.
    Console {
        /// What the command line says about the configuration.
        overrides: Overrides,
        /// The terminal to show it on.
        tty: PathBuf,
    },
    /// Say the PIN of the administration.
    Pin {
        /// What the command line says about the configuration.
        overrides: Overrides,
        /// Whether to make another first.
        new: bool,
    },
    /// Something about the updates of the running box.
    Update {
        /// What the command line says about the configuration.
        overrides: Overrides,
        /// What.
        request: Request,
        /// Whether a machine reads the answer.
        json: bool,
    },
    /// Restart the running box.
    Restart(Overrides),
    /// Write a support bundle.
    SupportBundle {
        /// What the command line says about the configuration.
        overrides: Overrides,
        /// The file; `-` for standard output, `None` for a new one.
        output: Option<PathBuf>,
    },
    /// Forget everything but the configuration.
    FactoryReset {
        /// What the command line says about the configuration.
        overrides: Overrides,
        /// Whether the person is sure.
        yes: bool,
    },
    /// Something about the machine on which the USB image runs.
    Machine {
        /// The directory below which it is: `/` unless it is a test's.
        root: PathBuf,
        /// What.
        order: Order,
    },
    /// Print which binary this is.
    Version {
        /// Whether a machine reads the answer.
        json: bool,
    },
    /// Print the completions for a shell.
    Completions(Shell),
    /// Print the manual page.
    Man,
}

/// A command line that leads to no command: help was asked for, or it is not understood.
#[derive(Debug)]
pub struct Exit {
    /// The exit code.
    pub code: u8,
    /// What to tell the person.
    pub text: String,
}

impl Exit {
    /// Tells the person (on standard output what was asked for, on standard error what went wrong), and gives the code
    /// to end with.
    #[must_use]
    pub fn emit(self) -> ExitCode {
        if self.code == 0 {
            return output::answer(&self.text, 0);
        }
        output::complain(&self.text);
        ExitCode::from(self.code)
    }
}

/// Understands a command line; the first argument is the name of the program.
///
/// # Errors
/// The help or version that was asked for, or what is not understood.
pub fn parse(args: impl IntoIterator<Item = OsString>, lang: Lang) -> Result<Command, Exit> {
    let matches = definition::command(lang).try_get_matches_from(args).map_err(|error| usage::exit(&error, lang))?;
    command(&matches).ok_or_else(|| usage::no_command(lang))
}

/// The command that the arguments name. `None` cannot happen as long as this and the definition agree.
fn command(matches: &ArgMatches) -> Option<Command> {
    Some(match matches.subcommand()? {
        ("serve", arguments) => Command::Serve(overrides(arguments)),
        ("launch", of) => Command::Launch(of.get_many("options").unwrap_or_default().cloned().collect()),
        ("config", of) => match of.subcommand()? {
            ("check", of) => Command::ConfigCheck { overrides: overrides(of), json: of.get_flag("json") },
            ("show", of) => Command::ConfigShow { overrides: overrides(of), json: of.get_flag("json") },
            ("example", of) => Command::ConfigExample { bilingual: of.get_flag("bilingual") },
            _ => return None,
        },
        ("status", of) => {
            let form = match (of.get_flag("json"), of.get_flag("watch")) {
                (true, _) => Form::Json,
                (_, true) => Form::Watch,
                _ => Form::Summary,
            };
            Command::Status { overrides: overrides(of), form }
        }
        ("console", of) => {
            Command::Console { overrides: overrides(of), tty: of.get_one::<OsString>("tty").map(PathBuf::from)? }
        }
        ("pin", of) => Command::Pin { overrides: overrides(of), new: of.get_flag("new") },
        ("update", of) => {
            let (name, of) = of.subcommand()?;
            Command::Update { overrides: overrides(of), request: Request::of(name, of)?, json: of.get_flag("json") }
        }
        ("restart", of) => Command::Restart(overrides(of)),
        ("support-bundle", of) => Command::SupportBundle {
            overrides: overrides(of),
            output: of.get_one::<OsString>("output").map(PathBuf::from),
        },
        ("factory-reset", of) => Command::FactoryReset { overrides: overrides(of), yes: of.get_flag("yes") },
        ("machine", of) => {
            let (root, order) = machine::understood(of)?;
            Command::Machine { root, order }
        }
        ("version", of) => Command::Version { json: of.get_flag("json") },
        ("completions", of) => Command::Completions(*of.get_one("shell")?),
        ("man", _) => Command::Man,
        _ => return None,
    })
}

/// What the arguments say about the configuration.
fn overrides(matches: &ArgMatches) -> Overrides {
    let one = |id| matches.get_one::<OsString>(id).cloned();
    let all = |id| matches.get_many::<OsString>(id).unwrap_or_default().cloned().collect();
    Overrides {
        config: one("config").map(PathBuf::from),
        data_dir: one("data-dir"),
        listen: all("listen"),
        site: one("site"),
        set: all("set"),
    }
}

/// Carries out a command, `serve` by way of the given function, and gives the code to end with.
#[must_use]
pub fn run(command: Command, lang: Lang, serve: impl FnOnce(Overrides) -> ExitCode) -> ExitCode {
    match command {
        Command::Serve(overrides) => serve(overrides),
        Command::Launch(options) => launch::run(options),
        Command::ConfigCheck { overrides, json } => check(overrides, json, lang),
        Command::ConfigShow { overrides, json } => show(overrides, json, lang),
        Command::ConfigExample { bilingual } => {
            let langs = if bilingual { &[Lang::Es, Lang::En][..] } else { &[lang] };
            output::answer(&config::reference(langs), 0)
        }
        Command::Status { overrides, form } => status::run(overrides, form, lang),
        Command::Console { overrides, tty } => screen::run(overrides, &tty, lang),
        Command::Pin { overrides, new } => pin::run(overrides, new, lang),
        Command::Update { overrides, request, json } => update::run(overrides, request, json, lang),
        Command::Restart(overrides) => restart::run(overrides, lang),
        Command::SupportBundle { overrides, output } => support_bundle::run(overrides, output, lang),
        Command::FactoryReset { overrides, yes } => factory_reset::run(overrides, yes, lang),
        Command::Machine { root, order } => machine::run(&root, &order, lang),
        Command::Version { json } => output::answer(&version(json), 0),
        Command::Completions(shell) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut definition::command(lang), definition::NAME, &mut script);
            output::answer(&String::from_utf8_lossy(&script), 0)
        }
        Command::Man => match man::page(lang) {
            Ok(page) => output::answer(&page, 0),
            Err(error) => {
                output::complain(&format!("{error}\n"));
                ExitCode::from(EXIT_FAILURE)
            }
        },
    }
}

/// The configuration of this process, for `serve`: its faults are told to the person, and the code to end with is the
/// error. Its warnings are left to the log.
///
/// # Errors
/// [`EXIT_CONFIG`], after everything that is wrong has been told on standard error.
pub fn configuration(overrides: Overrides, lang: Lang) -> Result<Loaded, ExitCode> {
    config::load(&Sources::of_process(overrides)).map_err(|faults| {
        output::complain(&human_faults(&faults, lang));
        ExitCode::from(EXIT_CONFIG)
    })
}

/// `config check`
fn check(overrides: Overrides, json: bool, lang: Lang) -> ExitCode {
    match (config::load(&Sources::of_process(overrides)), json) {
        (Ok(loaded), true) => output::answer(&report(&[], &loaded.warnings, lang), 0),
        (Ok(loaded), false) => {
            let ok = lang.pick("correcta\n", "ok\n");
            output::answer(&(human_warnings(&loaded.warnings, lang) + ok), 0)
        }
        (Err(wrong), true) => output::answer(&report(&wrong.faults, &wrong.warnings, lang), EXIT_CONFIG),
        (Err(wrong), false) => output::answer(&human_faults(&wrong, lang), EXIT_CONFIG),
    }
}

/// `config show`
fn show(overrides: Overrides, json: bool, lang: Lang) -> ExitCode {
    match (config::load(&Sources::of_process(overrides)), json) {
        (Ok(loaded), true) => output::answer(&format!("{:#}\n", config::effective_json(&loaded.effective)), 0),
        (Ok(loaded), false) => {
            output::complain(&human_warnings(&loaded.warnings, lang));
            output::answer(&config::effective_table(&loaded.effective, lang), 0)
        }
        (Err(wrong), true) => output::answer(&report(&wrong.faults, &wrong.warnings, lang), EXIT_CONFIG),
        (Err(wrong), false) => {
            output::complain(&human_faults(&wrong, lang));
            ExitCode::from(EXIT_CONFIG)
        }
    }
}

/// The result of a check for a machine.
fn report(faults: &[config::Fault], warnings: &[Warning], lang: Lang) -> String {
    format!("{:#}\n", config::report_json(faults, warnings, lang))
}

/// Warnings for a person, one a line.
fn human_warnings(warnings: &[Warning], lang: Lang) -> String {
    let word = lang.pick("aviso", "warning");
    warnings.iter().fold(String::new(), |text, warning| text + word + ": " + &warning.render(lang) + "\n")
}

/// Warnings and faults for a person.
fn human_faults(wrong: &Faults, lang: Lang) -> String {
    format!("{}error: {}\n", human_warnings(&wrong.warnings, lang), wrong.render(lang))
}

/// Which binary this is.
fn version(json: bool) -> String {
    let version = crate::VERSION;
    let commit = option_env!("WORKSHOP_EDGE_COMMIT").unwrap_or("unknown");
    let target = option_env!("WORKSHOP_EDGE_TARGET").unwrap_or("unknown");
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    if json {
        let facts = json!({ "version": version, "commit": commit, "target": target, "profile": profile });
        format!("{facts:#}\n")
    } else {
        format!("{} {version} ({commit}, {target}, {profile})\n", definition::NAME)
    }
}

#[cfg(test)]
mod tests;
