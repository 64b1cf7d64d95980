//! The history of updates: kept on the disk beside the runtime, and shown from memory, so that nobody who asks waits
//! for a disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use crate::durable::RecordError;
use crate::update::blocking::blocking;
use crate::update::history::{ChangeOutcome, History, HistoryEntry};
use crate::update::votes::ScreenVotes;

use super::failure::Failure;

/// The entries, the newest last.
pub(super) type Entries = Arc<[HistoryEntry]>;

/// The history.
#[derive(Clone)]
pub(super) struct HistoryStore {
    directory: PathBuf,
    shown: watch::Sender<Entries>,
}

impl HistoryStore {
    /// Shows nothing until it is loaded.
    pub(super) fn new(directory: &Path) -> (Self, watch::Receiver<Entries>) {
        let (shown, entries) = watch::channel(Arc::default());
        (Self { directory: directory.to_owned(), shown }, entries)
    }

    /// Reads what is kept.
    pub(super) async fn load(&self) {
        self.change(|_| Ok(())).await;
    }

    /// Removes the temporary files of an interrupted change.
    pub(super) async fn remove_temp_files(&self) {
        self.change(|history| history.remove_temp_files()).await;
    }

    /// Adds an entry.
    pub(super) async fn add(&self, entry: HistoryEntry) {
        self.change(|history| history.add(entry)).await;
    }

    /// The entry whose outcome is not known yet.
    pub(super) fn open(&self) -> Option<HistoryEntry> {
        self.shown.borrow().last().filter(|last| last.outcome == ChangeOutcome::OnTrial).cloned()
    }

    /// Records its outcome, and what the screens said of it.
    pub(super) async fn settle(&self, outcome: ChangeOutcome, votes: Option<ScreenVotes>) {
        self.change(|history| history.settle(outcome, votes)).await;
    }

    async fn change(&self, change: impl FnOnce(&mut History) -> Result<(), RecordError> + Send + 'static) {
        let directory = self.directory.clone();
        let changed = blocking(move || {
            let mut history = History::open(&directory);
            let changed = change(&mut history).map_err(Failure::from);
            Ok::<_, Failure>((changed, Entries::from(history.entries())))
        })
        .await;
        let changed = changed.and_then(|(changed, entries)| {
            self.shown.send_replace(entries);
            changed
        });
        if let Err(error) = changed {
            tracing::warn!(error = error.detail, "the history of updates has a gap");
        }
    }
}
