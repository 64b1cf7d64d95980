//! What the engine does with the slots besides filling them, and what the history has of it.

use jiff::Timestamp;
use semver::Version;

use super::event::Previous;
use super::failure::Failure;
use super::findings::SlotsReport;
use super::history_store::HistoryStore;
use super::ledger;
use super::managed_slots::ManagedSlots;
use crate::lang::Text;
use crate::update::history::{self, HistoryEntry};
use crate::update::policy::SkipReason;
use crate::update::stage::Staged;
use crate::update::votes::ScreenVotes;
use crate::update::words;

/// What the slots say of themselves; how the last change went is entered in the history, with what the screens said of it.
pub(super) async fn settle(slots: &ManagedSlots, history: &HistoryStore, votes: Option<ScreenVotes>) -> SlotsReport {
    let table = slots.table();
    let open = history.open();
    if let Some(outcome) = open.and_then(|last| ledger::outcome(&table, &last.sha256, Timestamp::now())) {
        history.settle(outcome, votes).await;
    }
    let previous = slots.previous().and_then(|image| image.version.parse().ok());
    SlotsReport { previous, quarantined: ledger::quarantined(&table) }
}

/// Allows a version again that had failed here; `None` where none had.
pub(super) async fn forgive(
    slots: &ManagedSlots,
    history: &HistoryStore,
    running: Version,
    version: Version,
) -> Result<Option<SlotsReport>, Failure> {
    let forgiven = slots.forgive(version.to_string()).await?;
    if forgiven.is_empty() {
        return Ok(None);
    }
    for image in forgiven {
        tracing::info!(%version, sha256 = image.sha256, "a quarantined version was forgiven");
        let at = Timestamp::now();
        let entry = HistoryEntry {
            at,
            from: running.clone(),
            to: version.clone(),
            sha256: image.sha256,
            kind: history::ChangeKind::Forgiven,
            bytes: 0,
            was_delta: false,
            took_ms: 0,
            outcome: history::ChangeOutcome::Confirmed { at },
            votes: None,
        };
        history.add(entry).await;
    }
    Ok(Some(settle(slots, history, None).await))
}

/// The version before, ready to run; or else why there is none that may. It needs no network.
pub(super) async fn prepare_previous(
    slots: &ManagedSlots,
    minimum: Option<Version>,
) -> Result<Result<(Previous, Staged), Text>, Failure> {
    let Some(image) = slots.previous() else { return Ok(Err(words::no_previous())) };
    let Ok(version) = image.version.parse::<Version>() else { return Ok(Err(words::no_previous())) };
    if let Some(minimum) = minimum.filter(|minimum| version < *minimum) {
        return Ok(Err(words::why(&SkipReason::BelowMinimum { version, minimum })));
    }
    let Some(staged) = slots.held(&image).await? else { return Ok(Err(words::no_previous())) };
    Ok(Ok((Previous { version, sha256: image.sha256 }, staged)))
}

/// Has what is staged tried at the next start.
pub(super) async fn begin_trial(staged: Staged, history: &HistoryStore, entry: HistoryEntry) -> Result<(), Failure> {
    staged.begin_trial().await?;
    tracing::info!(from = %entry.from, to = %entry.to, bytes = entry.bytes, delta = entry.was_delta, "changing the version");
    history.add(entry).await;
    Ok(())
}
