//! Whether there is a data partition: what is kept must not be thought kept where it is not.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::statfs;

use super::Paths;

/// What statfs(2) calls a file system in memory.
const TMPFS: i64 = 0x0102_1994;

/// Whether what is written to the data partition survives the power: without one the image has a file system in memory in
/// its place, or nothing. A machine in a directory has a directory for it, unless something in memory is mounted there.
#[must_use]
pub(crate) fn is_kept(paths: &Paths) -> bool {
    let data = paths.data();
    let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev()).ok();
    let is_mounted = device(&data) != device(paths.root());
    let is_in_memory = statfs(&data).map_or(true, |system| system.f_type == TMPFS);
    if paths.root() == Path::new("/") {
        return is_mounted && !is_in_memory;
    }
    data.is_dir() && !(is_mounted && is_in_memory)
}
