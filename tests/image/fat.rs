//! A FAT file system somewhere in a disk, as a desktop sees it. With mtools: nothing is mounted.

use std::path::Path;
use std::process::Command;

use crate::support::run;

/// A file system, by where it is.
pub(crate) struct Fat(String);

impl Fat {
    /// The one that begins at this byte of a disk.
    pub(crate) fn at(disk: &Path, byte: u64) -> Self {
        Self(format!("{}@@{byte}", disk.display()))
    }

    /// One of the mtools.
    pub(crate) fn tool(&self, tool: &str, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new(tool)
            .args(["-i", &self.0])
            .args(arguments)
            .env("MTOOLS_SKIP_CHECK", "1")
            .output()
            .unwrap_or_else(|error| panic!("{tool} cannot be started (tests/run installs it): {error}"));
        assert!(output.status.success(), "{tool} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// What is in a directory (`""` is the top one).
    pub(crate) fn names(&self, directory: &str) -> Vec<String> {
        let text = String::from_utf8(self.tool("mdir", &["-b", &format!("::/{directory}")])).expect("text");
        let name = |line: &str| line.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        text.lines().map(name).collect()
    }

    /// A file that is there.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        self.tool("mtype", &[&format!("::/{name}")])
    }

    /// Writes a file, in the place of another.
    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        std::io::Write::write_all(&mut file, content).expect("written");
        self.tool("mcopy", &["-o", &file.path().display().to_string(), &format!("::/{name}")]);
    }

    /// Writes a directory with all that is in it; `name` is not there yet.
    pub(crate) fn write_directory(&self, name: &str, from: &Path) {
        self.tool("mcopy", &["-s", &from.display().to_string(), &format!("::/{name}")]);
    }
}

/// Makes a file system with this label, of so many bytes from this one of a disk on.
pub(crate) fn make(disk: &Path, label: &str, byte: u64, bytes: u64) -> Fat {
    let (sector, blocks) = ((byte / 512).to_string(), (bytes / 1024).to_string());
    let file = disk.display().to_string();
    // Of a partition, too: mkfs.vfat refuses a disk without one.
    run("mkfs.vfat", &["-I", "-F", "32", "-n", label, "-h", &sector, "--offset", &sector, &file, &blocks]);
    Fat::at(disk, byte)
}
