//! The system from the stick that the machine has started from onto a disk that is built in.
//!
//! ```text
//! table away ─> data partition ─> settings and ESP ─sync─> read back ─> table
//! ```
//!
//! The disk gets a table last: before, no firmware finds anything on it to start, and afterwards everything is there. A
//! power cut in between leaves a disk that is not started from, and the stick, which is only read.
//!
//! The settings and the ESP are the stick's own, byte by byte: with what the technician has written, and with the
//! versions of the system that are on it. The data partition is made with what the box remembers, so that TVs and
//! people find the box that they know: its identity, its name, its PIN, its settings and secrets, its versions of the
//! program. The disk's GUIDs are new ones, and so are the serial numbers of its file systems: a start from either disk
//! finds the partitions of that disk, even when both are there (`usr/lib/workshop-machine/disk` of the image).

mod copy;
mod data;
mod disks;
mod gpt;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::mount::{UnmountFlags, unmount};
use thiserror::Error;

pub(crate) use self::disks::{Disk, Refusal, disks, size};
pub(crate) use self::gpt::GptError;

use self::copy::Extent;
use self::gpt::{Guid, Partition, SECTOR, Table};
use super::{Paths, os};
use crate::durable::{DurableError, Lock};

/// Bytes of a disk at least: two partitions as the image has them, and room for what is remembered.
pub(crate) const MIN: u64 = 1_000_000_000;
/// What partitions are aligned to, in sectors: 1 MiB.
const ALIGNMENT: u64 = 2048;
/// The name of the data partition.
const DATA: &str = "workshop-data";
/// The partitions that are copied.
const COPIED: [&str; 2] = ["workshop-settings", "workshop-esp"];

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The data partition is made.
    Data,
    /// The system is copied, so many per cent.
    Copying(u8),
    /// What was copied is read back, so many per cent.
    Verifying(u8),
    /// The table is written.
    Table,
}

