//! A dist in a directory: a shop's own build, or the one that a developer is changing.

use std::fs::{self, File as OpenFile, Metadata};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};
use thiserror::Error;

use super::File;
use super::content::{Content, MAX_IN_MEMORY, MAX_MEMORY, OnDisk};
use super::left_out::{LeftOut, SkipReason};
use super::stamp::Stamp;
use crate::bounded_read::read_opened;

/// Bytes of a path in a URL: a request for a longer one, with its escapes, would not fit into any head.
const MAX_URL: usize = 2048;

/// How much a directory may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Files (`site.max_files`).
    pub(crate) files: usize,
    /// Bytes of all files together (`site.max_size_mib`).
    pub(crate) bytes: u64,
    /// Large files, each of which stays open.
    pub(crate) open: usize,
}

/// Why a directory cannot be served. The words are in `words`.
#[derive(Debug, Error)]
#[error("{}", self.what().en)]
pub(crate) enum DirectoryError {
    /// There is none.
    Missing(PathBuf),
    /// Something else has its name.
    NotDirectory(PathBuf),
    /// It could not be read.
    Read { path: PathBuf, source: io::Error },
    /// Nothing is in it.
    Empty(PathBuf),
    /// Nothing to show.
    NoIndex {
        /// The directory.
        path: PathBuf,
        /// A directory below it that has a page.
        elsewhere: Option<PathBuf>,
    },
    /// The page is there, but left out.
    BadIndex {
        /// The directory.
        path: PathBuf,
        reason: SkipReason,
    },
    /// More files than allowed.
    TooManyFiles {
        /// The directory.
        path: PathBuf,
        /// How many it has.
        files: usize,
        /// Whether it has more than that: nobody counts a whole disk.
        is_cut: bool,
        /// `site.max_files`.
        max: usize,
    },
    /// More bytes than allowed.
    TooLarge {
        /// The directory.
        path: PathBuf,
        /// How many it has.
        bytes: u64,
        /// `site.max_size_mib`, in bytes.
        max: u64,
    },
}

/// What a directory holds, without the contents: equal listings mean an unchanged dist.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listing {
    root: PathBuf,
    entries: Vec<Entry>,
    left_out: LeftOut,
}

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    url: String,
    /// Below the root, without links.
    relative: PathBuf,
    stamp: Stamp,
}

/// The contents of a listing.
pub(super) struct Loaded {
    pub(super) files: Vec<File>,
    pub(super) left_out: LeftOut,
}

