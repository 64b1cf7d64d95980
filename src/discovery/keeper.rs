//! The loop that keeps the box findable: watches the network, asks for its own name, and starts
//! a fresh responder when something is not as it should be.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::lan::Lan;
use super::last_name::LastName;
use super::random::random;
use super::responder::{Responder, Services};
use super::self_check::check;
use super::state::{State, Status};
use super::{Settings, ssdp};

/// Between two looks at the interfaces.
const TICK: Duration = Duration::from_secs(1);
/// Between two self-checks.
const CHECK: Duration = Duration::from_secs(5);
/// From a fresh responder, or a new address, to the first self-check: probing takes 0.8 to 1 s,
/// and addresses are followed within 2 s.
const SETTLE: Duration = Duration::from_secs(2);
/// The most that is waited before a foreign answer is believed.
const DOUBT_MS: u64 = 2500;
/// The wanted name is tried again when nobody has answered for it for so long: by then all
/// caches have forgotten it (RFC 6762 section 10 gives address records 120 s).
const RECLAIM: Duration = Duration::from_secs(120);
/// Records in the responder's cache, which has no bound of its own.
const MOST_CACHED: u64 = 20_000;
const FIRST_BACK_OFF: Duration = Duration::from_secs(2);
const LAST_BACK_OFF: Duration = Duration::from_secs(300);

pub(super) struct Keeper {
    settings: Settings,
    services: Services,
    uuid: String,
    last_name: LastName,
    state: watch::Sender<State>,
    description: watch::Sender<Bytes>,
    lan: Option<Lan>,
    responder: Option<Responder>,
    ssdp: Option<(CancellationToken, tokio::task::JoinHandle<()>)>,
    label: String,
    next_check: Instant,
    silent: bool,
    /// Since when nobody answers for the wanted name.
    free_since: Option<Instant>,
    back_off: Duration,
    not_before: Instant,
}

