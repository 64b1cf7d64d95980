//! Files of sysfs: one short value each (<https://docs.kernel.org/filesystems/sysfs.html>).

use std::fs;
use std::path::{Path, PathBuf};

use crate::bounded_read::{SHORT, read_text_bounded};

/// Entries of a directory that are looked at.
const MAX_ENTRIES: usize = 256;

/// What a file says, without the end of its line.
pub(super) fn text(path: &Path) -> Option<String> {
    read_text_bounded(path, SHORT).ok().map(|text| text.trim().to_owned())
}

/// The number that a file says.
pub(super) fn number(path: &Path) -> Option<i64> {
    text(path)?.parse().ok()
}

/// The entries of a directory whose names are this prefix and a number, by that number.
pub(super) fn numbered(directory: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix(prefix)?.parse::<u32>().ok();
    let paths = entries.take(MAX_ENTRIES).filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<_> = paths.filter_map(|path| Some((number(&path)?, path))).collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// Makes files below a directory.
#[cfg(test)]
pub(super) fn tree(sys: &Path, files: &[(&str, &str)]) {
    for (path, content) in files {
        let path = sys.join(path);
        fs::create_dir_all(path.parent().expect("below it")).expect("made");
        fs::write(path, format!("{content}\n")).expect("written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_their_numbers() {
        let sys = tempfile::tempdir().expect("a directory");
        tree(
            sys.path(),
            &[("mmcblk10/a", ""), ("mmcblk2/a", ""), ("mmcblk2boot0/a", ""), ("sda/a", ""), ("mmcblk/a", "")],
        );
        let names: Vec<_> = numbered(sys.path(), "mmcblk")
            .iter()
            .map(|path| path.strip_prefix(sys.path()).expect("below").to_owned())
            .collect();
        assert_eq!(names, [Path::new("mmcblk2"), Path::new("mmcblk10")]);
    }

    #[test]
    fn a_value_is_what_stands_in_the_line() {
        let sys = tempfile::tempdir().expect("a directory");
        tree(sys.path(), &[("temp", "-5000"), ("words", "two words")]);
        assert_eq!(number(&sys.path().join("temp")), Some(-5000));
        assert_eq!((number(&sys.path().join("words")), number(&sys.path().join("none"))), (None, None));
    }
}
