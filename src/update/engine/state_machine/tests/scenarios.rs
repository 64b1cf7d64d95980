//! What people, sticks and channels do to a box.

use jiff::Timestamp;
use semver::Version;

use super::fixtures::{
    APPLY, STAGED, World, answered, begun, channel, failure, findings, forgive, in_a_wave, pin, previous, progress,
    refused, sha256, slots, version,
};
use crate::update::command::{Command, CommandOutcome};
use crate::update::engine::event::{Effect, Event, FetchOutcome, Subject};
use crate::update::engine::findings::VersionFile;
use crate::update::history::ChangeKind;
use crate::update::order::Override;
use crate::update::os::MAX_INSTALLATION;
use crate::update::state::{OsStep, Phase, WaitReason};
use crate::update::words;
use crate::window::Window;

const DONE: Result<CommandOutcome, String> = Ok(CommandOutcome::Done);

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn overtaken() -> Result<CommandOutcome, String> {
    Err(words::overtaken().en)
}

fn the() -> Version {
    version("1.1.0")
}

fn kept(pin: Option<&str>, held: bool) -> Event {
    Event::OrderKept(Ok(Override { pin: pin.map(version), held }))
}

fn not_fetched() -> Event {
    Event::Fetched(Err(failure()))
}

/// The step of the operating system.
fn system(world: &World) -> OsStep {
    world.engine.state().os.clone().expect("a system").step
}

