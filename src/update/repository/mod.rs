//! The release bucket as a repository of The Update Framework (<https://theupdateframework.github.io/specification/>):
//! who may say what the boxes run, and that what they say is whole, signed, recent, and not older than before.
//!
//! The library verifies; this module brings what it fetches, keeps what it trusts, and holds it to the floor that
//! survives the loss of all that was kept.
//!
//! A box looks a target up in its channel's role alone, so that whatever is wrong with one channel's metadata stays
//! that channel's.

mod error;
mod floor;
mod provider;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use semver::Version;
use sigstore_tuf::cache::MetadataStore as _;
use sigstore_tuf::metadata::{DelegatedRole, Role};
use sigstore_tuf::{Error, Metadata, RoleKeys, Root, Snapshot, TargetFile, Targets, TrustedMetadataSet, Updater};

pub use self::error::{RepositoryError, RepositoryErrorKind};

use self::floor::Signed;
use self::store::{Fetcher, Store};
use super::manifest::{self, Manifest};
use super::transport::Transport;
use crate::clock;

/// Bytes of a root at most, as the library has it.
const MAX_ROOT: u64 = 512 * 1024;

/// The name of the floor's record.
const FLOOR: &str = "floor";

/// What a repository is trusted by, and where that is kept.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The directory of the verified metadata, under the names that the specification gives it, without versions.
    pub metadata: PathBuf,
    /// The directory of the floor, which must outlive that of the metadata.
    pub floor: PathBuf,
    /// The root metadata that all trust starts from.
    pub root: Vec<u8>,
}

impl Settings {
    /// A box's: both in `<data_dir>/trust`.
    #[must_use]
    pub fn under(directory: PathBuf, root: Vec<u8>) -> Self {
        Self { metadata: directory.join("metadata"), floor: directory, root }
    }
}

/// A repository, as far as it is trusted.
pub struct Repository {
    updater: Updater,
    store: Store,
    transport: Transport,
    /// Whether the last refresh ended well.
    refreshed: bool,
    channels: BTreeMap<String, Channel>,
}

/// A channel at one state of the repository.
#[derive(Debug)]
struct Channel {
    /// The manifest as it came.
    bytes: Vec<u8>,
    /// Its target.
    path: String,
    /// The versions of root and snapshot that it was found at.
    at: (u64, u64),
    manifest: Arc<Manifest>,
    delegation: DelegatedRole,
    role: Targets,
}

/// A target, as the signed metadata has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its path below `targets/`.
    pub path: String,
    /// Its bytes.
    pub length: u64,
    /// Its SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// What leads to the targets of a channel: names and bytes of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extract {
    /// The metadata, in the order in which they are to be written.
    pub(crate) metadata: Vec<(String, Vec<u8>)>,
    /// The channel's manifest, a target.
    pub(crate) manifest: (String, Vec<u8>),
}

/// The versions of the metadata that is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// The root's.
    pub root: u64,
    /// The timestamp's.
    pub(crate) timestamp: Option<u64>,
    /// The snapshot's.
    pub snapshot: Option<u64>,
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository").field("versions", &self.versions()).finish_non_exhaustive()
    }
}

impl Repository {
    /// Trusts the root of the settings, and those that were kept since. Asks nobody yet.
    pub fn open(settings: &Settings, transport: Transport) -> Result<Self, RepositoryError> {
        provider::install();
        if settings.root.iter().all(u8::is_ascii_whitespace) {
            return Err(RepositoryError::NoRoot);
        }
        let store = Store::open(settings);
        let fetcher = Fetcher { transport: transport.clone(), store: store.clone() };
        let updater = Updater::new(fetcher, &settings.root).map_err(RepositoryError::Root)?.with_store(store.clone());
        let repository = Self { updater, store, transport, refreshed: false, channels: BTreeMap::new() };
        repository.transport.not_before(repository.trusted_time(clock::built()));
        Ok(repository)
    }

