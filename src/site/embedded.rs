//! The dist that the binary carries, uncompressed: a one-line change of the display then makes
//! an update of kilobytes.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use rust_embed::RustEmbed;

use super::{Content, File};

/// Named at build time by `WORKSHOP_DIST`, by default `assets/workshop-monitor/dist`.
#[derive(RustEmbed)]
#[folder = "$WORKSHOP_EDGE_DIST"]
struct Dist;

/// All embedded files.
pub(super) fn files() -> Vec<File> {
    Dist::iter()
        .filter_map(|name| {
            let bytes = match Dist::get(&name)?.data {
                Cow::Borrowed(data) => Bytes::from_static(data),
                Cow::Owned(data) => Bytes::from(data),
            };
            Some(File { path: format!("/{name}"), content: Content::Memory(bytes), modified: build_time() })
        })
        .collect()
}

/// When all embedded files changed: the build's time is reproducible, their own would be that of the checkout.
pub(super) fn build_time() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(env!("WORKSHOP_EDGE_BUILD_EPOCH").parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_carries_a_page() {
        assert!(files().iter().any(|file| file.path == "/index.html" && file.content.length() > 0));
        assert!(build_time() > UNIX_EPOCH);
    }
}
