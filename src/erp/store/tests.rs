use std::fmt::Write as _;
use std::fs;

use jiff::Zoned;

use super::*;
use crate::erp::counts::Moment;

const URL: &str = "https://erp.example";
const USER: &str = "wall@workshop.example";
const MINUTE: Duration = Duration::from_secs(60);

/// What the poller has, by clocks that the tests move.
struct Poller {
    directory: tempfile::TempDir,
    store: Store,
    snapshot: Snapshot,
    counts: Counts,
    account: AccountKey,
    now: Instant,
    wall: Timestamp,
    paths: Vec<String>,
}

impl Poller {
    fn new(paths: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let now = Instant::now();
        let (store, kept) = Store::open(directory.path(), LoginKey::new(URL, USER), paths.clone(), now);
        assert!(kept.account.is_none() && kept.snapshot.part(Part::Machines).is_none());
        Self {
            directory,
            store,
            snapshot: kept.snapshot,
            counts: kept.counts,
            account: AccountKey::new(URL, "user-1", "workshop-1"),
            now,
            wall: "2026-11-27T12:00:00Z".parse().expect("a moment"),
            paths,
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.wall += time;
    }

    fn see(&mut self, part: Part, json: &str) {
        let answer = Answer::read(part, &mut json.as_bytes()).expect("an answer");
        self.snapshot.set(part, Held::new(answer, self.now));
    }

    fn count(&mut self, completed: u64) {
        let local: Zoned = self.wall.to_zoned(jiff::tz::TimeZone::UTC);
        let moment = Moment { at: self.now, local, is_believed: true };
        self.counts.observe(completed, "2026-11-27T00:00:00.000Z", &moment, 6);
    }

    fn figures(&self) -> Figures {
        Figures {
            account: self.account.clone(),
            snapshot: self.snapshot.clone(),
            counts: self.counts.clone(),
            now: self.now,
            wall: Some(self.wall),
        }
    }

    fn keep(&mut self) -> u64 {
        self.store.keep(&self.figures()).expect("kept")
    }

    fn open_as(&self, user: &str) -> (Store, Kept) {
        Store::open(self.directory.path(), LoginKey::new(URL, user), self.paths.clone(), self.now)
    }

    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(self.directory.path()).expect("listed");
        let mut names: Vec<_> =
            names.map(|entry| entry.expect("one").file_name().into_string().expect("text")).collect();
        names.sort();
        names
    }
}

/// As many machines as this, of which one after the other is at work.
fn machines(number: usize, at_work: usize) -> String {
    let mut json = "[".to_owned();
    for machine in 0..number {
        let status = if machine == at_work % number { "IN_USE" } else { "AVAILABLE" };
        let comma = if machine == 0 { "" } else { "," };
        write!(
            json,
            r#"{comma}{{"id":"machine-{machine:04}","code":"CNC-{machine:03}","name":"Centro de mecanizado {machine}","type":"CNC","status":"{status}"}}"#
        )
        .expect("written");
    }
    json + "]"
}

const STATS: &str = r#"{"total":3,"available":1,"inUse":2,"maintenance":0,"broken":0}"#;

#[test]
fn what_was_kept_is_read_after_a_restart_with_its_age() {
    let mut poller = Poller::new(&["/machines?area=1", "/other"]);
    poller.see(Part::Machines, &machines(3, 0));
    poller.see(Part::MachineStats, STATS);
    let body = Bytes::from_static(b"{\"not\": \"text \xff\"}");
    poller.snapshot.extra = vec![None, Some(Held::new(body.clone(), poller.now))];
    poller.count(3);
    poller.pass(MINUTE);
    poller.count(5);
    assert!(poller.keep() > 0);
    poller.pass(MINUTE);
    let (_, kept) = poller.open_as(USER);
    assert_eq!(kept.account, Some(poller.account.clone()));
    assert!(kept.counts.has_same_figures(&poller.counts));
    for part in Part::ALL {
        let value = |snapshot: &Snapshot| snapshot.part(part).map(|held| Arc::clone(&held.value));
        assert_eq!(value(&kept.snapshot), value(&poller.snapshot), "{}", part.name());
    }
    let held = kept.snapshot.part(Part::Machines).expect("kept");
    assert_eq!(held.as_of.age(poller.now, Some(poller.wall)), Some(2 * MINUTE));
    assert_eq!(kept.snapshot.extra.first(), Some(&None));
    assert_eq!(*kept.snapshot.extra[1].as_ref().expect("kept").value, body);
    // The paths are another list now.
    let (_, kept) = Store::open(poller.directory.path(), LoginKey::new(URL, USER), vec!["/other".into()], poller.now);
    assert_eq!(*kept.snapshot.extra[0].as_ref().expect("kept").value, body);
}

