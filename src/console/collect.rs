//! Gathers the status from the rest of the box.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::watch;

use super::address::{ListenAddress, addresses};
use super::erp::Erp;
use super::screen_counts::ScreenCounts;
use super::screens_page;
use super::status::{
    Build, Clock, Discovery, Disk, Doubt, Health, Https, Machine, Name, Network, Site, Status, Update,
};
use crate::screens::Summary;

/// How old the status may be.
const COLLECT_INTERVAL: Duration = Duration::from_secs(1);

/// What does not change as long as the process runs.
#[derive(Debug, Clone)]
pub(crate) struct ProcessInfo {
    /// Sixteen hexadecimal digits that tell this box from others.
    pub(crate) id: String,
    /// The running version.
    pub(crate) version: String,
    /// What was built.
    pub(crate) build: Build,
    /// When the process started.
    pub(crate) started: Instant,
    /// Where it listens.
    pub(crate) listeners: Vec<ListenAddress>,
}

/// The network that the TVs are on, and the box's place in it.
#[derive(Debug, Clone)]
pub(crate) struct Lan {
    /// What the box is called; `None` when it is not announced.
    pub(crate) name: Option<Name>,
    /// The chosen interface and its addresses.
    pub(crate) network: Network,
    /// Those of them to give to people, the best first.
    pub(crate) best: Vec<IpAddr>,
    /// How the box is found by name.
    pub(crate) discovery: Discovery,
}

impl Lan {
    /// The network when the box is not announced on it.
    #[must_use]
    pub(crate) fn unannounced() -> Self {
        Self {
            name: None,
            network: Network::default(),
            best: default_route().into_iter().collect(),
            discovery: Discovery::Off,
        }
    }
}

/// The address with which the box would speak to the world. Connecting a datagram socket sends nothing: the kernel only
/// chooses the route. The destination is for documentation (RFC 5737), so that nobody is behind it.
fn default_route() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Reads the state of another room; it must answer at once, from memory.
type StatusSource<T> = Box<dyn Fn() -> T + Send>;

/// Where the status comes from.
pub(crate) struct Sources {
    /// What does not change.
    pub(crate) process: ProcessInfo,
    /// The network.
    pub(crate) lan: StatusSource<Lan>,
    /// What the parts report.
    pub(crate) health: StatusSource<Health>,
    /// The time, and why it may be wrong.
    pub(crate) clock: StatusSource<(SystemTime, Option<Doubt>)>,
    /// The certificate that is served now; `None` when HTTPS is off.
    pub(crate) https: StatusSource<Option<Https>>,
    /// The machine; `None` where no image runs it, or before it is known.
    pub(crate) machine: StatusSource<Option<Machine>>,
    /// The updates; `None` when the program is not kept up to date.
    pub(crate) update: StatusSource<Option<Update>>,
    /// The room on the data disk; `None` when it does not work.
    pub(crate) disk: StatusSource<Option<Disk>>,
    /// What the displays get.
    pub(crate) site: StatusSource<Option<Site>>,
    /// The link to the ERP; `None` when none is configured.
    pub(crate) erp: StatusSource<Option<Erp>>,
    /// The screens; `None` where the pages carry no agent.
    pub(crate) screens: StatusSource<Option<Arc<Summary>>>,
}

/// What is shown, collected at one moment.
pub(super) struct Collected {
    pub(super) status: Arc<Status>,
    pub(super) screens: Option<Arc<Summary>>,
}

impl Sources {
    pub(super) fn collect(&self) -> Collected {
        let ProcessInfo { id, version, build, started, listeners } = &self.process;
        let Lan { name, network, best, discovery } = (self.lan)();
        let (now, doubt) = (self.clock)();
        // Before the health, which both of them report to.
        let erp = (self.erp)();
        let screens = (self.screens)();
        let mut health = (self.health)();
        health.faults.sort_by_key(|fault| std::cmp::Reverse(fault.status));
        let host = name.as_ref().map(Name::host);
        let typed = if network.trouble.is_some() { Vec::new() } else { addresses(listeners, &best, host.as_deref()) };
        let status = Status {
            addresses: typed,
            name,
            id: id.clone(),
            version: version.clone(),
            build: build.clone(),
            uptime_s: started.elapsed().as_secs(),
            clock: clock(now, doubt),
            network,
            discovery,
            https: (self.https)(),
            machine: (self.machine)(),
            update: (self.update)(),
            disk: (self.disk)(),
            site: (self.site)(),
            erp,
            screens: screens.as_deref().map(ScreenCounts::of),
            health,
        };
        Collected { status: Arc::new(status), screens }
    }
}

impl Collected {
    /// Whether this has no news for somebody who knows the other.
    fn has_no_news_for(&self, other: &Self) -> bool {
        let is_same = match (&self.screens, &other.screens) {
            (Some(screens), Some(others)) => screens_page::is_about(screens, others),
            (None, None) => true,
            _ => false,
        };
        is_same && self.status.has_no_news_for(&other.status)
    }
}

fn clock(now: SystemTime, doubt: Option<Doubt>) -> Clock {
    let unix_s = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    // Past the year 9999 there is no such text.
    let moment = i64::try_from(unix_s).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let here = moment.map(|moment| moment.to_zoned(TimeZone::system()));
    let utc = moment.map(|moment| moment.to_string()).unwrap_or_default();
    let local = here.as_ref().map(|here| here.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()).unwrap_or_default();
    let zone = here.map(|here| here.strftime("%Z").to_string()).unwrap_or_default();
    Clock { unix_s, utc, local, zone, trusted: doubt.is_none(), doubt }
}

/// Collects until the other end of `stopped` is dropped.
pub(super) fn run(
    sources: &Sources,
    latest: &ArcSwap<Collected>,
    generation: &watch::Sender<u64>,
    stopped: &Receiver<()>,
) {
    // What subscribers got last: small steps add up to a change.
    let mut told = latest.load_full();
    while stopped.recv_timeout(COLLECT_INTERVAL) == Err(RecvTimeoutError::Timeout) {
        let collected = Arc::new(sources.collect());
        latest.store(Arc::clone(&collected));
        if !collected.has_no_news_for(&told) {
            told = collected;
            generation.send_modify(|generation| *generation += 1);
        }
    }
}
