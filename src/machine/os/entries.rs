//! The versions on the EFI system partition: `EFI/Linux/box_<version>[+<left>[-<done>]].efi`, as the boot loader counts
//! them (systemd-boot(7)). It starts the newest that has starts left; a file whose starts are used up comes last.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::syncfs;
use semver::Version;

use super::OsError;
use crate::disk_space::DiskSpace;
use crate::durable;

/// Starts that a version gets until it has shown that it works.
pub(crate) const TRIES: u32 = 3;
/// Where they are on the partition.
const DIRECTORY: &str = "EFI/Linux";
const PREFIX: &str = "box_";
const SUFFIX: &str = ".efi";
/// What a file ends with that is not whole yet.
const TEMPORARY: &str = ".tmp";
/// Files that are looked at.
const MAX: usize = 256;

/// A version's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BootEntry {
    pub(crate) version: Version,
    /// Its starts; `None` when they are not counted, since it has shown that it works.
    pub(crate) tries: Option<BootTries>,
    /// Its name.
    pub(crate) name: String,
}

/// The starts of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BootTries {
    /// Those that it still gets.
    pub(crate) left: u32,
    /// Failed boot attempts.
    pub(crate) done: u32,
}

impl BootEntry {
    /// The entry of a file's name; `None` for what is none.
    #[must_use]
    pub(crate) fn of(name: &str) -> Option<Self> {
        let stem = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
        let (version, tries) = match stem.split_once('+') {
            None => (stem, None),
            Some((version, tries)) => {
                let (left, done) = tries.split_once('-').unwrap_or((tries, "0"));
                (version, Some(BootTries { left: left.parse().ok()?, done: done.parse().ok()? }))
            }
        };
        Some(Self { version: version.parse().ok()?, tries, name: name.to_owned() })
    }

    /// Whether the boot loader has given it up after failed boot attempts.
    #[must_use]
    pub(crate) fn has_failed(&self) -> bool {
        self.tries.is_some_and(|tries| tries.left == 0 && tries.done > 0)
    }

    /// Whether it has shown that it works, and may be started.
    #[must_use]
    pub(crate) fn is_good(&self) -> bool {
        self.tries.is_none()
    }
}

/// The name of a version's file with these starts left.
#[must_use]
pub(crate) fn name(version: &Version, left: Option<u32>) -> String {
    match left {
        Some(left) => format!("{PREFIX}{version}+{left}{SUFFIX}"),
        None => format!("{PREFIX}{version}{SUFFIX}"),
    }
}

/// Which of these go to make room for `wanted`: the first that are named are missed least. Never what runs, nor what is
/// wanted itself; the newest other version that works goes last of all.
#[must_use]
pub(crate) fn dispensable<'a>(entries: &'a [BootEntry], running: &Version, wanted: &Version) -> Vec<&'a BootEntry> {
    let mut others: Vec<_> =
        entries.iter().filter(|entry| entry.version != *running && entry.version != *wanted).collect();
    others.sort_by(|one, other| (one.is_good(), &one.version).cmp(&(other.is_good(), &other.version)));
    others
}

/// The partition.
#[derive(Debug, Clone)]
pub(crate) struct Partition {
    directory: PathBuf,
}

impl Partition {
    /// The one that is mounted there ([`crate::machine::Paths::esp`]).
    #[must_use]
    pub(crate) fn at(esp: &Path) -> Self {
        Self { directory: esp.join(DIRECTORY) }
    }

    /// Where the versions are.
    #[must_use]
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The versions that are there.
    pub(crate) fn entries(&self) -> Result<Vec<BootEntry>, OsError> {
        let mut entries: Vec<_> = self.names()?.iter().filter_map(|name| BootEntry::of(name)).collect();
        entries.sort_by(|one, other| (&one.version, &one.name).cmp(&(&other.version, &other.name)));
        Ok(entries)
    }

    fn names(&self) -> Result<Vec<String>, OsError> {
        let read = || fs::read_dir(&self.directory)?.take(MAX).collect::<io::Result<Vec<_>>>();
        let files = read().map_err(OsError::file("list", &self.directory))?;
        Ok(files.into_iter().filter_map(|file| file.file_name().into_string().ok()).collect())
    }