/// A box that starts in 1970, or that was ahead when it wrote.
#[test]
fn by_a_clock_that_is_not_believed_nothing_is_fresh() {
    let mut poller = Poller::new(&[]);
    poller.see(Part::MachineStats, STATS);
    poller.keep();
    let (_, kept) = poller.open_as(USER);
    let held = kept.snapshot.part(Part::MachineStats).expect("kept");
    let (day, now) = (MINUTE * 60 * 24, poller.now);
    let is_late = |wall| held.is_late(now, wall, Duration::from_secs(5));
    assert!(!is_late(Some(poller.wall)));
    assert!(is_late(None), "not believed");
    assert!(is_late(Some(Timestamp::UNIX_EPOCH)), "earlier than what was kept");
    assert!(!held.is_expired(now, None, day) && held.is_expired(now + day + MINUTE, None, day));
    assert!(held.is_expired(now, Some(poller.wall + day + MINUTE), day));

    // The moment of a clock that was not believed is none.
    let mut poller = Poller::new(&[]);
    poller.see(Part::MachineStats, STATS);
    assert!(poller.store.keep(&Figures { wall: None, ..poller.figures() }).expect("kept") > 0);
    let (mut store, mut kept) = poller.open_as(USER);
    let age =
        |kept: &Kept| kept.snapshot.part(Part::MachineStats).expect("kept").as_of.age(poller.now, Some(poller.wall));
    assert_eq!(age(&kept), None);
    // Nor does it become one by being kept again.
    kept.snapshot
        .set(Part::Machines, Held::new(Answer::read(Part::Machines, &mut "[]".as_bytes()).expect("none"), poller.now));
    assert!(store.keep(&Figures { snapshot: kept.snapshot, ..poller.figures() }).expect("kept") > 0);
    let (_, kept) = poller.open_as(USER);
    assert_eq!(age(&kept), None);
    // It is let go when this run has had it for long enough.
    let held = kept.snapshot.part(Part::MachineStats).expect("kept");
    assert!(!held.is_expired(poller.now + day, Some(poller.wall), day));
    assert!(held.is_expired(poller.now + day + MINUTE, Some(poller.wall), day));
}

#[test]
fn another_login_finds_nothing_and_leaves_nothing() {
    let mut poller = Poller::new(&[]);
    for number in 0..2 {
        poller.see(Part::Machines, &machines(3, number));
        assert!(poller.keep() > 0);
        poller.pass(MINUTE);
    }
    assert_eq!(poller.files(), ["erp.0", "erp.1"]);
    fs::write(poller.directory.path().join("erp.0.tmp"), "cut").expect("a leftover");
    let (mut store, kept) = poller.open_as("other@workshop.example");
    assert!(kept.account.is_none() && kept.snapshot == Snapshot::default());
    assert_eq!(poller.files(), [""; 0]);
    assert!(store.keep(&poller.figures()).expect("kept") > 0);
}

/// Whatever becomes of either file, and whenever the power goes.
#[test]
fn for_another_account_nothing_is_written_beside_what_is_kept() {
    let mut poller = Poller::new(&[]);
    for number in 0..2 {
        poller.see(Part::Machines, &machines(3, number));
        assert!(poller.keep() > 0);
        poller.pass(MINUTE);
    }
    poller.see(Part::Machines, &machines(3, 2));
    assert!(poller.keep() > 0);
    let account = AccountKey::new(URL, "user-1", "workshop-2");
    let other = Figures { account: account.clone(), snapshot: Snapshot::default(), ..poller.figures() };
    // What was kept cannot be removed.
    let file = poller.directory.path().join("erp.0");
    let aside = poller.directory.path().join("aside");
    fs::rename(&file, &aside).expect("moved");
    fs::create_dir(&file).expect("what no file's removal removes");
    assert!(poller.store.keep(&other).is_err() && poller.store.keep_last(&other).is_err());
    assert!(!poller.store.is_due(&account, poller.now), "it is not tried all the time");
    fs::remove_dir(&file).expect("removed");
    fs::rename(&aside, &file).expect("moved back");
    let (_, kept) = poller.open_as(USER);
    assert_eq!(kept.account, Some(poller.account.clone()), "nothing was written");

    poller.pass(MINUTE);
    assert!(poller.store.is_due(&account, poller.now));
    assert!(poller.store.keep(&Figures { now: poller.now, ..other }).expect("kept") > 0);
    assert_eq!(poller.files().len(), 1, "the other file would be read where this one is damaged");
    let (_, kept) = poller.open_as(USER);
    assert_eq!((kept.account, kept.snapshot), (Some(account), Snapshot::default()));
}

#[test]
fn where_nothing_can_be_removed_nothing_is_shown() {
    let mut poller = Poller::new(&["/other"]);
    poller.see(Part::MachineStats, STATS);
    poller.count(1);
    assert!(poller.keep() > 0);
    let leftover = poller.directory.path().join("erp.0.tmp");
    fs::create_dir(&leftover).expect("what no file's removal removes");
    let (_, kept) = poller.open_as(USER);
    assert!(kept.account.is_none() && kept.snapshot == Snapshot::default() && kept.counts == Counts::default());
    fs::remove_dir(&leftover).expect("removed");
    assert!(poller.open_as(USER).1.snapshot.part(Part::MachineStats).is_some());
}

