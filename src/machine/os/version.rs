//! Which version runs.

use semver::Version;

use super::OsError;
use crate::machine::{Paths, os_release};

/// The version of the image that runs; an error on any other system.
pub(crate) fn running(paths: &Paths) -> Result<Version, OsError> {
    let version = os_release::is_ours(paths).then(|| os_release::os_version(paths)?.parse().ok()).flatten();
    version.ok_or_else(|| OsError::NoVersion { path: paths.os_release() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_image_has_a_version() {
        let directory = tempfile::tempdir().expect("a directory");
        let paths = Paths::below(directory.path());
        std::fs::create_dir(directory.path().join("etc")).expect("made");
        assert!(running(&paths).is_err(), "there is no such file");
        for (text, version) in [
            ("ID=debian\nIMAGE_ID=workshop-edge\nIMAGE_VERSION=\"1.2.3-rc.1\"\n", Some("1.2.3-rc.1")),
            ("IMAGE_VERSION=1.2.3\n", None),
            ("IMAGE_ID=another\nIMAGE_VERSION=1.2.3\n", None),
            ("IMAGE_ID=workshop-edge\n", None),
            ("IMAGE_ID=workshop-edge\nIMAGE_VERSION=12\n", None),
        ] {
            std::fs::write(paths.os_release(), text).expect("written");
            assert_eq!(running(&paths).ok(), version.map(|text| text.parse().expect("a version")), "{text}");
        }
    }
}
