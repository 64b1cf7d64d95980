//! The name that the box had at last, so that a restart does not change it.

use std::path::{Path, PathBuf};

use crate::bounded_read::{self, read_text_bounded};
use crate::durable;

/// The name that the box had at last.
#[derive(Debug)]
pub(super) struct LastName {
    path: PathBuf,
    kept: Option<String>,
}

impl LastName {
    /// Reads `<data_dir>/discovery-name`: the wanted and the final name, a line each.
    pub(super) fn load(data_dir: &Path) -> Self {
        let path = data_dir.join("discovery-name");
        let kept = read_text_bounded(&path, bounded_read::SHORT).ok();
        Self { path, kept }
    }

    /// The final name, if it was derived from the configured one.
    pub(super) fn of(&self, wanted: &str) -> Option<&str> {
        let mut lines = self.kept.as_deref()?.lines();
        let (was_wanted, name) = (lines.next()?, lines.next()?);
        let suffix = name.strip_prefix(wanted)?;
        let is_ours = suffix.is_empty()
            || suffix.strip_prefix('-').is_some_and(|number| number.parse::<u16>().is_ok() && name.len() <= 63);
        (was_wanted == wanted && is_ours).then_some(name)
    }

    /// Keeps a name.
    pub(super) fn keep(&mut self, wanted: &str, name: &str) {
        let text = format!("{wanted}\n{name}\n");
        if self.kept.as_ref() == Some(&text) {
            return;
        }
        if let Err(error) = durable::write(&self.path, text.as_bytes(), 0o644) {
            let error = crate::error_chain(&error);
            tracing::warn!(error, "the box's name cannot be written: it may change at the next start");
        }
        // In any case, so that a full disk is not written to again and again.
        self.kept = Some(text);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_name_is_kept_for_what_was_wanted() {
        let data = tempfile::tempdir().expect("a directory");
        let mut last = LastName::load(data.path());
        assert_eq!(last.of("taller"), None);
        last.keep("taller", "taller-2");
        let last = LastName::load(data.path());
        assert_eq!(last.of("taller"), Some("taller-2"));
        assert_eq!(last.of("nave"), None);
        fs::write(data.path().join("discovery-name"), "taller\ntaller-evil.name\n").expect("written");
        assert_eq!(LastName::load(data.path()).of("taller"), None);
    }
}
