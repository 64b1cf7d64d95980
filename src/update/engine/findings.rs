//! What the driver has found on the box and in a repository: all that the engine decides from.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use semver::Version;

use crate::update::manifest::Manifest;
use crate::update::state::{OsReport, Quarantined};

/// What a check has found.
#[derive(Debug, Clone)]
pub(super) struct Findings {
    pub(super) manifest: Arc<Manifest>,
    /// The trusted time.
    pub(super) now: Timestamp,
    /// Until when the bucket's metadata are valid, by role; `None` of a stick's, which nobody renews.
    pub(super) expires: Option<BTreeMap<String, Timestamp>>,
    pub(super) program: Installed,
    /// The operating system, where the box runs the USB image.
    pub(super) system: Option<SystemFindings>,
}

/// What is installed of the program, or of the operating system.
#[derive(Debug, Clone)]
pub(super) struct Installed {
    pub(super) platform: String,
    pub(super) version: Version,
    /// 64 lower-case hexadecimal digits; empty where it is not known.
    pub(super) sha256: String,
    pub(super) state_schema: u32,
    /// The highest `min_version` that was ever seen.
    pub(super) floor: Option<Version>,
    /// SHA-256 of what has failed here.
    pub(super) quarantined: Vec<String>,
    /// Files that are here already, and need no download.
    pub(super) files: Vec<VersionFile>,
}

/// A file of a version on this box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VersionFile {
    pub(super) sha256: String,
    pub(super) size: u64,
}

/// The operating system of the USB image.
#[derive(Debug, Clone)]
pub(super) enum SystemFindings {
    /// Root has reported on it.
    Reported { report: Box<OsReport>, mark: Option<ReportMark>, installed: Installed },
    /// It has not: the version is the one that the box has read itself.
    Unreported { version: Option<Version> },
}

impl SystemFindings {
    pub(super) fn version(&self) -> Option<&Version> {
        match self {
            Self::Reported { report, .. } => Some(&report.version),
            Self::Unreported { version } => version.as_ref(),
        }
    }
}

/// Tells one of root's reports from the next: inode and time of change.
pub(super) type ReportMark = (u64, Option<SystemTime>);

/// What the slots say of themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SlotsReport {
    /// What a rollback goes to.
    pub(super) previous: Option<Version>,
    pub(super) quarantined: Vec<Quarantined>,
}
