//! At most one process on a data directory.

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::durable::{Claim, ProcessLock};
use crate::error_chain;
use crate::lang::Lang;

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
    pub(super) fn explain(&self, lang: Lang) -> String {
        let data_dir = self.data_dir.display();
        let of = self
            .pid
            .map_or_else(String::new, |pid| lang.pick(format!(" (proceso {pid})"), format!(" (process {pid})")));
        lang.pick(
            format!(
                "otro workshop-edge{of} usa ya el directorio de datos {data_dir}: párelo (sudo systemctl stop workshop-edge, o kill), o dé a este otro directorio con --data-dir"
            ),
            format!(
                "another workshop-edge{of} already uses the data directory {data_dir}: stop it (sudo systemctl stop workshop-edge, or kill), or give this one another directory with --data-dir"
            ),
        )
    }
}

impl fmt::Display for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain(Lang::En))
    }
}
