use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Action, LocalModes, Termios, Winsize, tcflow, tcgetattr, tcsetwinsize};

use super::eventually;

/// A terminal: what is written to its device is shown on a screen that the test can read.
pub(crate) struct Pty {
    keyboard: File,
    /// Held open, so that the screen outlives the program that writes on it.
    device: File,
    path: PathBuf,
    shown: Arc<Mutex<Shown>>,
}

/// The question for the cursor's place, which a terminal answers as if it was typed.
const ASK: &[u8] = b"\x1b[6n";

struct Shown {
    terminal: vt100::Parser,
    bytes: usize,
}

impl Pty {
    pub(crate) fn new(columns: u16, rows: u16) -> Self {
        let keyboard: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&keyboard).expect("granted");
        unlockpt(&keyboard).expect("unlocked");
        let path = PathBuf::from(ptsname(&keyboard, Vec::new()).expect("a name").into_string().expect("text"));
        let device = File::options().read(true).write(true).open(&path).expect("its device");
        let terminal = vt100::Parser::new(at_least_one(rows), at_least_one(columns), 0);
        let pty = Self {
            keyboard: File::from(keyboard),
            device,
            path,
            shown: Arc::new(Mutex::new(Shown { terminal, bytes: 0 })),
        };
        pty.resize(columns, rows);
        let (mut screen, shown) = (pty.keyboard.try_clone().expect("a copy"), Arc::clone(&pty.shown));
        let mut answers = pty.keyboard.try_clone().expect("a copy");
        std::thread::spawn(move || {
            let mut piece = [0; 16384];
            while let Ok(length) = screen.read(&mut piece) {
                let mut shown = shown.lock().expect("unpoisoned");
                shown.bytes += length;
                let mut rest = &piece[..length];
                while let Some(at) = rest.windows(ASK.len()).position(|bytes| bytes == ASK) {
                    shown.terminal.process(&rest[..at]);
                    let (row, column) = shown.terminal.screen().cursor_position();
                    // Nobody reads it any more when the program has ended.
                    let _ = write!(answers, "\x1b[{};{}R", row + 1, column + 1);
                    shown.bytes -= ASK.len();
                    rest = &rest[at + ASK.len()..];
                }
                shown.terminal.process(rest);
            }
        });
        pty
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// For a program's standard output.
    pub(crate) fn stdio(&self) -> Stdio {
        self.device.try_clone().expect("a copy").into()
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.shown
            .lock()
            .expect("unpoisoned")
            .terminal
            .screen_mut()
            .set_size(at_least_one(rows), at_least_one(columns));
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.keyboard, size).expect("sized");
    }

    /// Lets whoever writes to it wait.
    pub(crate) fn suspend(&self) {
        tcflow(&self.device, Action::OOff).expect("suspended");
    }

    pub(crate) fn resume(&self) {
        tcflow(&self.device, Action::OOn).expect("resumed");
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("pressed");
    }

    pub(crate) fn text(&self) -> String {
        self.shown.lock().expect("unpoisoned").terminal.screen().contents()
    }

    pub(crate) fn wait_for(&self, words: &str) {
        let what = format!("a screen with {words:?}");
        // What is there instead is what one wants to see when it fails.
        let mut last = String::new();
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            eventually(&what, || {
                last = self.text();
                last.contains(words)
            });
        }));
        assert!(seen.is_ok(), "{what}: never, but:\n{last}");
    }

    /// Writes to it, as the kernel or somebody else on the machine does.
    pub(crate) fn is_written_to(&mut self, text: &str) {
        self.device.write_all(text.as_bytes()).expect("written");
    }

    /// Bytes that were written to it so far, but for questions.
    pub(crate) fn bytes(&self) -> usize {
        self.shown.lock().expect("unpoisoned").bytes
    }

    pub(crate) fn hides_the_cursor(&self) -> bool {
        self.shown.lock().expect("unpoisoned").terminal.screen().hide_cursor()
    }

    pub(crate) fn echoes(&self) -> bool {
        let modes: Termios = tcgetattr(&self.device).expect("modes");
        modes.local_modes.contains(LocalModes::ECHO)
    }

    /// What a telephone's camera reads from the screen.
    pub(crate) fn scan(&self) -> Option<String> {
        let shown = self.shown.lock().expect("unpoisoned");
        let directory = tempfile::tempdir().expect("a directory");
        let picture = directory.path().join("screen.pgm");
        std::fs::write(&picture, picture_of(shown.terminal.screen())).expect("a picture");
        super::scan(&picture)
    }
}

/// The screen as a greyscale picture (PGM), eight by sixteen pixels a character.
fn picture_of(screen: &vt100::Screen) -> Vec<u8> {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let mut picture = format!("P5 {} {} 255\n", columns * 8, rows * 16).into_bytes();
    for row in 0..rows {
        for half in 0..2 {
            let mut line = Vec::new();
            for column in 0..columns {
                let cell = screen.cell(row, column).expect("a cell");
                let is_ink = match cell.contents() {
                    "█" => true,
                    "▀" => half == 0,
                    "▄" => half == 1,
                    _ => false,
                };
                let grey = if is_ink { grey(cell.fgcolor(), 170) } else { grey(cell.bgcolor(), 0) };
                line.extend([grey; 8]);
            }
            picture.extend(std::iter::repeat_n(line, 8).flatten());
        }
    }
    picture
}

fn at_least_one(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a screen has room")
}

/// The sixteen colours of the Linux console, as far as they matter.
fn grey(colour: vt100::Color, default: u8) -> u8 {
    match colour {
        vt100::Color::Default => default,
        vt100::Color::Idx(0) => 0,
        vt100::Color::Idx(15) => 255,
        _ => 170,
    }
}
