//! A USB stick with a repository on it: noticed once for each time that it appears.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::sleep;

/// How often it is looked for.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Where a stick may appear.
#[derive(Debug)]
pub(super) struct Stick {
    directory: PathBuf,
    /// What was there the last time.
    seen: Option<Mark>,
}

/// What distinguishes one repository from another, and from the same one after it was changed.
type Mark = (u64, u64, Option<SystemTime>);

impl Stick {
    pub(super) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), seen: None }
    }

    /// Waits until a repository appears.
    pub(super) async fn wait(&mut self) -> PathBuf {
        loop {
            if let Some(path) = self.appeared().await {
                tracing::info!(path = %path.display(), "a USB stick with a repository");
                return path;
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    /// The repository that has appeared since the last time.
    async fn appeared(&mut self) -> Option<PathBuf> {
        // A broken stick may block its readers.
        let directory = self.directory.clone();
        let now = tokio::task::spawn_blocking(move || mark(&directory)).await.ok().flatten();
        let is_new = now.is_some() && now != self.seen;
        self.seen = now;
        is_new.then(|| self.directory.clone())
    }
}

fn mark(directory: &Path) -> Option<Mark> {
    use std::os::unix::fs::MetadataExt as _;

    let timestamp = fs::metadata(directory.join("metadata/timestamp.json")).ok()?;
    Some((timestamp.dev(), timestamp.ino(), timestamp.modified().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stick_is_noticed_once_each_time() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut stick = Stick::new(directory.path());
        assert_eq!(stick.appeared().await, None);
        let metadata = directory.path().join("metadata");
        for _ in 0..2 {
            fs::create_dir(&metadata).expect("plugged in");
            assert_eq!(stick.appeared().await, None, "no repository yet");
            fs::write(metadata.join("timestamp.json"), "{}").expect("a repository");
            assert_eq!(stick.appeared().await.as_deref(), Some(directory.path()));
            assert_eq!(stick.appeared().await, None);
            fs::remove_dir_all(&metadata).expect("pulled out");
            assert_eq!(stick.appeared().await, None);
        }
    }
}
