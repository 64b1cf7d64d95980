//! `workshop-edge machine os …`: root's side of the updates of the operating system.

use super::subcommand;
use super::{output, shape};
use crate::{
    durable::Lock,
    error_chain,
    lang::{Lang, Text},
    log,
    machine::{
        Paths,
        os::{self, confirm::Patience},
    },
    update::{ROOT, state::TrialState},
};
use clap::{Arg, ArgMatches, Command, value_parser};
use semver::Version;
use serde_json::json;
use std::{
    net::SocketAddr,
    path::Path,
    process::{self, ExitCode},
    time::Duration,
};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};

/// Where the appliance answers on the image.
const ADDRESS: &str = "127.0.0.1:80";

/// The subcommands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OsCommand {
    /// Verify and install what the appliance offers, and restart.
    Install,
    /// Find out what has become of the versions.
    Settle,
    /// Wait until the version on trial has shown that it works.
    Confirm {
        /// Where the appliance answers.
        address: SocketAddr,
        /// How long all has to be well at a stretch, and how long it may take, in seconds.
        seconds: (u16, u16),
    },
    /// Allow a version again that has failed.
    Forgive { version: Version },
    /// Say the state of the system.
    Status {
        /// Whether a program reads the answer.
        json: bool,
    },
}

impl OsCommand {
    /// The command that the arguments name.
    pub(super) fn of(matches: &ArgMatches) -> Option<Self> {
        Some(match matches.subcommand()? {
            ("install", _) => Self::Install,
            ("settle", _) => Self::Settle,
            ("confirm", of) => Self::Confirm {
                address: *of.get_one("address")?,
                seconds: (*of.get_one("stretch")?, *of.get_one("most")?),
            },
            ("forgive", of) => Self::Forgive { version: of.get_one::<Version>("version")?.clone() },
            ("status", of) => Self::Status { json: of.get_flag("json") },
            _ => return None,
        })
    }
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    let options = lang.pick("[OPCIONES]", "[OPTIONS]");
    let hidden = |name: &'static str| Arg::new(name).long(name).hide(true);
    let root = subcommand("machine os", lang.pick("<ORDEN>", "<COMMAND>"), lang)
        .about(lang.pick("Actualiza el sistema operativo de la imagen USB", "Update the USB image's operating system"))
        .subcommand(subcommand("machine os install", options, lang).about(lang.pick(
            "Comprueba e instala la versión del sistema que se ha descargado, y reinicia",
            "Verify and install the system's version that has been downloaded, and restart",
        )))
        .subcommand(subcommand("machine os settle", options, lang).about(lang.pick(
            "Mira en cada arranque qué ha sido de las versiones del sistema",
            "Look at each start what has become of the system's versions",
        )))
        .subcommand(
            subcommand("machine os confirm", options, lang)
                .about(lang.pick(
                    "Espera a que la versión a prueba del sistema demuestre que funciona",
                    "Wait until the system's version on trial has shown that it works",
                ))
                .arg(hidden("address").default_value(ADDRESS).value_parser(value_parser!(SocketAddr)))
                .arg(hidden("stretch").default_value("15").value_parser(value_parser!(u16)))
                .arg(hidden("most").default_value("240").value_parser(value_parser!(u16))),
        )
        .subcommand(
            subcommand("machine os forgive", lang.pick("<VERSIÓN> [OPCIONES]", "<VERSION> [OPTIONS]"), lang)
                .about(lang.pick(
                    "Admite otra vez una versión del sistema que falló en este equipo",
                    "Allow a version of the system again that has failed on this box",
                ))
                .arg(
                    Arg::new("version")
                        .value_name(lang.pick("VERSIÓN", "VERSION"))
                        .help_heading(lang.pick("Argumentos", "Arguments"))
                        .required(true)
                        .value_parser(value_parser!(Version)),
                ),
        )
        .subcommand(
            subcommand("machine os status", options, lang)
                .about(lang.pick("Muestra el estado del sistema", "Say what the system is at"))
                .arg(shape::json(lang)),
        );
    shape::parent(root, lang)
}

