//! What `tests/image/build-systems` has built: systems to change to, and who publishes them.

use std::path::{Path, PathBuf};

use crate::repository::TestRepository;

fn built(name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target");
    let path = target.join("systems").join(name);
    assert!(path.exists(), "{} is not there: tests/image/build-systems builds it", path.display());
    path
}

/// The image of 1.0.0, which trusts the [`publisher`].
pub(crate) fn image() -> PathBuf {
    built("workshop-edge-1.0.0-x86_64.img.zst")
}

/// The image of 1.0.0, signed for Secure Boot.
pub(crate) fn signed_image() -> PathBuf {
    built("signed/workshop-edge-1.0.0-x86_64.img.zst")
}

/// A version of the system: kernel and root in one file.
pub(crate) fn system(version: &str) -> PathBuf {
    built(&format!("workshop-edge-os-{version}-x86_64.efi"))
}

/// A version of the program alone.
pub(crate) fn program(version: &str) -> PathBuf {
    built(&format!("workshop-edge-{version}"))
}

/// A repository without releases, which the image trusts.
pub(crate) fn publisher() -> TestRepository {
    TestRepository::copy(&built("publisher"))
}

/// Publishes a version of the system, and wants it.
pub(crate) fn publish(repository: &TestRepository, version: &str) {
    let file = system(version);
    let file = file.to_str().expect("UTF-8");
    repository.order(&["publish-os", "--channel", "stable", "--version", version, file]);
}
