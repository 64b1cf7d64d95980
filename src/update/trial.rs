//! Whether a binary that was switched to is to stay: what it has to show, and for how long.
//!
//! ```text
//! round after round ─> all well for `update.trial_s` at a stretch ─> confirmed, when nothing is awaited
//!                   ├> a task has panicked ────────────────────────> reverted at once
//!                   └> not well at a stretch for three times that ─> reverted; nor when something still is awaited
//! ```
//!
//! While every connection is taken nothing is decided: a client that takes them all would decide the box's version. Nor
//! while the disk is full: the version before would have no more room.
//!
//! The ERP and the internet are no part of it: a workshop that is offline must not lose a good version, and one that
//! comes back with the ERP's fault would lose every version.

use std::time::Duration;

/// What a round of checks has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// All is well.
    Well,
    /// All is well, but something is awaited that has to be shown besides: what, as a reason to revert.
    Awaited(String),
    /// Something is not, which may pass: what.
    Unwell(String),
    /// It cannot be determined; the reason completes a sentence that ends in "since".
    Unknown(&'static str),
    /// Something is not, and never will be: what.
    Broken(String),
}

/// What follows from the rounds so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not decided yet.
    Wait,
    /// It stays.
    Confirm,
    /// It goes, for this reason.
    Revert(String),
}

/// Rounds of checks, and what follows from them.
#[derive(Debug)]
pub(crate) struct Gate {
    stretch: Duration,
    /// Since when all has been well.
    since: Option<Duration>,
    /// What was wrong, or awaited, last.
    wrong: Option<String>,
}

/// How many times its stretch a trial lasts at most.
pub(crate) const STRETCHES: u32 = 3;

/// How long a trial lasts at most, unless it cannot be told whether all is well.
const fn max_trial(stretch: Duration) -> Duration {
    stretch.saturating_mul(STRETCHES)
}

/// For how long a change of version may show no progress: while it waits for a quiet moment, and then while it is on trial.
#[must_use]
pub(crate) const fn max_change(quiet_wait: Duration, stretch: Duration) -> Duration {
    quiet_wait.saturating_add(max_trial(stretch))
}

impl Gate {
    /// All has to be well for this long at a stretch.
    #[must_use]
    pub(crate) fn new(stretch: Duration) -> Self {
        Self { stretch, since: None, wrong: None }
    }

    /// Takes a round that began so long after the start.
    pub(crate) fn judge(&mut self, at: Duration, found: Found) -> Verdict {
        match found {
            Found::Broken(reason) => return Verdict::Revert(reason),
            Found::Unknown(_) => return Verdict::Wait,
            Found::Unwell(reason) => {
                self.since = None;
                self.wrong = Some(reason);
            }
            // All that is awaited is, so the stretch goes on.
            Found::Awaited(reason) => {
                self.since.get_or_insert(at);
                self.wrong = Some(reason);
            }
            Found::Well => {
                let since = *self.since.get_or_insert(at);
                if at.saturating_sub(since) >= self.stretch {
                    return Verdict::Confirm;
                }
            }
        }
        match &self.wrong {
            Some(reason) if at >= max_trial(self.stretch) => Verdict::Revert(reason.clone()),
            _ => Verdict::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The verdict on rounds a second apart, and the second that it falls in: `.` is well, `x` unwell, `!` broken,
    /// `-` awaits something, and `?` cannot be determined.
    fn verdict(rounds: &str) -> (usize, Verdict) {
        let mut gate = Gate::new(Duration::from_secs(3));
        for (second, round) in rounds.chars().enumerate() {
            let found = match round {
                '.' => Found::Well,
                '?' => Found::Unknown("all connections are taken"),
                '-' => Found::Awaited(format!("awaited in second {second}")),
                'x' => Found::Unwell(format!("unwell in second {second}")),
                _ => Found::Broken("broken".into()),
            };
            let verdict = gate.judge(Duration::from_secs(second as u64), found);
            if verdict != Verdict::Wait {
                return (second, verdict);
            }
        }
        (rounds.len(), Verdict::Wait)
    }

    #[test]
    fn it_has_to_be_well_at_a_stretch() {
        let reverted = |second, reason: &str| (second, Verdict::Revert(reason.into()));
        assert_eq!(verdict("..."), (3, Verdict::Wait));
        assert_eq!(verdict("...."), (3, Verdict::Confirm));
        assert_eq!(verdict("xx...."), (5, Verdict::Confirm));
        assert_eq!(verdict("..x...."), (6, Verdict::Confirm));
        assert_eq!(verdict("..!"), reverted(2, "broken"));
        assert_eq!(verdict("xxxxxxxxxxx"), reverted(9, "unwell in second 9"));
        assert_eq!(verdict("..x..x..x...."), reverted(9, "unwell in second 8"));
        assert_eq!(verdict("xxxxxx...."), (9, Verdict::Confirm));
        assert_eq!(verdict("x????????????"), (13, Verdict::Wait));
        assert_eq!(verdict(".????."), (5, Verdict::Confirm));
    }

    #[test]
    fn what_is_awaited_withholds_the_end_and_not_the_stretch() {
        let reverted = |second, reason: &str| (second, Verdict::Revert(reason.into()));
        assert_eq!(verdict("-----."), (5, Verdict::Confirm));
        assert_eq!(verdict("--------."), (8, Verdict::Confirm));
        assert_eq!(verdict("---------."), (9, Verdict::Confirm));
        assert_eq!(verdict("----------"), reverted(9, "awaited in second 9"));
        assert_eq!(verdict("-."), (2, Verdict::Wait));
        assert_eq!(verdict("--x-----."), (8, Verdict::Confirm));
        assert_eq!(verdict("-------x-."), reverted(9, "awaited in second 8"));
    }

    proptest! {
        #[test]
        fn it_is_always_decided_and_never_against_the_last_stretch(rounds in "[.x]{10,40}") {
            let (second, verdict) = verdict(&rounds);
            let tail = &rounds[second.saturating_sub(3)..=second];
            match verdict {
                Verdict::Confirm => prop_assert_eq!(tail, "...."),
                Verdict::Revert(_) => prop_assert!(second == 9 && tail != "...."),
                Verdict::Wait => prop_assert!(false, "undecided"),
            }
        }
    }
}
