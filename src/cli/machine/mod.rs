//! `workshop-edge machine …`: what the USB image's own copy of the program does as root.

mod bundle;
mod install;
mod menu;
mod notices;
mod os;
mod power;
mod settings;
mod stick;
mod taking;
mod words;

pub use install::Install;
pub use os::Order as OsOrder;
pub use settings::Wish;
pub use stick::Stick;

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

/// What is wanted of the machine.
#[derive(Debug, PartialEq, Eq)]
pub enum Order {
    /// Say what the machine has to say.
    Notices {
        /// Whether a program reads the answer.
        json: bool,
    },
    /// Install the system onto a disk that is built in.
    Install(Install),
    /// Show the menu.
    Menu {
        /// The terminal to show it on.
        tty: PathBuf,
    },
    /// Something about its operating system.
    Os(OsOrder),
    /// Something about the settings.
    Settings(Wish),
    /// Deal with a USB stick.
    Stick(Stick),
}

impl Order {
    /// The order that the arguments name.
    fn of(matches: &ArgMatches) -> Option<Self> {
        Some(match matches.subcommand()? {
            ("notices", of) => Self::Notices { json: of.get_flag("json") },
            ("install", of) => Self::Install(install::understood(of)),
            ("menu", of) => Self::Menu { tty: menu::understood(of)? },
            ("os", of) => Self::Os(os::Order::of(of)?),
            ("settings", of) => Self::Settings(Wish::of(of)),
            ("stick", of) => Self::Stick(stick::understood(of)?),
            _ => return None,
        })
    }

    /// Whether it changes the machine, which only root does.
    const fn is_for_root(&self) -> bool {
        match self {
            Self::Notices { .. } => false,
            Self::Settings(wish) => matches!(wish, Wish::Apply),
            // What is known of versions is root's alone, too.
            Self::Install(_) | Self::Menu { .. } | Self::Os(_) | Self::Stick(_) => true,
        }
    }
}

/// The orders, for the definition of the command line; `order` begins one of the program.
pub(super) fn definition(order: impl Fn(&'static str, &str, &str) -> Command, lang: Lang) -> Command {
    let root = order("machine", "machine", lang.pick("<ORDEN>", "<COMMAND>"))
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
        .subcommand(notices::definition(&order, lang))
        .subcommand(os::definition(&order, lang))
        .subcommand(settings::definition(&order, lang))
        .subcommand(install::definition(&order, lang))
        .subcommand(menu::definition(&order, lang))
        .subcommand(stick::definition(&order, lang));
    shape::parent(root, lang)
}

/// The order that the arguments name, and the machine that it is for.
pub(super) fn understood(matches: &ArgMatches) -> Option<(PathBuf, Order)> {
    let root = matches.get_one::<OsString>("root").map_or_else(|| PathBuf::from(ROOT), PathBuf::from);
    Some((root, Order::of(matches)?))
}

/// Carries it out.
pub(super) fn run(root: &Path, order: &Order, lang: Lang) -> ExitCode {
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
