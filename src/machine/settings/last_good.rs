//! The settings that last worked, on the data partition: which file, applied when, by which version.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::files::{FileError, other};
use crate::durable::{self, DoubleBuffered, RecordError};
use crate::machine::Paths;
pub(super) use crate::machine::data::is_kept as can_be_kept;

/// The name of the record: `last-good.0` and `last-good.1`.
const RECORD: &str = "last-good";

/// What was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LastGood {
    /// When, as RFC 3339 writes it, by the machine's own clock.
    pub(super) applied: String,
    /// By which version of the program.
    pub(super) version: String,
    /// The whole file, in UTF-8.
    pub(super) text: String,
}

/// Why it could not be kept.
#[derive(Debug, Error)]
pub(super) enum KeepError {
    /// The directory.
    #[error(transparent)]
    Directory(#[from] FileError),
    /// The record.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Reads it, if it is whole.
pub(super) fn read(paths: &Paths) -> Option<LastGood> {
    DoubleBuffered::<LastGood>::open(&paths.data_settings(), RECORD).map(|record| record.value().clone())
}

/// Keeps it. The same settings once more are no news, and wear no flash.
pub(super) fn keep(paths: &Paths, text: &str) -> Result<(), KeepError> {
    directory(paths)?;
    let now = LastGood {
        applied: jiff::Timestamp::now().to_string(),
        version: crate::VERSION.to_owned(),
        text: text.to_owned(),
    };
    match DoubleBuffered::<LastGood>::open(&paths.data_settings(), RECORD) {
        Some(kept) if kept.value().text == now.text && kept.value().version == now.version => Ok(()),
        Some(mut kept) => Ok(kept.change(|kept| *kept = now)?),
        None => Ok(DoubleBuffered::new(&paths.data_settings(), RECORD, now).change(|_| ())?),
    }
}

/// The directory, which only root looks into.
pub(super) fn directory(paths: &Paths) -> Result<(), FileError> {
    let directory = paths.data_settings();
    durable::create_dir(&directory)?;
    for path in [paths.data_machine(), directory] {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).map_err(other("close", &path))?;
    }
    Ok(())
}
