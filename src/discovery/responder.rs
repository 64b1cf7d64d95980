//! One run of the multicast DNS daemon: what it registers, and the name that it ends up with.
//!
//! mdns-sd probes and renames by itself (RFC 6762 sections 8 and 9), but keeps naming the old
//! host in its SRV answers, so the services are registered again under the new name at once.

use std::time::Duration;

use mdns_sd::{DaemonEvent, DaemonStatus, IfKind, IfPredicate, Receiver, ServiceDaemon, ServiceInfo};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::lan::Lan;
use super::reach::Reach;

/// Between the first goodbye and the end: the daemon says it twice, 120 ms apart.
const GOODBYES: Duration = Duration::from_millis(160);
/// For the daemon's end, which comes within milliseconds unless it hangs.
const END: Duration = Duration::from_secs(1);
/// Between two looks at the daemon's metrics.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The subtype by which browsers of `_http._tcp` find a box, and boxes find boxes.
pub(super) const SUBTYPE: &str = "_workshop-edge._sub._http._tcp.local.";

/// What is announced.
#[derive(Debug, Clone)]
pub(super) struct Services {
    /// The instance's name, in lower case.
    pub(super) instance: String,
    /// The box's id, for the TXT record.
    pub(super) id: String,
    /// HTTP.
    pub(super) http: Reach,
    /// HTTPS.
    pub(super) https: Reach,
}

/// Services of one interface, with their ports.
#[derive(Debug, Clone)]
struct Announced {
    instance: String,
    id: String,
    ports: Vec<(&'static str, u16)>,
}

impl Announced {
    fn new(services: &Services, lan: &Lan) -> Self {
        let kinds = [(SUBTYPE, &services.http), ("_https._tcp.local.", &services.https)];
        let ports =
            kinds.into_iter().filter_map(|(kind, reach)| Some((kind, lan.ips().find_map(|ip| reach.port(ip))?)));
        Self { instance: services.instance.clone(), id: services.id.clone(), ports: ports.collect() }
    }

    fn register(&self, daemon: &ServiceDaemon, label: &str) -> Result<Vec<String>, mdns_sd::Error> {
        let txt = [("path", "/"), ("version", crate::VERSION), ("id", &self.id)];
        let mut names = Vec::new();
        for (kind, port) in &self.ports {
            let host = format!("{label}.local.");
            let info = ServiceInfo::new(kind, &self.instance, &host, "", *port, &txt[..])?.enable_addr_auto();
            names.push(info.get_fullname().to_owned());
            daemon.register(info)?;
        }
        Ok(names)
    }
}

/// The state of a daemon.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ResponderState {
    /// The label that it has now.
    pub(super) label: String,
    /// Whether it has announced that label.
    pub(super) is_announced: bool,
    /// Records of others in its cache.
    pub(super) cached: u64,
    /// Why it should end.
    pub(super) fault: Option<&'static str>,
}

/// A running daemon.
pub(super) struct Responder {
    daemon: ServiceDaemon,
    names: Vec<String>,
    state: watch::Receiver<ResponderState>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Responder {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        // Without it, the daemon's thread would stay. Already gone is just as well.
        let _ = self.daemon.shutdown();
    }
}

impl Responder {
    /// Announces `<label>.local` on one interface, with its addresses of this moment: those that go
    /// are taken back, those that come need another responder.
    pub(super) fn start(services: &Services, lan: &Lan, label: &str) -> Result<Self, mdns_sd::Error> {
        let daemon = ServiceDaemon::new()?;
        let announced = Announced::new(services, lan);
        let started = configure(&daemon, lan, &announced, label);
        let (events, names) = match started {
            Ok(started) => started,
            Err(error) => {
                let _ = daemon.shutdown();
                return Err(error);
            }
        };
        let (sender, state) = watch::channel(ResponderState { label: label.to_owned(), ..ResponderState::default() });
        let tasks = [
            tokio::task::spawn_local(drain(events, daemon.clone(), announced, sender.clone())),
            tokio::task::spawn_local(watch_daemon(daemon.clone(), sender)),
        ];
        Ok(Self { daemon, names, state, tasks })
    }

    /// What it is like.
    pub(super) fn state(&self) -> ResponderState {
        self.state.borrow().clone()
    }

