//! The releases that tests publish, packed once: that takes seconds each.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use ring::digest::{Context, SHA256};

use crate::built::release;
use crate::repository::TestRepository;

/// See `tests/update/build-versions`.
const VERSIONS: [&str; 6] = ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0"];

/// A repository of its own with all of them in `staging`, which wants 1.1.0. To publish one in `stable` packs nothing.
pub(crate) fn repository() -> TestRepository {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    TestRepository::copy(MADE.get_or_init(kept))
}

/// Kept for the next run; for a day, so that nothing in it expires.
fn kept() -> PathBuf {
    let mut digest = Context::new(&SHA256);
    for version in VERSIONS {
        digest.update(&std::fs::read(release(version)).expect("read"));
    }
    let day = SystemTime::UNIX_EPOCH.elapsed().expect("a time").as_secs() / 86_400;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("releases");
    let kept = folder.join(format!("{day}-{}", hex::encode(digest.finish())));
    if !kept.exists() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a directory");
        let repository = TestRepository::new();
        for version in VERSIONS {
            let options: &[&str] = match version {
                "1.0.0" | "1.1.0" => &[],
                _ => &["--keep-desired", "--deltas", "0"],
            };
            repository.publish_with("staging", version, &[&release(version)], options);
        }
        let whole = folder.join("new");
        crate::support::run("cp", &["-a", repository.path().to_str().expect("UTF-8"), whole.to_str().expect("UTF-8")]);
        std::fs::rename(whole, &kept).expect("kept");
    }
    kept
}
