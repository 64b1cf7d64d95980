//! The figures of the updates.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// The state of the updates, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Updated {
    /// The channel.
    pub(crate) channel: String,
    /// The version that it desires; empty while that is not known.
    pub(crate) desired: String,
    /// Whether the last check or download has failed.
    pub(crate) is_failing: bool,
    /// When the bucket last gave a whole answer, in Unix time (s); 0 before the first.
    pub(crate) checked_at: i64,
    /// Until when the bucket's metadata are valid, in Unix time (s), by role; 0 before the bucket has answered.
    pub(crate) expires: Vec<(String, i64)>,
    /// Bytes of the download under way that are here, and in all; both 0 while there is none.
    pub(crate) downloading: (u64, u64),
    /// Requests sent to the bucket since the process started.
    pub(crate) requests: u64,
    /// Bytes received from it.
    pub(crate) received: u64,
    /// Binaries that have failed here.
    pub(crate) quarantined: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    channel: String,
    desired: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RoleLabels {
    role: String,
}

/// The figures themselves. Those that count are gauges too: they are counted elsewhere, and only shown here.
#[derive(Default)]
pub(super) struct Update {
    info: Family<Labels, Gauge>,
    failing: Gauge,
    checked: Gauge,
    expiry: Family<RoleLabels, Gauge>,
    downloaded: Gauge,
    to_download: Gauge,
    requests: Gauge,
    received: Gauge,
    quarantined: Gauge,
}

impl Update {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { info, failing, checked, expiry, downloaded, to_download, requests, received, quarantined } = self;
        registry.register("update_info", "The channel, and the version that it desires", info.clone());
        registry.register("update_failing", "1 when the last check or download failed", failing.clone());
        registry.register_with_unit(
            "update_checked_timestamp",
            "When the bucket last gave a whole answer",
            Unit::Seconds,
            checked.clone(),
        );
        registry.register_with_unit(
            "update_metadata_expiry_timestamp",
            "Until when the bucket's metadata are valid",
            Unit::Seconds,
            expiry.clone(),
        );
        let bytes = || Unit::Bytes;
        registry.register_with_unit("update_downloaded", "Bytes here of the download", bytes(), downloaded.clone());
        registry.register_with_unit("update_to_download", "Bytes of the download in all", bytes(), to_download.clone());
        registry.register("update_requests", "Requests sent to the bucket since the start", requests.clone());
        registry.register_with_unit("update_received", "Bytes received from the bucket", bytes(), received.clone());
        registry.register("update_quarantined", "Binaries that have failed here", quarantined.clone());
    }

    pub(super) fn set(&self, now: &Updated) {
        let Updated { channel, desired, is_failing, checked_at, expires, downloading, requests, received, quarantined } =
            now;
        let labels = Labels { channel: channel.clone(), desired: desired.clone() };
        // The channel desires one version: the former one's series ends.
        if self.info.get(&labels).is_none() {
            self.info.clear();
        }
        self.info.get_or_create(&labels).set(1);
        self.failing.set((*is_failing).into());
        self.checked.set(*checked_at);
        for (role, at) in expires {
            self.expiry.get_or_create(&RoleLabels { role: role.clone() }).set(*at);
        }
        for (gauge, figure) in [
            (&self.downloaded, downloading.0),
            (&self.to_download, downloading.1),
            (&self.requests, *requests),
            (&self.received, *received),
            (&self.quarantined, *quarantined),
        ] {
            gauge.set(i64::try_from(figure).unwrap_or(i64::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text;

    use super::*;

    #[test]
    fn a_channel_desires_one_version() {
        let (mut registry, figures) = (Registry::default(), Update::default());
        figures.register(&mut registry);
        let mut now = Updated {
            channel: "stable".into(),
            desired: "1.0.0".into(),
            is_failing: true,
            checked_at: 1_795_504_530,
            expires: vec![("timestamp".into(), 1_796_000_000)],
            downloading: (1, 2),
            requests: 3,
            received: 4,
            quarantined: 5,
        };
        figures.set(&now);
        now.desired = "1.1.0".into();
        figures.set(&now);
        let mut exposition = String::new();
        text::encode(&mut exposition, &registry).expect("encoded");
        for line in [
            "update_info{channel=\"stable\",desired=\"1.1.0\"} 1",
            "update_failing 1",
            "update_checked_timestamp_seconds 1795504530",
            "update_metadata_expiry_timestamp_seconds{role=\"timestamp\"} 1796000000",
            "update_downloaded_bytes 1",
            "update_to_download_bytes 2",
            "update_requests 3",
            "update_received_bytes 4",
            "update_quarantined 5",
        ] {
            assert!(exposition.lines().any(|candidate| candidate == line), "{line} is not in:\n{exposition}");
        }
        assert!(!exposition.contains("1.0.0"), "{exposition}");
    }
}