impl Listing {
    /// Lists all files below `root`; hidden ones (`.git`, `.DS_Store`) are skipped, but for
    /// `.well-known` (RFC 8615). What cannot be served is skipped, as are paths that `is_reserved`.
    pub(super) fn of(root: &Path, limits: Limits, is_reserved: fn(&str) -> bool) -> Result<Self, DirectoryError> {
        let given = root.to_owned();
        let root = root.canonicalize().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => DirectoryError::Missing(given.clone()),
            _ => DirectoryError::Read { path: given.clone(), source },
        })?;
        if !root.is_dir() {
            return Err(DirectoryError::NotDirectory(given));
        }
        let mut walk = Walk {
            root: &root,
            limits,
            is_reserved,
            seen: 0,
            directories: 0,
            entries: Vec::new(),
            left_out: Vec::new(),
        };
        let is_cut = !walk.run().map_err(|source| DirectoryError::Read { path: given.clone(), source })?;
        let Walk { seen, mut entries, left_out, .. } = walk;

        if seen > limits.files || is_cut {
            return Err(DirectoryError::TooManyFiles { path: given, files: seen, is_cut, max: limits.files });
        }
        let bytes = entries.iter().fold(0, |sum: u64, entry| sum.saturating_add(entry.stamp.length));
        if bytes > limits.bytes {
            return Err(DirectoryError::TooLarge { path: given, bytes, max: limits.bytes });
        }
        entries.sort_by(|one, other| one.url.cmp(&other.url));
        if !entries.iter().any(|entry| entry.url == INDEX) {
            return Err(no_index(given, &root, &entries, left_out));
        }
        Ok(Self { root, entries, left_out: LeftOut::new(left_out) })
    }

    /// Reads the listed files, but for large ones, which it opens. One that is gone by now, or is another, is skipped:
    /// the next look finds out.
    pub(super) fn read(&self, limits: Limits) -> Result<Loaded, DirectoryError> {
        let failed = |source: io::Error| DirectoryError::Read { path: self.root.clone(), source };
        let root = open(&self.root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|error| failed(error.into()))?;
        let mut files = Vec::with_capacity(self.entries.len());
        let mut left_out = Vec::new();
        let max_length = self.max_in_memory();
        let mut opened = 0;
        for entry in &self.entries {
            let content = if entry.stamp.length <= max_length {
                entry.read(&root).map(Content::Memory)
            } else if opened < limits.open {
                opened += 1;
                entry.open(&root).map(|file| Content::Disk(Arc::new(file)))
            } else {
                Err(SkipReason::TooManyOpen)
            };
            match content {
                Ok(content) => {
                    let modified = whole_seconds(entry.stamp.modified.0);
                    files.push(File { path: entry.url.clone(), content, modified });
                }
                Err(reason) if entry.url == INDEX => {
                    return Err(DirectoryError::BadIndex { path: self.root.clone(), reason });
                }
                Err(reason) => left_out.push((entry.url.clone(), reason)),
            }
        }
        Ok(Loaded { files, left_out: self.left_out.and(left_out) })
    }

    /// The length up to which all files together fit into memory.
    fn max_in_memory(&self) -> u64 {
        let mut lengths: Vec<u64> = self.entries.iter().map(|entry| entry.stamp.length).collect();
        lengths.sort_unstable();
        let mut sum: u64 = 0;
        for length in lengths {
            sum = sum.saturating_add(length);
            if sum > MAX_MEMORY {
                // Files of the same length stay together.
                return MAX_IN_MEMORY.min(length.saturating_sub(1));
            }
        }
        MAX_IN_MEMORY
    }
}

/// The page without which a directory is no dist.
const INDEX: &str = "/index.html";

fn no_index(path: PathBuf, root: &Path, entries: &[Entry], left_out: Vec<(String, SkipReason)>) -> DirectoryError {
    if entries.is_empty() && left_out.is_empty() {
        return DirectoryError::Empty(path);
    }
    if let Some((_, reason)) = left_out.into_iter().find(|(url, _)| url == INDEX) {
        return DirectoryError::BadIndex { path, reason };
    }
    // Somebody copied the project, or the directory with its name.
    let pages = entries.iter().filter(|entry| entry.url.ends_with(INDEX));
    let nearest = pages.min_by_key(|entry| entry.relative.components().count());
    let elsewhere = nearest.and_then(|entry| entry.relative.parent()).map(|parent| root.join(parent));
    DirectoryError::NoIndex { path, elsewhere }
}

impl Entry {
    fn read(&self, root: &OwnedFd) -> Result<Bytes, SkipReason> {
        let file = open_beneath(root, &self.relative)?;
        let length = self.stamp.length;
        let bytes = match read_opened(&file, length) {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Err(SkipReason::Changing),
            bytes => bytes?,
        };
        let is_listed = bytes.len() as u64 == length && Stamp::of(&file.metadata()?) == self.stamp;
        if is_listed { Ok(Bytes::from(bytes)) } else { Err(SkipReason::Changing) }
    }

    fn open(&self, root: &OwnedFd) -> Result<OnDisk, SkipReason> {
        let file = OnDisk::new(self.url.clone(), open_beneath(root, &self.relative)?)?;
        if file.stamp() == self.stamp { Ok(file) } else { Err(SkipReason::Changing) }
    }
}

/// Opens a file that the kernel finds below `root` without following any link, whatever became of the path since it was
/// looked at.
fn open_beneath(root: impl AsFd, relative: &Path) -> Result<OpenFile, SkipReason> {
    // Not blocking: a FIFO in the place of the file would wait for its writer.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let file = openat2(root, relative, flags, Mode::empty(), resolve).map_err(io::Error::from)?;
    let file = OpenFile::from(file);
    if file.metadata()?.is_file() { Ok(file) } else { Err(SkipReason::NoFile) }
}

