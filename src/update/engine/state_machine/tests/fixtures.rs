//! A box, a channel, and an engine between them, in virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use semver::Version;
use tokio::sync::oneshot::{self, Receiver};
use tokio::time::Instant;

use crate::lang::Text;
use crate::update::command::{Command, CommandOutcome, Reply};
use crate::update::download::Progress;
use crate::update::engine::activity::Activity;
use crate::update::engine::event::{Effect, Event, FetchOutcome, Moment, Previous, Subject};
use crate::update::engine::failure::Failure;
use crate::update::engine::findings::{Findings, Installed, SlotsReport, SystemFindings};
use crate::update::engine::request::{Request, send};
use crate::update::engine::state_machine::{Engine, EngineConfig};
use crate::update::manifest::{Binary, Manifest, Os, Release, Wave};
use crate::update::order::Override;
use crate::update::state::{FaultKind, OsReport, Phase, State, TrialState};
use crate::update::words;
use crate::window::{Days, Window};

pub(super) const EVERY: Duration = Duration::from_secs(60);

pub(super) type Answer = Receiver<Result<Reply, Text>>;

pub(super) fn version(text: &str) -> Version {
    text.parse().expect("a version")
}

/// The digest of a version's binary: of the program's, or of the system's.
pub(super) fn sha256(subject: Subject, text: &str) -> String {
    format!("{subject:?} {text}")
}

fn release(subject: Subject, text: &str) -> Release {
    let binary =
        Binary { raw_sha256: sha256(subject, text), raw_size: 100, full: format!("{text}.zst"), deltas: Vec::new() };
    Release {
        version: version(text),
        state_schema: 0,
        requires_from: None,
        requires_os: None,
        urgent: false,
        waves: Vec::new(),
        rollback_from: Vec::new(),
        platforms: BTreeMap::from([("here".to_owned(), binary)]),
    }
}

/// A channel that desires these.
pub(super) fn channel(program: &str, system: Option<&str>) -> Manifest {
    Manifest {
        schema: 1,
        channel: "stable".into(),
        desired: Some(version(program)),
        min_version: version("0.1.0"),
        releases: vec![release(Subject::Program, program)],
        os: system.map(|system| Os {
            desired: Some(version(system)),
            min_version: version("0.1.0"),
            releases: vec![release(Subject::System, system)],
        }),
    }
}

/// The same, for all boxes `seconds` from the beginning on.
pub(super) fn in_a_wave(mut manifest: Manifest, seconds: i64) -> Manifest {
    let at = Timestamp::from_second(seconds).expect("a time");
    manifest.releases[0].waves = vec![Wave { at, permille: 1000 }];
    manifest
}

fn installed(subject: Subject) -> Installed {
    Installed {
        platform: "here".into(),
        version: version("1.0.0"),
        sha256: sha256(subject, "1.0.0"),
        state_schema: 0,
        floor: None,
        quarantined: Vec::new(),
        files: Vec::new(),
    }
}

/// What a check of that channel finds on a box that runs 1.0.0 of both.
pub(super) fn findings(manifest: Manifest, now: Moment) -> Findings {
    let report = OsReport {
        version: version("1.0.0"),
        sha256: None,
        state: TrialState::Good,
        previous: None,
        quarantined: Vec::new(),
        refused: None,
    };
    Findings {
        manifest: Arc::new(manifest),
        now: now.wall,
        expires: None,
        program: installed(Subject::Program),
        system: Some(SystemFindings::Reported {
            report: Box::new(report),
            mark: Some((1, None)),
            installed: installed(Subject::System),
        }),
    }
}

/// Root has refused what it was offered, at this time.
pub(super) fn refused(mut findings: Findings, time: u64) -> Findings {
    if let Some(SystemFindings::Reported { report, mark, .. }) = &mut findings.system {
        report.refused = Some(words::no_previous());
        *mark = Some((1 + time, None));
    }
    findings
}

pub(super) fn failure() -> Failure {
    Failure::new(FaultKind::Unreachable, "no way")
}

pub(super) fn slots() -> SlotsReport {
    SlotsReport { previous: Some(version("0.9.0")), quarantined: Vec::new() }
}

pub(super) fn previous() -> Previous {
    Previous { version: version("0.9.0"), sha256: sha256(Subject::Program, "0.9.0") }
}

pub(super) const STAGED: FetchOutcome = FetchOutcome::Staged { bytes: 7, was_delta: true };

pub(super) fn pin() -> Command {
    Command::Pin { version: version("1.1.0") }
}

pub(super) fn forgive() -> Command {
    Command::Forgive { version: version("0.8.0") }
}

pub(super) const APPLY: Command = Command::Apply { from: None };

/// An engine, its clock, and what it has wanted.
pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) now: Moment,
    /// What the last step has wanted, in words.
    pub(super) effects: Vec<String>,
}

impl World {
    /// A box with slots and the USB image, a technician's order, and a window.
    pub(super) fn new(window: Window, has_slots: bool) -> Self {
        let now = Moment { monotonic: Instant::now(), wall: Timestamp::UNIX_EPOCH, jitter: 0.5 };
        let config = EngineConfig { box_id: "box".into(), window, every: EVERY, has_slots, has_system: true };
        let state = State {
            channel: "stable".into(),
            running: version("1.0.0"),
            slot: Some("a".into()),
            phase: Phase::OnTrial,
            desired: None,
            checked: None,
            expires: BTreeMap::new(),
            decision: None,
            order: Override::default(),
            previous: None,
            quarantined: Vec::new(),
            os: None,
            votes: None,
            fault: None,
        };
        Self { engine: Engine::new(config, state, slots(), now), now, effects: Vec::new() }
    }

