//! What a repository should hold, and the signatures for what differs from what it holds.
//!
//! One way for every command: it changes the [`Draft`], and [`Draft::plan`] finds the roles that differ, or whose
//! signatures no longer fit the keys of the role above. A role that does neither keeps its bytes and its version.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU64;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tough::TargetName;
use tough::schema::decoded::{Decoded, Hex};
use tough::schema::key::Key;
use tough::schema::{
    DelegatedRole, Delegations, Hashes, Metafile, PathPattern, PathSet, Role, RoleKeys, RoleType, Root, Signature,
    Signed, Snapshot, Target, Targets, Timestamp,
};

use super::change::{Change, File, RoleChange};
use super::elsewhere::{self, SignedElsewhere};
use super::error::{ReleaseError, lacks_signatures, refuse, role};
use super::keys::{Keys, Signer, verifies};
use super::lifetime::Lifetimes;
use super::repository::{self, Published, Repository, sha256};
use super::{CHANNELS, ROLES, standard};
use crate::lang::Text;
use crate::update::manifest::{MAX_BYTES, MAX_RELEASES, Manifest};

/// The version of TUF that the roles are written by.
const SPECIFICATION: &str = "1.0.0";

/// What a repository should hold.
#[derive(Debug)]
pub(super) struct Draft {
    directory: PathBuf,
    before: Option<Repository>,
    pub(super) root: Root,
    pub(super) targets: Targets,
    channels: BTreeMap<String, Targets>,
    manifests: BTreeMap<String, Manifest>,
    files: Vec<File>,
    /// The roles that are signed again even though they say the same.
    pub(super) again: BTreeSet<String>,
}

/// A command's options for signing.
#[derive(Debug)]
pub(super) struct Signing<'a> {
    pub(super) keys: &'a Keys,
    pub(super) elsewhere: &'a SignedElsewhere,
    pub(super) lifetimes: &'a Lifetimes,
    pub(super) now: jiff::Timestamp,
    /// Signs nothing, and says only which roles would change.
    pub(super) dry: bool,
}

impl Draft {
    /// An empty repository, without keys.
    pub(super) fn empty(directory: PathBuf) -> Self {
        let version = NonZeroU64::MIN;
        let never = jiff::Timestamp::UNIX_EPOCH;
        let root = Root {
            spec_version: SPECIFICATION.into(),
            consistent_snapshot: true,
            version,
            expires: never,
            keys: HashMap::new(),
            roles: HashMap::new(),
            _extra: HashMap::new(),
        };
        let mut targets = Targets::new(SPECIFICATION.into(), version, never);
        targets.delegations = Some(Delegations::new());
        let mut draft = Self {
            directory,
            before: None,
            root,
            targets,
            channels: BTreeMap::new(),
            manifests: BTreeMap::new(),
            files: Vec::new(),
            again: BTreeSet::new(),
        };
        for channel in CHANNELS {
            let mut role = Targets::new(SPECIFICATION.into(), version, never);
            role.delegations = None;
            draft.channels.insert(channel.into(), role);
            let manifest = Manifest {
                schema: crate::update::manifest::SCHEMA,
                channel: channel.into(),
                desired: None,
                min_version: semver::Version::new(0, 0, 0),
                releases: Vec::new(),
                os: None,
            };
            draft.manifests.insert(channel.into(), manifest);
        }
        draft
    }

    /// What a repository holds, to be changed.
    pub(super) fn of(repository: Repository) -> Self {
        Self {
            directory: repository.directory().to_owned(),
            root: repository.root.role.signed.clone(),
            targets: repository.targets.role.signed.clone(),
            channels: repository
                .channels
                .iter()
                .map(|(name, channel)| (name.clone(), channel.role.signed.clone()))
                .collect(),
            manifests: repository.manifests.clone(),
            files: Vec::new(),
            again: BTreeSet::new(),
            before: Some(repository),
        }
    }

    /// Adds a target's file; a channel lists it once its manifest names it.
    pub(super) fn add_file(&mut self, name: &str, bytes: Vec<u8>) {
        self.files.push(File::target(name, bytes));
    }

