//! `workshop-edge machine stick`: handles a stick with the label `WORKSHOP`, and reports the outcome.

use super::notice_builder::NoticeBuilder;
use super::power::{self, Power};
use super::subcommand;
use super::{bundle, output, taking};
use crate::control::{Client, ClientError, ControlCommand};
use crate::machine::Paths;
use crate::machine::notices::{self, Level, Notice};
use crate::machine::settings;
use crate::machine::stick::{self, MountClaim, Mounted, StickError, StickSettings};
use crate::update::command::{Command as Asked, CommandOutcome, Reply, Report};
use crate::{
    cli::control,
    cli::update,
    cli::update::Ended,
    durable, error_chain,
    lang::{Lang, Text},
};
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, ValueHint, value_parser};
use serde::Deserialize;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

/// How long the box may take to come up: a stick may be in from the start.
const STARTING: Duration = Duration::from_secs(120);
/// How often it is asked.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Time to read the notice on the screen.
const READING: Duration = Duration::from_secs(10);

/// What is to be dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stick {
    /// A stick that has been plugged in.
    Device(PathBuf),
    /// A directory in its place.
    Directory(PathBuf),
    /// What a stick has left behind that was pulled out.
    Removed(PathBuf),
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    let path =
        |name: &'static str, hint| Arg::new(name).long(name).value_hint(hint).value_parser(value_parser!(OsString));
    subcommand("machine stick", lang.pick("--device <DISPOSITIVO> [OPCIONES]", "--device <DEVICE> [OPTIONS]"), lang)
        .about(lang.pick(
            "Atiende una memoria USB con la etiqueta WORKSHOP: versiones, ajustes o informe de soporte",
            "Deal with a USB stick with the label WORKSHOP: versions, settings or a support bundle",
        ))
        .arg(
            path("device", ValueHint::FilePath)
                .value_name(lang.pick("DISPOSITIVO", "DEVICE"))
                .help(lang.pick("Su dispositivo, como /dev/sdb1", "Its device, such as /dev/sdb1")),
        )
        .arg(
            path("directory", ValueHint::DirPath)
                .value_name("DIR")
                .help(lang.pick("Un directorio en lugar de una memoria", "A directory in the place of a stick")),
        )
        .arg(Arg::new("removed").long("removed").action(ArgAction::SetTrue).help(lang.pick(
            "Retira lo que ha dejado una memoria que ya no está",
            "Take away what a stick has left behind that is no longer there",
        )))
        .group(ArgGroup::new("what").args(["device", "directory"]).required(true))
}

/// What the arguments name.
pub(super) fn understood(of: &ArgMatches) -> Option<Stick> {
    let path = |name| of.get_one::<OsString>(name).map(PathBuf::from);
    let is_removed = of.get_flag("removed");
    match (path("device"), path("directory")) {
        (Some(path), None) | (None, Some(path)) if is_removed => Some(Stick::Removed(path)),
        (Some(device), None) => Some(Stick::Device(device)),
        (None, Some(directory)) => Some(Stick::Directory(directory)),
        _ => None,
    }
}

/// Deals with it.
pub(super) fn run(paths: &Paths, stick: &Stick, lang: Lang) -> ExitCode {
    let done = match stick {
        Stick::Removed(device) => MountClaim::release(paths, device).map(|_| (Text::default(), 0)),
        Stick::Device(device) => attend(paths, device, || Mounted::device(device, &paths.stick())),
        Stick::Directory(directory) => attend(paths, directory, || Ok(Mounted::directory(directory))),
    };
    match done {
        Ok((text, code)) => output::answer(text.pick(lang), code),
        // The notice is another stick's, or there is none whom it could tell anything.
        Err(error) => output::failure(words(&error).pick(lang)),
    }
}