    /// Brings root, timestamp, snapshot and the top-level targets up to date: two small requests when nothing has
    /// changed. What was accepted is kept on return, also when the refresh failed later on; the floor was held to
    /// before.
    pub async fn refresh(&mut self, now: SystemTime) -> Result<(), RepositoryError> {
        let at = timestamp(now)?;
        self.refreshed = false;
        let result = self.updater.refresh(at).await;
        self.raise(result.is_ok().then_some(now));
        let kept = self.store.keep().await;
        result?;
        kept?;
        self.refreshed = true;
        self.transport.not_before(self.trusted_time(now));
        Ok(())
    }

    /// What a channel wants its boxes to run. It is fetched again only when the snapshot has changed.
    pub async fn manifest(&mut self, channel: &str, now: SystemTime) -> Result<Arc<Manifest>, RepositoryError> {
        let at = self.authorized(now)?;
        let state = self.state();
        if let Some(known) = self.channels.get(channel)
            && known.at == state
            && !known.role.is_expired(at)
        {
            return Ok(Arc::clone(&known.manifest));
        }
        self.channels.remove(channel);
        let found = self.look_at(channel, at).await;
        let kept = self.store.keep().await;
        let found = found?;
        kept?;
        let manifest = Arc::clone(&found.manifest);
        self.channels.insert(channel.to_owned(), found);
        Ok(manifest)
    }

