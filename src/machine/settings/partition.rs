//! The partition `TALLER`. It is mounted read-only, so that a power cut finds it whole, and is writable for a moment only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{StatVfsMountFlags, statvfs, syncfs};
use rustix::mount::{MountFlags, mount_remount};

use super::MAX;
use super::files::{FileError, other};
use crate::bounded_read::read_beginning;
use crate::durable;
use crate::machine::Paths;

/// What is in the place of a file.
pub(super) enum Found {
    /// Nothing, and not even the partition.
    NoPartition,
    /// Nothing.
    Nothing,
    /// The first bytes of it: of a file that is too large, one more than there may be.
    Content(Vec<u8>),
    /// What cannot be read.
    Unreadable(FileError),
}

/// As old editors of Windows want a text: with their line endings, and the mark by which they know UTF-8.
pub(super) fn for_windows(text: &str) -> String {
    let text = text.trim_start_matches('\u{FEFF}').replace("\r\n", "\n").replace('\n', "\r\n");
    format!("\u{FEFF}{text}")
}

/// Whether the partition is mounted. The image always has the directory, which is in memory: what is written to it is gone
/// with the next start.
pub(super) fn is_there(paths: &Paths) -> bool {
    let partition = paths.settings_partition();
    // A machine in a directory has a directory in its place.
    if paths.root() != Path::new("/") {
        return partition.is_dir();
    }
    let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev()).ok();
    let own = device(&partition);
    own.is_some() && own != partition.parent().and_then(device)
}

/// Reads a file of the partition.
pub(super) fn read(paths: &Paths, file: &Path) -> Found {
    if !is_there(paths) {
        return Found::NoPartition;
    }
    match read_beginning(file, MAX + 1) {
        Ok(content) => Found::Content(content),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Found::Nothing,
        Err(error) => Found::Unreadable(other("read", file)(error)),
    }
}

/// Works while the partition can be written. What was written is on it when it is read-only again.
pub(super) fn while_writable<T>(partition: &Path, work: impl FnOnce() -> Result<T, FileError>) -> Result<T, FileError> {
    let flags = statvfs(partition).map_err(|error| other("look at", partition)(error.into()))?.f_flag;
    if !flags.contains(StatVfsMountFlags::RDONLY) {
        return work();
    }
    // A remount sets all flags of the mount.
    let kept = [
        (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
    ];
    let kept =
        kept.iter().filter(|(has, _)| flags.contains(*has)).fold(MountFlags::empty(), |all, (_, flag)| all | *flag);
    let remount = |flags, operation| {
        mount_remount(partition, flags, c"").map_err(|error| other(operation, partition)(error.into()))
    };
    remount(kept, "make writable")?;
    let done = work();
    let synced = File::open(partition)
        .and_then(|directory| syncfs(&directory).map_err(Into::into))
        .map_err(other("sync", partition));
    let again = remount(kept | MountFlags::RDONLY, "make read-only again");
    let done = done?;
    synced.and(again).map(|()| done)
}

/// Removes a file of which nothing shall be found afterwards: FAT writes in place, so its clusters are overwritten.
pub(super) fn wipe(file: &Path) -> Result<(), FileError> {
    let length = fs::metadata(file).map_err(other("look at", file))?.len();
    let mut open = OpenOptions::new().write(true).open(file).map_err(other("open", file))?;
    let zeros = vec![0; usize::try_from(length).unwrap_or(usize::MAX).min(1 << 20)];
    let mut left = length;
    while left > 0 {
        let piece = zeros.get(..usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len())).unwrap_or_default();
        open.write_all(piece).map_err(other("overwrite", file))?;
        left -= piece.len() as u64;
    }
    open.sync_all().map_err(other("sync", file))?;
    drop(open);
    Ok(durable::remove(file)?)
}
