//! The updates at work: what they need from the configuration and from the box, and who gets their state.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use semver::Version;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::ConfigCheck;
use super::switch;
use crate::admin;
use crate::health::Probe;
use crate::identity::BoxId;
use crate::lang::Text;
use crate::metrics::{Metrics, Updated};
use crate::outbound::Outbound;
use crate::slots::Slot;
use crate::update::command::{Command, CommandOutcome, Reply};
use crate::update::engine::{Host, Machine, Settings, Switch, Updates};
use crate::update::manifest::os_platform;
use crate::update::paths::UpdatePaths;
use crate::update::repository;
use crate::update::state::{Phase, State};
use crate::update::transport::{Source, Transport};
use crate::update::trial::{self, Found};
use crate::update::votes::ScreenVotes;
use crate::update::{ROOT, words};
use crate::{console, error_chain, launch, machine, update};

/// The bucket that the program was built with (`WORKSHOP_UPDATE_URL`); empty without one.
const URL: &str = env!("WORKSHOP_UPDATE_URL");

/// How old what health says may be.
const EVERY: Duration = Duration::from_secs(60);
/// An update takes minutes, on the slowest of lines hours.
const STUCK: Duration = Duration::from_secs(24 * 3600);

/// The running updates, once they run: who shows them is built before them.
pub(super) type Running = Arc<OnceLock<Updates>>;

/// What the configuration makes of the updates.
pub(super) enum UpdateConfig {
    /// None, and nobody misses them.
    Off(&'static str),
    /// They are configured, but cannot run.
    Impossible(String),
    /// These.
    On(Box<Settings>),
}

impl UpdateConfig {
    /// What the configuration, or else the program itself, says.
    pub(super) fn new(
        update: update::Settings,
        outbound: Result<Outbound, String>,
        directory: Option<&Path>,
        data_dir: &Path,
        id: &BoxId,
    ) -> Self {
        let window = update.window();
        let update::Settings { enabled, url, channel, trusted_root, allow_http, check_interval, usb_dir, .. } = update;
        if !enabled {
            return Self::Off("update.enabled is false");
        }
        let Some(url) = url.or_else(|| (!URL.is_empty()).then(|| URL.to_owned())) else {
            return Self::Off("the program carries no bucket's address, and update.url gives none");
        };
        let made = root(trusted_root.as_deref()).and_then(|root| {
            let source = Source::Web { url, allow_http, outbound: outbound? };
            let bucket = Transport::new(source).map_err(|error| error_chain(&error))?;
            Ok(Settings {
                data_dir: data_dir.to_owned(),
                box_id: id.as_str().to_owned(),
                channel: channel.name().to_owned(),
                platform: env!("WORKSHOP_EDGE_TARGET"),
                root,
                bucket,
                usb: usb_dir,
                every: check_interval,
                window,
                max_change: trial::max_change(update.quiet_wait, update.trial),
                rate: NonZeroU32::new(update.rate_limit_kib),
                machine: directory.map(|directory| Machine {
                    directory: directory.to_owned(),
                    version: machine::os::running(&machine::Paths::default()).ok(),
                    platform: os_platform(machine::os_variant(&machine::Paths::default()).as_deref()),
                }),
                host: host(),
            })
        });
        made.map_or_else(Self::Impossible, |settings| Self::On(Box::new(settings)))
    }

