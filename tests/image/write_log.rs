//! What a machine wrote to its disk, in order, and the disks that a cut at any moment may leave.
//!
//! The log's form is that of the kernel's dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst), as
//! QEMU's `blklogwrites` writes it: a super block, then for each request a header in a sector of its own and its data.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Bytes of a sector of the log, and the unit in which a disk keeps or loses what was written.
const SECTOR: usize = 512;

const MAGIC: u64 = 0x006a_7366_7773_6872;
const FLUSH: u64 = 1;
const FUA: u64 = 2;
const DISCARD: u64 = 4;

/// A request of the machine's to its disk.
struct Entry {
    sector: u64,
    sectors: u64,
    flags: u64,
    /// Where its data are in the log; a discard has none.
    data: u64,
}

/// A log that is complete: its machine has ended.
pub(crate) struct WriteLog {
    file: File,
    entries: Vec<Entry>,
}

impl WriteLog {
    pub(crate) fn open(path: &Path) -> Self {
        let file = File::open(path).expect("the log");
        let length = file.metadata().expect("its size").len();
        let word = |at: u64| {
            let mut bytes = [0; 8];
            file.read_exact_at(&mut bytes, at).expect("the log");
            u64::from_le_bytes(bytes)
        };
        assert_eq!(word(0), MAGIC, "{} is a log of writes", path.display());
        let size = SECTOR as u64;
        let (mut at, mut entries) = (size, Vec::new());
        // The super block's count is brought up to date now and then only; a request that the cut caught while it was
        // logged is skipped.
        while at + size <= length {
            let (sector, sectors, flags) = (word(at), word(at + 8), word(at + 16));
            let data = at + size;
            at = data + if flags & DISCARD == 0 { sectors * size } else { 0 };
            if at <= length {
                entries.push(Entry { sector, sectors, flags, data });
            }
        }
        Self { file, entries }
    }

    /// Requests that it holds.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Makes of the disk as it was before the first request the one that a cut before request number `cut` may leave:
    /// what was flushed is there, and of what was not, each sector as `keeps` says.
    pub(crate) fn replay(&self, disk: &Path, cut: usize, mut keeps: impl FnMut() -> bool) {
        let before = &self.entries[..cut];
        let flushed = before.iter().rposition(|entry| entry.flags & FLUSH != 0).unwrap_or(0);
        let to = OpenOptions::new().write(true).open(disk).expect("the disk");
        for (number, entry) in before.iter().enumerate() {
            if entry.flags & DISCARD != 0 {
                continue;
            }
            let is_safe = number < flushed || entry.flags & FUA != 0;
            for sector in 0..entry.sectors {
                if is_safe || keeps() {
                    let mut bytes = [0; SECTOR];
                    let size = SECTOR as u64;
                    self.file.read_exact_at(&mut bytes, entry.data + sector * size).expect("the log");
                    to.write_all_at(&bytes, (entry.sector + sector) * size).expect("the disk");
                }
            }
        }
    }
}

#[test]
fn what_was_flushed_is_kept_and_what_was_not_may_be_lost() {
    let directory = tempfile::tempdir().expect("a directory");
    let (log, disk) = (directory.path().join("log"), directory.path().join("disk"));
    let header = |sector: u64, sectors: u64, flags: u64| {
        let mut bytes: Vec<u8> = [sector, sectors, flags, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.resize(SECTOR, 0);
        bytes
    };
    let mut bytes = header(MAGIC, 1, 5);
    for (sector, letter) in [(0, b'a'), (1, b'b')] {
        bytes.extend(header(sector, 1, 0));
        bytes.extend([letter; SECTOR]);
    }
    bytes.extend(header(0, 0, FLUSH));
    bytes.extend(header(0, 2, 0));
    bytes.extend([b'c'; 2 * SECTOR]);
    bytes.extend(header(2, 1, FUA));
    bytes.extend([b'd'; SECTOR]);
    // A request whose data are not all there.
    bytes.extend(header(0, 1, 0));
    fs::write(&log, bytes).expect("a log");

    let log = WriteLog::open(&log);
    assert_eq!(log.len(), 5);
    let left = |cut: usize, keeps: &mut dyn FnMut() -> bool| {
        fs::write(&disk, [b'.'; 3 * SECTOR]).expect("a disk");
        log.replay(&disk, cut, keeps);
        let bytes = fs::read(&disk).expect("a disk");
        bytes.chunks(SECTOR).map(|sector| char::from(sector[0])).collect::<String>()
    };
    assert_eq!(left(2, &mut || false), "...");
    assert_eq!(left(3, &mut || false), "ab.");
    assert_eq!(left(4, &mut || true), "cc.");
    let mut odd = false;
    let mut every_other = || {
        odd = !odd;
        odd
    };
    assert_eq!(left(4, &mut every_other), "cb.");
    assert_eq!(left(5, &mut || false), "abd");
}
