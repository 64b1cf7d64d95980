use std::fs;
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use tempfile::TempDir;

use crate::repository::TestRepository;
use crate::support::Nginx;

/// What the box comes with from the factory.
pub(super) const FACTORY: &str = "1.0.0";

/// A release that `tests/update/build-versions` has built; `WORKSHOP_VERSIONS` names another place to have it from.
pub(super) fn release(version: &str) -> PathBuf {
    let place = std::env::var_os("WORKSHOP_VERSIONS").map_or_else(
        || Path::new(env!("CARGO_BIN_EXE_workshop-edge")).ancestors().nth(2).expect("a target").join("versions"),
        PathBuf::from,
    );
    let path = place.join(format!("workshop-edge-{version}"));
    assert!(path.is_file(), "{} is not there: tests/update/build-versions builds it", path.display());
    path
}

pub(super) fn sha256(path: &Path) -> String {
    hex::encode(digest(&SHA256, &fs::read(path).expect("read")))
}

/// A repository that nginx serves, and what boxes that follow it have in common.
pub(super) struct Bucket {
    pub(super) repository: TestRepository,
    server: Nginx,
    directory: TempDir,
}

impl Bucket {
    /// Without releases.
    pub(super) fn new() -> Self {
        let repository = TestRepository::new();
        let server = Nginx::start(&repository.directory(), 2020..2099);
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("root.json"), repository.root()).expect("written");
        fs::write(directory.path().join("ca.pem"), server.certificate()).expect("written");
        Self { repository, server, directory }
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

    /// The command line of a box that keeps its data there, as quick as it may be told to be.
    pub(super) fn arguments(&self, data: &Path, update: &str) -> Vec<String> {
        let config = data.with_extension("toml");
        let text = format!(
            "[discovery]\nenabled = false\n[update]\nurl = \"{}\"\ntrusted_root = \"{}\"\nca_file = \"{}\"\n\
             quiet_wait_s = 0\ntrial_s = 1\ncheck_interval_s = 2\n{update}",
            self.server.url(),
            self.directory.path().join("root.json").display(),
            self.directory.path().join("ca.pem").display(),
        );
        fs::write(&config, text).expect("written");
        let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        vec!["launch".into(), "--config".into(), path(&config), "--data-dir".into(), path(data)]
    }
}
