//! Logs: for people on a terminal, JSON for journald and everything else; and the last ones in memory, for
//! support.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::{self, MakeWriter, writer::MakeWriterExt as _};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::schema::{choice, key, one_of, settings};

settings! {
    /// What goes to the log.
    #[derive(Clone, Copy, Debug)]
    #[cfg_attr(test, derive(PartialEq))]
    pub struct Settings {
        /// The least important lines that are written.
        level: Level = key("log.level", one_of(), "info",
            "Importancia mínima de lo que se registra.",
            "Least important lines that are logged.");
        /// How a line looks.
        format: Format = key("log.format", one_of(), "auto",
            "Formato del registro; auto: legible en un terminal, JSON en lo demás.",
            "Form of the log; auto: for people on a terminal, JSON elsewhere.");
    }
}

choice! {
    /// How important a line is.
    pub enum Level {
        /// Something failed.
        Error = "error",
        /// Something is not as it should be.
        Warn = "warn",
        /// What an operator wants to know.
        Info = "info",
        /// What a developer wants to know.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

choice! {
    /// How a line looks.
    pub enum Format {
        /// For people on a terminal, JSON otherwise.
        Auto = "auto",
        /// For people.
        Human = "human",
        /// One JSON object a line.
        Json = "json",
    }
}

/// Whether a log that cannot be written is reported on standard error, where it is a panic if that is gone too: a journal
/// that ends must not take a task with it, nor make an update look bad.
const REPORT_OWN_ERRORS: bool = false;

/// Sends all logs of the process to standard output from now on, and gives the place where the last ones are kept.
#[must_use]
pub fn start(settings: Settings) -> Recent {
    let Settings { level, format } = settings;
    let level = match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    let terminal = io::stdout().is_terminal();
    let json = match format {
        Format::Auto => !terminal,
        Format::Human => false,
        Format::Json => true,
    };
    let recent = Recent::default();
    if json {
        // Formatted once for both.
        let writer = io::stdout.and(recent.clone());
        tracing_subscriber::fmt()
            .log_internal_errors(REPORT_OWN_ERRORS)
            .with_max_level(level)
            .with_ansi(terminal)
            .with_target(false)
            .json()
            .with_writer(writer)
            .init();
    } else {
        let kept = fmt::layer().json().with_target(false).with_writer(recent.clone());
        let shown = fmt::layer().log_internal_errors(REPORT_OWN_ERRORS).with_ansi(terminal).with_target(false);
        tracing_subscriber::registry().with(level).with(kept).with(shown).init();
    }
    recent
}

/// Sends what a command has to tell a log to standard error: for people on a terminal, else one JSON object a line.
pub(crate) fn start_on_stderr() {
    let terminal = io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt()
        .log_internal_errors(REPORT_OWN_ERRORS)
        .with_max_level(LevelFilter::INFO)
        .with_ansi(terminal)
        .with_target(false)
        .with_writer(io::stderr);
    if terminal { builder.init() } else { builder.json().init() }
}

/// Bytes of logs that are kept in memory; the oldest lines go.
const MAX: usize = 1024 * 1024;

/// The last lines of the log, as JSON.
#[derive(Debug, Clone, Default)]
pub struct Recent(Arc<Mutex<VecDeque<u8>>>);

impl Recent {
    /// The lines, oldest first.
    #[must_use]
    pub(crate) fn lines(&self) -> Vec<u8> {
        let (front, back) = {
            let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let (front, back) = kept.as_slices();
            (front.to_vec(), back.to_vec())
        };
        [front, back].concat()
    }

    /// Keeps a line, and drops the oldest.
    fn keep(&self, line: &[u8]) {
        if line.len() > MAX {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = (kept.len() + line.len()).saturating_sub(MAX);
        if over > 0 {
            let end = kept.iter().skip(over - 1).position(|byte| *byte == b'\n');
            let gone = end.map_or(kept.len(), |end| over + end);
            kept.drain(..gone);
        }
        kept.extend(line);
    }
}

impl<'a> MakeWriter<'a> for Recent {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

/// Takes a line, which comes in one piece.
#[derive(Debug)]
pub struct Line<'a>(&'a Recent);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.keep(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_whole() {
        let recent = Recent::default();
        let mut written = Vec::new();
        for number in 0..40_000 {
            let line = format!("{{\"line\":{number},\"padding\":\"{}\"}}\n", "x".repeat(number % 97));
            recent.keep(line.as_bytes());
            written.extend_from_slice(line.as_bytes());
        }
        let kept = recent.lines();
        assert!(kept.len() <= MAX && kept.len() > MAX - 200, "{}", kept.len());
        assert!(written.ends_with(&kept) && kept.starts_with(b"{\"line\":"));
        recent.keep(&vec![b'x'; MAX + 1]);
        assert_eq!(recent.lines(), kept, "a line that is too long for all is none");
        recent.keep(&[vec![b'y'; MAX - 1], b"\n".to_vec()].concat());
        assert_eq!(recent.lines().len(), MAX);
    }

    #[test]
    fn what_is_logged_is_kept_as_json() {
        let recent = Recent::default();
        let kept = fmt::layer().json().with_target(false).with_writer(recent.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(kept), || {
            tracing::info!(answer = 42, "kept");
        });
        let line: serde_json::Value = serde_json::from_slice(&recent.lines()).expect("one line of JSON");
        assert_eq!((&line["fields"]["message"], &line["fields"]["answer"]), (&"kept".into(), &42.into()));
    }
}
