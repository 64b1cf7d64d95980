//! `workshop-edge machine menu`: the menu on the box's own screen, and the actions of the person at the keyboard.

use super::power::{self, Power};
use super::subcommand;
use super::{bundle, install, output, taking};
use crate::cli::terminal::{Terminal, TerminalError};
use crate::cli::{control, status};
use crate::console::Menu as Drawn;
use crate::control::{Client, ControlCommand};
use crate::machine::menu::{DiskChoice, Menu, MenuAction, Page, keys};
use crate::machine::notices::{self, Level, Notice, NoticeError};
use crate::machine::stick::{self, Mounted};
use crate::machine::{Paths, install as installer, os};
use crate::{
    error_chain,
    lang::{Lang, Text},
};
use clap::{Arg, ArgMatches, Command, ValueHint, value_parser};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};
use tokio::sync::watch;

/// The subject of the notice that says that there is a menu.
const SUBJECT: &str = "menu";
/// Bytes of keys that are read at once.
const MAX_KEYS: usize = 64;
/// Lines of settings that are shown before they are taken.
const MAX_LINES: usize = 40;

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    subcommand("machine menu", lang.pick("--tty <TERMINAL> [OPCIONES]", "--tty <TERMINAL> [OPTIONS]"), lang)
        .about(lang.pick(
            "Muestra un menú en la pantalla del propio equipo, para quien tiene un teclado",
            "Show a menu on the box's own screen, for whoever has a keyboard",
        ))
        .arg(
            Arg::new("tty")
                .long("tty")
                .value_name("TERMINAL")
                .value_hint(ValueHint::FilePath)
                .value_parser(value_parser!(OsString))
                .required(true)
                .help(
                    lang.pick("Terminal que lo muestra, como /dev/tty2", "Terminal that shows it, such as /dev/tty2"),
                ),
        )
}

/// The terminal that the arguments name.
pub(super) fn understood(of: &ArgMatches) -> Option<PathBuf> {
    of.get_one::<OsString>("tty").map(PathBuf::from)
}

/// Shows it until it is stopped.
pub(super) fn run(paths: &Paths, tty: &Path, lang: Lang) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let hint = Notice {
        level: Level::Info,
        text: Text::new(
            "Con un teclado: Alt+F2 abre el menú del equipo.",
            "With a keyboard: Alt+F2 opens the box's menu.",
        ),
    };
    log_failure(notices::put(&paths.run_notices(), SUBJECT, &hint));
    let done = runtime.map_err(TerminalError::Signals).and_then(|runtime| runtime.block_on(show(paths, tty, lang)));
    log_failure(notices::clear(&paths.run_notices(), SUBJECT));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::failure(error.words().pick(lang)),
    }
}

/// The journal has what the notice cannot say.
fn log_failure(done: Result<(), NoticeError>) {
    if let Err(error) = done {
        output::print_error(&format!("warning: {}\n", error_chain(&error)));
    }
}

async fn show(paths: &Paths, tty: &Path, lang: Lang) -> Result<(), TerminalError> {
    let mut stop = crate::cli::terminal::Stop::new().map_err(TerminalError::Signals)?;
    let mut terminal = Terminal::open(tty)?;
    let mut typed = terminal.keys(MAX_KEYS)?;
    let mut menu = Menu::new(lang);
    // The result of an action replaces whatever the action has shown of its progress, seen or not.
    let (pages, mut latest_page) = watch::channel(None::<Page>);
    loop {
        let drawn: Vec<_> = menu.lines().into_iter().map(|line| (line.text, line.is_chosen)).collect();
        terminal.draw(terminal.size().menu(&Drawn { title: TITLE.pick(menu.lang()), lines: &drawn }))?;
        let bytes = tokio::select! {
            () = stop.next() => return Ok(()),
            Ok(()) = latest_page.changed() => {
                if let Some(page) = latest_page.borrow_and_update().clone() {
                    menu.show(page);
                }
                continue;
            }
            Some(bytes) = typed.recv() => bytes?,
        };
        for key in keys(&bytes) {
            let Some(wish) = menu.press(key) else { continue };
            menu.show(Page::Busy(Text::new("Un momento…", "One moment…")));
            let (paths, pages) = (paths.clone(), pages.clone());
            tokio::task::spawn_blocking(move || {
                let page = carry_out(&paths, wish, |step| {
                    pages.send_replace(Some(Page::Busy(step)));
                });
                pages.send_replace(Some(page));
            });
            // Keys that were pressed before anybody could see what they are for.
            break;
        }
    }
}

const TITLE: Text<&'static str> = Text::fixed("workshop-edge · menú del equipo", "workshop-edge · the box's menu");

