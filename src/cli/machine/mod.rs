//! `workshop-edge machine …`: what the USB image's own copy of the program does as root.

mod bundle;
pub(super) mod install;
mod menu;
mod notices;
pub(super) mod os;
mod power;
pub(super) mod settings;
pub(super) mod stick;
mod taking;
mod words;

use super::program::subcommand;
use super::{EXIT_FAILURE, output, shape};
use crate::{lang::Lang, machine::Paths};
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
    pub(super) order: Order,
}

/// The subcommands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Order {
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
    Os(os::Order),
    /// Something about the settings.
    Settings(settings::Wish),
    /// Deal with a USB stick.
    Stick(stick::Stick),
}

impl Order {
    /// The order that the arguments name.
    fn of(matches: &ArgMatches) -> Option<Self> {
        Some(match matches.subcommand()? {
            ("notices", of) => Self::Notices { json: of.get_flag("json") },
            ("install", of) => Self::Install(install::understood(of)),
            ("menu", of) => Self::Menu { tty: menu::understood(of)? },
            ("os", of) => Self::Os(os::Order::of(of)?),
            ("settings", of) => Self::Settings(settings::Wish::of(of)),
            ("stick", of) => Self::Stick(stick::understood(of)?),
            _ => return None,
        })
    }

    /// Whether it changes the machine, which only root does.
    const fn is_for_root(&self) -> bool {
        match self {
            Self::Notices { .. } => false,
            Self::Settings(wish) => matches!(wish, settings::Wish::Apply),
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
        Some(Self { root, order: Order::of(matches)? })
    }
}

/// Carries it out.
pub(super) fn run(MachineArgs { root, order }: &MachineArgs, lang: Lang) -> ExitCode {
    if order.is_for_root() && root == Path::new(ROOT) && !rustix::process::geteuid().is_root() {
        return output::failure(lang.pick(
            "esto cambia la máquina entera, y solo lo puede hacer root",
            "this changes the whole machine, and only root may do it",
        ));
    }
    let paths = Paths::below(root);
    match order {
        Order::Notices { json } => notices::run(&paths, *json, lang),
        Order::Install(wanted) => install::run(&paths, wanted, lang),
        Order::Menu { tty } => menu::run(&paths, tty, lang),
        Order::Os(order) => os::run(&paths, order, lang),
        Order::Settings(wish) => settings::run(&paths, wish, lang),
        Order::Stick(stick) => stick::run(&paths, stick, lang),
    }
}
