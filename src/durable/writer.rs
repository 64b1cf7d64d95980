//! A file that is written piece by piece beside its name, and takes it when it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{DurableError, create_dir, directory, sync_dir};

/// The new content of a file, in `<path>.tmp`; dropped before it is committed, it is removed.
#[derive(Debug)]
pub(crate) struct Writer {
    file: File,
    names: Names,
}

/// A file that is whole, synced and closed, so that it can be read and run, but does not have its name yet; dropped
/// before it is committed, it is removed.
#[derive(Debug)]
pub(crate) struct Finished(Names);

#[derive(Debug)]
struct Names {
    temporary: PathBuf,
    path: PathBuf,
    is_committed: bool,
}

impl Writer {
    /// Begins. `mode` is the file's permission bits before the umask; the directory is made when it is missing.
    pub(crate) fn create(path: &Path, mode: u32) -> Result<Self, DurableError> {
        create_dir(directory(path))?;
        // A leftover may have other permissions: never reuse it.
        discard(path)?;
        let temporary = temporary(path);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temporary)
            .map_err(DurableError::at("create", &temporary))?;
        Ok(Self { file, names: Names { temporary, path: path.to_owned(), is_committed: false } })
    }

    /// Writes on.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), DurableError> {
        self.file.write_all(bytes).map_err(DurableError::at("write", &self.names.temporary))
    }

    /// Syncs and closes it.
    pub(crate) fn finish(self) -> Result<Finished, DurableError> {
        let Self { file, names } = self;
        file.sync_all().map_err(DurableError::at("sync", &names.temporary))?;
        Ok(Finished(names))
    }

    /// Syncs it and gives it its name, for good.
    pub(crate) fn commit(self) -> Result<(), DurableError> {
        self.finish()?.commit()
    }
}

/// For decoders; an error does not name the file.
impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Removes what an interrupted [`Writer`] of this file may have left beside it. The next one would do so too, but that
/// may be long in coming, or find no room before it comes.
pub(crate) fn discard(path: &Path) -> Result<(), DurableError> {
    let temporary = temporary(path);
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(DurableError::at("remove", &temporary)(error)),
        _ => Ok(()),
    }
}

fn temporary(path: &Path) -> PathBuf {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    PathBuf::from(temporary)
}

impl Finished {
    /// Where it is until it is committed.
    #[must_use]
    pub(crate) fn temporary(&self) -> &Path {
        &self.0.temporary
    }

    /// Gives it its name, for good.
    pub(crate) fn commit(mut self) -> Result<(), DurableError> {
        let Names { temporary, path, is_committed } = &mut self.0;
        fs::rename(temporary, &*path).map_err(DurableError::at("rename a new file to", path))?;
        *is_committed = true;
        sync_dir(directory(path))
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        if !self.is_committed {
            // If it stays, the next writer removes it.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_committed_leaves_the_file_as_it_was() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        super::super::write(&path, b"old", 0o644).expect("written");
        let mut writer = Writer::create(&path, 0o755).expect("created");
        writer.append(b"ne").expect("written");
        drop(writer);
        let mut writer = Writer::create(&path, 0o755).expect("created");
        writer.append(b"ne").expect("written");
        writer.append(b"w").expect("written");
        let finished = writer.finish().expect("synced");
        assert_eq!(fs::read(finished.temporary()).expect("there"), b"new");
        drop(finished);
        assert_eq!(fs::read(&path).expect("there"), b"old");
        fs::write(directory.path().join("file.tmp"), b"of one that was killed").expect("written");
        discard(&path).expect("removed");
        discard(&path).expect("not there");
        assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 1);
    }
}
