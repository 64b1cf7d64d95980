//! Every event in every state. Whatever the table does not name leaves the engine as it is, and wants nothing.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::fixtures::{APPLY, STAGED, World, channel, failure, findings, forgive, pin, previous, progress, slots};
use crate::update::command::Command;
use crate::update::engine::activity::{Activity, AfterOrder};
use crate::update::engine::event::{Event, FetchOutcome, Subject};
use crate::update::engine::request::Request;
use crate::update::order::Override;
use crate::update::words;

/// A state, by what has led to it.
type State = (&'static str, fn() -> World);

const STATES: &[State] = &[
    ("idle", World::open),
    ("checking", || with(&["due"])),
    ("checking for apply", || with(&["apply"])),
    ("checking for pin", || with(&["pin", "kept"])),
    ("fetching", || with(&["due", "found program"])),
    ("fetching for apply", || with(&["apply", "found program"])),
    ("fetching for pin", || with(&["pin", "kept", "found program"])),
    ("fetching ahead", || from(World::closed(), &["due", "found program"])),
    ("fetching the system", || with(&["due", "found system"])),
    ("keeping hold", || with(&["hold"])),
    ("keeping pin", || with(&["pin"])),
    ("keeping for rollback", || with(&["rollback", "previous"])),
    ("forgiving", || with(&["forgive"])),
    ("preparing", || with(&["rollback"])),
    ("beginning", || with(&["due", "found program", "staged"])),
    ("beginning for rollback", || with(&["rollback", "previous", "kept"])),
    ("switching", || with(&["due", "found program", "staged", "begun"])),
];

fn with(events: &[&str]) -> World {
    from(World::open(), events)
}

fn from(mut world: World, events: &[&str]) -> World {
    for name in events {
        let event = event(name, &world);
        world.event(event);
    }
    world
}

const EVENTS: &[&str] = &[
    "due",
    "check",
    "apply",
    "pin",
    "unpin",
    "hold",
    "rollback",
    "forgive",
    "stick",
    "found nothing",
    "found program",
    "found system",
    "not checked",
    "progress",
    "prefetched",
    "staged",
    "offered",
    "not fetched",
    "kept",
    "not kept",
    "forgiven",
    "nothing forgiven",
    "not forgiven",
    "previous",
    "no previous",
    "not prepared",
    "begun",
    "not begun",
];

fn event(name: &str, world: &World) -> Event {
    let asked = |command| Event::Request(Request { command, senders: vec![tokio::sync::oneshot::channel().0] });
    let found = |program, system| Event::Checked(Ok(Box::new(findings(channel(program, system), world.now))));
    match name {
        "due" => Event::Due,
        "check" => asked(Command::Check),
        "apply" => asked(APPLY),
        "pin" => asked(pin()),
        "unpin" => asked(Command::Unpin),
        "hold" => asked(Command::Hold),
        "rollback" => asked(Command::Rollback),
        "forgive" => asked(forgive()),
        "stick" => {
            Event::Request(Request { command: Command::Apply { from: Some(PathBuf::new()) }, senders: Vec::new() })
        }
        "found nothing" => found("1.0.0", None),
        "found program" => found("1.1.0", None),
        "found system" => found("1.1.0", Some("1.1.0")),
        "not checked" => Event::Checked(Err(failure())),
        "progress" => progress(50),
        "prefetched" => Event::Fetched(Ok(FetchOutcome::Prefetched)),
        "staged" => Event::Fetched(Ok(STAGED)),
        "offered" => Event::Fetched(Ok(FetchOutcome::Offered)),
        "not fetched" => Event::Fetched(Err(failure())),
        "kept" => Event::OrderKept(Ok(Override::default())),
        "not kept" => Event::OrderKept(Err(failure())),
        "forgiven" => Event::Forgiven(Ok(Some(slots()))),
        "nothing forgiven" => Event::Forgiven(Ok(None)),
        "not forgiven" => Event::Forgiven(Err(failure())),
        "previous" => Event::PreviousPrepared(Ok(Ok(previous()))),
        "no previous" => Event::PreviousPrepared(Ok(Err(words::no_previous()))),
        "not prepared" => Event::PreviousPrepared(Err(failure())),
        "begun" => Event::TrialBegun(Ok(())),
        "not begun" => Event::TrialBegun(Err(failure())),
        _ => unreachable!("{name}"),
    }
}

/// What the engine does when it is idle and something is asked of it, after what it was at has ended.
const BEGINS: &[(&str, &str)] = &[
    ("check", "checking: check"),
    ("apply", "checking: check"),
    ("pin", "keeping: keep pin 1.1.0"),
    ("unpin", "keeping: keep"),
    ("hold", "keeping: keep hold"),
    ("rollback", "preparing: prepare"),
    ("forgive", "forgiving: forgive"),
    ("stick", "checking: check the stick"),
];

/// What an event comes to in a state; nothing where there is no row.
#[expect(clippy::match_same_arms, reason = "a table, in the order of its states")]
fn row(state: &str, event: &str) -> Option<String> {
    let begins = BEGINS.iter().find(|(name, _)| *name == event).map(|(_, begins)| *begins);
    let overtakes = |told: &str| {
        let (activity, effects) = begins?.split_once(": ")?;
        Some(format!("{activity}: {told}cancel, {effects}"))
    };
    let is = |text: &str| Some(text.to_owned());
    match (state, event) {
        ("idle", "due") => is("checking: check"),
        ("idle", _) => begins.map(str::to_owned),

        ("checking" | "checking for apply" | "checking for pin", "check") => is("checking: "),
        ("checking for apply", "apply") | ("checking for pin", "pin") => is("checking: "),
        ("checking", "found nothing") => is("idle: "),
        ("checking", "found program") => is("fetching: fetch the program"),
        ("checking", "found system") => is("fetching: fetch the system"),
        ("checking", "not checked") => is("idle: log the failure"),
        ("checking", _) => overtakes(""),
        ("checking for apply", "found nothing") => is("idle: tell 1 nothing"),
        ("checking for apply", "found program") => is("fetching: tell 1 begun, fetch the program"),
        ("checking for apply", "found system") => is("fetching: tell 1 begun system, fetch the system"),
        ("checking for apply", "not checked") => is("idle: tell 1 failed, log the failure"),
        ("checking for apply", _) => overtakes("tell 1 overtaken, "),
        ("checking for pin", "found nothing") => is("idle: tell 1 done"),
        ("checking for pin", "found program") => is("fetching: tell 1 begun, fetch the program"),
        ("checking for pin", "found system") => is("fetching: tell 1 done, fetch the system"),
        // The change remains.
        ("checking for pin", "not checked") => is("idle: tell 1 done, log the failure"),
        ("checking for pin", _) => overtakes("tell 1 done, "),

        (
            "fetching" | "fetching for apply" | "fetching for pin" | "fetching ahead" | "fetching the system",
            "check",
        ) => is("fetching: tell 1 done"),
        ("fetching for apply", "apply") | ("fetching for pin", "pin") => is("fetching: tell 1 begun"),
        // How far a job goes is in the job: the driver gives no end of another.
        (
            "fetching" | "fetching for apply" | "fetching for pin" | "fetching ahead" | "fetching the system",
            "staged",
        ) => is("beginning: begin the trial"),
        (
            "fetching" | "fetching for apply" | "fetching for pin" | "fetching ahead" | "fetching the system",
            "prefetched" | "offered",
        ) => is("idle: "),
        (
            "fetching" | "fetching for apply" | "fetching for pin" | "fetching ahead" | "fetching the system",
            "progress",
        ) => is("fetching: "),
        (
            "fetching" | "fetching for apply" | "fetching for pin" | "fetching ahead" | "fetching the system",
            "not fetched",
        ) => is("idle: log the failure"),
        ("fetching" | "fetching for apply" | "fetching for pin" | "fetching ahead" | "fetching the system", _) => {
            overtakes("")
        }

        ("keeping hold", "kept") => is("idle: tell 1 done"),
        ("keeping pin", "kept") => is("checking: check"),
        ("keeping hold" | "keeping pin", "not kept") => is("idle: tell 1 failed"),
        ("keeping for rollback", "kept") => is("beginning: begin the trial"),
        ("keeping for rollback", "not kept") => is("idle: tell 1 failed, log the failure"),
        ("forgiving", "forgiven") => is("checking: check"),
        ("forgiving", "nothing forgiven") => is("idle: tell 1 nothing"),
        ("forgiving", "not forgiven") => is("idle: tell 1 failed"),
        ("preparing", "previous") => is("keeping: keep pin 0.9.0"),
        ("preparing", "no previous") => is("idle: tell 1 nothing"),
        ("preparing", "not prepared") => is("idle: tell 1 failed, log the failure"),
        ("beginning", "begun") => is("switching: switch"),
        ("beginning", "not begun") => is("idle: log the failure"),
        ("beginning for rollback", "begun") => is("switching: tell 1 begun, switch"),
        ("beginning for rollback", "not begun") => is("idle: tell 1 failed, log the failure"),

        // Nobody waits for what a stick comes to.
        ("switching", "stick") => None,
        ("switching", _) => begins.map(|_| "switching: tell 1 switching".to_owned()),
        _ => None,
    }
}

/// Another variant does not compile without a name here, and the test fails without a state of it in the table.
fn names(activity: &Activity) -> &'static str {
    match activity {
        Activity::Idle { .. } => "idle",
        Activity::Checking(_) => "checking",
        Activity::Fetching(fetching) => match (fetching.job.subject, fetching.job.is_prefetch) {
            (Subject::Program, false) => "fetching",
            (Subject::Program, true) => "fetching ahead",
            (Subject::System, _) => "fetching the system",
        },
        Activity::KeepingOrder { next: AfterOrder::Rest, .. } => "keeping hold",
        Activity::KeepingOrder { next: AfterOrder::Check, .. } => "keeping pin",
        Activity::KeepingOrder { next: AfterOrder::Switch { .. }, .. } => "keeping for rollback",
        Activity::Forgiving { .. } => "forgiving",
        Activity::PreparingPrevious { .. } => "preparing",
        Activity::BeginningTrial { .. } => "beginning",
        Activity::Switching { .. } => "switching",
    }
}

