//! The bytes of a file: in memory, or, of a large one, on the disk.

use std::fs;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::sync::Arc;

use bytes::Bytes;
use ring::digest::{Context, SHA256, digest};

use super::stamp::Stamp;

/// A file up to this size is held in memory, as long as all of them together are no more than [`MAX_MEMORY`].
pub(super) const MAX_IN_MEMORY: u64 = 8 * 1024 * 1024;
/// What the files of a directory may take of the memory. The packages' service gets 256 MiB in all.
pub(super) const MAX_MEMORY: u64 = 96 * 1024 * 1024;

/// Where the bytes are.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// Here.
    Memory(Bytes),
    /// In an open file.
    Disk(Arc<OnDisk>),
}

impl Content {
    /// How many bytes there are.
    #[must_use]
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.len(),
            Self::Disk(file) => file.length(),
        }
    }

    /// The bytes' digest, where they are in memory, else what identifies the file as long as nobody has read it.
    pub(super) fn digest(&self) -> String {
        match self {
            Self::Memory(bytes) => digest_of(bytes),
            Self::Disk(file) => file.provisional_digest(),
        }
    }

    /// The bytes, where they are in memory.
    #[must_use]
    pub(crate) fn in_memory(&self) -> Option<&Bytes> {
        match self {
            Self::Memory(bytes) => Some(bytes),
            Self::Disk(_) => None,
        }
    }
}

/// 128 bits of SHA-256 are plenty to tell versions of one path apart.
pub(super) fn digest_of(bytes: &[u8]) -> String {
    shortened(hex::encode(digest(&SHA256, bytes)))
}

/// Of a whole digest, what stands for it.
pub(super) fn shortened(mut digest: String) -> String {
    digest.truncate(32);
    digest
}

/// A short name for a set of files, by their paths and digests.
pub(super) fn digest_of_set(mut files: Vec<(&str, &str)>) -> String {
    files.sort_unstable();
    let mut context = Context::new(&SHA256);
    for (path, digest) in files {
        context.update(path.as_bytes());
        context.update(b"\n");
        context.update(digest.as_bytes());
        context.update(b"\n");
    }
    hex::encode(context.finish()).chars().take(16).collect()
}

/// A file that stays open, so that a name which leads elsewhere by then changes nothing.
#[derive(Debug)]
pub(crate) struct OnDisk {
    /// Its path in URLs.
    path: String,
    file: fs::File,
    length: usize,
    stamp: Stamp,
    inode: (u64, u64),
}

impl OnDisk {
    pub(super) fn new(path: String, file: fs::File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        // More than can be addressed, on a machine of 32 bits.
        let length = usize::try_from(metadata.len()).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        Ok(Self { path, file, length, stamp: Stamp::of(&metadata), inode: (metadata.dev(), metadata.ino()) })
    }

    /// Its path in URLs.
    #[must_use]
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// How many bytes it had when it was opened.
    #[must_use]
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    pub(super) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Fills `bytes` from there on; waits for the disk. Fails when the file is not what it was when it was opened any more, rather than to give bytes
    /// of another content.
    pub(crate) fn read(&self, at: usize, mut bytes: Vec<u8>) -> io::Result<Bytes> {
        self.file.read_exact_at(&mut bytes, at as u64)?;
        // Behind the read: a write moves the time before it moves a byte.
        if !Stamp::of(&self.file.metadata()?).has_content_of(&self.stamp) {
            return Err(io::Error::other("it has changed"));
        }
        Ok(Bytes::from(bytes))
    }

    /// Whether both are one file, unchanged.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.path, self.inode, self.stamp) == (&other.path, other.inode, other.stamp)
    }

    /// Identifies the file as long as its content is not known.
    pub(super) fn provisional_digest(&self) -> String {
        let identity = format!("{} {:?} {:?}", self.path, self.inode, self.stamp);
        digest_of(identity.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::{Duration, SystemTime};

    use super::*;

    fn on_disk(path: &std::path::Path) -> OnDisk {
        OnDisk::new("/film.mp4".into(), fs::File::open(path).expect("opened")).expect("a file")
    }

    #[test]
    fn a_file_is_read_as_long_as_it_is_the_same() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("film.mp4");
        fs::write(&path, "0123456789").expect("written");
        let hour_ago = SystemTime::now() - Duration::from_secs(3600);
        fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(hour_ago)).expect("older");
        let film = on_disk(&path);
        assert_eq!(&film.read(2, vec![0; 3]).expect("read")[..], b"234");
        assert!(film.read(8, vec![0; 3]).is_err());

        // Replaced and gone: the open one is as it was.
        fs::write(directory.path().join("new"), "another").expect("written");
        fs::rename(directory.path().join("new"), &path).expect("replaced");
        assert_eq!(&film.read(2, vec![0; 3]).expect("read")[..], b"234");
        assert!(!film.is_same(&on_disk(&path)));

        let film = on_disk(&path);
        assert!(film.is_same(&on_disk(&path)));
        fs::File::options().write(true).open(&path).and_then(|mut file| file.write_all(b"wrong")).expect("written");
        fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(hour_ago)).expect("later");
        assert!(film.read(0, vec![0; 3]).is_err());
        fs::File::options().write(true).open(&path).and_then(|file| file.set_len(1)).expect("cut");
        assert!(film.read(0, vec![0; 3]).is_err());
    }
}