/// What to answer, with the exit code.
fn attend(
    paths: &Paths,
    device: &Path,
    mount: impl FnOnce() -> Result<Mounted, StickError>,
) -> Result<(Text, u8), StickError> {
    let _claim = MountClaim::take(paths, device)?;
    let mut session = StickSession {
        paths,
        client: Client::new(&paths.appliance()),
        notice: NoticeBuilder::new(),
        is_restart_due: false,
        is_consent_due: false,
    };
    session.show(Some(&Text::new("Memoria USB: viendo qué contiene…", "USB stick: looking at what it brings…")));
    match mount().and_then(|mounted| stick::survey(mounted.path()).map(|found| (mounted, found))) {
        Ok((mounted, found)) => session.duties(&mounted, found),
        Err(error) => session.notice.add(Level::Warning, words(&error)),
    }
    let out = if session.is_consent_due {
        Text::new("Si retira la memoria USB, no se aceptan.", "If the USB stick is pulled out, they are not taken.")
    } else {
        Text::new("Ya puede retirar la memoria USB.", "The USB stick may be pulled out now.")
    };
    session.notice.add(Level::Info, out);
    if session.is_restart_due {
        session.notice.add(Level::Info, Text::new("El equipo se reinicia.", "The machine starts again."));
    }
    let notice = session.notice.build(None);
    session.show(None);
    if session.is_restart_due && paths.root() == Path::new("/") {
        thread::park_timeout(READING);
        if let Err(words) = power::switch(paths, Power::Reboot) {
            session.notice.add(Level::Warning, words);
            session.show(None);
        }
    }
    let code = if session.notice.is_bad() { super::EXIT_FAILURE } else { 0 };
    Ok((notice.text.map(|text| format!("{text}\n")), code))
}

/// A stick that is being handled.
struct StickSession<'a> {
    paths: &'a Paths,
    client: Client,
    notice: NoticeBuilder,
    /// Whether the machine has to start again for what was taken.
    is_restart_due: bool,
    /// Whether settings wait for somebody at the keyboard, for as long as the stick is in.
    is_consent_due: bool,
}

