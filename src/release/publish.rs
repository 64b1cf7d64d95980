//! `publish`: a version for the boxes of a channel.

use std::collections::BTreeMap;

use semver::Version;
use tough::TargetName;

use super::binary::{self, Checked};
use super::change::Change;
use super::draft::{Draft, Signing};
use super::error::{ReleaseError, file, refuse, role};
use super::repository::Repository;
use super::{pack, waves};
use crate::bounded_read::read_bounded;
use crate::lang::Text;
use crate::update::manifest::{Binary, Delta, Manifest, Release, Wave};
use crate::update::stage::MAX_BINARY;

/// How a version goes to the boxes of a channel, besides what it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rollout {
    /// As typed; `None` where none were.
    pub(super) waves: Option<Vec<String>>,
    pub(super) urgent: bool,
    pub(super) requires_from: Option<Version>,
    /// The oldest system of the USB image that it runs on.
    pub(super) requires_os: Option<Version>,
    pub(super) min_version: Option<Version>,
    /// How many of the versions before get a difference to this one.
    pub(super) deltas: usize,
    /// Offers it without wanting it: a stepping stone.
    pub(super) keep_desired: bool,
}

/// A version to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Publication {
    pub(super) channel: String,
    pub(super) version: Version,
    /// `FILE` or `TRIPLE=FILE` each.
    pub(super) binaries: Vec<String>,
    pub(super) state_schema: u32,
    pub(super) version_unchecked: bool,
    pub(super) rollout: Rollout,
}

/// Where the work says what it does; it may take a minute.
pub(super) type Progress<'a> = &'a mut dyn FnMut(Text);

/// Publishes a version.
pub(super) fn publish(
    repository: Repository,
    order: &Publication,
    signing: &Signing<'_>,
    progress: Progress<'_>,
) -> Result<(Change, Vec<Text>), ReleaseError> {
    let mut manifest = repository.manifest(&order.channel)?.clone();
    if !order.version.build.is_empty() {
        return Err(refuse(
            format!("{}: lo que sigue a + no cuenta en el orden de las versiones; publique sin ello", order.version),
            format!("{}: what follows + does not count in the order of versions; publish without it", order.version),
        ));
    }
    let mut notes = Vec::new();
    let mut work = PackedFiles { repository: &repository, files: BTreeMap::new(), bases: BTreeMap::new(), progress };
    let mut release = manifest.release(&order.version).cloned().unwrap_or_else(|| Release {
        version: order.version.clone(),
        state_schema: order.state_schema,
        requires_from: None,
        requires_os: None,
        urgent: false,
        waves: Vec::new(),
        rollback_from: Vec::new(),
        platforms: BTreeMap::new(),
    });
    for argument in &order.binaries {
        let checked = binary::check(argument, &order.version, order.version_unchecked)?;
        work.not_other_bytes(&checked, &order.version)?;
        if release.platforms.contains_key(&checked.platform) {
            continue;
        }
        notes.extend(checked.note.clone());
        let binary = work.pack(&manifest, &checked, order)?;
        release.platforms.insert(checked.platform, binary);
    }
    release.state_schema = order.state_schema;
    let why = roll_out(&mut manifest, release, &order.rollout, signing.now)?;
    let PackedFiles { files, .. } = work;
    let mut draft = Draft::of(repository);
    for (name, bytes) in files {
        draft.add_file(&name, bytes);
    }
    draft.set_manifest(manifest)?;
    Ok((draft.plan(signing)?.because(why), notes))
}

