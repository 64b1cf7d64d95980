//! The state of the updates of a box: for its status, its command line and its administration.
//!
//! The form on the wire only grows: a field keeps its name and its meaning.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use semver::Version;
use serde::{Deserialize, Serialize};

use super::order::Override;
use super::votes::ScreenVotes;
use crate::lang::Text;

/// The state of the updates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The channel.
    pub(crate) channel: String,
    /// What runs.
    pub(crate) running: Version,
    /// Where it lies: `a`, `b` or `factory`; `None` where the box cannot switch, since something else starts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) slot: Option<String>,
    /// What is being done.
    pub phase: Phase,
    /// What the channel desires, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) desired: Option<Version>,
    /// When the bucket last gave a whole answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checked: Option<Timestamp>,
    /// Until when the bucket's metadata are valid that were found then, by role: those of TUF and the channel's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) expires: BTreeMap<String, Timestamp>,
    /// Why nothing was to be done then, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) decision: Option<Text>,
    /// The technician's override.
    #[serde(default)]
    pub(crate) order: Override,
    /// What a rollback goes to without a download.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<Version>,
    /// What is not tried again.
    #[serde(default)]
    pub(crate) quarantined: Vec<Quarantined>,
    /// The state of the operating system, where the box runs the USB image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) os: Option<OsState>,
    /// What the screens say of the version on trial, while it is and where they are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) votes: Option<ScreenVotes>,
    /// What went wrong last; over once a check succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

impl State {
    /// The role of which the bucket's metadata end first among those that end soon. By then half of the time has passed in which the
    /// publisher's own tools have been saying so, a day and 30 days: nobody has heard them.
    #[must_use]
    pub(crate) fn expires_soon(&self, now: Timestamp) -> Option<(&str, Timestamp)> {
        let margin = |role: &str| match role {
            "timestamp" | "snapshot" => SignedDuration::from_hours(12),
            _ => SignedDuration::from_hours(15 * 24),
        };
        let ending = self.expires.iter().filter(|(role, at)| at.duration_since(now) < margin(role));
        ending.min_by_key(|(_, at)| **at).map(|(role, at)| (role.as_str(), *at))
    }

    /// The version that the box should be about to run: the channel desires it, and nothing that the box knows of is in its way.
    #[must_use]
    pub(crate) fn pending(&self) -> Option<&Version> {
        let desired = self.desired.as_ref().filter(|desired| **desired != self.running)?;
        let is_free = self.slot.is_some()
            && self.order == Override::default()
            && self.decision.is_none()
            && self.fault.is_none()
            && !matches!(self.phase, Phase::Waiting { .. } | Phase::OnTrial | Phase::Other)
            && self.quarantined.iter().all(|one| one.version != desired.to_string());
        is_free.then_some(desired)
    }
}

/// What is being done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Nothing, until the next check.
    Idle,
    /// The bucket is asked.
    Checking,
    /// A version is being downloaded.
    Downloading {
        /// The version under way.
        version: Version,
        /// Bytes that are here.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// It is unpacked and verified.
    Staging {
        /// The version under way.
        version: Version,
    },
    /// A version is known, and its time has not come.
    Waiting {
        /// The version under way.
        version: Version,
        /// From when on it may begin.
        until: Timestamp,
        /// What for.
        wait: WaitReason,
        /// Whether all of it is here already.
        #[serde(default)]
        is_here: bool,
    },
    /// The box drains and executes it.
    Switching {
        /// The version under way.
        version: Version,
    },
    /// The running version is on trial.
    OnTrial,
    /// A value that a newer version has written.
    #[serde(other)]
    Other,
}

/// What a version waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// The box's turn among all boxes.
    Wave,
    /// The hours at which the box may change its version.
    Window,
    /// A value that a newer version has written.
    #[serde(other)]
    Other,
}

/// A binary that has failed here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Its version.
    pub version: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Why, in English.
    pub reason: String,
}

/// The state of the operating system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OsState {
    /// Root's report.
    #[serde(flatten)]
    pub(crate) report: OsReport,
    /// What the channel desires, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) desired: Option<Version>,
    /// What is being done about it.
    pub(crate) step: OsStep,
    /// Why nothing is to be done, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) decision: Option<Text>,
}

