//! The running binary: where its file is, and what it holds.

use std::io;
use std::path::{Path, PathBuf};

use semver::Version;

use super::host::Host;
use crate::digest;
use crate::slots::{self, Image};
use crate::update::paths::UpdatePaths;

/// The running binary.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub(super) version: Version,
    pub(super) file: PathBuf,
    /// 64 lower-case hexadecimal digits; empty where the file cannot be read, which is no binary's.
    pub(super) sha256: String,
}

impl Running {
    pub(super) async fn find(host: &Host, paths: &UpdatePaths) -> Self {
        let file = match host {
            Host::Launch { slot: Some(slot), .. } => slots::binary(&paths.slots, *slot),
            Host::Launch { launcher, slot: None } => launcher.clone(),
            // The file itself, wherever its name has gone.
            Host::Other => PathBuf::from("/proc/self/exe"),
        };
        let image = image(crate::VERSION.to_owned(), &file).await;
        Self { version: own_version(), file, sha256: image.map(|image| image.sha256).unwrap_or_default() }
    }
}

/// The version of this program.
pub(super) fn own_version() -> Version {
    // A test holds the build to it.
    crate::VERSION.parse().unwrap_or(Version::new(0, 0, 0))
}

/// What a file holds: some megabytes, read beside the runtime.
pub(super) async fn image(version: String, file: &Path) -> Option<Image> {
    let path = file.to_owned();
    match tokio::task::spawn_blocking(move || read(&path)).await {
        Ok(Ok(Some((sha256, size)))) => Some(Image { version, sha256, size, requires_os: None }),
        Ok(Err(error)) => {
            tracing::warn!(path = %file.display(), %error, "this binary cannot be read: deltas cannot be applied to it");
            None
        }
        _ => None,
    }
}

fn read(path: &Path) -> io::Result<Option<(String, u64)>> {
    let size = path.metadata()?.len();
    Ok(digest::of_file(path, size)?.map(|sha256| (sha256, size)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_has_a_version_that_can_be_compared() {
        assert_eq!(own_version().to_string(), crate::VERSION);
    }
}
