//! New settings, from a stick: validated, and put where the technician's own are.

use crate::bounded_read::read_bounded;
use crate::config::{Document, Faults};
use crate::machine::Paths;
use crate::machine::settings::{self, Checked, TakeError};
use crate::machine::stick;
use crate::{error_chain, lang::Text};

/// Whether these are the settings that are there, whatever ends their lines.
pub(super) fn holds_already(paths: &Paths, text: &str) -> bool {
    let now = read_bounded(&paths.settings(), settings::MAX).ok().and_then(|now| Document::text_of(&now));
    now.is_some_and(|now| now.lines().eq(text.lines()))
}

/// Whether they can be used, and which line cannot.
pub(super) fn check(text: &str) -> Result<(), Text> {
    let Checked { faults, warnings, .. } = settings::check(text.as_bytes());
    if faults.is_empty() { Ok(()) } else { Err(wrong(&Faults { faults, warnings })) }
}

/// Takes those that wait. They hold from the next start of the machine on.
pub(super) fn take_pending(paths: &Paths) -> Result<Text, Text> {
    settings::take_from(paths, &paths.run_pending(), None).map_err(|error| match error {
        TakeError::Wrong(faults) => wrong(&faults),
        TakeError::NoPartition => no_partition(),
        TakeError::Read { .. } | TakeError::NoData | TakeError::Install(_) => cannot(&error_chain(&error)),
    })?;
    // They are where they belong.
    stick::refuse_pending(paths).map_err(|error| cannot(&error_chain(&error)))?;
    Ok(Text::new(
        "Los ajustes de la memoria USB se han aceptado: valen desde el próximo arranque.",
        "The settings of the USB stick are in place: they hold from the next start on.",
    ))
}

/// Takes these.
pub(super) fn take(paths: &Paths, text: &str) -> Result<Text, Text> {
    stick::keep_pending(paths, text.as_bytes()).map_err(|error| cannot(&error_chain(&error)))?;
    take_pending(paths)
}

fn wrong(faults: &Faults) -> Text {
    let Text { es, en } = faults.text();
    Text::new(
        format!("Los ajustes de la memoria USB están mal, y no se han aceptado: {es}"),
        format!("The settings of the USB stick are wrong, and were not taken: {en}"),
    )
}

fn no_partition() -> Text {
    Text::new(
        "Los ajustes de la memoria USB no se han aceptado: no se encuentra la unidad TALLER de este equipo, donde se guardan. \
         Grabe de nuevo la memoria o el disco del equipo.",
        "The settings of the USB stick were not taken: this box's drive TALLER, where they are kept, is not found. Flash the \
         box's own stick or disk anew.",
    )
}

fn cannot(detail: &str) -> Text {
    Text::about(
        "Los ajustes de la memoria USB no se pueden guardar:",
        "The settings of the USB stick cannot be kept:",
        detail,
    )
}
