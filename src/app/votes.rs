//! The screens' part in a trial: whether enough of the named ones that were showing the page before show the new version well.
//!
//! A TV that is off says nothing against a version. One that was heard of and shows nothing does: its page may hang.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::trial::Check;
use crate::metrics::Metrics;
use crate::screens::{Screens, Vote, Voter};
use crate::update::trial::Found;
use crate::update::votes::ScreenVotes;

/// For so long TVs may need to be heard of again; less where the trial is short.
const PATIENCE: Duration = Duration::from_secs(60);
/// Screens that a line names.
const MAX_NAMED: usize = 8;

/// Asks them, `needed` of which have to show it well. What they say goes to `said` too. `None` where none are needed.
pub(super) fn check(
    needed: usize,
    stretch: Duration,
    screens: Screens,
    metrics: Arc<Metrics>,
    said: watch::Sender<Option<ScreenVotes>>,
) -> Option<Check> {
    if needed == 0 {
        return None;
    }
    let (start, patience) = (Instant::now(), patience(stretch));
    let logged = Mutex::new(Vec::new());
    Some(Box::new(move || {
        let asked = screens.voters();
        metrics.votes(asked.iter().map(|voter| (voter.name.as_str(), voter.vote.name())));
        let (found, now) = decide(needed, &asked, start.elapsed(), patience);
        let is_new = said.send_if_modified(|known| known.replace(now.clone()).as_ref() != Some(&now));
        let mut logged = logged.lock().unwrap_or_else(PoisonError::into_inner);
        if *logged != asked {
            let named = |vote| names(&of(&asked, vote));
            tracing::info!(
                needed,
                yes = named(Vote::Yes),
                waiting = named(Vote::Waiting),
                errors = named(Vote::Errors),
                off = named(Vote::Off),
                "what the screens show of the version on trial"
            );
            *logged = asked;
        }
        if is_new && now.too_few {
            tracing::warn!(needed, "too few named screens are on to ask them: the trial goes on without them");
        }
        found
    }))
}

/// Within the time that a trial has at most.
fn patience(stretch: Duration) -> Duration {
    stretch.saturating_mul(2).min(PATIENCE)
}

/// What follows from what they say, so long after the start.
fn decide(needed: usize, asked: &[Voter], at: Duration, patience: Duration) -> (Found, ScreenVotes) {
    let yes = of(asked, Vote::Yes);
    let on = asked.iter().filter(|voter| voter.vote != Vote::Off).count();
    let are_too_few = asked.len() < needed || (on < needed && at >= patience);
    let said = ScreenVotes::new(needed, &yes, are_too_few);
    if are_too_few || yes.len() >= needed {
        return (Found::Well, said);
    }
    let mut reason = format!("{} of the {needed} screens needed have shown it well", yes.len());
    for (vote, what) in [(Vote::Errors, "errors on"), (Vote::Waiting, "nothing yet from"), (Vote::Off, "off")] {
        let those = of(asked, vote);
        if !those.is_empty() {
            reason = format!("{reason}; {what}: {}", names(&those));
        }
    }
    (Found::Awaited(reason), said)
}

fn of(asked: &[Voter], vote: Vote) -> Vec<&str> {
    asked.iter().filter(|voter| voter.vote == vote).map(|voter| voter.name.as_str()).collect()
}

fn names(names: &[&str]) -> String {
    let more = names.len().saturating_sub(MAX_NAMED);
    let first = names.iter().take(MAX_NAMED).copied().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{first} and {more} more") } else { first }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `y`es, `w`aiting, `e`rrors, `o`ff: one letter a screen.
    fn wall(votes: &str) -> Vec<Voter> {
        let screen = |(number, letter)| Voter {
            name: format!("TV {number}"),
            vote: match letter {
                'y' => Vote::Yes,
                'w' => Vote::Waiting,
                'e' => Vote::Errors,
                _ => Vote::Off,
            },
        };
        votes.chars().enumerate().map(screen).collect()
    }

    fn decided(needed: usize, votes: &str, seconds: u64) -> (Found, ScreenVotes) {
        decide(needed, &wall(votes), Duration::from_secs(seconds), PATIENCE)
    }

    #[test]
    fn enough_screens_confirm_it_and_errors_do_not() {
        assert_eq!(decided(2, "yy", 0), (Found::Well, ScreenVotes::new(2, &["TV 0", "TV 1"], false)));
        assert_eq!(decided(2, "yeyo", 99).0, Found::Well);
        let awaited = |reason: &str| Found::Awaited(reason.into());
        assert_eq!(
            decided(2, "yewo", 99).0,
            awaited("1 of the 2 screens needed have shown it well; errors on: TV 1; nothing yet from: TV 2; off: TV 3")
        );
        assert_eq!(decided(1, "e", 99).0, awaited("0 of the 1 screens needed have shown it well; errors on: TV 0"));
    }

    #[test]
    fn too_few_screens_decide_nothing() {
        let few = |yes: &[&str]| (Found::Well, ScreenVotes::new(2, yes, true));
        assert_eq!(decided(2, "", 0), few(&[]), "nobody was showing: a first start, or a record of an older program");
        assert_eq!(decided(2, "e", 0), few(&[]), "no time makes them enough");
        assert_eq!(decided(2, "yoo", 60), few(&["TV 0"]));
        assert!(matches!(decided(2, "yoo", 59).0, Found::Awaited(_)), "they may come yet");
        assert!(matches!(decided(2, "weoo", 60).0, Found::Awaited(_)), "they are on");
    }

    #[test]
    fn screens_have_until_shortly_before_the_trial_ends() {
        let second = Duration::from_secs;
        assert_eq!(
            (patience(second(30)), patience(second(10)), patience(second(3600))),
            (PATIENCE, second(20), PATIENCE)
        );
    }

    #[test]
    fn a_line_names_the_first_and_counts_the_others() {
        let many = wall(&"e".repeat(12));
        assert!(names(&of(&many, Vote::Errors)).ends_with("TV 7 and 4 more"));
    }

    proptest! {
        /// Whatever the others say.
        #[test]
        fn a_version_passes_with_its_votes_or_without_enough_screens(votes in "[yweo]{0,8}", needed in 1_usize..6) {
            let (found, said) = decided(needed, &votes, 60);
            let yes = votes.matches('y').count();
            let on = votes.len() - votes.matches('o').count();
            prop_assert_eq!(found == Found::Well, yes >= needed || on < needed);
            prop_assert_eq!((said.too_few, said.yes), (on < needed, yes));
        }
    }
}
