//! Settings that a stick has brought without the PIN: they wait for somebody at the box's own keyboard.

use std::io::ErrorKind;

use super::StickError;
use super::survey::MAX_SETTINGS;
use crate::bounded_read::read_bounded;
use crate::durable;
use crate::machine::Paths;

/// Keeps them; until the stick is pulled out, or the machine stops.
pub(crate) fn keep(paths: &Paths, text: &[u8]) -> Result<(), StickError> {
    Ok(durable::write(&paths.run_pending(), text, 0o600)?)
}

/// Those that wait.
pub(crate) fn read(paths: &Paths) -> Result<Option<Vec<u8>>, StickError> {
    let path = paths.run_pending();
    match read_bounded(&path, MAX_SETTINGS) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StickError::at("read", &path)(source)),
    }
}

/// They wait no more.
pub(crate) fn refuse(paths: &Paths) -> Result<(), StickError> {
    Ok(durable::remove(&paths.run_pending())?)
}
