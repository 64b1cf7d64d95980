//! The table of partitions (GPT: UEFI specification 2.10, section 5.3), of disks with sectors of 512 bytes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use thiserror::Error;

/// Bytes of a sector.
pub(super) const SECTOR: u64 = 512;
/// Entries of the table, of 128 bytes each: what the specification reserves.
const ENTRIES: usize = 128;
const ENTRY: usize = 128;
/// Sectors of the entries.
const ENTRY_SECTORS: u64 = 32;
/// Sectors before the first partition at least: the protective MBR, the header, the entries.
const BEFORE: u64 = 2 + ENTRY_SECTORS;
/// Sectors behind the last partition at least: the entries' copy and the header's.
const BEHIND: u64 = 1 + ENTRY_SECTORS;
/// Bytes of a header.
const HEADER: usize = 92;
const SIGNATURE: &[u8; 8] = b"EFI PART";
const REVISION: u32 = 0x0001_0000;
/// UTF-16 units of a partition's name.
const MAX_NAME: usize = 36;

/// A GUID as it is on the disk.
pub(super) type Guid = [u8; 16];

/// Linux file system data (Discoverable Partitions Specification: generic).
pub(super) const LINUX: Guid =
    [0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4];

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partition {
    /// What is in it.
    pub(super) kind: Guid,
    /// Which it is.
    pub(super) id: Guid,
    /// Its first sector.
    pub(super) first: u64,
    /// Its last sector.
    pub(super) last: u64,
    pub(super) attributes: u64,
    pub(super) name: String,
}

