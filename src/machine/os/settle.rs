//! What has become of the versions, found out at every start before the appliance: what was tried and did not come up
//! is not tried again, and that is reported.

use jiff::Timestamp;
use semver::Version;

use super::entries::{BootEntry, Partition};
use super::record::{self, Record};
use super::{OsError, SUBJECT, firmware, is_on_trial, version, words};
use crate::durable;
use crate::lang::Text;
use crate::machine::Paths;
use crate::machine::notices;
use crate::update::os;
use crate::update::state::{OsReport, Quarantined, TrialState};

/// Why a version is not tried again. Nobody can tell afterwards whether the power was cut during a start.
const REASON: &str =
    "none of its starts came as far as to show that it works: it has a fault, or the power was cut each time";

/// Looks at the partition and the record, and reports the state of the system. What runs is reported whatever else
/// fails: the appliance takes no program that needs a newer system, as long as it knows.
pub(crate) fn settle(paths: &Paths) -> Result<OsReport, OsError> {
    let running = version::running(paths)?;
    let refused = refused(paths);
    // Before the partition is looked at, which may take long, or for ever.
    let first = build_report(
        &running,
        record::open(&paths.data_os()).value(),
        &[],
        firmware::is_counted(paths),
        refused.clone(),
    );
    write(paths, &first)?;
    if let Err(error) = update_record(paths, &running) {
        notices::put(&paths.run_notices(), SUBJECT, &words::not_settled(&error))?;
        return Err(error);
    }
    publish(paths, refused)?;
    status(paths)
}

/// Finds out what has become of the versions.
fn update_record(paths: &Paths, running: &Version) -> Result<(), OsError> {
    let partition = Partition::at(&paths.esp());
    partition.clean()?;
    let mut record = record::open(&paths.data_os());
    let failed = failed(&partition.entries()?, running);
    for entry in &failed {
        let path = partition.directory().join(&entry.name);
        let known = record.value().sha256(&entry.version).map(str::to_owned);
        let sha256 = if let Some(known) = known {
            known
        } else {
            let size = path.metadata().map_err(OsError::file("look at", &path))?.len();
            let digest = crate::digest::of_file(&path, size).map_err(OsError::file("read", &path))?;
            digest.unwrap_or_default()
        };
        let failed = Quarantined { version: entry.version.to_string(), sha256, reason: REASON.to_owned() };
        tracing::warn!(version = %entry.version, "a version of the system has failed and is quarantined");
        record.change(|record| record.failed(failed, &entry.version, running, Timestamp::now()))?;
        // Known for good: its file is of no more use.
        partition.forget(entry)?;
    }
    if !is_on_trial(paths) {
        record.change(|record| record.succeeded(running, Timestamp::now()))?;
    }
    if let Some(entry) = failed.last() {
        notices::put(&paths.run_notices(), SUBJECT, &words::reverted(&entry.version, running))?;
    }
    Ok(())
}

/// What the boot loader has given up.
fn failed(entries: &[BootEntry], running: &Version) -> Vec<BootEntry> {
    entries.iter().filter(|entry| entry.has_failed() && entry.version != *running).cloned().collect()
}

/// Has a version installed again that has failed on this machine, as soon as the appliance offers it. Gives whether it
/// had failed.
pub(crate) fn forgive(paths: &Paths, version: &Version) -> Result<bool, OsError> {
    let version = version.to_string();
    let is_forgiven = record::open(&paths.data_os()).change(|record| record.forgive(&version))?;
    publish(paths, refused(paths))?;
    Ok(is_forgiven)
}

/// The same of all that have failed.
pub(crate) fn forgive_all(paths: &Paths) -> Result<(), OsError> {
    record::open(&paths.data_os()).change(|record| record.quarantined.clear())?;
    publish(paths, refused(paths))
}

/// Reports to the appliance the state of the system.
pub(super) fn publish(paths: &Paths, refused: Option<Text>) -> Result<(), OsError> {
    let running = version::running(paths)?;
    let record = record::open(&paths.data_os());
    // Without the partition there is less to tell, but the appliance has to know what runs.
    let entries = Partition::at(&paths.esp()).entries().unwrap_or_default();
    let report = build_report(&running, record.value(), &entries, is_on_trial(paths), refused);
    write(paths, &report)
}

fn write(paths: &Paths, report: &OsReport) -> Result<(), OsError> {
    durable::write(&paths.run().join(os::FILE), &serde_json::to_vec_pretty(report)?, 0o644)?;
    Ok(())
}

/// What was reported of an offer since the machine booted.
fn refused(paths: &Paths) -> Option<Text> {
    os::read_report(&paths.run()).ok().flatten().and_then(|report| report.refused)
}

fn build_report(
    running: &Version,
    record: &Record,
    entries: &[BootEntry],
    is_on_trial: bool,
    refused: Option<Text>,
) -> OsReport {
    let others = entries.iter().filter(|entry| entry.version != *running && !entry.has_failed());
    OsReport {
        version: running.clone(),
        sha256: record.sha256(running).map(str::to_owned),
        state: if is_on_trial { TrialState::Trial } else { TrialState::Good },
        previous: others.filter(|entry| entry.version < *running).map(|entry| entry.version.clone()).max(),
        quarantined: record.quarantined.clone(),
        refused,
    }
}

/// The state of the system, without changing anything.
pub(crate) fn status(paths: &Paths) -> Result<OsReport, OsError> {
    let running = version::running(paths)?;
    let record = record::open(&paths.data_os());
    let entries = Partition::at(&paths.esp()).entries().unwrap_or_default();
    Ok(build_report(&running, record.value(), &entries, is_on_trial(paths), refused(paths)))
}
