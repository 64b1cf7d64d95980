//! The technician's override of the channel: a pin or a hold, kept until it is changed.

use std::path::Path;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::durable::{DoubleBuffered, RecordError};

/// The name of the record.
const NAME: &str = "order";

/// An override of the channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Override {
    /// The version to stay on, or to go to, whatever the channel desires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pin: Option<Version>,
    /// Whether nothing is to be done unless a technician asks for it.
    #[serde(default)]
    pub(crate) held: bool,
}

/// The override, and where it is kept.
#[derive(Debug, Clone)]
pub(crate) struct OverrideStore(DoubleBuffered<Override>);

impl OverrideStore {
    /// Reads it; without a valid one, the box follows its channel.
    #[must_use]
    pub(crate) fn open(directory: &Path) -> Self {
        Self(
            DoubleBuffered::open(directory, NAME)
                .unwrap_or_else(|| DoubleBuffered::new(directory, NAME, Override::default())),
        )
    }

    /// The order.
    #[must_use]
    pub(crate) fn order(&self) -> &Override {
        self.0.value()
    }

    /// Removes the temporary files of an interrupted change.
    pub(crate) fn remove_temp_files(&self) -> Result<(), RecordError> {
        self.0.remove_temp_files()
    }

    /// Changes it. What cannot be kept has not happened.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Override)) -> Result<(), RecordError> {
        self.0.change(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_stands_until_there_is_another() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut overrides = OverrideStore::open(directory.path());
        assert_eq!(*overrides.order(), Override::default());
        overrides.change(|order| order.pin = Some(Version::new(1, 2, 3))).expect("kept");
        overrides.change(|order| order.held = true).expect("kept");
        let read = OverrideStore::open(directory.path());
        assert_eq!(*read.order(), Override { pin: Some(Version::new(1, 2, 3)), held: true });
    }
}
