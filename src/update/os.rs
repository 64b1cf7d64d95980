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