/// Performs the action, and returns what to show.
fn carry_out(paths: &Paths, wish: MenuAction, step: impl Fn(Text)) -> Page {
    let client = Client::new(&paths.appliance());
    let done = match wish {
        MenuAction::Status => status::words(&client),
        MenuAction::Disks => return choices(paths).unwrap_or_else(Page::Read),
        MenuAction::Install(disk) => {
            let done = installer::install(paths, &disk, |at| step(install::progress(at)));
            return match done {
                Ok(()) => Page::Installed(install::finished()),
                Err(error) => Page::Read(not_installed(&error)),
            };
        }
        MenuAction::Pending => return pending(paths),
        MenuAction::Accept => accept(paths),
        MenuAction::Refuse => stick::refuse_pending(paths)
            .map(|()| Text::new("Los ajustes no se han aceptado.", "The settings were not taken."))
            .map_err(|error| Text::about("Fallo:", "Fault:", error_chain(&error))),
        MenuAction::Bundle => write_bundle(paths),
        MenuAction::Quarantined => return quarantined(paths),
        MenuAction::Forgive => forgive(paths),
        MenuAction::RestartBox => restart(&client),
        MenuAction::Reboot => power::switch(paths, Power::Reboot)
            .map(|()| Text::new("El equipo se reinicia.", "The machine starts again.")),
        MenuAction::PowerOff => {
            power::switch(paths, Power::Off).map(|()| Text::new("El equipo se apaga.", "The machine is switched off."))
        }
    };
    Page::Read(done.unwrap_or_else(|words| words))
}

/// As other faults begin on a page; on the command line they follow "error:".
fn not_installed(error: &installer::InstallError) -> Text {
    Text::new("Fallo:", "Fault:").and(&install::words(error))
}

/// The disks that the system may be installed to.
fn choices(paths: &Paths) -> Result<Page, Text> {
    installer::is_possible(paths).map_err(|error| not_installed(&error))?;
    let disks = installer::disks(paths).map_err(|error| not_installed(&error))?;
    let (free, refused): (Vec<_>, Vec<_>) = disks.iter().partition(|disk| disk.refusal.is_none());
    if free.is_empty() {
        let why = refused.into_iter().map(install::described);
        return Err(Text::join([install::none()].into_iter().chain(why), "\n"));
    }
    let choice = |disk: &&installer::Disk| DiskChoice {
        device: disk.device.clone(),
        text: install::described(disk),
        word: install::word(disk),
    };
    Ok(Page::Choose(free.iter().map(choice).collect()))
}

/// What a stick's settings say, and whether to take them.
fn pending(paths: &Paths) -> Page {
    let found = match stick::pending(paths) {
        Ok(Some(found)) => found,
        Ok(None) => {
            return Page::Read(Text::new(
                "Ninguna memoria USB ha traído ajustes por aceptar.",
                "No USB stick has brought settings that wait.",
            ));
        }
        Err(error) => return Page::Read(Text::about("Fallo:", "Fault:", error_chain(&error))),
    };
    let settings = String::from_utf8_lossy(&found);
    let is_said = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let lines: Vec<_> = settings.lines().map(str::trim).filter(is_said).take(MAX_LINES).collect();
    let lines = lines.join("\n");
    Page::Decide {
        text: Text::new(
            format!("¿Aceptar estos ajustes? El equipo se reinicia.\n\n{lines}"),
            format!("Take these settings? The machine starts again.\n\n{lines}"),
        ),
        yes: MenuAction::Accept,
        no: Some(MenuAction::Refuse),
    }
}

fn accept(paths: &Paths) -> Result<Text, Text> {
    let words = taking::take_pending(paths)?;
    power::switch(paths, Power::Reboot)?;
    Ok(words)
}

fn write_bundle(paths: &Paths) -> Result<Text, Text> {
    if !paths.run_stick_holder().exists() {
        return Err(Text::new(
            "No hay ninguna memoria USB con la etiqueta WORKSHOP.",
            "There is no USB stick with the label WORKSHOP.",
        ));
    }
    let mounted =
        Mounted::there(&paths.stick()).map_err(|error| Text::about("Fallo:", "Fault:", error_chain(&error)))?;
    bundle::write(paths, &mounted)
}

/// The versions of the system that have failed here, and whether to try them again.
fn quarantined(paths: &Paths) -> Page {
    let record = os::record(&paths.data_os());
    let lines: Vec<_> =
        record.value().quarantined.iter().map(|one| format!("{}: {}", one.version, one.reason)).collect();
    if lines.is_empty() {
        return Page::Read(Text::new(
            "Este equipo no rechaza ninguna versión del sistema.",
            "This box refuses no version of the system.",
        ));
    }
    let lines = lines.join("\n");
    Page::Decide {
        text: Text::new(
            format!(
                "Estas versiones del sistema no llegaron a funcionar en este equipo. ¿Probarlas otra vez?\n\n{lines}"
            ),
            format!("These versions of the system never came to work on this box. Try them again?\n\n{lines}"),
        ),
        yes: MenuAction::Forgive,
        no: None,
    }
}

fn forgive(paths: &Paths) -> Result<Text, Text> {
    os::settle::forgive_all(paths).map_err(|error| Text::about("Fallo:", "Fault:", error_chain(&error)))?;
    Ok(Text::new("Se probarán otra vez en la próxima actualización.", "They are tried again with the next update."))
}

fn restart(client: &Client) -> Result<Text, Text> {
    let reply = client.send(ControlCommand::Restart, &[]).map_err(|error| control::words(&error))?;
    control::accepted(&reply)?;
    Ok(Text::new("El programa se reinicia.", "The program restarts."))
}
