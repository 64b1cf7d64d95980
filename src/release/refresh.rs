//! `refresh`: the same, valid for longer.

use jiff::{SignedDuration, Timestamp};

use super::change::Change;
use super::draft::{Draft, Signing};
use super::error::ReleaseError;
use super::repository::Repository;

/// What a signature has to gain to be worth making: the same command again changes nothing.
const WORTH: SignedDuration = SignedDuration::from_mins(5);

/// Signs these roles again, where that makes them valid for longer. What lists them is signed again too.
pub(super) fn refresh(repository: Repository, roles: &[String], signing: &Signing<'_>) -> Result<Change, ReleaseError> {
    let mut again = std::collections::BTreeSet::new();
    for role in roles {
        let until = expiry(&repository, role);
        let later = signing.lifetimes.until(role, signing.now)?;
        if until.is_none_or(|until| later.duration_since(until) > WORTH) {
            again.insert(role.clone());
        }
    }
    let mut draft = Draft::of(repository);
    draft.again = again;
    draft.plan(signing)
}

/// Until when a role is valid.
pub(super) fn expiry(repository: &Repository, role: &str) -> Option<Timestamp> {
    Some(match role {
        "root" => repository.root.role.signed.expires,
        "targets" => repository.targets.role.signed.expires,
        "snapshot" => repository.snapshot.role.signed.expires,
        "timestamp" => repository.timestamp.role.signed.expires,
        channel => repository.channels.get(channel)?.role.signed.expires,
    })
}