    /// Removes what an interrupted installation has left. A cut in the middle of FAT's renaming may leave both names of
    /// one file: to remove either would take away what the other one holds. So what is beside an entry of its version
    /// stays for as long as that; it takes no room of its own then.
    pub(crate) fn clean(&self) -> Result<(), OsError> {
        let names = self.names()?;
        let entries: Vec<_> = names.iter().filter_map(|name| BootEntry::of(name)).collect();
        for name in &names {
            let Some(stem) = name.strip_suffix(TEMPORARY).filter(|stem| stem.starts_with(PREFIX)) else { continue };
            let version = BootEntry::of(stem).map(|unfinished| unfinished.version);
            if !entries.iter().any(|entry| Some(&entry.version) == version.as_ref()) {
                self.remove(name)?;
            }
        }
        Ok(())
    }

    /// Removes a version, for good, and with it what may be another name of the same file: later, what that one holds
    /// may be another file's.
    pub(crate) fn forget(&self, entry: &BootEntry) -> Result<(), OsError> {
        self.remove(&entry.name)?;
        self.remove(&format!("{}{TEMPORARY}", name(&entry.version, None)))
    }

    /// Removes a file, for good.
    fn remove(&self, name: &str) -> Result<(), OsError> {
        durable::remove(&self.directory.join(name))?;
        Ok(())
    }

    /// Gives a file another name, for good.
    pub(crate) fn rename(&self, from: &Path, to: &str) -> Result<(), OsError> {
        let to = self.directory.join(to);
        fs::rename(from, &to).map_err(OsError::file("rename to", &to))?;
        self.sync()
    }

    /// What was done to the partition stays so. FAT has no journal: the whole file system is written out.
    pub(crate) fn sync(&self) -> Result<(), OsError> {
        let sync = || {
            let directory = File::open(&self.directory)?;
            directory.sync_all()?;
            syncfs(&directory)?;
            Ok(())
        };
        sync().map_err(OsError::file("sync", &self.directory))
    }

    /// Bytes that can be written there.
    pub(crate) fn free(&self) -> Result<u64, OsError> {
        let space = DiskSpace::at(&self.directory).map_err(io::Error::from);
        Ok(space.map_err(OsError::file("look at", &self.directory))?.free_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> Version {
        text.parse().expect("a version")
    }

    #[test]
    fn the_boot_loader_s_names_are_read() {
        let tries = |left, done| Some(BootTries { left, done });
        for (text, version, expected) in [
            ("box_1.2.3.efi", "1.2.3", None),
            ("box_1.2.3+3.efi", "1.2.3", tries(3, 0)),
            ("box_1.2.3-rc.1+2-1.efi", "1.2.3-rc.1", tries(2, 1)),
            ("box_1.2.3+0-3.efi", "1.2.3", tries(0, 3)),
        ] {
            let entry = BootEntry::of(text).expect("an entry");
            assert_eq!((entry.version, entry.tries), (v(version), expected), "{text}");
        }
        for text in
            ["box_1.2.efi", "box_1.2.3.efi.tmp", "other_1.2.3.efi", "box_1.2.3+x.efi", "box_1.2.3+1-.efi", "box_.efi"]
        {
            assert_eq!(BootEntry::of(text), None, "{text}");
        }
        assert!(BootEntry::of("box_1.0.0+0-3.efi").expect("an entry").has_failed());
        assert!(!BootEntry::of("box_1.0.0+0.efi").expect("an entry").has_failed(), "set aside, not tried");
        assert_eq!(name(&v("1.0.0"), Some(TRIES)), "box_1.0.0+3.efi");
    }

    #[test]
    fn what_works_is_missed_most() {
        let entries: Vec<_> =
            ["box_1.0.0.efi", "box_1.1.0.efi", "box_1.2.0.efi", "box_1.3.0+0-3.efi", "box_1.4.0+3.efi"]
                .into_iter()
                .filter_map(BootEntry::of)
                .collect();
        let names = |running, wanted| {
            dispensable(&entries, &v(running), &v(wanted))
                .iter()
                .map(|entry| entry.version.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(names("1.2.0", "1.4.0"), ["1.3.0", "1.0.0", "1.1.0"]);
        assert_eq!(names("1.0.0", "1.5.0"), ["1.3.0", "1.4.0", "1.1.0", "1.2.0"]);
    }
}
