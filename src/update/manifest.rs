//! The channel manifest: what the publisher wants the boxes of a channel to run. It is a TUF target of the channel's
//! own role, `<channel>.manifest.json`, so it is signed, and as fresh as the metadata around it.
//!
//! ```json
//! {
//!   "schema": 1,
//!   "channel": "stable",
//!   "desired": "1.2.3",
//!   "min_version": "1.0.0",
//!   "releases": [{
//!     "version": "1.2.3",
//!     "state_schema": 1,
//!     "requires_from": "1.0.0",
//!     "requires_os": "1.1.0",
//!     "urgent": false,
//!     "waves": [{ "at": "2026-11-24T20:00:00Z", "permille": 10 }, { "at": "2026-11-25T20:00:00Z", "permille": 1000 }],
//!     "rollback_from": [],
//!     "platforms": {
//!       "x86_64-unknown-linux-musl": {
//!         "raw_sha256": "…", "raw_size": 7670440,
//!         "full": "workshop-edge-1.2.3-x86_64-unknown-linux-musl.zst",
//!         "deltas": [{ "from_sha256": "…", "target": "workshop-edge-1.2.3-x86_64-unknown-linux-musl.from-0123456789abcdef.qbsdiff" }]
//!       }
//!     }
//!   }],
//!   "os": {
//!     "desired": "1.1.0",
//!     "min_version": "1.0.0",
//!     "releases": [{
//!       "version": "1.1.0",
//!       "platforms": {
//!         "x86_64": { "raw_sha256": "…", "raw_size": 44040192, "full": "workshop-edge-os-1.1.0-x86_64.efi" },
//!         "x86_64-wifi": { "raw_sha256": "…", "raw_size": 83886080, "full": "workshop-edge-os-1.1.0-x86_64-wifi.efi" }
//!       }
//!     }]
//!   }
//! }
//! ```
//!
//! `os` is the operating system of the USB image, which has releases of the same form and goes its own way: its target
//! is the file of the boot loader as it is, uncompressed and without deltas. Only a box that runs the image looks at
//! it.
//!
//! A newer publisher may add fields: they are ignored. One that a box has to understand raises `schema`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};

/// The form that this program writes and understands.
pub(crate) const SCHEMA: u32 = 1;

/// The platform of an operating system: the machine that it is made for, and the variant of the image
/// (`VARIANT_ID` of os-release(5)) unless that is the plain one. A box stays with its variant: another one may lack the
/// drivers that it is reached by.
#[must_use]
pub(crate) fn os_platform(variant: Option<&str>) -> String {
    match variant {
        None | Some("" | "base") => "x86_64".to_owned(),
        Some(variant) => format!("x86_64-{variant}"),
    }
}

/// Bytes of an operating system at most: it has to fit twice into its partition.
pub(crate) const MAX_OS: u64 = 120 * 1024 * 1024;

/// Releases in a manifest at most.
pub(crate) const MAX_RELEASES: usize = 256;

/// Bytes of a manifest at most.
pub(crate) const MAX_BYTES: u64 = 1024 * 1024;

/// A channel's manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form that a box has to understand: [`SCHEMA`] at most.
    pub(crate) schema: u32,
    /// The channel that it is for.
    pub channel: String,
    /// What the boxes should run: one of `releases`. `None` wants nothing of them.
    pub(crate) desired: Option<Version>,
    /// No box takes an older one, not even on its technician's order. Never decreases.
    pub min_version: Version,
    /// What there is, the oldest first.
    pub releases: Vec<Release>,
    /// The operating system of the boxes that run the USB image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) os: Option<Os>,
}

/// What the boxes of a channel that run the USB image should have as their operating system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Os {
    /// As [`Manifest::desired`].
    pub(crate) desired: Option<Version>,
    /// As [`Manifest::min_version`].
    pub(crate) min_version: Version,
    /// As [`Manifest::releases`]. Their platforms are machines, of [`os_platform`].
    pub(crate) releases: Vec<Release>,
}

/// A version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its number.
    pub(crate) version: Version,
    /// The state schema version that it writes, [`super::STATE_SCHEMA`] of its program. 0 for an operating system,
    /// which writes none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) state_schema: u32,
    /// The oldest version that can go to this one at once; an older one takes the newest release that it can go to
    /// first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requires_from: Option<Version>,
    /// The oldest operating system that it runs on, of those of the USB image; a box that runs another ignores it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requires_os: Option<Version>,
    /// Whether it is switched to outside of the box's window too.
    #[serde(default)]
    pub(crate) urgent: bool,
    /// When which share of the boxes may take it. None: all at once.
    #[serde(default)]
    pub(crate) waves: Vec<Wave>,
    /// The newer versions that go back to this one when it is desired.
    #[serde(default)]
    pub(crate) rollback_from: Vec<Version>,
    /// Its binaries, by target triple.
    pub(crate) platforms: BTreeMap<String, Binary>,
}

/// A share of the boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wave {
    /// From when on.
    pub(crate) at: Timestamp,
    /// How many boxes of a thousand, those of the waves before it among them: 0 to 1000.
    pub(crate) permille: u16,
}

/// A binary, and the targets that it can be had from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binary {
    /// SHA-256 of the binary as it is run, 64 lower-case hexadecimal digits.
    pub raw_sha256: String,
    /// Its bytes.
    pub(crate) raw_size: u64,
    /// The target that holds it, compressed with zstd; an operating system's is not compressed.
    pub(crate) full: String,
    /// Targets that hold deltas from other binaries.
    #[serde(default)]
    pub(crate) deltas: Vec<Delta>,
}

/// A delta, in bsdiff's format (`BSDIFF40`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delta {
    /// SHA-256 of the binary that it starts from, as [`Binary::raw_sha256`].
    pub(crate) from_sha256: String,
    /// The target that holds it.
    pub(crate) target: String,
}

impl Manifest {
    /// The name of a channel's manifest among its targets.
    #[must_use]
    pub(crate) fn target(channel: &str) -> String {
        format!("{channel}.manifest.json")
    }

    /// What it says of the operating system, in the form of a manifest of its own, so that one rule and one publisher
    /// deal with both. `None` where it says nothing.
    #[must_use]
    pub(crate) fn of_os(&self) -> Option<Self> {
        let Os { desired, min_version, releases } = self.os.clone()?;
        Some(Self { schema: self.schema, channel: self.channel.clone(), desired, min_version, releases, os: None })
    }

    /// Says of the operating system what a manifest in the form of [`Manifest::of_os`] says.
    #[cfg(feature = "release")]
    pub(crate) fn set_os(&mut self, of_os: Self) {
        let Self { desired, min_version, releases, .. } = of_os;
        self.os = Some(Os { desired, min_version, releases });
    }

    /// The release with this number.
    #[must_use]
    pub(crate) fn release(&self, version: &Version) -> Option<&Release> {
        self.releases.iter().find(|release| release.version == *version)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