    /// Gives a role of the root, or a channel, these keys and this threshold.
    pub(super) fn set_keys(
        &mut self,
        name: &str,
        signers: &[Signer],
        threshold: NonZeroU64,
    ) -> Result<(), ReleaseError> {
        let keyids: Vec<_> = signers.iter().map(|signer| signer.id().clone()).collect();
        if let Some(kind) = standard(name) {
            for signer in signers {
                self.root.keys.insert(signer.id().clone(), signer.key().clone());
            }
            self.root.roles.insert(kind, RoleKeys { keyids, threshold, _extra: HashMap::new() });
            let used: BTreeSet<_> = self.root.roles.values().flat_map(|keys| keys.keyids.iter().cloned()).collect();
            self.root.keys.retain(|id, _| used.contains(id));
            return Ok(());
        }
        let delegations = self.targets.delegations.get_or_insert_default();
        for signer in signers {
            delegations.keys.insert(signer.id().clone(), signer.key().clone());
        }
        if let Some(role) = delegations.roles.iter_mut().find(|role| role.name == name) {
            role.keyids = keyids;
            role.threshold = threshold;
        } else {
            let paths = [Manifest::target(name), "workshop-edge-*".into()]
                .into_iter()
                .map(PathPattern::new)
                .collect::<Result<_, _>>()
                .map_err(role(name))?;
            delegations.roles.push(DelegatedRole {
                name: name.into(),
                keyids,
                threshold,
                paths: PathSet::Paths(paths),
                terminating: false,
                targets: None,
            });
        }
        let used: BTreeSet<_> = delegations.roles.iter().flat_map(|role| role.keyids.iter().cloned()).collect();
        delegations.keys.retain(|id, _| used.contains(id));
        Ok(())
    }

    /// Gives a channel this manifest, and has the channel's role list what it names.
    pub(super) fn set_manifest(&mut self, manifest: Manifest) -> Result<(), ReleaseError> {
        let channel = manifest.channel.clone();
        let of_os = manifest.os.as_ref().map_or(0, |os| os.releases.len());
        if manifest.releases.len().max(of_os) > MAX_RELEASES {
            return Err(refuse(
                format!("el canal {channel} tendría más de {MAX_RELEASES} versiones: retire alguna con «yank»"),
                format!(
                    "the channel {channel} would have more than {MAX_RELEASES} releases: remove some with \"yank\""
                ),
            ));
        }
        self.manifests.insert(channel, manifest);
        Ok(())
    }

    /// Which roles differ, and their new bytes.
    pub(super) fn plan(mut self, signing: &Signing<'_>) -> Result<Change, ReleaseError> {
        for channel in CHANNELS {
            self.list_targets(channel)?;
        }
        let mut plan = Plan { signing, draft: &self, roles: Vec::new(), metadata: Vec::new() };
        let (root, old_root) = plan.root()?;
        let targets = plan.targets(&root, old_root.as_ref())?;
        let mut meta = HashMap::new();
        meta.insert("targets.json".to_owned(), targets.metafile());
        let delegations = targets.role.signed.delegations.clone().unwrap_or_default();
        for channel in CHANNELS {
            meta.insert(format!("{channel}.json"), plan.channel(channel, &delegations)?.metafile());
        }
        let snapshot = plan.snapshot(meta, &root, old_root.as_ref())?;
        let timestamp = plan.timestamp(&snapshot, &root, old_root.as_ref())?;
        let seamless = old_root.as_ref().is_some_and(|old| {
            let valid = |name: &str, verified: Result<(), tough::schema::Error>| {
                verified.is_ok() || (signing.dry && can_sign(signing.keys, name, old))
            };
            valid("targets", old.verify_role(&targets.role))
                && valid("snapshot", old.verify_role(&snapshot.role))
                && valid("timestamp", old.verify_role(&timestamp.role))
        });
        let Plan { roles, metadata, .. } = plan;
        let mut files = self.files;
        files.extend(metadata);
        Ok(Change::new(self.directory, roles, files, seamless))
    }

