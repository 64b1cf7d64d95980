//! The loop that keeps the box findable: watches the network, asks for its own name, and starts
//! a fresh responder when something is not as it should be.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::back_off::BackOff;
use super::duplicate_id::DuplicateIdDetector;
use super::lan::{Lan, Network};
use super::last_name::LastName;
use super::random::random;
use super::reach::Reach;
use super::reclaim::Reclaim;
use super::responder::{Ending, Responder, Services};
use super::self_check::check;
use super::ssdp::Ssdp;
use super::state::{State, Status};
use super::{Instance, Settings, names};

/// Between two looks at the interfaces.
const TICK: Duration = Duration::from_secs(1);
/// Between two self-checks.
const CHECK: Duration = Duration::from_secs(5);
/// From a fresh responder, or a new address, to a self-check without an announcement: probing takes
/// 0.8 to 1 s, and addresses are followed within 2 s.
const SETTLE: Duration = Duration::from_secs(3);
/// The most that is waited before a foreign answer is believed.
const DOUBT_MS: u64 = 2500;
/// Self-checks in a row that could not be sent before that is worth a word; a single one is not,
/// since an address that is still being checked for duplicates cannot be used.
const UNSENT: u32 = 3;

pub(super) struct Keeper {
    settings: Settings,
    services: Services,
    last_name: LastName,
    state: watch::Sender<State>,
    network: Network,
    responder: Option<Responder>,
    /// A former responder that does not come to its end.
    ending: Option<Ending>,
    ssdp: Ssdp,
    duplicate_id: DuplicateIdDetector,
    label: String,
    next_look: Instant,
    next_check: Instant,
    /// What the last self-check left to be confirmed by the next.
    suspicion: Option<Suspicion>,
    unsent: u32,
    /// Whether the name waits for its announcement, to be checked right then.
    is_unconfirmed: bool,
    reclaim: Reclaim,
    back_off: BackOff,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Suspicion {
    Silence,
    Conflict,
}

impl Keeper {
    pub(super) fn new(
        settings: Settings,
        instance: &Instance,
        state: watch::Sender<State>,
        description: watch::Sender<Bytes>,
    ) -> Self {
        let last_name = LastName::load(&instance.data_dir);
        let label = last_name.of(&settings.name).unwrap_or(&settings.name).to_owned();
        let services = Services {
            instance: names::instance(&settings.name, &instance.id),
            id: instance.id.clone(),
            http: Reach::new(&instance.http),
            https: Reach::new(&instance.https),
        };
        let now = Instant::now();
        Self {
            ssdp: Ssdp::new(names::uuid(&instance.id), description),
            duplicate_id: DuplicateIdDetector::new(&instance.id),
            services,
            last_name,
            state,
            network: Network::default(),
            responder: None,
            ending: None,
            label,
            next_look: now,
            next_check: now,
            suspicion: None,
            unsent: 0,
            is_unconfirmed: true,
            reclaim: Reclaim::new(settings.reclaim_after),
            back_off: BackOff::new(now),
            settings,
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.due() => {}
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.step() => {}
            }
        }
        self.quit().await;
    }

