//! `verify`: reads a repository as a box does, by the box's own code, and says what each channel gives.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::error::{ReleaseError, file, refuse};
use super::repository::MAX_METADATA;
use super::{ROLES, pack, status, web};
use crate::bounded_read::read_bounded;
use crate::error_chain;
use crate::lang::Text;
use crate::update::manifest::{Manifest, Release};
use crate::update::repository::{Repository, Settings, Target};
use crate::update::transport::Transport;

/// Where a repository is, and what it is trusted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verification {
    /// A directory, or an address.
    pub(super) from: String,
    /// The root that is trusted; that of the directory if omitted.
    pub(super) root: Option<PathBuf>,
    pub(super) allow_http: bool,
    pub(super) ca_file: Option<PathBuf>,
}

/// What a box would find.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    roles: Vec<Role>,
    channels: Vec<Channel>,
}

#[derive(Debug, Serialize)]
pub(super) struct Role {
    #[serde(rename = "role")]
    pub(super) name: String,
    version: u64,
    pub(super) expires: Timestamp,
}

#[derive(Debug, Serialize)]
struct Channel {
    #[serde(rename = "channel")]
    name: String,
    manifest: Option<Manifest>,
    /// Targets of the desired version that were fetched and verified.
    targets: Vec<String>,
    /// Why a box would not take anything.
    error: Option<String>,
}

/// A repository as a box sees it that has never seen one.
pub(super) struct BoxView {
    pub(super) repository: Repository,
    pub(super) transport: Transport,
    metadata: PathBuf,
    _directory: TempDir,
}

/// Trusts the root, and asks nobody yet.
pub(super) fn open(order: &Verification) -> Result<BoxView, ReleaseError> {
    let web = order.from.contains("://");
    let root = match &order.root {
        Some(root) => root.clone(),
        None if web => {
            return Err(refuse(
                "diga con --root en qué root confían los equipos, como la copia de metadata/1.root.json con la que se compilaron",
                "say with --root which root the boxes trust, such as the copy of metadata/1.root.json that they were built with",
            ));
        }
        None => Path::new(&order.from).join("metadata/1.root.json"),
    };
    let root = read_bounded(&root, MAX_METADATA).map_err(file("read the trusted root", &root))?;
    let directory = tempfile::tempdir().map_err(file("make a directory in", &std::env::temp_dir()))?;
    let transport = web::transport(&order.from, order.allow_http, order.ca_file.as_deref())?;
    let settings = Settings::under(directory.path().to_owned(), root);
    let repository = Repository::open(&settings, transport.clone()).map_err(seen)?;
    Ok(BoxView { repository, transport, metadata: settings.metadata, _directory: directory })
}

/// Reads a repository.
pub(super) fn verify(order: &Verification, now: Timestamp) -> Result<Report, ReleaseError> {
    let mut view = open(order)?;
    let channels = web::block_on(look(&mut view, now))?;
    Ok(Report { roles: view.roles(), channels })
}

fn seen<E: std::error::Error + Send + Sync + 'static>(error: E) -> ReleaseError {
    ReleaseError::Verify(Box::new(error))
}

async fn look(view: &mut BoxView, now: Timestamp) -> Result<Vec<Channel>, ReleaseError> {
    let BoxView { repository, transport, .. } = view;
    repository.refresh(now.into()).await.map_err(seen)?;
    let mut channels = Vec::new();
    for channel in super::CHANNELS {
        let mut found = Channel { name: channel.to_owned(), manifest: None, targets: Vec::new(), error: None };
        match repository.manifest(channel, now.into()).await {
            Err(error) => found.error = Some(error_chain(&error)),
            Ok(manifest) => {
                let desired = manifest.desired.as_ref().and_then(|desired| manifest.release(desired));
                if let Some(desired) = desired {
                    found.error = targets(repository, transport, channel, desired, &mut found.targets).await.err();
                }
                let os = manifest.of_os();
                let desired = os.as_ref().and_then(|os| os.desired.as_ref().and_then(|desired| os.release(desired)));
                if let (Some(desired), None) = (desired, &found.error) {
                    found.error = systems(repository, transport, channel, desired, &mut found.targets).await.err();
                }
                found.manifest = Some(manifest.as_ref().clone());
            }
        }
        channels.push(found);
    }
    Ok(channels)
}

