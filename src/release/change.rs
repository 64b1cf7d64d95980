//! What a command changes in a repository, and the order in which it is written and uploaded.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::error::{ReleaseError, file};
use super::repository::sha256;
use crate::bounded_read::read_bounded;
use crate::durable;
use crate::lang::Text;

/// The role that boxes ask for first.
pub(super) const TIMESTAMP: &str = "metadata/timestamp.json";
/// For `timestamp.json`, the only file whose content changes.
const FRESH: &str = "no-cache";
/// For all others, whose names say their content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// The name that metadata have for it.
    name: String,
    /// Relative to the repository.
    path: String,
    bytes: Vec<u8>,
}

impl File {
    /// A target, under its content's digest.
    pub(super) fn target(name: &str, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), path: format!("targets/{}.{name}", hex::encode(sha256(&bytes))), bytes }
    }

    /// A role.
    pub(super) fn metadata(name: &str, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), path: format!("metadata/{name}"), bytes }
    }

    /// Whether it is the target with this name.
    pub(super) fn is_target(&self, name: &str) -> bool {
        self.path.starts_with("targets/") && self.name == name
    }

    /// Relative to the repository.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The value of `Cache-Control` that it is served with.
    pub(super) fn cache_control(&self) -> &'static str {
        cache_control(&self.path)
    }

    fn is_in(&self, directory: &Path) -> bool {
        read_bounded(&directory.join(&self.path), self.bytes.len() as u64).is_ok_and(|bytes| bytes == self.bytes)
    }
}

/// The value of `Cache-Control` that the file at a path of the repository is served with.
pub(super) fn cache_control(path: &str) -> &'static str {
    if path == TIMESTAMP { FRESH } else { FOR_EVER }
}

/// A role that is signed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RoleChange {
    pub(super) role: String,
    /// Its version until now.
    pub(super) from: Option<u64>,
    pub(super) to: u64,
    pub(super) expires: Timestamp,
}

/// What a command changes.
#[derive(Debug)]
pub(super) struct Change {
    directory: PathBuf,
    pub(super) roles: Vec<RoleChange>,
    /// In the order in which they are written and uploaded.
    pub(super) files: Vec<File>,
    /// Why there may be nothing to do.
    why: Vec<Text>,
}

impl Change {
    /// Puts the files into their order. A root goes before the timestamp, unless the metadata are signed for the old
    /// root too (`seamless`): then it goes last, and there is no moment at which a box finds a signature missing.
    pub(super) fn new(directory: PathBuf, roles: Vec<RoleChange>, files: Vec<File>, seamless: bool) -> Self {
        let rank = |file: &File| match file.path.strip_prefix("metadata/") {
            None => 0,
            Some("timestamp.json") => 3,
            Some(name) if name.ends_with(".root.json") => {
                if seamless {
                    4
                } else {
                    2
                }
            }
            Some(_) => 1,
        };
        let mut files = if roles.is_empty() { Vec::new() } else { files };
        files.retain(|file| !(rank(file) == 0 && file.is_in(&directory)));
        files.sort_by_key(rank);
        Self { directory, roles, files, why: Vec::new() }
    }

    /// Says why, should there be nothing to do.
    pub(super) fn because(self, why: Vec<Text>) -> Self {
        Self { why, ..self }
    }

    /// Why there is nothing to do, where that is so and more is known than that it is done already.
    pub(super) fn why_nothing(&self) -> &[Text] {
        if self.is_empty() { &self.why } else { &[] }
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    /// Whether the timestamp is the last to be uploaded; after a rotation that is seamless, the root is.
    pub(super) fn ends_with_timestamp(&self) -> bool {
        self.files.last().is_some_and(|file| file.path == TIMESTAMP)
    }

    /// Whether boxes find a signature missing between the uploads of a new root and of the timestamp.
    pub(super) fn is_seen_half_done(&self) -> bool {
        self.ends_with_timestamp() && self.roles.iter().any(|role| role.role == "root" && role.from.is_some())
    }

    /// Writes the files, each of them whole and on the disk before the next.
    pub(super) fn write(&self) -> Result<(), ReleaseError> {
        for name in ["metadata", "targets"] {
            remove_temp_files(&self.directory.join(name))?;
        }
        for file in &self.files {
            durable::write(&self.directory.join(&file.path), &file.bytes, 0o644)?;
        }
        Ok(())
    }
}

/// Removes what an interrupted write left, before it is uploaded with the rest.
fn remove_temp_files(directory: &Path) -> Result<(), ReleaseError> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Ok(()) };
    for entry in entries {
        let path = entry.map_err(file("list", directory))?.path();
        if path.extension().is_some_and(|extension| extension == "tmp") {
            durable::remove(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotation(seamless: bool) -> Change {
        let files = ["timestamp.json", "2.root.json", "5.snapshot.json"].map(|name| File::metadata(name, Vec::new()));
        let mut files = files.to_vec();
        files.push(File::target("x", Vec::new()));
        let role = RoleChange { role: "root".into(), from: Some(1), to: 2, expires: Timestamp::UNIX_EPOCH };
        Change::new("/nowhere".into(), vec![role], files, seamless)
    }

    #[test]
    fn what_is_referred_to_is_there_before_what_refers_to_it() {
        for (seamless, order) in [
            (false, ["x", "5.snapshot.json", "2.root.json", "timestamp.json"]),
            (true, ["x", "5.snapshot.json", "timestamp.json", "2.root.json"]),
        ] {
            let change = rotation(seamless);
            assert_eq!(change.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), order);
            assert_eq!(change.ends_with_timestamp(), !seamless);
        }
    }
}
