//! Which version of the image runs.

use std::fs::File;
use std::io::Read as _;

use super::Places;

/// Octets that are read of os-release(5).
const MOST: u64 = 16 * 1024;

/// The version of the image (`IMAGE_VERSION`), as os-release(5) has it; `None` on a machine that no image runs.
#[must_use]
pub fn os_version(places: &Places) -> Option<String> {
    let mut text = String::new();
    File::open(places.os_release()).and_then(|file| file.take(MOST).read_to_string(&mut text)).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix("IMAGE_VERSION="))?;
    let value = value.trim().trim_matches(['"', '\'']);
    let is_version = !value.is_empty() && value.len() <= 64 && value.bytes().all(|byte| byte.is_ascii_graphic());
    is_version.then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_image() {
        let directory = tempfile::tempdir().expect("a directory");
        let places = Places::below(directory.path());
        assert_eq!(os_version(&places), None);
        std::fs::create_dir(directory.path().join("etc")).expect("made");
        for (text, version) in [
            ("ID=debian\nIMAGE_ID=box\nIMAGE_VERSION=\"1.2.3\"\nX=1\n", Some("1.2.3")),
            ("IMAGE_VERSION=1.2.3-rc.1+x", Some("1.2.3-rc.1+x")),
            ("VERSION_ID=12\n", None),
            ("IMAGE_VERSION=\n", None),
            ("IMAGE_VERSION=\x1b[2J\n", None),
        ] {
            std::fs::write(places.os_release(), text).expect("written");
            assert_eq!(os_version(&places).as_deref(), version, "{text}");
        }
    }
}
