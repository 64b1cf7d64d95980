//! A terminal that shows pictures and takes keys: one of the machine's own.

use crate::console::{Canvas, Screen};
use crate::{error_chain, lang::Text};
use rustix::termios::{InputModes, LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// Hides the cursor, and keeps the Linux console from going blank (`console_codes(4)`).
const TAKE: &str = "\x1b[?25l\x1b[9;0]";
/// Clears the screen and shows the cursor.
const GIVE_BACK: &str = "\x1b[0m\x1b[2J\x1b[H\x1b[?25h";
/// Puts the cursor into the upper left corner, where nobody else leaves it.
const PARK: &str = "\x1b[H";
/// Asks where the cursor is (ECMA-48: DSR, CPR); a terminal answers as if it was typed.
const ASK: &str = "\x1b[6n";
/// How old a picture may be: whatever else is wrong with the screen, it is mended after that.
const REDRAW_EVERY: Duration = Duration::from_secs(60);
/// A terminal that does not know its size, such as a serial line.
const USUAL: Screen = Screen { width: 80, height: 24 };

/// Why a terminal shows nothing.
#[derive(Debug, Error)]
pub(super) enum TerminalError {
    #[error("cannot open {}", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("{} is no terminal", path.display())]
    NoTerminal { path: PathBuf, source: io::Error },
    #[error("cannot read from {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write to {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
}

impl TerminalError {
    /// What went wrong and what to do, for a person.
    pub(super) fn words(&self) -> Text {
        let chain = error_chain(self);
        Text::new(
            match self {
                Self::Open { .. } => format!("no se puede abrir la terminal: {chain}"),
                Self::NoTerminal { path, source: _ } => format!("{} no es una terminal", path.display()),
                Self::Read { .. } => format!("no se puede leer de la terminal: {chain}"),
                Self::Write { .. } => format!("no se puede escribir en la terminal: {chain}"),
                Self::Signals(_) => format!("no se pueden esperar señales: {chain}"),
            },
            chain.as_str(),
        )
    }
}

/// SIGTERM, SIGINT and SIGHUP.
pub(super) struct Stop([Signal; 3]);

impl Stop {
    pub(super) fn new() -> io::Result<Self> {
        let [terminate, interrupt, hangup] = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
        Ok(Self([signal(terminate)?, signal(interrupt)?, signal(hangup)?]))
    }

    pub(super) async fn next(&mut self) {
        let [terminate, interrupt, hangup] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// The terminal; as it was before when dropped.
pub(super) struct Terminal {
    path: PathBuf,
    file: File,
    before: Termios,
    shown: Option<Canvas>,
    painted: Instant,
}

impl Terminal {
    pub(super) fn open(path: &Path) -> Result<Self, TerminalError> {
        // It must not become this process's controlling terminal: a hang-up of the screen is no reason to end.
        let flags = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags)
            .open(path)
            .map_err(|source| TerminalError::Open { path: path.to_owned(), source })?;
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
            quiet(&file).map_err(|source: io::Error| TerminalError::NoTerminal { path: path.to_owned(), source })?;
        let mut terminal = Self { path: path.to_owned(), file, before, shown: None, painted: Instant::now() };
        terminal.write(TAKE)?;
        Ok(terminal)
    }

    /// Shows what has changed, and from time to time all of it.
    pub(super) fn draw(&mut self, canvas: Canvas) -> Result<(), TerminalError> {
        let mut changes = canvas.paint(self.shown.as_ref());
        if self.painted.elapsed() >= REDRAW_EVERY {
            self.painted = Instant::now();
            changes += &canvas.repaint();
        }
        self.shown = Some(canvas);
        if changes.is_empty() { Ok(()) } else { self.write(&(changes + PARK)) }
    }

    /// Asks the terminal where its cursor is; the answer is among the [keys](Self::keys), for [`Self::mend`].
    pub(super) fn ask(&mut self) -> Result<(), TerminalError> {
        self.write(ASK)
    }

    /// Shows all of it again where others have written to the terminal: by its answers among these keys, the cursor is not
    /// where it was parked.
    pub(super) fn mend(&mut self, keys: &[u8]) -> Result<(), TerminalError> {
        match &self.shown {
            Some(shown) if is_moved(keys) => self.write(&(shown.repaint() + PARK)),
            _ => Ok(()),
        }
    }

    /// What is typed at it from now on, at most so many bytes at once. It ends with an error.
    pub(super) fn keys(&self, most: usize) -> Result<mpsc::Receiver<Result<Vec<u8>, TerminalError>>, TerminalError> {
        let path = self.path.clone();
        let broken = move |source| TerminalError::Read { path: path.clone(), source };
        let mut file = self.file.try_clone().map_err(&broken)?;
        let (typed, keys) = mpsc::channel(1);
        // A thread that waits for a key for ever; it ends with the process.
        std::thread::spawn(move || {
            let mut bytes = vec![0; most];
            loop {
                let read = match file.read(&mut bytes) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    // The terminal was hung up.
                    Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                    read => read.map(|length| bytes.get(..length).unwrap_or_default().to_vec()),
                };
                let is_over = read.is_err();
                if typed.blocking_send(read.map_err(&broken)).is_err() || is_over {
                    return;
                }
            }
        });
        Ok(keys)
    }

    /// Asked each time: another screen may have been plugged in.
    pub(super) fn size(&self) -> Screen {
        match tcgetwinsize(&self.file) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
                Screen { width: size.ws_col.into(), height: size.ws_row.into() }
            }
            _ => USUAL,
        }
    }

    fn write(&mut self, text: &str) -> Result<(), TerminalError> {
        self.file.write_all(text.as_bytes()).map_err(|source| TerminalError::Write { path: self.path.clone(), source })
    }
}

/// Whether a terminal says among these keys (CPR: `ESC [ row ; column R`) that its cursor is elsewhere than it was parked.
fn is_moved(keys: &[u8]) -> bool {
    let keys = String::from_utf8_lossy(keys);
    let answers = keys.split("\x1b[").skip(1).filter_map(|rest| rest.split_once('R')).map(|(answer, _)| answer);
    let mut answers = answers.filter(|answer| answer.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'));
    answers.any(|answer| answer != "1;1")
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A screen that is gone needs no restoring.
        let _ = self.write(GIVE_BACK);
        let _ = tcsetattr(&self.file, OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_from_elsewhere_reports_others() {
        for keys in ["", "q", "\x1b[1;1R", "\x1b[1;1R\x1b[1;1R", "\x1b[A", "\x1b[[AR", "\x1b", "1;2R"] {
            assert!(!is_moved(keys.as_bytes()), "{keys:?}");
        }
        for keys in ["\x1b[7;3R", "x\x1b[1;1Ry\x1b[48;128R", "\x1b[A\x1b[2;1R"] {
            assert!(is_moved(keys.as_bytes()), "{keys:?}");
        }
    }
}
