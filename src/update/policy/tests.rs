use std::cell::Cell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;
use crate::update::manifest::{SCHEMA, Wave};

const PLATFORM: &str = "x86_64-unknown-linux-musl";

fn v(text: &str) -> Version {
    text.parse().expect("a version")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

/// The hash that a version's binary has here.
fn sha(version: &Version) -> String {
    format!("{:064x}", version.major * 10_000 + version.minor * 100 + version.patch)
}

fn release(version: &str) -> Release {
    let version = v(version);
    let binary =
        Binary { raw_sha256: sha(&version), raw_size: 1, full: format!("x-{version}.zst"), deltas: Vec::new() };
    Release {
        version,
        state_schema: 1,
        requires_from: None,
        requires_os: None,
        urgent: false,
        waves: Vec::new(),
        rollback_from: Vec::new(),
        platforms: BTreeMap::from([(PLATFORM.to_owned(), binary)]),
    }
}

fn manifest(desired: &str, releases: Vec<Release>) -> Manifest {
    let (channel, min_version) = ("stable".to_owned(), v("0.0.1"));
    Manifest { schema: SCHEMA, channel, desired: Some(v(desired)), min_version, releases, os: None }
}

fn nothing_quarantined(_: &str) -> bool {
    false
}

fn situation(running: &Version) -> PolicyInput<'_> {
    PolicyInput {
        box_id: "caja-1",
        platform: PLATFORM,
        running,
        running_sha256: "of the running one",
        state_schema: 1,
        os: None,
        floor: None,
        quarantined: &nothing_quarantined,
        pin: None,
        held: false,
        now: at(1000),
        window: WindowState::Open,
        ordered: false,
    }
}

fn taken(decision: Decision) -> Plan {
    match decision {
        Decision::Take(plan) => plan,
        other => panic!("{other:?}"),
    }
}

