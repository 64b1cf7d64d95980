//! What is in a box's data directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use workshop_edge::durable::DoubleBuffered;
use workshop_edge::slots;

/// Whether the version is what runs for good.
pub(super) fn is_at(data: &Path, version: &str, published: &BTreeMap<String, String>) -> bool {
    let Some(store) = slots::open(&data.join("slots")) else { return false };
    let table = store.value();
    let image = table.active().and_then(|slot| table.image(slot));
    table.on_trial().is_none()
        && image.is_some_and(|image| published.get(&image.sha256).is_some_and(|known| known == version))
}

/// The versions below which nothing is accepted, by role.
pub(super) fn floor(data: &Path) -> BTreeMap<String, u64> {
    let Some(floor) = DoubleBuffered::<Value>::open(&data.join("trust"), "floor") else { return BTreeMap::new() };
    let roles = floor.value()["roles"].as_object().cloned().unwrap_or_default();
    roles.into_iter().map(|(role, level)| (role, level["at"].as_u64().expect("a version"))).collect()
}

/// What nobody will ever read.
pub(super) fn leftovers(data: &Path) -> Vec<PathBuf> {
    let (mut found, mut waiting) = (Vec::new(), vec![data.to_owned()]);
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory).expect("listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "tmp" || extension == "new")
                || directory.ends_with("update/download")
            {
                found.push(path);
            }
        }
    }
    found
}
