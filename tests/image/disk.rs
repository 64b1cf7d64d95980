//! A disk or stick that the image was written to, and what a desktop would do to its partitions.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::fat::{self, Fat};
use crate::support::run;

/// Bytes of the disks: smaller than any that is sold, so that they are soon full, and sparse.
const SIZE: u64 = 1 << 30;

/// Bytes of a disk that is built in: 2 GB, as its maker counts.
const BUILT_IN: u64 = 2_000_000_000;

/// A disk's sector.
const SECTOR: u64 = 512;

/// The image as `usb-image/build` has made it; `WORKSHOP_IMAGE` names another.
pub(crate) fn image() -> PathBuf {
    let path = std::env::var_os("WORKSHOP_IMAGE").map_or_else(
        || {
            let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target");
            target.join(format!("usb-image/workshop-edge-{}-x86_64.img.zst", env!("CARGO_PKG_VERSION")))
        },
        PathBuf::from,
    );
    assert!(path.is_file(), "{} is not there: usb-image/build makes it", path.display());
    path
}

/// A raw disk in a file.
pub(crate) struct Disk {
    file: PathBuf,
    _directory: TempDir,
}

impl Disk {
    /// With the image on it, as a technician has flashed it.
    pub(crate) fn flashed() -> Self {
        Self::with(&image())
    }

