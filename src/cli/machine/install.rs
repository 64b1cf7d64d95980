//! `workshop-edge machine install`: from the stick onto a disk that is built in.

use super::output;
use super::power::{self, Power};
use super::subcommand;
use crate::machine::install::{self, Disk, InstallError, Refusal, Step};
use crate::{
    error_chain,
    lang::{Lang, Text},
    machine::Paths,
};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// The options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Install {
    /// Onto which disk; asked for where it is not given.
    pub(crate) disk: Option<PathBuf>,
    /// Whether the person is sure.
    pub(crate) yes: bool,
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    subcommand("machine install", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
        .about(lang.pick(
            "Instala el sistema de la memoria USB en un disco interno, con sus ajustes y sus datos",
            "Install the system of the USB stick onto a disk that is built in, with settings and data",
        ))
        .arg(
            Arg::new("disk")
                .long("disk")
                .value_name(lang.pick("DISCO", "DISK"))
                .value_hint(ValueHint::FilePath)
                .value_parser(value_parser!(OsString))
                .help(lang.pick("El disco, como /dev/nvme0n1", "The disk, such as /dev/nvme0n1")),
        )
        .arg(
            Arg::new("yes")
                .long("yes")
                .action(ArgAction::SetTrue)
                .requires("disk")
                .help(lang.pick("No pregunta antes", "Do not ask first")),
        )
}

/// What the arguments name.
pub(super) fn understood(of: &ArgMatches) -> Install {
    Install { disk: of.get_one::<OsString>("disk").map(PathBuf::from), yes: of.get_flag("yes") }
}

/// Installs.
pub(super) fn run(paths: &Paths, wanted: &Install, lang: Lang) -> ExitCode {
    output::end(carry_out(paths, wanted, |text| output::print_error(text.pick(lang))), lang)
}

fn carry_out(paths: &Paths, wanted: &Install, say: impl Fn(&Text)) -> Result<Text, Text> {
    install::is_possible(paths).map_err(|error| words(&error))?;
    let disk = match &wanted.disk {
        Some(disk) if wanted.yes => disk.clone(),
        disk => ask(paths, disk.as_deref(), &say)?,
    };
    let mut last = None;
    let done = install::install(paths, &disk, |step| {
        let text = progress(step).map(|text| format!("{text}\n"));
        if last.as_ref() != Some(&text) {
            say(&text);
            last = Some(text);
        }
    });
    done.map_err(|error| words(&error))?;
    if wanted.yes {
        let Text { es, en } = still_on_the_stick();
        return Ok(Text::new(format!("Instalado. {es}\n"), format!("Installed. {en}\n")));
    }
    say(&finished().map(|text| format!("{text}\n")));
    line()?;
    power::switch(paths, Power::Reboot)?;
    Ok(Text::default())
}

/// Which disk, and whether the person is sure: once by its number, once by its last characters.
fn ask(paths: &Paths, given: Option<&Path>, say: impl Fn(&Text)) -> Result<PathBuf, Text> {
    let found = install::disks(paths).map_err(|error| words(&error))?;
    let free: Vec<&Disk> =
        found.iter().filter(|disk| disk.refusal.is_none() && given.is_none_or(|given| given == disk.device)).collect();
    let refused = found.iter().filter(|disk| disk.refusal.is_some());
    let refused = refused.map(|disk| described(disk).map(|disk| format!("   {disk}\n")));
    let choices = (1..).zip(&free).map(|(number, disk)| described(disk).map(|disk| format!("{number}. {disk}\n")));
    say(&Text::join(refused.chain(choices), ""));
    if free.is_empty() {
        return Err(none());
    }
    say(&Text::new("Número del disco: ", "Number of the disk: "));
    let number: usize = line()?.parse().unwrap_or_default();
    let disk = number.checked_sub(1).and_then(|number| free.get(number)).ok_or_else(unsure)?;
    let word = word(disk);
    let device = disk.device.display();
    say(&Text::new(
        format!("Se borra todo lo que hay en {device}. Para seguir, escriba {word}: "),
        format!("Everything on {device} will be lost. To go on, type {word}: "),
    ));
    if line()? == word { Ok(disk.device.clone()) } else { Err(unsure()) }
}

fn line() -> Result<String, Text> {
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(|error| Text::about("No se puede leer:", "Cannot read:", error))?;
    Ok(line.trim().to_owned())
}

/// What a person types to show that they mean this disk: the last four characters of its name.
pub(super) fn word(disk: &Disk) -> String {
    let name = disk.device.file_name().unwrap_or_default().to_string_lossy();
    let skipped = name.chars().count().saturating_sub(4);
    name.chars().skip(skipped).collect()
}

