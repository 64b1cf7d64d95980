//! Boxes in virtual time: each looks at the repository as the product's engine does, when the product's pace says so.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use semver::Version;
use tempfile::TempDir;
use workshop_edge::update::STATE_SCHEMA;
use workshop_edge::update::pace::{Pace, jitter};
use workshop_edge::update::policy::{self, Decision, Plan, PolicyInput};
use workshop_edge::update::repository::{Repository, RepositoryError, Settings};
use workshop_edge::update::transport::{Source, Transport};
use workshop_edge::window::WindowState;

use crate::Failure;
use crate::publisher::{CHANNEL, PLATFORM, Publisher};
use crate::wire::Wire;

/// What the boxes are like.
pub(crate) struct Rules {
    pub(crate) boxes: usize,
    pub(crate) every: Duration,
    /// What a download takes.
    pub(crate) download: Duration,
    pub(crate) trial: Duration,
}

/// A fleet.
pub(crate) struct Fleet<'a> {
    rules: &'a Rules,
    wire: &'a Wire,
    source: PathBuf,
    /// The real time at which virtual time began.
    began: SystemTime,
    pub(crate) now: Duration,
    boxes: Vec<Unit>,
    due: BinaryHeap<Reverse<(Duration, usize)>>,
    /// By second: requests, and checks that failed.
    pub(crate) requests: Vec<u32>,
    pub(crate) failed: Vec<u32>,
    pub(crate) checks: u64,
    nothing_changes: bool,
    /// When which box has decided for which version, and when it runs it.
    pub(crate) decided: Vec<(Duration, usize, Version)>,
    pub(crate) running: Vec<(Duration, usize, Version)>,
    /// When which box was last answered.
    pub(crate) answered: Vec<Duration>,
    _data: TempDir,
}

/// A box.
struct Unit {
    id: String,
    settings: Settings,
    repository: Repository,
    pace: Pace,
    version: Version,
    sha256: String,
    /// Binaries that are in its slots.
    here: BTreeSet<String>,
    /// What it changes to next.
    coming: Option<Plan>,
    /// When it may take what it knows of.
    may_at: Option<SystemTime>,
}

