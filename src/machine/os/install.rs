//! Installs what the appliance offers.
//!
//! ```text
//! verify ─> record the attempt ─> make room ─> box_<v>.efi.tmp, synced ─> read back ─> rename to box_<v>+3.efi, synced
//! ```
//!
//! Until the last step the boot loader sees nothing of it, and what runs is not touched at all: whenever the power
//! goes, there is a version to start, whole and verified. An older version, which the publisher wants back, is there in
//! most cases: it gets its name back with three starts, and then the newer one is set aside (`+0`), since the boot
//! loader starts the newest. Should the older one not work, what was set aside is what is left to start.

use jiff::Timestamp;
use semver::Version;

use super::entries::{BootEntry, Partition, TRIES, dispensable, name};
use super::offer::{Offer, Trust, verified};
use super::record::{self, Attempt};
use super::{OsError, SUBJECT, settle, version, words};
use crate::digest;
use crate::durable::Writer;
use crate::machine::notices;
use crate::machine::{Paths, data};
use crate::update::os::READY;

/// What was installed: the machine has to restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installed {
    pub(crate) version: Version,
    /// What runs until then.
    pub(crate) from: Version,
}

/// Verifies and installs what is offered; `None` if it is installed already, or nothing is offered. `root` is the root
/// of trust that the program was built with, which the configuration may replace. What went wrong is said in a notice
/// and in `os.json`, too.
pub(crate) async fn install(paths: &Paths, root: &[u8]) -> Result<Option<Installed>, OsError> {
    let running = version::running(paths)?;
    if !is_offered(paths) {
        return Ok(None);
    }
    let result = try_install(paths, root, &running).await;
    match &result {
        Ok(_) => {
            notices::clear(&paths.run_notices(), SUBJECT)?;
            settle::publish(paths, None)?;
        }
        Err(error) => refuse(paths, error)?,
    }
    match result {
        Err(OsError::NotWanted(_)) => Ok(None),
        other => other,
    }
}

async fn try_install(paths: &Paths, root: &[u8], running: &Version) -> Result<Option<Installed>, OsError> {
    if !data::is_kept(paths) {
        return Err(OsError::NotKept);
    }
    let trust = Trust::of(paths, root)?;
    let mut record = record::open(&paths.data_os());
    let known = record.value().clone();
    let own = known.sha256(running).unwrap_or_default().to_owned();
    let offer = verified(paths, &trust, running, &own, &|sha256| known.is_quarantined(sha256)).await?;
    let partition = Partition::at(&paths.esp());
    partition.clean()?;
    let attempt = Attempt {
        version: offer.version.clone(),
        sha256: offer.sha256().to_owned(),
        from: running.clone(),
        at: Timestamp::now(),
    };
    let entries = partition.entries()?;
    let there = entries.iter().find(|entry| entry.version == offer.version);
    let is_whole = there.is_some_and(|entry| is_whole(&partition, entry, &offer));
    let final_name = name(&offer.version, Some(TRIES));
    if let Some(entry) = there.filter(|_| is_whole) {
        // What was tried in part, or is the older one that is wanted again, gets all of its tries.
        if entry.tries.is_none_or(|tries| tries.left < TRIES) || offer.is_rollback {
            record.change(|record| record.begin(attempt))?;
            if entry.name != final_name {
                partition.rename(&partition.directory().join(&entry.name), &final_name)?;
            }
        }
    } else {
        // Before anything is removed for it.
        offer.read(|_| Ok(())).await?;
        record.change(|record| record.begin(attempt))?;
        if let Some(damaged) = there {
            partition.forget(damaged)?;
        }
        make_room(&partition, running, &offer)?;
        write(&partition, &offer, &final_name).await?;
    }
    if offer.is_rollback {
        set_aside(&partition, &offer.version)?;
    }
    Ok(Some(Installed { version: offer.version, from: running.clone() }))
}

fn is_whole(partition: &Partition, entry: &BootEntry, offer: &Offer) -> bool {
    let path = partition.directory().join(&entry.name);
    digest::of_file(&path, offer.length()).ok().flatten().is_some_and(|there| there == offer.sha256())
}

/// Removes other versions than the running one for as long as there is no room.
fn make_room(partition: &Partition, running: &Version, offer: &Offer) -> Result<(), OsError> {
    // FAT counts in clusters, and the directory grows.
    let wanted = offer.length().saturating_add(1024 * 1024);
    let entries = partition.entries()?;
    for entry in dispensable(&entries, running, &offer.version) {
        if partition.free()? >= wanted {
            return Ok(());
        }
        tracing::info!(name = entry.name, "removed to make room for another version");
        partition.forget(entry)?;
        partition.sync()?;
    }
    match wanted.saturating_sub(partition.free()?) {
        0 => Ok(()),
        missing => {
            Err(OsError::Full { path: partition.directory().to_owned(), version: offer.version.clone(), missing })
        }
    }
}

/// Writes the version beside the others, holds what was written to the digest, and gives it its name.
async fn write(partition: &Partition, offer: &Offer, final_name: &str) -> Result<(), OsError> {
    let whole = partition.directory().join(name(&offer.version, None));
    let mut writer = Writer::create(&whole, 0o644)?;
    let full = |error: OsError| match error {
        OsError::Durable(error) if error.is_full() => OsError::Full {
            path: partition.directory().to_owned(),
            version: offer.version.clone(),
            missing: offer.length(),
        },
        other => other,
    };
    offer.read(|piece| Ok(writer.append(piece)?)).await.map_err(full)?;
    let finished = writer.finish().map_err(|error| full(error.into()))?;
    partition.sync()?;
    let there = digest::of_file(finished.temporary(), offer.length());
    if there.map_err(OsError::file("read back", finished.temporary()))?.as_deref() != Some(offer.sha256()) {
        return Err(OsError::Rotten { path: finished.temporary().to_owned() });
    }
    partition.rename(finished.temporary(), final_name)
}

/// Has the boot loader pass newer versions over, after the one that is wanted back is there.
fn set_aside(partition: &Partition, wanted: &Version) -> Result<(), OsError> {
    for entry in partition.entries()?.iter().filter(|entry| entry.version > *wanted) {
        if entry.tries.is_none_or(|tries| tries.left > 0) {
            partition.rename(&partition.directory().join(&entry.name), &name(&entry.version, Some(0)))?;
        }
    }
    Ok(())
}

/// Says why an offer was not taken.
fn refuse(paths: &Paths, error: &OsError) -> Result<(), OsError> {
    if matches!(error, OsError::NotWanted(_)) {
        return Ok(());
    }
    let notice = words::not_installed(error);
    notices::put(&paths.run_notices(), SUBJECT, &notice)?;
    settle::publish(paths, Some(notice.text))
}

/// Whether the offer is there as a whole, as far as the appliance says: while it takes one back, there is nothing to
/// tell.
fn is_offered(paths: &Paths) -> bool {
    paths.offer().join(READY).symlink_metadata().is_ok_and(|metadata| metadata.is_file())
}
