//! `rollback` and `yank`: away from a version.

use semver::Version;

use super::change::Change;
use super::draft::{Draft, Signing};
use super::error::{ReleaseError, refuse};
use super::os::Part;
use super::repository::Repository;
use crate::lang::Text;
use crate::update::manifest::Manifest;

/// Has the boxes of a channel go back to an older version.
pub(super) fn rollback(
    repository: Repository,
    channel: &str,
    (what, to): (Part, &Version),
    signing: &Signing<'_>,
) -> Result<Change, ReleaseError> {
    let whole = repository.manifest(channel)?.clone();
    let mut manifest = what.of(&whole)?;
    let newer = manifest.desired.as_ref().is_some_and(|desired| to > desired);
    if newer {
        return Err(refuse(
            format!("{to} es más nueva que la que el canal {channel} quiere: use «publish» o «promote»"),
            format!("{to} is newer than what the channel {channel} wants: use \"publish\" or \"promote\""),
        ));
    }
    go_back(&mut manifest, to)?;
    let mut draft = Draft::of(repository);
    draft.set_manifest(what.into(whole, manifest))?;
    draft.plan(signing)
}

/// Removes a version from a channel.
pub(super) fn yank(
    repository: Repository,
    channel: &str,
    (what, version): (Part, &Version),
    desired: Option<&Version>,
    signing: &Signing<'_>,
) -> Result<Change, ReleaseError> {
    let whole = repository.manifest(channel)?.clone();
    let mut manifest = what.of(&whole)?;
    let mut why = Vec::new();
    if manifest.release(version).is_none() {
        let there: Vec<_> = manifest.releases.iter().map(|release| release.version.to_string()).collect();
        let there = there.join(", ");
        why.push(Text::new(
            format!("el canal {channel} no tiene ninguna versión {version}; tiene: {there}"),
            format!("the channel {channel} has no version {version}; it has: {there}"),
        ));
    } else {
        match desired {
            Some(desired) if desired != version => go_back(&mut manifest, desired)?,
            _ if manifest.desired.as_ref() == Some(version) => {
                return Err(refuse(
                    format!("el canal {channel} quiere {version}: diga con --desired cuál quiere en su lugar"),
                    format!("the channel {channel} wants {version}: say with --desired which one it wants instead"),
                ));
            }
            _ => {}
        }
        manifest.releases.retain(|release| release.version != *version);
    }
    let mut draft = Draft::of(repository);
    draft.set_manifest(what.into(whole, manifest))?;
    Ok(draft.plan(signing)?.because(why))
}

/// Wants an older version, also of boxes that have a newer one.
fn go_back(manifest: &mut Manifest, to: &Version) -> Result<(), ReleaseError> {
    let channel = &manifest.channel;
    if *to < manifest.min_version {
        return Err(refuse(
            format!(
                "{to} es anterior a la mínima del canal {channel} ({}), que no baja: publique una nueva",
                manifest.min_version
            ),
            format!(
                "{to} is below the least of the channel {channel} ({}), which never decreases: publish a new one",
                manifest.min_version
            ),
        ));
    }
    let newer: Vec<Version> =
        manifest.releases.iter().map(|release| release.version.clone()).filter(|version| version > to).collect();
    let Some(release) = manifest.releases.iter_mut().find(|release| release.version == *to) else {
        return Err(absent(manifest, to));
    };
    release.rollback_from.extend(newer);
    release.rollback_from.sort();
    release.rollback_from.dedup();
    manifest.desired = Some(to.clone());
    Ok(())
}

/// The refusal of a version that a channel does not have.
pub(super) fn absent(manifest: &Manifest, version: &Version) -> ReleaseError {
    let there: Vec<_> = manifest.releases.iter().map(|release| release.version.to_string()).collect();
    let (channel, there) = (&manifest.channel, there.join(", "));
    refuse(
        format!("el canal {channel} no tiene {version}; tiene: {there}"),
        format!("the channel {channel} has no {version}; it has: {there}"),
    )
}
