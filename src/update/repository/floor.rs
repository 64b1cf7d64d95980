//! Below which nothing is accepted, whatever became of the cache of the metadata.
//!
//! Versions of metadata are tied to the keys that signed them: a thief of a key may have published a version that no
//! honest one will ever reach ("fast-forward"), so what was signed with keys that the root has since revoked no longer
//! counts. That is the rule that trusted metadata itself follows when the root changes (TUF specification, section
//! 5.3.11): a version counts for as long as the file that it comes from would still verify.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use semver::Version;
use serde::{Deserialize, Serialize};
use sigstore_tuf::{RoleKeys, Snapshot, Timestamp};

/// Roles that are remembered at most: the record has a bound, and a box has two channels.
const MOST_ROLES: usize = 64;
/// How far the time may fall behind before it is written for its own sake, so that a check a minute is not a write a
/// minute.
const HOUR: Duration = Duration::from_secs(3600);

/// A version, and the keys that signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Level<T> {
    at: T,
    signers: BTreeSet<String>,
}

/// What was accepted before.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Floor {
    /// The root's version. Its keys vouch for each other, so it never goes back.
    root: u64,
    /// Seconds since the epoch.
    time: u64,
    roles: BTreeMap<String, Level<u64>>,
    min_versions: BTreeMap<String, Level<Version>>,
}

/// Who signed what is accepted now.
#[derive(Debug, Clone)]
pub(super) struct Signed<T> {
    pub(super) content: T,
    pub(super) signers: BTreeSet<String>,
}

/// A version below the floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Below {
    pub(super) role: String,
    pub(super) trusted: u64,
    pub(super) offered: u64,
}

impl<T: Ord + Clone> Level<T> {
    fn holds(&self, authority: &RoleKeys) -> bool {
        let still = authority.keyids.iter().collect::<BTreeSet<_>>();
        self.signers.iter().filter(|signer| still.contains(signer)).count() >= authority.threshold.max(1)
    }

    /// Makes it the level of `key`, unless the one there is higher and still holds.
    fn raise(self, levels: &mut BTreeMap<String, Self>, key: &str, authority: &RoleKeys) {
        let room = levels.len() < MOST_ROLES;
        match levels.get_mut(key) {
            Some(level) if level.at >= self.at && level.holds(authority) => {}
            Some(level) => *level = self,
            None if room => drop(levels.insert(key.to_owned(), self)),
            None => {}
        }
    }
}

impl Floor {
    pub(super) fn time(&self) -> SystemTime {
        // A time that the clock cannot express is none.
        UNIX_EPOCH.checked_add(Duration::from_secs(self.time)).unwrap_or(UNIX_EPOCH)
    }

    /// The time has come so far, but not further than what vouches for it lasts.
    pub(super) fn raise_time(&mut self, now: SystemTime, expiry: SystemTime) {
        let seconds = now.min(expiry).duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if seconds > self.time.saturating_add(HOUR.as_secs()) {
            self.time = seconds;
        }
    }

    pub(super) fn check_root(&self, version: u64) -> Result<(), Below> {
        below("root", self.root, version)
    }

    pub(super) fn raise_root(&mut self, version: u64) {
        self.root = self.root.max(version);
    }

    /// `timestamp`: the keys of that role.
    pub(super) fn check_timestamp(&self, content: &Timestamp, timestamp: &RoleKeys) -> Result<(), Below> {
        self.check("timestamp", content.version, timestamp)?;
        let pin = content.snapshot_meta().map_or(u64::MAX, |pin| pin.version);
        self.check("snapshot", pin, timestamp)
    }

    /// The versions of all roles below it, which the snapshot's keys vouch for.
    pub(super) fn check_snapshot(&self, content: &Snapshot, snapshot: &RoleKeys) -> Result<(), Below> {
        for (file, pin) in &content.meta {
            if let Some(role) = delegated(file) {
                self.check(role, pin.version, snapshot)?;
            }
        }
        Ok(())
    }

    pub(super) fn raise_timestamp(&mut self, accepted: &Signed<Timestamp>, timestamp: &RoleKeys) {
        let level = |at| Level { at, signers: accepted.signers.clone() };
        level(accepted.content.version).raise(&mut self.roles, "timestamp", timestamp);
        if let Some(pin) = accepted.content.snapshot_meta() {
            level(pin.version).raise(&mut self.roles, "snapshot", timestamp);
        }
    }

    pub(super) fn raise_snapshot(&mut self, accepted: &Signed<Snapshot>, snapshot: &RoleKeys) {
        for (file, pin) in &accepted.content.meta {
            if let Some(role) = delegated(file) {
                let level = Level { at: pin.version, signers: accepted.signers.clone() };
                level.raise(&mut self.roles, role, snapshot);
            }
        }
    }

    /// The highest `min_version` of a channel's manifests, while the channel's keys are the same.
    pub(super) fn min_version(&self, channel: &str, keys: &RoleKeys) -> Option<&Version> {
        self.min_versions.get(channel).filter(|level| level.holds(keys)).map(|level| &level.at)
    }

    pub(super) fn raise_min_version(&mut self, channel: &str, accepted: Signed<Version>, keys: &RoleKeys) {
        let level = Level { at: accepted.content, signers: accepted.signers };
        level.raise(&mut self.min_versions, channel, keys);
    }

    fn check(&self, role: &str, version: u64, authority: &RoleKeys) -> Result<(), Below> {
        match self.roles.get(role).filter(|level| level.holds(authority)) {
            Some(level) => below(role, level.at, version),
            None => Ok(()),
        }
    }
}

fn below(role: &str, trusted: u64, offered: u64) -> Result<(), Below> {
    if offered < trusted { Err(Below { role: role.to_owned(), trusted, offered }) } else { Ok(()) }
}

/// The role of a file that a snapshot lists; `None` for those that it does not speak for.
fn delegated(file: &str) -> Option<&str> {
    file.strip_suffix(".json").filter(|role| !matches!(*role, "root" | "timestamp" | "snapshot"))
}