    pub(super) fn open() -> Self {
        Self::new(Window::always(), true)
    }

    /// Closed for the first hour.
    pub(super) fn closed() -> Self {
        Self::new(Window::new("01:00-02:00".parse().expect("hours"), Days::default(), TimeZone::UTC), true)
    }

    pub(super) fn later(&mut self, seconds: u64) -> &mut Self {
        self.now.monotonic += Duration::from_secs(seconds);
        self.now.wall += Duration::from_secs(seconds);
        self
    }

    /// Takes an event; replies are sent as the driver does.
    pub(super) fn event(&mut self, event: Event) -> &mut Self {
        let effects = self.engine.step(event, self.now);
        self.effects = effects.iter().map(in_words).collect();
        for effect in effects {
            if let Effect::Reply(senders, outcome) = effect {
                send(senders, &outcome.map(|outcome| Reply { outcome, state: self.engine.state().clone() }));
            }
        }
        self
    }

    pub(super) fn request(&mut self, command: Command) -> Answer {
        let (sender, answer) = oneshot::channel();
        self.event(Event::Request(Request { command, senders: vec![sender] }));
        answer
    }

    pub(super) fn finds(&mut self, manifest: Manifest) -> &mut Self {
        let findings = findings(manifest, self.now);
        self.finds_all(findings)
    }

    pub(super) fn finds_all(&mut self, findings: Findings) -> &mut Self {
        self.event(Event::Checked(Ok(Box::new(findings))))
    }

    /// Waits until it is time, and checks.
    pub(super) fn is_due(&mut self) -> &mut Self {
        let wait = self.until_due();
        self.later(wait).event(Event::Due)
    }

    /// Seconds.
    pub(super) fn until_due(&self) -> u64 {
        self.engine.due().expect("idle").duration_since(self.now.monotonic).as_secs()
    }

    #[track_caller]
    pub(super) fn expect_effects(&mut self, effects: &[&str]) -> &mut Self {
        assert_eq!(self.effects, effects);
        self
    }

    #[track_caller]
    pub(super) fn expect_phase(&mut self, phase: &Phase) -> &mut Self {
        assert_eq!(self.engine.state().phase, *phase);
        self
    }

    /// What the engine is doing.
    pub(super) fn activity(&self) -> &'static str {
        match self.engine.activity {
            Activity::Idle { .. } => "idle",
            Activity::Checking(_) => "checking",
            Activity::Fetching(_) => "fetching",
            Activity::KeepingOrder { .. } => "keeping",
            Activity::Forgiving { .. } => "forgiving",
            Activity::PreparingPrevious { .. } => "preparing",
            Activity::BeginningTrial { .. } => "beginning",
            Activity::Switching { .. } => "switching",
        }
    }
}

/// An answer that has come.
#[track_caller]
pub(super) fn answered(answer: &mut Answer) -> Result<CommandOutcome, String> {
    answer.try_recv().expect("an answer").map(|reply| reply.outcome).map_err(|text| text.en)
}

pub(super) fn begun(text: &str, is_system: bool) -> CommandOutcome {
    CommandOutcome::Begun { version: version(text), is_system }
}

pub(super) fn progress(done: u64) -> Event {
    Event::Progress(Progress { done, total: 100 })
}

fn in_words(effect: &Effect) -> String {
    match effect {
        Effect::Cancel => "cancel".into(),
        Effect::Check { from: None } => "check".into(),
        Effect::Check { from: Some(_) } => "check the stick".into(),
        Effect::Fetch(job) => {
            let subject = if job.subject == Subject::Program { "program" } else { "system" };
            format!("fetch the {subject}{}", if job.is_prefetch { " ahead" } else { "" })
        }
        Effect::KeepOrder(Override { pin, held }) => format!(
            "keep {}{}",
            pin.as_ref().map_or_else(String::new, |pin| format!("pin {pin}")),
            if *held { "hold" } else { "" }
        )
        .trim_end()
        .to_owned(),
        Effect::Forgive(_) => "forgive".into(),
        Effect::PreparePrevious => "prepare".into(),
        Effect::BeginTrial(_) => "begin the trial".into(),
        Effect::Switch => "switch".into(),
        Effect::WithdrawOffer => "withdraw".into(),
        Effect::LogFailure(_) => "log the failure".into(),
        Effect::LogRefusedOffer => "log the refusal".into(),
        Effect::Reply(senders, reply) => {
            let reply = match reply {
                Ok(CommandOutcome::Done) => "done",
                Ok(CommandOutcome::Begun { is_system: false, .. }) => "begun",
                Ok(CommandOutcome::Begun { is_system: true, .. }) => "begun system",
                Ok(CommandOutcome::Nothing { .. }) => "nothing",
                Err(text) if *text == words::overtaken() => "overtaken",
                Err(text) if *text == words::busy() => "busy",
                Err(text) if text.en.starts_with("The box is changing") => "switching",
                Err(_) => "failed",
            };
            format!("tell {} {reply}", senders.len())
        }
    }
}