/// Why nothing is installed.
#[derive(Debug, Error)]
pub(crate) enum InstallError {
    /// The machine does not run from a stick.
    #[error("this machine has not started from a USB stick")]
    NotFromStick,
    /// The running version of the system is on trial.
    #[error("the running version of the system is still on trial")]
    OnTrial,
    /// The disk is none that the system can be installed to.
    #[error("{} is not a disk that the system can be installed to", disk.display())]
    NotADisk { disk: PathBuf },
    /// It may not be taken.
    #[error("{} cannot be taken: {refusal:?}", disk.display())]
    Refused { disk: PathBuf, refusal: Refusal },
    /// The system is being written already: by an update, which would restart the machine, or to another disk.
    #[error("an update of the system or another installation is being written")]
    Busy,
    /// It cannot be known whether it is.
    #[error("cannot keep updates of the system away")]
    Lock(#[source] DurableError),
    /// The stick's table.
    #[error("the stick")]
    Source(#[source] GptError),
    /// The stick has not the partitions of the image.
    #[error("the stick has no partition {0}")]
    Missing(&'static str),
    /// The disk's table.
    #[error("the disk {}", disk.display())]
    Table { disk: PathBuf, source: GptError },
    /// The box remembers more than there can be.
    #[error("the box keeps more data than can be taken along")]
    TooMuchData,
    /// The data partition cannot be made.
    #[error("mke2fs failed ({status}): {words}")]
    Format {
        /// How it ended.
        status: String,
        /// What it said.
        words: String,
    },
    /// The disk does not give what was written to it.
    #[error("{} gives other bytes than were written to it: it is broken", disk.display())]
    Differs { disk: PathBuf },
    /// The kernel has no randomness.
    #[error("there is no randomness for the disk's identity: {0}")]
    Random(String),
    /// A file or a disk.
    #[error("cannot {operation} {}", path.display())]
    Io {
        operation: &'static str,
        /// Of which.
        path: PathBuf,
        source: io::Error,
    },
}

impl InstallError {
    fn at(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { operation, path, source }
    }
}

/// The disk that the machine has started from.
fn source(paths: &Paths) -> PathBuf {
    paths.root().join("dev/workshop/disk")
}

/// Whether the machine can be installed from what it has started from.
pub(crate) fn is_possible(paths: &Paths) -> Result<(), InstallError> {
    let disk = source(paths);
    let kind = fs::metadata(&disk).map_err(InstallError::at("find", &disk))?.file_type();
    if kind.is_block_device() {
        let device = fs::canonicalize(&disk).map_err(InstallError::at("find", &disk))?;
        let kernel = device.file_name().map(|name| paths.root().join("sys/block").join(name));
        if !kernel.is_some_and(|kernel| disks::is_plugged_in(&kernel)) {
            return Err(InstallError::NotFromStick);
        }
    }
    // The boot loader would count the tries of the copy too.
    if os::is_on_trial(paths) {
        return Err(InstallError::OnTrial);
    }
    Ok(())
}

/// Installs to a disk. What was on it is lost.
pub(crate) fn install(paths: &Paths, disk: &Path, mut step: impl FnMut(Step)) -> Result<(), InstallError> {
    is_possible(paths)?;
    may_be_taken(paths, disk)?;
    let lock = Lock::take(&paths.run_system_lock()).map_err(InstallError::Lock)?;
    let _alone = lock.ok_or(InstallError::Busy)?;
    let stick = source(paths);
    let from = File::open(&stick).map_err(InstallError::at("open", &stick))?;
    let table = gpt::read(&from).map_err(InstallError::Source)?;
    let staged = data::Staged::make(paths)?;

    // Alone: not while anything of it is mounted. It is closed again for mke2fs, which wants the same.
    let target = open(disk)?;
    let sectors = sectors(&target).map_err(InstallError::at("measure", disk))?;
    let plan = plan(&table, sectors)?;
    gpt::wipe(&target, sectors).map_err(InstallError::at("wipe", disk))?;
    drop(target);

    step(Step::Data);
    staged.format(disk, extent(&plan.data))?;
    drop(staged);

    unmount_esp(paths)?;
    let target = open(disk)?;
    let whole: u64 = plan.copied.iter().map(|(partition, _)| partition.sectors() * SECTOR).sum();
    let percent = |done: u64| u8::try_from(done * 100 / whole.max(1)).unwrap_or(100);
    let mut done = 0;
    let mut digests = Vec::new();
    for (source, partition) in &plan.copied {
        let serial = random()?;
        let digest = copy::copy((&from, extent(source)), (&target, partition.first * SECTOR), serial, |bytes| {
            done += bytes;
            step(Step::Copying(percent(done)));
        });
        digests.push(digest.map_err(InstallError::at("copy the system to", disk))?);
    }
    target.sync_all().map_err(InstallError::at("sync", disk))?;
    done = 0;
    for ((_, partition), digest) in plan.copied.iter().zip(digests) {
        let read = copy::read_back(&target, extent(partition), |bytes| {
            done += bytes;
            step(Step::Verifying(percent(done)));
        });
        if read.map_err(InstallError::at("read back", disk))?.as_ref() != digest.as_ref() {
            return Err(InstallError::Differs { disk: disk.to_owned() });
        }
    }
    step(Step::Table);
    let table = plan.table();
    let wrong = |source| InstallError::Table { disk: disk.to_owned(), source };
    gpt::write(&target, sectors, &table).map_err(wrong)?;
    let read = gpt::read(&target).map_err(wrong)?;
    if read == table { Ok(()) } else { Err(InstallError::Differs { disk: disk.to_owned() }) }
}

/// Whether a disk may be taken: one of those that are built in, or a plain file where the machine is a directory.
fn may_be_taken(paths: &Paths, disk: &Path) -> Result<(), InstallError> {
    let kind = fs::metadata(disk).map_err(InstallError::at("find", disk))?;
    if kind.is_file() && paths.root() != Path::new("/") {
        let refusal = if kind.len() < MIN { Some(Refusal::TooSmall) } else { None };
        let is_own = fs::canonicalize(disk).ok() == fs::canonicalize(source(paths)).ok();
        let refusal = if is_own { Some(Refusal::RunningSystem) } else { refusal };
        return refusal.map_or(Ok(()), |refusal| Err(InstallError::Refused { disk: disk.to_owned(), refusal }));
    }
    let device = fs::canonicalize(disk).map_err(InstallError::at("find", disk))?;
    let found = disks(paths)?.into_iter().find(|found| found.device == device);
    let found = found.ok_or_else(|| InstallError::NotADisk { disk: disk.to_owned() })?;
    found.refusal.map_or(Ok(()), |refusal| Err(InstallError::Refused { disk: disk.to_owned(), refusal }))
}

/// Unmounts the stick's system partition: it is synced, and nothing more is written to it.
fn unmount_esp(paths: &Paths) -> Result<(), InstallError> {
    let esp = paths.esp();
    match unmount(&esp, UnmountFlags::NOFOLLOW) {
        Err(Errno::BUSY) => Err(InstallError::Busy),
        // It is not mounted.
        Ok(()) | Err(Errno::INVAL | Errno::NOENT) => Ok(()),
        Err(error) => Err(InstallError::at("unmount", &esp)(error.into())),
    }
}

fn open(disk: &Path) -> Result<File, InstallError> {
    // Of a disk, O_EXCL means that nobody else has it or anything on it (open(2)).
    let flags = rustix::fs::OFlags::EXCL.bits().cast_signed();
    let is_device = fs::metadata(disk).is_ok_and(|found| found.file_type().is_block_device());
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(if is_device { flags } else { 0 });
    options.open(disk).map_err(InstallError::at("open", disk))
}

fn sectors(disk: &File) -> io::Result<u64> {
    let mut disk: &File = disk;
    Ok(disk.seek(io::SeekFrom::End(0))? / SECTOR)
}

fn extent(partition: &Partition) -> Extent {
    Extent { at: partition.first * SECTOR, bytes: partition.sectors() * SECTOR }
}

/// What the disk becomes.
struct Plan {
    id: Guid,
    /// Those of the stick, and what they become.
    copied: Vec<(Partition, Partition)>,
    data: Partition,
}

impl Plan {
    fn table(&self) -> Table {
        let copied = self.copied.iter().map(|(_, partition)| partition);
        Table { id: self.id, partitions: copied.chain([&self.data]).cloned().collect() }
    }
}

/// One after the other from 1 MiB on, and the data up to the end.
fn plan(stick: &Table, sectors: u64) -> Result<Plan, InstallError> {
    let stem: Guid = random()?;
    let mut first = ALIGNMENT;
    let mut copied = Vec::new();
    for (number, name) in (1..).zip(COPIED) {
        let source = stick.partitions.iter().find(|partition| partition.name == name);
        let source = source.ok_or(InstallError::Missing(name))?;
        let last = first + source.sectors().saturating_sub(1);
        copied.push((source.clone(), Partition { id: member(stem, number), first, last, ..source.clone() }));
        first = (last + 1).next_multiple_of(ALIGNMENT);
    }
    let end = (gpt::last_usable(sectors) + 1) / ALIGNMENT * ALIGNMENT;
    let data = Partition {
        kind: gpt::LINUX,
        id: member(stem, 3),
        first,
        last: end.saturating_sub(1),
        attributes: 0,
        name: DATA.to_owned(),
    };
    Ok(Plan { id: member(stem, 0), copied, data })
}

/// The GUIDs of a disk differ in their last digit alone: 0 is the table's, 1 to 3 are the partitions'. The others are
/// random (RFC 9562, version 4; the third field has its low byte first).
fn member(stem: Guid, number: u8) -> Guid {
    let mut id = stem;
    let [.., version, variant, _, _, _, _, _, _, last] = &mut id;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    *last = (*last & 0xf0) | number;
    id
}

fn random<const N: usize>() -> Result<[u8; N], InstallError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| InstallError::Random(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guids_of_a_disk_are_distinguished_by_their_last_digit() {
        let stem = [0xff; 16];
        let id = member(stem, 2);
        // 8 bytes before the variant, so that the version is the high digit of byte 7.
        assert_eq!((id[7], id[8], id[15]), (0x4f, 0xbf, 0xf2));
        assert_eq!(member(stem, 2)[..15], member(stem, 1)[..15]);
    }

    #[test]
    fn the_data_have_what_the_copied_partitions_leave() {
        let partition = |name: &str, sectors: u64| Partition {
            kind: [7; 16],
            id: [1; 16],
            first: 2048,
            last: 2047 + sectors,
            attributes: 0,
            name: name.into(),
        };
        let stick = Table { id: [0; 16], partitions: vec![partition(COPIED[0], 32_768), partition(COPIED[1], 4097)] };
        let plan = plan(&stick, 4_000_000).expect("planned");
        let paths: Vec<_> = plan.table().partitions.iter().map(|part| (part.first, part.last)).collect();
        assert_eq!(paths, [(2048, 34_815), (34_816, 38_912), (40_960, 3_999_743)]);
        assert!(matches!(
            super::plan(&Table { partitions: Vec::new(), ..stick }, 4_000_000),
            Err(InstallError::Missing("workshop-settings"))
        ));
    }
}