/// Fetches all targets of a version, and says in words which is wrong.
async fn targets(
    repository: &Repository,
    transport: &Transport,
    channel: &str,
    release: &Release,
    right: &mut Vec<String>,
) -> Result<(), String> {
    for binary in release.platforms.values() {
        let full = fetch(repository, transport, channel, &binary.full).await?;
        pack::unpack(&full, &binary.raw_sha256).ok_or_else(|| format!("{} does not hold its binary", binary.full))?;
        right.push(binary.full.clone());
        for delta in &binary.deltas {
            fetch(repository, transport, channel, &delta.target).await?;
            right.push(delta.target.clone());
        }
    }
    Ok(())
}

/// The same of an operating system, whose target is its file.
async fn systems(
    repository: &Repository,
    transport: &Transport,
    channel: &str,
    release: &Release,
    right: &mut Vec<String>,
) -> Result<(), String> {
    for binary in release.platforms.values() {
        let bytes = fetch(repository, transport, channel, &binary.full).await?;
        if crate::digest::of(&bytes) != binary.raw_sha256 || bytes.len() as u64 != binary.raw_size {
            return Err(format!("{} is not what the manifest says of it", binary.full));
        }
        right.push(binary.full.clone());
    }
    Ok(())
}

async fn fetch(repository: &Repository, transport: &Transport, channel: &str, name: &str) -> Result<Vec<u8>, String> {
    let Target { path, length, sha256, .. } = repository.target(channel, name).map_err(|error| error_chain(&error))?;
    let mut body = transport.target(&path, 0, None).await.map_err(|error| error_chain(&error))?;
    let mut bytes = Vec::new();
    let mut context = Context::new(&SHA256);
    while let Some(piece) = body.next().await.map_err(|error| error_chain(&error))? {
        if (bytes.len() + piece.len()) as u64 > length {
            return Err(format!("{name} is longer than was signed"));
        }
        context.update(&piece);
        bytes.extend_from_slice(&piece);
    }
    if hex::encode(context.finish()) != sha256 {
        return Err(format!("{name} is not what was signed"));
    }
    Ok(bytes)
}

impl BoxView {
    /// The metadata that were accepted, as they are kept.
    pub(super) fn roles(&self) -> Vec<Role> {
        #[derive(Deserialize)]
        struct File {
            signed: Signed,
        }
        #[derive(Deserialize)]
        struct Signed {
            version: u64,
            expires: Timestamp,
        }
        let role = |role: &str| {
            let bytes = read_bounded(&self.metadata.join(format!("{role}.json")), MAX_METADATA).ok()?;
            let File { signed } = serde_json::from_slice(&bytes).ok()?;
            Some(Role { name: role.to_owned(), version: signed.version, expires: signed.expires })
        };
        ROLES.into_iter().filter_map(role).collect()
    }
}

impl Report {
    /// Whether every channel gives what it should.
    pub(super) fn is_good(&self) -> bool {
        self.channels.iter().all(|channel| channel.error.is_none())
    }

    /// For a person.
    pub(super) fn text(&self, now: Timestamp) -> Text {
        let roles = self.roles.iter().map(|role| status::role(&role.name, role.version, role.expires, now));
        let mut lines: Vec<_> = roles.collect();
        for channel in &self.channels {
            let nothing = || Text::same(format!("\n{}:\n", channel.name));
            lines.push(channel.manifest.as_ref().map_or_else(nothing, status::channel));
            let checked = |target| Text::new(format!("  comprobado: {target}\n"), format!("  checked: {target}\n"));
            lines.extend(channel.targets.iter().map(checked));
            lines.extend(channel.error.iter().map(|error| Text::same(format!("  error: {error}\n"))));
        }
        Text::join(lines, "")
    }
}