/// Carries it out.
pub(super) fn run(paths: &Paths, command: &OsCommand, lang: Lang) -> ExitCode {
    match command {
        OsCommand::Install => install(paths, lang),
        OsCommand::Settle => match os::settle::settle(paths) {
            Ok(report) => output::answer(&format!("{}\n", report.version), 0),
            Err(error) => output::failure(&error_chain(&error)),
        },
        OsCommand::Confirm { address, seconds: (stretch, most) } => {
            let patience = Patience {
                stretch: Duration::from_secs((*stretch).into()),
                most: Duration::from_secs((*most).into()),
                ..Patience::default()
            };
            let confirmed = runtime().and_then(|runtime| {
                runtime.block_on(os::confirm::confirm(paths, *address, patience)).map_err(|error| error_chain(&error))
            });
            confirmed.map_or_else(|wrong| output::failure(&wrong), |()| output::answer("", 0))
        }
        OsCommand::Forgive { version } => output::end(forgive(paths, version), lang),
        OsCommand::Status { json } => output::end(status(paths, *json), lang),
    }
}

fn forgive(paths: &Paths, version: &Version) -> Result<Text, Text> {
    if os::settle::forgive(paths, version).map_err(|error| Text::same(error_chain(&error)))? {
        return Ok(Text::new(
            format!("La versión {version} del sistema se admite otra vez en este equipo.\n"),
            format!("The system's version {version} may be tried again on this box.\n"),
        ));
    }
    Err(Text::new(
        format!("este equipo no rechaza ninguna versión {version} del sistema"),
        format!("no version {version} of the system is refused on this box"),
    ))
}

fn runtime() -> Result<LocalRuntime, String> {
    Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).map_err(|error| error.to_string())
}

const INSTALLED_AFTERWARDS: Text<&'static str> = Text::fixed(
    "el sistema se está instalando en un disco: la actualización se instala después",
    "the system is being installed to a disk: the update is installed afterwards",
);
const NOTHING_TO_INSTALL: Text<&'static str> =
    Text::fixed("No hay nada que instalar.\n", "There is nothing to install.\n");

fn install(paths: &Paths, lang: Lang) -> ExitCode {
    log::start_on_stderr();
    // The restart would cut an installation to another disk off.
    let _alone = match Lock::take(&paths.run_system_lock()) {
        Ok(Some(lock)) => lock,
        Ok(None) => {
            return output::failure(INSTALLED_AFTERWARDS.pick(lang));
        }
        Err(error) => return output::failure(&error_chain(&error)),
    };
    let installed = runtime()
        .and_then(|runtime| runtime.block_on(os::install::install(paths, ROOT)).map_err(|error| error_chain(&error)));
    match installed {
        Ok(None) => output::answer(NOTHING_TO_INSTALL.pick(lang), 0),
        Err(wrong) => output::failure(&wrong),
        Ok(Some(installed)) => {
            let version = installed.version;
            let words = Text::new(
                format!("La versión {version} del sistema está instalada; se prueba al reiniciar.\n"),
                format!("The system's version {version} is installed; a restart tries it.\n"),
            );
            let said = output::answer(words.pick(lang), 0);
            // A machine in a directory has nothing to restart.
            if paths.root() == Path::new(super::ROOT) { restart() } else { said }
        }
    }
}

fn restart() -> ExitCode {
    match process::Command::new("systemctl").args(["--no-block", "reboot"]).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => output::failure(&format!("systemctl reboot: {status}")),
        Err(error) => output::failure(&format!("systemctl reboot: {error}")),
    }
}

fn status(paths: &Paths, json: bool) -> Result<Text, Text> {
    let report = os::settle::status(paths).map_err(|error| Text::same(error_chain(&error)))?;
    let record = os::record(&paths.data_os());
    let changes = &record.value().changes;
    if json {
        return Ok(Text::same(format!("{:#}\n", json!({ "os": report, "changes": changes }))));
    }
    let version = &report.version;
    let mut lines = vec![match report.state {
        TrialState::Trial => {
            Text::new(format!("Sistema: {version} (a prueba)\n"), format!("System: {version} (on trial)\n"))
        }
        TrialState::Good | TrialState::Other => {
            Text::new(format!("Sistema: {version}\n"), format!("System: {version}\n"))
        }
    }];
    lines.extend(report.quarantined.iter().map(|one| {
        let words = Text::fixed("falló y no se vuelve a probar", "failed, and is not tried again");
        words.map(|words| format!("{}: {words}: {}\n", one.version, one.reason))
    }));
    lines.extend(changes.iter().map(|change| {
        let outcome = match change.outcome {
            os::OsOutcome::Good => Text::fixed("funciona", "works"),
            os::OsOutcome::FellBack => Text::fixed("falló y volvió la anterior", "failed, the one before came back"),
            os::OsOutcome::Other => Text::fixed("?", "?"),
        };
        outcome.map(|outcome| format!("{}  {} → {}  {outcome}\n", change.at, change.from, change.to))
    }));
    Ok(Text::join(lines, ""))
}