/// A look at everything below the root.
struct Walk<'a> {
    root: &'a Path,
    limits: Limits,
    is_reserved: fn(&str) -> bool,
    /// Files, and what would be files if they were not left out.
    seen: usize,
    directories: usize,
    entries: Vec<Entry>,
    left_out: Vec<(String, SkipReason)>,
}

impl Walk<'_> {
    /// Gives whether everything was seen. Fails when the root itself cannot be listed.
    fn run(&mut self) -> io::Result<bool> {
        let max = self.limits.files.saturating_mul(4);
        let mut waiting = vec![(self.root.to_owned(), String::new())];
        while let Some((directory, url)) = waiting.pop() {
            if self.seen > max {
                return Ok(false);
            }
            let entries = match fs::read_dir(&directory) {
                Ok(entries) => entries,
                Err(error) if url.is_empty() => return Err(error),
                Err(error) => {
                    self.leave_out(url, error.into());
                    continue;
                }
            };
            for entry in entries {
                match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?, entry))) {
                    Ok((name, ..)) if is_hidden(name.as_bytes()) => {}
                    Ok((name, kind, entry)) => {
                        if let Err((url, reason)) = self.add(&url, &name, kind, &entry, &mut waiting) {
                            self.leave_out(url, reason);
                        }
                    }
                    Err(error) if url.is_empty() => return Err(error),
                    Err(error) => self.leave_out(url.clone(), error.into()),
                }
            }
        }
        Ok(true)
    }

    fn add(
        &mut self,
        parent: &str,
        name: &std::ffi::OsStr,
        kind: fs::FileType,
        entry: &fs::DirEntry,
        waiting: &mut Vec<(PathBuf, String)>,
    ) -> Result<(), (String, SkipReason)> {
        let Some(text) = name.to_str() else {
            return Err((format!("{parent}/{}", name.to_string_lossy()), SkipReason::NotUtf8));
        };
        let url = format!("{parent}/{text}");
        if url.len() > MAX_URL {
            return Err((url, SkipReason::TooLong));
        }
        if (self.is_reserved)(&url) {
            return Err((url, SkipReason::Reserved));
        }
        if kind.is_dir() {
            // Without files they count as well: there may be no end of them.
            self.directories += 1;
            if self.directories <= self.limits.files {
                waiting.push((entry.path(), url));
            } else {
                self.seen += 1;
            }
            return Ok(());
        }
        let (path, metadata) = match self.resolve(kind, entry) {
            Ok(found) => found,
            Err(reason) => return Err((url, reason)),
        };
        let Ok(relative) = path.strip_prefix(self.root) else { return Err((url, SkipReason::LinkOut)) };
        self.seen += 1;
        if self.seen <= self.limits.files {
            self.entries.push(Entry { url, relative: relative.to_owned(), stamp: Stamp::of(&metadata) });
        }
        Ok(())
    }

    /// The regular file that an entry is, or that its link leads to inside the directory.
    fn resolve(&self, kind: fs::FileType, entry: &fs::DirEntry) -> Result<(PathBuf, Metadata), SkipReason> {
        let (path, metadata) = if kind.is_symlink() {
            let target = entry.path().canonicalize().map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => SkipReason::BrokenLink,
                _ => error.into(),
            })?;
            if !target.starts_with(self.root) {
                return Err(SkipReason::LinkOut);
            }
            let metadata = fs::symlink_metadata(&target)?;
            // A link to a directory above would never end.
            if metadata.is_dir() {
                return Err(SkipReason::LinkToDirectory);
            }
            (target, metadata)
        } else {
            (entry.path(), entry.metadata()?)
        };
        if metadata.is_file() { Ok((path, metadata)) } else { Err(SkipReason::NoFile) }
    }

    fn leave_out(&mut self, url: String, reason: SkipReason) {
        self.seen += 1;
        if self.seen <= self.limits.files {
            self.left_out.push((url, reason));
        }
    }
}

fn is_hidden(name: &[u8]) -> bool {
    name.starts_with(b".") && name != b".well-known"
}

