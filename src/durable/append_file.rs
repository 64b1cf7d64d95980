//! A file that is appended to, and resumed after an interruption. After a power cut its contents are certain only up to
//! the last sync, and anything may follow: the resuming writer has to check them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{DurableError, create_dir, sync_dir};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// The file.
#[derive(Debug)]
pub(crate) struct AppendFile {
    file: File,
    path: PathBuf,
}

impl AppendFile {
    /// Opens it, to be written to at its end, and makes it and its directory if they are missing.
    pub(crate) fn open(path: &Path) -> Result<Self, DurableError> {
        let directory = super::directory(path);
        create_dir(directory)?;
        let is_new = !path.exists();
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .map_err(DurableError::at("open", path))?;
        if is_new {
            sync_dir(directory)?;
        }
        Ok(Self { file, path: path.to_owned() })
    }

    /// Reads all that is there.
    pub(crate) fn read(&mut self, mut each: impl FnMut(&[u8])) -> Result<(), DurableError> {
        let mut file = File::open(&self.path).map_err(DurableError::at("read", &self.path))?;
        let mut piece = vec![0; PIECE];
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(length) => each(piece.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(DurableError::at("read", &self.path)(error)),
            }
        }
    }

    /// Writes at its end.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), DurableError> {
        self.file.write_all(bytes).map_err(DurableError::at("write", &self.path))
    }

    /// What has been written stays.
    pub(crate) fn sync(&self) -> Result<(), DurableError> {
        self.file.sync_all().map_err(DurableError::at("sync", &self.path))
    }

    /// Truncates the file.
    pub(crate) fn restart(self) -> Result<Self, DurableError> {
        let path = self.path;
        drop(self.file);
        fs::remove_file(&path).map_err(DurableError::at("remove", &path))?;
        Self::open(&path)
    }

    /// Where it is.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_gone_on_with_where_it_ended() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a/part");
        let mut file = AppendFile::open(&path).expect("opened");
        file.append(b"one ").expect("written");
        drop(file);
        let mut file = AppendFile::open(&path).expect("opened");
        file.append(b"two").expect("written");
        file.sync().expect("synced");
        let mut seen = Vec::new();
        file.read(|piece| seen.extend_from_slice(piece)).expect("read");
        assert_eq!(seen, b"one two");
        let mut file = file.restart().expect("anew");
        file.append(b"three").expect("written");
        assert_eq!(fs::read(&path).expect("there"), b"three");
    }
}
