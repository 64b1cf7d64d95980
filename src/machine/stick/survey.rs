//! What is on a stick, without following anything on it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat2};

use super::StickError;
use crate::bounded_read::read_opened;
use crate::machine::settings::{SECRETS_NAME, meant};

/// Entries of the stick's top directory that are looked at.
const MAX_ENTRIES: usize = 4096;
/// Maximum names of ignored files reported.
const MAX_MISNAMED: usize = 5;
/// Bytes of settings.
pub(super) const MAX_SETTINGS: u64 = 64 * 1024;
/// Where a release bucket may be, on the stick.
const BUCKETS: [&str; 2] = ["", "workshop-edge"];
/// What makes a directory a release bucket.
const TIMESTAMP: &str = "metadata/timestamp.json";
/// The name of settings, whatever the case of its letters.
const SETTINGS: &str = "workshop-edge.txt";
/// The name of the file that asks for a support bundle, whatever the case of its letters.
const BUNDLE_REQUESTS: [&str; 4] = ["soporte", "soporte.txt", "support", "support.txt"];

/// What is on a stick.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The directory of a release bucket.
    pub(crate) bucket: Option<PathBuf>,
    /// The settings, or why they are not read.
    pub(crate) settings: Option<Result<Vec<u8>, io::Error>>,
    /// Whether a support bundle is requested.
    pub(crate) wants_bundle: bool,
    /// Files that are not read, though somebody has probably meant them to be.
    pub(crate) misnamed: Vec<String>,
}

impl Found {
    /// Whether there is nothing to do.
    #[must_use]
    pub(crate) fn is_nothing(&self) -> bool {
        self.bucket.is_none() && self.settings.is_none() && !self.wants_bundle && self.misnamed.is_empty()
    }
}

/// Looks at a stick.
pub(crate) fn survey(stick: &Path) -> Result<Found, StickError> {
    let top = File::open(stick).map_err(StickError::at("open", stick))?;
    let mut found = Found::default();
    for bucket in BUCKETS {
        if found.bucket.is_none() && open(&top, &Path::new(bucket).join(TIMESTAMP)).is_ok() {
            found.bucket = Some(stick.join(bucket));
        }
    }
    for entry in fs::read_dir(stick).map_err(StickError::at("list", stick))?.take(MAX_ENTRIES) {
        let entry = entry.map_err(StickError::at("list", stick))?;
        let name = entry.file_name();
        let Some(lower) = name.to_str().map(str::to_ascii_lowercase) else { continue };
        if lower == SETTINGS {
            found.settings = Some(open(&top, Path::new(&name)).and_then(|file| read_opened(&file, MAX_SETTINGS)));
        }
        found.wants_bundle |= BUNDLE_REQUESTS.contains(&lower.as_str());
        // No passwords are taken from a stick, whatever their file is called.
        let is_misnamed = lower == SECRETS_NAME || meant(&lower).is_some();
        if is_misnamed && found.misnamed.len() < MAX_MISNAMED && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            found.misnamed.push(name.to_string_lossy().into_owned());
        }
    }
    Ok(found)
}

/// Opens a file below the stick's top: a regular file only, reached through no link and no other file system.
fn open(top: &File, path: &Path) -> io::Result<File> {
    // A pipe would wait for somebody.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    let file = File::from(openat2(top, path, flags, Mode::empty(), resolve)?);
    match FileType::from_raw_mode(fstat(&file)?.st_mode) {
        FileType::RegularFile => Ok(file),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn stick(files: &[&str]) -> tempfile::TempDir {
        let stick = tempfile::tempdir().expect("a directory");
        for file in files {
            let path = stick.path().join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, "a").expect("written");
        }
        stick
    }

    #[test]
    fn what_a_stick_is_for_is_found() {
        assert!(survey(stick(&["other.txt", "sub/SUPPORT"]).path()).expect("looked at").is_nothing());
        for name in ["SOPORTE", "soporte.TXT", "Support", "support.txt"] {
            assert!(survey(stick(&[name]).path()).expect("looked at").wants_bundle, "{name}");
        }
        for (name, below) in [(TIMESTAMP, ""), ("workshop-edge/metadata/timestamp.json", "workshop-edge")] {
            let stick = stick(&[name]);
            let found = survey(stick.path()).expect("looked at");
            assert_eq!(found.bucket, Some(stick.path().join(below)));
        }
        let found = survey(stick(&["Workshop-Edge.TXT"]).path()).expect("looked at");
        assert_eq!(found.settings.expect("there").expect("read"), b"a");
    }

    #[test]
    fn what_was_probably_meant_to_be_read_is_reported() {
        let names = ["Workshop-Edge.txt.txt", "secrets.txt", "workshop-edge-0.2.0.img", "workshop-edge/metadata/other"];
        let mut found = survey(stick(&names).path()).expect("looked at");
        found.misnamed.sort();
        assert_eq!(found.misnamed, ["Workshop-Edge.txt.txt", "secrets.txt"]);
        assert!(found.settings.is_none() && !found.is_nothing());
    }

    #[test]
    fn nothing_on_it_is_followed() {
        let outside = stick(&["metadata/timestamp.json", "secret"]);
        let inside = stick(&[]);
        symlink(outside.path().join("metadata"), inside.path().join("metadata")).expect("a link");
        symlink(outside.path().join("secret"), inside.path().join("workshop-edge.txt")).expect("a link");
        let found = survey(inside.path()).expect("looked at");
        assert!(found.bucket.is_none());
        found.settings.expect("there").expect_err("a link");
    }

    #[test]
    fn what_is_no_file_or_too_large_is_not_read() {
        let inside = stick(&[]);
        let settings = inside.path().join(SETTINGS);
        rustix::fs::mknodat(rustix::fs::CWD, &settings, FileType::Fifo, Mode::RUSR, 0).expect("a pipe");
        survey(inside.path()).expect("looked at").settings.expect("there").expect_err("a pipe");
        fs::remove_file(&settings).expect("removed");
        fs::create_dir(&settings).expect("a directory");
        survey(inside.path()).expect("looked at").settings.expect("there").expect_err("a directory");
        fs::remove_dir(&settings).expect("removed");
        File::create(&settings).and_then(|file| file.set_len(1 << 40)).expect("a huge file");
        let error = survey(inside.path()).expect("looked at").settings.expect("there").expect_err("too large");
        assert!(error.to_string().contains("65536"), "{error}");
    }
}