    /// A target of a channel whose manifest was asked for.
    pub fn target(&self, channel: &str, name: &str) -> Result<Target, RepositoryError> {
        let missing = || RepositoryError::Target { channel: channel.to_owned(), name: name.to_owned() };
        let known = self.channels.get(channel).filter(|known| self.refreshed && known.at == self.state());
        let known = known.ok_or(RepositoryError::NotRefreshed)?;
        // Names are flat: with a slash, clients disagree on where the file lies.
        if name.contains('/') || !known.delegation.matches_path(name)? {
            return Err(missing());
        }
        let file = known.role.target(name).ok_or_else(missing)?;
        let sha256 = file.hashes.get("sha256").ok_or_else(missing)?.to_ascii_lowercase();
        if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(missing());
        }
        Ok(Target { path: self.path(name, &sha256), length: file.length, sha256 })
    }

    fn path(&self, name: &str, sha256: &str) -> String {
        let consistent = self.updater.trusted().root().consistent_snapshot;
        if consistent { format!("{sha256}.{name}") } else { name.to_owned() }
    }

    /// What leads to a channel's targets, byte for byte as it came, so that somebody who trusts this box in nothing can
    /// verify it again: the files of `metadata/` and of `targets/`, under their names in a repository with consistent
    /// snapshots, the timestamp last. Roots that this box never needed, since it came with a newer one, are fetched.
    pub(crate) async fn extract(&self, channel: &str) -> Result<Extract, RepositoryError> {
        let known = self.channels.get(channel).filter(|known| self.refreshed && known.at == self.state());
        let known = known.ok_or(RepositoryError::NotRefreshed)?;
        let mut metadata = Vec::new();
        for version in 1..=self.versions().root {
            let name = format!("{version}.root.json");
            let kept = self.store.file(&format!("root_history/{name}"));
            let bytes = if kept.is_some() {
                kept
            } else {
                let fetched = self.transport.metadata(&name, MAX_ROOT).await.map_err(RepositoryError::Fetch)?;
                fetched.map(|bytes| bytes.to_vec())
            };
            // A repository may have lost its oldest; a box that needs one of them misses it then.
            metadata.extend(bytes.map(|bytes| (name, bytes)));
        }
        for role in ["targets", channel, "snapshot", "timestamp"] {
            let bytes = self.store.file(&format!("{role}.json")).ok_or(RepositoryError::NotRefreshed)?;
            let name = match role {
                "timestamp" => "timestamp.json".to_owned(),
                role => format!("{}.{role}.json", version_of(role, &bytes)?),
            };
            metadata.push((name, bytes));
        }
        Ok(Extract { metadata, manifest: (known.path.clone(), known.bytes.clone()) })
    }

    /// The specification's own search for a target, through all roles that it is delegated to (section 5.6.7). A box
    /// looks into its channel alone, by [`Repository::manifest`] and [`Repository::target`].
    pub async fn search(&mut self, name: &str, now: SystemTime) -> Result<Option<TargetFile>, RepositoryError> {
        let at = self.authorized(now)?;
        let found = self.updater.get_target_info(name, at).await;
        let kept = self.store.keep().await;
        let found = found?;
        kept?;
        Ok(found)
    }

    /// The verified content of a small target, whole.
    pub async fn content(&self, name: &str, target: &TargetFile) -> Result<Vec<u8>, RepositoryError> {
        Ok(self.updater.download_target(target, name).await?)
    }

    /// The latest of the times that are known to be past: what the clock shows, when the program was built, and when a
    /// repository was last found to be up to date.
    #[must_use]
    pub fn trusted_time(&self, system: SystemTime) -> SystemTime {
        system.max(clock::built()).max(self.store.floor(|floor| floor.time()))
    }

    /// The lowest version that a channel allows, as far as it was ever asked: the bound of a step back without a check.
    #[must_use]
    pub(crate) fn min_version(&self, channel: &str) -> Option<Version> {
        self.store.floor(|floor| floor.known_min_version(channel).cloned())
    }

    /// The same for the operating system of the USB image.
    #[must_use]
    pub(crate) fn min_version_of_os(&self, channel: &str) -> Option<Version> {
        self.min_version(&floor_of_os(channel))
    }

    /// What is trusted now.
    #[must_use]
    pub fn versions(&self) -> Versions {
        let trusted = self.updater.trusted();
        Versions {
            root: trusted.root().version,
            timestamp: trusted.timestamp().map(|timestamp| timestamp.version),
            snapshot: trusted.snapshot().map(|snapshot| snapshot.version),
        }
    }

    /// Until when what is trusted is valid that leads to a channel's targets, by role.
    #[must_use]
    pub(crate) fn expiries(&self, channel: &str) -> BTreeMap<String, Timestamp> {
        let trusted = self.updater.trusted();
        let roles = [
            ("root", Some(trusted.root().expires)),
            ("timestamp", trusted.timestamp().map(Role::expires)),
            ("snapshot", trusted.snapshot().map(Role::expires)),
            ("targets", trusted.targets_role("targets").map(Role::expires)),
            (channel, self.channels.get(channel).map(|known| known.role.expires)),
        ];
        roles.into_iter().filter_map(|(role, at)| Some((role.to_owned(), at?))).collect()
    }

    /// The time, when the last refresh is still good for it.
    fn authorized(&self, now: SystemTime) -> Result<Timestamp, RepositoryError> {
        if !self.refreshed {
            return Err(RepositoryError::NotRefreshed);
        }
        let at = timestamp(now)?;
        let trusted = self.updater.trusted();
        trusted.check_root_expired(at)?;
        trusted.check_timestamp_expired(at)?;
        trusted.check_snapshot_expired(at)?;
        Ok(at)
    }

    fn state(&self) -> (u64, u64) {
        let versions = self.versions();
        (versions.root, versions.snapshot.unwrap_or_default())
    }

    async fn look_at(&mut self, channel: &str, at: Timestamp) -> Result<Channel, RepositoryError> {
        let none = || RepositoryError::Channel { channel: channel.to_owned() };
        let wrong = |why: String| RepositoryError::Manifest { channel: channel.to_owned(), why };
        let name = Manifest::target(channel);
        // This loads the channel's role: it alone is delegated that name.
        self.updater.get_target_info(&name, at).await?;
        let trusted = self.updater.trusted();
        let delegation = delegation(trusted, channel).ok_or_else(none)?.clone();
        let role = trusted.targets_role(channel).ok_or_else(none)?.clone();
        if !delegation.matches_path(&name)? {
            return Err(none());
        }
        let file = role.target(&name).ok_or_else(|| wrong("is not there".to_owned()))?;
        if file.length > manifest::MAX_BYTES {
            return Err(wrong(format!("has more than {} bytes", manifest::MAX_BYTES)));
        }
        let file_sha256 = file.hashes.get("sha256").map(|sha256| sha256.to_ascii_lowercase());
        let bytes = self.content(&name, file).await?;
        let manifest = read(channel, &bytes).map_err(wrong)?;

        let keys = delegation.role_keys();
        let signers = self.channel_signers(channel, &delegation);
        let of_os = signers.clone();
        self.store.floor(|floor| {
            if let Some(kept) = floor.min_version(channel, &keys).filter(|kept| manifest.min_version < **kept) {
                let (channel, kept, offered) = (channel.to_owned(), kept.clone(), manifest.min_version.clone());
                return Err(RepositoryError::MinVersion { channel, kept, offered });
            }
            let accepted = Signed { content: manifest.min_version.clone(), signers };
            floor.raise_min_version(channel, accepted, &keys);
            if let Some(os) = &manifest.os {
                // No channel has a space in its name.
                let name = floor_of_os(channel);
                if let Some(kept) = floor.min_version(&name, &keys).filter(|kept| os.min_version < **kept) {
                    let (kept, offered) = (kept.clone(), os.min_version.clone());
                    return Err(RepositoryError::MinVersion { channel: name, kept, offered });
                }
                let accepted = Signed { content: os.min_version.clone(), signers: of_os };
                floor.raise_min_version(&name, accepted, &keys);
            }
            Ok(())
        })?;
        let path = self.path(&name, file_sha256.as_deref().unwrap_or_default());
        Ok(Channel { bytes, path, at: self.state(), manifest: Arc::new(manifest), delegation, role })
    }

    /// The keys that signed the channel's role as it is trusted.
    fn channel_signers(&self, channel: &str, delegation: &DelegatedRole) -> BTreeSet<String> {
        let trusted = self.updater.trusted();
        let keys = trusted.targets_role("targets").and_then(|targets| targets.delegations.as_ref());
        let (Some(delegations), Some(bytes)) = (keys, self.store.file(&format!("{channel}.json"))) else {
            return BTreeSet::new();
        };
        Metadata::<Targets>::from_slice(&bytes)
            .map_or_else(|_| BTreeSet::new(), |metadata| signers(&metadata, &delegations.keys, &delegation.role_keys()))
    }

    /// Raises the floor to what is trusted. A refresh that ended well at `now` vouches for the time too.
    fn raise(&self, now: Option<SystemTime>) {
        let trusted = self.updater.trusted();
        let root = trusted.root();
        let timestamp = self.accepted(root, trusted.timestamp().map(Role::version));
        let snapshot: Option<Signed<Snapshot>> = self.accepted(root, trusted.snapshot().map(Role::version));
        self.store.floor(|floor| {
            floor.raise_root(root.version);
            if let (Some(accepted), Some(keys)) = (&timestamp, root.role("timestamp")) {
                floor.raise_timestamp(accepted, keys);
                if let Some(now) = now {
                    floor.raise_time(now, accepted.content.expires.into());
                }
            }
            if let (Some(accepted), Some(keys)) = (&snapshot, root.role("snapshot")) {
                floor.raise_snapshot(accepted, keys);
            }
        });
    }

    /// The kept file of a role with the keys that signed it, when it is the one that is trusted.
    fn accepted<T: Role>(&self, root: &Root, version: Option<u64>) -> Option<Signed<T>> {
        let metadata = Metadata::<T>::from_slice(&self.store.file(&format!("{}.json", T::TYPE))?).ok()?;
        if Some(metadata.signed().version()) != version {
            return None;
        }
        let signers = signers(&metadata, &root.keys, root.role(T::TYPE)?);
        Some(Signed { content: metadata.into_signed(), signers })
    }
}

