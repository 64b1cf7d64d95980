//! Reconciles slots and history: only the start after a change knows how it went.

use jiff::Timestamp;

use crate::slots::Table;
use crate::update::history::ChangeOutcome;
use crate::update::state::Quarantined;

/// How the change to a binary went, as the table has it; `None` while it is on trial.
pub(super) fn outcome(table: &Table, sha256: &str, at: Timestamp) -> Option<ChangeOutcome> {
    let is_there = |slot| table.image(slot).is_some_and(|image| image.sha256 == sha256);
    if table.on_trial().is_some_and(is_there) {
        return None;
    }
    if table.active().is_some_and(is_there) {
        return Some(ChangeOutcome::Confirmed { at });
    }
    let quarantined = table.quarantined().iter().rev().find(|one| one.image.sha256 == sha256);
    let reason = quarantined.map_or("it was replaced before it was confirmed", |one| one.reason.as_str()).to_owned();
    Some(ChangeOutcome::Reverted { at, reason })
}

/// What is not tried again.
pub(super) fn quarantined(table: &Table) -> Vec<Quarantined> {
    let one = |one: &crate::slots::Quarantined| Quarantined {
        version: one.image.version.clone(),
        sha256: one.image.sha256.clone(),
        reason: one.reason.clone(),
    };
    table.quarantined().iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slots::{Image, Slot};

    #[test]
    fn a_change_is_open_as_long_as_it_is_on_trial() {
        let at = Timestamp::UNIX_EPOCH;
        let image =
            |digit: &str| Image { version: "1.0.0".into(), sha256: digit.repeat(64), size: 1, requires_os: None };
        let mut table = Table::default();
        table.stage(Slot::A, image("a")).expect("free");
        table.begin_trial(Slot::A).expect("fit");
        assert_eq!(outcome(&table, &"a".repeat(64), at), None);
        table.confirm();
        assert_eq!(outcome(&table, &"a".repeat(64), at), Some(ChangeOutcome::Confirmed { at }));
        table.stage(Slot::B, image("b")).expect("free");
        table.begin_trial(Slot::B).expect("fit");
        table.revert("it hung");
        let reverted = Some(ChangeOutcome::Reverted { at, reason: "it hung".into() });
        assert_eq!(outcome(&table, &"b".repeat(64), at), reverted);
        assert_eq!(quarantined(&table)[0].reason, "it hung");
        let unknown = outcome(&table, &"c".repeat(64), at);
        assert!(matches!(unknown, Some(ChangeOutcome::Reverted { .. })), "{unknown:?}");
    }
}
