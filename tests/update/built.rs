//! What `tests/update/build-versions` has built.

use std::path::{Path, PathBuf};

/// The binary of a version; `WORKSHOP_VERSIONS` names another place to have it from.
pub(crate) fn release(version: &str) -> PathBuf {
    let place = std::env::var_os("WORKSHOP_VERSIONS").map_or_else(
        || Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target").join("versions"),
        PathBuf::from,
    );
    let path = place.join(format!("workshop-edge-{version}"));
    assert!(path.is_file(), "{} is not there: tests/update/build-versions builds it", path.display());
    path
}
