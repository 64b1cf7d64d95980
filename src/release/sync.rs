//! `sync`: has a bucket hold what the repository does.
//!
//! What is referred to goes before what refers to it, and what boxes will be sent to is read back from where they
//! fetch it before `timestamp.json` sends them there. Until then they see the old repository, which nothing is taken
//! from; so it may end at any moment, and the same command again goes on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};
use tough::schema::{Root, Signed};

use super::change::{TIMESTAMP, cache_control};
use super::error::{ReleaseError, file, reach, refuse};
use super::publish::Progress;
use super::published::{self, Address};
use super::repository::{self, MAX_METADATA, Repository, sha256};
use super::s3::{Object, Store};
use super::web;
use crate::bounded_read::read_bounded;
use crate::lang::Text;
use crate::outbound::Limits;
use crate::update::transport::Transport;

/// What an upload may take for certain, and the bytes of it that come on top of that in a second.
const LEAST: (Duration, u64) = (Duration::from_secs(60), 32 * 1024);
/// Between two looks at what a cache still has.
const AGAIN: Duration = Duration::from_millis(500);

/// Where to, and through what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Synchronisation {
    /// `s3://BUCKET/PREFIX`.
    pub(super) to: String,
    /// The address that boxes fetch from; the one that the repository keeps if omitted.
    pub(super) through: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
    /// A program that has caches forget an address, which is added to its arguments.
    pub(super) invalidate: Option<String>,
    /// How long caches may take.
    pub(super) patience: Duration,
    pub(super) dry_run: bool,
}

/// What was uploaded.
#[derive(Debug)]
pub(super) struct Uploaded {
    pub(super) files: Vec<Upload>,
    /// Files that were there already.
    pub(super) unchanged: usize,
    pub(super) through: String,
}

/// A file that the bucket is to hold.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    /// Relative to the repository.
    pub(super) path: String,
    pub(super) length: u64,
    sha256: String,
}

/// Has the bucket hold what the repository does.
pub(super) fn sync(
    repository: &Repository,
    order: &Synchronisation,
    progress: Progress<'_>,
) -> Result<Uploaded, ReleaseError> {
    let kept = Address::read(repository.directory())?;
    let address = match &order.through {
        Some(url) => Address { url: url.clone(), ca_file: order.ca_file.clone() },
        None => kept.ok_or_else(|| {
            refuse(
                "diga con --through URL desde dónde leen los equipos, para comprobar lo subido; el repositorio lo recuerda",
                "say with --through URL where boxes fetch from, so that what is uploaded is checked; the repository remembers it",
            )
        })?,
    };
    let transport = address.transport()?;
    let files = files(repository)?;
    let largest = files.iter().map(|file| file.length).max().unwrap_or(0);
    let head = LEAST.0 + Duration::from_secs(largest / LEAST.1);
    let outbound = web::outbound(address.ca_file.as_deref(), Limits { head, ..Limits::default() })?;
    let store = Store::new(&order.to, &outbound)?;
    let work = Work { repository, order, store, transport, address: &address };
    let uploaded = web::block_on(work.run(files, progress))?;
    if !order.dry_run {
        address.keep(repository.directory())?;
    }
    Ok(uploaded)
}

struct Work<'a> {
    repository: &'a Repository,
    order: &'a Synchronisation,
    store: Store,
    transport: Transport,
    address: &'a Address,
}

