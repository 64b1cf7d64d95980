//! `promote`: what one channel has proven, for the boxes of another. The other role lists the same targets.

use semver::Version;

use super::change::Change;
use super::draft::{Draft, Signing};
use super::error::{ReleaseError, refuse};
use super::os::Part;
use super::publish::{PackedFiles, Progress, Rollout, roll_out};
use super::repository::Repository;
use super::rollback::absent;

/// Which version goes from where to where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Promotion {
    pub(super) from: String,
    pub(super) to: String,
    /// The program, or the operating system.
    pub(super) what: Part,
    /// What `from` wants, if omitted.
    pub(super) version: Option<Version>,
    pub(super) rollout: Rollout,
}

/// Promotes a version.
pub(super) fn promote(
    repository: Repository,
    order: &Promotion,
    signing: &Signing<'_>,
    progress: Progress<'_>,
) -> Result<Change, ReleaseError> {
    let source = &order.what.of(repository.manifest(&order.from)?)?;
    let whole = repository.manifest(&order.to)?.clone();
    let mut manifest = order.what.or_empty(&whole);
    if order.from == order.to {
        return Err(refuse("los dos canales son el mismo", "both channels are the same"));
    }
    let version = order.version.as_ref().or(source.desired.as_ref()).ok_or_else(|| {
        refuse(
            format!("el canal {} no quiere ninguna versión: publique una antes", order.from),
            format!("the channel {} wants no version: publish one first", order.from),
        )
    })?;
    let proven = source.release(version).ok_or_else(|| absent(source, version))?;
    let there = manifest.release(version);
    let mut release = there.unwrap_or(proven).clone();
    if there.is_none() {
        release.waves.clear();
        release.rollback_from.clear();
    }
    let mut work = PackedFiles::new(&repository, progress);
    for (platform, binary) in &proven.platforms {
        let mut binary = release.platforms.remove(platform).unwrap_or_else(|| binary.clone());
        // The boxes of this channel come from other versions. A system is not packed, and has no differences.
        if order.what == Part::Program {
            work.deltas(&manifest, version, platform, &mut binary, order.rollout.deltas)?;
        }
        release.platforms.insert(platform.clone(), binary);
    }
    let files = work.into_files();
    let why = roll_out(&mut manifest, release, &order.rollout, signing.now)?;
    let mut draft = Draft::of(repository);
    for (name, bytes) in files {
        draft.add_file(&name, bytes);
    }
    draft.set_manifest(order.what.into(whole, manifest))?;
    Ok(draft.plan(signing)?.because(why))
}