impl<'a> Fleet<'a> {
    /// All of them start at 0, on a version of the factory.
    pub(crate) fn start(rules: &'a Rules, publisher: &Publisher, wire: &'a Wire) -> Result<Self, Failure> {
        // Every box keeps files of its own, durably: in memory, where there is such a place.
        let shared = std::path::Path::new("/dev/shm");
        let data = if shared.is_dir() { tempfile::tempdir_in(shared)? } else { tempfile::tempdir()? };
        let root = publisher.root()?;
        let source = publisher.repository();
        let mut boxes = Vec::with_capacity(rules.boxes);
        let mut due = BinaryHeap::new();
        for number in 0..rules.boxes {
            let settings = Settings::under(data.path().join(number.to_string()), root.clone());
            let unit = Unit {
                id: format!("{number:08x}-5b0c-4f8e-9d3a-6e1f27c4b985"),
                repository: Repository::open(&settings, transport(&source)?)?,
                settings,
                pace: Pace::new(rules.every),
                version: Version::new(0, 9, 0),
                sha256: "0".repeat(64),
                here: BTreeSet::new(),
                coming: None,
                may_at: None,
            };
            due.push(Reverse((unit.pace.first(jitter()), number)));
            boxes.push(unit);
        }
        Ok(Self {
            rules,
            wire,
            source,
            // Whole seconds, as a publisher's.
            began: Timestamp::from_second(Timestamp::now().as_second())?.into(),
            nothing_changes: false,
            now: Duration::ZERO,
            answered: vec![Duration::ZERO; boxes.len()],
            boxes,
            due,
            requests: Vec::new(),
            failed: Vec::new(),
            checks: 0,
            decided: Vec::new(),
            running: Vec::new(),
            _data: data,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.boxes.len()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.boxes.iter().map(|unit| unit.id.as_str())
    }

    /// The virtual time as a publisher types it.
    pub(crate) fn date(&self, at: Duration) -> Result<Timestamp, Failure> {
        let at = Timestamp::try_from(self.began + at)?;
        Ok(Timestamp::from_second(at.as_second())?)
    }

    /// Advances the fleet's clock.
    pub(crate) async fn run(&mut self, until: Duration) -> Result<(), Failure> {
        while let Some(Reverse((at, number))) = self.due.peek().copied() {
            if at > until {
                break;
            }
            self.due.pop();
            self.now = at;
            let next = self.step(number).await?;
            self.due.push(Reverse((at + next, number)));
        }
        self.now = until;
        Ok(())
    }

    /// The same of a stretch in which neither the repository nor a wave changes: what a box has verified before it would
    /// be verified again with the same result, which is skipped; the waits are not.
    pub(crate) async fn run_idle(&mut self, until: Duration) -> Result<(), Failure> {
        self.nothing_changes = true;
        let ran = self.run(until).await;
        self.nothing_changes = false;
        ran
    }

    /// What a box does now, and how long until it does something again.
    async fn step(&mut self, number: usize) -> Result<Duration, Failure> {
        let (now, rules) = (self.now, self.rules);
        let time = self.began + now;
        let unit = self.boxes.get_mut(number).ok_or("no such box")?;
        if let Some(plan) = unit.coming.take() {
            // Another process: it knows what is on the disk.
            unit.repository = Repository::open(&unit.settings, transport(&self.source)?)?;
            unit.pace = Pace::new(rules.every);
            unit.sha256.clone_from(&plan.binary.raw_sha256);
            unit.here.insert(plan.binary.raw_sha256);
            unit.version = plan.version;
            self.running.push((now, number, unit.version.clone()));
            return Ok(rules.trial + unit.pace.first(jitter()));
        }
        if self.nothing_changes {
            add(&mut self.requests, now, self.wire.idle.requests.round() as u32);
            return Ok(unit.wait(time));
        }
        let before = unit.repository.versions();
        let looked = unit.look(time).await;
        let is_news = unit.repository.versions().snapshot != before.snapshot;
        self.checks += 1;
        let requests = if is_news { self.wire.news.requests } else { self.wire.idle.requests };
        add(&mut self.requests, now, requests.round() as u32);
        let Ok(decision) = looked else {
            unit.pace.failed();
            add(&mut self.failed, now, 1);
            return Ok(unit.pace.wait(jitter()));
        };
        unit.pace.succeeded();
        if let Some(answered) = self.answered.get_mut(number) {
            *answered = now;
        }
        unit.may_at = None;
        match decision {
            Decision::Take(plan) => {
                let is_here = unit.here.contains(&plan.binary.raw_sha256);
                self.decided.push((now, number, plan.version.clone()));
                unit.coming = Some(plan);
                if !is_here {
                    add(&mut self.requests, now, 1);
                }
                Ok(if is_here { Duration::ZERO } else { rules.download })
            }
            Decision::Later { at, .. } => {
                unit.may_at = Some(at.into());
                Ok(unit.wait(time))
            }
            Decision::Nothing(_) => Ok(unit.wait(time)),
        }
    }

    /// The idle checks of each second between two moments.
    pub(crate) fn checks_between(&self, from: Duration, to: Duration) -> Vec<u32> {
        let each = (self.wire.idle.requests.round() as u32).max(1);
        Self::between(&self.requests, from, to).into_iter().map(|requests| requests / each).collect()
    }

    /// The requests of the seconds between two moments.
    pub(crate) fn between(counts: &[u32], from: Duration, to: Duration) -> Vec<u32> {
        (from.as_secs()..to.as_secs()).map(|at| counts.get(at as usize).copied().unwrap_or_default()).collect()
    }
}

impl Unit {
    /// As the engine's own wait.
    fn wait(&self, now: SystemTime) -> Duration {
        let jitter = jitter();
        let wait = self.pace.wait(jitter);
        let of_its_time = self.may_at.map(|at| self.pace.after(at.duration_since(now).unwrap_or_default(), jitter));
        of_its_time.map_or(wait, |after| wait.min(after))
    }

    /// As the engine's own look.
    async fn look(&mut self, now: SystemTime) -> Result<Decision, RepositoryError> {
        let now = self.repository.trusted_time(now);
        self.repository.refresh(now).await?;
        let manifest = self.repository.manifest(CHANNEL, now).await?;
        let situation = PolicyInput {
            box_id: &self.id,
            platform: PLATFORM,
            running: &self.version,
            running_sha256: &self.sha256,
            state_schema: STATE_SCHEMA,
            os: None,
            floor: None,
            quarantined: &|_| false,
            pin: None,
            held: false,
            now: Timestamp::try_from(now).map_err(RepositoryError::Clock)?,
            window: WindowState::Open,
            ordered: false,
        };
        Ok(policy::decide(&manifest, &situation))
    }
}

fn transport(source: &std::path::Path) -> Result<Transport, Failure> {
    Ok(Transport::new(Source::Directory(source.to_owned()))?)
}

fn add(counts: &mut Vec<u32>, at: Duration, many: u32) {
    let at = at.as_secs() as usize;
    if counts.len() <= at {
        counts.resize(at + 1, 0);
    }
    if let Some(count) = counts.get_mut(at) {
        *count += many;
    }
}
