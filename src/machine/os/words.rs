//! What root's part of the system's updates says to people.

use semver::Version;

use super::OsError;
use crate::error_chain;
use crate::lang::Text;
use crate::machine::notices::{Level, Notice};

/// Why an offered version was not installed.
pub(super) fn not_installed(error: &OsError) -> Notice {
    let (level, Text { es, en }) = match error {
        OsError::Full { .. } => (
            Level::Warning,
            Text::fixed(
                "No hay sitio para la versión nueva del sistema en la partición de arranque; sigue la que funciona.",
                "There is no room for the system's new version on the boot partition; the running one stays.",
            ),
        ),
        OsError::NotKept => (
            Level::Warning,
            Text::fixed(
                "El sistema no se actualiza mientras el equipo funcione sin disco de datos: no recordaría si la versión nueva falla.",
                "The system is not updated while the box runs without a data partition: it would not remember that the new version fails.",
            ),
        ),
        OsError::NotSigned { .. } | OsError::Repository(_) | OsError::Offer(_) => (
            Level::Warning,
            Text::fixed(
                "La versión nueva del sistema no coincide con su firma y no se instala. Se vuelve a intentar; si persiste, avise al fabricante.",
                "The system's new version is not the one that is signed, and is not installed. It is tried again; if it persists, tell the maker.",
            ),
        ),
        _ => (
            Level::Fault,
            Text::fixed(
                "No se ha podido instalar la versión nueva del sistema; sigue la que funciona.",
                "The system's new version could not be installed; the running one stays.",
            ),
        ),
    };
    let detail = error_chain(error);
    Notice { level, text: Text::new(format!("{es} Detalle: {detail}"), format!("{en} Detail: {detail}")) }
}

/// Why it could not be found out at the start which versions have failed.
pub(super) fn not_settled(error: &OsError) -> Notice {
    let Text { es, en } = match error {
        OsError::Record(_) => Text::fixed(
            "No se puede guardar qué ha sido de las versiones del sistema. Detalle:",
            "What has become of the system's versions cannot be kept. Detail:",
        ),
        _ => Text::fixed(
            "No se puede leer la partición de arranque, así que el sistema no se actualiza. Detalle:",
            "The boot partition cannot be looked at, so the system is not updated. Detail:",
        ),
    };
    Notice { level: Level::Fault, text: Text::about(es, en, error_chain(error)) }
}

/// `running` has come back after all boot attempts of `failed`.
pub(super) fn reverted(failed: &Version, running: &Version) -> Notice {
    let text = Text::new(
        format!(
            "La versión {failed} del sistema no ha llegado a demostrar que funciona en ninguno de sus arranques y no se vuelve a probar en este equipo; ha vuelto la {running}. Puede que falle, o que se cortara la corriente cada vez. La siguiente versión del fabricante se pondrá como siempre."
        ),
        format!(
            "The system's version {failed} did not come as far as to show that it works at any of its starts, and is not tried again on this box; {running} has come back. It may have a fault, or the power may have been cut each time. The maker's next version will be put in place as always."
        ),
    );
    Notice { level: Level::Warning, text }
}