    /// With another image on it.
    pub(crate) fn with(image: &Path) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("disk.raw");
        let (from, to) = (image.display().to_string(), file.display().to_string());
        run("zstd", &["--decompress", "--sparse", "--quiet", "-o", &to, &from]);
        let disk = Self { file, _directory: directory };
        disk.open().set_len(SIZE).expect("room");
        disk
    }

    /// One that is built in, with what its owner has on it.
    pub(crate) fn used() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("disk.raw");
        File::create(&file).and_then(|file| file.set_len(BUILT_IN)).expect("room");
        let order = "echo 'start=2048, size=800000, name=\"Basic data\"' | sfdisk --quiet --label gpt \"$0\"";
        run("sh", &["-c", order, &file.display().to_string()]);
        fat::make(&file, "VIEJO", 2048 * SECTOR, 800_000 * SECTOR).write("nobody.txt", b"mine");
        Self { file, _directory: directory }
    }

    /// As large as this one, with the same bytes.
    pub(crate) fn copy(&self) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("disk.raw");
        run("cp", &["--sparse=always", &self.file.display().to_string(), &file.display().to_string()]);
        Self { file, _directory: directory }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.file
    }

    fn open(&self) -> File {
        OpenOptions::new().read(true).write(true).open(&self.file).expect("the disk")
    }

    /// Where a partition begins, in bytes, by its number from 1.
    pub(crate) fn partition(&self, number: usize) -> u64 {
        let table = run("sfdisk", &["--json", &self.file.display().to_string()]);
        let table: serde_json::Value = serde_json::from_slice(&table).expect("JSON");
        let start = &table["partitiontable"]["partitions"][number - 1]["start"];
        start.as_u64().unwrap_or_else(|| panic!("partition {number} in {table}")) * SECTOR
    }

    /// The names of its partitions. The table has no fault that sfdisk knows of.
    pub(crate) fn partitions(&self) -> Vec<String> {
        let file = self.file.display().to_string();
        run("sfdisk", &["--verify", &file]);
        let table: serde_json::Value = serde_json::from_slice(&run("sfdisk", &["--json", &file])).expect("JSON");
        let partitions = table["partitiontable"]["partitions"].as_array().expect("partitions");
        partitions.iter().map(|partition| partition["name"].as_str().expect("a name").to_owned()).collect()
    }

    /// One of the mtools on a FAT partition.
    fn mtool(&self, tool: &str, number: usize, arguments: &[&str]) -> Vec<u8> {
        Fat::at(&self.file, self.partition(number)).tool(tool, arguments)
    }

    /// A file of the partition that Windows shows.
    pub(crate) fn settings(&self, name: &str) -> Vec<u8> {
        self.mtool("mtype", 1, &[&format!("::/{name}")])
    }

    /// Writes a file to the partition that Windows shows.
    pub(crate) fn write_settings(&self, name: &str, content: &[u8]) {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        std::io::Write::write_all(&mut file, content).expect("written");
        let path = file.path().display().to_string();
        self.mtool("mcopy", 1, &["-o", &path, &format!("::/{name}")]);
    }

    /// A file of the data partition, as it is on the disk; `None` while there is none.
    pub(crate) fn data_file(&self, path: &str) -> Option<String> {
        let table = run("sfdisk", &["--json", &self.file.display().to_string()]);
        let table: serde_json::Value = serde_json::from_slice(&table).ok()?;
        let start = table["partitiontable"]["partitions"][2]["start"].as_u64()? * SECTOR;
        let partition = format!("{}?offset={start}", self.file.display());
        let output = Command::new("debugfs").args(["-R", &format!("cat {path}"), &partition]).output();
        let output = output.expect("debugfs (tests/run installs it)");
        let text = String::from_utf8(output.stdout).ok()?;
        (output.status.success() && !text.trim().is_empty()).then_some(text)
    }

    /// The names of the files beside the systems, and theirs, in order.
    pub(crate) fn boot_files(&self) -> Vec<String> {
        let mut names = Fat::at(&self.file, self.partition(2)).names("EFI/Linux");
        names.sort();
        names
    }

    /// The names of the systems that the boot loader finds, in order.
    pub(crate) fn systems(&self) -> Vec<String> {
        let mut names = self.boot_files();
        names.retain(|name| Path::new(name).extension() == Some("efi".as_ref()));
        names
    }

    /// Fills the boot partition with a file that nobody needs, but for so many bytes.
    pub(crate) fn fill_boot(&self, but: u64) {
        let listed = String::from_utf8(self.mtool("mdir", 2, &["::/"])).expect("text");
        let free = listed.lines().rev().find_map(|line| line.trim().strip_suffix(" bytes free")).expect("what is free");
        let free: u64 = free.replace(' ', "").parse().expect("a number");
        let file = tempfile::NamedTempFile::new().expect("a file");
        file.as_file().set_len(free - but).expect("room");
        self.mtool("mcopy", 2, &[&file.path().display().to_string(), "::/nobody-needs-it"]);
    }

    /// Takes that file away.
    pub(crate) fn empty_boot(&self) {
        self.mtool("mdel", 2, &["::/nobody-needs-it"]);
    }

    /// Puts a system where the boot loader finds it.
    pub(crate) fn put_system(&self, file: &Path, name: &str) {
        self.mtool("mcopy", 2, &[&file.display().to_string(), &format!("::/EFI/Linux/{name}")]);
    }

    /// A system's file.
    pub(crate) fn system_file(&self, name: &str) -> Vec<u8> {
        self.mtool("mtype", 2, &[&format!("::/EFI/Linux/{name}")])
    }

    /// What the firmware starts: the boot loader, its settings, and the systems.
    pub(crate) fn system(&self) -> Vec<Vec<u8>> {
        let mut names: Vec<_> = self.systems().iter().map(|name| format!("::/EFI/Linux/{name}")).collect();
        names.extend(["::/EFI/BOOT/BOOTX64.EFI".to_owned(), "::/loader/loader.conf".to_owned()]);
        names.iter().map(|name| self.mtool("mtype", 2, &[name])).collect()
    }

    /// Why the data partition cannot be mended, where there is one and that is so.
    pub(crate) fn data_beyond_repair(&self) -> Option<String> {
        let table = run("sfdisk", &["--json", &self.file.display().to_string()]);
        let table: serde_json::Value = serde_json::from_slice(&table).expect("JSON");
        let start = table["partitiontable"]["partitions"][2]["start"].as_u64()? * SECTOR;
        let (disk, file) = (self.open(), tempfile::NamedTempFile::new().expect("a file"));
        let bytes = disk.metadata().expect("its size").len() - start;
        copy(&disk, start, file.as_file(), 0, bytes);
        let checked = Command::new("e2fsck").args(["-fy", &file.path().display().to_string()]).output();
        let checked = checked.expect("e2fsck (tests/run installs it)");
        let is_well = checked.status.code().is_some_and(|code| code <= 1);
        (!is_well).then(|| format!("{checked:?}"))
    }

    /// Loses everything of the data partition.
    pub(crate) fn ruin_data(&self) {
        let (start, file) = (self.partition(3), self.open());
        let garbage = vec![0x5a; 1 << 20];
        for mebibyte in 0..(SIZE - start - (1 << 20)) / (1 << 20) {
            file.write_all_at(&garbage, start + (mebibyte << 20)).expect("written");
        }
    }

    /// Fills the data partition with a file that nobody needs, but for so many bytes.
    pub(crate) fn fill_data(&self, but: u64) {
        // By itself, with the copy of the partition table behind it: e2fsck does not find a partition again in the midst of a file.
        let file = tempfile::NamedTempFile::new().expect("a file");
        let partition = file.path().display().to_string();
        let start = self.partition(3);
        copy(&self.open(), start, file.as_file(), 0, SIZE - start);
        // The cut has left the journal unplayed; to have mended something is 1.
        let checked =
            Command::new("e2fsck").args(["-fy", &partition]).output().expect("e2fsck (tests/run installs it)");
        assert!(checked.status.code().is_some_and(|code| code <= 1), "{checked:?}");
        let stats = String::from_utf8(run("debugfs", &["-R", "stats -h", &partition])).expect("text");
        let figure = |name: &str| -> u64 {
            let line = stats.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {stats}"));
            line.rsplit(' ').next().and_then(|text| text.parse().ok()).expect("a number")
        };
        let bytes = (figure("Free blocks:") - figure("Reserved block count:")) * figure("Block size:") - but;
        let content = tempfile::NamedTempFile::new().expect("a file");
        // Zeros would be left out by debugfs, as holes.
        let piece = vec![0xff; 1 << 20];
        for at in (0..bytes).step_by(piece.len()) {
            let part = piece.len().min(usize::try_from(bytes - at).unwrap_or(usize::MAX));
            content.as_file().write_all_at(&piece[..part], at).expect("written");
        }
        run("debugfs", &["-w", "-R", &format!("write {} nobody-needs-it", content.path().display()), &partition]);
        copy(file.as_file(), 0, &self.open(), start, SIZE - start);
    }
}

/// Copies bytes from a place in one file to a place in another.
fn copy(from: &File, at: u64, to: &File, place: u64, bytes: u64) {
    let mut piece = vec![0; 1 << 20];
    for done in (0..bytes).step_by(piece.len()) {
        let part = piece.len().min(usize::try_from(bytes - done).unwrap_or(usize::MAX));
        from.read_exact_at(&mut piece[..part], at + done).expect("read");
        to.write_all_at(&piece[..part], place + done).expect("written");
    }
}
