//! A directory, such as that of a USB stick: what it holds is believed no more than what a server says.

use std::fs::OpenOptions;
use std::io::{self, Seek as _, SeekFrom};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::reader::{Reader, blocking};
use super::{Body, TransportError};

/// A directory.
#[derive(Debug, Clone)]
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// For messages.
    pub(super) fn address(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// `None` for what is not there.
    pub(super) async fn open(
        &self,
        name: &str,
        from: u64,
        validator: Option<&str>,
    ) -> Result<Option<Body>, TransportError> {
        // A slash would be a way out of the directory, and NUL the end of the name.
        if matches!(name, "" | "." | "..") || name.contains(['/', '\0']) {
            return Err(TransportError::Name { name: name.to_owned() });
        }
        let (path, expected) = (self.0.join(name), validator.map(str::to_owned));
        let opened = blocking(path.clone(), move || open(&path, from, expected.as_deref())).await?;
        Ok(opened.map(|(reader, start, length, validator)| Body::file(reader, start, length, Some(validator))))
    }
}

fn open(path: &Path, from: u64, validator: Option<&str>) -> io::Result<Option<(Reader, u64, u64, String)>> {
    // Not blocking, so that a pipe does not wait for a writer; no links, which lead elsewhere.
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    let mut file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let state = format!("{}.{:09}-{}", metadata.mtime(), metadata.mtime_nsec(), metadata.len());
    let same = validator.is_none_or(|before| before == state) && from <= metadata.len();
    let start = if same { from } else { 0 };
    file.seek(SeekFrom::Start(start))?;
    Ok(Some((Reader::new(file, path.to_owned()), start, metadata.len(), state)))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    async fn whole(directory: &Directory, name: &str, most: u64) -> Result<Option<Bytes>, TransportError> {
        match directory.open(name, 0, None).await? {
            Some(body) => body.whole(most).await.map(Some),
            None => Ok(None),
        }
    }

    #[tokio::test]
    async fn only_regular_files_right_in_the_directory_are_read_and_only_so_far() {
        let temporary = tempfile::tempdir().expect("a directory");
        std::fs::write(temporary.path().join("secret"), "secret").expect("written");
        let inside = temporary.path().join("metadata");
        std::fs::create_dir_all(inside.join("directory")).expect("made");
        std::fs::write(inside.join("a.json"), "{}").expect("written");
        std::os::unix::fs::symlink("../secret", inside.join("link")).expect("linked");
        rustix::fs::mkfifoat(rustix::fs::CWD, inside.join("pipe"), rustix::fs::Mode::RWXU).expect("a pipe");

        let directory = Directory::new(inside);
        assert_eq!(whole(&directory, "a.json", 2).await.expect("read").as_deref(), Some(b"{}".as_slice()));
        assert!(matches!(whole(&directory, "a.json", 1).await, Err(TransportError::TooLarge { .. })));
        assert!(whole(&directory, "b.json", 2).await.expect("none").is_none());
        for name in ["../secret", "directory/../a.json", "..", ".", "", "/etc/passwd"] {
            let error = whole(&directory, name, 100).await.expect_err(name);
            assert!(matches!(error, TransportError::Name { .. }), "{name}: {error}");
        }
        for name in ["link", "pipe", "directory"] {
            let error = whole(&directory, name, 100).await.expect_err(name);
            assert!(matches!(error, TransportError::Read { .. }), "{name}: {error}");
        }
    }

    #[tokio::test]
    async fn a_file_goes_on_where_it_was_unless_it_has_changed() {
        let temporary = tempfile::tempdir().expect("a directory");
        let path = temporary.path().join("target");
        std::fs::write(&path, "0123456789").expect("written");
        let directory = Directory::new(temporary.path().to_owned());
        let first = directory.open("target", 0, None).await.expect("opened").expect("there");
        let validator = first.validator.clone();
        let rest = directory.open("target", 4, validator.as_deref()).await.expect("opened").expect("there");
        assert_eq!((rest.start, rest.length), (4, Some(10)));
        assert_eq!(rest.whole(10).await.expect("read"), "456789");
        std::fs::write(&path, "9876543210!").expect("written");
        let rest = directory.open("target", 4, validator.as_deref()).await.expect("opened").expect("there");
        assert_eq!((rest.start, rest.length), (0, Some(11)));
    }
}
