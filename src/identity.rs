//! What distinguishes this box from all others.

use std::path::Path;

use crate::bounded_read::{self, read_text_bounded};
use crate::durable;

/// Sixteen hexadecimal digits, made at the first start. No secret: the network, the logs and the
/// update's waves see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BoxId(String);

impl BoxId {
    /// The one that is kept in `<data_dir>/box-id`, or else a new one. Where it cannot be kept, it
    /// is for this run only.
    #[must_use]
    pub(crate) fn load(data_dir: &Path) -> Self {
        let path = data_dir.join("box-id");
        if let Ok(text) = read_text_bounded(&path, bounded_read::SHORT)
            && is_id(text.trim())
        {
            return Self(text.trim().to_owned());
        }
        let id = format!("{:016x}", random());
        if let Err(error) = durable::write(&path, format!("{id}\n").as_bytes(), 0o644) {
            let error = crate::error_chain(&error);
            tracing::warn!(error, "the box's id cannot be written: it changes at the next start");
        }
        Self(id)
    }

    /// The digits.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// From the kernel, or else (before it has any) from the hasher's keys.
fn random() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    getrandom::u64().unwrap_or_else(|_| RandomState::new().hash_one(0))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_id_is_made_once_and_a_torn_one_is_replaced() {
        let data = tempfile::tempdir().expect("a directory");
        let id = BoxId::load(data.path());
        assert!(is_id(id.as_str()));
        assert_eq!(BoxId::load(data.path()), id);
        fs::write(data.path().join("box-id"), "12").expect("torn");
        let next = BoxId::load(data.path());
        assert!(is_id(next.as_str()) && next != id);
    }

    #[test]
    fn a_box_that_keeps_nothing_has_an_id_too() {
        assert!(is_id(BoxId::load(Path::new("/proc/nowhere")).as_str()));
    }
}