impl Work<'_> {
    async fn run(&self, files: Vec<Upload>, progress: Progress<'_>) -> Result<Uploaded, ReleaseError> {
        let place = self.order.to.trim_end_matches('/');
        let fetch = async |name: String| {
            let found = self.store.get(&format!("metadata/{name}"), MAX_METADATA).await?;
            Ok(found.map(|(_, content)| content))
        };
        published::agree(self.repository, place, fetch).await?;
        let mut missing = Vec::new();
        for file in &files {
            if !self.holds(file).await? {
                missing.push(file.clone());
            }
        }
        let unchanged = files.len() - missing.len();
        self.sort(&mut missing)?;
        let done = Uploaded { files: missing, unchanged, through: self.address.url.clone() };
        if self.order.dry_run {
            return Ok(done);
        }
        let timestamp = done.files.iter().position(|file| file.path == TIMESTAMP);
        let (before, after) = done.files.split_at(timestamp.unwrap_or(done.files.len()));
        for file in before {
            progress(Text::new(format!("sube {}", file.path), format!("uploading {}", file.path)));
            self.upload(file).await?;
        }
        // What the new timestamp refers to; targets that were there before have been read before.
        let mut to_read: Vec<_> = files.iter().filter(|file| file.path.starts_with("metadata/")).collect();
        to_read.extend(before.iter().filter(|file| file.path.starts_with("targets/")));
        to_read.retain(|file| file.path != TIMESTAMP && !after.iter().any(|later| later.path == file.path));
        for file in to_read {
            self.read_back(file, &mut false).await?;
        }
        for file in after {
            progress(Text::new(format!("sube {}", file.path), format!("uploading {}", file.path)));
            self.upload(file).await?;
        }
        for file in files.iter().filter(|file| file.path == TIMESTAMP).chain(after.iter().skip(1)) {
            let uploaded = after.iter().any(|after| after.path == file.path);
            self.read_back(file, &mut (file.path == TIMESTAMP && uploaded)).await?;
        }
        Ok(done)
    }

    /// Whether the bucket has a file as it should be. Metadata are compared whole: one number with two contents means
    /// that another copy was published from.
    async fn holds(&self, file: &Upload) -> Result<bool, ReleaseError> {
        let wanted = Object {
            length: Some(file.length),
            sha256: Some(file.sha256.clone()),
            cache_control: Some(cache_control(&file.path).to_owned()),
        };
        let Some(name) = file.path.strip_prefix("metadata/") else {
            return Ok(self.store.look(&file.path).await? == Some(wanted));
        };
        let found = self.store.get(&file.path, MAX_METADATA).await?.map(|(object, _)| object);
        match found {
            Some(found) if found.sha256 != wanted.sha256 && file.path != TIMESTAMP => {
                Err(published::differs(self.repository, &self.order.to, name))
            }
            found => Ok(found == Some(wanted)),
        }
    }

    /// Puts files into the order of their upload: a new root before the timestamp, or after it where the root that is
    /// published can judge all that the timestamp leads to.
    fn sort(&self, files: &mut [Upload]) -> Result<(), ReleaseError> {
        let first = files.iter().filter_map(|file| root_version(&file.path)).min();
        let seamless = match first.and_then(|first| first.checked_sub(1)).filter(|version| *version > 0) {
            Some(version) => {
                let path = self.repository.directory().join(format!("metadata/{version}.root.json"));
                let bytes = read_bounded(&path, MAX_METADATA).map_err(file("read", &path))?;
                let root: Signed<Root> =
                    serde_json::from_slice(&bytes).map_err(|source| ReleaseError::Json { path, source })?;
                let Repository { targets, snapshot, timestamp, .. } = self.repository;
                root.signed.verify_role(&targets.role).is_ok()
                    && root.signed.verify_role(&snapshot.role).is_ok()
                    && root.signed.verify_role(&timestamp.role).is_ok()
            }
            None => false,
        };
        files.sort_by_key(|file| match (file.path.as_str(), root_version(&file.path)) {
            (TIMESTAMP, _) => (3, 0),
            (_, Some(version)) => (if seamless { 4 } else { 2 }, version),
            (path, None) => (u8::from(path.starts_with("metadata/")), 0),
        });
        Ok(())
    }

    async fn upload(&self, upload: &Upload) -> Result<(), ReleaseError> {
        let path = self.repository.directory().join(&upload.path);
        let bytes = read_bounded(&path, upload.length).map_err(file("read", &path))?;
        if hex::encode(sha256(&bytes)) != upload.sha256 {
            return Err(repository::changed(&path));
        }
        self.store.put(&upload.path, Bytes::from(bytes), cache_control(&upload.path)).await
    }

    /// Waits until boxes are given a file as it is, and has caches forget the timestamp where they have an older one,
    /// or may have (`invalidate`).
    async fn read_back(&self, file: &Upload, invalidate: &mut bool) -> Result<(), ReleaseError> {
        let until = Instant::now() + self.order.patience;
        loop {
            let found = if let Some(name) = file.path.strip_prefix("metadata/") {
                let bytes = self.transport.metadata(name, MAX_METADATA).await.map_err(reach(&self.address.url))?;
                bytes.map(|bytes| hex::encode(sha256(&bytes)))
            } else {
                let name = file.path.strip_prefix("targets/").unwrap_or(&file.path);
                web::digest(&self.transport, name, file.length).await?
            };
            let same = found.as_ref() == Some(&file.sha256);
            if file.path == TIMESTAMP && (*invalidate || !same) {
                self.invalidate()?;
            }
            if same {
                return Ok(());
            }
            *invalidate = false;
            if Instant::now() + AGAIN > until {
                return Err(stale(&self.address.url, &file.path, found.is_some()));
            }
            sleep(AGAIN).await;
        }
    }

    /// Has caches forget the timestamp.
    fn invalidate(&self) -> Result<(), ReleaseError> {
        let mut words = self.order.invalidate.as_deref().unwrap_or_default().split_whitespace();
        let Some(program) = words.next() else { return Ok(()) };
        let address: http::Uri = self.address.url.parse().map_err(reach(&self.address.url))?;
        let path = format!("{}/{TIMESTAMP}", address.path().trim_end_matches('/'));
        let output = Command::new(program).args(words).arg(path).output();
        let output = output.map_err(file("run --invalidate", std::path::Path::new(program)))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(refuse(
            format!("subido, pero --invalidate {program} ha fallado ({}): {said}; repita la orden", output.status),
            format!("uploaded, but --invalidate {program} failed ({}): {said}; give the command again", output.status),
        ))
    }
}

