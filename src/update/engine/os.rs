//! The operating system of the USB image: downloads what the channel desires, and offers it to root, which verifies it
//! again and installs it.
//!
//! ```text
//! <data_dir>/update/os/offer/targets/<sha256>.workshop-edge-os-<version>-<platform>.efi
//! <data_dir>/update/os/offer/targets/<sha256>.<channel>.manifest.json
//! <data_dir>/update/os/offer/metadata/…      what leads there, as it came
//! <data_dir>/update/os/offer/ready           last of all: root is to install it, and to restart the machine
//! ```
//!
//! When that is done is decided here, by the same rule as for the program; that it may be done at all is decided again
//! by root, from the signatures.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use semver::Version;
use tokio::time::Instant;

use super::Machine;
use super::check::Checked;
use super::failure::Failure;
use super::retry::Retry;
use crate::durable::{self, DurableError, Lock};
use crate::lang::Text;
use crate::update::blocking::blocking;
use crate::update::download::{Downloads, Progress};
use crate::update::manifest::MAX_OS;
use crate::update::os::{self, OFFER, OsReport, OsState, READY, Step};
use crate::update::policy::{self, Decision, Plan, Situation};
use crate::update::repository::Extract;
use crate::update::state::{FaultKind, Wait};
use crate::update::words;
use crate::{digest, error_chain};

/// How long root may take to install what it is asked for, which waits for the end of a trial, and to restart the machine.
const ANSWER: Duration = Duration::from_secs(40 * 60);

/// The operating system.
pub(super) struct Os {
    /// Where root tells.
    machine: PathBuf,
    /// What runs, as the box sees it for itself.
    seen: Option<Version>,
    platform: String,
    offer: PathBuf,
    downloads: PathBuf,
    report: Option<OsReport>,
    /// Which file told it.
    heard: Option<Heard>,
    /// What root has been asked to install since this process began.
    asked: Option<Asked>,
    retry: Retry,
}

/// What tells one file of root's from the one that it has put in its place.
type Heard = (u64, Option<SystemTime>);

/// What root has been asked to install.
struct Asked {
    sha256: String,
    at: Instant,
    /// The last that was heard before.
    heard: Option<Heard>,
}

/// What the box is, as far as it matters.
pub(super) struct Asking<'a> {
    pub(super) box_id: &'a str,
    pub(super) channel: &'a str,
    pub(super) held: bool,
    pub(super) window: &'a crate::window::Window,
    pub(super) ordered: bool,
}

/// What is to be brought, and whether it is only downloaded.
pub(super) struct Wanted {
    pub(super) plan: Plan,
    pub(super) is_ahead: bool,
}

impl Os {
    pub(super) fn new(machine: &Machine, update: &Path, every: Duration) -> Self {
        let mut os = Self {
            machine: machine.directory.clone(),
            seen: machine.version.clone(),
            platform: machine.platform.clone(),
            offer: update.join(OFFER),
            downloads: update.join("os/downloads"),
            report: None,
            heard: None,
            asked: None,
            retry: Retry::new(every),
        };
        os.listen();
        os
    }

    /// Reads again what root tells.
    fn listen(&mut self) {
        // The mark first: what is newer than it is told is heard again.
        self.heard = heard(&self.machine.join(os::FILE));
        match os::read_report(&self.machine) {
            Ok(report) => self.report = report.or(self.report.take()),
            Err(error) => {
                let path = self.machine.display();
                tracing::warn!(%path, error = error_chain(&error), "what root tells of the system cannot be read");
            }
        }
    }

    /// The version that runs: should root not tell it, a program that needs a newer one is held to it all the same.
    pub(super) fn running(&self) -> Option<Version> {
        self.report.as_ref().map(|report| &report.version).or(self.seen.as_ref()).cloned()
    }

    /// It went wrong.
    pub(super) fn rest(&mut self) {
        self.retry.in_vain();
    }

    /// Whether the last attempt was in vain, so that the program has its turn first.
    pub(super) fn rests(&mut self) -> bool {
        self.hear();
        self.retry.rests()
    }

