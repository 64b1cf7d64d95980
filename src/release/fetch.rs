//! `fetch`: a copy of a published repository, for a machine that keeps none.
//!
//! A pipeline begins each run with an empty disk, and what is published is the only copy that it can go on from. What comes is held
//! to the signatures of a root that is trusted, but not to the expiries: an expired role is what `refresh` is for.

use std::fs::rename;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use tough::schema::{Metafile, Root, Signed, Snapshot, Target, Targets, Timestamp};

use super::error::{ReleaseError, file, reach, refuse};
use super::publish::Progress;
use super::published::Address;
use super::repository::{MAX_METADATA, Repository, changed, sha256};
use super::{CHANNELS, web};
use crate::bounded_read::read_bounded;
use crate::durable;
use crate::lang::{Lang, Text};
use crate::update::manifest::Manifest;
use crate::update::stage::MAX_BINARY;
use crate::update::transport::Transport;

/// Roots that there may be. A box follows 32 in one go.
const MAX_ROOTS: u64 = 1024;
/// Versions of a role that nothing refers to: each is of a run that died half-way.
const MAX_LEFT: usize = 100;

/// From where, and by what it is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fetch {
    /// The address that boxes fetch from.
    pub(super) from: String,
    /// The root that is trusted, whichever version of it.
    pub(super) root: PathBuf,
    pub(super) ca_file: Option<PathBuf>,
    /// Leaves the binaries and their differences out: what `refresh`, `rollback` and `yank` do without.
    pub(super) metadata_only: bool,
}

/// What was fetched.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) files: usize,
    pub(super) bytes: u64,
    /// The version of the timestamp.
    pub(super) timestamp: u64,
}

/// Makes the directory, which must not be there, with what is published. It is there as a whole, or not at all.
pub(super) fn fetch(order: &Fetch, directory: &Path, progress: Progress<'_>) -> Result<Fetched, ReleaseError> {
    if directory.exists() {
        let directory = directory.display();
        return Err(refuse(
            format!("{directory} ya está ahí, y no se mezcla con lo publicado: diga otro directorio, o bórrelo"),
            format!(
                "{directory} is there already, and is not mixed with what is published: name another, or remove it"
            ),
        ));
    }
    if !order.from.contains("://") {
        return Err(refuse(
            format!("{}: se espera la dirección desde la que leen los equipos, como https://…", order.from),
            format!("{}: want the address that boxes fetch from, such as https://…", order.from),
        ));
    }
    let trusted = read_bounded(&order.root, MAX_METADATA).map_err(file("read the trusted root", &order.root))?;
    let address = Address { url: order.from.clone(), ca_file: order.ca_file.clone() };
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = tempfile::tempdir_in(parent).map_err(file("make a directory in", parent))?;
    let new = beside.path().join("repository");
    let mut copy = Copy { transport: address.transport()?, order, new: &new, files: 0, bytes: 0 };
    let repository = web::block_on(async {
        copy.metadata().await?;
        let repository = copy.judge(&trusted)?;
        if !order.metadata_only {
            copy.targets(&repository, progress).await?;
        }
        Ok(repository)
    })?;
    let Copy { files, bytes, .. } = copy;
    address.keep(&new)?;
    rename(&new, directory).map_err(file("make", directory))?;
    durable::sync_dir(parent)?;
    Ok(Fetched { files, bytes, timestamp: repository.timestamp.version() })
}

struct Copy<'a> {
    transport: Transport,
    order: &'a Fetch,
    new: &'a Path,
    files: usize,
    bytes: u64,
}