/// Puts a release into a manifest, and wants it. Gives why that may change nothing.
pub(super) fn roll_out(
    manifest: &mut Manifest,
    mut release: Release,
    rollout: &Rollout,
    now: jiff::Timestamp,
) -> Result<Vec<Text>, ReleaseError> {
    let (channel, version) = (manifest.channel.clone(), release.version.clone());
    let desired = manifest.desired.as_ref().and_then(|desired| manifest.release(desired));
    if !rollout.keep_desired
        && let Some(desired) = desired
    {
        if desired.rollback_from.contains(&version) {
            return Err(refuse(
                format!(
                    "el canal {channel} ha vuelto de {version} a {}: publique la corrección con otro número",
                    desired.version
                ),
                format!(
                    "the channel {channel} went back from {version} to {}: publish the correction under another number",
                    desired.version
                ),
            ));
        }
        if version < desired.version {
            return Err(refuse(
                format!(
                    "el canal {channel} quiere {}, que es más nueva: vuelva con «rollback», o publique con --keep-desired",
                    desired.version
                ),
                format!(
                    "the channel {channel} wants {}, which is newer: go back with \"rollback\", or publish with --keep-desired",
                    desired.version
                ),
            ));
        }
    }
    if let Some(min_version) = &rollout.min_version {
        if *min_version < manifest.min_version {
            return Err(refuse(
                format!(
                    "--min-version {min_version}: la mínima del canal {channel} es {} y no baja",
                    manifest.min_version
                ),
                format!(
                    "--min-version {min_version}: the least of the channel {channel} is {} and never decreases",
                    manifest.min_version
                ),
            ));
        }
        manifest.min_version = min_version.clone();
    }
    let wanted = if rollout.keep_desired { manifest.desired.as_ref().unwrap_or(&version) } else { &version };
    if *wanted < manifest.min_version {
        return Err(refuse(
            format!("el canal {channel} querría {wanted}, anterior a su mínima ({})", manifest.min_version),
            format!("the channel {channel} would want {wanted}, which is below its least ({})", manifest.min_version),
        ));
    }
    if let Some(from) = &rollout.requires_from {
        if *from >= version {
            return Err(refuse(
                format!("--requires-from {from}: ha de ser anterior a {version}"),
                format!("--requires-from {from}: has to be older than {version}"),
            ));
        }
        release.requires_from = Some(from.clone());
    }
    if let Some(os) = &rollout.requires_os {
        release.requires_os = Some(os.clone());
    }
    release.urgent = rollout.urgent;
    let waves_before = release.waves.clone();
    if let Some(texts) = &rollout.waves {
        let waves = waves::parse(texts.iter().map(String::as_str), now)?;
        let relative = texts.first().is_some_and(|first| first.starts_with('+'));
        if !(relative && !release.waves.is_empty() && waves::have_same_shape(&waves, &release.waves)) {
            release.waves = waves;
        }
        complete(&release.waves)?;
    }
    if !rollout.keep_desired {
        manifest.desired = Some(version.clone());
    }
    let why = kept(&release, &waves_before, &channel);
    manifest.releases.retain(|other| other.version != version);
    manifest.releases.push(release);
    manifest.releases.sort_by(|one, other| one.version.cmp(&other.version));
    Ok(why)
}

/// The entry of a release that the channel may have had before.
fn kept(release: &Release, waves_before: &[Wave], channel: &str) -> Vec<Text> {
    let version = &release.version;
    if release.waves.is_empty() || release.waves != waves_before {
        return Vec::new();
    }
    let waves: Vec<_> = release.waves.iter().map(|wave| format!("{}={}", wave.at, wave.permille)).collect();
    let waves = waves.join(" ");
    vec![Text::new(
        format!(
            "el canal {channel} ya tiene {version} con estas oleadas, que se quedan como están: {waves}; para otras, diga sus horas (--wave 2026-11-24T20:00Z=1000)"
        ),
        format!(
            "the channel {channel} has {version} already with these waves, which stay as they are: {waves}; for other ones, give their times (--wave 2026-11-24T20:00Z=1000)"
        ),
    )]
}

/// A rollout that never reaches all boxes is a rollout that somebody forgot.
fn complete(waves: &[Wave]) -> Result<(), ReleaseError> {
    match waves.last() {
        Some(last) if last.permille < 1000 => Err(refuse(
            format!("la última oleada llega a {} por mil: añada una que llegue a 1000", last.permille),
            format!("the last wave reaches {} permille: add one that reaches 1000", last.permille),
        )),
        _ => Ok(()),
    }
}

/// The files that publishing makes.
pub(super) struct PackedFiles<'a> {
    repository: &'a Repository,
    /// New targets, by name.
    files: BTreeMap<String, Vec<u8>>,
    /// Binaries that were unpacked, by digest.
    bases: BTreeMap<String, Vec<u8>>,
    progress: Progress<'a>,
}

impl<'a> PackedFiles<'a> {
    pub(super) fn new(repository: &'a Repository, progress: Progress<'a>) -> Self {
        Self { repository, files: BTreeMap::new(), bases: BTreeMap::new(), progress }
    }

    pub(super) fn into_files(self) -> BTreeMap<String, Vec<u8>> {
        self.files
    }