const VARIANTS: usize = 12;

/// The same of events: each kind has to be in the table, done and failed.
fn kind(event: &Event) -> &'static str {
    match event {
        Event::Request(request) => match &request.command {
            Command::Check => "check",
            Command::Apply { from: None } => "apply",
            Command::Apply { from: Some(_) } => "stick",
            Command::Pin { .. } => "pin",
            Command::Unpin => "unpin",
            Command::Hold => "hold",
            Command::Rollback => "rollback",
            Command::Forgive { .. } => "forgive",
        },
        Event::Due => "due",
        Event::Progress(_) => "progress",
        Event::Checked(Ok(_)) => "checked",
        Event::Checked(Err(_)) => "not checked",
        Event::Fetched(Ok(FetchOutcome::Prefetched)) => "prefetched",
        Event::Fetched(Ok(FetchOutcome::Staged { .. })) => "staged",
        Event::Fetched(Ok(FetchOutcome::Offered)) => "offered",
        Event::Fetched(Err(_)) => "not fetched",
        Event::OrderKept(Ok(_)) => "kept",
        Event::OrderKept(Err(_)) => "not kept",
        Event::Forgiven(Ok(Some(_))) => "forgiven",
        Event::Forgiven(Ok(None)) => "nothing forgiven",
        Event::Forgiven(Err(_)) => "not forgiven",
        Event::PreviousPrepared(Ok(Ok(_))) => "previous",
        Event::PreviousPrepared(Ok(Err(_))) => "no previous",
        Event::PreviousPrepared(Err(_)) => "not prepared",
        Event::TrialBegun(Ok(())) => "begun",
        Event::TrialBegun(Err(_)) => "not begun",
    }
}