    /// Lists what a channel's manifest names, the manifest itself among it.
    fn list_targets(&mut self, channel: &str) -> Result<(), ReleaseError> {
        let (Some(manifest), Some(old)) = (self.manifests.get(channel), self.channels.get(channel)) else {
            return Ok(());
        };
        let unchanged = self.before.as_ref().is_some_and(|before| before.manifests.get(channel) == Some(manifest));
        if unchanged {
            return Ok(());
        }
        let mut bytes = serde_json::to_vec_pretty(manifest).map_err(role(channel))?;
        bytes.push(b'\n');
        if bytes.len() as u64 > MAX_BYTES {
            return Err(refuse(
                format!("el manifiesto de {channel} pasaría de {MAX_BYTES} bytes: retire versiones con «yank»"),
                format!("the manifest of {channel} would exceed {MAX_BYTES} bytes: remove releases with \"yank\""),
            ));
        }
        let mut targets = HashMap::new();
        let of_os = manifest.os.iter().flat_map(|os| &os.releases);
        for release in manifest.releases.iter().chain(of_os) {
            for binary in release.platforms.values() {
                for name in std::iter::once(&binary.full).chain(binary.deltas.iter().map(|delta| &delta.target)) {
                    let name = TargetName::new(name).map_err(role(channel))?;
                    let target = self
                        .files
                        .iter()
                        .find(|file| file.is_target(name.raw()))
                        .map(|file| target(file.bytes()))
                        .or_else(|| old.targets.get(&name).cloned())
                        .or_else(|| self.before.as_ref()?.target(&name).cloned())
                        .ok_or_else(|| {
                            refuse(
                                format!("el repositorio no tiene {}: recupere la copia", name.raw()),
                                format!("the repository has no {}: restore it from the copy", name.raw()),
                            )
                        })?;
                    targets.insert(name, target);
                }
            }
        }
        let name = Manifest::target(channel);
        targets.insert(TargetName::new(&name).map_err(role(channel))?, target(&bytes));
        self.files.push(File::target(&name, bytes));
        if let Some(role) = self.channels.get_mut(channel) {
            role.targets = targets;
        }
        Ok(())
    }
}

fn target(bytes: &[u8]) -> Target {
    Target { length: bytes.len() as u64, hashes: hashes(bytes), custom: HashMap::new(), _extra: HashMap::new() }
}

fn hashes(bytes: &[u8]) -> Hashes {
    Hashes { sha256: sha256(bytes).into(), _extra: HashMap::new() }
}

impl<T: Role + Serialize> Published<T> {
    fn metafile(&self) -> Metafile {
        Metafile {
            length: Some(self.bytes.len() as u64),
            hashes: Some(hashes(&self.bytes)),
            version: self.role.signed.version(),
            _extra: HashMap::new(),
        }
    }
}

/// The keys whose signatures on a role count, by their ids.
type RoleKeysById = BTreeMap<Decoded<Hex>, Key>;

/// The roles that are signed.
struct Plan<'a> {
    signing: &'a Signing<'a>,
    draft: &'a Draft,
    roles: Vec<RoleChange>,
    metadata: Vec<File>,
}