    /// Hears root out: what it has refused it may be asked for again.
    fn hear(&mut self) {
        self.listen();
        let is_refused = self.report.as_ref().is_some_and(|report| report.refused.is_some());
        let heard = self.heard;
        // Root may also have been stopped before it could tell anything.
        let is_in_vain = |asked: &mut Asked| (is_refused && heard != asked.heard) || asked.at.elapsed() > ANSWER;
        if self.asked.take_if(is_in_vain).is_some() {
            tracing::warn!("root has not installed the system that it was asked to install");
            self.retry.in_vain();
        }
    }

    /// What a checked channel comes to: the state, and what is to be brought.
    pub(super) fn decide(&mut self, checked: &Checked, asking: &Asking<'_>) -> (Option<OsState>, Option<Wanted>) {
        self.hear();
        if asking.ordered {
            // Whoever orders it may have removed what it failed for.
            self.asked = None;
        }
        let Some(report) = self.report.clone() else { return (None, None) };
        let Some(manifest) = checked.manifest.of_os() else {
            return (Some(OsState { report, desired: None, step: Step::Idle, decision: None }), None);
        };
        let now = Timestamp::try_from(checked.now).unwrap_or(Timestamp::UNIX_EPOCH);
        let floor = checked.repository.min_version_of_os(asking.channel);
        let decision = policy::decide(
            &manifest,
            &Situation {
                box_id: asking.box_id,
                platform: &self.platform,
                running: &report.version,
                running_sha256: report.sha256.as_deref().unwrap_or_default(),
                state_schema: 0,
                os: None,
                floor: floor.as_ref(),
                quarantined: &|sha256| report.quarantined.iter().any(|one| one.sha256 == sha256),
                pin: None,
                held: asking.held,
                now,
                window: asking.window.state(now),
                ordered: asking.ordered,
            },
        );
        let rests = match &decision {
            Decision::Take(plan) | Decision::Later { plan, .. } => {
                self.retry.about(&plan.binary.raw_sha256);
                self.retry.rests() && !asking.ordered
            }
            Decision::Nothing(_) => false,
        };
        self.retry.passed();
        let (step, said, wanted) = match self.step(decision, checked, asking.channel) {
            (Step::Downloading { .. }, ..) if rests => (Step::Idle, None, None),
            (step, said, wanted) => (step, said, wanted.filter(|_| !rests)),
        };
        (Some(OsState { report, desired: manifest.desired, step, decision: said }), wanted)
    }

    fn step(&mut self, decision: Decision, checked: &Checked, channel: &str) -> (Step, Option<Text>, Option<Wanted>) {
        match decision {
            Decision::Nothing(why) => {
                self.withdraw();
                (Step::Idle, Some(words::why(&why)), None)
            }
            Decision::Take(plan) if self.asked.as_ref().is_some_and(|asked| asked.sha256 == plan.binary.raw_sha256) => {
                (Step::Offered { version: plan.version }, None, None)
            }
            Decision::Take(plan) => {
                let step = Step::Downloading { version: plan.version.clone(), done: 0, total: plan.binary.raw_size };
                (step, None, Some(Wanted { plan, is_ahead: false }))
            }
            Decision::Later { plan, at, wait } => {
                let is_here = self.is_here(&plan, checked, channel);
                let version = plan.version.clone();
                let (wait, waits) = match wait {
                    policy::Wait::Wave => (Wait::Wave, true),
                    policy::Wait::Window => (Wait::Window, is_here),
                };
                let step = Step::Waiting { version, until: at, wait, is_here };
                (step, None, (!waits).then_some(Wanted { plan, is_ahead: true }))
            }
        }
    }