fn why(decision: Decision) -> SkipReason {
    match decision {
        Decision::Nothing(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_newer_desired_version_is_taken_and_the_running_one_is_not() {
    let manifest = manifest("2.0.0", vec![release("1.0.0"), release("2.0.0")]);
    let plan = taken(decide(&manifest, &situation(&v("1.0.0"))));
    assert_eq!((plan.version, plan.kind, plan.ignores_window), (v("2.0.0"), PlanKind::Update, false));
    assert_eq!(why(decide(&manifest, &situation(&v("2.0.0")))), SkipReason::UpToDate);
    // The same bytes by another number are no update.
    let (running, sha256) = (v("1.9.9"), sha(&v("2.0.0")));
    assert_eq!(
        why(decide(&manifest, &PolicyInput { running_sha256: &sha256, ..situation(&running) })),
        SkipReason::UpToDate
    );
}

#[test]
fn a_manifest_that_names_nothing_to_take_gives_nothing() {
    let running = v("1.0.0");
    let nothing = Manifest { desired: None, ..manifest("2.0.0", vec![release("2.0.0")]) };
    assert_eq!(why(decide(&nothing, &situation(&running))), SkipReason::ChannelWantsNothing);
    let missing = manifest("3.0.0", vec![release("2.0.0")]);
    assert_eq!(why(decide(&missing, &situation(&running))), SkipReason::DesiredMissing(v("3.0.0")));
    let other = PolicyInput { platform: "riscv64gc-unknown-linux-musl", ..situation(&running) };
    let expected = SkipReason::UnknownPlatform { version: v("2.0.0"), platform: other.platform.to_owned() };
    assert_eq!(why(decide(&manifest("2.0.0", vec![release("2.0.0")]), &other)), expected);
}

#[test]
fn an_older_desired_version_needs_leave() {
    let (running, mut old) = (v("2.0.0"), release("1.0.0"));
    let refused = manifest("1.0.0", vec![old.clone(), release("2.0.0")]);
    let not = SkipReason::NotDesiredDowngrade { desired: v("1.0.0"), running: running.clone() };
    assert_eq!(why(decide(&refused, &situation(&running))), not);
    // An order says when, not what.
    assert_eq!(why(decide(&refused, &PolicyInput { ordered: true, ..situation(&running) })), not);
    // A pin says what.
    let pin = v("1.0.0");
    assert_eq!(
        taken(decide(&refused, &PolicyInput { pin: Some(&pin), ..situation(&running) })).kind,
        PlanKind::Rollback
    );
    // The operator's leave skips window and waves.
    old.rollback_from = vec![v("1.9.0"), running.clone()];
    old.waves = vec![Wave { at: at(9000), permille: 1000 }];
    old.requires_from = Some(v("9.0.0"));
    let allowed = manifest("1.0.0", vec![old, release("2.0.0")]);
    let closed = WindowState::OpensAt(at(5000));
    let plan = taken(decide(&allowed, &PolicyInput { window: closed, state_schema: 2, ..situation(&running) }));
    assert_eq!((plan.version, plan.kind), (v("1.0.0"), PlanKind::Rollback));
    assert!(plan.ignores_window && plan.has_older_state);
    assert!(matches!(why(decide(&allowed, &situation(&v("2.0.1")))), SkipReason::NotDesiredDowngrade { .. }));
}

#[test]
fn a_pin_is_the_goal_whatever_the_channel_desires() {
    let manifest = manifest("3.0.0", vec![release("1.0.0"), release("2.0.0"), release("3.0.0")]);
    let (running, pin, unknown) = (v("1.0.0"), v("2.0.0"), v("1.5.0"));
    assert_eq!(taken(decide(&manifest, &PolicyInput { pin: Some(&pin), ..situation(&running) })).version, pin);
    assert_eq!(
        why(decide(&manifest, &PolicyInput { pin: Some(&pin), ..situation(&pin) })),
        SkipReason::Pinned(pin.clone())
    );
    let error = why(decide(&manifest, &PolicyInput { pin: Some(&unknown), ..situation(&running) }));
    assert_eq!(error, SkipReason::PinMissing(unknown));
    let last = v("3.0.0");
    assert_eq!(why(decide(&manifest, &PolicyInput { pin: Some(&last), ..situation(&last) })), SkipReason::UpToDate);
}

#[test]
fn a_hold_stops_all_but_an_order() {
    let (running, mut old, mut new) = (v("2.0.0"), release("1.0.0"), release("3.0.0"));
    old.rollback_from = vec![running.clone()];
    new.urgent = true;
    for desired in ["1.0.0", "3.0.0"] {
        let manifest = manifest(desired, vec![old.clone(), release("2.0.0"), new.clone()]);
        let held = PolicyInput { held: true, ..situation(&running) };
        assert_eq!(why(decide(&manifest, &held)), SkipReason::Held);
        assert_eq!(taken(decide(&manifest, &PolicyInput { ordered: true, ..held })).version, v(desired));
    }
}

#[test]
fn the_higher_of_both_lowest_versions_counts() {
    let running = v("1.0.0");
    let mut manifest = manifest("2.0.0", vec![release("2.0.0")]);
    let (low, high) = (v("1.5.0"), v("2.0.1"));
    assert_eq!(taken(decide(&manifest, &PolicyInput { floor: Some(&low), ..situation(&running) })).version, v("2.0.0"));
    let below = SkipReason::BelowMinimum { version: v("2.0.0"), minimum: high.clone() };
    let ordered = PolicyInput { floor: Some(&high), ordered: true, ..situation(&running) };
    assert_eq!(why(decide(&manifest, &ordered)), below);
    manifest.min_version = high;
    assert_eq!(why(decide(&manifest, &PolicyInput { floor: Some(&low), ..situation(&running) })), below);
}

#[test]
fn what_failed_here_is_not_tried_again_not_even_on_order() {
    let running = v("1.0.0");
    let bad = sha(&v("2.0.0"));
    let quarantined = |sha256: &str| sha256 == bad;
    let manifest = manifest("2.0.0", vec![release("2.0.0")]);
    let ordered = PolicyInput { quarantined: &quarantined, ordered: true, ..situation(&running) };
    assert_eq!(why(decide(&manifest, &ordered)), SkipReason::Quarantined(v("2.0.0")));
}

#[test]
fn a_box_waits_for_its_wave_and_then_for_its_window() {
    let running = v("1.0.0");
    let mut new = release("2.0.0");
    let place = place("caja-1", &new.version);
    let (not_yet, now_in) = (place, place + 1);
    new.waves = vec![
        Wave { at: at(500), permille: not_yet },
        Wave { at: at(2000), permille: now_in },
        Wave { at: at(3000), permille: 1000 },
    ];
    let closed = WindowState::OpensAt(at(7000));
    let decide =
        |release: &Release, situation: &PolicyInput<'_>| decide(&manifest("2.0.0", vec![release.clone()]), situation);
    let waiting = |decision| match decision {
        Decision::Later { at, wait, .. } => (at.as_second(), wait),
        other => panic!("{other:?}"),
    };
    let early = PolicyInput { window: closed, ..situation(&running) };
    assert_eq!(waiting(decide(&new, &early)), (2000, PlanWait::Wave));
    assert_eq!(waiting(decide(&new, &PolicyInput { now: at(2000), ..early })), (7000, PlanWait::Window));
    taken(decide(&new, &PolicyInput { now: at(2000), ..situation(&running) }));
    // An order waits for neither, urgency for the wave alone.
    assert!(taken(decide(&new, &PolicyInput { ordered: true, window: closed, ..situation(&running) })).ignores_window);
    new.urgent = true;
    assert_eq!(waiting(decide(&new, &PolicyInput { window: closed, ..situation(&running) })), (2000, PlanWait::Wave));
    let urgent = taken(decide(&new, &PolicyInput { window: closed, now: at(2000), ..situation(&running) }));
    assert!(urgent.ignores_window);
    new.waves.truncate(1);
    assert_eq!(why(decide(&new, &situation(&running))), SkipReason::NoWave(v("2.0.0")));
}

#[test]
fn a_box_that_is_too_old_goes_by_stepping_stones() {
    let from = |version: &str, requires: &str| Release { requires_from: Some(v(requires)), ..release(version) };
    let releases = vec![
        release("1.1.0"),
        from("2.0.0", "1.1.0"),
        from("2.5.0", "1.1.0"),
        from("3.0.0", "2.0.0"),
        from("4.0.0", "3.0.0"),
    ];
    let mut manifest = manifest("4.0.0", releases);
    let mut running = v("1.0.0");
    let mut path = Vec::new();
    while running != v("4.0.0") {
        let plan = taken(decide(&manifest, &situation(&running)));
        let is_last = plan.version == v("4.0.0");
        assert_eq!(plan.kind, if is_last { PlanKind::Update } else { PlanKind::SteppingStone { to: v("4.0.0") } });
        running = plan.version;
        path.push(running.to_string());
    }
    assert_eq!(path, ["1.1.0", "2.5.0", "3.0.0", "4.0.0"]);
    // One that failed here is gone around.
    let bad = sha(&v("2.5.0"));
    let quarantined = |sha256: &str| sha256 == bad;
    let plan = taken(decide(&manifest, &PolicyInput { quarantined: &quarantined, ..situation(&v("1.1.0")) }));
    assert_eq!(plan.version, v("2.0.0"));
    // A way that does not lead to the goal is not begun.
    manifest.releases.retain(|release| release.version != v("3.0.0"));
    let expected = SkipReason::NoSteppingStone { version: v("4.0.0"), requires: v("3.0.0"), running: v("1.0.0") };
    assert_eq!(why(decide(&manifest, &situation(&v("1.0.0")))), expected);
}

#[derive(Debug, Clone)]
struct World {
    manifest: Manifest,
    running: Version,
    floor: Option<Version>,
    pin: Option<Version>,
    bad: Vec<String>,
    held: bool,
    ordered: bool,
    is_open: bool,
    now: i64,
}

fn versions() -> impl Strategy<Value = Version> {
    (1_u64..4, 0_u64..3, 0_u64..2).prop_map(|(major, minor, patch)| Version::new(major, minor, patch))
}

fn releases() -> impl Strategy<Value = Release> {
    (
        versions(),
        proptest::option::weighted(0.3, versions()),
        any::<bool>(),
        proptest::collection::vec((0_i64..4000, 0_u16..=1000), 0..4),
        proptest::collection::vec(versions(), 0..8),
        proptest::bool::weighted(0.9),
        1_u32..3,
    )
        .prop_map(|(version, requires_from, urgent, waves, rollback_from, is_here, state_schema)| {
            let mut release =
                Release { state_schema, requires_from, urgent, rollback_from, ..release(&version.to_string()) };
            release.waves = waves.into_iter().map(|(second, permille)| Wave { at: at(second), permille }).collect();
            if !is_here {
                let other = release.platforms.remove(PLATFORM).expect("there");
                release.platforms.insert("aarch64-unknown-linux-musl".to_owned(), other);
            }
            release
        })
}

/// Worlds in which what is wanted is mostly there, and no more than one obstacle mostly in its way: in others nothing happens.
fn worlds() -> impl Strategy<Value = World> {
    let wanted = (proptest::option::weighted(0.95, versions()), proptest::option::weighted(0.2, versions()));
    let manifest = (
        proptest::collection::vec(releases(), 1..10),
        wanted,
        any::<prop::sample::Index>(),
        proptest::bool::weighted(0.9),
        proptest::option::weighted(0.3, versions()),
    );
    let box_ = (versions(), proptest::option::weighted(0.3, versions()));
    let facts = (
        proptest::collection::vec(versions(), 0..3),
        (proptest::bool::weighted(0.2), any::<bool>(), any::<bool>()),
        0_i64..4000,
    );
    (manifest, box_, facts).prop_map(
        |((mut releases, (desired, pin), which, is_there, minimum), (running, floor), (bad, flags, now))| {
            releases.sort_by(|one, other| one.version.cmp(&other.version));
            releases.dedup_by(|one, other| one.version == other.version);
            let (held, ordered, is_open) = flags;
            let there = which.get(&releases).version.clone();
            let desired = desired.map(|any| if is_there { there } else { any });
            let min_version = minimum.unwrap_or(Version::new(1, 0, 0));
            let manifest =
                Manifest { schema: SCHEMA, channel: "stable".to_owned(), desired, min_version, releases, os: None };
            World { manifest, running, floor, pin, bad: bad.iter().map(sha).collect(), held, ordered, is_open, now }
        },
    )
}

impl World {
    fn decide(&self) -> Decision {
        let quarantined = |sha256: &str| self.bad.iter().any(|bad| bad == sha256);
        let sha256 = sha(&self.running);
        decide(
            &self.manifest,
            &PolicyInput {
                running_sha256: &sha256,
                floor: self.floor.as_ref(),
                quarantined: &quarantined,
                pin: self.pin.as_ref(),
                held: self.held,
                ordered: self.ordered,
                now: at(self.now),
                window: if self.is_open { WindowState::Open } else { WindowState::OpensAt(at(5000)) },
                ..situation(&self.running)
            },
        )
    }
}

/// Cases of each property: enough for every kind of decision to come up often.
const CASES: u32 = 4096;

/// Holds a property of many worlds, and fails where fewer than one world in `at_least_one_in` had what it is about: the
/// property returns whether its world had.
fn holds(at_least_one_in: u32, property: impl Fn(World) -> Result<bool, TestCaseError>) {
    let hits = Cell::new(0_u32);
    proptest!(ProptestConfig::with_cases(CASES), |(world in worlds())| {
        hits.set(hits.get() + u32::from(property(world)?));
    });
    let hits = hits.get();
    assert!(hits >= CASES / at_least_one_in, "only {hits} of {CASES} worlds had what the property is about");
}

#[test]
fn no_plan_breaks_a_rule() {
    let kinds = [Cell::new(0_u32), Cell::new(0), Cell::new(0), Cell::new(0)];
    holds(10, |world| {
        let decision = world.decide();
        prop_assert_eq!(&decision, &world.decide(), "the same facts, the same decision");
        let (plan, is_now) = match decision {
            Decision::Nothing(_) => return Ok(false),
            Decision::Take(plan) => (plan, true),
            Decision::Later { plan, at: when, .. } => {
                prop_assert!(when > at(world.now));
                prop_assert!(plan.kind != PlanKind::Rollback && !world.ordered);
                (plan, false)
            }
        };
        prop_assert!(plan.version >= world.manifest.min_version);
        prop_assert!(world.floor.as_ref().is_none_or(|floor| plan.version >= *floor));
        prop_assert!(!world.bad.contains(&plan.binary.raw_sha256));
        prop_assert!(!world.held || world.ordered);
        prop_assert!(plan.version != world.running);
        let release = world.manifest.release(&plan.version).expect("of the manifest");
        prop_assert_eq!(release.platforms.get(PLATFORM), Some(&plan.binary));
        let goal = world.pin.as_ref().or(world.manifest.desired.as_ref()).expect("a goal");
        prop_assert_eq!(plan.version < world.running, plan.kind == PlanKind::Rollback);
        let kind = match &plan.kind {
            PlanKind::Rollback => {
                prop_assert_eq!(&plan.version, goal);
                prop_assert!(world.pin.is_some() || release.rollback_from.contains(&world.running));
                0
            }
            PlanKind::Update => {
                prop_assert_eq!(&plan.version, goal);
                1
            }
            PlanKind::SteppingStone { to } => {
                prop_assert_eq!(to, goal);
                prop_assert!(plan.version < *goal);
                2
            }
        };
        kinds[kind].set(kinds[kind].get() + 1);
        if !is_now {
            kinds[3].set(kinds[3].get() + 1);
        }
        if plan.kind != PlanKind::Rollback {
            prop_assert!(release.requires_from.as_ref().is_none_or(|requires| *requires <= world.running));
            if is_now {
                prop_assert!(world.is_open || plan.ignores_window);
            }
        }
        Ok(true)
    });
    let kinds = kinds.map(Cell::into_inner);
    assert!(kinds.iter().all(|hits| *hits >= 20), "rollbacks, updates, stepping stones, later: {kinds:?}");
}

#[test]
fn stepping_stones_make_progress_and_arrive() {
    holds(50, |world| {
        // An old one, which most versions are newer than.
        let running = world.running.clone().min(v("1.1.0"));
        let mut world = World { ordered: true, running, ..world };
        let Decision::Take(Plan { kind: PlanKind::SteppingStone { to: goal }, .. }) = world.decide() else {
            return Ok(false);
        };
        for _ in 0..=world.manifest.releases.len() {
            let plan = taken(world.decide());
            prop_assert!(plan.version > world.running);
            world.running = plan.version;
            if world.running == goal {
                return Ok(true);
            }
        }
        Err(TestCaseError::fail(format!("it does not arrive at {goal}")))
    });
}

#[test]
fn what_may_be_taken_stays_so_as_time_goes_by() {
    holds(10, |world| {
        let Decision::Take(plan) = world.decide() else { return Ok(false) };
        // No wave begins after that.
        for later in [world.now + 1, world.now + 1000, 4000] {
            let then = World { now: later.max(world.now), ..world.clone() };
            prop_assert_eq!(then.decide(), Decision::Take(plan.clone()));
        }
        Ok(true)
    });
}

#[test]
fn a_program_waits_for_the_system_that_it_needs_whoever_asks_for_it() {
    let running = v("1.0.0");
    let needy = Release { requires_os: Some(v("2.1.0")), rollback_from: vec![v("3.0.0")], ..release("2.0.0") };
    let manifest = manifest("2.0.0", vec![release("1.0.0"), needy]);
    let (older, same, newer) = (v("2.0.9"), v("2.1.0"), v("3.0.0"));
    for ordered in [false, true] {
        let with = |os| decide(&manifest, &PolicyInput { os, ordered, ..situation(&running) });
        let expected = SkipReason::NeedsOs { version: v("2.0.0"), requires: same.clone(), running: older.clone() };
        assert_eq!(why(with(Some(&older))), expected);
        for os in [Some(&same), Some(&newer), None] {
            assert_eq!(taken(with(os)).version, v("2.0.0"), "{os:?}");
        }
    }
    let ahead = v("3.0.0");
    let back = decide(&manifest, &PolicyInput { os: Some(&older), ..situation(&ahead) });
    assert!(matches!(why(back), SkipReason::NeedsOs { .. }), "on the way back too");
}