impl Keeper {
    pub(super) fn new(settings: Settings, state: watch::Sender<State>, description: watch::Sender<Bytes>) -> Self {
        let last_name = LastName::load(&settings.data_dir);
        let label = last_name.of(&settings.name).unwrap_or(&settings.name).to_owned();
        let services = Services {
            instance: instance(&settings.name, &settings.id),
            id: settings.id.clone(),
            http: settings.http,
            https: settings.https,
        };
        let now = Instant::now();
        Self {
            uuid: uuid(&settings.id),
            services,
            last_name,
            state,
            description,
            lan: None,
            responder: None,
            ssdp: None,
            label,
            next_check: now,
            silent: false,
            free_since: None,
            back_off: FIRST_BACK_OFF,
            not_before: now,
            settings,
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let renamed = async {
                match &mut self.responder {
                    Some(responder) => responder.renamed().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = renamed => {}
                _ = ticks.tick() => {}
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.look() => {}
            }
        }
        self.quit().await;
    }

    fn publish(&self, status: Option<Status>) {
        self.state.send_if_modified(|state| {
            let before = state.clone();
            state.name.clone_from(&self.label);
            state.interface = self.lan.as_ref().map(|lan| lan.name.clone());
            state.addresses = self.lan.iter().flat_map(Lan::ips).collect();
            state.ipv4 = self.lan.as_ref().and_then(Lan::ipv4);
            state.ipv6 = self.lan.as_ref().and_then(Lan::ipv6);
            if let Some(status) = status {
                state.status = status;
            }
            *state != before
        });
    }

    /// One look at everything.
    async fn look(&mut self) {
        let found = match Lan::find(self.settings.interface.as_deref()) {
            Ok(found) => found,
            Err(error) => return self.publish(Some(Status::Failed(format!("the interfaces cannot be read: {error}")))),
        };
        let device = |lan: &Option<Lan>| lan.as_ref().map(|lan| (lan.name.clone(), lan.index));
        if device(&found) != device(&self.lan) {
            tracing::info!(interface = found.as_ref().map(|lan| lan.name.as_str()), "network");
            self.quit().await;
            self.lan = found;
            self.not_before = Instant::now();
            self.free_since = None;
        } else if found != self.lan {
            self.stop_ssdp().await;
            self.lan = found;
            self.next_check = Instant::now() + SETTLE;
        }
        let Some(lan) = self.lan.clone() else { return self.publish(Some(Status::NoNetwork)) };
        if let Some(responder) = &self.responder {
            let label = responder.label();
            if label != self.label {
                self.label = label;
                self.stop_ssdp().await;
            }
        } else if Instant::now() >= self.not_before {
            self.start(&lan);
        }
        self.start_ssdp(&lan);
        self.publish(None);
        if self.responder.is_some() && Instant::now() >= self.next_check {
            self.next_check = Instant::now() + CHECK;
            self.check(&lan).await;
        }
    }

    fn start(&mut self, lan: &Lan) {
        self.state.send_modify(|state| state.daemons += 1);
        match Responder::start(&self.services, &lan.name, &self.label) {
            Ok(responder) => self.responder = Some(responder),
            Err(error) => {
                self.delay();
                self.publish(Some(Status::Failed(format!("multicast DNS cannot start: {error}"))));
            }
        }
        self.next_check = Instant::now() + SETTLE;
        self.silent = false;
    }

    fn delay(&mut self) {
        self.not_before = Instant::now() + self.back_off;
        self.back_off = (self.back_off * 2).min(LAST_BACK_OFF);
    }

    /// Ends this responder; the next look starts another, after the back-off.
    async fn fresh(&mut self, reason: &str) {
        tracing::warn!(name = self.label, reason, "starting a fresh responder");
        if let Some(responder) = self.responder.take() {
            responder.goodbye().await;
        }
        self.delay();
    }

    async fn check(&mut self, lan: &Lan) {
        let cached = match &self.responder {
            Some(responder) => responder.cached().await,
            None => return,
        };
        match cached {
            Some(count) => {
                self.state.send_if_modified(|state| std::mem::replace(&mut state.cached_records, count) != count);
                if count > MOST_CACHED {
                    return self.fresh("too many cached records").await;
                }
            }
            None => return self.fresh("the responder does not answer").await,
        }
        // An address that is still being checked for duplicates cannot be bound: next time then.
        let Ok(answered) = check(lan, &self.label).await else { return };
        if let Some(foreign) = answered.foreign {
            return self.conflict(lan, foreign).await;
        }
        if !answered.ours {
            self.publish(Some(Status::Silent));
            if std::mem::replace(&mut self.silent, true) {
                self.fresh("silence").await;
            } else {
                self.next_check = Instant::now() + TICK;
            }
            return;
        }
        self.silent = false;
        self.back_off = FIRST_BACK_OFF;
        let changed = self.state.borrow().status != Status::Resolvable;
        self.publish(Some(Status::Resolvable));
        if changed {
            tracing::info!(name = format!("{}.local", self.label), interface = lan.name, "found by name");
        }
        self.last_name.keep(&self.settings.name, &self.label);
        self.reclaim(lan).await;
    }

    async fn conflict(&mut self, lan: &Lan, foreign: IpAddr) {
        self.publish(Some(Status::Conflict(foreign)));
        // So that of two boxes only one gives way.
        sleep(Duration::from_millis(random() % DOUBT_MS)).await;
        if check(lan, &self.label).await.is_ok_and(|again| again.foreign.is_some()) {
            self.fresh("another answers for the name").await;
        }
    }

    /// Tries the wanted name again once it has been free for long.
    async fn reclaim(&mut self, lan: &Lan) {
        if self.label == self.settings.name {
            return;
        }
        let Ok(answered) = check(lan, &self.settings.name).await else { return };
        if answered.ours || answered.foreign.is_some() {
            self.free_since = None;
        } else if self.free_since.get_or_insert_with(Instant::now).elapsed() >= RECLAIM {
            self.free_since = None;
            self.fresh("the wanted name is free").await;
            self.label.clone_from(&self.settings.name);
        }
    }

    fn start_ssdp(&mut self, lan: &Lan) {
        let (None, Some(port), Some(ip)) = (&self.ssdp, self.settings.http, lan.ipv4()) else { return };
        let device = ssdp::Device { uuid: self.uuid.clone(), name: self.label.clone(), ip, port };
        self.description.send_replace(device.description());
        let stop = CancellationToken::new();
        let (lan, token) = (lan.clone(), stop.clone());
        let task = tokio::task::spawn_local(async move {
            if let Err(error) = ssdp::run(lan, device, token).await {
                tracing::warn!(%error, "SSDP is not answered until the network changes");
            }
        });
        self.ssdp = Some((stop, task));
    }

    async fn stop_ssdp(&mut self) {
        if let Some((stop, task)) = self.ssdp.take() {
            stop.cancel();
            // Sends three datagrams; whatever happens to them is past mending.
            let _ = timeout(TICK, task).await;
        }
        self.description.send_replace(Bytes::new());
    }

    async fn quit(&mut self) {
        self.stop_ssdp().await;
        if let Some(responder) = self.responder.take() {
            responder.goodbye().await;
        }
    }
}

/// The instance name: lower case, because mdns-sd loses the second announcement of others, and
/// hardly ever another's.
fn instance(wanted: &str, id: &str) -> String {
    // A label has at most 63 octets (RFC 6763 section 4.1.1).
    format!("{} {}", wanted.get(..58).unwrap_or(wanted), id.get(..4).unwrap_or_default())
}

/// A UUID of version 8 (RFC 9562 section 5.8) for SSDP.
fn uuid(id: &str) -> String {
    let part = |range| id.get(range).unwrap_or_default();
    format!("{}-{}-8edb-8edb-00000000{}", part(0..8), part(8..12), part(12..16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_gives_the_names() {
        let id = "0123456789abcdef";
        assert_eq!(instance("taller", id), "taller 0123");
        assert_eq!(instance(&"a".repeat(63), id).len(), 63);
        assert_eq!(uuid(id), "01234567-89ab-8edb-8edb-00000000cdef");
    }
}
