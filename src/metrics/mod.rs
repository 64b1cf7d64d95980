//! The figures behind `/metrics`, in the `OpenMetrics` text format
//! (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).

mod certificate;
mod clock;
mod erp;
mod health;
mod optional;
mod process;
mod screens;
mod sensors;
mod storage;
mod telemetry;
mod update;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

pub(crate) use self::update::Updated;

use self::certificate::Certificate;
use self::clock::Clock;
use self::erp::Erp;
use self::health::Health;
use self::screens::Screens;
use self::sensors::Sensors;
use self::storage::Storage;
use self::telemetry::Telemetry;
use self::update::Update;

/// Which part of the box answers a request; few and fixed, so that no client can make new
/// time series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RouteClass {
    /// A page of the display.
    Page,
    /// Any other file of the display.
    Asset,
    /// `/_edge/live` and `/_edge/live.json`.
    Live,
    /// `/api/*`.
    Api,
    /// `/_edge/screen` and `/_edge/screen/picture`.
    Screen,
    /// The rest of `/_edge/*`.
    Edge,
    /// `/health*`.
    Health,
    /// `/metrics`.
    Metrics,
    /// Refused before it had a route.
    None,
}

impl EncodeLabelValue for RouteClass {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        let word = match self {
            Self::Page => "page",
            Self::Asset => "asset",
            Self::Live => "live",
            Self::Api => "api",
            Self::Screen => "screen",
            Self::Edge => "edge",
            Self::Health => "health",
            Self::Metrics => "metrics",
            Self::None => "none",
        };
        word.encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: RouteClass,
    status: u16,
}

/// Answers by route and status.
#[derive(Default)]
struct Requests {
    all: Family<RequestLabels, Counter>,
    page: CachedCounters,
    asset: CachedCounters,
}

/// The counters of the frequent answers, found once: a search of the family takes a lock and hashes its labels.
#[derive(Default)]
struct CachedCounters {
    ok: OnceLock<Counter>,
    not_modified: OnceLock<Counter>,
}

impl CachedCounters {
    fn so_far(&self) -> u64 {
        [&self.ok, &self.not_modified].into_iter().filter_map(OnceLock::get).map(Counter::get).sum()
    }
}

impl Requests {
    fn count(&self, route: RouteClass, status: StatusCode) {
        let counter = || self.all.get_or_create(&RequestLabels { route, status: status.as_u16() }).clone();
        let of_route = match route {
            RouteClass::Page => Some(&self.page),
            RouteClass::Asset => Some(&self.asset),
            _ => None,
        };
        match (of_route, status) {
            (Some(usual), StatusCode::OK) => usual.ok.get_or_init(counter).inc(),
            (Some(usual), StatusCode::NOT_MODIFIED) => usual.not_modified.get_or_init(counter).inc(),
            _ => counter().inc(),
        };
    }
}

/// Why a connection was refused or closed by the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CloseReason {
    /// All connections are taken.
    Full,
    /// This address has its share of connections.
    PeerFull,
    /// All connections were taken, and this one was missed least.
    FullEvicted,
    /// This address had its share of connections, and this one was missed least.
    PeerEvicted,
    /// The request's head did not come in time.
    HeaderTimeout,
    /// Nothing was said for long.
    Idle,
    /// The peer stopped reading its answer.
    WriteStall,
    /// The TLS handshake failed or took too long.
    Tls,
    /// The kernel could not give another socket.
    Accept,
}

impl CloseReason {
    /// The word that metrics and logs use.
    #[must_use]
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::PeerFull => "peer_full",
            Self::FullEvicted => "full_evicted",
            Self::PeerEvicted => "peer_evicted",
            Self::HeaderTimeout => "header_timeout",
            Self::Idle => "idle",
            Self::WriteStall => "write_stall",
            Self::Tls => "tls",
            Self::Accept => "accept",
        }
    }
}

impl EncodeLabelValue for CloseReason {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.word().encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: CloseReason,
}

/// What discovery is like at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Discovered {
    /// The name that the box has, with its domain.
    pub(crate) name: String,
    /// The chosen interface; empty while there is none.
    pub(crate) interface: String,
    /// Whether the network has confirmed that the name leads here.
    pub(crate) is_resolvable: bool,
    /// Records of others in the responder's cache.
    pub(crate) cached_records: u64,
    /// Responders started since the process did.
    pub(crate) responders: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DiscoveryLabels {
    name: String,
    interface: String,
}

