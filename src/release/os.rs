//! `publish-os`: a version of the USB image's operating system for the boxes of a channel that run it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use object::{LittleEndian as LE, pe, read::pe::PeFile64};
use object::{Object as _, ObjectSection as _};
use semver::Version;

use super::change::Change;
use super::draft::{Draft, Signing};
use super::error::{ReleaseError, file, refuse};
use super::publish::{Rollout, roll_out};
use super::repository::Repository;
use crate::bounded_read::read_beginning;
use crate::digest;
use crate::update::manifest::{Binary, MAX_OS, Manifest, Release, os_platform};

/// What of a channel a command is about: each has its releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The program.
    Program,
    /// The operating system.
    Os,
}

impl Part {
    /// What a manifest says of it, as a manifest.
    pub(super) fn of(self, manifest: &Manifest) -> Result<Manifest, ReleaseError> {
        match self {
            Self::Program => Ok(manifest.clone()),
            Self::Os => manifest.of_os().ok_or_else(|| {
                let channel = &manifest.channel;
                refuse(
                    format!("el canal {channel} no tiene ninguna versión del sistema: publique una con «publish-os»"),
                    format!("the channel {channel} has no version of the system: publish one with \"publish-os\""),
                )
            }),
        }
    }

    /// The same, of a channel that may say nothing yet.
    pub(super) fn or_empty(self, manifest: &Manifest) -> Manifest {
        self.of(manifest).unwrap_or_else(|_| Manifest {
            desired: None,
            min_version: Version::new(0, 0, 0),
            releases: Vec::new(),
            os: None,
            ..manifest.clone()
        })
    }

    /// The whole manifest, in which this is what it says of it.
    pub(super) fn into(self, mut whole: Manifest, part: Manifest) -> Manifest {
        match self {
            Self::Program => part,
            Self::Os => {
                whole.set_os(part);
                whole
            }
        }
    }
}

/// A version to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OsPublication {
    pub(super) channel: String,
    pub(super) version: Version,
    /// One for each variant of the image, or some of them.
    pub(super) files: Vec<PathBuf>,
    pub(super) rollout: Rollout,
}

/// Publishes a version.
pub(super) fn publish(
    repository: Repository,
    order: &OsPublication,
    signing: &Signing<'_>,
) -> Result<Change, ReleaseError> {
    let version = &order.version;
    if !version.build.is_empty() {
        return Err(refuse(
            format!("{version}: lo que sigue a + no cuenta en el orden de las versiones; publique sin ello"),
            format!("{version}: what follows + does not count in the order of versions; publish without it"),
        ));
    }
    let whole = repository.manifest(&order.channel)?.clone();
    let mut manifest = Part::Os.or_empty(&whole);
    let mut release = manifest.release(version).cloned().unwrap_or_else(|| Release {
        version: version.clone(),
        state_schema: 0,
        requires_from: None,
        requires_os: None,
        urgent: false,
        waves: Vec::new(),
        rollback_from: Vec::new(),
        platforms: BTreeMap::new(),
    });
    let mut files = BTreeMap::new();
    for path in &order.files {
        let bytes = read_beginning(path, MAX_OS + 1).map_err(file("read", path))?;
        let platform = os_platform(Some(&check(path, &bytes, version)?));
        let name = format!("workshop-edge-os-{version}-{platform}.efi");
        let (raw_sha256, raw_size) = (digest::of(&bytes), bytes.len() as u64);
        let binary = Binary { raw_sha256, raw_size, full: name.clone(), deltas: Vec::new() };
        not_other_bytes(&repository, version, &platform, &binary)?;
        if files.insert(name, bytes).is_some() {
            return Err(refuse(
                format!("{}: ya hay otro archivo para {platform}", path.display()),
                format!("{}: there is another file for {platform} already", path.display()),
            ));
        }
        release.platforms.insert(platform, binary);
    }
    let why = roll_out(&mut manifest, release, &order.rollout, signing.now)?;
    let mut draft = Draft::of(repository);
    for (name, bytes) in files {
        draft.add_file(&name, bytes);
    }
    draft.set_manifest(Part::Os.into(whole, manifest))?;
    Ok(draft.plan(signing)?.because(why))
}

/// Refuses what was published under this version with other bytes, in whatever channel.
fn not_other_bytes(
    repository: &Repository,
    version: &Version,
    platform: &str,
    binary: &Binary,
) -> Result<(), ReleaseError> {
    for (channel, other) in &repository.manifests {
        let other = other.of_os();
        let there = other.as_ref().and_then(|os| os.release(version)).and_then(|it| it.platforms.get(platform));
        if there.is_some_and(|there| there.raw_sha256 != binary.raw_sha256) {
            return Err(refuse(
                format!(
                    "la versión {version} del sistema para {platform} ya existe con otro contenido ({channel}): publique con otro número"
                ),
                format!(
                    "the system's version {version} for {platform} exists already with other bytes ({channel}): publish under another number"
                ),
            ));
        }
    }
    Ok(())
}

/// Refuses what the boot loader would not start as this version; gives the variant of the image that it is.
fn check(path: &Path, bytes: &[u8], version: &Version) -> Result<String, ReleaseError> {
    let shown = path.display();
    let not = |es: String, en: String| Err(refuse(format!("{shown}: {es}"), format!("{shown}: {en}")));
    if bytes.len() as u64 > MAX_OS {
        return not(
            format!("pasa de {MAX_OS} bytes: no cabría dos veces en la partición de arranque"),
            format!("exceeds {MAX_OS} bytes: it would not fit twice into the boot partition"),
        );
    }
    let Ok(image) = PeFile64::parse(bytes) else {
        return not("no es un archivo EFI".to_owned(), "is no EFI file".to_owned());
    };
    let header = image.nt_headers();
    let is_x86_64 = header.file_header.machine.get(LE) == pe::IMAGE_FILE_MACHINE_AMD64;
    let is_application = header.optional_header.subsystem.get(LE) == pe::IMAGE_SUBSYSTEM_EFI_APPLICATION;
    if !is_x86_64 || !is_application {
        return not("no es una aplicación EFI para x86-64".to_owned(), "is no EFI application for x86-64".to_owned());
    }
    let section = |name: &str| image.section_by_name(name).and_then(|section| section.data().ok());
    for name in [".linux", ".initrd", ".osrel"] {
        if section(name).is_none_or(<[u8]>::is_empty) {
            return not(
                format!("no es un núcleo unificado (UKI): le falta la sección {name}"),
                format!("is no unified kernel image (UKI): it lacks the section {name}"),
            );
        }
    }
    let text = String::from_utf8_lossy(section(".osrel").unwrap_or_default());
    let value = |key: &str| {
        let line = text.lines().rev().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
        line.map(|value| value.trim_matches(['"', '\'', '\0', ' '])).unwrap_or_default().to_owned()
    };
    let (id, said) = (value("IMAGE_ID"), value("IMAGE_VERSION"));
    if id != "workshop-edge" || said != version.to_string() {
        return not(
            format!("dice IMAGE_ID={id} e IMAGE_VERSION={said}, y debería decir workshop-edge y {version}"),
            format!("says IMAGE_ID={id} and IMAGE_VERSION={said}, and should say workshop-edge and {version}"),
        );
    }
    let variant = value("VARIANT_ID");
    if !variant.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return not(
            format!("dice VARIANT_ID={variant}, y debería decir base, wifi o algo parecido"),
            format!("says VARIANT_ID={variant}, and should say base, wifi or the like"),
        );
    }
    Ok(variant)
}
