//! What os-release(5) says of the image that runs.

use super::Paths;
use crate::bounded_read::read_text_bounded;

/// Bytes that are read of os-release(5).
const MAX: u64 = 16 * 1024;

/// The `IMAGE_ID` of the image.
const IMAGE: &str = "workshop-edge";

/// Whether the image runs, and no other system.
pub(super) fn is_ours(paths: &Paths) -> bool {
    value(paths, "IMAGE_ID=").as_deref() == Some(IMAGE)
}

/// The version of the image (`IMAGE_VERSION`), as os-release(5) has it; `None` on a machine that no image runs.
#[must_use]
pub(crate) fn os_version(paths: &Paths) -> Option<String> {
    value(paths, "IMAGE_VERSION=")
}

/// The variant of the image (`VARIANT_ID`): `base`, or `wifi` for the one with drivers for Wi-Fi.
#[must_use]
pub(crate) fn os_variant(paths: &Paths) -> Option<String> {
    value(paths, "VARIANT_ID=")
}

fn value(paths: &Paths, key: &str) -> Option<String> {
    let text = read_text_bounded(&paths.os_release(), MAX).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(key))?;
    let value = value.trim().trim_matches(['"', '\'']);
    let is_fit = !value.is_empty() && value.len() <= 64 && value.bytes().all(|byte| byte.is_ascii_graphic());
    is_fit.then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_image() {
        let directory = tempfile::tempdir().expect("a directory");
        let paths = Paths::below(directory.path());
        assert_eq!(os_version(&paths), None);
        std::fs::create_dir(directory.path().join("etc")).expect("made");
        for (text, version) in [
            ("ID=debian\nIMAGE_ID=box\nIMAGE_VERSION=\"1.2.3\"\nX=1\n", Some("1.2.3")),
            ("IMAGE_VERSION=1.2.3-rc.1+x", Some("1.2.3-rc.1+x")),
            ("VERSION_ID=12\n", None),
            ("IMAGE_VERSION=\n", None),
            ("IMAGE_VERSION=\x1b[2J\n", None),
        ] {
            std::fs::write(paths.os_release(), text).expect("written");
            assert_eq!(os_version(&paths).as_deref(), version, "{text}");
        }
        assert_eq!(os_variant(&paths), None);
        std::fs::write(paths.os_release(), "VARIANT=\"With Wi-Fi\"\nVARIANT_ID=wifi\n").expect("written");
        assert_eq!(os_variant(&paths).as_deref(), Some("wifi"));
    }
}
