//! The operating system of the USB image, as root reports it to the box in a file, and as the state shows it.
//!
//! ```json
//! {"version": "1.1.0", "state": "good", "previous": "1.0.0", "quarantined": [{"version": "1.0.9", "sha256": "…",
//! "reason": "…"}]}
//! ```
//!
//! The box downloads a version and offers it; root, which believes it no further than it is signed, installs it. Both
//! programs may be of other versions, so the file only grows: a field keeps its name and its meaning.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::state::{Quarantined, WaitReason};
use crate::bounded_read::read_bounded;
use crate::lang::Text;

/// The name of the file, in the directory of root's report.
pub(crate) const FILE: &str = "os.json";
/// The directory of an offer, in that of the updates.
pub(crate) const OFFER: &str = "os/offer";
/// The file of an offer that is written last.
pub(crate) const READY: &str = "ready";
/// Bytes of the file that are read.
const MAX: u64 = 64 * 1024;

/// Root's report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OsReport {
    /// What runs.
    pub(crate) version: Version,
    /// SHA-256 of its file, where root has installed it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<String>,
    /// Whether it has shown that it works.
    pub(crate) state: TrialState,
    /// What the machine can go back to without a download.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<Version>,
    /// What has failed on this machine and is not tried again.
    #[serde(default)]
    pub(crate) quarantined: Vec<Quarantined>,
    /// The offer that was not taken, since the machine came up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<Text>,
}

/// Whether a version has shown that it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TrialState {
    /// The boot loader counts its starts.
    Trial,
    /// It has.
    Good,
    /// A value that a newer version has written.
    #[serde(other)]
    Other,
}

/// The state of the operating system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OsState {
    /// Root's report.
    #[serde(flatten)]
    pub(crate) report: OsReport,
    /// What the channel desires, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) desired: Option<Version>,
    /// What is being done about it.
    pub(crate) step: OsStep,
    /// Why nothing is to be done, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) decision: Option<Text>,
}

/// What is being done about the operating system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(crate) enum OsStep {
    /// Nothing.
    Idle,
    /// It is being downloaded.
    Downloading {
        version: Version,
        /// Bytes that are here.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// Its time has not come.
    Waiting {
        version: Version,
        until: Timestamp,
        /// What for.
        wait: WaitReason,
        /// Whether all of it is here already.
        is_here: bool,
    },
    /// Root has been asked to install it; the machine restarts then.
    Offered { version: Version },
    /// A value that a newer version has written.
    #[serde(other)]
    Other,
}

/// Reads root's report in a directory; `None` while there is none.
pub(crate) fn read_report(directory: &Path) -> io::Result<Option<OsReport>> {
    match read_bounded(&directory.join(FILE), MAX) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        text => Ok(Some(serde_json::from_slice(&text?)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_newer_root_adds_is_passed_over() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(read_report(directory.path()).expect("read"), None);
        let text = r#"{"version":"1.1.0","state":"of tomorrow","entry":"box_1.1.0.efi"}"#;
        std::fs::write(directory.path().join(FILE), text).expect("written");
        let report = read_report(directory.path()).expect("read").expect("there");
        assert_eq!((report.version, report.state), (Version::new(1, 1, 0), TrialState::Other));
    }

    #[test]
    fn what_is_torn_is_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join(FILE), "{\"version\"").expect("written");
        assert!(read_report(directory.path()).is_err());
    }
}
