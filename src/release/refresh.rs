//! `refresh`: the same, valid for longer.

use crate::lang::Text;
use jiff::{SignedDuration, Timestamp};

use super::change::Change;
use super::draft::{Draft, Signing};
use super::error::ReleaseError;
use super::repository::Repository;

/// What a signature has to gain to be worth making: the same command again changes nothing.
const MIN_EXTENSION: SignedDuration = SignedDuration::from_mins(5);

/// Signs these roles again, where that makes them valid for longer. What lists them is signed again too.
pub(super) fn refresh(repository: Repository, roles: &[String], signing: &Signing<'_>) -> Result<Change, ReleaseError> {
    let (mut again, mut why) = (std::collections::BTreeSet::new(), Vec::new());
    for role in roles {
        let until = expiry(&repository, role);
        let later = signing.lifetimes.until(role, signing.now)?;
        match until.filter(|until| later.duration_since(*until) <= MIN_EXTENSION) {
            None => {
                again.insert(role.clone());
            }
            Some(until) if later < until => why.push(Text::new(
                format!("{role} ya es válido hasta {until}; firmado ahora lo sería solo hasta {later}, y no se acorta"),
                format!("{role} is valid until {until} already; signed now it would be until {later} only, and is not shortened"),
            )),
            Some(until) => why.push(Text::new(
                format!("{role} ya es válido hasta {until}, y firmado ahora no ganaría más de {} min", MIN_EXTENSION.as_mins()),
                format!("{role} is valid until {until} already, and would gain no more than {} min by being signed now", MIN_EXTENSION.as_mins()),
            )),
        }
    }
    let mut draft = Draft::of(repository);
    draft.again = again;
    Ok(draft.plan(signing)?.because(why))
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