/// Every figure of the process. Cheap to update, shared by reference.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Requests,
    request_duration: Histogram,
    sent_bytes: Counter,
    accepted: Counter,
    rejected: Family<ReasonLabels, Counter>,
    open_connections: Gauge,
    resting_connections: Gauge,
    discovery: Family<DiscoveryLabels, Gauge>,
    resolvable: Gauge,
    cached_records: Gauge,
    responders: Gauge,
    update: Update,
    erp: Erp,
    screens: Screens,
    telemetry: Telemetry,
    health: Health,
    storage: Storage,
    certificate: Certificate,
    clock: Clock,
    sensors: Sensors,
    /// Of the pages, those that the box itself has asked for.
    checked_pages: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        // The convention's names for figures of any process; all others carry ours.
        registry.register_collector(Box::new(process::ProcessCollector));
        let ours = registry.sub_registry_with_prefix("workshop_edge");
        let requests = Requests::default();
        // 10 µs to 10 s: from a file in memory to a slow upstream.
        let request_duration =
            Histogram::new([0.000_01, 0.000_05, 0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0]);
        let sent_bytes = Counter::<u64, AtomicU64>::default();
        let accepted = Counter::<u64, AtomicU64>::default();
        let rejected = Family::default();
        let open_connections = Gauge::default();
        let resting_connections = Gauge::default();
        let discovery = Family::default();
        let resolvable = Gauge::default();
        let cached_records = Gauge::default();
        let responders = Gauge::default();
        let update = Update::default();
        let erp = Erp::default();
        let screens = Screens::default();
        let telemetry = Telemetry::default();
        let (health, storage) = (Health::default(), Storage::default());
        let (certificate, clock, sensors) = (Certificate::default(), Clock::default(), Sensors::default());

        ours.register("http_requests", "Answers by part of the box and status", requests.all.clone());
        ours.register_with_unit(
            "http_request_duration",
            "From a request's last byte to the head of its answer",
            Unit::Seconds,
            request_duration.clone(),
        );
        ours.register_with_unit("http_sent", "Bytes written, heads included", Unit::Bytes, sent_bytes.clone());
        ours.register("http_connections_accepted", "Connections accepted", accepted.clone());
        ours.register("http_connections_open", "Connections open now", open_connections.clone());
        ours.register(
            "http_connections_resting",
            "Open connections that are between requests and hold no buffers",
            resting_connections.clone(),
        );
        ours.register(
            "http_connections_rejected",
            "Connections that the box refused or closed, by reason",
            rejected.clone(),
        );
        ours.register("discovery_info", "The name that the box has, and where", discovery.clone());
        ours.register("discovery_resolvable", "1 when the network confirms that name", resolvable.clone());
        ours.register("discovery_cached_records", "Records of others in the responder's cache", cached_records.clone());
        ours.register("discovery_responders", "Responders started since the process did", responders.clone());
        update.register(ours);
        erp.register(ours);
        screens.register(ours);
        telemetry.register(ours);
        health.register(ours);
        storage.register(ours);
        certificate.register(ours);
        clock.register(ours);
        sensors.register(ours);
        ours.register(
            "build",
            "What is running",
            Info::new(vec![
                ("version", crate::VERSION),
                ("commit", env!("WORKSHOP_EDGE_COMMIT")),
                ("target", env!("WORKSHOP_EDGE_TARGET")),
            ]),
        );
        Self {
            registry,
            requests,
            request_duration,
            sent_bytes,
            accepted,
            rejected,
            open_connections,
            resting_connections,
            discovery,
            resolvable,
            cached_records,
            responders,
            update,
            erp,
            screens,
            telemetry,
            health,
            storage,
            certificate,
            clock,
            sensors,
            checked_pages: AtomicU64::default(),
        }
    }
}

impl Metrics {
    /// One answer.
    pub(crate) fn answered(&self, route: RouteClass, status: StatusCode, took: Duration) {
        self.requests.count(route, status);
        // Those wait on purpose.
        if route != RouteClass::Live {
            self.request_duration.observe(took.as_secs_f64());
        }
    }

