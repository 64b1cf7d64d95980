//! `rotate`: another key for a role.
//!
//! `keys.toml` says what keys a role is to have, and which ones it had (`retired`). A new root is signed by the old
//! threshold and the new one. What a role of the root signs is signed by its old and its new keys, so that it is valid
//! whichever root a box has at that moment; where the old key is lost, the root goes first, and boxes that ask in
//! between ask again a minute later.

use super::change::Change;
use super::draft::{Draft, Signing};
use super::error::ReleaseError;
use super::repository::Repository;

/// Gives a role the keys that `keys.toml` says.
pub(super) fn rotate(repository: Repository, role: &str, signing: &Signing<'_>) -> Result<Change, ReleaseError> {
    let mut draft = Draft::of(repository);
    draft.set_keys(role, &signing.keys.all(role)?, signing.keys.role(role)?.threshold)?;
    draft.plan(signing)
}
