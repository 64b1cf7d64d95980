//! Where the updates keep what they keep, and what started the box.

use std::path::{Path, PathBuf};

use crate::slots::{self, Slot};

/// The directory in the data directory of what a technician wants and of what there was: forgotten by a factory reset.
const UPDATE: &str = "update";
/// The directory in the data directory of what is known of trusted releases: kept over a factory reset.
const TRUST: &str = "trust";

/// Directories of the updates.
#[derive(Debug, Clone)]
pub struct Places {
    /// Orders, history, downloads.
    pub update: PathBuf,
    /// Metadata and floors.
    pub trust: PathBuf,
    /// The slots.
    pub slots: PathBuf,
}

impl Places {
    /// Those in a data directory.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self { update: data_dir.join(UPDATE), trust: data_dir.join(TRUST), slots: data_dir.join(slots::DIRECTORY) }
    }
}

/// Who started this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// `launch`, which can start another binary in its place.
    Launch {
        /// The factory's binary.
        launcher: PathBuf,
        /// The slot that runs; `None` is the factory's binary.
        slot: Option<Slot>,
    },
    /// Somebody else, who has to update it.
    Other,
}

impl Host {
    /// As the state says it.
    pub(super) fn slot_name(&self) -> Option<String> {
        match self {
            Self::Launch { slot, .. } => Some(slot.map_or("factory", Slot::name).to_owned()),
            Self::Other => None,
        }
    }
}
