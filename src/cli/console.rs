//! `workshop-edge console`: the box's own screen, on a terminal that nobody types at.

use super::configuration::{configured, overrides};
use super::program::subcommand;
use super::terminal::{Stop, Terminal, TerminalError};
use super::{control, output};
use crate::console::{Pin, Status, View};
use crate::control::{Client, ControlCommand};
use crate::{config::Overrides, lang::Lang};
use clap::{Arg, ArgMatches, Command, ValueHint, value_parser};
use serde::Deserialize;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use tokio::time::{MissedTickBehavior, interval};

/// How often it looks at the box and at the size of the screen.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Bytes that are read at once of what is typed, and of the terminal's own answers.
const MAX_KEYS: usize = 256;

#[derive(Debug, PartialEq, Eq)]
pub struct ConsoleArgs {
    pub(super) overrides: Overrides,
    pub(super) tty: PathBuf,
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    let command = subcommand("console", lang.pick("--tty <TERMINAL> [OPCIONES]", "--tty <TERMINAL> [OPTIONS]"), lang)
        .about(lang.pick(
            "Muestra la dirección y el estado en la pantalla del propio equipo",
            "Show the address and the status on the box's own screen",
        ))
        .arg(
            Arg::new("tty")
                .long("tty")
                .value_name("TERMINAL")
                .value_hint(ValueHint::FilePath)
                .value_parser(value_parser!(OsString))
                .required(true)
                .help(
                    lang.pick("Terminal que la muestra, como /dev/tty1", "Terminal that shows it, such as /dev/tty1"),
                ),
        );
    configured(command, lang)
}

impl ConsoleArgs {
    pub(super) fn of(matches: &ArgMatches) -> Option<Self> {
        let tty = matches.get_one::<OsString>("tty").map(PathBuf::from)?;
        Some(Self { overrides: overrides(matches), tty })
    }
}

/// Shows the screen until it is stopped.
pub(super) fn run(args: ConsoleArgs, lang: Lang) -> ExitCode {
    let client = match control::client(args.overrides, lang) {
        Ok(client) => client,
        Err(code) => return code,
    };
    match show(&client, &args.tty) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::failure(error.words().pick(lang)),
    }
}

fn show(client: &Client, tty: &Path) -> Result<(), TerminalError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(TerminalError::Signals)?;
    runtime.block_on(async {
        let mut stop = Stop::new().map_err(TerminalError::Signals)?;
        let mut terminal = Terminal::open(tty)?;
        let mut keys = terminal.keys(MAX_KEYS)?;
        let mut ticks = interval(POLL_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.next() => return Ok(()),
                // Asking the box blocks, but nothing else runs here.
                _ = ticks.tick() => {
                    terminal.ask()?;
                    terminal.draw(terminal.size().draw(&fetch(client)))?;
                }
                Some(typed) = keys.recv() => terminal.mend(&typed?)?,
            }
        }
    })
}

/// The box at this moment.
fn fetch(client: &Client) -> View {
    #[derive(Deserialize)]
    struct Answer {
        pin: Option<String>,
    }
    let ask = |command| client.send(command, &[]).ok().filter(|reply| reply.status == 200).map(|reply| reply.body);
    let status: Option<Status> = ask(ControlCommand::Status).and_then(|body| serde_json::from_slice(&body).ok());
    let pin =
        status.as_ref().and_then(|_| ask(ControlCommand::Pin)).and_then(|body| serde_json::from_slice(&body).ok());
    let pin = match pin {
        None => Pin::Unknown,
        Some(Answer { pin: Some(digits) }) => Pin::Digits(digits),
        Some(Answer { pin: None }) => Pin::Changed,
    };
    View { status, pin, socket: client.socket().display().to_string() }
}
