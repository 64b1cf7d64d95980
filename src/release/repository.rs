//! What a repository's directory holds.
//!
//! ```text
//! metadata/  1.root.json … N.root.json, N.snapshot.json, N.targets.json, N.stable.json, N.staging.json, timestamp.json
//! targets/   <sha256>.<name>
//! ```

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tough::TargetName;
use tough::schema::{Delegations, Metafile, Role, Root, Signed, Snapshot, Target, Targets, Timestamp};

use super::CHANNELS;
use super::error::{ReleaseError, file, refuse};
use crate::bounded_read::read_bounded;
use crate::update::manifest::Manifest;

/// Bytes of a role, a manifest, or certificates; no box keeps a larger role.
pub(super) const MAX_METADATA: u64 = 8 * 1024 * 1024;

/// A role as it lies there.
#[derive(Debug, Clone)]
pub(super) struct Published<T> {
    /// What it says, and who signed it.
    pub(super) role: Signed<T>,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
}

/// A repository that was read whole.
#[derive(Debug)]
pub(super) struct Repository {
    directory: PathBuf,
    pub(super) root: Published<Root>,
    pub(super) timestamp: Published<Timestamp>,
    pub(super) snapshot: Published<Snapshot>,
    pub(super) targets: Published<Targets>,
    pub(super) channels: BTreeMap<String, Published<Targets>>,
    pub(super) manifests: BTreeMap<String, Manifest>,
}

/// The metadata of a repository.
pub(super) fn metadata(directory: &Path) -> PathBuf {
    directory.join("metadata")
}

/// Whether there is one: without `timestamp.json` nobody can have read anything of it.
pub(super) fn exists(directory: &Path) -> bool {
    metadata(directory).join("timestamp.json").exists()
}

impl Repository {
    /// Reads a repository, and holds it to its signatures, so that nothing is signed again that somebody else wrote.
    pub(super) fn read(directory: &Path) -> Result<Self, ReleaseError> {
        if !exists(directory) {
            return Err(refuse(
                format!("en {} no hay un repositorio: créelo con «workshop-release init»", directory.display()),
                format!("there is no repository in {}: make one with \"workshop-release init\"", directory.display()),
            ));
        }
        let metadata = metadata(directory);
        let (root, older) = newest_root(&metadata)?;
        // A rotation that was interrupted leaves what the root before has signed.
        let signed = |role: &str, verify: &dyn Fn(&Root) -> Result<(), tough::schema::Error>| {
            let verified = verify(&root.role.signed);
            let verified = verified.or_else(|error| older.as_ref().map_or(Err(error), verify));
            held(&metadata, role, verified)
        };
        let timestamp: Published<Timestamp> = read(&metadata.join("timestamp.json"))?;
        signed("timestamp", &|root| root.verify_role(&timestamp.role))?;
        let listed = |meta: &std::collections::HashMap<String, tough::schema::Metafile>, name: &str| {
            meta.get(&format!("{name}.json")).cloned().ok_or_else(|| {
                refuse(
                    format!("los metadatos de {} no nombran {name}.json: recupere la copia", metadata.display()),
                    format!(
                        "the metadata of {} do not list {name}.json: restore them from the copy",
                        metadata.display()
                    ),
                )
            })
        };
        let file = listed(&timestamp.role.signed.meta, "snapshot")?;
        let snapshot: Published<Snapshot> = read_listed(&metadata, "snapshot", &file)?;
        signed("snapshot", &|root| root.verify_role(&snapshot.role))?;
        let file = listed(&snapshot.role.signed.meta, "targets")?;
        let targets: Published<Targets> = read_listed(&metadata, "targets", &file)?;
        signed("targets", &|root| root.verify_role(&targets.role))?;
        let delegations = targets.role.signed.delegations.clone().unwrap_or_default();
        let mut channels = BTreeMap::new();
        let mut manifests = BTreeMap::new();
        for channel in CHANNELS {
            let file = listed(&snapshot.role.signed.meta, channel)?;
            let role: Published<Targets> = read_listed(&metadata, channel, &file)?;
            held(&metadata, channel, delegations.verify_role(&role.role, channel))?;
            let manifest = read_manifest(directory, channel, &role.role.signed)?;
            channels.insert(channel.to_owned(), role);
            manifests.insert(channel.to_owned(), manifest);
        }
        Ok(Self { directory: directory.to_owned(), root, timestamp, snapshot, targets, channels, manifests })
    }

    /// Where it is.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A target that any channel lists, by its name.
    pub(super) fn target(&self, name: &TargetName) -> Option<&Target> {
        self.channels.values().find_map(|channel| channel.role.signed.targets.get(name))
    }

    /// Where a target lies.
    pub(super) fn target_path(&self, name: &TargetName, target: &Target) -> PathBuf {
        target_path(&self.directory, name.raw(), target)
    }

