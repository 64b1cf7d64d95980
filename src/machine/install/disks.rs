//! The disks that the system may be installed to, as the kernel and udev describe them: nothing of them is opened.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::InstallError;
use super::gpt::SECTOR;
use crate::bounded_read::{self, read_text_bounded};
use crate::machine::Paths;

/// Disks that are listed, and partitions of each.
const MAX: usize = 32;
/// Bytes of what udev knows of a partition: a few dozen lines.
const MAX_KNOWN: u64 = 64 * 1024;
/// What disks are called, that are built in: SATA, `NVMe`, `eMMC`, virtual.
const NAMES: [&str; 4] = ["sd", "nvme", "mmcblk", "vd"];

/// A disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disk {
    /// Its device.
    pub(crate) device: PathBuf,
    /// What its maker calls it.
    pub(crate) model: String,
    /// Bytes of it.
    pub(crate) bytes: u64,
    /// What is on it: a line for each partition.
    pub(crate) holds: Vec<String>,
    /// Why it cannot be taken.
    pub(crate) refusal: Option<Refusal>,
}

/// Why a disk cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    RunningSystem,
    /// Something on it is in use.
    InUse,
    /// There is too little room.
    TooSmall,
    /// Its sectors have another size than the stick's, and with them all that is on it.
    Sectors,
}

/// The disks that are built in.
pub(crate) fn disks(paths: &Paths) -> Result<Vec<Disk>, InstallError> {
    let blocks = paths.root().join("sys/block");
    let mut names = Vec::new();
    for entry in fs::read_dir(&blocks).map_err(InstallError::at("list", &blocks))? {
        names.extend(entry.map_err(InstallError::at("list", &blocks))?.file_name().into_string());
    }
    names.sort();
    let is_built_in = |name: &String| {
        NAMES.iter().any(|prefix| name.starts_with(prefix)) && !name.contains("boot") && !name.contains("rpmb")
    };
    Ok(names.iter().filter(|name| is_built_in(name)).filter_map(|name| disk(paths, name)).take(MAX).collect())
}

/// The disk of this name, unless it is one that is plugged in.
fn disk(paths: &Paths, name: &str) -> Option<Disk> {
    let kernel = paths.root().join("sys/block").join(name);
    let is_sd_card = text(&kernel.join("device/type")) == "SD";
    if is_plugged_in(&kernel) || is_sd_card {
        return None;
    }
    let sectors: u64 = text(&kernel.join("size")).parse().ok()?;
    // In units of 512 bytes, whatever the sectors of the disk are (sysfs-block).
    let bytes = sectors.saturating_mul(SECTOR);
    let parts = parts(&kernel, name);
    let is_in_use = || {
        let whole = std::iter::once(&kernel).chain(&parts);
        whole.into_iter().any(|part| has_holders(part) || is_mounted(paths, part))
    };
    let refusal = if own(paths).as_deref() == Some(name) {
        Some(Refusal::RunningSystem)
    } else if !["", "512"].contains(&text(&kernel.join("queue/logical_block_size")).as_str()) {
        Some(Refusal::Sectors)
    } else if bytes < super::MIN {
        Some(Refusal::TooSmall)
    } else if is_in_use() {
        Some(Refusal::InUse)
    } else {
        None
    };
    let model = [text(&kernel.join("device/model")), text(&kernel.join("device/name"))];
    Some(Disk {
        device: paths.root().join("dev").join(name),
        model: model.into_iter().find(|model| !model.is_empty()).unwrap_or_else(|| name.to_owned()),
        bytes,
        holds: parts.iter().take(MAX).map(|part| describe(paths, part)).collect(),
        refusal,
    })
}

/// The name of the disk that the machine has started from.
fn own(paths: &Paths) -> Option<String> {
    let device = fs::canonicalize(super::source(paths)).ok()?;
    Some(device.file_name()?.to_str()?.to_owned())
}

/// Whether a disk is a stick or the like.
pub(super) fn is_plugged_in(kernel: &Path) -> bool {
    let is_on_usb = fs::canonicalize(kernel).is_ok_and(|path| path.to_string_lossy().contains("/usb"));
    is_on_usb || text(&kernel.join("removable")) == "1"
}

fn parts(kernel: &Path, name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(kernel).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let is_part = |path: &PathBuf| {
        let is_named = path.file_name().is_some_and(|part| part.to_string_lossy().starts_with(name));
        is_named && path.join("partition").exists()
    };
    let mut parts: Vec<_> = entries.filter(is_part).collect();
    parts.sort();
    parts
}

fn has_holders(part: &Path) -> bool {
    fs::read_dir(part.join("holders")).is_ok_and(|mut holders| holders.next().is_some())
}

