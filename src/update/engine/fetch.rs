//! Fetches a version of the program: into its slot, or ahead of its hour no further than to the disk.

use super::check::Checked;
use super::event::{FetchOutcome, UpdateJob};
use super::failure::Failure;
use super::managed_slots::ManagedSlots;
use super::running::Running;
use crate::slots::Image;
use crate::update::download::Progress;
use crate::update::stage::{Base, StageRequest, Staged};

/// How far the program has come, and what is in its slot then.
pub(super) async fn fetch_program(
    job: &UpdateJob,
    checked: &Checked,
    channel: &str,
    (slots, running): (&ManagedSlots, &Running),
    progress: &dyn Fn(Progress),
) -> Result<(FetchOutcome, Option<Staged>), Failure> {
    let UpdateJob { plan, is_prefetch, .. } = job;
    let release = checked.manifest.release(&plan.version);
    let image = Image {
        version: plan.version.to_string(),
        sha256: plan.binary.raw_sha256.clone(),
        size: plan.binary.raw_size,
        requires_os: release.and_then(|release| release.requires_os.as_ref()).map(ToString::to_string),
    };
    if *is_prefetch && slots.is_factory(&image) {
        return Ok((FetchOutcome::Prefetched, None));
    }
    if !is_prefetch && let Some(staged) = slots.held(&image).await? {
        return Ok(is_staged(staged));
    }
    let target = |name: &str| checked.repository.target(channel, name);
    let delta = plan.binary.deltas.iter().find(|delta| delta.from_sha256 == running.sha256);
    // One that is missing costs bytes, not the update.
    let delta = delta.and_then(|delta| {
        let base = Base { path: running.file.clone(), sha256: running.sha256.clone() };
        Some((target(&delta.target).ok()?, base))
    });
    let order = StageRequest { image, full: target(&plan.binary.full)?, delta };
    if *is_prefetch {
        slots.stager().fetch(&checked.transport, &order, progress).await?;
        return Ok((FetchOutcome::Prefetched, None));
    }
    Ok(is_staged(slots.stager().stage(&checked.transport, &order, progress).await?))
}

fn is_staged(staged: Staged) -> (FetchOutcome, Option<Staged>) {
    (FetchOutcome::Staged { bytes: staged.bytes_downloaded, was_delta: staged.used_delta }, Some(staged))
}
