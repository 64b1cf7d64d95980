//! What holds whatever happens, and in whatever order.

use proptest::prelude::*;

use super::fixtures::{
    APPLY, Answer, STAGED, World, channel, failure, findings, forgive, pin, previous, progress, refused, slots,
};
use crate::update::command::Command;
use crate::update::engine::activity::Activity;
use crate::update::engine::event::{Event, FetchOutcome, Subject};
use crate::update::words;

/// What the operation that is under way may end with.
fn end(world: &World, choice: u8) -> Option<Event> {
    let is_well = !choice.is_multiple_of(4);
    Some(match world.engine.activity {
        Activity::Idle { .. } => Event::Due,
        Activity::Checking(_) if is_well => {
            let program = if choice.is_multiple_of(3) { "1.0.0" } else { "1.1.0" };
            let found = findings(channel(program, choice.is_multiple_of(5).then_some("1.1.0")), world.now);
            Event::Checked(Ok(Box::new(if choice.is_multiple_of(7) { refused(found, choice.into()) } else { found })))
        }
        Activity::Checking(_) => Event::Checked(Err(failure())),
        Activity::Fetching(_) if !is_well => Event::Fetched(Err(failure())),
        Activity::Fetching(_) if choice % 5 == 1 => progress(u64::from(choice % 100)),
        Activity::Fetching(ref fetching) => {
            Event::Fetched(Ok(match (fetching.job.is_prefetch, fetching.job.subject) {
                (true, _) => FetchOutcome::Prefetched,
                (false, Subject::Program) => STAGED,
                (false, Subject::System) => FetchOutcome::Offered,
            }))
        }
        Activity::KeepingOrder { .. } if is_well => Event::OrderKept(Ok(world.engine.state().order.clone())),
        Activity::KeepingOrder { .. } => Event::OrderKept(Err(failure())),
        Activity::Forgiving { .. } if is_well => Event::Forgiven(Ok(choice.is_multiple_of(3).then(slots))),
        Activity::Forgiving { .. } => Event::Forgiven(Err(failure())),
        Activity::PreparingPrevious { .. } if is_well => Event::PreviousPrepared(Ok(if choice.is_multiple_of(3) {
            Err(words::no_previous())
        } else {
            Ok(previous())
        })),
        Activity::PreparingPrevious { .. } => Event::PreviousPrepared(Err(failure())),
        Activity::BeginningTrial { .. } if is_well => Event::TrialBegun(Ok(())),
        Activity::BeginningTrial { .. } => Event::TrialBegun(Err(failure())),
        Activity::Switching { .. } => return None,
    })
}

fn command(choice: u8) -> Command {
    match choice % 7 {
        0 => Command::Check,
        1 => APPLY,
        2 => pin(),
        3 => Command::Unpin,
        4 => Command::Hold,
        5 => Command::Rollback,
        _ => forgive(),
    }
}

proptest! {
    /// Every request is answered; at most one operation is under way, and none is skipped; an idle engine
    /// checks again within the hour and a half; nothing waits without bound.
    #[test]
    fn whoever_asks_is_answered(steps in prop::collection::vec((any::<bool>(), any::<u8>()), 1..60), closed: bool) {
        let mut world = if closed { World::closed() } else { World::open() };
        let mut waiting: Vec<Answer> = Vec::new();
        let mut under_way = false;
        for (asks, choice) in steps {
            world.later(u64::from(choice));
            if asks {
                waiting.push(world.request(command(choice)));
            } else if let Some(event) = end(&world, choice) {
                // What ends is no longer under way; progress is no end.
                under_way &= matches!(event, Event::Progress(_));
                world.event(event);
            }
            for effect in &world.effects {
                match effect.as_str() {
                    "cancel" => {
                        prop_assert!(under_way, "{:?}", world.effects);
                        under_way = false;
                    }
                    "check" | "forgive" | "prepare" | "begin the trial" => {
                        prop_assert!(!under_way, "{:?}", world.effects);
                        under_way = true;
                    }
                    other if other.starts_with("fetch") || other.starts_with("keep") => {
                        prop_assert!(!under_way, "{:?}", world.effects);
                        under_way = true;
                    }
                    _ => {}
                }
            }
            let rests = matches!(world.engine.activity, Activity::Idle { .. } | Activity::Switching { .. });
            prop_assert_eq!(under_way, !rests, "{}", world.activity());
            if world.engine.due().is_some() {
                prop_assert!(world.until_due() <= 5400);
            }
            prop_assert!(world.engine.deferred.is_empty() || !world.engine.may_be_overtaken());
            prop_assert!(world.engine.deferred.len() <= 4);
        }
        while let Some(event) = end(&world, 1).filter(|_| world.engine.due().is_none()) {
            let event = if matches!(event, Event::Progress(_)) { Event::Fetched(Err(failure())) } else { event };
            world.event(event);
        }
        for mut answer in waiting {
            prop_assert!(answer.try_recv().is_ok(), "not answered");
        }
    }
}
