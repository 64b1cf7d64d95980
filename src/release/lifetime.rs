//! How long a signature on a role is valid.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::ROLES;
use super::error::{ReleaseError, refuse};
use super::moment;

/// Until when the roles that are signed now are valid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lifetimes(BTreeMap<String, Lifetime>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lifetime {
    For(SignedDuration),
    Until(Timestamp),
}

impl Lifetimes {
    /// From `ROLE=DURATION` or `ROLE=TIME` each.
    pub(super) fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, ReleaseError> {
        let mut lifetimes = Self::default();
        for text in texts {
            let parsed = text.split_once('=').and_then(|(role, when)| {
                let lifetime = match moment::duration(when) {
                    Some(duration) => Lifetime::For(duration),
                    None => Lifetime::Until(moment::timestamp(when)?),
                };
                ROLES.contains(&role).then_some((role, lifetime))
            });
            let Some((role, lifetime)) = parsed else {
                return Err(refuse(
                    format!("--expires {text}: se espera ROL=7d o ROL=2027-01-31T00:00Z, con ROL uno de {ROLES:?}"),
                    format!("--expires {text}: want ROLE=7d or ROLE=2027-01-31T00:00Z, with ROLE one of {ROLES:?}"),
                ));
            };
            lifetimes.0.insert(role.to_owned(), lifetime);
        }
        Ok(lifetimes)
    }

    /// Until when what is signed now for a role is valid, in whole seconds.
    pub(super) fn until(&self, role: &str, now: Timestamp) -> Result<Timestamp, ReleaseError> {
        let lifetime = self.0.get(role).copied().unwrap_or_else(|| Lifetime::For(usual(role)));
        let until = match lifetime {
            Lifetime::For(duration) => now.checked_add(duration).map_err(|_| {
                refuse(
                    format!("--expires {role}: más lejos de lo que llega el calendario"),
                    format!("--expires {role}: farther than the calendar goes"),
                )
            })?,
            Lifetime::Until(at) => at,
        };
        let until = moment::whole_second(until);
        if until <= now {
            return Err(refuse(
                format!("el rol {role} caducaría en el pasado ({until}): dé a --expires {role}=… un plazo futuro"),
                format!("the role {role} would expire in the past ({until}): give --expires {role}=… a future time"),
            ));
        }
        Ok(until)
    }
}

fn usual(role: &str) -> SignedDuration {
    let days = match role {
        "root" => 730,
        "targets" | "stable" => 365,
        "staging" => 90,
        "snapshot" => 14,
        _ => 7,
    };
    SignedDuration::from_hours(days * 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_valid_as_long_as_it_is_said() {
        let now: Timestamp = "2026-11-24T12:00:00.5Z".parse().expect("a time");
        let lifetimes = Lifetimes::parse(["timestamp=2d", "stable=2027-01-01T00:00Z"]).expect("valid");
        let until = |role| lifetimes.until(role, now).expect("in the future").to_string();
        assert_eq!(until("timestamp"), "2026-11-26T12:00:00Z");
        assert_eq!(until("stable"), "2027-01-01T00:00:00Z");
        assert_eq!(until("snapshot"), "2026-12-08T12:00:00Z");
        assert_eq!(until("root"), "2028-11-23T12:00:00Z");
    }

    #[test]
    fn the_past_is_refused() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().expect("a time");
        for text in ["timestamp=0s", "timestamp=-1d", "timestamp=2026-11-24T11:59Z"] {
            let lifetimes = Lifetimes::parse([text]).expect("understood");
            let error = lifetimes.until("timestamp", now).expect_err("in the past");
            assert!(error.to_string().contains("would expire in the past"), "{error}");
        }
        for text in ["nobody=7d", "timestamp", "timestamp=soon"] {
            assert!(Lifetimes::parse([text]).is_err(), "{text}");
        }
    }
}