    /// Connections that are open now.
    #[must_use]
    pub(crate) fn connections_open(&self) -> u64 {
        self.open_connections.get().try_into().unwrap_or_default()
    }

    /// Pages that displays have got so far.
    #[must_use]
    pub(crate) fn pages_shown(&self) -> u64 {
        self.requests.page.so_far().saturating_sub(self.checked_pages.load(Ordering::Relaxed))
    }

    /// The box itself has got a page.
    pub(crate) fn page_checked(&self) {
        self.checked_pages.fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes written to all peers so far.
    #[must_use]
    pub(crate) fn sent_so_far(&self) -> u64 {
        self.sent_bytes.get()
    }

    /// Bytes written to a peer.
    pub(crate) fn sent(&self, bytes: u64) {
        self.sent_bytes.inc_by(bytes);
    }

    /// A connection was accepted.
    pub(crate) fn accepted(&self) {
        self.accepted.inc();
        self.open_connections.inc();
    }

    /// An accepted connection is gone.
    pub(crate) fn closed(&self) {
        self.open_connections.dec();
    }

    /// A connection rests, until what this returns is dropped.
    #[must_use]
    pub(crate) fn rests(&self) -> RestingGuard<'_> {
        self.resting_connections.inc();
        RestingGuard(&self.resting_connections)
    }

    /// A connection was refused, or closed by the box against the peer's will.
    pub(crate) fn rejected(&self, reason: CloseReason) {
        self.rejected.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// What discovery is like.
    pub(crate) fn discovered(&self, now: &Discovered) {
        let Discovered { name, interface, is_resolvable, cached_records, responders } = now;
        let labels = DiscoveryLabels { name: name.clone(), interface: interface.clone() };
        // A box has one name: the former one's series ends.
        if self.discovery.get(&labels).is_none() {
            self.discovery.clear();
        }
        self.discovery.get_or_create(&labels).set(1);
        self.resolvable.set((*is_resolvable).into());
        self.cached_records.set(i64::try_from(*cached_records).unwrap_or(i64::MAX));
        self.responders.set(i64::try_from(*responders).unwrap_or(i64::MAX));
    }

    /// The state of the updates now.
    pub(crate) fn updated(&self, now: &Updated) {
        self.update.set(now);
    }

    /// The exposition, of media type [`CONTENT_TYPE`].
    pub(crate) fn exposition(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Counts a connection as resting for as long as it lives.
pub(crate) struct RestingGuard<'a>(&'a Gauge);

impl Drop for RestingGuard<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// `OpenMetrics` 1.0.0.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_has_one_name() {
        let metrics = Metrics::default();
        let mut now = Discovered {
            name: "taller.local".into(),
            interface: "eth0".into(),
            is_resolvable: true,
            cached_records: 3,
            responders: 1,
        };
        metrics.discovered(&now);
        now.name = "taller-2.local".into();
        metrics.discovered(&now);
        metrics.discovered(&now);
        let text = metrics.exposition().expect("encoded");
        let names: Vec<&str> = text.lines().filter(|line| line.contains("discovery_info{")).collect();
        assert_eq!(names, ["workshop_edge_discovery_info{name=\"taller-2.local\",interface=\"eth0\"} 1"]);
    }

    #[test]
    fn the_exposition_has_every_family_and_its_end() {
        let metrics = Metrics::default();
        metrics.accepted();
        metrics.answered(RouteClass::Page, StatusCode::OK, Duration::from_micros(20));
        metrics.rejected(CloseReason::Full);
        metrics.sent(10);
        let text = metrics.exposition().expect("encoded");
        for line in [
            "workshop_edge_http_requests_total{route=\"page\",status=\"200\"} 1",
            "workshop_edge_http_request_duration_seconds_bucket{le=\"0.00005\"} 1",
            "workshop_edge_http_sent_bytes_total 10",
            "workshop_edge_http_connections_open 1",
            "workshop_edge_http_connections_rejected_total{reason=\"full\"} 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|candidate| candidate == line), "{line} is not in:\n{text}");
        }
        for name in [
            "process_resident_memory_bytes",
            "process_cpu_seconds_total",
            "process_open_fds",
            "workshop_edge_build_info",
        ] {
            assert!(text.contains(name), "{name} is not in:\n{text}");
        }
    }
}