    /// Refuses a binary whose version was published with other bytes, in whatever channel, or lies there from then.
    fn not_other_bytes(&self, checked: &Checked, version: &Version) -> Result<(), ReleaseError> {
        let other = |place: String| {
            Err(refuse(
                format!(
                    "{version} para {} ya existe con otro contenido ({place}): publique con otro número",
                    checked.platform
                ),
                format!(
                    "{version} for {} exists already with other bytes ({place}): publish under another number",
                    checked.platform
                ),
            ))
        };
        for (channel, manifest) in &self.repository.manifests {
            let there = manifest.release(version).and_then(|release| release.platforms.get(&checked.platform));
            if there.is_some_and(|there| there.raw_sha256 != checked.sha256) {
                return other(channel.clone());
            }
        }
        let directory = self.repository.directory().join("targets");
        let suffix = format!(".{}", pack::full_name(version, &checked.platform));
        for entry in std::fs::read_dir(&directory).map_err(file("list", &directory))? {
            let path = entry.map_err(file("list", &directory))?.path();
            let named = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(&suffix));
            if named {
                let packed = read_bounded(&path, MAX_BINARY).map_err(file("read", &path))?;
                if pack::unpack(&packed, &checked.sha256).is_some() {
                    continue;
                }
                return other(path.display().to_string());
            }
        }
        Ok(())
    }

    /// Packs a binary and its differences to the versions before.
    fn pack(&mut self, manifest: &Manifest, checked: &Checked, order: &Publication) -> Result<Binary, ReleaseError> {
        let name = pack::full_name(&order.version, &checked.platform);
        if !self.is_listed(&name)? {
            (self.progress)(Text::new(format!("empaquetando {name}"), format!("packing {name}")));
            self.files.insert(name.clone(), pack::full(&checked.bytes)?);
        }
        self.bases.insert(checked.sha256.clone(), checked.bytes.clone());
        let mut binary = Binary {
            raw_sha256: checked.sha256.clone(),
            raw_size: checked.bytes.len() as u64,
            full: name,
            deltas: Vec::new(),
        };
        self.deltas(manifest, &order.version, &checked.platform, &mut binary, order.rollout.deltas)?;
        Ok(binary)
    }

    /// Adds differences to the last versions of a channel, where there are none.
    pub(super) fn deltas(
        &mut self,
        manifest: &Manifest,
        version: &Version,
        platform: &str,
        binary: &mut Binary,
        count: usize,
    ) -> Result<(), ReleaseError> {
        let others = manifest.releases.iter().rev().filter(|release| release.version != *version);
        let others = others.filter_map(|release| release.platforms.get(platform)).take(count);
        for other in others {
            if other.raw_sha256 == binary.raw_sha256
                || binary.deltas.iter().any(|delta| delta.from_sha256 == other.raw_sha256)
            {
                continue;
            }
            let name = pack::delta_name(version, platform, &other.raw_sha256);
            if !self.is_listed(&name)? {
                (self.progress)(Text::new(format!("calculando {name}"), format!("computing {name}")));
                let from = self.base(other)?;
                let to = self.base(binary)?;
                let delta = pack::delta(&from, &to)?;
                if delta.len() as u64 >= self.size(&binary.full)? {
                    continue;
                }
                self.files.insert(name.clone(), delta);
            }
            binary.deltas.push(Delta { from_sha256: other.raw_sha256.clone(), target: name });
        }
        Ok(())
    }

    /// Whether a target is in the repository, or about to be.
    fn is_listed(&self, name: &str) -> Result<bool, ReleaseError> {
        let target = TargetName::new(name).map_err(role(name))?;
        Ok(self.files.contains_key(name) || self.repository.target(&target).is_some())
    }

    /// Bytes of a target.
    fn size(&self, name: &str) -> Result<u64, ReleaseError> {
        let target = TargetName::new(name).map_err(role(name))?;
        let new = self.files.get(name).map(|bytes| bytes.len() as u64);
        Ok(new.or_else(|| self.repository.target(&target).map(|target| target.length)).unwrap_or(u64::MAX))
    }

    /// A binary, out of its full target.
    fn base(&mut self, binary: &Binary) -> Result<Vec<u8>, ReleaseError> {
        if let Some(bytes) = self.bases.get(&binary.raw_sha256) {
            return Ok(bytes.clone());
        }
        let name = TargetName::new(&binary.full).map_err(role(&binary.full))?;
        let target = self.repository.target(&name).ok_or_else(|| {
            refuse(
                format!("el repositorio no tiene {}: recupere la copia", binary.full),
                format!("the repository has no {}: restore it from the copy", binary.full),
            )
        })?;
        let path = self.repository.target_path(&name, target);
        let packed = read_bounded(&path, MAX_BINARY).map_err(file("read", &path))?;
        let bytes = pack::unpack(&packed, &binary.raw_sha256).ok_or_else(|| {
            refuse(
                format!("{} no contiene el binario que se publicó: recupere la copia", path.display()),
                format!("{} does not hold the binary that was published: restore it from the copy", path.display()),
            )
        })?;
        self.bases.insert(binary.raw_sha256.clone(), bytes.clone());
        Ok(bytes)
    }
}
