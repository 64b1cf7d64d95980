//! What is published already, which a copy of the repository must not contradict.
//!
//! Two copies that are published from make the same version numbers with different contents, and neither a box nor
//! `verify` sees it: the newest copy just wins. So each command looks first at what is published, whose address the
//! repository keeps beside its files.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tough::schema::{Signed, Timestamp};

use super::error::{ReleaseError, file, reach, refuse};
use super::repository::{self, MAX_METADATA, Repository, sha256};
use super::web;
use crate::bounded_read::{SHORT, read_bounded};
use crate::durable;

/// Beside `metadata/` and `targets/`; not uploaded.
const FILE: &str = "published.json";

/// Where boxes find the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Address {
    pub(super) url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ca_file: Option<PathBuf>,
}

impl Address {
    /// The one that a repository keeps.
    pub(super) fn read(directory: &Path) -> Result<Option<Self>, ReleaseError> {
        let path = directory.join(FILE);
        match read_bounded(&path, SHORT) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(file("read", &path)(error)),
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|source| ReleaseError::Json { path, source }),
        }
    }

    /// Has a repository keep it.
    pub(super) fn keep(&self, directory: &Path) -> Result<(), ReleaseError> {
        if Self::read(directory)?.as_ref() == Some(self) {
            return Ok(());
        }
        let path = directory.join(FILE);
        let text = serde_json::to_string_pretty(self);
        let text = text.map_err(|source| ReleaseError::Json { path: path.clone(), source })?;
        Ok(durable::write(&path, format!("{text}\n").as_bytes(), 0o644)?)
    }

    /// What fetches from it. Without TLS where it says so: nothing that comes is believed, only compared.
    pub(super) fn transport(&self) -> Result<crate::update::transport::Transport, ReleaseError> {
        web::transport(&self.url, true, self.ca_file.as_deref())
    }

    /// Refuses a repository that what is published there contradicts.
    pub(super) fn check(&self, repository: &Repository) -> Result<(), ReleaseError> {
        let transport = self.transport()?;
        let fetch = async |name: String| transport.metadata(&name, MAX_METADATA).await.map_err(reach(&self.url));
        web::block_on(agree(repository, &self.url, fetch))
    }
}

/// Refuses a repository that what is published at `place` contradicts; `fetch` gets a file of its metadata.
pub(super) async fn agree(
    repository: &Repository,
    place: &str,
    fetch: impl AsyncFn(String) -> Result<Option<Bytes>, ReleaseError>,
) -> Result<(), ReleaseError> {
    let metadata = repository::metadata(repository.directory());
    let own = |name: &str| read_bounded(&metadata.join(name), MAX_METADATA).ok();
    if let Some(bytes) = fetch("timestamp.json".to_owned()).await?
        && *bytes != *repository.timestamp.bytes
    {
        let theirs: Signed<Timestamp> = serde_json::from_slice(&bytes)
            .map_err(|source| ReleaseError::Json { path: format!("{place}/metadata/timestamp.json").into(), source })?;
        let (theirs, ours) = (theirs.signed, repository.timestamp.version());
        if theirs.version.get() > ours {
            return Err(ahead(repository, place, "timestamp", theirs.version.get(), ours));
        }
        if theirs.version.get() == ours {
            return Err(differs(repository, place, "timestamp.json"));
        }
        // An older one is of this repository if what it lists is.
        if let Some(listed) = theirs.meta.get("snapshot.json") {
            let name = format!("{}.snapshot.json", listed.version);
            let same = own(&name)
                .is_some_and(|bytes| listed.hashes.as_ref().is_none_or(|hashes| sha256(&bytes) == *hashes.sha256));
            if !same {
                return Err(differs(repository, place, &name));
            }
        }
    }
    let newest = repository.root.version();
    if fetch(format!("{}.root.json", newest.saturating_add(1))).await?.is_some() {
        return Err(ahead(repository, place, "root", newest.saturating_add(1), newest));
    }
    for version in (1..=newest).rev() {
        let name = format!("{version}.root.json");
        if let Some(bytes) = fetch(name.clone()).await? {
            // Those before it are its predecessors, which it was signed by.
            return if own(&name).is_some_and(|own| own == *bytes) {
                Ok(())
            } else {
                Err(differs(repository, place, &name))
            };
        }
    }
    Ok(())
}

fn ahead(repository: &Repository, place: &str, role: &str, theirs: u64, ours: u64) -> ReleaseError {
    let directory = repository.directory().display();
    refuse(
        format!(
            "{place} va por delante: su {role} es v{theirs} y el de {directory} es v{ours}. Se ha publicado desde otra copia: traiga aquí esa copia, y repita la orden"
        ),
        format!(
            "{place} is ahead: its {role} is v{theirs}, and that of {directory} is v{ours}. Another copy was published from: bring that copy here, and give the command again"
        ),
    )
}

/// The refusal of a file that has the name of a published one and other content.
pub(super) fn differs(repository: &Repository, place: &str, name: &str) -> ReleaseError {
    let directory = repository.directory().display();
    refuse(
        format!(
            "{place} y {directory} se han separado: {name} no es el mismo. Se ha publicado desde otra copia: traiga aquí esa copia, y repita en ella lo que falte"
        ),
        format!(
            "{place} and {directory} have diverged: {name} is not the same. Another copy was published from: bring that copy here, and do again in it what is missing"
        ),
    )
}
