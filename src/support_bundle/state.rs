//! What the box keeps: its panics as they are, and of everything else only names and sizes.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::{Kind, Part};
use crate::panics;

/// Files that are listed.
const MAX_FILES: usize = 2000;

pub(super) fn parts(data_dir: &Path) -> Vec<Part> {
    let mut parts: Vec<_> = panics::kept(&data_dir.join("panics"))
        .into_iter()
        .map(|(time, text)| Part::new(Kind::Panics, format!("panics/{time}.txt"), Ok(text.into_bytes())))
        .collect();
    parts.push(Part::new(Kind::State, "state/files.txt", files(data_dir)));
    parts
}

/// Mode, owner, size, last change (Unix time) and path of each file.
fn files(data_dir: &Path) -> Result<Vec<u8>, String> {
    let mut text = String::new();
    let mut waiting = vec![data_dir.to_owned()];
    let mut listed = 0;
    while let Some(path) = waiting.pop() {
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if path == data_dir => return Err(format!("{}: {error}", path.display())),
            // Gone in the meantime.
            Err(_) => continue,
        };
        listed += 1;
        if listed > MAX_FILES {
            text.push_str("and more / y más\n");
            break;
        }
        let mode = metadata.permissions().mode();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{mode:06o} {}:{} {:>10} {} {}",
            metadata.uid(),
            metadata.gid(),
            metadata.len(),
            metadata.mtime(),
            path.display()
        );
        if metadata.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            waiting.extend(entries.take(MAX_FILES).map(|entry| entry.path()));
        }
    }
    Ok(text.into_bytes())
}
