//! The slots of a box that `launch` has started, and what is in them or beside them already.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::failure::Failure;
use super::findings::VersionFile;
use super::host::Host;
use super::leftovers::warn_of_leftovers;
use super::running;
use crate::slots::{self, Image, Slot, Table};
use crate::update::blocking::blocking;
use crate::update::paths::UpdatePaths;
use crate::update::stage::{Slots, Staged, Stager};

/// The slots.
#[derive(Clone)]
pub(super) struct ManagedSlots {
    slots: Slots,
    stager: Stager,
    /// The factory's binary, and where it is: it needs no download.
    factory: Option<(Image, PathBuf)>,
}

impl ManagedSlots {
    /// Those of this box; `None` where something else than `launch` has started it.
    pub(super) async fn find(host: &Host, paths: &UpdatePaths, rate: Option<NonZeroU32>) -> Option<Self> {
        let Host::Launch { launcher, .. } = host else { return None };
        let mut store = slots::open(&paths.slots).unwrap_or_else(|| slots::new(&paths.slots, Table::default()));
        if let Err(error) = store.change(Table::explain) {
            tracing::warn!(error = crate::error_chain(&error), "the reason of a quarantine cannot be written");
        }
        if let Err(error) = slots::repair_proven(&paths.slots, store.value()) {
            tracing::warn!(error = crate::error_chain(&error), "the slot's record cannot be marked as proven");
        }
        warn_of_leftovers(store.remove_temp_files());
        let version = store.value().factory().map(str::to_owned);
        let factory = match version {
            Some(version) => running::image(version, launcher).await.map(|image| (image, launcher.clone())),
            None => None,
        };
        let slots = Arc::new(Mutex::new(store));
        let stager = Stager::new(paths, Arc::clone(&slots), rate);
        Some(Self { slots, stager, factory })
    }

    pub(super) fn stager(&self) -> &Stager {
        &self.stager
    }

    pub(super) fn table(&self) -> Table {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).value().clone()
    }

    /// Binaries that a slot holds, and that may be switched to.
    pub(super) fn files(&self) -> Vec<VersionFile> {
        let table = self.table();
        let images = Slot::ALL.into_iter().filter_map(|slot| table.image(slot));
        let free = images.filter(|image| table.holding(&image.sha256).is_some());
        free.map(|image| VersionFile { sha256: image.sha256.clone(), size: image.size }).collect()
    }

    /// Allows the binaries of a version again that had failed here, and gives them.
    pub(super) async fn forgive(&self, version: String) -> Result<Vec<Image>, Failure> {
        let slots = Arc::clone(&self.slots);
        blocking(move || {
            let mut store = slots.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(store.change(|table| table.forgive(&version))?)
        })
        .await
    }

    /// What a technician's rollback goes to: the slot before, or else the factory's binary.
    pub(super) fn previous(&self) -> Option<Image> {
        let table = self.table();
        match (table.active(), table.previous()) {
            (Some(_), Some((_, image))) => Some(image.clone()),
            (Some(_), None) => {
                let factory = self.factory.as_ref().map(|(image, _)| image);
                factory.filter(|image| !table.is_quarantined(&image.sha256)).cloned()
            }
            (None, _) => None,
        }
    }

    /// Whether it is the factory's binary.
    pub(super) fn is_factory(&self, image: &Image) -> bool {
        self.factory.as_ref().is_some_and(|(factory, _)| factory.sha256 == image.sha256)
    }

    /// A binary that is on this box already.
    pub(super) async fn held(&self, image: &Image) -> Result<Option<Staged>, Failure> {
        if let Some(staged) = self.stager.held(image).await? {
            return Ok(Some(staged));
        }
        match &self.factory {
            Some((factory, path)) if factory.sha256 == image.sha256 => Ok(Some(self.stager.copy(path, image).await?)),
            _ => Ok(None),
        }
    }
}