/// A disk, for a person to know it by.
pub(super) fn described(disk: &Disk) -> Text {
    let (device, size) = (disk.device.display(), install::size(disk.bytes));
    let holds = if disk.holds.is_empty() { Text::new("vacío", "empty") } else { Text::same(disk.holds.join("; ")) };
    let text = holds.map(|holds| format!("{device}: {}, {size} [{holds}]", disk.model));
    let refusal = disk.refusal.map(|refusal| refused(refusal).map(|refusal| format!(" — {refusal}")));
    text.then(&refusal.unwrap_or_default())
}

fn refused(refusal: Refusal) -> Text {
    match refusal {
        Refusal::RunningSystem => Text::new("el sistema arranca de él", "the system runs from it"),
        Refusal::InUse => Text::new("está en uso", "it is in use"),
        Refusal::TooSmall => Text::new("es demasiado pequeño (mínimo 1 GB)", "it is too small (1 GB at least)"),
        Refusal::Sectors => Text::new("sus sectores no son de 512 bytes", "its sectors are not of 512 bytes"),
    }
}

/// There is no disk to install to.
pub(super) fn none() -> Text {
    Text::new(
        "no hay ningún disco interno en el que se pueda instalar",
        "there is no disk inside that the system could be installed to",
    )
}

fn unsure() -> Text {
    Text::new("no se ha confirmado: no se ha hecho nada", "not confirmed: nothing was done")
}

/// It works from the disk alone.
pub(super) fn finished() -> Text {
    let still = still_on_the_stick();
    Text::new(
        format!("Instalado. Retire la memoria USB y pulse Intro: el equipo arranca de su disco.\n\n{}", still.es),
        format!("Installed. Pull the USB stick out and press Enter: the box starts from its disk.\n\n{}", still.en),
    )
}

/// The stick was only read.
fn still_on_the_stick() -> Text {
    Text::new(
        "La memoria USB conserva las contraseñas, el PIN y la identidad de este equipo: grábela de nuevo, o guárdela bajo llave. No \
         arranque otra máquina con ella: sería el mismo equipo dos veces.",
        "The USB stick still has this box's passwords, PIN and identity: flash it anew, or lock it away. Do not start another \
         machine from it: it would be the same box twice.",
    )
}

/// How far it is.
pub(super) fn progress(step: Step) -> Text {
    match step {
        Step::Data => Text::new("Preparando los datos del equipo…", "Preparing the box's data…"),
        // Not each per cent: a line may stay.
        Step::Copying(percent) => {
            let percent = percent / 10 * 10;
            Text::new(format!("Copiando el sistema: {percent} %"), format!("Copying the system: {percent} %"))
        }
        Step::Verifying(percent) => {
            let percent = percent / 10 * 10;
            Text::new(format!("Comprobando la copia: {percent} %"), format!("Verifying the copy: {percent} %"))
        }
        Step::Table => Text::new("Haciendo el disco arrancable…", "Making the disk bootable…"),
    }
}

/// Why it is not installed and what to do.
pub(super) fn words(error: &InstallError) -> Text {
    let chain = error_chain(error);
    Text {
        es: match error {
            InstallError::NotFromStick => {
                "este equipo no ha arrancado de una memoria USB: ya está instalada".to_owned()
            }
            InstallError::OnTrial => {
                "la versión del sistema está a prueba: espere unos minutos y vuelva a intentarlo".to_owned()
            }
            InstallError::NotADisk { disk } => format!("{} no es un disco en el que se pueda instalar", disk.display()),
            InstallError::Refused { disk, refusal } => {
                format!("{} no vale: {}", disk.display(), refused(*refusal).es)
            }
            InstallError::Busy => {
                "se está escribiendo una actualización del sistema u otra instalación: espere unos minutos".to_owned()
            }
            InstallError::TooMuchData => "el equipo guarda demasiados datos para llevarlos al disco".to_owned(),
            InstallError::Differs { disk } => {
                format!("{} no devuelve lo que se escribió en él: está estropeado, use otro", disk.display())
            }
            InstallError::Source(_)
            | InstallError::Missing(_)
            | InstallError::Table { .. }
            | InstallError::Format { .. }
            | InstallError::Lock(_)
            | InstallError::Random(_)
            | InstallError::Io { .. } => format!("no se ha instalado; la memoria USB sigue valiendo. Detalle: {chain}"),
        },
        en: match error {
            InstallError::Refused { disk, refusal } => {
                format!("{} cannot be taken: {}", disk.display(), refused(*refusal).en)
            }
            _ => chain.clone(),
        },
    }
}