#[test]
fn a_version_is_taken_when_it_is_time() {
    let mut world = World::open();
    world.expect_phase(&Phase::Idle);
    assert!((0..=20).contains(&world.until_due()));
    world.is_due().expect_effects(&["check"]).expect_phase(&Phase::Checking);
    world
        .finds(channel("1.1.0", None))
        .expect_effects(&["fetch the program"])
        .expect_phase(&Phase::Staging { version: the() });
    assert_eq!(world.engine.state().desired, Some(the()));
    world.event(progress(40)).expect_effects(&[]).expect_phase(&Phase::Downloading {
        version: the(),
        done: 40,
        total: 100,
    });
    world.event(progress(100)).expect_phase(&Phase::Staging { version: the() });
    world.later(5);
    let effects = world.engine.step(Event::Fetched(Ok(STAGED)), world.now);
    let [Effect::BeginTrial(entry)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((&entry.from, &entry.to, entry.kind), (&version("1.0.0"), &the(), ChangeKind::Update));
    assert_eq!((entry.bytes, entry.was_delta, entry.took_ms), (7, true, 5000));
    assert_eq!(entry.sha256, sha256(Subject::Program, "1.1.0"));
    world
        .event(Event::TrialBegun(Ok(())))
        .expect_effects(&["switch"])
        .expect_phase(&Phase::Switching { version: the() });
    // The end is a state, in which everything is answered.
    let mut late = world.request(Command::Hold);
    assert!(answered(&mut late).is_err_and(|words| words.contains("changing to version 1.1.0")));
    assert_eq!(world.engine.due(), None);
}

#[test]
fn a_person_overtakes_what_was_begun_by_itself() {
    // A check, and a download.
    for events in [&["check"][..], &["check", "fetch"]] {
        let mut world = World::open();
        world.is_due();
        if events.contains(&"fetch") {
            world.finds(channel("1.1.0", None)).event(progress(40));
        }
        let mut apply = world.request(APPLY);
        world.expect_effects(&["cancel", "check"]).expect_phase(&Phase::Checking);
        // The dropped check's result is ignored.
        world.event(not_fetched()).expect_effects(&[]).expect_phase(&Phase::Checking);
        world.finds(channel("1.1.0", None)).expect_effects(&["tell 1 begun", "fetch the program"]);
        assert_eq!(answered(&mut apply), Ok(begun("1.1.0", false)));
    }
}

#[test]
fn whoever_is_overtaken_is_answered() {
    let mut world = World::open();
    let mut apply = world.request(APPLY);
    let (mut check, mut again) = (world.request(Command::Check), world.request(APPLY));
    let mut hold = world.request(Command::Hold);
    world.expect_effects(&["tell 2 overtaken", "tell 1 overtaken", "cancel", "keep hold"]).expect_phase(&Phase::Idle);
    for answer in [&mut apply, &mut check, &mut again] {
        assert_eq!(answered(answer), overtaken());
    }
    world.event(kept(None, true));
    assert_eq!(answered(&mut hold), DONE);
    assert!(world.engine.state().order.held);
    // A download that was begun for somebody has been promised, not awaited: its state says how it ends.
    let mut apply = world.request(APPLY);
    world.finds(channel("1.1.0", None));
    assert_eq!(answered(&mut apply), Ok(begun("1.1.0", false)));
    let _unpin = world.request(Command::Unpin);
    world.expect_effects(&["cancel", "keep"]).expect_phase(&Phase::Idle);
    // The change remains.
    world.event(kept(None, false));
    let mut pinned = world.request(pin());
    world.event(kept(Some("1.1.0"), false));
    let _rollback = world.request(Command::Rollback);
    world.expect_effects(&["tell 1 done", "cancel", "prepare"]);
    assert_eq!(answered(&mut pinned), DONE);
}

#[test]
fn the_same_once_more_joins_what_is_under_way() {
    let mut world = World::open();
    world.is_due();
    let mut check = world.request(Command::Check);
    world.expect_effects(&[]);
    world.finds(channel("1.1.0", None)).expect_effects(&["tell 1 done", "fetch the program"]);
    assert_eq!(answered(&mut check), DONE);
    assert_eq!(answered(&mut world.request(Command::Check)), DONE);
    let mut apply = world.request(APPLY);
    let mut again = world.request(APPLY);
    world.finds(channel("1.1.0", None)).expect_effects(&["tell 2 begun", "fetch the program"]);
    assert_eq!(answered(&mut apply), answered(&mut again));
    assert_eq!(answered(&mut world.request(APPLY)), Ok(begun("1.1.0", false)));
    world.expect_effects(&["tell 1 begun"]);
    // Another version is another command.
    let _pinned = world.request(pin());
    world.event(kept(Some("1.1.0"), false));
    let _other = world.request(Command::Pin { version: version("1.2.0") });
    world.expect_effects(&["tell 1 done", "cancel", "keep pin 1.2.0"]);
}

#[test]
fn those_who_join_are_bounded() {
    let mut world = World::open();
    world.is_due();
    let mut waiting: Vec<_> = (0..17).map(|_| world.request(Command::Check)).collect();
    world.expect_effects(&["tell 1 busy"]);
    assert_eq!(answered(&mut waiting[16]), Err(words::busy().en));
    world.event(Event::Checked(Err(failure()))).expect_effects(&["tell 16 failed", "log the failure"]);
    assert!(waiting[..16].iter_mut().all(|answer| answered(answer).is_err()));
}

#[test]
fn what_cannot_be_overtaken_is_waited_for_in_turn_and_bounded() {
    let mut world = World::open();
    let _hold = world.request(Command::Hold);
    let mut waiting: Vec<_> = [Command::Unpin, Command::Check, pin(), Command::Rollback, Command::Hold]
        .into_iter()
        .map(|command| world.request(command))
        .collect();
    world.expect_effects(&["tell 1 busy"]);
    assert_eq!(answered(&mut waiting[4]), Err(words::busy().en));
    world.event(kept(None, true)).expect_effects(&["tell 1 done", "keep"]);
    // What follows can be overtaken, and is: by the pin, and that by the rollback.
    world.event(kept(None, false)).expect_effects(&[
        "check",
        "tell 1 done",
        "tell 1 overtaken",
        "cancel",
        "keep pin 1.1.0",
    ]);
    world.event(kept(Some("1.1.0"), false)).expect_effects(&["check", "tell 1 done", "cancel", "prepare"]);
    // Nobody is left behind by the end of the process.
    let mut late = world.request(Command::Check);
    world.event(Event::PreviousPrepared(Ok(Ok(previous())))).event(kept(Some("0.9.0"), false));
    world.event(Event::TrialBegun(Ok(()))).expect_effects(&["tell 1 begun", "tell 1 switching", "switch"]);
    assert!(answered(&mut late).is_err());
}

#[test]
fn what_waits_for_its_hour_is_downloaded_before_it_once() {
    let mut world = World::closed();
    let waiting = |is_here| Phase::Waiting { version: the(), until: second(3600), wait: WaitReason::Window, is_here };
    world
        .is_due()
        .finds(channel("1.1.0", None))
        .expect_effects(&["fetch the program ahead"])
        .expect_phase(&waiting(false));
    world.event(progress(40)).expect_phase(&Phase::Downloading { version: the(), done: 40, total: 100 });
    world.event(Event::Fetched(Ok(FetchOutcome::Prefetched))).expect_effects(&[]).expect_phase(&waiting(true));
    assert_eq!(world.until_due(), 60);
    world.is_due().finds(channel("1.1.0", None)).expect_effects(&[]).expect_phase(&waiting(true));
    // Soon after the hour, not at it; an order does not wait for it.
    world.later(3590 - u64::try_from(world.now.wall.as_second()).expect("later"));
    world.event(Event::Due).finds(channel("1.1.0", None)).expect_effects(&[]);
    assert_eq!(world.until_due(), 10 + 30);
    let mut apply = world.request(APPLY);
    world.finds(channel("1.1.0", None)).expect_effects(&["tell 1 begun", "fetch the program"]);
    assert_eq!(answered(&mut apply), Ok(begun("1.1.0", false)));
    world.request(Command::Hold);
    world.event(kept(None, false)).is_due();
    assert!(world.now.wall >= second(3600));
    world.finds(channel("1.1.0", None)).expect_effects(&["fetch the program"]);
}

#[test]
fn what_is_in_a_slot_already_is_not_downloaded_ahead() {
    let mut world = World::closed();
    let mut found = findings(channel("1.1.0", None), world.now);
    found.program.files = vec![VersionFile { sha256: sha256(Subject::Program, "1.1.0"), size: 100 }];
    world.is_due().finds_all(found).expect_effects(&[]);
    let waiting = Phase::Waiting { version: the(), until: second(3600), wait: WaitReason::Window, is_here: true };
    world.expect_phase(&waiting);
}

#[test]
fn what_waits_for_its_turn_is_not_downloaded() {
    let mut world = World::open();
    world.is_due().finds(in_a_wave(channel("1.1.0", None), 7200)).expect_effects(&[]);
    world.expect_phase(&Phase::Waiting { version: the(), until: second(7200), wait: WaitReason::Wave, is_here: false });
    // Never later than the usual check, and never before the turn.
    assert_eq!(world.until_due(), 60);
}

#[test]
fn the_system_comes_first_and_the_program_soon_after() {
    let mut world = World::open();
    world
        .is_due()
        .finds(channel("1.1.0", Some("1.1.0")))
        .expect_effects(&["fetch the system"])
        .expect_phase(&Phase::Idle);
    assert_eq!(system(&world), OsStep::Downloading { version: the(), done: 0, total: 100 });
    world.event(progress(30));
    assert_eq!(system(&world), OsStep::Downloading { version: the(), done: 30, total: 100 });
    world.event(Event::Fetched(Ok(FetchOutcome::Offered)));
    assert_eq!(system(&world), OsStep::Offered { version: the() });
    assert_eq!(world.until_due(), 1);
    world.is_due().finds(channel("1.1.0", Some("1.1.0"))).expect_effects(&["fetch the program"]);
    assert_eq!(system(&world), OsStep::Offered { version: the() });
    // It is not offered twice, but nothing else waits for root.
    world.event(not_fetched()).is_due().finds(channel("1.0.0", Some("1.1.0"))).expect_effects(&[]);
    assert_eq!(system(&world), OsStep::Offered { version: the() });
    // Nothing is wanted any more.
    world.is_due().finds(channel("1.0.0", Some("1.0.0"))).expect_effects(&["withdraw"]);
    assert_eq!(system(&world), OsStep::Idle);
}

#[test]
fn a_system_that_cannot_be_had_lets_the_program_have_its_turn() {
    let mut world = World::open();
    let both = || channel("1.1.0", Some("1.1.0"));
    world.is_due().finds(both()).expect_effects(&["fetch the system"]);
    world.event(not_fetched()).expect_effects(&["log the failure"]);
    assert_eq!(world.until_due(), 60);
    world.is_due().finds(both()).expect_effects(&["fetch the program"]);
    assert_eq!(system(&world), OsStep::Idle);
    // Then it is the system's again.
    world.event(not_fetched()).is_due().finds(both()).expect_effects(&["fetch the system"]);
    // On order too: the system first, and the program when the system has just failed.
    world.event(not_fetched());
    let mut apply = world.request(APPLY);
    world.finds(both()).expect_effects(&["tell 1 begun", "fetch the program"]);
    assert_eq!(answered(&mut apply), Ok(begun("1.1.0", false)));
    let _hold = world.request(Command::Hold);
    world.event(kept(None, true)).later(3600);
    let mut apply = world.request(APPLY);
    world.finds(channel("1.0.0", Some("1.1.0"))).expect_effects(&["tell 1 begun system", "fetch the system"]);
    assert_eq!(answered(&mut apply), Ok(begun("1.1.0", true)));
}

#[test]
fn what_root_refuses_is_offered_less_and_less_often_unless_it_is_ordered() {
    let mut world = World::open();
    let only = || channel("1.0.0", Some("1.1.0"));
    let (mut rested, mut checks) = (Vec::new(), 0);
    for refusal in 1..=5 {
        loop {
            checks += 1;
            let found = refused(findings(only(), world.now), refusal - 1);
            world.is_due().finds_all(found);
            if world.effects == ["fetch the system"] {
                break;
            }
        }
        world.event(Event::Fetched(Ok(FetchOutcome::Offered)));
        let found = refused(findings(only(), world.now), refusal);
        world.is_due().finds_all(found).expect_effects(&["log the refusal"]);
        assert_eq!(system(&world), OsStep::Idle);
        rested.push(checks);
        checks = 0;
    }
    assert!(rested.is_sorted() && rested[4] >= 4, "{rested:?}");
    let _apply = world.request(APPLY);
    let found = refused(findings(only(), world.now), 5);
    world.finds_all(found).expect_effects(&["tell 1 begun system", "fetch the system"]);
}

#[test]
fn root_that_stays_silent_is_asked_again() {
    let mut world = World::open();
    let only = || channel("1.0.0", Some("1.1.0"));
    world.is_due().finds(only()).event(Event::Fetched(Ok(FetchOutcome::Offered)));
    world.later(MAX_INSTALLATION.as_secs()).event(Event::Due).finds(only()).expect_effects(&[]);
    world.later(1).event(Event::Due).finds(only()).expect_effects(&["log the refusal"]);
    world.later(3600).event(Event::Due).finds(only()).expect_effects(&["fetch the system"]);
}

#[test]
fn a_rollback_pins_what_it_goes_back_to() {
    let mut world = World::open();
    let mut rollback = world.request(Command::Rollback);
    world.expect_effects(&["prepare"]).later(1);
    world.event(Event::PreviousPrepared(Ok(Ok(previous())))).expect_effects(&["keep pin 0.9.0"]);
    assert!(world.engine.keeps_staged());
    let effects = world.engine.step(kept(Some("0.9.0"), false), world.now);
    let [Effect::BeginTrial(entry)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((entry.kind, entry.bytes, entry.took_ms), (ChangeKind::Ordered, 0, 1000));
    assert_eq!(world.engine.state().order.pin, Some(version("0.9.0")));
    world.event(Event::TrialBegun(Ok(()))).expect_phase(&Phase::Switching { version: version("0.9.0") });
    assert_eq!(answered(&mut rollback), Ok(begun("0.9.0", false)));
}

#[test]
fn what_fails_delays_the_next_check_until_nothing_is_wanted() {
    let mut world = World::open();
    let mut waits = Vec::new();
    for _ in 0..9 {
        world.is_due().finds(channel("1.1.0", None)).event(not_fetched());
        waits.push(world.until_due());
    }
    assert_eq!(waits, [60, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    // Another version has not failed.
    world.is_due().finds(channel("1.2.0", None)).event(not_fetched());
    assert_eq!(world.until_due(), 60);
    let unanswered = (0..6).map(|_| world.is_due().event(Event::Checked(Err(failure()))).until_due());
    assert_eq!(unanswered.collect::<Vec<_>>(), [60, 120, 240, 480, 600, 600]);
    world.is_due().finds(channel("1.0.0", None));
    assert_eq!(world.until_due(), 60);
}

#[test]
fn a_fault_has_the_age_of_its_beginning_and_is_shown_until_a_check_succeeds() {
    let mut world = World::open();
    let since = |world: &World| world.engine.state().fault.as_ref().map(|fault| fault.since.as_second());
    world.later(100).event(Event::Due).event(Event::Checked(Err(failure()))).expect_phase(&Phase::Idle);
    world.later(100).event(Event::Due).event(Event::Checked(Err(failure())));
    assert_eq!(since(&world), Some(100));
    // An answer does not end it as long as what it offers cannot be had.
    world.later(100).event(Event::Due).finds(channel("1.1.0", None));
    assert_eq!(since(&world), None);
    world.event(not_fetched());
    assert_eq!(since(&world), Some(100));
    world.later(100).event(Event::Due).finds(channel("1.0.0", None));
    world.later(100).event(Event::Due).event(Event::Checked(Err(failure())));
    assert_eq!(since(&world), Some(500));
}

#[test]
fn a_version_that_is_forgiven_is_followed_at_once() {
    let mut world = World::open();
    for _ in 0..5 {
        world.is_due().finds(channel("1.1.0", None)).event(not_fetched());
    }
    let mut forgiven = world.request(forgive());
    world.event(Event::Forgiven(Ok(Some(slots())))).expect_effects(&["check"]);
    assert_eq!(world.engine.state().previous, Some(version("0.9.0")));
    world.finds(channel("1.1.0", None)).expect_effects(&["tell 1 begun", "fetch the program"]);
    assert_eq!(answered(&mut forgiven), Ok(begun("1.1.0", false)));
    world.event(not_fetched());
    assert_eq!(world.until_due(), 60, "the failures before do not count");
}

#[test]
fn a_box_that_others_update_says_so() {
    let mut world = World::new(Window::always(), false);
    world.is_due().finds(channel("1.1.0", None)).expect_effects(&[]).expect_phase(&Phase::Idle);
    for command in [Command::Rollback, forgive()] {
        assert_eq!(
            answered(&mut world.request(command)),
            Ok(CommandOutcome::Nothing { reason: words::not_by_itself() })
        );
        world.expect_phase(&Phase::Idle);
    }
    let mut apply = world.request(APPLY);
    world.finds(channel("1.1.0", None)).expect_effects(&["tell 1 nothing"]);
    assert_eq!(answered(&mut apply), Ok(CommandOutcome::Nothing { reason: words::not_own(&the()) }));
    // The system is root's.
    world.is_due().finds(channel("1.1.0", Some("1.1.0"))).expect_effects(&["fetch the system"]);
}

#[test]
fn what_is_on_hold_comes_only_when_it_is_asked_for() {
    let mut world = World::open();
    let _hold = world.request(Command::Hold);
    world.event(kept(None, true)).is_due().finds(channel("1.1.0", Some("1.1.0"))).expect_effects(&["withdraw"]);
    assert!(world.engine.state().decision.as_ref().is_some_and(|why| why.en.contains("on hold")));
    let _apply = world.request(APPLY);
    world.finds(channel("1.1.0", None)).expect_effects(&["tell 1 begun", "fetch the program"]);
    assert_eq!(world.engine.state().decision, None);
}