const KINDS: usize = 26;

#[test]
fn every_event_in_every_state() {
    let (mut named, mut wrong) = (BTreeSet::new(), Vec::new());
    let (mut variants, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    for (state, world) in STATES {
        let before = world();
        variants.insert(names(&before.engine.activity));
        for name in EVENTS {
            let mut world = world();
            let waiting = world.engine.deferred.len();
            let event = event(name, &world);
            kinds.insert(kind(&event));
            let is_request = matches!(event, Event::Request(_));
            world.event(event);
            let is = format!("{}: {}", world.activity(), world.effects.join(", "));
            let expected = row(state, name);
            if expected.is_some() {
                named.extend([*state, *name]);
            }
            // Requests wait for what they cannot overtake.
            let defers = is_request && expected.is_none() && *state != "switching";
            let as_before = format!("{}: ", before.activity());
            if is != expected.unwrap_or(as_before) || world.engine.deferred.len() - waiting != usize::from(defers) {
                wrong.push(format!("{state}, {name}: {is}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!((variants.len(), kinds.len()), (VARIANTS, KINDS), "{variants:?} {kinds:?}");
    let all: BTreeSet<_> = STATES.iter().map(|(state, _)| *state).chain(EVENTS.iter().copied()).collect();
    assert_eq!(named, all, "each has a row");
}
