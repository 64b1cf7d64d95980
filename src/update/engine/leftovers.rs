//! What the process before this one has left, where it was cut off in the middle of a change.

use crate::durable::RecordError;

/// Leftovers are in nobody's way, so the updates go on where they cannot be removed.
pub(super) fn warn_of_leftovers(removed: Result<(), RecordError>) {
    if let Err(error) = removed {
        tracing::warn!(error = crate::error_chain(&error), "temporary files of a record cannot be removed");
    }
}