/// Whether the metadata that was kept can be loaded by this program. What is not there yet is not damaged; neither is
/// what newer keys no longer vouch for: both are fetched again.
pub fn stored_is_sound(settings: &Settings) -> Result<(), RepositoryError> {
    provider::install();
    if settings.root.iter().all(u8::is_ascii_whitespace) {
        return Err(RepositoryError::NoRoot);
    }
    let store = Store::open(settings);
    let mut trusted = TrustedMetadataSet::from_root(&settings.root).map_err(RepositoryError::Root)?;
    let damaged = |file: &str| {
        let file = file.to_owned();
        move |source: Error| RepositoryError::Damaged { file, source }
    };
    loop {
        let file = format!("root_history/{}.root.json", trusted.root().version.saturating_add(1));
        match store.load(&file).map_err(damaged(&file))? {
            Some(bytes) => trusted.update_root(&bytes).map_err(damaged(&file))?,
            None => break,
        }
    }
    let whole = |file: &str, parse: fn(&[u8]) -> Result<(), Error>| match store.file(file) {
        Some(bytes) => parse(&bytes).map_err(damaged(file)),
        None => Ok(()),
    };
    whole("timestamp.json", |bytes| Metadata::<sigstore_tuf::Timestamp>::from_slice(bytes).map(drop))?;
    whole("snapshot.json", |bytes| Metadata::<Snapshot>::from_slice(bytes).map(drop))?;
    whole("targets.json", |bytes| Metadata::<Targets>::from_slice(bytes).map(drop))
}

