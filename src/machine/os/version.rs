//! Which version runs (os-release(5)).

use std::fs::File;
use std::io::Read as _;

use semver::Version;

use super::OsError;
use crate::machine::Places;

/// Octets of the file that are read.
const MOST: u64 = 64 * 1024;
/// The `IMAGE_ID=` of the image.
const IMAGE: &str = "workshop-edge";

/// The version of the image that runs; an error on any other system.
pub fn running(places: &Places) -> Result<Version, OsError> {
    let path = places.os_release();
    let mut text = String::new();
    File::open(&path)
        .and_then(|file| file.take(MOST).read_to_string(&mut text))
        .map_err(OsError::file("read", &path))?;
    parse(&text).ok_or(OsError::NoVersion { path })
}

fn parse(text: &str) -> Option<Version> {
    let value = |key: &str| {
        let line = text.lines().rev().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='))?;
        Some(line.trim_matches(['"', '\'']))
    };
    (value("IMAGE_ID")? == IMAGE).then_some(())?;
    value("IMAGE_VERSION")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_image_has_a_version() {
        let text = "ID=debian\nIMAGE_ID=workshop-edge\nIMAGE_VERSION=\"1.2.3-rc.1\"\n";
        assert_eq!(parse(text), Some("1.2.3-rc.1".parse().expect("a version")));
        assert_eq!(parse("IMAGE_VERSION=1.2.3\n"), None, "another image");
        assert_eq!(parse("IMAGE_ID=workshop-edge\n"), None);
        assert_eq!(parse("IMAGE_ID=workshop-edge\nIMAGE_VERSION=12\n"), None);
    }
}
