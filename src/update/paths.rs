//! The paths of the updates.

use std::path::{Path, PathBuf};

use crate::slots;

/// The directory in the data directory of what a technician wants and of what there was: forgotten by a factory reset.
const UPDATE: &str = "update";
/// The directory in the data directory of what is known of trusted releases: kept over a factory reset.
const TRUST: &str = "trust";

/// Directories of the updates.
#[derive(Debug, Clone)]
pub struct UpdatePaths {
    /// Orders, history, downloads.
    pub(crate) update: PathBuf,
    /// Metadata and floors.
    pub(crate) trust: PathBuf,
    /// The slots.
    pub(crate) slots: PathBuf,
}

impl UpdatePaths {
    /// Those in a data directory.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self { update: data_dir.join(UPDATE), trust: data_dir.join(TRUST), slots: data_dir.join(slots::DIRECTORY) }
    }
}
