//! Commands about updates and their replies, as the command line and the administration send them.

use crate::lang::Text;
use std::path::PathBuf;

use semver::Version;
use serde::{Deserialize, Serialize};

use super::history::HistoryEntry;
use super::state::State;

/// The options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Command {
    /// To ask the bucket now.
    Check,
    /// To take what the channel desires now, outside of window and waves too.
    Apply {
        /// A directory that holds a repository, instead of the bucket.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<PathBuf>,
    },
    /// To go back to the version before, and to stay there.
    Rollback,
    /// To stay on a version, or to go to it.
    Pin { version: Version },
    /// To follow the channel again: neither pinned nor on hold.
    Unpin,
    /// To change nothing until somebody asks for it.
    Hold,
    /// To try a version again that has failed on this box.
    Forgive { version: Version },
}

impl Command {
    /// As a log names it.
    #[must_use]
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Check => "update check",
            Self::Apply { .. } => "update apply",
            Self::Rollback => "update rollback",
            Self::Pin { .. } => "update pin",
            Self::Unpin => "update unpin",
            Self::Hold => "update hold",
            Self::Forgive { .. } => "update forgive",
        }
    }
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reply {
    #[serde(flatten)]
    pub(crate) outcome: CommandOutcome,
    /// The state of the updates now.
    pub(crate) state: State,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum CommandOutcome {
    /// It is done.
    Done,
    /// A version is on its way; the state says how far it is.
    Begun {
        version: Version,
        /// Whether it is one of the operating system.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_system: bool,
    },
    /// There was nothing to do.
    Nothing { reason: Text },
}

/// All that there is to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The state of the updates.
    pub(crate) state: State,
    /// What there was, the newest last.
    pub(crate) history: Vec<HistoryEntry>,
    /// Seconds for which a change of version may show no progress; 0 of a box that does not say.
    #[serde(default)]
    pub(crate) max_change_s: u64,
}