impl Partition {
    /// Sectors of it.
    pub(super) fn sectors(&self) -> u64 {
        (self.last + 1).saturating_sub(self.first)
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    /// Which disk.
    pub(super) id: Guid,
    /// Without the entries that are not used.
    pub(super) partitions: Vec<Partition>,
}

/// Why there is no table.
#[derive(Debug, Error)]
pub(crate) enum GptError {
    /// The disk.
    #[error("cannot read or write the partition table")]
    Io(#[from] io::Error),
    /// What is there is none.
    #[error("there is no partition table (GPT) that can be used: {0}")]
    None(&'static str),
}

/// The last sector that a partition may have.
pub(super) fn last_usable(sectors: u64) -> u64 {
    sectors.saturating_sub(BEHIND + 1)
}

/// Reads the table of a disk: the one at its beginning.
pub(super) fn read(disk: &File) -> Result<Table, GptError> {
    let mut sector = [0; 512];
    disk.read_exact_at(&mut sector, SECTOR)?;
    let header = sector.get(..HEADER).unwrap_or_default();
    if header.get(..8) != Some(SIGNATURE) {
        return Err(GptError::None("no header"));
    }
    if word(header, 12) as usize != HEADER || word(header, 84) as usize != ENTRY || word(header, 80) > 128 {
        return Err(GptError::None("a header of another form"));
    }
    if word(header, 16) != header_checksum(header) {
        return Err(GptError::None("the header is damaged"));
    }
    let mut entries = vec![0; word(header, 80) as usize * ENTRY];
    let at = long(header, 72).checked_mul(SECTOR).ok_or(GptError::None("entries out of reach"))?;
    disk.read_exact_at(&mut entries, at)?;
    if word(header, 88) != crc32fast::hash(&entries) {
        return Err(GptError::None("the entries are damaged"));
    }
    let is_used = |entry: &&[u8]| entry.iter().take(16).any(|byte| *byte != 0);
    let partitions: Vec<_> = entries.chunks_exact(ENTRY).filter(is_used).map(partition).collect();
    if partitions.iter().any(|partition| partition.last < partition.first) {
        return Err(GptError::None("a partition without an end"));
    }
    Ok(Table { id: guid(header, 56), partitions })
}

/// Writes a table, its copy first, and the header that makes it one last.
pub(super) fn write(disk: &File, sectors: u64, table: &Table) -> Result<(), GptError> {
    let mut entries = vec![0; ENTRIES * ENTRY];
    for (entry, partition) in entries.chunks_exact_mut(ENTRY).zip(&table.partitions) {
        fill(entry, partition);
    }
    let last = sectors.checked_sub(1).ok_or(GptError::None("a disk without sectors"))?;
    let copy = last.checked_sub(ENTRY_SECTORS).ok_or(GptError::None("a disk that is too small"))?;
    disk.write_all_at(&entries, 2 * SECTOR)?;
    disk.write_all_at(&entries, copy * SECTOR)?;
    disk.write_all_at(&header(table, &entries, (last, 1, copy), sectors), last * SECTOR)?;
    disk.write_all_at(&protective_mbr(sectors), 0)?;
    disk.sync_all()?;
    disk.write_all_at(&header(table, &entries, (1, last, 2), sectors), SECTOR)?;
    disk.sync_all()?;
    Ok(())
}

/// Takes the table away, and its copy: there is nothing on the disk any more that a firmware could start.
pub(super) fn wipe(disk: &File, sectors: u64) -> io::Result<()> {
    let zeros = |count: u64| vec![0; usize::try_from(count * SECTOR).unwrap_or_default()];
    disk.write_all_at(&zeros(BEFORE), 0)?;
    disk.write_all_at(&zeros(BEHIND), sectors.saturating_sub(BEHIND) * SECTOR)?;
    disk.sync_all()
}

/// A header at sector `own`, with its other at `other` and its entries at `entries_at`.
fn header(table: &Table, entries: &[u8], (own, other, entries_at): (u64, u64, u64), sectors: u64) -> [u8; 512] {
    let mut sector = [0; 512];
    put(&mut sector, 0, SIGNATURE);
    put(&mut sector, 8, &REVISION.to_le_bytes());
    put(&mut sector, 12, &92_u32.to_le_bytes());
    put(&mut sector, 24, &own.to_le_bytes());
    put(&mut sector, 32, &other.to_le_bytes());
    put(&mut sector, 40, &BEFORE.to_le_bytes());
    put(&mut sector, 48, &last_usable(sectors).to_le_bytes());
    put(&mut sector, 56, &table.id);
    put(&mut sector, 72, &entries_at.to_le_bytes());
    put(&mut sector, 80, &128_u32.to_le_bytes());
    put(&mut sector, 84, &128_u32.to_le_bytes());
    put(&mut sector, 88, &crc32fast::hash(entries).to_le_bytes());
    let checksum = header_checksum(sector.get(..HEADER).unwrap_or_default());
    put(&mut sector, 16, &checksum.to_le_bytes());
    sector
}

/// A master boot record that says that the disk is in use (UEFI 5.2.3).
fn protective_mbr(sectors: u64) -> [u8; 512] {
    let mut sector = [0; 512];
    let size = u32::try_from(sectors.saturating_sub(1)).unwrap_or(u32::MAX);
    put(&mut sector, 446, &[0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff]);
    put(&mut sector, 454, &1_u32.to_le_bytes());
    put(&mut sector, 458, &size.to_le_bytes());
    put(&mut sector, 510, &[0x55, 0xaa]);
    sector
}

/// Of a header with zeros in the place of its checksum.
fn header_checksum(header: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header.get(..16).unwrap_or_default());
    hasher.update(&[0; 4]);
    hasher.update(header.get(20..HEADER).unwrap_or_default());
    hasher.finalize()
}

fn fill(entry: &mut [u8], partition: &Partition) {
    put(entry, 0, &partition.kind);
    put(entry, 16, &partition.id);
    put(entry, 32, &partition.first.to_le_bytes());
    put(entry, 40, &partition.last.to_le_bytes());
    put(entry, 48, &partition.attributes.to_le_bytes());
    let name: Vec<u8> = partition.name.encode_utf16().take(MAX_NAME).flat_map(u16::to_le_bytes).collect();
    put(entry, 56, &name);
}

fn partition(entry: &[u8]) -> Partition {
    let units = entry.get(56..).unwrap_or_default().chunks_exact(2);
    let units: Vec<u16> = units.filter_map(|unit| unit.try_into().ok()).map(u16::from_le_bytes).collect();
    let name = units.split(|unit| *unit == 0).next().unwrap_or_default();
    Partition {
        kind: guid(entry, 0),
        id: guid(entry, 16),
        first: long(entry, 32),
        last: long(entry, 40),
        attributes: long(entry, 48),
        name: String::from_utf16_lossy(name),
    }
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    for (byte, value) in bytes.iter_mut().skip(at).zip(value) {
        *byte = *value;
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..at + N).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; N])
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}

