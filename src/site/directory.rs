//! A dist in a directory: a shop's own build, or the one that a developer is changing.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use thiserror::Error;

use super::File;

/// The files are held in memory, and a box is small.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
const MOST_FILES: usize = 10_000;

/// Why a directory cannot be served.
#[derive(Debug, Error)]
pub enum DirectoryError {
    /// A file or directory could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing to show.
    #[error("{} has no index.html: it is no dist", .0.display())]
    NoIndex(PathBuf),
    /// More than a box should hold in memory.
    #[error("{} holds more than {MOST_FILES} files or {} MiB: it is hardly a dist", .0.display(), MOST_BYTES / 1024 / 1024)]
    TooLarge(PathBuf),
    /// A link that leads out of the directory would publish files that nobody meant to.
    #[error("{} is a link that leads out of the directory", .0.display())]
    Escapes(PathBuf),
    /// URL paths are text.
    #[error("{} has a name that is not UTF-8", .0.display())]
    Name(PathBuf),
}

/// What a directory holds, without the contents: equal listings mean an unchanged dist.
#[derive(Debug, PartialEq, Eq, Default)]
pub(super) struct Listing {
    entries: Vec<Entry>,
}

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    path: PathBuf,
    url: String,
    length: u64,
    modified: SystemTime,
}

impl Listing {
    /// Lists all files below `root`; hidden ones (`.git`, `.DS_Store`) are left out, but for
    /// `.well-known` (RFC 8615).
    pub(super) fn of(root: &Path) -> Result<Self, DirectoryError> {
        let root = root.canonicalize().map_err(|source| DirectoryError::Read { path: root.to_owned(), source })?;
        let mut listing = Self::default();
        listing.add(&root, &root, "")?;
        listing.entries.sort_by(|one, other| one.url.cmp(&other.url));
        let total: u64 = listing.entries.iter().map(|entry| entry.length).sum();
        if total > MOST_BYTES {
            return Err(DirectoryError::TooLarge(root));
        }
        if !listing.entries.iter().any(|entry| entry.url == "/index.html") {
            return Err(DirectoryError::NoIndex(root));
        }
        Ok(listing)
    }

    fn add(&mut self, root: &Path, directory: &Path, url: &str) -> Result<(), DirectoryError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| DirectoryError::Read { path, source }
        };
        for entry in fs::read_dir(directory).map_err(failed(directory))? {
            let path = entry.map_err(failed(directory))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                return Err(DirectoryError::Name(path));
            };
            if name.starts_with('.') && name != ".well-known" {
                continue;
            }
            let url = format!("{url}/{name}");
            let target = path.canonicalize().map_err(failed(&path))?;
            if !target.starts_with(root) {
                return Err(DirectoryError::Escapes(path));
            }
            let metadata = fs::metadata(&target).map_err(failed(&target))?;
            if metadata.is_dir() {
                // A link to a directory above would never end.
                if path.is_symlink() {
                    return Err(DirectoryError::Escapes(path));
                }
                self.add(root, &path, &url)?;
            } else if metadata.is_file() {
                self.entries.push(Entry { path: target, url, length: metadata.len(), modified: modified(&metadata) });
            }
            if self.entries.len() > MOST_FILES {
                return Err(DirectoryError::TooLarge(root.to_owned()));
            }
        }
        Ok(())
    }

    /// Reads the listed files.
    pub(super) fn read(&self) -> Result<Vec<File>, DirectoryError> {
        self.entries
            .iter()
            .map(|entry| {
                let bytes = fs::read(&entry.path)
                    .map_err(|source| DirectoryError::Read { path: entry.path.clone(), source })?;
                Ok(File { path: entry.url.clone(), bytes: Bytes::from(bytes), modified: whole_seconds(entry.modified) })
            })
            .collect()
    }
}

fn modified(metadata: &Metadata) -> SystemTime {
    metadata.modified().unwrap_or(UNIX_EPOCH)
}

/// HTTP dates have no fractions; a validator must survive the round trip.
fn whole_seconds(time: SystemTime) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn dist(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, content) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, content).expect("written");
        }
        directory
    }

    #[test]
    fn files_become_url_paths_and_hidden_ones_stay_hidden() {
        let dist =
            dist(&[("index.html", "x"), ("assets/a.js", "y"), (".git/config", "secret"), (".well-known/z", "z")]);
        let files = Listing::of(dist.path()).and_then(|listing| listing.read()).expect("read");
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["/.well-known/z", "/assets/a.js", "/index.html"]);
    }

    #[test]
    fn a_change_shows_in_the_listing() {
        let dist = dist(&[("index.html", "x")]);
        let before = Listing::of(dist.path()).expect("listed");
        assert_eq!(Listing::of(dist.path()).expect("listed"), before);
        fs::write(dist.path().join("index.html"), "longer").expect("written");
        assert_ne!(Listing::of(dist.path()).expect("listed"), before);
    }

    #[test]
    fn links_stay_inside() {
        let dist = dist(&[("index.html", "x")]);
        symlink("index.html", dist.path().join("home.html")).expect("linked");
        assert!(Listing::of(dist.path()).is_ok());
        symlink("/etc/passwd", dist.path().join("users")).expect("linked");
        assert!(matches!(Listing::of(dist.path()), Err(DirectoryError::Escapes(_))));
    }

    #[test]
    fn a_loop_of_links_ends() {
        let dist = dist(&[("index.html", "x")]);
        symlink(".", dist.path().join("again")).expect("linked");
        assert!(matches!(Listing::of(dist.path()), Err(DirectoryError::Escapes(_))));
    }

    #[test]
    fn a_directory_without_a_page_is_refused() {
        assert!(matches!(Listing::of(dist(&[("a.js", "x")]).path()), Err(DirectoryError::NoIndex(_))));
        assert!(matches!(Listing::of(Path::new("/does/not/exist")), Err(DirectoryError::Read { .. })));
    }
}