/// What is being done about the operating system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(crate) enum OsStep {
    /// Nothing.
    Idle,
    /// It is being downloaded.
    Downloading {
        version: Version,
        /// Bytes that are here.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// Its time has not come.
    Waiting {
        version: Version,
        until: Timestamp,
        /// What for.
        wait: WaitReason,
        /// Whether all of it is here already.
        is_here: bool,
    },
    /// Root has been asked to install it; the machine restarts then.
    Offered { version: Version },
    /// A value that a newer version has written.
    #[serde(other)]
    Other,
}

/// Root's report on it, which comes in a file, see [`super::os`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OsReport {
    /// What runs.
    pub(crate) version: Version,
    /// SHA-256 of its file, where root has installed it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<String>,
    /// Whether it has shown that it works.
    pub(crate) state: TrialState,
    /// What the machine can go back to without a download.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<Version>,
    /// What has failed on this machine and is not tried again.
    #[serde(default)]
    pub(crate) quarantined: Vec<Quarantined>,
    /// The offer that was not taken, since the machine came up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<Text>,
}

/// Whether a version has shown that it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TrialState {
    /// The boot loader counts its starts.
    Trial,
    /// It has.
    Good,
    /// A value that a newer version has written.
    #[serde(other)]
    Other,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// When it began.
    pub(crate) since: Timestamp,
    /// Of which kind: decides on the words in Spanish.
    pub kind: FaultKind,
    /// What, in English.
    pub(crate) detail: String,
}

/// Kinds of what goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The bucket cannot be reached.
    Unreachable,
    /// Nothing comes back from the bucket's address: a firewall, or a network whose only way out is a proxy.
    Blocked,
    /// The bucket answers with an error.
    Server,
    /// The bucket's address leads elsewhere.
    Redirected,
    /// Something on the way changes what is fetched.
    Altered,
    /// Nobody that the box knows vouches for the bucket's server.
    UnknownAuthority,
    /// The certificate of the bucket's server is over, not yet valid, or another server's.
    Certificate,
    /// The proxy cannot be reached, or is none.
    ProxyUnreachable,
    /// The proxy wants a login.
    ProxyLogin,
    /// The proxy refuses the box.
    ProxyRefused,
    /// A captive portal answers instead of the bucket.
    CaptivePortal,
    /// What the bucket says has expired, or the clock is wrong.
    Expired,
    /// The bucket shows an older state than before, as a cache does for a while.
    Stale,
    /// What the bucket says is older than what is known.
    Rollback,
    /// A signature or a form is wrong.
    Untrusted,
    /// The bucket lacks what its own metadata name.
    Incomplete,
    /// A directory is no bucket, or is no longer there.
    Directory,
    /// The disk does not work.
    Storage,
    /// The disk is full, or nearly so.
    DiskFull,
    /// The data directory cannot be written: mounted read-only, or somebody else's.
    NotWritable,
    /// Nothing may be executed from the data directory.
    NotExecutable,
    /// Another update is under way on the box.
    Busy,
    /// The downloaded binary does not run here, or is not what was announced.
    Unfit,
    /// Anything else.
    #[serde(other)]
    Other,
}

impl FaultKind {
    /// How long it may last before somebody has to look after it.
    #[must_use]
    pub(crate) fn patience(self) -> Duration {
        match self {
            // A workshop has no internet at weekends, and what is in the way of it is often gone by itself.
            Self::Unreachable
            | Self::Blocked
            | Self::Server
            | Self::Redirected
            | Self::Altered
            | Self::UnknownAuthority
            | Self::Certificate
            | Self::ProxyUnreachable
            | Self::ProxyLogin
            | Self::ProxyRefused
            | Self::CaptivePortal
            | Self::Incomplete => Duration::from_secs(24 * 3600),
            // The edges of a CDN take minutes until all of them show the same.
            Self::Stale => Duration::from_secs(10 * 60),
            Self::Busy => Duration::from_secs(3600),
            Self::Expired
            | Self::Rollback
            | Self::Untrusted
            | Self::Directory
            | Self::Storage
            | Self::DiskFull
            | Self::NotWritable
            | Self::NotExecutable
            | Self::Unfit
            | Self::Other => Duration::ZERO,
        }
    }
}
