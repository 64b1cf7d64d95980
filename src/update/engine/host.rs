//! What started the box.

use std::path::PathBuf;

use crate::slots::Slot;

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
