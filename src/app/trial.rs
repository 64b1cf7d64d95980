//! The trial of the binary that runs, when the slot table says that it is on one: gate, watchdog, and what follows.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tracing::subscriber::{NoSubscriber, with_default};

use super::fallback;
use super::loopback_client::LoopbackClient;
use super::watchdog::Watchdog;
use super::words;
use crate::bounded_read::read_bounded;
use crate::durable::{self, RecordError};
use crate::health::{Health, Probe};
use crate::restart::{Program, Socket};
use crate::slots::{self, Slot, Store, Table};
use crate::update::paths::UpdatePaths;
use crate::update::trial::{Found, Gate, Verdict};
use crate::{error_chain, launch, panics};

/// Looks of the watchdog without a beat: seconds.
const HANG: u32 = 10;
/// Between two tries to keep that the binary is confirmed.
const AGAIN: Duration = Duration::from_secs(10);

/// A check that waits for the disk.
pub(super) type Check = Box<dyn Fn() -> Found + Send + Sync>;

/// The binary that runs is on trial.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    directory: PathBuf,
    slot: Slot,
    /// Held while the table is changed, which this process does from several threads.
    changing: Arc<Mutex<()>>,
    /// Whether it has been decided that the binary goes.
    has_failed: Arc<AtomicBool>,
}

impl Trial {
    /// This process's; `None` when the launcher has not started it, or what it has started need not show anything.
    pub(super) fn of_process(data_dir: &Path, health: &Health) -> Option<Self> {
        std::env::var_os(launch::LAUNCHER)?;
        let name = std::env::var(launch::SLOT).ok()?;
        let directory = data_dir.join(slots::DIRECTORY);
        let store = slots::open(&directory)?;
        log_quarantined(store.value());
        fallback::report(store.value(), health);
        let slot = store.value().on_trial().filter(|slot| slot.name() == name)?;
        let trial = Self { directory, slot, changing: Arc::default(), has_failed: Arc::default() };
        // The launcher may be older than this program, and not look at it.
        trial.note(|table| table.apply_boot(slots::boot_id().as_deref()));
        Some(trial)
    }

    async fn note_in_background(&self, note: fn(&mut Table)) {
        let trial = self.clone();
        // It has panicked, at worst: then the try is spent.
        let _ = tokio::task::spawn_blocking(move || trial.note(note)).await;
    }

    /// Notes something about this start. Where that cannot be kept, the start costs its try.
    fn note(&self, note: impl FnOnce(&mut Table)) {
        let noted = self.change(|store| store.change(note));
        if let Err(error) = noted {
            tracing::warn!(error = error_chain(&error), "the outcome of this start cannot be written");
        }
    }

