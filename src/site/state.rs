//! What is served, and what is wrong with it.

use crate::lang::Text;
use std::path::PathBuf;
use std::sync::Arc;

use super::content::MAX_IN_MEMORY;
use super::directory::DirectoryError;
use super::left_out::{LeftOut, SkipReason};
use crate::bounded_read::read_bounded;

/// What the TVs get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Serving {
    /// The display that the program carries.
    #[default]
    Embedded,
    /// The directory, as it is.
    Directory,
    /// What the directory last held that could be served.
    LastGood,
    /// A page that says why there is nothing else.
    Nothing,
}

/// The site at this moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// What the TVs get.
    pub(crate) serving: Serving,
    /// The directory that the configuration names.
    pub(crate) directory: Option<PathBuf>,
    /// Files that are served.
    pub(crate) files: usize,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// What tells the dist from others, where one is served.
    pub(crate) version: Option<Arc<str>>,
    /// What is not served of the directory.
    pub(crate) left_out: LeftOut,
    /// What is not served of it while an ERP is configured.
    pub(crate) hidden_by_erp: LeftOut,
    /// What is wrong besides.
    pub fault: Option<Text>,
}

/// Why nothing of a directory can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unavailable {
    /// What is wrong.
    pub(crate) what: Text,
    /// What to do.
    pub(crate) remedy: Text,
    /// Whether the page can be opened by plain means: then the program may be at fault rather than the directory.
    pub(crate) is_doubtful: bool,
}

impl Unavailable {
    pub(super) fn new(error: &DirectoryError) -> Self {
        let is_doubtful = match error {
            DirectoryError::Read { path, .. } | DirectoryError::BadIndex { path, reason: SkipReason::Read(_) } => {
                let page = path.join("index.html");
                page.is_file() && read_bounded(&page, MAX_IN_MEMORY).is_ok()
            }
            _ => false,
        };
        Self { what: error.what(), remedy: error.remedy(), is_doubtful }
    }
}
