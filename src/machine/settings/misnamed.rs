//! Files that were probably meant to be read, and have another name: Windows hides how names end, so that somebody who
//! sees
//! `secrets.txt` may have a `secrets.txt.txt`.

use std::fs;

use super::partition::is_there;
use super::{NAME, SECRETS_NAME};
use crate::machine::Paths;

/// Entries of a directory that are looked at.
const MAX_ENTRIES: usize = 4096;
/// Maximum names reported.
const MAX_REPORTED: usize = 5;

/// Which file one of this name was probably meant to be; `None` for that file itself, whatever the case of its letters,
/// as FAT has it, and for all others.
#[must_use]
pub(crate) fn meant(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    // Of this box itself: what a power cut has left, and images and versions of the program.
    if [NAME, SECRETS_NAME].contains(&lower.as_str())
        || lower.strip_suffix(".tmp").is_some()
        || lower.starts_with("workshop-edge-")
    {
        return None;
    }
    let begins = |beginning| lower.starts_with(beginning);
    // In Spanish, too.
    [("workshop-edge", NAME), ("workshop_edge", NAME), ("secret", SECRETS_NAME)]
        .into_iter()
        .find_map(|(beginning, meant)| begins(beginning).then_some(meant))
}

/// Those on the partition, with what they were meant to be.
pub(super) fn all(paths: &Paths) -> Vec<(String, &'static str)> {
    if !is_there(paths) {
        return Vec::new();
    }
    let entries = fs::read_dir(paths.settings_partition()).into_iter().flatten().take(MAX_ENTRIES).flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let names = files.filter_map(|entry| entry.file_name().into_string().ok());
    let mut found: Vec<_> = names.filter_map(|name| meant(&name).map(|meant| (name, meant))).collect();
    found.sort();
    found.truncate(MAX_REPORTED);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_name_was_meant_to_be_is_known() {
        for (name, file) in [
            ("workshop-edge.txt", None),
            ("Workshop-Edge.TXT", None),
            ("SECRETS.TXT", None),
            ("LEEME.txt", None),
            ("workshop-edge.txt.tmp", None),
            ("workshop-edge-0.2.0-x86_64.img.zst", None),
            ("Workshop-edge.txt.TXT", Some(NAME)),
            ("workshop-edge (1).txt", Some(NAME)),
            ("workshop_edge.txt", Some(NAME)),
            ("Secrets.txt.txt", Some(SECRETS_NAME)),
            ("secret.txt", Some(SECRETS_NAME)),
            ("secretos.txt", Some(SECRETS_NAME)),
        ] {
            assert_eq!(meant(name), file, "{name}");
        }
    }
}