impl Plan<'_> {
    /// The new root, and the old one where another succeeds it.
    fn root(&mut self) -> Result<(Root, Option<Root>), ReleaseError> {
        let before = self.draft.before.as_ref().map(|before| &before.root);
        let wanted = &self.draft.root;
        if let Some(before) = before
            && before.role.signed == *wanted
            && !self.draft.again.contains("root")
        {
            return Ok((wanted.clone(), None));
        }
        let mut root = wanted.clone();
        // Roots follow each other without a gap (TUF section 5.3).
        root.version = successor(before.map_or(0, Published::version))?;
        root.expires = self.signing.lifetimes.until("root", self.signing.now)?;
        let old = before.map(|before| before.role.signed.clone());
        let keys = both(&root, old.as_ref(), RoleType::Root);
        let published = self.sign("root", root, &keys, before.map(Published::version), |role| {
            role.signed.verify_role(role)?;
            old.as_ref().map_or(Ok(()), |old| old.verify_role(role))
        })?;
        Ok((published.role.signed, old))
    }

    fn targets(&mut self, root: &Root, old_root: Option<&Root>) -> Result<Published<Targets>, ReleaseError> {
        let before = self.draft.before.as_ref().map(|before| &before.targets);
        let wanted = &self.draft.targets;
        if let Some(before) = before
            && before.role.signed == *wanted
            && root.verify_role(&before.role).is_ok()
            && !self.draft.again.contains("targets")
        {
            return Ok(before.clone());
        }
        let mut targets = wanted.clone();
        targets.version = self.next("targets", before.map(Published::version))?;
        targets.expires = self.signing.lifetimes.until("targets", self.signing.now)?;
        let keys = both(root, old_root, RoleType::Targets);
        self.sign("targets", targets, &keys, before.map(Published::version), |role| root.verify_role(role))
    }

    fn channel(&mut self, channel: &str, delegations: &Delegations) -> Result<Published<Targets>, ReleaseError> {
        let before = self.draft.before.as_ref().and_then(|before| before.channels.get(channel));
        let wanted = self.draft.channels.get(channel).ok_or_else(|| missing(channel))?;
        if let Some(before) = before
            && before.role.signed == *wanted
            && delegations.verify_role(&before.role, channel).is_ok()
            && !self.draft.again.contains(channel)
        {
            return Ok(before.clone());
        }
        let mut targets = wanted.clone();
        targets.version = self.next(channel, before.map(Published::version))?;
        targets.expires = self.signing.lifetimes.until(channel, self.signing.now)?;
        let delegated = delegations.roles.iter().find(|role| role.name == channel).ok_or_else(|| missing(channel))?;
        let keys = keys_of(&delegated.keyids, &delegations.keys);
        self.sign(channel, targets, &keys, before.map(Published::version), |role| {
            delegations.verify_role(role, channel)
        })
    }

    fn snapshot(
        &mut self,
        meta: HashMap<String, Metafile>,
        root: &Root,
        old_root: Option<&Root>,
    ) -> Result<Published<Snapshot>, ReleaseError> {
        let before = self.draft.before.as_ref().map(|before| &before.snapshot);
        if let Some(before) = before
            && before.role.signed.meta == meta
            && root.verify_role(&before.role).is_ok()
            && !self.draft.again.contains("snapshot")
        {
            return Ok(before.clone());
        }
        let version = self.next("snapshot", before.map(Published::version))?;
        let expires = self.signing.lifetimes.until("snapshot", self.signing.now)?;
        let mut snapshot = Snapshot::new(SPECIFICATION.into(), version, expires);
        snapshot.meta = meta;
        let keys = both(root, old_root, RoleType::Snapshot);
        self.sign("snapshot", snapshot, &keys, before.map(Published::version), |role| root.verify_role(role))
    }

    fn timestamp(
        &mut self,
        snapshot: &Published<Snapshot>,
        root: &Root,
        old_root: Option<&Root>,
    ) -> Result<Published<Timestamp>, ReleaseError> {
        let before = self.draft.before.as_ref().map(|before| &before.timestamp);
        let meta = HashMap::from([("snapshot.json".to_owned(), snapshot.metafile())]);
        if let Some(before) = before
            && before.role.signed.meta == meta
            && root.verify_role(&before.role).is_ok()
            && !self.draft.again.contains("timestamp")
        {
            return Ok(before.clone());
        }
        let version = successor(before.map_or(0, Published::version))?;
        let expires = self.signing.lifetimes.until("timestamp", self.signing.now)?;
        let mut timestamp = Timestamp::new(SPECIFICATION.into(), version, expires);
        timestamp.meta = meta;
        let keys = both(root, old_root, RoleType::Timestamp);
        self.sign("timestamp", timestamp, &keys, before.map(Published::version), |role| root.verify_role(role))
    }

    /// The number of a role's next version. One that a failed command left behind may lie in a cache, and is passed
    /// over.
    fn next(&self, name: &str, before: Option<u64>) -> Result<NonZeroU64, ReleaseError> {
        let Some(before) = before else { return Ok(NonZeroU64::MIN) };
        let left = repository::versions_on_disk(&repository::metadata(&self.draft.directory), name)?;
        successor(left.last().copied().unwrap_or(0).max(before))
    }

    /// Signs a role with those of its keys that are at hand, adds what was signed elsewhere, and holds the signatures to the
    /// threshold.
    fn sign<T: Role + Serialize + DeserializeOwned>(
        &mut self,
        name: &str,
        wanted: T,
        keys: &RoleKeysById,
        before: Option<u64>,
        verify: impl FnOnce(&Signed<T>) -> Result<(), tough::schema::Error>,
    ) -> Result<Published<T>, ReleaseError> {
        let given = self.signing.elsewhere.find(name, &wanted, self.signing.now)?;
        let is_given = given.is_some();
        let Signed { signed, signatures: given } =
            given.unwrap_or_else(|| Signed { signed: wanted, signatures: Vec::new() });
        let filename = match name {
            "timestamp" => "timestamp.json".to_owned(),
            _ => format!("{}.{name}.json", signed.version()),
        };
        self.roles.push(RoleChange {
            role: name.to_owned(),
            from: before,
            to: signed.version().get(),
            expires: signed.expires(),
        });
        let mut signatures = BTreeMap::new();
        if !self.signing.dry {
            let message = signed.canonical_form().map_err(role(name))?;
            for Signature { keyid, sig } in given {
                if keys.get(&keyid).is_some_and(|key| verifies(key, &message, &sig)) {
                    signatures.insert(keyid, sig);
                }
            }
            for signer in self.signing.keys.present(name)? {
                if keys.contains_key(signer.id())
                    && !signatures.contains_key(signer.id())
                    && let Some(signature) = signer.sign(&message)?
                {
                    signatures.insert(signer.id().clone(), signature.into());
                }
            }
        }
        let signatures = signatures.into_iter().map(|(keyid, sig)| Signature { keyid, sig }).collect();
        let published = Signed { signed, signatures };
        let bytes = elsewhere::bytes(name, &published)?;
        if !self.signing.dry
            && let Err(error) = verify(&published)
        {
            let unfit = if is_given { None } else { self.signing.elsewhere.unfit::<T>() };
            let what_to_do = unfit.unwrap_or_else(|| {
                Text::new(
                    "ponga a mano más claves suyas en keys.toml o con --key, o que firmen otros (--to-sign ARCHIVO)",
                    "have more of its keys at hand, in keys.toml or with --key, or have others sign (--to-sign FILE)",
                )
            });
            let lacks = Text::new(
                format!("al rol {name} le faltan firmas ({error}): "),
                format!("the role {name} lacks signatures ({error}): "),
            );
            return Err(lacks_signatures(name, lacks.then(&what_to_do), bytes));
        }
        self.metadata.push(File::metadata(&filename, bytes.clone()));
        Ok(Published { role: published, bytes })
    }
}

