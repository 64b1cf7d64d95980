//! What the box has remembered, for its new disk: identity, PIN, settings, secrets, versions.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::InstallError;
use super::copy::Extent;
use crate::machine::Paths;

/// What is taken along of the data partition. The journal stays: it is of the stick.
const TAKEN: [&str; 3] = ["machine", "timesync", "workshop-edge"];
/// Where the copy is made, inside `data/machine`.
const STAGING: &str = ".install";
/// Bytes that are taken along, and files and directories.
const MAX_BYTES: u64 = 512 << 20;
const MAX_ENTRIES: usize = 20_000;
/// How deep directories may be.
const MAX_DEPTH: usize = 16;
/// Bytes of what mke2fs has to say.
const MAX_WORDS: usize = 500;

/// A copy of the data, which is removed when it is dropped. Files of the box are replaced as a whole, so that each of
/// them is one that the box can start from.
pub(super) struct Staged(PathBuf);

impl Staged {
    /// Makes it.
    pub(super) fn make(paths: &Paths) -> Result<Self, InstallError> {
        let staging = paths.data_machine().join(STAGING);
        // An installation that was cut off.
        match fs::remove_dir_all(&staging) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(InstallError::at("remove", &staging)(error));
            }
            _ => {}
        }
        fs::create_dir_all(&staging).map_err(InstallError::at("make", &staging))?;
        let staged = Self(staging);
        let mut budget = Budget { bytes: MAX_BYTES, entries: MAX_ENTRIES };
        for name in TAKEN {
            let from = paths.data().join(name);
            if from.is_dir() {
                copy(&from, &staged.0.join(name), &staged.0, MAX_DEPTH, &mut budget)?;
            }
        }
        Ok(staged)
    }

    /// Makes the data partition of them, inside a disk that has no table yet. Nothing has to be mounted for that.
    pub(super) fn format(&self, disk: &Path, extent: Extent) -> Result<(), InstallError> {
        let output = Command::new("mke2fs")
            .args(["-q", "-F", "-t", "ext4", "-L", "workshop-data", "-d"])
            .arg(&self.0)
            .args(["-E", &format!("nodiscard,offset={}", extent.at)])
            .arg(disk)
            .arg(format!("{}k", extent.bytes / 1024))
            .stdin(Stdio::null())
            .output()
            .map_err(InstallError::at("start mke2fs for", disk))?;
        if output.status.success() {
            return Ok(());
        }
        let words: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(MAX_WORDS).collect();
        Err(InstallError::Format { status: output.status.to_string(), words })
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // The next one removes it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What may still be copied.
struct Budget {
    bytes: u64,
    entries: usize,
}

impl Budget {
    fn spend(&mut self, bytes: u64) -> Result<(), InstallError> {
        let bytes = self.bytes.checked_sub(bytes);
        let entries = self.entries.checked_sub(1);
        let (Some(bytes), Some(entries)) = (bytes, entries) else { return Err(InstallError::TooMuchData) };
        (self.bytes, self.entries) = (bytes, entries);
        Ok(())
    }
}

/// Copies a directory with files, directories, owners and modes; sockets and links are skipped.
fn copy(from: &Path, to: &Path, staging: &Path, depth: usize, budget: &mut Budget) -> Result<(), InstallError> {
    let depth = depth.checked_sub(1).ok_or(InstallError::TooMuchData)?;
    fs::create_dir(to).map_err(InstallError::at("make", to))?;
    for entry in fs::read_dir(from).map_err(InstallError::at("list", from))? {
        let path = entry.map_err(InstallError::at("list", from))?.path();
        let Some(name) = path.file_name() else { continue };
        if path == staging || name.to_string_lossy().ends_with(".tmp") {
            continue;
        }
        let target = to.join(name);
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            // The box goes on working meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(InstallError::at("look at", &path)(error)),
        };
        if found.is_dir() {
            budget.spend(0)?;
            copy(&path, &target, staging, depth, budget)?;
        } else if found.is_file() {
            budget.spend(found.len())?;
            copy_file(&path, &target, found.len())?;
        } else {
            continue;
        }
        copy_ownership(&found, &target)?;
    }
    let found = fs::symlink_metadata(from).map_err(InstallError::at("look at", from))?;
    copy_ownership(&found, to)
}

fn copy_file(from: &Path, to: &Path, bytes: u64) -> Result<(), InstallError> {
    let mut source = match File::open(from) {
        Ok(source) => io::Read::take(source, bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => io::Read::take(empty(from)?, 0),
        Err(error) => return Err(InstallError::at("open", from)(error)),
    };
    let mut target = File::create(to).map_err(InstallError::at("make", to))?;
    io::copy(&mut source, &mut target).map_err(InstallError::at("copy", from))?;
    Ok(())
}

/// A file that went after it was seen.
fn empty(from: &Path) -> Result<File, InstallError> {
    File::open("/dev/null").map_err(InstallError::at("open", from))
}

/// Copies the owner and the mode of another.
fn copy_ownership(found: &fs::Metadata, path: &Path) -> Result<(), InstallError> {
    // Changing the owner takes bits of the mode away.
    chown(path, Some(found.uid()), Some(found.gid())).map_err(InstallError::at("change the owner of", path))?;
    fs::set_permissions(path, fs::Permissions::from_mode(found.mode() & 0o7777))
        .map_err(InstallError::at("change the mode of", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_box_remembers_is_taken_along_with_its_modes() {
        let root = tempfile::tempdir().expect("a directory");
        let paths = Paths::below(root.path());
        let data = paths.data();
        for (path, mode) in [("machine/settings/secrets", 0o600), ("workshop-edge/box-id", 0o644), ("journal/x", 0o644)]
        {
            let path = data.join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(&path, "a").expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
        }
        let _socket = std::os::unix::net::UnixListener::bind(data.join("workshop-edge/control.sock")).expect("bound");
        std::os::unix::fs::symlink("/etc/shadow", data.join("workshop-edge/link")).expect("a link");
        fs::create_dir_all(data.join("machine/.install/left")).expect("left behind");
        let staged = Staged::make(&paths).expect("staged");
        let at = |path: &str| staged.0.join(path);
        assert_eq!(fs::read(at("machine/settings/secrets")).expect("there"), b"a");
        let mode = fs::metadata(at("machine/settings/secrets")).expect("there").mode();
        assert_eq!(mode & 0o777, 0o600);
        for absent in ["journal", "workshop-edge/control.sock", "workshop-edge/link", "machine/.install", "left"] {
            assert!(fs::symlink_metadata(at(absent)).is_err(), "{absent}");
        }
        drop(staged);
        assert!(!data.join("machine/.install").exists());
    }

    #[test]
    fn there_is_an_end_to_what_is_taken_along() {
        let root = tempfile::tempdir().expect("a directory");
        let paths = Paths::below(root.path());
        fs::create_dir_all(paths.data().join("workshop-edge")).expect("made");
        let huge = File::create(paths.data().join("workshop-edge/huge")).expect("made");
        huge.set_len(MAX_BYTES + 1).expect("so large");
        assert!(matches!(Staged::make(&paths), Err(InstallError::TooMuchData)));
        assert!(!paths.data().join("machine/.install").exists());
        huge.set_len(1).expect("small");
        let deep = (0..MAX_DEPTH).fold(paths.data().join("workshop-edge"), |path, _| path.join("d"));
        fs::create_dir_all(deep).expect("made");
        assert!(matches!(Staged::make(&paths), Err(InstallError::TooMuchData)));
    }
}
