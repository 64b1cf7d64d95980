//! The hashed assets of the version before this one, kept over an update: a TV that still
//! shows the older page must find its files, or it goes white.
//!
//! ```text
//! <directory>/generations            two lines, newest first; replaced atomically
//! <directory>/<generation>/assets/…  the hashed files of that generation
//! ```
//!
//! A generation is named in `generations` only once all its files are synced, so a power
//! cut leaves at most a nameless directory, which the next start removes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use thiserror::Error;

use super::content::{Content, digest_of_set};
use super::{File, Site};
use crate::bounded_read::{self, read_bounded, read_text_bounded};
use crate::durable::{self, DurableError};

/// A dist larger than this is full of films; keeping it twice could fill a small disk.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Why the older files cannot be kept or read. Serving goes on without them.
#[derive(Debug, Error)]
pub(super) enum RetainedError {
    #[error(transparent)]
    Write(#[from] DurableError),
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the hashed assets are more than {} MiB", MAX_BYTES / 1024 / 1024)]
    TooLarge,
}

/// Keeps `site`'s hashed assets under `directory` and gives back those of the generation
/// before it.
pub(super) fn exchange(directory: &Path, site: &Site) -> Result<Vec<File>, RetainedError> {
    let current = generation(site)?;
    let list = directory.join("generations");
    let known: Vec<String> = match read_text_bounded(&list, bounded_read::SHORT) {
        Ok(text) => text.lines().filter(|line| is_generation(line)).take(2).map(str::to_owned).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        // A torn or unreadable list costs the older files once, no more.
        Err(source) => {
            tracing::warn!(path = %list.display(), error = %source, "the list of kept versions is unreadable, starting an empty one");
            Vec::new()
        }
    };
    let previous = known.iter().find(|name| **name != current).cloned();

    if known.first() != Some(&current) {
        store(&directory.join(&current), site)?;
        let lines: Vec<&str> = std::iter::once(current.as_str()).chain(previous.as_deref()).collect();
        durable::write(&list, (lines.join("\n") + "\n").as_bytes(), 0o644)?;
    }
    remove_others(directory, [Some(current.as_str()), previous.as_deref()]);
    match previous {
        Some(previous) => load(&directory.join(previous)),
        None => Ok(Vec::new()),
    }
}

/// Names a set of hashed assets by their paths and contents.
fn generation(site: &Site) -> Result<String, RetainedError> {
    let assets: Vec<_> = site.assets.iter().filter(|(_, asset)| asset.is_immutable()).collect();
    if assets.iter().map(|(_, asset)| asset.identity.body.length()).sum::<usize>() as u64 > MAX_BYTES {
        return Err(RetainedError::TooLarge);
    }
    Ok(digest_of_set(assets.into_iter().map(|(path, asset)| (&**path, asset.digest())).collect()))
}

fn is_generation(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn store(root: &Path, site: &Site) -> Result<(), RetainedError> {
    for (path, asset) in site.assets.iter().filter(|(_, asset)| asset.is_immutable()) {
        if let Some(bytes) = asset.identity.body.in_memory() {
            durable::write(&root.join(path.trim_start_matches('/')), bytes, 0o644)?;
        }
    }
    Ok(())
}

fn load(root: &Path) -> Result<Vec<File>, RetainedError> {
    let mut files = Vec::new();
    let mut left = MAX_BYTES;
    let mut waiting = vec![(root.to_owned(), String::new())];
    while let Some((directory, url)) = waiting.pop() {
        let failed = |source| RetainedError::Read { path: directory.clone(), source };
        for entry in fs::read_dir(&directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let url = format!("{url}/{name}");
            if entry.file_type().map_err(failed)?.is_dir() {
                waiting.push((entry.path(), url));
            } else {
                let path = entry.path();
                let bytes = read_bounded(&path, left).map_err(|source| RetainedError::Read { path, source })?;
                left = left.saturating_sub(bytes.len() as u64);
                let content = Content::Memory(Bytes::from(bytes));
                files.push(File { path: url, content, modified: UNIX_EPOCH });
            }
        }
    }
    Ok(files)
}

fn remove_others(directory: &Path, keep: [Option<&str>; 2]) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_other = name.to_str().is_some_and(|name| is_generation(name) && !keep.contains(&Some(name)));
        if is_other && let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::warn!(path = %entry.path().display(), %error, "cannot remove the files of an old version");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(files: &[(&str, &'static str)]) -> Site {
        let files = files
            .iter()
            .map(|&(path, body)| File {
                path: path.into(),
                content: Content::Memory(Bytes::from_static(body.as_bytes())),
                modified: UNIX_EPOCH,
            })
            .collect();
        Site::new(files, None, false)
    }

    fn exchanged(directory: &Path, site: &Site) -> Vec<String> {
        exchange(directory, site).expect("exchanged").into_iter().map(|file| file.path).collect()
    }

    #[test]
    fn the_version_before_is_kept_and_no_older_one() {
        let directory = tempfile::tempdir().expect("a directory");
        let one = site(&[("/index.html", "1"), ("/assets/index-AAAA1111.js", "1")]);
        let two = site(&[("/index.html", "2"), ("/assets/index-BBBB2222.js", "2")]);
        let three = site(&[("/index.html", "3"), ("/assets/index-CCCC3333.js", "3")]);

        assert!(exchanged(directory.path(), &one).is_empty());
        assert!(exchanged(directory.path(), &one).is_empty());
        assert_eq!(exchanged(directory.path(), &two), ["/assets/index-AAAA1111.js"]);
        // A restart of the same version keeps what it had.
        assert_eq!(exchanged(directory.path(), &two), ["/assets/index-AAAA1111.js"]);
        assert_eq!(exchanged(directory.path(), &three), ["/assets/index-BBBB2222.js"]);
        // And a rollback has the files of the version that it leaves.
        assert_eq!(exchanged(directory.path(), &two), ["/assets/index-CCCC3333.js"]);
        assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 3);
    }

    #[test]
    fn a_torn_list_and_a_half_written_generation_are_recovered_from() {
        let directory = tempfile::tempdir().expect("a directory");
        let one = site(&[("/assets/index-AAAA1111.js", "1")]);
        exchanged(directory.path(), &one);
        fs::write(directory.path().join("generations"), [0xff, 0xfe, b'.', b'.']).expect("torn");
        fs::create_dir(directory.path().join("0123456789abcdef")).expect("half-written");
        assert!(exchanged(directory.path(), &one).is_empty());
        assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 2);
    }

    #[test]
    fn a_disk_that_has_grown_a_file_does_not_fill_the_memory() {
        let directory = tempfile::tempdir().expect("a directory");
        let one = site(&[("/assets/a-AAAA1111.js", "1"), ("/assets/b-AAAA1111.js", "1")]);
        exchanged(directory.path(), &one);
        let kept = directory.path().join(generation(&one).expect("named"));
        // Each may be there, and both are too much.
        for (name, length) in [("a-AAAA1111.js", MAX_BYTES), ("b-AAAA1111.js", 1)] {
            let file = fs::File::create(kept.join("assets").join(name)).expect("there");
            file.set_len(length).expect("grown");
        }
        let error = exchange(directory.path(), &site(&[("/assets/a-BBBB2222.js", "2")])).err().expect("too much");
        assert!(crate::error_chain(&error).contains("it is larger than"), "{error}");
    }
}