fn guid(bytes: &[u8], at: usize) -> Guid {
    array(bytes, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECTORS: u64 = 65_536;

    fn table() -> Table {
        let partition = |id, first, last, name: &str| Partition {
            kind: LINUX,
            id: [id; 16],
            first,
            last,
            attributes: 4,
            name: name.into(),
        };
        Table {
            id: [9; 16],
            partitions: vec![partition(1, 2048, 4095, "workshop-settings"), partition(2, 4096, 8191, "año")],
        }
    }

    fn disk() -> File {
        let disk = tempfile::tempfile().expect("a file");
        disk.set_len(SECTORS * SECTOR).expect("so large");
        disk
    }

    #[test]
    fn what_is_written_is_read() {
        let disk = disk();
        assert!(matches!(read(&disk), Err(GptError::None("no header"))));
        write(&disk, SECTORS, &table()).expect("written");
        assert_eq!(read(&disk).expect("read"), table());
        wipe(&disk, SECTORS).expect("wiped");
        assert!(matches!(read(&disk), Err(GptError::None("no header"))));
        let mut bytes = vec![0; 512];
        disk.read_exact_at(&mut bytes, (SECTORS - 1) * SECTOR).expect("read");
        assert!(bytes.iter().all(|byte| *byte == 0), "the copy stayed");
    }

    /// What everybody else makes of it.
    #[test]
    fn other_programs_read_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("disk");
        let disk = File::create(&path).expect("a file");
        disk.set_len(SECTORS * SECTOR).expect("so large");
        write(&disk, SECTORS, &table()).expect("written");
        let sfdisk = |arguments: &[&str]| {
            let output = std::process::Command::new("/usr/sbin/sfdisk").args(arguments).arg(&path).output();
            let output = output.expect("sfdisk (tests/run installs fdisk)");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
        };
        let said = sfdisk(&["--verify"]);
        assert!(said.contains("No errors detected"), "{said}");
        let json: serde_json::Value = serde_json::from_str(&sfdisk(&["--json"])).expect("JSON");
        let table = &json["partitiontable"];
        assert_eq!(table["label"], "gpt");
        assert_eq!(table["partitions"][1]["start"], 4096);
        assert_eq!(table["partitions"][1]["size"], 4096);
        assert_eq!(table["partitions"][1]["name"], "año");
        assert_eq!(table["partitions"][0]["type"], "0FC63DAF-8483-4772-8E79-3D69D8477DE4");
    }

    #[test]
    fn any_flipped_bit_of_it_is_noticed() {
        let disk = disk();
        write(&disk, SECTORS, &table()).expect("written");
        for at in (SECTOR..SECTOR + 92).chain([2 * SECTOR, 2 * SECTOR + 130, 33 * SECTOR]) {
            let mut byte = [0];
            disk.read_exact_at(&mut byte, at).expect("read");
            disk.write_all_at(&[byte[0] ^ 0x10], at).expect("flipped");
            assert!(read(&disk).is_err(), "{at}");
            disk.write_all_at(&byte, at).expect("flipped back");
        }
        read(&disk).expect("as it was");
    }
}