fn timestamp(time: SystemTime) -> Result<Timestamp, RepositoryError> {
    Timestamp::try_from(time).map_err(RepositoryError::Clock)
}

/// Under which name the floor keeps the lowest version of a channel's operating system: no channel's name has a space.
fn floor_of_os(channel: &str) -> String {
    format!("{channel} os")
}

/// The version of a role's metadata.
fn version_of(role: &str, bytes: &[u8]) -> Result<u64, RepositoryError> {
    let damaged = |source| RepositoryError::Damaged { file: format!("{role}.json"), source };
    Ok(match role {
        "snapshot" => Metadata::<Snapshot>::from_slice(bytes).map_err(damaged)?.signed().version,
        _ => Metadata::<Targets>::from_slice(bytes).map_err(damaged)?.signed().version,
    })
}

/// How the top-level targets delegate to a channel.
fn delegation<'a>(trusted: &'a TrustedMetadataSet, channel: &str) -> Option<&'a DelegatedRole> {
    let delegations = trusted.targets_role("targets")?.delegations.as_ref()?;
    delegations.roles.iter().find(|role| role.name == channel)
}

/// The keys of a role whose signature on the metadata is right.
fn signers<T: Role>(
    metadata: &Metadata<T>,
    keys: &BTreeMap<String, sigstore_tuf::Key>,
    role: &RoleKeys,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for signature in metadata.signatures() {
        let right = || {
            let key = keys.get(&signature.keyid).filter(|_| role.keyids.contains(&signature.keyid))?;
            let bytes = hex::decode(&signature.sig).ok()?;
            key.verify(metadata.signed_canonical(), &bytes.into()).ok()
        };
        if right().is_some() {
            found.insert(signature.keyid.clone());
        }
    }
    found
}

/// A manifest that this program understands, of this channel; in words what is wrong with it otherwise.
fn read(channel: &str, bytes: &[u8]) -> Result<Manifest, String> {
    #[derive(serde::Deserialize)]
    struct Form {
        schema: u32,
    }
    // First of all the form: a newer one may differ in everything else.
    let form: Form = serde_json::from_slice(bytes).map_err(|error| format!("is not a manifest: {error}"))?;
    if form.schema > manifest::SCHEMA {
        return Err(format!(
            "has the form {}, and this program understands {} at most: it needs a newer program",
            form.schema,
            manifest::SCHEMA
        ));
    }
    let read: Manifest = serde_json::from_slice(bytes).map_err(|error| format!("is not a manifest: {error}"))?;
    if read.channel != channel {
        return Err(format!("is that of {:?}", read.channel));
    }
    if read.releases.len() > manifest::MAX_RELEASES {
        return Err(format!("lists more than {} releases", manifest::MAX_RELEASES));
    }
    if let Some(desired) = read.desired.as_ref().filter(|desired| read.release(desired).is_none()) {
        return Err(format!("wants {desired}, which it does not list"));
    }
    if let Some(os) = read.of_os() {
        if os.releases.len() > manifest::MAX_RELEASES {
            return Err(format!("lists more than {} releases of the system", manifest::MAX_RELEASES));
        }
        if let Some(desired) = os.desired.as_ref().filter(|desired| os.release(desired).is_none()) {
            return Err(format!("wants the system's {desired}, which it does not list"));
        }
    }
    Ok(read)
}