#[test]
fn another_account_is_due_at_once() {
    let mut poller = Poller::new(&[]);
    poller.see(Part::MachineStats, STATS);
    assert!(poller.keep() > 0);
    assert!(!poller.store.is_due(&poller.account, poller.now));
    let account = AccountKey::new(URL, "user-2", "workshop-1");
    assert!(poller.store.is_due(&account, poller.now));
    assert!(poller.store.keep(&Figures { account, snapshot: Snapshot::default(), ..poller.figures() }).is_ok());
    assert!(poller.store.is_due(&poller.account, poller.now), "and so is the first when it comes back");
}

#[test]
fn a_part_that_does_not_read_is_dropped_alone() {
    let mut poller = Poller::new(&["/other"]);
    poller.see(Part::MachineStats, STATS);
    poller.see(Part::Machines, &machines(1, 0));
    poller.keep();
    let mut record = DoubleBuffered::<Record>::open(poller.directory.path(), NAME).expect("kept");
    let entry = |text: &str| Entry { as_of: None, text: text.into() };
    record
        .change(|record| {
            record.parts.insert("machine_stats".into(), entry("{}"));
            record.parts.insert("of_a_newer_program".into(), entry("{}"));
            record.extra.insert("/other".into(), entry("no base64"));
        })
        .expect("kept");
    let (_, kept) = poller.open_as(USER);
    assert!(kept.snapshot.part(Part::MachineStats).is_none() && kept.snapshot.part(Part::Machines).is_some());
    assert_eq!(kept.snapshot.extra, [None]);
}

#[test]
fn it_is_written_on_change_and_the_moments_rarely() {
    let mut poller = Poller::new(&[]);
    poller.see(Part::MachineStats, STATS);
    poller.count(0);
    assert!(poller.keep() > 0);
    // The same again and again: an hour of it.
    let mut writes = 0;
    for _ in 0..720 {
        poller.pass(Duration::from_secs(5));
        poller.see(Part::MachineStats, STATS);
        poller.count(0);
        writes += u32::from(poller.keep() > 0);
    }
    assert_eq!(writes, 6, "the moments alone");
    // While the ERP is away nothing moves.
    poller.keep();
    for _ in 0..720 {
        poller.pass(Duration::from_secs(5));
        assert_eq!(poller.keep(), 0);
    }
    // A change at each poll: once in 30 s.
    for completed in 1..=60 {
        poller.pass(Duration::from_secs(5));
        poller.count(completed);
        writes += u32::from(poller.keep() > 0);
    }
    assert_eq!(writes, 6 + 10);
    poller.pass(Duration::from_secs(5));
    poller.count(61);
    assert_eq!(poller.keep(), 0);
    assert!(poller.store.keep_last(&poller.figures()).expect("kept") > 0);
    assert_eq!(poller.store.keep_last(&poller.figures()).expect("kept"), 0);
}

/// A day in which everything changes at every poll, of one size and of another.
#[test]
fn a_day_of_changes_writes_no_more_than_20_mb() {
    for (number, at_least) in [(20, 900), (350, 250), (500, 150)] {
        let mut poller = Poller::new(&[]);
        let (mut bytes, mut writes) = (0, 0);
        for poll in 0..24 * 60 * 12 {
            if poller.store.is_due(&poller.account, poller.now) {
                poller.see(Part::Machines, &machines(number, poll));
                let written = poller.keep();
                bytes += written.div_ceil(4096) * 4096;
                writes += u32::from(written > 0);
            }
            poller.pass(Duration::from_secs(5));
        }
        eprintln!(
            "{number} machines of {} bytes: {writes} writes, {bytes} bytes in blocks of 4096",
            machines(number, 0).len()
        );
        assert!(bytes <= 20_000_000 && writes >= at_least, "{writes} writes of {bytes} bytes");
    }
}

#[test]
fn the_largest_extra_bodies_fit_beside_the_largest_parts() {
    let paths: Vec<String> = (0..8).map(|number| format!("/extra/{number}")).collect();
    let mut poller = Poller::new(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    poller.see(Part::Machines, &machines(500, 0));
    let body = |length| Some(Held::new(Bytes::from(vec![b'"'; length]), poller.now));
    poller.snapshot.extra = (0..8).map(|number| body(MAX_ANSWER + usize::from(number == 7))).collect();
    assert!(poller.keep() > 0);
    let (_, kept) = poller.open_as(USER);
    let kept: Vec<_> = kept.snapshot.extra.iter().map(Option::is_some).collect();
    assert_eq!(kept, [true, true, true, true, true, true, true, false], "one is larger than what is kept");
}
