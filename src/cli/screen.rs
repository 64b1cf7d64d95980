//! `workshop-edge console`: the box's own screen, on a terminal that nobody types at.

use super::{EXIT_FAILURE, control, output};
use crate::console::{Canvas, Pin, Screen, Status, View};
use crate::control::Client;
use crate::{config::Overrides, error_chain, lang::Lang};
use rustix::termios::{InputModes, LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use serde::Deserialize;
use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

/// How often it looks at the box and at the size of the screen.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// For an answer of the box.
const DEADLINE: Duration = Duration::from_secs(2);
/// Octets of an answer of the box.
const MOST_BODY: usize = 256 * 1024;
/// Hides the cursor, and keeps the Linux console from going blank (`console_codes(4)`).
const TAKE: &str = "\x1b[?25l\x1b[9;0]";
/// Clears the screen and shows the cursor.
const GIVE_BACK: &str = "\x1b[0m\x1b[2J\x1b[H\x1b[?25h";
/// A terminal that does not know its size, such as a serial line.
const USUAL: Screen = Screen { width: 80, height: 24 };

/// Why the screen shows nothing.
#[derive(Debug, Error)]
enum ScreenError {
    #[error("cannot open {}", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("{} is no terminal", path.display())]
    NoTerminal { path: PathBuf, source: io::Error },
    #[error("cannot write to {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
}

impl ScreenError {
    /// What went wrong and what to do, for a person.
    fn words(&self, lang: Lang) -> String {
        let chain = error_chain(self);
        let es = match self {
            Self::Open { .. } => format!("no se puede abrir la terminal: {chain}"),
            Self::NoTerminal { path, source: _ } => format!("{} no es una terminal", path.display()),
            Self::Write { .. } => format!("no se puede escribir en la terminal: {chain}"),
            Self::Signals(_) => format!("no se pueden esperar señales: {chain}"),
        };
        lang.pick(es, chain)
    }
}

/// Shows the screen until it is told to stop.
pub(super) fn run(overrides: Overrides, tty: &Path, lang: Lang) -> ExitCode {
    let client = match control::client(overrides, lang) {
        Ok(client) => client.patient(DEADLINE, MOST_BODY),
        Err(code) => return code,
    };
    match show(&client, tty) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&format!("error: {}\n", error.words(lang)));
            ExitCode::from(EXIT_FAILURE)
        }
    }
}

fn show(client: &Client, tty: &Path) -> Result<(), ScreenError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ScreenError::Signals)?;
    runtime.block_on(async {
        let mut stop = Stop::new().map_err(ScreenError::Signals)?;
        let mut terminal = Terminal::open(tty)?;
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.next() => return Ok(()),
                // Asking the box blocks, but nothing else runs here.
                _ = ticks.tick() => terminal.draw(&look(client))?,
            }
        }
    })
}

/// The box at this moment.
fn look(client: &Client) -> View {
    #[derive(Deserialize)]
    struct Answer {
        pin: Option<String>,
    }
    let get = |path| client.get(path).ok().filter(|reply| reply.status == 200).map(|reply| reply.body);
    let status: Option<Status> = get("/status.json").and_then(|body| serde_json::from_slice(&body).ok());
    let pin = status.as_ref().and_then(|_| get("/pin")).and_then(|body| serde_json::from_slice(&body).ok());
    let pin = match pin {
        None => Pin::Unknown,
        Some(Answer { pin: Some(digits) }) => Pin::Digits(digits),
        Some(Answer { pin: None }) => Pin::Changed,
    };
    View { status, pin, socket: client.socket().display().to_string() }
}

/// SIGTERM, SIGINT and SIGHUP.
struct Stop([Signal; 3]);

impl Stop {
    fn new() -> io::Result<Self> {
        let [terminate, interrupt, hangup] = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
        Ok(Self([signal(terminate)?, signal(interrupt)?, signal(hangup)?]))
    }

    async fn next(&mut self) {
        let [terminate, interrupt, hangup] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// The terminal; as it was before when dropped.
struct Terminal {
    path: PathBuf,
    file: File,
    before: Termios,
    shown: Option<Canvas>,
}

impl Terminal {
    fn open(path: &Path) -> Result<Self, ScreenError> {
        // It must not become this process's controlling terminal: a hang-up of the screen is no reason to end.
        let flags = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags)
            .open(path)
            .map_err(|source| ScreenError::Open { path: path.to_owned(), source })?;
        let quiet = |file: &File| {
            let before = tcgetattr(file)?;
            let mut quiet = before.clone();
            // What somebody types must not appear on the picture, and Ctrl-S must not freeze it.
            quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON;
            quiet.input_modes -= InputModes::IXON;
            tcsetattr(file, OptionalActions::Now, &quiet)?;
            Ok(before)
        };
        let before =
            quiet(&file).map_err(|source: io::Error| ScreenError::NoTerminal { path: path.to_owned(), source })?;
        let mut terminal = Self { path: path.to_owned(), file, before, shown: None };
        terminal.write(TAKE)?;
        Ok(terminal)
    }

    /// Shows what has changed.
    fn draw(&mut self, view: &View) -> Result<(), ScreenError> {
        let canvas = self.size().draw(view);
        let changes = canvas.paint(self.shown.as_ref());
        self.shown = Some(canvas);
        if changes.is_empty() { Ok(()) } else { self.write(&changes) }
    }

    /// Asked each time: another screen may have been plugged in.
    fn size(&self) -> Screen {
        match tcgetwinsize(&self.file) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
                Screen { width: size.ws_col.into(), height: size.ws_row.into() }
            }
            _ => USUAL,
        }
    }

    fn write(&mut self, text: &str) -> Result<(), ScreenError> {
        self.file.write_all(text.as_bytes()).map_err(|source| ScreenError::Write { path: self.path.clone(), source })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A screen that is gone needs no restoring.
        let _ = self.write(GIVE_BACK);
        let _ = tcsetattr(&self.file, OptionalActions::Now, &self.before);
    }
}
