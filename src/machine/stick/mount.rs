//! The stick's file system, where everybody may read it and nobody may do more.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};

use super::StickError;
use crate::bounded_read::{self, read_text_bounded};

/// What sticks have, the usual ones first, with options: everybody may read, and a journal is not replayed, since that
/// would write.
const FILE_SYSTEMS: [(&str, &str); 4] =
    [("vfat", "umask=022"), ("exfat", "umask=022"), ("ntfs3", "umask=022"), ("ext4", "noload")];

/// No executables, devices, set-user-ID bits or symbolic links.
fn safe_flags() -> MountFlags {
    MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC | MountFlags::NOSYMFOLLOW
}

/// A stick's files; a stick that is mounted stays so until [`unmount_stale`] takes it away.
#[derive(Debug)]
pub(crate) struct Mounted {
    at: PathBuf,
    /// The options of its file system; `None` where it is a directory and no file system.
    options: Option<&'static str>,
}

impl Mounted {
    /// Uses a directory as a stick.
    #[must_use]
    pub(crate) fn directory(at: &Path) -> Self {
        Self { at: at.to_owned(), options: None }
    }

    /// Mounts a device, read-only.
    pub(crate) fn device(device: &Path, at: &Path) -> Result<Self, StickError> {
        fs::create_dir_all(at).map_err(StickError::at("make", at))?;
        let mut tried = Vec::new();
        for (name, options) in FILE_SYSTEMS {
            match mount(device, at, name, safe_flags() | MountFlags::RDONLY, Some(text(options).as_c_str())) {
                Ok(()) => return Ok(Self { at: at.to_owned(), options: Some(options) }),
                // This kernel does not have it.
                Err(Errno::NODEV) => {}
                // It has another.
                Err(Errno::INVAL | Errno::UCLEAN) => tried.push(name),
                Err(error) => return Err(StickError::at("mount", device)(error.into())),
            }
        }
        Err(StickError::NoFileSystem { device: device.to_owned(), tried: tried.join(", ") })
    }

    /// What is mounted there already; a directory where nothing is.
    pub(crate) fn there(at: &Path) -> Result<Self, StickError> {
        const MOUNTS: &str = "/proc/self/mounts";
        let mounts = read_text_bounded(Path::new(MOUNTS), bounded_read::TABLE)
            .map_err(StickError::at("read", Path::new(MOUNTS)))?;
        // fstab(5): device, place, type; the last one covers those before.
        let fields = |line: &'_ str| {
            let mut fields = line.split(' ').skip(1).map(str::to_owned);
            Some((fields.next()?, fields.next()?))
        };
        let found = mounts.lines().rev().filter_map(fields).find(|(place, _)| Path::new(place) == at);
        let options = found
            .map(|(_, name)| FILE_SYSTEMS.iter().find(|(known, _)| *known == name).map_or("", |(_, options)| *options));
        Ok(Self { at: at.to_owned(), options })
    }

    /// Where it is.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.at
    }

    /// Does something while it can be written; afterwards, everything is on it and it cannot be written any more.
    pub(crate) fn written<T>(&self, work: impl FnOnce(&Path) -> T) -> Result<T, StickError> {
        let Some(options) = self.options else { return Ok(work(&self.at)) };
        let remount = |operation, flags| {
            mount_remount(&self.at, flags, text(options).as_c_str())
                .map_err(|error| StickError::at(operation, &self.at)(error.into()))
        };
        remount("make writable", safe_flags())?;
        let done = work(&self.at);
        let synced = fs::File::open(&self.at)
            .map_err(StickError::at("open", &self.at))
            .and_then(|file| rustix::fs::syncfs(&file).map_err(|error| StickError::at("sync", &self.at)(error.into())));
        remount("make read-only", safe_flags() | MountFlags::RDONLY)?;
        synced.map(|()| done)
    }
}

/// Options for the kernel; they hold no zero.
fn text(options: &str) -> std::ffi::CString {
    std::ffi::CString::new(options).unwrap_or_default()
}

/// Removes the mount of a stick that was pulled out; its device may be gone.
pub(crate) fn unmount_stale(at: &Path) -> Result<(), StickError> {
    match unmount(at, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW) {
        // Nothing is mounted there.
        Err(Errno::INVAL | Errno::NOENT) => Ok(()),
        done => done.map_err(|error| StickError::at("unmount", at)(error.into())),
    }
}

/// Whether a device is a part of the disk that the machine has started from, or the whole of it.
pub(super) fn is_own_disk(root: &Path, device: &Path) -> bool {
    let name = |path: &Path| fs::canonicalize(path).ok()?.file_name().map(std::ffi::OsStr::to_owned);
    let disk = |path: &Path| {
        let link = root.join("sys/class/block").join(name(path)?);
        let device = match fs::canonicalize(link) {
            Ok(device) => device,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(_) => return None,
        };
        // A partition's directory is inside its disk's.
        let is_partition = device.join("partition").exists();
        if is_partition { device.parent().map(Path::to_owned) } else { Some(device) }
    };
    let own = disk(&root.join("dev/workshop/esp")).or_else(|| disk(&root.join("dev/workshop/disk")));
    own.is_some() && own == disk(device)
}