impl StickSession<'_> {
    /// Shows what has been said so far, and what goes on.
    fn show(&self, going_on: Option<&Text>) {
        put(self.paths, &self.notice.build(going_on));
    }

    fn duties(&mut self, stick: &Mounted, found: stick::Found) {
        if found.is_nothing() {
            self.notice.add(
                Level::Warning,
                Text::new(
                    "La memoria USB no trae nada para este equipo: ni un repositorio de versiones (metadata), ni workshop-edge.txt, ni un archivo SOPORTE.",
                    "The USB stick brings nothing for this box: no release bucket (metadata), no workshop-edge.txt, no file SUPPORT.",
                ),
            );
        }
        for name in &found.misnamed {
            self.notice.add(Level::Warning, misnamed(name));
        }
        // The bundle first: it is of the box as it was found.
        if found.wants_bundle {
            self.show(Some(&Text::new(
                "Escribiendo el informe de soporte: no retire la memoria USB…",
                "Writing the support bundle: do not pull the USB stick out…",
            )));
            match bundle::write(self.paths, stick) {
                Ok(words) => self.notice.add(Level::Info, words),
                Err(words) => self.notice.add(Level::Warning, words),
            }
        }
        if let Some(bucket) = found.bucket {
            self.update(&bucket);
        }
        match found.settings {
            None => {}
            Some(Err(error)) => self.notice.add(
                Level::Warning,
                Text::about(
                    "No se puede leer workshop-edge.txt de la memoria:",
                    "Cannot read the stick's workshop-edge.txt:",
                    error,
                ),
            ),
            Some(Ok(file)) => self.settings(&file),
        }
    }

    /// Has the appliance update from the stick's bucket, and waits for the outcome.
    fn update(&mut self, bucket: &Path) {
        self.show(Some(&Text::new(
            "Comprobando las versiones de la memoria USB…",
            "Verifying the versions on the USB stick…",
        )));
        let asked = Asked::Apply { from: Some(bucket.to_owned()) };
        let (level, words) = match self.ask(&asked) {
            Ok(Reply { outcome: CommandOutcome::Begun { version, is_system }, .. }) => self.follow(&version, is_system),
            Ok(Reply { outcome: CommandOutcome::Nothing { reason }, .. }) => (
                Level::Info,
                Text::new(
                    format!("Versiones de la memoria USB: no hay nada que hacer: {}.", reason.es),
                    format!("Versions on the USB stick: there is nothing to do: {}.", reason.en),
                ),
            ),
            Ok(Reply { outcome: CommandOutcome::Done, .. }) => (Level::Info, Text::new("Hecho.", "Done.")),
            Err(words) => {
                // Should it come to itself, it finds them where its own configuration tells it to look.
                if let Err(error) = link(bucket, &self.paths.run_stick()) {
                    output::print_error(&format!("warning: cannot show the appliance the stick: {error}\n"));
                }
                (
                    Level::Warning,
                    Text::new(
                        format!("No se ha actualizado desde la memoria USB: {}", words.es),
                        format!("Not updated from the USB stick: {}", words.en),
                    ),
                )
            }
        };
        self.notice.add(level, words);
    }

    /// Asks the box, which may be starting.
    fn ask(&self, asked: &Asked) -> Result<Reply, Text> {
        let body =
            serde_json::to_vec(asked).map_err(|error| Text::about("Fallo interno:", "Internal fault:", error))?;
        let give_up = Instant::now() + STARTING;
        loop {
            match self.client.send_with_progress(ControlCommand::Update, &body, |_| {}) {
                Err(ClientError::NotRunning { .. }) if Instant::now() < give_up => thread::park_timeout(POLL_INTERVAL),
                reply => return control::answer(reply),
            }
        }
    }

    /// Waits until a version works or does not; of the system, until it is copied or cannot be.
    fn follow(&self, version: &semver::Version, is_system: bool) -> (Level, Text) {
        let (ended, going_on) = if is_system {
            let words = Text::new(
                format!("Copiando de la memoria USB la versión {version} del sistema: no retire la memoria…"),
                format!("Copying from the USB stick the system's version {version}: do not pull the stick out…"),
            );
            (update::system_ended as Ended, words)
        } else {
            let words =
                Text::about("Instalando desde la memoria USB la versión", "Taking from the USB stick version", version);
            (update::ended as Ended, words)
        };
        self.show(Some(&going_on));
        let mut last = None;
        let mut patience = update::Patience::new();
        while !patience.is_over() {
            thread::park_timeout(POLL_INTERVAL);
            // While it executes the other binary, nobody answers.
            let report = self.client.send(ControlCommand::UpdateReport, &[]);
            let Ok(report) = control::answer::<Report>(report) else { continue };
            match ended(&report, version) {
                Some(Ok(words)) => return (Level::Info, words),
                Some(Err(words)) => return (Level::Warning, words),
                None => {}
            }
            let now = Some((report.state.phase.clone(), report.state.os.as_ref().map(|os| os.step.clone())));
            patience.heard(&report, last != now);
            last = now;
        }
        (
            Level::Warning,
            Text::new(
                format!("La versión {version} no avanza: mire el estado del equipo."),
                format!("There is no progress with version {version}: see the box's status."),
            ),
        )
    }

    /// Accepts new settings with the right PIN; without one they wait for somebody at the keyboard.
    fn settings(&mut self, file: &[u8]) {
        let settings_file = match StickSettings::of(file) {
            Ok(settings_file) => settings_file,
            Err(error) => {
                let words = Text::about(
                    "workshop-edge.txt de la memoria no es texto (guárdelo con el Bloc de notas):",
                    "The stick's workshop-edge.txt:",
                    error,
                );
                return self.notice.add(Level::Warning, words);
            }
        };
        if taking::holds_already(self.paths, &settings_file.text) {
            return self.notice.add(
                Level::Info,
                Text::new(
                    "Los ajustes de la memoria USB ya son los de este equipo.",
                    "The settings of the USB stick hold already.",
                ),
            );
        }
        if let Err(words) = taking::check(&settings_file.text) {
            return self.notice.add(Level::Warning, words);
        }
        let (level, words) = match settings_file.pin.as_deref().map(|pin| self.is_pin(pin)) {
            Some(Ok(true)) => match taking::take(self.paths, &settings_file.text) {
                Ok(words) => {
                    self.is_restart_due = true;
                    (Level::Info, words)
                }
                Err(words) => (Level::Warning, words),
            },
            Some(Ok(false)) => self.wait_for_consent(
                &settings_file.text,
                &Text::new(
                    "El PIN de los ajustes de la memoria USB no es el de este equipo.",
                    "The PIN in the settings on the USB stick is not this box's.",
                ),
            ),
            Some(Err(words)) => self.wait_for_consent(&settings_file.text, &words),
            None => self.wait_for_consent(
                &settings_file.text,
                &Text::new(
                    "La memoria USB trae ajustes sin el PIN de este equipo.",
                    "The USB stick brings settings without this box's PIN.",
                ),
            ),
        };
        self.notice.add(level, words);
    }

    fn wait_for_consent(&mut self, text: &str, why: &Text) -> (Level, Text) {
        match stick::keep_pending(self.paths, text.as_bytes()) {
            Ok(()) => {
                self.is_consent_due = true;
                let words = Text::new(
                    format!("{} Para aceptarlos, pulse Alt+F2 en el teclado del equipo.", why.es),
                    format!("{} To accept them, press Alt+F2 on the box's keyboard.", why.en),
                );
                (Level::Warning, words)
            }
            Err(error) => (Level::Fault, Text::about(&why.es, &why.en, error_chain(&error))),
        }
    }

    fn is_pin(&self, pin: &str) -> Result<bool, Text> {
        #[derive(Deserialize)]
        struct Checked {
            is_right: bool,
        }
        control::answer::<Checked>(self.client.send(ControlCommand::CheckPin, pin.as_bytes()))
            .map(|checked| checked.is_right)
    }
}

