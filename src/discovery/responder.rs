//! One life of the multicast DNS daemon: what it registers, and the name that it ends up with.
//!
//! mdns-sd probes and renames by itself (RFC 6762 sections 8 and 9), but keeps naming the old
//! host in its SRV answers, so the services are registered again under the new name at once.

use std::time::Duration;

use mdns_sd::{DaemonEvent, DaemonStatus, IfKind, Receiver, ServiceDaemon, ServiceInfo};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// Between the first goodbye and the end: the daemon says it twice, 120 ms apart.
const GOODBYES: Duration = Duration::from_millis(160);
/// For a command's answer; the daemon's loop takes microseconds unless it hangs.
const COMMAND: Duration = Duration::from_millis(500);

/// What is announced.
#[derive(Debug, Clone)]
pub(super) struct Services {
    /// The instance's name, in lower case.
    pub(super) instance: String,
    /// The box's id, for the TXT record.
    pub(super) id: String,
    /// The port of HTTP.
    pub(super) http: Option<u16>,
    /// The port of HTTPS.
    pub(super) https: Option<u16>,
}

impl Services {
    fn register(&self, daemon: &ServiceDaemon, label: &str) -> Result<Vec<String>, mdns_sd::Error> {
        let kinds = [("_workshop-edge._sub._http._tcp.local.", self.http), ("_https._tcp.local.", self.https)];
        let txt = [("path", "/"), ("version", env!("CARGO_PKG_VERSION")), ("id", &self.id)];
        let mut names = Vec::new();
        for (kind, port) in kinds {
            let Some(port) = port else { continue };
            let host = format!("{label}.local.");
            let info = ServiceInfo::new(kind, &self.instance, &host, "", port, &txt[..])?.enable_addr_auto();
            names.push(info.get_fullname().to_owned());
            daemon.register(info)?;
        }
        Ok(names)
    }
}

/// A running daemon.
pub(super) struct Responder {
    daemon: ServiceDaemon,
    names: Vec<String>,
    host: watch::Receiver<String>,
    drain: tokio::task::JoinHandle<()>,
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.drain.abort();
        // Without it, the daemon's thread would stay. Already gone is just as well.
        let _ = self.daemon.shutdown();
    }
}

impl Responder {
    /// Announces `<label>.local` on one interface.
    pub(super) fn start(services: &Services, interface: &str, label: &str) -> Result<Self, mdns_sd::Error> {
        let daemon = ServiceDaemon::new()?;
        let started = Self::configure(&daemon, services, interface, label);
        let (events, names) = match started {
            Ok(started) => started,
            Err(error) => {
                let _ = daemon.shutdown();
                return Err(error);
            }
        };
        let (renamed, host) = watch::channel(label.to_owned());
        let drain = tokio::task::spawn_local(drain(events, daemon.clone(), services.clone(), renamed));
        Ok(Self { daemon, names, host, drain })
    }

    fn configure(
        daemon: &ServiceDaemon,
        services: &Services,
        interface: &str,
        label: &str,
    ) -> Result<(Receiver<DaemonEvent>, Vec<String>), mdns_sd::Error> {
        let events = daemon.monitor()?;
        daemon.set_ip_check_interval(1)?;
        daemon.disable_interface(IfKind::All)?;
        daemon.enable_interface(IfKind::Name(interface.to_owned()))?;
        let names = services.register(daemon, label)?;
        Ok((events, names))
    }

    /// The label that it has now.
    pub(super) fn label(&self) -> String {
        self.host.borrow().clone()
    }

    /// Waits for another label; never, when the daemon has ended.
    pub(super) async fn renamed(&mut self) {
        if self.host.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Records in its cache; `None` when it does not answer.
    pub(super) async fn cached(&self) -> Option<u64> {
        let metrics = self.daemon.get_metrics().ok()?;
        let metrics = timeout(COMMAND, metrics.recv_async()).await.ok()?.ok()?;
        let count = |(name, count): (&String, &i64)| name.starts_with("cached-").then_some(*count);
        u64::try_from(metrics.iter().filter_map(count).sum::<i64>()).ok()
    }

    /// Takes the names back from everybody's caches, and ends. Takes at most about a second.
    pub(super) async fn goodbye(self) {
        for name in &self.names {
            if self.daemon.unregister(name).is_err() {
                return;
            }
        }
        sleep(GOODBYES).await;
        if let Ok(status) = self.daemon.shutdown() {
            while let Ok(Ok(status)) = timeout(COMMAND, status.recv_async()).await {
                if status == DaemonStatus::Shutdown {
                    break;
                }
            }
        }
    }
}

/// Reads every event, since the channel holds a hundred and then drops.
async fn drain(events: Receiver<DaemonEvent>, daemon: ServiceDaemon, services: Services, label: watch::Sender<String>) {
    while let Ok(event) = events.recv_async().await {
        match event {
            DaemonEvent::NameChange(change) => {
                let host = |name: &str| name.strip_suffix(".local.").map(str::to_ascii_lowercase);
                let (Some(old), Some(new)) = (host(&change.original), host(&change.new_name)) else { continue };
                // A and AAAA are renamed one after the other; only the first is news.
                if *label.borrow() != old {
                    continue;
                }
                tracing::warn!(from = old, to = new, interface = change.intf_name, "the name is another's: renamed");
                if let Err(error) = services.register(&daemon, &new) {
                    tracing::warn!(%error, "the new name cannot be registered");
                }
                label.send_replace(new);
            }
            DaemonEvent::Error(error) => tracing::debug!(%error, "multicast DNS"),
            _ => {}
        }
    }
}
