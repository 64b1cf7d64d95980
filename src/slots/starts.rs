//! The outcomes of the starts of the binary on trial: which count against it, and which were only cut off.
//!
//! ```text
//! stopped or restarted in order ───────> costs no try, MAX_ORDERLY times
//! the machine went down ───────────────> costs no try, MAX_CUTS times, and always after LASTED
//! all else (it ended, or was killed) ──> costs the try that it has spent
//! ```
//!
//! Nobody can tell a power cut from a binary that brings the machine down, so such starts are bounded too. The program
//! on trial keeps this: the launcher may be older than it, and then spends a try at each start without looking.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bounded_read::{self, read_text_bounded};

/// Starts that may end with the machine going down, before they cost tries.
pub const MAX_CUTS: u8 = 6;
/// Starts that may end in order, before they cost tries.
pub const MAX_ORDERLY: u8 = 60;
/// After so long without a verdict, it is not the binary that brings the machine down.
pub const LASTED: Duration = Duration::from_secs(3600);
/// What programs before this module say of every binary that has spent its tries.
pub(super) const NOT_UP: &str = "it did not come up";

/// The starts of one trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Starts {
    /// The binary's.
    pub(super) sha256: String,
    /// The boot of the machine that the last start was in; `None` once it has ended in order.
    #[serde(default)]
    boot: Option<String>,
    /// Whether the last start has gone on for [`LASTED`].
    #[serde(default)]
    lasted: bool,
    /// Whether any start came as far as to serve.
    #[serde(default)]
    came_up: bool,
    #[serde(default)]
    cuts: u8,
    #[serde(default)]
    orderly: u8,
}

impl Starts {
    pub(super) fn of(sha256: &str) -> Self {
        Self { sha256: sha256.to_owned(), boot: None, lasted: false, came_up: false, cuts: 0, orderly: 0 }
    }

    /// There is a start in this boot. Gives whether the one before it costs no try: the machine went down meanwhile.
    /// Asked again about the same start, it does not.
    pub(super) fn begin(&mut self, boot: Option<&str>) -> bool {
        let before = std::mem::replace(&mut self.boot, boot.map(str::to_owned));
        let has_lasted = std::mem::take(&mut self.lasted);
        let went_down = before.is_some() && self.boot.is_some() && before != self.boot;
        went_down && (has_lasted || count(&mut self.cuts, MAX_CUTS))
    }

    /// The start that is under way ends in order. Gives whether it costs no try.
    pub(super) fn end_cleanly(&mut self) -> bool {
        self.boot = None;
        self.lasted = false;
        count(&mut self.orderly, MAX_ORDERLY)
    }

    pub(super) fn mark_serving(&mut self) {
        self.came_up = true;
    }

    pub(super) fn last(&mut self) {
        self.lasted = true;
    }

    /// Why a binary that has no try left is given up.
    pub(super) fn reason(&self) -> String {
        let Self { cuts, orderly, .. } = *self;
        if cuts > MAX_CUTS {
            format!(
                "the machine went down {cuts} times before this version had shown that it works: it may bring the machine down, or the power was cut each time"
            )
        } else if orderly > MAX_ORDERLY {
            format!("it was stopped or restarted {orderly} times before it had shown that it works")
        } else if self.came_up {
            "it came up, but ended by itself or was killed before it had shown that it works, each time".to_owned()
        } else {
            NOT_UP.to_owned()
        }
    }
}

/// Counts, and gives whether it is `max` at most.
fn count(counter: &mut u8, max: u8) -> bool {
    *counter = counter.saturating_add(1);
    *counter <= max
}

/// What distinguishes this boot of the machine from others (random(4)); `None` where the kernel does not say.
#[must_use]
pub fn boot_id() -> Option<String> {
    let text = read_text_bounded(Path::new("/proc/sys/kernel/random/boot_id"), bounded_read::SHORT).ok()?;
    Some(text.trim().to_owned()).filter(|id| (1..=64).contains(&id.len()))
}