/// Replaces a link.
fn link(to: &Path, at: &Path) -> Result<(), String> {
    durable::remove(at).map_err(|error| error_chain(&error))?;
    std::os::unix::fs::symlink(to, at).map_err(|error| error.to_string())
}

/// Shows the notice on the screen, or logs it where that is impossible.
pub(super) fn put(paths: &Paths, notice: &Notice) {
    if let Err(error) = notices::put(&paths.run_notices(), stick::SUBJECT, notice) {
        output::print_error(&format!("warning: {}\n", error_chain(&error)));
    }
}

/// Why a file is not read.
fn misnamed(name: &str) -> Text {
    let Text { es, en } = if settings::meant(name) == Some(settings::NAME) {
        Text::fixed(
            "¿debe llamarse workshop-edge.txt? Windows puede ocultar cómo termina un nombre.",
            "is it to be called workshop-edge.txt? Windows may hide how a name ends.",
        )
    } else {
        Text::fixed(
            "las contraseñas solo se toman de secrets.txt en la unidad TALLER del equipo. Bórrelo de esta memoria.",
            "passwords are taken only from secrets.txt on the box's own drive TALLER. Delete it from this stick.",
        )
    };
    let name = name.escape_debug();
    Text::new(
        format!("El archivo \"{name}\" de la memoria USB no se lee: {es}"),
        format!("The file \"{name}\" on the USB stick is not read: {en}"),
    )
}

/// Why a stick cannot be used and what to do.
fn words(error: &StickError) -> Text {
    let chain = error_chain(error);
    match error {
        StickError::NoFileSystem { .. } => Text::new(
            format!(
                "La memoria USB no se puede leer: dele formato FAT32 o exFAT, con la etiqueta WORKSHOP. Detalle: {chain}"
            ),
            format!(
                "The USB stick cannot be read: format it as FAT32 or exFAT, with the label WORKSHOP. Detail: {chain}"
            ),
        ),
        StickError::OwnDisk { .. } => Text::new(
            format!("Es una parte del disco de este equipo, no una memoria USB ajena: {chain}"),
            format!("It is a part of this box's own disk, not a foreign stick: {chain}"),
        ),
        StickError::Another => Text::new(
            "Ya hay otra memoria USB en uso: retírela primero.",
            "Another USB stick is in use: pull it out first.",
        ),
        StickError::Io { .. } | StickError::Keep(_) => {
            Text::about("La memoria USB no se puede usar:", "The USB stick cannot be used:", chain)
        }
    }
}