    /// The keys and thresholds of the channels.
    pub(super) fn delegations(&self) -> Option<&Delegations> {
        self.targets.role.signed.delegations.as_ref()
    }

    /// A channel's manifest, or a refusal that names the channels.
    pub(super) fn manifest(&self, channel: &str) -> Result<&Manifest, ReleaseError> {
        self.manifests.get(channel).ok_or_else(|| {
            refuse(
                format!("no existe el canal {channel}; los canales son {CHANNELS:?}"),
                format!("there is no channel {channel}; the channels are {CHANNELS:?}"),
            )
        })
    }
}

/// Where a target lies (consistent snapshots, TUF section 6.2).
pub(super) fn target_path(directory: &Path, name: &str, target: &Target) -> PathBuf {
    directory.join("targets").join(format!("{}.{name}", hex::encode(&target.hashes.sha256)))
}

/// SHA-256.
pub(super) fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// The versions of a role whose files lie there, whether anything refers to them or not.
pub(super) fn versions_on_disk(metadata: &Path, name: &str) -> Result<Vec<u64>, ReleaseError> {
    let entries = match std::fs::read_dir(metadata) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(file("list", metadata)(error)),
    };
    let suffix = format!(".{name}.json");
    let mut versions = Vec::new();
    for entry in entries {
        let entry = entry.map_err(file("list", metadata))?.file_name();
        versions.extend(entry.to_str().and_then(|name| name.strip_suffix(&suffix)?.parse::<u64>().ok()));
    }
    versions.sort_unstable();
    Ok(versions)
}

/// The newest root that its predecessor and itself have signed, which is what a box arrives at, and its predecessor.
fn newest_root(metadata: &Path) -> Result<(Published<Root>, Option<Root>), ReleaseError> {
    let at = |version: u64| metadata.join(format!("{version}.root.json"));
    let mut newest: Published<Root> = read(&at(1))?;
    let mut older = None;
    held(metadata, "root", newest.role.signed.verify_role(&newest.role))?;
    for version in 2_u64.. {
        if !at(version).exists() {
            break;
        }
        let next: Published<Root> = read(&at(version))?;
        held(metadata, "root", newest.role.signed.verify_role(&next.role))?;
        held(metadata, "root", next.role.signed.verify_role(&next.role))?;
        older = Some(std::mem::replace(&mut newest, next).role.signed);
    }
    Ok((newest, older))
}

fn held(metadata: &Path, role: &str, verified: Result<(), tough::schema::Error>) -> Result<(), ReleaseError> {
    verified.map_err(|error| {
        refuse(
            format!("el rol {role} de {} no está bien firmado ({error}): recupere la copia", metadata.display()),
            format!("the role {role} in {} is not signed well ({error}): restore it from the copy", metadata.display()),
        )
    })
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Published<T>, ReleaseError> {
    let bytes = read_bounded(path, MAX_METADATA).map_err(file("read", path))?;
    let role = serde_json::from_slice(&bytes).map_err(|source| ReleaseError::Json { path: path.to_owned(), source })?;
    Ok(Published { role, bytes })
}

/// Reads a role that another lists, which has its digest.
fn read_listed<T: DeserializeOwned>(
    metadata: &Path,
    name: &str,
    listed: &Metafile,
) -> Result<Published<T>, ReleaseError> {
    let path = metadata.join(format!("{}.{name}.json", listed.version));
    let published = read(&path)?;
    match &listed.hashes {
        Some(hashes) if sha256(&published.bytes) != *hashes.sha256 => Err(changed(&path)),
        _ => Ok(published),
    }
}

/// The refusal of a file that has changed.
pub(super) fn changed(path: &Path) -> ReleaseError {
    refuse(
        format!("{} no es lo que se firmó: recupere la copia", path.display()),
        format!("{} is not what was signed: restore it from the copy", path.display()),
    )
}

fn read_manifest(directory: &Path, channel: &str, role: &Targets) -> Result<Manifest, ReleaseError> {
    let name = Manifest::target(channel);
    let target = TargetName::new(&name).ok().and_then(|name| role.targets.get(&name)).ok_or_else(|| {
        refuse(
            format!("el rol {channel} no tiene su {name}: recupere la copia"),
            format!("the role {channel} has no {name}: restore it from the copy"),
        )
    })?;
    let path = target_path(directory, &name, target);
    let bytes = read_bounded(&path, MAX_METADATA).map_err(file("read", &path))?;
    if sha256(&bytes) != *target.hashes.sha256 {
        return Err(changed(&path));
    }
    serde_json::from_slice(&bytes).map_err(|source| ReleaseError::Json { path, source })
}

impl<T: Role + Serialize> Published<T> {
    /// Its version.
    pub(super) fn version(&self) -> u64 {
        self.role.signed.version().get()
    }
}
