//! At most one process on a data directory.

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::words;
use crate::durable::{Claim, ProcessLock};
use crate::error_chain;
use crate::lang::Text;

/// Another process has the data directory.
#[derive(Debug, Error)]
pub struct InUse {
    data_dir: PathBuf,
    pid: Option<i32>,
}

/// Claims the data directory for this process and those that it becomes. One that cannot be locked, such as a read-only
/// one, stops no display.
pub(super) fn claim(data_dir: &Path) -> Result<(), InUse> {
    match ProcessLock::claim(data_dir) {
        Ok(Claim::Ours) => Ok(()),
        Ok(Claim::Others { pid }) => Err(InUse { data_dir: data_dir.to_owned(), pid }),
        Err(error) => {
            tracing::warn!(error = %error_chain(&error), "the data directory cannot be locked against a second process");
            Ok(())
        }
    }
}

impl InUse {
    pub(super) fn text(&self) -> Text {
        words::data_dir_in_use(&self.data_dir, self.pid)
    }
}

impl fmt::Display for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().en)
    }
}