/// Whether a file system of it is mounted (proc(5): the third field of mountinfo is its number).
fn is_mounted(paths: &Paths, part: &Path) -> bool {
    let number = text(&part.join("dev"));
    let mounts = read_text_bounded(&paths.root().join("proc/self/mountinfo"), bounded_read::TABLE).unwrap_or_default();
    !number.is_empty() && mounts.lines().any(|line| line.split(' ').nth(2) == Some(number.as_str()))
}

/// What udev knows of a partition: `ntfs "Windows", 500 GB`.
fn describe(paths: &Paths, part: &Path) -> String {
    let number = text(&part.join("dev"));
    let known = paths.root().join(format!("run/udev/data/b{number}"));
    let known = read_text_bounded(&known, MAX_KNOWN).unwrap_or_default();
    let property = |name: &str| {
        let prefix = format!("E:{name}=");
        known.lines().find_map(|line| line.strip_prefix(&prefix)).filter(|value| !value.is_empty())
    };
    let bytes = text(&part.join("size")).parse::<u64>().unwrap_or_default().saturating_mul(SECTOR);
    let kind = property("ID_FS_TYPE").unwrap_or("?");
    let label = property("ID_FS_LABEL").or_else(|| property("ID_PART_ENTRY_NAME"));
    let label = label.map(|label| format!(" \"{label}\"")).unwrap_or_default();
    format!("{kind}{label}, {}", size(bytes))
}

/// As the makers of disks count: `256 GB`.
#[must_use]
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}

fn text(path: &Path) -> String {
    read(path).unwrap_or_default()
}

fn read(path: &Path) -> io::Result<String> {
    Ok(read_text_bounded(path, bounded_read::SHORT)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn machine() -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a directory");
        let file = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
        };
        for (name, sectors) in [("sda", "500118192\n"), ("nvme0n1", "1000215216\n"), ("mmcblk0", "61079552\n")] {
            file(&format!("sys/block/{name}/size"), sectors);
            file(&format!("sys/block/{name}/removable"), "0\n");
            file(&format!("sys/block/{name}/queue/logical_block_size"), "512\n");
        }
        file("sys/block/sda/device/model", "Samsung SSD 850 \n");
        file("sys/block/sda/sda1/partition", "1\n");
        file("sys/block/sda/sda1/dev", "8:1\n");
        file("sys/block/sda/sda1/size", "204800\n");
        file("run/udev/data/b8:1", "I:1\nE:ID_FS_TYPE=ntfs\nE:ID_FS_LABEL=Windows\n");
        file("sys/block/mmcblk0/device/name", "DG4032\n");
        file("sys/block/mmcblk0boot0/size", "8192\n");
        file("sys/block/loop0/size", "0\n");
        file("sys/block/sr0/size", "0\n");
        file("sys/block/sdb/size", "61079552\n");
        file("sys/block/sdb/removable", "1\n");
        file("dev/sdb", "");
        fs::create_dir_all(root.path().join("dev/workshop")).expect("made");
        symlink("../sdb", root.path().join("dev/workshop/disk")).expect("a link");
        root
    }

    fn refusals(root: &Path) -> Vec<(String, Option<Refusal>)> {
        let disks = disks(&Paths::below(root)).expect("listed");
        let name = |disk: &Disk| disk.device.file_name().expect("a name").to_string_lossy().into_owned();
        disks.iter().map(|disk| (name(disk), disk.refusal)).collect()
    }

    #[test]
    fn what_is_built_in_is_listed_with_what_is_on_it() {
        let root = machine();
        let found = disks(&Paths::below(root.path())).expect("listed");
        let models: Vec<_> = found.iter().map(|disk| disk.model.as_str()).collect();
        assert_eq!(models, ["DG4032", "nvme0n1", "Samsung SSD 850"]);
        assert_eq!(found[2].holds, ["ntfs \"Windows\", 104 MB"]);
        assert_eq!((size(found[2].bytes), found[2].refusal), ("256 GB".to_owned(), None));
    }

    #[test]
    fn what_cannot_be_taken_says_why() {
        let root = machine();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
        };
        write("sys/block/mmcblk0/size", "100000");
        write("sys/block/nvme0n1/queue/logical_block_size", "4096");
        write("proc/self/mountinfo", "36 35 8:1 / /mnt rw - ext4 /dev/sda1 rw\n");
        let expected = [("mmcblk0", Refusal::TooSmall), ("nvme0n1", Refusal::Sectors), ("sda", Refusal::InUse)];
        let expected: Vec<_> = expected.into_iter().map(|(name, why)| (name.to_owned(), Some(why))).collect();
        assert_eq!(refusals(root.path()), expected);
        fs::remove_file(root.path().join("dev/workshop/disk")).expect("removed");
        write("dev/sda", "");
        symlink("../sda", root.path().join("dev/workshop/disk")).expect("a link");
        assert_eq!(refusals(root.path())[2], ("sda".to_owned(), Some(Refusal::RunningSystem)));
    }
}
