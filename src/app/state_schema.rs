//! The form of what is in the data directory, so that a program that is older than it can say so.

use std::path::Path;

use super::words;
use crate::bounded_read::{self, read_text_bounded};
use crate::health::Health;
use crate::update::STATE_SCHEMA;
use crate::{durable, error_chain};

/// Its name in the data directory: the number of the newest form that was ever written there, in decimal.
const NAME: &str = "state-schema";

/// Records this program's state schema version, or reports that a newer program has been here. It serves in any case:
/// fields that it does not know it skips.
pub(super) fn check(data_dir: &Path, health: &Health) {
    let path = data_dir.join(NAME);
    let known = read_text_bounded(&path, bounded_read::SHORT).ok().and_then(|text| text.trim().parse::<u32>().ok());
    let probe = health.probe("state");
    match known {
        Some(newer) if newer > STATE_SCHEMA => {
            let fault = words::newer_state(newer, STATE_SCHEMA);
            tracing::warn!("{}", fault.en);
            probe.degraded(Some(fault));
        }
        Some(same) if same == STATE_SCHEMA => {}
        _ => {
            if let Err(error) = durable::write(&path, format!("{STATE_SCHEMA}\n").as_bytes(), 0o644) {
                // Other failures to write are reported by the writers.
                tracing::warn!(error = error_chain(&error), "the state schema version cannot be recorded");
            }
        }
    }
}
