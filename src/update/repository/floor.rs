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
const MAX_ROLES: usize = 64;
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
        let room = levels.len() < MAX_ROLES;
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

    /// The highest `min_version` that a channel's manifest had last, signed by any key.
    pub(super) fn known_min_version(&self, channel: &str) -> Option<&Version> {
        self.min_versions.get(channel).map(|level| &level.at)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(names: &[String], threshold: usize) -> RoleKeys {
        serde_json::from_value(serde_json::json!({ "keyids": names, "threshold": threshold })).expect("a role")
    }

    fn timestamp(version: u64, snapshot: u64) -> Timestamp {
        serde_json::from_value(serde_json::json!({
            "_type": "timestamp", "spec_version": "1.0.31", "version": version, "expires": "2030-01-01T00:00:00Z",
            "meta": { "snapshot.json": { "version": snapshot } },
        }))
        .expect("a timestamp")
    }

    fn snapshot(versions: &[(&str, u64)]) -> Snapshot {
        let meta: serde_json::Map<_, _> = versions
            .iter()
            .map(|(role, version)| (format!("{role}.json"), serde_json::json!({ "version": version })))
            .collect();
        serde_json::from_value(serde_json::json!({
            "_type": "snapshot", "spec_version": "1.0.31", "version": 1, "expires": "2030-01-01T00:00:00Z", "meta": meta,
        }))
        .expect("a snapshot")
    }

    fn names(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    /// Offers a timestamp signed by all of these keys; whether it was accepted.
    fn offer(floor: &mut Floor, version: u64, pin: u64, signers: &[String], role: &RoleKeys) -> bool {
        let content = timestamp(version, pin);
        let accepted = floor.check_timestamp(&content, role).is_ok();
        if accepted {
            floor.raise_timestamp(&Signed { content, signers: signers.iter().cloned().collect() }, role);
        }
        accepted
    }

    #[test]
    fn versions_go_back_only_when_the_keys_that_signed_them_are_revoked() {
        let (mut floor, ab) = (Floor::default(), names("a b"));
        assert!(offer(&mut floor, 5, 7, &ab, &keys(&ab, 2)));
        assert!(!offer(&mut floor, 4, 7, &ab, &keys(&ab, 2)));
        assert!(!offer(&mut floor, 6, 6, &ab, &keys(&ab, 2)), "the snapshot that it pins goes back");
        // Another key is added, and none is revoked.
        assert!(!offer(&mut floor, 4, 7, &ab, &keys(&names("a b c"), 2)));
        // One of the two is revoked: what both had signed no longer has two signatures.
        assert!(offer(&mut floor, 1, 1, &names("a c"), &keys(&names("a c"), 2)));
        assert!(!offer(&mut floor, 0, 1, &names("a c"), &keys(&names("a c"), 2)));
    }

    #[test]
    fn every_role_of_a_snapshot_has_a_floor_of_its_own() {
        let role = keys(&names("s"), 1);
        let mut floor = Floor::default();
        let accepted = snapshot(&[("targets", 3), ("stable", 4), ("staging", 9)]);
        floor.raise_snapshot(&Signed { content: accepted, signers: ["s".to_owned()].into() }, &role);
        assert_eq!(floor.check_snapshot(&snapshot(&[("targets", 3), ("stable", 5), ("staging", 9)]), &role), Ok(()));
        let below = floor.check_snapshot(&snapshot(&[("targets", 3), ("stable", 3)]), &role).expect_err("below");
        assert_eq!(below, Below { role: "stable".to_owned(), trusted: 4, offered: 3 });
        // A role that is gone may come back, but not lower than it was.
        assert_eq!(floor.check_snapshot(&snapshot(&[("targets", 3)]), &role), Ok(()));
        assert!(floor.check_snapshot(&snapshot(&[("targets", 3), ("staging", 8)]), &role).is_err());
        assert_eq!(floor.check_snapshot(&snapshot(&[("targets", 1)]), &keys(&names("t"), 1)), Ok(()));
    }

    #[test]
    fn a_root_never_goes_back() {
        let mut floor = Floor::default();
        floor.raise_root(3);
        floor.raise_root(2);
        assert!(floor.check_root(2).is_err());
        assert_eq!(floor.check_root(3), Ok(()));
    }

    #[test]
    fn the_time_passes_no_expiry_and_never_goes_back() {
        let at = |hours: u64| UNIX_EPOCH + Duration::from_secs(hours * 3600);
        let mut floor = Floor::default();
        floor.raise_time(at(1000), at(900));
        assert_eq!(floor.time(), at(900));
        floor.raise_time(at(800), at(2000));
        assert_eq!(floor.time(), at(900));
        floor.raise_time(at(902), at(2000));
        assert_eq!(floor.time(), at(902));
    }

    #[test]
    fn a_channels_min_version_holds_while_its_keys_do() {
        let (old, new) = (keys(&names("old"), 1), keys(&names("new"), 1));
        let mut floor = Floor::default();
        let raise = |floor: &mut Floor, version: &str, signer: &str, role: &RoleKeys| {
            let content = version.parse().expect("a version");
            floor.raise_min_version("stable", Signed { content, signers: [signer.to_owned()].into() }, role);
        };
        raise(&mut floor, "2.0.0", "old", &old);
        raise(&mut floor, "1.0.0", "old", &old);
        assert_eq!(floor.min_version("stable", &old), Some(&Version::new(2, 0, 0)));
        assert_eq!(floor.min_version("staging", &old), None);
        assert_eq!(floor.min_version("stable", &new), None);
        assert_eq!(floor.known_min_version("stable"), Some(&Version::new(2, 0, 0)));
        raise(&mut floor, "1.5.0", "new", &new);
        assert_eq!(floor.min_version("stable", &new), Some(&Version::new(1, 5, 0)));
    }

    #[test]
    fn a_record_of_an_older_or_newer_program_is_read() {
        let floor: Floor = serde_json::from_str(r#"{ "root": 4, "moods": {} }"#).expect("a floor");
        assert_eq!(floor, Floor { root: 4, ..Floor::default() });
    }

    proptest! {
        /// Whatever is offered in whatever order, and whatever other keys come and go: as long as a version's own
        /// signers could still sign, nothing below it is accepted.
        #[test]
        fn no_accepted_version_is_lower_under_the_same_keys(
            offers in proptest::collection::vec((0_u64..6, 0_u64..6, 1_usize..8, 1_usize..8, 1_usize..3), 1..40),
        ) {
            let subset = |bits: usize| -> Vec<String> {
                (0..3).filter(|bit| bits & (1 << bit) != 0).map(|bit| format!("key {bit}")).collect()
            };
            let mut floor = Floor::default();
            // Of the timestamp and of the snapshot: the version that counts, and who signed it.
            let mut last: [Option<(u64, Vec<String>)>; 2] = [None, None];
            for (version, pin, signing, allowed, threshold) in offers {
                let allowed = subset(allowed);
                let signers: Vec<String> = subset(signing).into_iter().filter(|key| allowed.contains(key)).collect();
                // The library refuses it before the floor is asked.
                if signers.len() < threshold {
                    continue;
                }
                let accepted = offer(&mut floor, version, pin, &signers, &keys(&allowed, threshold));
                for (last, offered) in last.iter_mut().zip([version, pin]) {
                    let stands = |by: &[String]| by.iter().filter(|key| allowed.contains(key)).count() >= threshold;
                    let standing = last.as_ref().filter(|(_, by)| stands(by)).map(|(before, _)| *before);
                    prop_assert!(!(accepted && standing > Some(offered)), "{offered} after {standing:?}");
                    if accepted && standing < Some(offered) {
                        *last = Some((offered, signers.clone()));
                    }
                }
            }
        }
    }
}
