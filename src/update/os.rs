//! Where root and the box meet about the operating system of the USB image: root reports it in a file, and the box
//! offers another in a directory.
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
use std::time::Duration;

use super::state::OsReport;
use crate::bounded_read::read_bounded;

/// The name of the file, in the directory of root's report.
pub(crate) const FILE: &str = "os.json";
/// The directory of an offer, in that of the updates.
pub(crate) const OFFER: &str = "os/offer";
/// The file of an offer that is written last.
pub(crate) const READY: &str = "ready";
/// Bytes of the file that are read.
const MAX: u64 = 64 * 1024;

/// How long the running version's trial may take, once the box runs. Root's deadlines are those of its units
/// (`workshop-machine-os-*.service` of the image), which have the same values.
pub(crate) const MAX_TRIAL: Duration = minutes(10);
/// How long root may look what has become of a version whose trial is over.
const MAX_SETTLING: Duration = minutes(5);
/// How long root may take to verify and write what it is offered.
const MAX_WRITING: Duration = minutes(15);
/// For all that has no deadline of its own: the boot partition is checked and mounted before, and all services are stopped
/// afterwards, when the machine restarts.
const MARGIN: Duration = minutes(10);

/// How long the box waits for root after an offer, which root does not look at before a trial is over. The program's own
/// trial, which may take hours, is no part of it: before that is over, nothing is offered.
pub(crate) const MAX_INSTALLATION: Duration =
    MAX_TRIAL.saturating_add(MAX_SETTLING).saturating_add(MAX_WRITING).saturating_add(MARGIN);

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
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
    use semver::Version;

    use super::*;
    use crate::update::state::TrialState;

    #[test]
    fn root_has_the_deadlines_that_the_box_reckons_with() {
        let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("usb-image/rootfs/usr/lib/systemd/system");
        for (name, deadline) in [("confirm", MAX_TRIAL), ("blessed", MAX_SETTLING), ("install", MAX_WRITING)] {
            let unit =
                std::fs::read_to_string(units.join(format!("workshop-machine-os-{name}.service"))).expect("a unit");
            let value = unit.lines().find_map(|line| line.strip_prefix("TimeoutStartSec="));
            assert_eq!(value, Some(&*format!("{}min", deadline.as_secs() / 60)), "{name}");
        }
    }

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