impl Copy<'_> {
    /// All roots, whatever the timestamp leads to, and the manifests.
    async fn metadata(&mut self) -> Result<(), ReleaseError> {
        for version in 1..=MAX_ROOTS {
            if !self.any(&format!("{version}.root.json")).await? {
                break;
            }
        }
        let timestamp: Signed<Timestamp> = self.role("timestamp.json").await?;
        let snapshot = listed(&timestamp.signed.meta, "snapshot.json")?;
        let lists: Signed<Snapshot> = self.role(&format!("{}.snapshot.json", snapshot.version)).await?;
        let mut roles = vec![("snapshot", snapshot.version.get())];
        for name in [&["targets"], &CHANNELS[..]].concat() {
            let version = listed(&lists.signed.meta, &format!("{name}.json"))?.version.get();
            roles.push((name, version));
            let role: Signed<Targets> = self.role(&format!("{version}.{name}.json")).await?;
            let manifest = Manifest::target(name);
            if let Some((_, target)) = role.signed.targets.iter().find(|(name, _)| name.raw() == manifest) {
                self.target(&manifest, target, MAX_METADATA).await?;
            }
        }
        // What a run that died has uploaded lies in caches under its number, which the next one passes over.
        for (name, version) in roles {
            for left in (version..).skip(1).take(MAX_LEFT) {
                if !self.any(&format!("{left}.{name}.json")).await? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Holds what came to its signatures, and to the root that is trusted.
    fn judge(&self, trusted: &[u8]) -> Result<Repository, ReleaseError> {
        let from = &self.order.from;
        let repository = Repository::read(self.new).map_err(|error| {
            refuse(
                format!("lo publicado en {from} no vale: {}", error.words(Lang::Es)),
                format!("what is published at {from} is not valid: {}", error.words(Lang::En)),
            )
        })?;
        let path = &self.order.root;
        let root: Signed<Root> =
            serde_json::from_slice(trusted).map_err(|source| ReleaseError::Json { path: path.clone(), source })?;
        // Each root is signed by the one before it, so whichever is trusted vouches for the newest.
        let own = self.new.join(format!("metadata/{}.root.json", root.signed.version));
        if root.signed.version.get() > repository.root.version()
            || read_bounded(&own, MAX_METADATA).map_err(file("read", &own))? != trusted
        {
            let path = path.display();
            return Err(refuse(
                format!("{from} no es de quien se confía: su root no es el de {path}"),
                format!("{from} is not of whom you trust: its root is not that of {path}"),
            ));
        }
        Ok(repository)
    }

    /// What the channels list.
    async fn targets(&mut self, repository: &Repository, progress: Progress<'_>) -> Result<(), ReleaseError> {
        for channel in repository.channels.values() {
            for (name, target) in &channel.role.signed.targets {
                if name.raw().contains('/') {
                    return Err(refuse(
                        format!("{}: {} no es el nombre de un archivo", self.order.from, name.raw()),
                        format!("{}: {} is not the name of a file", self.order.from, name.raw()),
                    ));
                }
                // Both channels may list one.
                if !repository.target_path(name, target).exists() {
                    progress(Text::new(format!("descarga {}", name.raw()), format!("downloading {}", name.raw())));
                    self.target(name.raw(), target, MAX_BINARY).await?;
                }
            }
        }
        Ok(())
    }

    async fn target(&mut self, name: &str, target: &Target, most: u64) -> Result<(), ReleaseError> {
        let path = format!("{}.{name}", hex::encode(&target.hashes.sha256));
        let body = self.transport.target(&path, 0, None).await.map_err(reach(&self.order.from))?;
        let bytes = body.whole(target.length.min(most)).await.map_err(reach(&self.order.from))?;
        if sha256(&bytes) != *target.hashes.sha256 {
            return Err(changed(Path::new(&format!("{}/targets/{path}", self.order.from))));
        }
        self.write(&format!("targets/{path}"), &bytes)
    }

    async fn role<T: DeserializeOwned>(&mut self, name: &str) -> Result<Signed<T>, ReleaseError> {
        let from = &self.order.from;
        let bytes = self.get(name).await?.ok_or_else(|| {
            refuse(
                format!("{from} no tiene metadata/{name}: compruebe la dirección"),
                format!("{from} has no metadata/{name}: check the address"),
            )
        })?;
        self.write(&format!("metadata/{name}"), &bytes)?;
        serde_json::from_slice(&bytes).map_err(|source| ReleaseError::Json {
            path: format!("{}/metadata/{name}", self.order.from).into(),
            source,
        })
    }

    /// Fetches a file that need not be there, and says whether it is.
    async fn any(&mut self, name: &str) -> Result<bool, ReleaseError> {
        let bytes = self.get(name).await?;
        bytes.map_or(Ok(false), |bytes| self.write(&format!("metadata/{name}"), &bytes).map(|()| true))
    }

    async fn get(&self, name: &str) -> Result<Option<Bytes>, ReleaseError> {
        self.transport.metadata(name, MAX_METADATA).await.map_err(reach(&self.order.from))
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), ReleaseError> {
        self.files += 1;
        self.bytes += bytes.len() as u64;
        let path = self.new.join(path);
        if let Some(directory) = path.parent() {
            durable::create_dir(directory)?;
        }
        Ok(durable::write(&path, bytes, 0o644)?)
    }
}

fn listed<'a>(meta: &'a std::collections::HashMap<String, Metafile>, name: &str) -> Result<&'a Metafile, ReleaseError> {
    meta.get(name).ok_or_else(|| {
        refuse(
            format!("los metadatos publicados no nombran {name}"),
            format!("the published metadata do not list {name}"),
        )
    })
}
