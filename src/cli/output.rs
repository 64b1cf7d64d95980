//! Writing to the person or to the next program, who may have stopped reading.

use super::EXIT_FAILURE;
use crate::lang::{Lang, Text};
use std::{
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
};

/// Writes an answer to standard output and gives the code to end with: the given one, also when the reader has gone
/// (it has read what it wanted), or a failure when the answer cannot be written (a full disk).
#[must_use]
pub fn answer(text: &str, code: u8) -> ExitCode {
    bytes(text.as_bytes(), code)
}

/// The same of an answer that is no text.
pub(super) fn bytes(bytes: &[u8], code: u8) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            print_error(&format!("stdout: {error}\n"));
            ExitCode::from(EXIT_FAILURE)
        }
        _ => ExitCode::from(code),
    }
}

/// Writes a piece of an answer that goes on, or gives the code to end with when nobody reads it any more.
pub(super) fn answer_more(text: &str) -> Result<(), ExitCode> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| {
        if error.kind() == ErrorKind::BrokenPipe {
            return ExitCode::SUCCESS;
        }
        print_error(&format!("stdout: {error}\n"));
        ExitCode::from(EXIT_FAILURE)
    })
}

/// Writes what went wrong to standard error. When even that is impossible there is nobody left to tell.
pub(super) fn print_error(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Tells the person what went wrong, and gives the code of a failure.
#[must_use]
pub fn failure(words: &str) -> ExitCode {
    print_error(&format!("error: {words}\n"));
    ExitCode::from(EXIT_FAILURE)
}

/// Ends with an answer, or with why there is none, in the person's language.
#[must_use]
pub(super) fn end(done: Result<Text, Text>, lang: Lang) -> ExitCode {
    match done {
        Ok(text) => answer(text.pick(lang), 0),
        Err(words) => failure(words.pick(lang)),
    }
}