fn stale(url: &str, path: &str, other: bool) -> ReleaseError {
    let (es, en) = if other { ("otro contenido", "other content") } else { ("nada", "nothing") };
    let rest = if path == TIMESTAMP {
        Text::fixed("los equipos siguen en lo anterior mientras tanto", "boxes stay with what was before until then")
    } else {
        Text::fixed(
            "timestamp.json no se ha subido, y los equipos siguen en lo anterior",
            "timestamp.json was not uploaded, and boxes stay with what was before",
        )
    };
    refuse(
        format!("{url} da {es} por {path}: {}. Compruebe que la dirección lleva al bucket, y repita la orden", rest.es),
        format!(
            "{url} gives {en} for {path}: {}. Check that the address leads to the bucket, and give the command again",
            rest.en
        ),
    )
}

fn root_version(path: &str) -> Option<u64> {
    path.strip_prefix("metadata/")?.strip_suffix(".root.json")?.parse().ok()
}

/// What boxes need: all roots, and whatever the timestamp leads to.
fn files(repository: &Repository) -> Result<Vec<Upload>, ReleaseError> {
    let metadata = |name: String, bytes: &[u8]| Upload {
        path: format!("metadata/{name}"),
        length: bytes.len() as u64,
        sha256: hex::encode(sha256(bytes)),
    };
    let listed = repository.channels.values().flat_map(|channel| &channel.role.signed.targets);
    // Both channels may list one; in the order of their paths, so that what is said before is what is done.
    let targets: BTreeMap<_, _> = listed
        .map(|(name, target)| {
            let sha256 = hex::encode(&target.hashes.sha256);
            (format!("targets/{sha256}.{}", name.raw()), (target.length, sha256))
        })
        .collect();
    let targets = targets.into_iter().map(|(path, (length, sha256))| Upload { path, length, sha256 });
    let mut files: Vec<_> = targets.collect();
    for (name, channel) in &repository.channels {
        files.push(metadata(format!("{}.{name}.json", channel.version()), &channel.bytes));
    }
    let Repository { targets, snapshot, timestamp, root, .. } = repository;
    files.push(metadata(format!("{}.targets.json", targets.version()), &targets.bytes));
    files.push(metadata(format!("{}.snapshot.json", snapshot.version()), &snapshot.bytes));
    for version in 1..=root.version() {
        let name = format!("{version}.root.json");
        let path = repository::metadata(repository.directory()).join(&name);
        files.push(metadata(name, &read_bounded(&path, MAX_METADATA).map_err(file("read", &path))?));
    }
    files.push(metadata("timestamp.json".to_owned(), &timestamp.bytes));
    Ok(files)
}
