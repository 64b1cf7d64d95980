//! One look at the disk of a directory.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{
    Access, AtFlags, CWD, Mode, OFlags, Stat, StatVfsMountFlags, accessat, fstat, fstatvfs, major, minor, openat,
};
use rustix::io::Errno;

use super::StorageFault;
use crate::disk_space::DiskSpace;

/// The result of a probe: the room on a disk that works, or its fault.
pub(crate) type Finding = Result<DiskSpace, StorageFault>;

/// Where the kernel lists the block devices that there are; reading it touches none of them.
const BLOCK_DEVICES: &str = "/sys/dev/block";
/// A file that every data directory has, which is read from the disk itself.
const SAMPLE: &str = "box-id";
/// What direct reads are aligned to, in memory and in size: the largest logical block of a disk.
const BLOCK: usize = 4096;

/// The directory, and what it was at first: its file system and its number there.
pub(super) struct Directory {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

impl Directory {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), identity: None }
    }

    /// May take for ever.
    pub(super) fn probe(&mut self) -> Finding {
        // Asked first, since what is left of its mount answers in many ways.
        if self.identity.is_some_and(|(device, _)| !is_plugged_in(device)) {
            return Err(StorageFault::Gone);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(CWD, &self.path, flags, Mode::empty()).map_err(fault)?;
        let Stat { st_dev, st_ino, .. } = fstat(&directory).map_err(fault)?;
        // What is below a mount that has gone, or was made again by the next writer, has nothing of the box.
        let identity = (st_dev, st_ino);
        if *self.identity.get_or_insert(identity) != identity || !is_plugged_in(st_dev) {
            return Err(StorageFault::Gone);
        }
        let system = fstatvfs(&directory).map_err(fault)?;
        if system.f_flag.contains(StatVfsMountFlags::RDONLY) {
            return Err(StorageFault::ReadOnly);
        }
        accessat(&directory, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).map_err(fault)?;
        read_sample(&directory)?;
        Ok(DiskSpace::of(&system))
    }
}

fn fault(error: Errno) -> StorageFault {
    match error {
        Errno::NOENT | Errno::NOTDIR | Errno::NODEV | Errno::NXIO | Errno::STALE => StorageFault::Gone,
        Errno::ROFS => StorageFault::ReadOnly,
        Errno::ACCESS | Errno::PERM => StorageFault::Forbidden,
        other => StorageFault::Failing(other.to_string()),
    }
}

/// A file system without a block device of its own (btrfs, overlayfs, a network's) has a number that is none's, with 0
/// before the colon.
fn is_plugged_in(device: u64) -> bool {
    let number = format!("{}:{}", major(device), minor(device));
    major(device) == 0
        || fs::symlink_metadata(BLOCK_DEVICES).is_err()
        || fs::symlink_metadata(Path::new(BLOCK_DEVICES).join(number)).is_ok()
}

/// Reads from the disk and not from the kernel's memory. Not every file system can, and not every directory has the
/// file.
fn read_sample(directory: &impl std::os::fd::AsFd) -> Result<(), StorageFault> {
    let flags = OFlags::RDONLY | OFlags::DIRECT | OFlags::CLOEXEC;
    let file = match openat(directory, SAMPLE, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT | Errno::INVAL | Errno::ACCESS) => return Ok(()),
        Err(error) => return Err(fault(error)),
    };
    let mut memory = vec![0; 2 * BLOCK];
    let start = memory.as_ptr().align_offset(BLOCK);
    let Some(block) = memory.get_mut(start..start.saturating_add(BLOCK)) else { return Ok(()) };
    // However much there is of it: what counts is that the disk has answered.
    match rustix::io::read(&file, block) {
        Ok(_) | Err(Errno::INVAL) => Ok(()),
        Err(error) => Err(fault(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_works_has_room_and_one_that_is_gone_is_lost() {
        let parent = tempfile::tempdir().expect("a directory");
        let path = parent.path().join("data");
        fs::create_dir(&path).expect("made");
        let mut directory = Directory::new(&path);
        let space = directory.probe().expect("it works");
        assert!(space.total_bytes > 0 && space.free_bytes <= space.total_bytes);
        fs::write(path.join(SAMPLE), "0123456789abcdef").expect("written");
        directory.probe().expect("it can be read");
        fs::remove_dir_all(&path).expect("removed");
        assert_eq!(directory.probe(), Err(StorageFault::Gone));
        fs::write(&path, "").expect("written");
        assert_eq!(directory.probe(), Err(StorageFault::Gone));
        fs::remove_file(&path).expect("removed");
        fs::create_dir(&path).expect("made");
        Directory::new(&path).probe().expect("it works, for whoever begins with it");
    }

    #[test]
    fn another_directory_in_its_place_is_none_of_the_box() {
        let mut directory = Directory { path: "/proc".into(), identity: Some((0, 1)) };
        assert_eq!(directory.probe(), Err(StorageFault::Gone));
    }

    #[test]
    fn a_disk_that_is_pulled_out_is_not_among_the_devices() {
        // The device numbers from 240 on are nobody's (admin-guide/devices).
        assert!(!is_plugged_in(rustix::fs::makedev(240, 77)));
        assert!(is_plugged_in(rustix::fs::makedev(0, 77)));
    }

    #[test]
    fn errors_are_distinguished() {
        for (error, expected) in [
            (Errno::NOENT, StorageFault::Gone),
            (Errno::STALE, StorageFault::Gone),
            (Errno::ROFS, StorageFault::ReadOnly),
            (Errno::ACCESS, StorageFault::Forbidden),
        ] {
            assert_eq!(fault(error), expected);
        }
        assert!(matches!(fault(Errno::IO), StorageFault::Failing(detail) if !detail.is_empty()));
    }
}
