//! What a start makes of the leftovers of the process before it, which was cut off in the middle of a change.

use crate::durable::RecordError;

/// They are in nobody's way, so the updates go on where they cannot be removed.
pub(super) fn tidied(removed: Result<(), RecordError>) {
    if let Err(error) = removed {
        tracing::warn!(error = crate::error_chain(&error), "what a cut has left beside a record stays there");
    }
}
