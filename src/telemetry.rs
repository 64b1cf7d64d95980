//! Logs: for people on a terminal, JSON for journald and everything else.

use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Sends all logs of the process to standard output from now on.
pub fn start(level: LevelFilter, format: Format) {
    let terminal = std::io::stdout().is_terminal();
    let json = match format {
        Format::Auto => !terminal,
        Format::Human => false,
        Format::Json => true,
    };
    let builder = fmt().with_max_level(level).with_ansi(terminal).with_target(false);
    if json {
        builder.json().init();
    } else {
        builder.init();
    }
}
