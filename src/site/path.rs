//! The path of a file as what it is found by.

use std::borrow::{Borrow, Cow};
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// Absolute and decoded: `/assets/index-Ab12Cd34.js`.
#[derive(Debug, Clone, Eq)]
pub(super) struct FilePath<'a>(pub(super) Cow<'a, str>);

impl PartialEq for FilePath<'_> {
    fn eq(&self, other: &Self) -> bool {
        // musl compares a byte at a time.
        memchr::arch::all::is_equal(self.0.as_bytes(), other.0.as_bytes())
    }
}

impl Hash for FilePath<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Borrow<str> for FilePath<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Deref for FilePath<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for FilePath<'_> {
    fn from(path: String) -> Self {
        Self(Cow::Owned(path))
    }
}
