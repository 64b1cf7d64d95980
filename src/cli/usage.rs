//! What is said when a command line is not understood. English is clap's own; Spanish is said here.

use super::{EXIT_USAGE, Exit, definition};
use crate::lang::Lang;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// How the program ends when the command line leads to no command.
#[must_use]
pub fn exit(error: &Error, lang: Lang) -> Exit {
    let text = match (error.kind(), lang) {
        (
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
            _,
        )
        | (_, Lang::En) => error.render().to_string(),
        (_, Lang::Es) => spanish(error),
    };
    Exit { code: if error.use_stderr() { EXIT_USAGE } else { 0 }, text }
}

/// The same when there is no command at all.
pub(super) fn no_command(lang: Lang) -> Exit {
    Exit { code: EXIT_USAGE, text: definition(lang).render_help().to_string() }
}

/// An error in Spanish.
fn spanish(error: &Error) -> String {
    let get = |kind| error.get(kind).and_then(text);
    let argument = get(ContextKind::InvalidArg).unwrap_or_default();
    let what = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let order = get(ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("no existe el comando «{order}»")
        }
        ErrorKind::UnknownArgument if argument.starts_with('-') => format!("no existe la opción «{argument}»"),
        ErrorKind::UnknownArgument => format!("sobra el argumento «{argument}»"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            match get(ContextKind::InvalidValue).filter(|value| !value.is_empty()) {
                Some(value) => format!("«{value}» no es un valor de «{argument}»"),
                None => format!("a «{argument}» le falta un valor"),
            }
        }
        ErrorKind::ArgumentConflict => match get(ContextKind::PriorArg) {
            Some(prior) if prior != argument => format!("«{argument}» no se puede usar con «{prior}»"),
            _ => format!("«{argument}» no se puede repetir"),
        },
        ErrorKind::MissingRequiredArgument => format!("falta: {argument}"),
        ErrorKind::MissingSubcommand => "falta un comando".to_owned(),
        ErrorKind::TooManyValues => format!("«{argument}» no admite un valor"),
        _ => "la línea de comandos no es válida".to_owned(),
    };
    let valid = [ContextKind::ValidValue, ContextKind::ValidSubcommand]
        .into_iter()
        .find_map(get)
        .map(|valid| format!("\n  posibles: {valid}"));
    let suggested = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue]
        .into_iter()
        .find_map(get)
        .map(|suggested| format!("\n  ¿quería decir «{suggested}»?"));
    let usage = get(ContextKind::Usage).map(|usage| format!("\n\n{}", usage.replacen("Usage:", "Uso:", 1)));
    format!(
        "error: {what}{}{}{}\n\nMás información con --help.\n",
        valid.unwrap_or_default(),
        suggested.unwrap_or_default(),
        usage.unwrap_or_default(),
    )
}

/// A piece of an error as text; what was typed cannot give orders to the terminal.
fn text(value: &ContextValue) -> Option<String> {
    let safe =
        |text: &str| text.chars().map(|c| if c.is_control() && c != '\n' { '\u{FFFD}' } else { c }).collect::<String>();
    match value {
        ContextValue::String(text) => Some(safe(text)),
        ContextValue::Strings(list) if !list.is_empty() => Some(safe(&list.join(", "))),
        ContextValue::StyledStr(text) => Some(safe(&text.to_string())),
        _ => None,
    }
}
