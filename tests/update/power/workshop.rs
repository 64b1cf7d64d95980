use std::fs;
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use tempfile::TempDir;

use crate::built::release;
use crate::managed::Bucket;

/// What the box comes with from the factory.
pub(super) const FACTORY: &str = "1.0.0";

pub(super) fn sha256(path: &Path) -> String {
    hex::encode(digest(&SHA256, &fs::read(path).expect("read")))
}

/// A bucket, and what boxes that follow it have in common.
pub(super) struct Workshop {
    pub(super) bucket: Bucket,
    directory: TempDir,
}

impl Workshop {
    /// Whose bucket has no releases.
    pub(super) fn new() -> Self {
        Self { bucket: Bucket::new(), directory: tempfile::tempdir().expect("a directory") }
    }

    /// The factory's binary, where it is not to be touched.
    pub(super) fn factory(&self) -> PathBuf {
        let path = self.directory.path().join("factory");
        if !path.exists() {
            fs::hard_link(release(FACTORY), &path)
                .or_else(|_| fs::copy(release(FACTORY), &path).map(drop))
                .expect("there");
        }
        path
    }

    /// Whatever the test makes besides.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The command line of a box that keeps its data there, with the shortest intervals that it accepts.
    pub(super) fn arguments(&self, data: &Path, update: &str) -> Vec<String> {
        let settings = data.with_extension("settings");
        fs::create_dir_all(&settings).expect("a directory");
        let config = self.bucket.configure(&settings, &format!("trial_s = 1\ncheck_interval_s = 2\n{update}"));
        let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        vec!["launch".into(), "--config".into(), path(&config), "--data-dir".into(), path(data)]
    }
}