    fn is_here(&self, plan: &Plan, checked: &Checked, channel: &str) -> bool {
        let Ok(target) = checked.repository.target(channel, &plan.binary.full) else { return false };
        let file = self.offer.join("targets").join(&target.path);
        file.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == target.length)
    }

    /// Nothing is offered any more: what an offer took is given back.
    fn withdraw(&mut self) {
        self.asked = None;
        for directory in [&self.offer, &self.downloads] {
            match fs::remove_dir_all(directory) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(path = %directory.display(), %error, "an old offer of a system stays");
                }
                _ => {}
            }
        }
    }

    /// Downloads what is wanted; unless it is ahead of its hour, asks root to install it.
    pub(super) async fn bring(
        &self,
        wanted: &Wanted,
        checked: &Checked,
        channel: &str,
        rate: Option<std::num::NonZeroU32>,
        progress: &dyn Fn(Progress),
    ) -> Result<(), Failure> {
        let binary = &wanted.plan.binary;
        let target = checked.repository.target(channel, &binary.full)?;
        if target.sha256 != binary.raw_sha256 || target.length != binary.raw_size || target.length > MAX_OS {
            let detail = format!("{} is not what the manifest says of it", binary.full);
            return Err(Failure::new(FaultKind::Untrusted, detail));
        }
        let place = self.offer.join("targets").join(&target.path);
        let (kept, size, sha256) = (place.clone(), target.length, target.sha256.clone());
        let is_here = blocking(move || {
            Ok::<_, Failure>(digest::of_file(&kept, size).ok().flatten().is_some_and(|there| there == sha256))
        })
        .await?;
        if !is_here {
            let path = self.downloads.join("lock");
            let lock = Lock::take(&path).map_err(Failure::from)?;
            let lock = lock.ok_or_else(|| Failure::new(FaultKind::Other, "a system is being downloaded already"))?;
            let lock = Arc::new(lock);
            let downloads = Downloads::new(self.downloads.join("parts"), rate);
            let (others, this) = (downloads.clone(), target.clone());
            blocking(move || others.keep_only(&[&this]).map_err(Failure::from)).await?;
            let downloaded = downloads.fetch(&checked.transport, &target, &lock, progress).await?;
            let (offer, place) = (self.offer.clone(), place.clone());
            blocking(move || put(&offer, &downloaded, &place)).await?;
        }
        if wanted.is_ahead {
            return Ok(());
        }
        let extract = checked.repository.extract(channel).await?;
        let (offer, version) = (self.offer.clone(), wanted.plan.version.clone());
        let sha256 = binary.raw_sha256.clone();
        blocking(move || offer_it(&offer, &extract, &version, &sha256).map_err(Failure::from)).await
    }

    /// Root has been asked to install this.
    pub(super) fn asked(&mut self, sha256: &str) {
        self.asked = Some(Asked { sha256: sha256.to_owned(), at: Instant::now(), heard: self.heard });
    }
}

fn heard(file: &Path) -> Option<Heard> {
    let metadata = fs::metadata(file).ok()?;
    Some((metadata.ino(), metadata.modified().ok()))
}

/// Puts a downloaded file in its place, which is the only one of its kind there.
fn put(offer: &Path, from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::new(FaultKind::Storage, format!("{}: {error}", to.display()));
    // What was offered before is in the way of nothing, but of room.
    durable::remove(&offer.join(READY)).map_err(Failure::from)?;
    match fs::remove_dir_all(offer) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let targets = offer.join("targets");
    durable::create_dir(&targets).map_err(Failure::from)?;
    fs::rename(from, to).map_err(failed)?;
    durable::sync_dir(&targets).map_err(Failure::from)
}

fn offer_it(offer: &Path, extract: &Extract, version: &Version, sha256: &str) -> Result<(), DurableError> {
    let ready = offer.join(READY);
    durable::remove(&ready)?;
    let (name, bytes) = &extract.manifest;
    durable::write(&offer.join("targets").join(name), bytes, 0o644)?;
    for (name, bytes) in &extract.metadata {
        durable::write(&offer.join("metadata").join(name), bytes, 0o644)?;
    }
    // For people: root reads what is signed.
    durable::write(&ready, format!("{version} {sha256}\n").as_bytes(), 0o644)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::manifest::os_platform;

    #[test]
    fn what_runs_is_known_though_root_tells_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let version = Some(Version::new(1, 0, 0));
        let machine =
            Machine { directory: directory.path().to_owned(), version: version.clone(), platform: os_platform(None) };
        assert_eq!(Os::new(&machine, directory.path(), Duration::from_secs(60)).running(), version);
        fs::write(directory.path().join(os::FILE), r#"{"version":"1.1.0","state":"good"}"#).expect("told");
        assert_eq!(
            Os::new(&machine, directory.path(), Duration::from_secs(60)).running(),
            Some(Version::new(1, 1, 0)),
            "root knows better"
        );
    }
}
