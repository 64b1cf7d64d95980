//! The data directory of a box, with slots that were filled as the box fills them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use tempfile::TempDir;
use workshop_edge::slots::{self, Image, Slot, Store, Table};

/// As the slot table has it.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

/// The data of a box.
pub(super) struct Data(TempDir);

impl Data {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    /// On another disk.
    pub(super) fn on(disk: &Path) -> Self {
        Self(TempDir::new_in(disk).expect("a directory"))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn slots(&self) -> PathBuf {
        self.path().join("slots")
    }

    pub(super) fn binary(&self, slot: Slot) -> PathBuf {
        slots::binary(&self.slots(), slot)
    }

    pub(super) fn store(&self) -> Store {
        slots::open(&self.slots()).unwrap_or_else(|| slots::new(&self.slots(), Table::default()))
    }

    pub(super) fn table(&self) -> Table {
        self.store().value().clone()
    }

    /// Stages a binary, as the box does, and puts it on trial.
    pub(super) fn put(&self, bytes: &[u8], version: &str) -> Slot {
        let mut store = self.store();
        let slot = store.value().idle().expect("idle");
        store.change(|table| table.clear(slot)).expect("kept").expect("idle");
        let path = self.binary(slot);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(&path, bytes).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        let image =
            Image { version: version.into(), sha256: sha256(bytes), size: bytes.len() as u64, requires_os: None };
        slots::record(&self.slots(), slot, &image).expect("kept");
        store
            .change(|table| table.stage(slot, image).and_then(|()| table.begin_trial(slot)))
            .expect("kept")
            .expect("fit");
        slot
    }

    pub(super) fn confirm(&self) {
        slots::confirm(&self.slots(), &mut self.store()).expect("confirmed");
    }
}
