//! `workshop-edge machine …`: what the USB image's own copy of the program does as root.

mod bundle;
pub(super) mod install;
mod menu;
mod notice_builder;
mod notices;
pub(super) mod os;
mod power;
pub(super) mod settings;
pub(super) mod stick;
mod taking;

use super::program::subcommand;
use super::{EXIT_FAILURE, output, shape};
use crate::{
    lang::{Lang, Text},
    machine::Paths,
};
use clap::{Arg, ArgMatches, Command, value_parser};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// The directory below which the machine is.
const ROOT: &str = "/";

#[derive(Debug, PartialEq, Eq)]
pub struct MachineArgs {
    /// The directory below which the machine is: [`ROOT`] unless it is a test's.
    pub(super) root: PathBuf,
    pub(super) command: MachineCommand,
}

/// The subcommands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MachineCommand {
    /// Say what the machine has to say.
    Notices {
        /// Whether a program reads the answer.
        json: bool,
    },
    /// Install the system onto a disk that is built in.
    Install(install::Install),
    /// Show the menu.
    Menu {
        /// The terminal to show it on.
        tty: PathBuf,
    },
    /// Something about its operating system.
    Os(os::OsCommand),
    /// Something about the settings.
    Settings(settings::SettingsCommand),
    /// Deal with a USB stick.
    Stick(stick::Stick),
}

impl MachineCommand {
    /// The command that the arguments name.
    fn of(matches: &ArgMatches) -> Option<Self> {
        Some(match matches.subcommand()? {
            ("notices", of) => Self::Notices { json: of.get_flag("json") },
            ("install", of) => Self::Install(install::understood(of)),
            ("menu", of) => Self::Menu { tty: menu::understood(of)? },
            ("os", of) => Self::Os(os::OsCommand::of(of)?),
            ("settings", of) => Self::Settings(settings::SettingsCommand::of(of)),
            ("stick", of) => Self::Stick(stick::understood(of)?),
            _ => return None,
        })
    }

    /// Whether it changes the machine, which only root does.
    const fn is_for_root(&self) -> bool {
        match self {
            Self::Notices { .. } => false,
            Self::Settings(command) => matches!(command, settings::SettingsCommand::Apply),
            // What is known of versions is root's alone, too.
            Self::Install(_) | Self::Menu { .. } | Self::Os(_) | Self::Stick(_) => true,
        }
    }
}

/// How they are typed.
pub(super) fn definition(lang: Lang) -> Command {
    let root = subcommand("machine", lang.pick("<ORDEN>", "<COMMAND>"), lang)
        .about(lang.pick(
            "Prepara la máquina entera, en la imagen USB (lo hace root)",
            "Set up the whole machine, on the USB image (root does)",
        ))
        .arg(
            Arg::new("root")
                .long("root")
                .value_name("DIR")
                .value_parser(value_parser!(OsString))
                .global(true)
                .hide(true)
                .help(lang.pick("Directorio en el que está la máquina", "Directory below which the machine is")),
        )
        .subcommand(notices::definition(lang))
        .subcommand(os::definition(lang))
        .subcommand(settings::definition(lang))
        .subcommand(install::definition(lang))
        .subcommand(menu::definition(lang))
        .subcommand(stick::definition(lang));
    shape::parent(root, lang)
}

impl MachineArgs {
    pub(super) fn of(matches: &ArgMatches) -> Option<Self> {
        let root = matches.get_one::<OsString>("root").map_or_else(|| PathBuf::from(ROOT), PathBuf::from);
        Some(Self { root, command: MachineCommand::of(matches)? })
    }
}

const ONLY_ROOT: Text<&'static str> = Text::fixed(
    "esto cambia la máquina entera, y solo lo puede hacer root",
    "this changes the whole machine, and only root may do it",
);

/// Carries it out.
pub(super) fn run(MachineArgs { root, command }: &MachineArgs, lang: Lang) -> ExitCode {
    if command.is_for_root() && root == Path::new(ROOT) && !rustix::process::geteuid().is_root() {
        return output::failure(ONLY_ROOT.pick(lang));
    }
    let paths = Paths::below(root);
    match command {
        MachineCommand::Notices { json } => notices::run(&paths, *json, lang),
        MachineCommand::Install(wanted) => install::run(&paths, wanted, lang),
        MachineCommand::Menu { tty } => menu::run(&paths, tty, lang),
        MachineCommand::Os(command) => os::run(&paths, command, lang),
        MachineCommand::Settings(command) => settings::run(&paths, command, lang),
        MachineCommand::Stick(stick) => stick::run(&paths, stick, lang),
    }
}