    /// Waits until there is something to do.
    async fn due(&mut self) {
        let mut at = self.next_look;
        if self.responder.is_some() {
            at = at.min(self.next_check);
        } else if self.ending.is_none() && self.network.lan.is_some() {
            at = at.min(self.back_off.not_before());
        }
        let changed = async {
            match (&mut self.responder, &mut self.ending) {
                (Some(responder), _) => responder.changed().await,
                (None, Some(ending)) => {
                    ending.ended().await;
                    self.ending = None;
                }
                (None, None) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = changed => {}
            () = sleep_until(at) => {}
        }
    }

    /// Does what is due.
    async fn step(&mut self) {
        if Instant::now() >= self.next_look {
            self.next_look = Instant::now() + TICK;
            self.poll_interfaces().await;
        }
        let Some(lan) = self.network.lan.clone() else { return };
        match &self.responder {
            Some(_) => self.follow().await,
            None if self.ending.is_none() && Instant::now() >= self.back_off.not_before() => self.start(&lan),
            None => {}
        }
        self.ssdp.keep(&lan, &self.label, &self.services.http).await;
        self.publish(None);
        if self.responder.is_some() && Instant::now() >= self.next_check {
            self.next_check = Instant::now() + CHECK;
            self.check(&lan).await;
        }
    }

    fn publish(&self, status: Option<Status>) {
        self.state.send_if_modified(|state| {
            let before = state.clone();
            let lan = self.network.lan.as_ref();
            state.name.clone_from(&self.label);
            state.interface = lan.map(|lan| lan.name.clone());
            state.addresses = lan.into_iter().flat_map(Lan::ips).collect();
            state.ipv4 = lan.and_then(Lan::ipv4).filter(|ip| !ip.is_link_local());
            state.ipv6 = lan.and_then(Lan::ipv6);
            state.trouble = self.network.trouble;
            state.ssdp = self.ssdp.fault();
            state.duplicate_id = self.duplicate_id.address();
            if let Some(responder) = &self.responder {
                state.cached_records = responder.state().cached;
            }
            if let Some(status) = status {
                state.status = status;
            }
            *state != before
        });
    }

    /// One look at the interfaces.
    async fn poll_interfaces(&mut self) {
        let reach = [&self.services.http, &self.services.https];
        let network = match Network::read(self.settings.interface.as_deref(), &reach) {
            Ok(network) => network,
            Err(error) => return self.publish(Some(Status::Failed(format!("the interfaces cannot be read: {error}")))),
        };
        let device = |network: &Network| network.lan.as_ref().map(|lan| (lan.name.clone(), lan.index));
        if device(&network) != device(&self.network) {
            tracing::info!(interface = network.lan.as_ref().map(|lan| lan.name.as_str()), "network");
            self.quit().await;
            self.reclaim.forget();
            self.duplicate_id.forget();
            self.network = network;
            // Another network, another chance.
            self.back_off = BackOff::new(Instant::now());
            self.publish(Some(Status::Starting));
        } else if network.lan != self.network.lan {
            let had: Vec<IpAddr> = self.network.lan.iter().flat_map(Lan::ips).collect();
            let has_more = network.lan.iter().flat_map(Lan::ips).any(|ip| !had.contains(&ip));
            self.network = network;
            self.check_in(SETTLE);
            if has_more && let Some(responder) = self.responder.take() {
                tracing::info!(name = self.label, "announcing another address");
                self.ending = responder.goodbye().await;
            }
        } else {
            self.network = network;
        }
        if self.network.lan.is_none() {
            self.publish(Some(Status::NoNetwork));
        }
    }

    fn check_in(&mut self, time: Duration) {
        self.next_check = Instant::now() + time;
        self.suspicion = None;
    }

    fn start(&mut self, lan: &Lan) {
        self.state.send_modify(|state| state.responders += 1);
        match Responder::start(&self.services, lan, &self.label) {
            Ok(responder) => self.responder = Some(responder),
            Err(error) => {
                self.back_off.ended(Instant::now());
                self.publish(Some(Status::Failed(format!("multicast DNS cannot start: {error}"))));
            }
        }
        self.is_unconfirmed = true;
        self.check_in(SETTLE);
    }

    /// Does what the responder's state asks for.
    async fn follow(&mut self) {
        let Some(responder) = &self.responder else { return };
        let now = responder.state();
        if let Some(fault) = now.fault {
            return self.fresh(fault).await;
        }
        if now.label != self.label {
            self.label = now.label;
            self.is_unconfirmed = true;
            self.check_in(SETTLE);
            self.publish(Some(Status::Starting));
        }
        if now.is_announced && std::mem::take(&mut self.is_unconfirmed) {
            self.check_in(Duration::ZERO);
        }
    }

    /// Ends this responder; another is started after the back-off.
    async fn fresh(&mut self, reason: &str) {
        tracing::warn!(name = self.label, reason, "starting a fresh responder");
        if let Some(responder) = self.responder.take() {
            self.ending = responder.goodbye().await;
        }
        if self.ending.is_some() {
            self.publish(Some(Status::Failed(format!("multicast DNS: {reason}"))));
        }
        self.back_off.ended(Instant::now());
    }

    async fn check(&mut self, lan: &Lan) {
        let answered = match check(lan, &self.network.own, &self.label).await {
            Ok(answered) => answered,
            Err(error) => {
                self.unsent += 1;
                self.next_check = Instant::now() + TICK;
                if self.unsent >= UNSENT {
                    self.publish(Some(Status::Failed(format!("the box cannot ask for its own name: {error}"))));
                }
                return;
            }
        };
        self.unsent = 0;
        let suspicion = match answered.foreign {
            Some(foreign) => {
                self.publish(Some(Status::Conflict(foreign)));
                Some(Suspicion::Conflict)
            }
            None if !answered.ours => {
                self.publish(Some(Status::Silent));
                Some(Suspicion::Silence)
            }
            None => None,
        };
        let is_confirmed = suspicion == self.suspicion;
        self.suspicion = suspicion;
        match suspicion {
            None => self.found(lan).await,
            Some(Suspicion::Conflict) if is_confirmed => self.fresh("another answers for the name").await,
            // So that of two boxes only one gives way.
            Some(Suspicion::Conflict) => self.next_check = Instant::now() + Duration::from_millis(random() % DOUBT_MS),
            Some(Suspicion::Silence) if is_confirmed => self.fresh("silence").await,
            Some(Suspicion::Silence) => self.next_check = Instant::now() + TICK,
        }
    }

    /// The name leads here, and nowhere else.
    async fn found(&mut self, lan: &Lan) {
        let changed = self.state.borrow().status != Status::Resolvable;
        self.publish(Some(Status::Resolvable));
        if changed {
            tracing::info!(name = format!("{}.local", self.label), interface = lan.name, "found by name");
        }
        self.last_name.keep(&self.settings.name, &self.label);
        self.duplicate_id.poll(lan, &self.network.own).await;
        self.publish(None);
        if self.label == self.settings.name {
            return;
        }
        let Ok(answered) = check(lan, &self.network.own, &self.settings.name).await else { return };
        let is_free = !answered.ours && answered.foreign.is_none();
        if self.reclaim.is_due(is_free, Instant::now()) {
            self.fresh("the wanted name is free").await;
            self.label.clone_from(&self.settings.name);
            self.publish(Some(Status::Starting));
        }
    }

    async fn quit(&mut self) {
        self.ssdp.stop().await;
        if let Some(responder) = self.responder.take() {
            self.ending = responder.goodbye().await;
        }
    }
}