/// HTTP dates have no fractions; a validator must survive the round trip.
fn whole_seconds(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const LIMITS: Limits = Limits { files: 100, bytes: 1 << 30, open: 2 };

    fn dist(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, content) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, content).expect("written");
        }
        directory
    }

    fn listing(root: &Path) -> Result<Listing, DirectoryError> {
        Listing::of(root, LIMITS, |path| path == "/health")
    }

    fn read(root: &Path) -> (Vec<String>, Vec<(String, SkipReason)>) {
        let loaded = listing(root).and_then(|listing| listing.read(LIMITS)).expect("read");
        (loaded.files.into_iter().map(|file| file.path).collect(), loaded.left_out.named().to_vec())
    }

    #[test]
    fn files_become_url_paths_and_hidden_ones_stay_hidden() {
        let dist =
            dist(&[("index.html", "x"), ("assets/a.js", "y"), (".git/config", "secret"), (".well-known/z", "z")]);
        assert_eq!(read(dist.path()).0, ["/.well-known/z", "/assets/a.js", "/index.html"]);
    }

    #[test]
    fn a_change_shows_in_the_listing() {
        let dist = dist(&[("index.html", "x"), ("a", "1"), ("b", "2")]);
        let before = listing(dist.path()).expect("listed");
        assert_eq!(listing(dist.path()).expect("listed"), before);
        fs::write(dist.path().join("index.html"), "longer").expect("written");
        assert_ne!(listing(dist.path()).expect("listed"), before);
        // The same size and time, and yet another file.
        let times = fs::metadata(dist.path().join("a")).expect("metadata").modified().expect("a time");
        fs::File::open(dist.path().join("b")).and_then(|file| file.set_modified(times)).expect("set back");
        let before = listing(dist.path()).expect("listed");
        fs::rename(dist.path().join("b"), dist.path().join("a")).expect("replaced");
        fs::write(dist.path().join("b"), "2").expect("written");
        assert_ne!(listing(dist.path()).expect("listed"), before);
    }

    #[test]
    fn what_cannot_be_served_is_left_out_by_itself() {
        let dist = dist(&[("index.html", "x"), ("good.txt", "x"), ("health", "x"), ("a\nb", "x"), ("c\\d", "x")]);
        let path = |name: &str| dist.path().join(name);
        symlink("good.txt", path("link.txt")).expect("linked");
        symlink(path("good.txt"), path("absolute.txt")).expect("linked");
        symlink("/etc/passwd", path("users")).expect("linked");
        symlink("nowhere", path("broken")).expect("linked");
        symlink(".", path("again")).expect("linked");
        fs::write(path(std::ffi::OsStr::from_bytes(b"caf\xe9.txt").to_string_lossy().as_ref()), "utf-8")
            .expect("written");
        fs::write(dist.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.txt")), "latin-1").expect("written");
        std::os::unix::net::UnixListener::bind(path("socket")).expect("a socket");
        rustix::fs::mknodat(rustix::fs::CWD, path("fifo"), rustix::fs::FileType::Fifo, Mode::RUSR, 0).expect("a FIFO");

        let (files, left_out) = read(dist.path());
        assert_eq!(
            files,
            ["/a\nb", "/absolute.txt", "/c\\d", "/caf\u{fffd}.txt", "/good.txt", "/index.html", "/link.txt"]
        );
        let expected = [
            ("/again", SkipReason::LinkToDirectory),
            ("/broken", SkipReason::BrokenLink),
            ("/caf\u{fffd}.txt", SkipReason::NotUtf8),
            ("/fifo", SkipReason::NoFile),
            ("/health", SkipReason::Reserved),
            ("/socket", SkipReason::NoFile),
            ("/users", SkipReason::LinkOut),
        ];
        assert_eq!(left_out, expected.map(|(path, reason)| (path.to_owned(), reason)));
    }

    #[test]
    fn a_path_too_long_to_ask_for_is_left_out() {
        let deep = vec!["d".repeat(200); 11].join("/");
        let dist = dist(&[("index.html", "x"), (&format!("{deep}/a"), "x")]);
        let (files, left_out) = read(dist.path());
        assert_eq!(files, ["/index.html"]);
        assert!(matches!(left_out.as_slice(), [(path, SkipReason::TooLong)] if path.starts_with("/ddd")));
    }

    #[test]
    fn what_changes_while_it_is_read_is_left_out() {
        let dist = dist(&[("index.html", "x"), ("gone", "x"), ("grown", "x"), ("link", "x")]);
        let listing = listing(dist.path()).expect("listed");
        fs::remove_file(dist.path().join("gone")).expect("removed");
        fs::write(dist.path().join("grown"), "longer").expect("written");
        fs::remove_file(dist.path().join("link")).expect("removed");
        symlink("/etc/passwd", dist.path().join("link")).expect("linked");
        let loaded = listing.read(LIMITS).expect("read");
        assert_eq!(loaded.files.len(), 1);
        let names: Vec<_> = loaded.left_out.named().iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(names, ["/gone", "/grown", "/link"]);
    }

    #[test]
    fn a_directory_without_a_page_is_refused_with_the_reason() {
        let refused = |root: &Path| listing(root).expect_err("refused");
        assert!(matches!(refused(Path::new("/does/not/exist")), DirectoryError::Missing(_)));
        assert!(matches!(refused(Path::new("/etc/passwd")), DirectoryError::NotDirectory(_)));
        assert!(matches!(refused(dist(&[]).path()), DirectoryError::Empty(_)));
        assert!(matches!(refused(dist(&[("a.js", "x")]).path()), DirectoryError::NoIndex { elsewhere: None, .. }));
        let project = dist(&[("package.json", "x"), ("dist/index.html", "x"), ("dist/deep/index.html", "x")]);
        let DirectoryError::NoIndex { elsewhere: Some(elsewhere), .. } = refused(project.path()) else {
            panic!("the page below is found")
        };
        assert!(elsewhere.ends_with("dist"));
        let linked = dist(&[("a.js", "x")]);
        symlink("/etc/passwd", linked.path().join("index.html")).expect("linked");
        assert!(matches!(refused(linked.path()), DirectoryError::BadIndex { reason: SkipReason::LinkOut, .. }));
    }

    #[test]
    fn large_files_stay_on_the_disk_and_no_more_than_may_be_open() {
        let dist = dist(&[("index.html", "x")]);
        for name in ["a", "b", "c"] {
            fs::File::create(dist.path().join(name)).and_then(|file| file.set_len(MAX_IN_MEMORY + 1)).expect("made");
        }
        fs::File::create(dist.path().join("d")).and_then(|file| file.set_len(MAX_IN_MEMORY)).expect("made");
        let loaded = listing(dist.path()).and_then(|listing| listing.read(LIMITS)).expect("read");
        let on_disk: Vec<_> = loaded.files.iter().map(|file| file.content.in_memory().is_none()).collect();
        assert_eq!(on_disk, [true, true, false, false]);
        assert_eq!(loaded.left_out.named(), [("/c".to_owned(), SkipReason::TooManyOpen)]);
    }

    #[test]
    fn the_smallest_files_fill_the_memory() {
        let dist = dist(&[("index.html", "x")]);
        for (name, length) in (0..20_u64).map(|number| (number, (5 << 20) + number)) {
            fs::File::create(dist.path().join(name.to_string())).and_then(|file| file.set_len(length)).expect("made");
        }
        // Nineteen of them fit.
        assert_eq!(listing(dist.path()).expect("listed").max_in_memory(), (5 << 20) + 18);
    }

    #[test]
    fn a_limit_says_by_how_much() {
        let dist = dist(&[("index.html", "12345"), ("a", "1"), ("b", "2"), ("c/d", "3")]);
        let with = |files, bytes| Listing::of(dist.path(), Limits { files, bytes, open: 0 }, |_| false);
        assert!(with(4, 8).is_ok());
        assert!(matches!(with(3, 8), Err(DirectoryError::TooManyFiles { files: 4, max: 3, .. })));
        assert!(matches!(with(4, 7), Err(DirectoryError::TooLarge { bytes: 8, max: 7, .. })));
    }
}