    /// Whether what is known of trusted releases can be loaded: a part of a trial's gate.
    pub(super) fn trust(&self) -> Option<super::trial::Check> {
        let Self::On(settings) = self else { return None };
        let settings = repository::Settings::under(UpdatePaths::of(&settings.data_dir).trust, settings.root.clone());
        Some(Box::new(move || match repository::stored_is_sound(&settings) {
            Ok(()) => Found::Well,
            Err(error) => Found::Unwell(error_chain(&error)),
        }))
    }
}

/// Bytes of a file with a root of trust.
const MAX_ROOT: u64 = 1 << 20;

fn root(file: Option<&Path>) -> Result<Vec<u8>, String> {
    match file {
        Some(file) => super::outbound::read(file, MAX_ROOT),
        None if ROOT.is_empty() => {
            Err("there is no root of trust: the program carries none, and update.trusted_root gives none".to_owned())
        }
        None => Ok(ROOT.to_owned()),
    }
}

/// Who started this process, as `launch` says it.
fn host() -> Host {
    let slot = std::env::var(launch::SLOT).ok();
    match (std::env::var_os(launch::LAUNCHER).map(PathBuf::from), slot.as_deref()) {
        (Some(launcher), Some(launch::FACTORY)) => Host::Launch { launcher, slot: None },
        (Some(launcher), Some(name)) => match Slot::ALL.into_iter().find(|slot| slot.name() == name) {
            Some(slot) => Host::Launch { launcher, slot: Some(slot) },
            None => Host::Other,
        },
        _ => Host::Other,
    }
}

/// The subscribers to the state of the updates, and what a switch needs.
pub(super) struct Observers {
    pub(super) probe: Probe,
    pub(super) metrics: Arc<Metrics>,
    /// How long a switch waits for a quiet moment.
    pub(super) quiet_wait: Duration,
    pub(super) running: Running,
}

/// Starts them after the trial, during which the screens may have their say. Without them the box serves on.
pub(super) fn start(
    wanted: UpdateConfig,
    observers: Observers,
    recheck: Rc<ConfigCheck>,
    restart: CancellationToken,
    trial: (impl Future<Output = ()> + 'static, watch::Receiver<Option<ScreenVotes>>),
) {
    let Observers { probe, metrics, quiet_wait, running } = observers;
    let settings = match wanted {
        UpdateConfig::On(settings) => *settings,
        UpdateConfig::Off(why) => {
            tracing::info!(why, "updates are off");
            return;
        }
        UpdateConfig::Impossible(chain) => {
            tracing::warn!(error = chain, "updates cannot run");
            probe.degraded(Some(super::words::updates_impossible(chain)));
            return;
        }
    };
    let figures = Arc::clone(&metrics);
    let switch = Switch {
        is_ready: Box::new(move || (*recheck)()),
        go: Box::new(move || {
            let (metrics, restart) = (Arc::clone(&metrics), restart.clone());
            tokio::task::spawn_local(async move {
                switch::quiet_moment(&metrics, quiet_wait).await;
                restart.cancel();
            });
        }),
    };
    let updates = Updates::start(settings, switch, trial);
    let _ = running.set(updates.clone());
    tokio::task::spawn_local(async move {
        let (mut states, mut patience) = (updates.state(), Patience::default());
        loop {
            let state = states.borrow_and_update().clone();
            let stuck = patience.judge(&state, Instant::now()).map(words::stuck);
            let faults: Vec<_> = fault(&state, Timestamp::now()).into_iter().chain(stuck).collect();
            probe.degraded((!faults.is_empty()).then(|| Text::join(faults, "\n")));
            figures.updated(&figure(&state, &updates));
            // Time alone makes faults of what lasts.
            if let Ok(Err(_)) = timeout(EVERY, states.changed()).await {
                break;
            }
        }
    });
}

/// Since when the same version has been about to run.
#[derive(Debug, Default)]
struct Patience {
    pending: Option<(Version, Instant)>,
}

impl Patience {
    /// The version that has been about to run for so long that something is wrong.
    fn judge(&mut self, state: &State, now: Instant) -> Option<&Version> {
        let before = self.pending.take();
        self.pending = state.pending().map(|pending| match before {
            Some((version, since)) if version == *pending => (version, since),
            _ => (pending.clone(), now),
        });
        let is_due = |since| now.saturating_duration_since(since) >= STUCK;
        self.pending.as_ref().filter(|(_, since)| is_due(*since)).map(|(version, _)| version)
    }
}

fn figure(state: &State, updates: &Updates) -> Updated {
    let traffic = updates.traffic();
    Updated {
        channel: state.channel.clone(),
        desired: state.desired.as_ref().map(ToString::to_string).unwrap_or_default(),
        is_failing: state.fault.is_some(),
        checked_at: state.checked.map_or(0, Timestamp::as_second),
        expires: expiries(state),
        downloading: match state.phase {
            Phase::Downloading { done, total, .. } => (done, total),
            _ => (0, 0),
        },
        requests: traffic.requests,
        received: traffic.received,
        quarantined: state.quarantined.len() as u64,
    }
}

/// Of each role, also before the bucket has answered.
fn expiries(state: &State) -> Vec<(String, i64)> {
    let roles = ["root", "timestamp", "snapshot", "targets", state.channel.as_str()];
    roles.map(|role| (role.to_owned(), state.expires.get(role).map_or(0, |at| at.as_second()))).into()
}

/// What somebody should look at. An unreachable bucket becomes that only after a while, a stale one sooner.
fn fault(state: &State, now: Timestamp) -> Option<Text> {
    if let Some(fault) = &state.fault {
        let patience = fault.kind.patience();
        let lasts = Duration::try_from(now.duration_since(fault.since)).unwrap_or_default();
        if patience.is_zero() || lasts > patience {
            return Some(words::fault(fault));
        }
    }
    let desired = state.desired.as_ref().map(ToString::to_string);
    if let Some(failed) = state.quarantined.iter().rev().find(|one| Some(&one.version) == desired.as_ref()) {
        return Some(words::quarantined(failed));
    }
    // Where the bucket cannot be asked, it may have been renewed.
    let (role, at) = state.expires_soon(now).filter(|_| state.fault.is_none())?;
    Some(words::expiring(role, at))
}

/// For the console.
pub(super) fn shown(running: &Running) -> Option<console::Update> {
    let state = running.get()?.state().borrow().clone();
    Some(console::Update {
        channel: state.channel.clone(),
        desired: state.desired.as_ref().map(ToString::to_string),
        is_doubtful: state.fault.is_some(),
        sentences: words::sentences(&state),
    })
}

/// For the administration.
pub(super) fn section(running: &Running) -> Option<admin::Updates> {
    let report = running.get()?.report();
    let state = &report.state;
    Some(admin::Updates {
        sentences: words::sentences(state).0,
        history: report.history.iter().rev().take(10).map(words::entry).collect(),
        previous: state.previous.as_ref().map(ToString::to_string),
        refused: refused(state),
        can_switch: state.slot.is_some(),
        is_held: state.order.held,
        is_ordered: state.order.held || state.order.pin.is_some(),
    })
}

/// The versions that are not tried again, the newest first, each once.
fn refused(state: &State) -> Vec<String> {
    let mut refused: Vec<String> = Vec::new();
    for one in state.quarantined.iter().rev() {
        if !refused.contains(&one.version) {
            refused.push(one.version.clone());
        }
    }
    refused
}

/// Hands a command to the engine.
pub(super) async fn request(running: &Running, command: Command) -> Result<Reply, Text> {
    let updates = running.get().ok_or(super::words::UPDATES_OFF)?;
    updates.request(command).await
}

/// The outcome of a command, for a browser.
pub(super) fn outcome(reply: Result<Reply, Text>) -> admin::AdminOutcome {
    match reply.map(|reply| reply.outcome) {
        Ok(CommandOutcome::Done | CommandOutcome::Begun { .. }) => admin::AdminOutcome::Done,
        Ok(CommandOutcome::Nothing { reason }) => admin::AdminOutcome::Nothing(reason),
        Err(why) => admin::AdminOutcome::Refused(why),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::update::order::Override;
    use crate::update::state::{self, FaultKind};

    fn state(kind: Option<FaultKind>) -> State {
        State {
            channel: "stable".into(),
            running: Version::new(1, 0, 0),
            slot: None,
            phase: Phase::Idle,
            desired: Some(Version::new(1, 1, 0)),
            checked: None,
            expires: BTreeMap::new(),
            decision: None,
            order: Override::default(),
            previous: None,
            quarantined: Vec::new(),
            os: None,
            votes: None,
            fault: kind.map(|kind| state::Fault { since: Timestamp::UNIX_EPOCH, kind, detail: "why".into() }),
        }
    }

    #[test]
    fn a_workshop_without_internet_is_not_ill_at_once() {
        let at = |hours: i64| Timestamp::from_second(hours * 3600).expect("a time");
        assert_eq!(fault(&state(Some(FaultKind::Unreachable)), at(23)), None);
        assert!(fault(&state(Some(FaultKind::Unreachable)), at(25)).is_some());
        assert!(fault(&state(Some(FaultKind::Untrusted)), at(0)).is_some_and(|fault| fault.es.contains("firmas")));
        assert_eq!(fault(&state(None), at(99)), None);
        // The edge of a CDN that is behind the others.
        let minute = |minute: i64| Timestamp::from_second(minute * 60).expect("a time");
        assert_eq!(fault(&state(Some(FaultKind::Stale)), minute(10)), None);
        assert!(fault(&state(Some(FaultKind::Stale)), minute(11)).is_some());
        // A bucket whose metadata can be had and whose releases cannot.
        let answers = State { checked: Some(at(25)), ..state(Some(FaultKind::Incomplete)) };
        assert!(fault(&answers, at(25)).is_some());
    }

    #[test]
    fn a_version_that_failed_here_is_reported_as_long_as_it_is_wanted() {
        let failed = |version: &str| state::Quarantined {
            version: version.into(),
            sha256: String::new(),
            reason: "it hung".into(),
        };
        let old = State { quarantined: vec![failed("1.0.9")], ..state(None) };
        assert_eq!(fault(&old, Timestamp::UNIX_EPOCH), None);
        let wanted = State { quarantined: vec![failed("1.1.0")], ..state(None) };
        assert!(fault(&wanted, Timestamp::UNIX_EPOCH).is_some_and(|fault| fault.en.contains("1.1.0 failed")));
    }

    #[test]
    fn metadata_that_nobody_renews_are_reported_while_the_bucket_answers() {
        let at = |hours: i64| Timestamp::from_second(hours * 3600).expect("a time");
        let expires = [("root", 9000), ("stable", 1000), ("timestamp", 700)];
        let expires = expires.map(|(role, hours)| (role.to_owned(), at(hours)));
        let well = State { expires: expires.into(), ..state(None) };
        let role = |hours| fault(&well, at(hours)).map(|text| text.en);
        assert_eq!(role(640), None);
        assert!(role(641).is_some_and(|text| text.contains("stable: ")), "15 days before its end");
        assert!(role(689).is_some_and(|text| text.contains("timestamp: ")), "that which ends first");
        let away = State { expires: well.expires.clone(), ..state(Some(FaultKind::Unreachable)) };
        assert_eq!(fault(&away, at(15)), None);
    }

    #[test]
    fn a_version_that_does_not_come_for_a_day_is_stuck_unless_something_is_in_its_way() {
        let (start, hour) = (Instant::now(), Duration::from_secs(3600));
        let on_its_way = |version: &Version| State {
            slot: Some("a".into()),
            phase: Phase::Downloading { version: version.clone(), done: 1, total: 2 },
            desired: Some(version.clone()),
            ..state(None)
        };
        let (first, second) = (Version::new(1, 1, 0), Version::new(1, 2, 0));
        let mut patience = Patience::default();
        let mut stuck = |state: &State, hours| patience.judge(state, start + hours * hour).cloned();
        assert_eq!(stuck(&on_its_way(&first), 0), None);
        assert_eq!(stuck(&State { phase: Phase::Checking, ..on_its_way(&first) }, 10), None);
        assert_eq!(stuck(&on_its_way(&first), 23), None);
        assert_eq!(stuck(&on_its_way(&first), 24), Some(first.clone()));
        assert_eq!(stuck(&State { phase: Phase::Checking, ..on_its_way(&first) }, 24), Some(first.clone()));
        assert_eq!(stuck(&on_its_way(&second), 25), None, "another one");
        assert_eq!(stuck(&on_its_way(&second), 49), Some(second.clone()));
        let until = Timestamp::UNIX_EPOCH;
        let waiting = Phase::Waiting { version: second.clone(), until, wait: state::WaitReason::Wave, is_here: true };
        for other in [
            State { phase: waiting, ..on_its_way(&second) },
            State { order: Override { pin: None, held: true }, ..on_its_way(&second) },
            State { decision: Some(Text::new("no hay", "there is none")), ..on_its_way(&second) },
            State { running: second.clone(), ..on_its_way(&second) },
            State { slot: None, ..on_its_way(&second) },
            state(Some(FaultKind::Unreachable)),
        ] {
            let mut patience = Patience::default();
            let mut stuck = |state: &State, hours| patience.judge(state, start + hours * hour).cloned();
            assert_eq!(stuck(&on_its_way(&second), 0), None);
            assert_eq!(stuck(&other, 12), None, "{other:?}");
            assert_eq!(stuck(&on_its_way(&second), 24), None, "it begins anew");
            assert_eq!(stuck(&on_its_way(&second), 48), Some(second.clone()));
        }
    }
}
