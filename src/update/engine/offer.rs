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
//! That a version may be installed at all is decided again by root, from the signatures.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use semver::Version;

use super::check::Checked;
use super::event::{FetchOutcome, UpdateJob};
use super::failure::Failure;
use super::findings::{Installed, ReportMark, SystemFindings, VersionFile};
use super::settings::Machine;
use crate::durable::{self, DurableError, Lock};
use crate::update::blocking::blocking;
use crate::update::download::{Downloads, Progress};
use crate::update::manifest::MAX_OS;
use crate::update::os::{self, OFFER, READY};
use crate::update::repository::Extract;
use crate::update::state::{FaultKind, OsReport};
use crate::{digest, error_chain};

/// The operating system: what root reports on it, and what it is offered.
pub(super) struct SystemOffer {
    /// The directory in which root reports.
    reports: PathBuf,
    /// What runs, as the box has read it itself.
    seen: Option<Version>,
    platform: String,
    files: OfferFiles,
    /// Root's last report: it may be away, or torn, for a moment.
    report: Option<OsReport>,
}

impl SystemOffer {
    pub(super) fn new(machine: &Machine, update: &Path) -> Self {
        Self {
            reports: machine.directory.clone(),
            seen: machine.version.clone(),
            platform: machine.platform.clone(),
            files: OfferFiles { offer: update.join(OFFER), downloads: update.join("os/downloads") },
            report: None,
        }
    }

    pub(super) fn files(&self) -> &OfferFiles {
        &self.files
    }

    /// What there is now. Should root not report, a program that needs a newer system is held to the one that runs all
    /// the same.
    pub(super) fn find(&mut self, floor: Option<Version>) -> SystemFindings {
        // The mark first: a newer report under an older mark is taken for a new one once more.
        let mark = mark(&self.reports.join(os::FILE));
        match os::read_report(&self.reports) {
            Ok(report) => self.report = report.or(self.report.take()),
            Err(error) => {
                let path = self.reports.display();
                tracing::warn!(%path, error = error_chain(&error), "root's report on the system cannot be read");
            }
        }
        let Some(report) = self.report.clone() else {
            return SystemFindings::Unreported { version: self.seen.clone() };
        };
        let installed = Installed {
            platform: self.platform.clone(),
            version: report.version.clone(),
            sha256: report.sha256.clone().unwrap_or_default(),
            state_schema: 0,
            floor,
            quarantined: report.quarantined.iter().map(|one| one.sha256.clone()).collect(),
            files: self.files.held(),
        };
        SystemFindings::Reported { report: Box::new(report), mark, installed }
    }
}

/// Where an offer lies.
#[derive(Clone)]
pub(super) struct OfferFiles {
    offer: PathBuf,
    downloads: PathBuf,
}

impl OfferFiles {
    /// Whole files of versions: named by their SHA-256 when they are that.
    fn held(&self) -> Vec<VersionFile> {
        let entries = fs::read_dir(self.offer.join("targets")).into_iter().flatten().flatten();
        let held = entries.filter_map(|entry| {
            let metadata = entry.metadata().ok().filter(Metadata::is_file)?;
            let name = entry.file_name().into_string().ok()?;
            Some(VersionFile { sha256: name.split_once('.')?.0.to_owned(), size: metadata.len() })
        });
        held.collect()
    }

    /// Takes an offer back, with the room that it takes.
    pub(super) fn withdraw(&self) {
        for directory in [&self.offer, &self.downloads] {
            match fs::remove_dir_all(directory) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(path = %directory.display(), %error, "an old offer of a system cannot be removed");
                }
                _ => {}
            }
        }
    }

    /// Downloads a version; unless it is ahead of its hour, asks root to install it.
    pub(super) async fn fetch(
        &self,
        job: &UpdateJob,
        checked: &Checked,
        channel: &str,
        rate: Option<std::num::NonZeroU32>,
        progress: &dyn Fn(Progress),
    ) -> Result<FetchOutcome, Failure> {
        let binary = &job.plan.binary;
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
        if job.is_prefetch {
            return Ok(FetchOutcome::Prefetched);
        }
        let extract = checked.repository.extract(channel).await?;
        let (offer, version) = (self.offer.clone(), job.plan.version.clone());
        let sha256 = binary.raw_sha256.clone();
        blocking(move || offer_it(&offer, &extract, &version, &sha256).map_err(Failure::from)).await?;
        tracing::info!(version = %job.plan.version, sha256 = binary.raw_sha256, "offering the system to root");
        Ok(FetchOutcome::Offered)
    }
}

fn mark(file: &Path) -> Option<ReportMark> {
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

    fn found(machine: &Machine) -> Option<Version> {
        SystemOffer::new(machine, Path::new("/nowhere")).find(None).version().cloned()
    }

    #[test]
    fn what_runs_is_known_though_root_reports_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let version = Some(Version::new(1, 0, 0));
        let machine =
            Machine { directory: directory.path().to_owned(), version: version.clone(), platform: os_platform(None) };
        assert_eq!(found(&machine), version);
        fs::write(directory.path().join(os::FILE), r#"{"version":"1.1.0","state":"good"}"#).expect("told");
        assert_eq!(found(&machine), Some(Version::new(1, 1, 0)), "root knows better");
    }
}