    /// Changes the table while the binary is on trial.
    fn change(&self, change: impl FnOnce(&mut Store) -> Result<(), RecordError>) -> Result<(), RecordError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        match slots::open(&self.directory) {
            Some(mut store) if store.value().on_trial() == Some(self.slot) => change(&mut store),
            _ => Ok(()),
        }
    }

    /// Watches from a thread of its own, until the watchdog is ended: a process that hangs reverts, and becomes
    /// `program` with these sockets.
    pub(super) fn watch(&self, program: Program, sockets: Vec<Socket>) -> std::io::Result<Watchdog> {
        let trial = self.clone();
        Watchdog::start(HANG, move || {
            // Whatever hangs may have the log: nothing is written there. Where the table cannot be kept, the launcher
            // counts tries.
            with_default(NoSubscriber::default(), || {
                let _ = trial.revert(&format!("it hung for {HANG} s"));
                let _ = program.exec(sockets);
            });
            // The service manager starts the launcher again.
            std::process::abort();
        })
    }

    /// Looks until it is decided whether the binary stays, and gives it. `restart` is cancelled when it does not, and `probe` told
    /// when it does, but that cannot be kept.
    pub(super) async fn run(
        self,
        stretch: Duration,
        client: LoopbackClient,
        checks: Vec<Check>,
        watchdog: Watchdog,
        restart: CancellationToken,
        probe: Probe,
    ) -> bool {
        // Noted before it is said, so that whoever ends the process then has ended one that came up.
        self.note_in_background(Table::mark_serving).await;
        tracing::info!(slot = self.slot.name(), trial_s = stretch.as_secs(), "this version is on trial");
        let checks = Arc::new(checks);
        let start = Instant::now();
        let mut has_lasted = false;
        let mut gate = Gate::new(stretch);
        let mut rounds =
            tokio::time::interval((stretch / 10).clamp(Duration::from_millis(200), Duration::from_secs(3)));
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let reason = loop {
            rounds.tick().await;
            let at = start.elapsed();
            let found = run_checks(&client, &checks).await;
            match &found {
                Found::Unwell(what) => tracing::warn!(what, "this version is on trial, and something is wrong"),
                Found::Unknown(why) => tracing::warn!("this version is on trial, and {why}"),
                // Whoever awaits it says what and when.
                Found::Well | Found::Awaited(_) | Found::Broken(_) => {}
            }
            match gate.judge(at, found) {
                Verdict::Wait if at >= slots::LASTED && !has_lasted => {
                    has_lasted = true;
                    self.note_in_background(Table::last).await;
                }
                Verdict::Wait => {}
                Verdict::Confirm => break None,
                Verdict::Revert(reason) => break Some(reason),
            }
        };
        match reason {
            None => {
                self.confirm_until_kept(&probe).await;
                watchdog.end();
                true
            }
            Some(reason) => {
                tracing::error!(
                    slot = self.slot.name(),
                    reason,
                    "this version does not work: reverting to the one before"
                );
                self.has_failed.store(true, Ordering::Release);
                let reverted = tokio::task::spawn_blocking(move || self.revert(&reason)).await;
                if let Ok(Err(error)) = reverted {
                    // The launcher runs what is active instead of a trial that it cannot count.
                    tracing::error!(error = error_chain(&error), "the slot table cannot be written");
                }
                restart.cancel();
                false
            }
        }
    }

    async fn confirm_until_kept(&self, probe: &Probe) {
        loop {
            let trial = self.clone();
            let kept = tokio::task::spawn_blocking(move || trial.confirm()).await;
            let chain = match kept {
                Ok(Ok(())) => break,
                Ok(Err(error)) => error_chain(&error),
                Err(error) => error.to_string(),
            };
            tracing::error!(
                error = chain,
                "this version works, but the confirmation cannot be written: each start costs a try"
            );
            probe.degraded(Some(words::trial_not_kept(chain)));
            tokio::time::sleep(AGAIN).await;
        }
        probe.degraded(None);
        tracing::info!(slot = self.slot.name(), "this version works and is confirmed");
    }

    fn confirm(&self) -> Result<(), RecordError> {
        self.change(|store| slots::confirm(&self.directory, store))
    }

    fn revert(&self, reason: &str) -> Result<(), RecordError> {
        self.has_failed.store(true, Ordering::Release);
        self.change(|store| slots::revert(&self.directory, store, reason))
    }
}

/// The process is stopped, which says nothing against the binary on trial.
pub(super) async fn end_cleanly(trial: Option<Trial>) {
    if let Some(trial) = trial.filter(|trial| !trial.has_failed.load(Ordering::Acquire)) {
        trial.note_in_background(Table::end_cleanly).await;
    }
}

/// Logs which version was given up last, and why: the process that gave it up may not have been able to.
fn log_quarantined(table: &Table) {
    if let Some(given_up) = table.quarantined().last() {
        let (version, reason) = (&given_up.image.version, &given_up.reason);
        tracing::warn!(version, reason, "the last version that failed, and is quarantined");
    }
}

async fn run_checks(client: &LoopbackClient, checks: &Arc<Vec<Check>>) -> Found {
    if panics::count() > 0 {
        return Found::Broken("a task has panicked".into());
    }
    if let Err(what) = client.is_served().await {
        return if client.is_starved() { Found::Unknown("all connections are taken") } else { Found::Unwell(what) };
    }
    let checks = Arc::clone(checks);
    let first = move || checks.iter().map(|check| check()).find(|found| *found != Found::Well);
    match tokio::task::spawn_blocking(first).await {
        Ok(found) => found.unwrap_or(Found::Well),
        Err(error) => Found::Broken(error.to_string()),
    }
}

/// Whether the box's state can be written, and read again.
pub(super) fn state_is_kept(data_dir: &Path) -> Check {
    let path = UpdatePaths::of(data_dir).update.join("probe");
    Box::new(move || {
        let word = crate::VERSION.as_bytes();
        if let Err(error) = durable::write(&path, word, 0o600) {
            return if error.is_full() {
                Found::Unknown("the disk is full")
            } else {
                Found::Unwell(error_chain(&error))
            };
        }
        let read = read_bounded(&path, word.len() as u64);
        if let Err(error) = durable::remove(&path) {
            return Found::Unwell(error_chain(&error));
        }
        match read {
            Ok(read) if read == word => Found::Well,
            Ok(_) => Found::Unwell(format!("{} does not hold what was written", path.display())),
            Err(error) => Found::Unwell(format!("cannot read {}: {error}", path.display())),
        }
    })
}
