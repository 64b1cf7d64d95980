//! Numbers that two boxes hardly ever draw alike.

/// From the kernel, or else (before it has any) from the hasher's keys.
pub(super) fn random() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    getrandom::u64().unwrap_or_else(|_| RandomState::new().hash_one(0))
}