    /// Waits until it is like something else.
    pub(super) async fn changed(&mut self) {
        if self.state.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Takes the names back from everybody's caches, and ends. Takes a second or two at most; gives
    /// what is still to be waited for where the daemon does not come to it, because it reads
    /// datagrams as long as there are any.
    pub(super) async fn goodbye(self) -> Option<Ending> {
        for name in &self.names {
            // One withdraws the addresses that both share: either both, or none.
            if self.daemon.unregister(name).is_err() {
                break;
            }
        }
        sleep(GOODBYES).await;
        let mut ending = Ending(self.daemon.shutdown().ok()?);
        match timeout(END, ending.ended()).await {
            Ok(()) => None,
            Err(_) => Some(ending),
        }
    }
}

/// The end of a daemon, which is still to come.
pub(super) struct Ending(Receiver<DaemonStatus>);

impl Ending {
    /// Waits for it.
    pub(super) async fn ended(&mut self) {
        while let Ok(status) = self.0.recv_async().await {
            if status == DaemonStatus::Shutdown {
                break;
            }
        }
    }
}

fn configure(
    daemon: &ServiceDaemon,
    lan: &Lan,
    announced: &Announced,
    label: &str,
) -> Result<(Receiver<DaemonEvent>, Vec<String>), mdns_sd::Error> {
    let events = daemon.monitor()?;
    daemon.set_ip_check_interval(1)?;
    daemon.disable_interface(IfKind::All)?;
    // Only the addresses of now: the daemon would probe for one that comes later beside those that it
    // has announced, and take its own answers for another's.
    let (name, ips) = (lan.name.clone(), lan.ips().collect::<Vec<_>>());
    let is_chosen = move |one: &if_addrs::Interface| one.name == name && ips.contains(&one.ip());
    daemon.enable_interface(IfKind::Predicate(IfPredicate::new(is_chosen)))?;
    let names = announced.register(daemon, label)?;
    Ok((events, names))
}

/// Reads every event, since the channel holds a hundred and then drops.
async fn drain(
    events: Receiver<DaemonEvent>,
    daemon: ServiceDaemon,
    announced: Announced,
    state: watch::Sender<ResponderState>,
) {
    while let Ok(event) = events.recv_async().await {
        match event {
            DaemonEvent::NameChange(change) => {
                let host = |name: &str| name.strip_suffix(".local.").map(str::to_ascii_lowercase);
                let (Some(old), Some(new)) = (host(&change.original), host(&change.new_name)) else { continue };
                // A and AAAA are renamed one after the other; only the first is news.
                if state.borrow().label != old {
                    continue;
                }
                tracing::warn!(
                    from = old,
                    to = new,
                    interface = change.intf_name,
                    "the name is taken by another machine: renamed"
                );
                if let Err(error) = announced.register(&daemon, &new) {
                    tracing::warn!(%error, "the new name cannot be registered");
                }
                state.send_modify(|state| (state.label, state.is_announced) = (new, false));
            }
            DaemonEvent::Announce(..) => {
                state.send_if_modified(|state| !std::mem::replace(&mut state.is_announced, true));
            }
            DaemonEvent::Error(error) => tracing::debug!(%error, "multicast DNS"),
            _ => {}
        }
    }
}

/// Watches whether the daemon is there, and what it keeps: of others nothing, since it looks for nothing. One that hangs is
/// found by the self-check.
async fn watch_daemon(daemon: ServiceDaemon, state: watch::Sender<ResponderState>) {
    loop {
        sleep(POLL_INTERVAL).await;
        let Some(cached) = cached_records(&daemon).await else { break };
        state.send_if_modified(|state| std::mem::replace(&mut state.cached, cached) != cached);
    }
    state.send_modify(|state| state.fault = Some("it has ended"));
}

/// The records of others in a daemon's cache; `None` when the daemon has ended.
pub(super) async fn cached_records(daemon: &ServiceDaemon) -> Option<u64> {
    let metrics = daemon.get_metrics().ok()?.recv_async().await.ok()?;
    let counts = metrics.iter().filter(|(name, _)| name.starts_with("cached-")).map(|(_, count)| *count);
    Some(u64::try_from(counts.sum::<i64>()).unwrap_or(0))
}
