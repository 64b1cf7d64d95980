//! A USB stick that somebody brings to a box that runs: FAT, with the label `WORKSHOP`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::fat::{self, Fat};
use crate::support::run;

/// Bytes of a stick: room for a release repository, and sparse.
const SIZE: u64 = 512 << 20;

/// Where the partition of a stick begins that has one.
const PARTITION: u64 = 1 << 20;

/// A stick in a file.
pub(crate) struct ForeignStick {
    file: PathBuf,
    /// Where its file system begins.
    start: u64,
    files: Fat,
    _directory: TempDir,
}

impl ForeignStick {
    /// As sticks are sold: with one partition.
    pub(crate) fn partitioned() -> Self {
        let (file, directory) = blank();
        let order = "echo 'start=2048, type=c' | sfdisk --quiet --label dos \"$0\"";
        run("sh", &["-c", order, &file.display().to_string()]);
        Self {
            files: fat::make(&file, "WORKSHOP", PARTITION, SIZE - PARTITION),
            start: PARTITION,
            file,
            _directory: directory,
        }
    }

    /// As some programs format them: the file system is the whole stick.
    pub(crate) fn unpartitioned() -> Self {
        let (file, directory) = blank();
        Self { files: fat::make(&file, "WORKSHOP", 0, SIZE), start: 0, file, _directory: directory }
    }

    /// With a file.
    pub(crate) fn with(self, name: &str, content: &[u8]) -> Self {
        self.files.write(name, content);
        self
    }

    /// With a copy of a directory, such as a release repository.
    pub(crate) fn with_directory(self, name: &str, from: &Path) -> Self {
        self.files.write_directory(name, from);
        self
    }

    /// What is on it.
    pub(crate) fn names(&self) -> Vec<String> {
        self.files.names("")
    }

    /// A file that is on it.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        self.files.read(name)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.file
    }

    /// What a desktop would find wrong with it.
    pub(crate) fn fault(&self) -> Option<String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let skipped = format!("skip={}", self.start);
        let (from, to) = (format!("if={}", self.file.display()), format!("of={}", file.path().display()));
        run("dd", &["status=none", "bs=1M", "conv=sparse", "iflag=skip_bytes", &skipped, &from, &to]);
        let checked = Command::new("fsck.vfat").arg("-n").arg(file.path()).output();
        let checked = checked.expect("fsck.vfat (tests/run installs it)");
        (!checked.status.success()).then(|| format!("{checked:?}"))
    }
}

fn blank() -> (PathBuf, TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("stick.raw");
    File::create(&file).and_then(|file| file.set_len(SIZE)).expect("room");
    (file, directory)
}

#[test]
fn what_is_put_on_a_stick_is_on_it() {
    let repository = tempfile::tempdir().expect("a directory");
    let metadata = repository.path().join("metadata");
    std::fs::create_dir(&metadata).expect("a directory");
    std::fs::write(metadata.join("timestamp.json"), "{}").expect("written");
    for stick in [ForeignStick::partitioned(), ForeignStick::unpartitioned()] {
        let stick = stick.with("SOPORTE", b"").with_directory("workshop-edge", repository.path());
        assert_eq!(stick.names(), ["SOPORTE", "workshop-edge"]);
        assert_eq!(stick.read("workshop-edge/metadata/timestamp.json"), b"{}");
        assert_eq!(stick.fault(), None);
    }
}