/// Whether a role's keys of the old root are at hand.
fn can_sign(keys: &Keys, name: &str, old: &Root) -> bool {
    let role = standard(name).and_then(|kind| old.roles.get(&kind));
    let (Some(role), Ok(signers)) = (role, keys.present(name)) else { return false };
    let ids: BTreeSet<_> = signers.iter().map(Signer::id).filter(|id| role.keyids.contains(id)).collect();
    ids.len() as u64 >= role.threshold.get()
}

fn missing(channel: &str) -> ReleaseError {
    refuse(
        format!("el repositorio no tiene el canal {channel}; los roles son {ROLES:?}"),
        format!("the repository has no channel {channel}; the roles are {ROLES:?}"),
    )
}

fn keys_of(ids: &[Decoded<Hex>], keys: &HashMap<Decoded<Hex>, Key>) -> RoleKeysById {
    ids.iter().filter_map(|id| Some((id.clone(), keys.get(id)?.clone()))).collect()
}

/// The keys of a role before and after a rotation: signed by both, it is valid whichever root a box has.
fn both(root: &Root, old: Option<&Root>, kind: RoleType) -> RoleKeysById {
    let of = |root: &Root| root.roles.get(&kind).map(|role| keys_of(&role.keyids, &root.keys)).unwrap_or_default();
    let mut keys = of(root);
    keys.extend(old.map(of).unwrap_or_default());
    keys
}

fn successor(version: u64) -> Result<NonZeroU64, ReleaseError> {
    version
        .checked_add(1)
        .and_then(NonZeroU64::new)
        .ok_or_else(|| refuse("no quedan números de versión", "there are no version numbers left"))
}
