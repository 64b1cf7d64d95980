//! What the console shows, from the rooms that know it.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::erp_status::ErpStatus;
use super::{machine, updates, words};
use crate::clock::{self, Clock};
use crate::console::{
    self, Build, Disk, Erp, ErpState, Fault, Https, Lan, ListenAddress, Name, Network, NetworkTrouble, ProcessInfo,
    Sources,
};
use crate::discovery::{self, State};
use crate::health::{self, Health};
use crate::http::{Listener, Scheme, Tls};
use crate::identity::BoxId;
use crate::lang::Text;
use crate::metrics::Metrics;
use crate::screens::Summary;
use crate::site::Current;

/// What is learnt while the box runs.
pub(super) struct StatusInputs {
    /// By discovery; `None` while it does not run.
    pub(super) lan: watch::Receiver<Option<State>>,
    pub(super) updates: updates::Running,
    pub(super) machine: machine::MachineState,
    pub(super) site: Arc<Current>,
    /// `None` when no ERP is configured.
    pub(super) erp: Box<dyn Fn() -> Option<Erp> + Send>,
    /// `None` where the pages carry no agent.
    pub(super) screens: Box<dyn Fn() -> Option<Arc<Summary>> + Send>,
}

/// Where the console gets its status from.
pub(super) fn sources(
    id: &BoxId,
    disk: impl Fn() -> Option<Disk> + Send + 'static,
    listeners: &[Listener],
    (health, metrics): (&Health, &Arc<Metrics>),
    tls: Option<Tls>,
    inputs: StatusInputs,
) -> Sources {
    let StatusInputs { lan, updates, machine, site, erp, screens } = inputs;
    let (clock, started) = (Clock::default(), Instant::now());
    let (probe, metrics, health) = (health.probe("clock"), Arc::clone(metrics), health.clone());
    let (of_erp, erp_probe) = (health.clone(), OnceCell::new());
    let process = ProcessInfo {
        id: id.as_str().to_owned(),
        version: crate::VERSION.to_owned(),
        build: Build {
            commit: env!("WORKSHOP_EDGE_COMMIT").to_owned(),
            target: env!("WORKSHOP_EDGE_TARGET").to_owned(),
        },
        started,
        listeners: listeners
            .iter()
            .map(|listener| ListenAddress { address: listener.address(), is_https: listener.scheme() == Scheme::Https })
            .collect(),
    };
    Sources {
        process,
        lan: Box::new(move || lan.borrow().as_ref().map_or_else(Lan::unannounced, on_the_network)),
        health: Box::new(move || of_health(&health.report())),
        clock: Box::new(move || {
            let reading = clock.now();
            metrics.clock_doubts(clock::Doubt::ALL.map(|doubt| (doubt.name(), reading.doubt == Some(doubt))));
            probe.degraded(reading.doubt.and_then(|doubt| clock_fault(doubt, started.elapsed())));
            (reading.time, reading.doubt.map(of_doubt))
        }),
        machine: Box::new(move || machine.load_full().map(|known| (*known).clone())),
        update: Box::new(move || updates::shown(&updates)),
        disk: Box::new(disk),
        site: Box::new(move || Some(super::site::status(&site.state()))),
        erp: Box::new(move || {
            let erp = erp();
            // A box without an ERP has no check of it.
            if erp.is_some() {
                erp_probe.get_or_init(|| of_erp.probe("erp"));
            }
            if let Some(probe) = erp_probe.get() {
                probe.degraded(erp.as_ref().and_then(erp_fault));
            }
            erp
        }),
        screens,
        https: Box::new(move || tls.as_ref().map(|tls| Https { certificate_sha256: pairs(&tls.fingerprint()) })),
    }
}

/// For so long a workshop is without internet, as at a weekend's beginning, before somebody should look after its clock.
const UNSYNCHRONISED: Duration = Duration::from_secs(24 * 3600);

/// What is wrong with the clock of a process that has run for so long.
fn clock_fault(doubt: clock::Doubt, running_for: Duration) -> Option<Text> {
    match doubt {
        clock::Doubt::BeforeBuild => Some(words::clock_wrong()),
        clock::Doubt::NotSynchronised => (running_for >= UNSYNCHRONISED).then(words::clock_unsynchronised),
        // The time may be right all the same, and nobody says that it is not.
        clock::Doubt::NoTimeService => None,
    }
}

/// What is wrong with the link to the ERP.
fn erp_fault(erp: &Erp) -> Option<Text> {
    (erp.state == ErpState::Away).then(|| erp.text.clone()).flatten()
}

/// What the console shows of the ERP, and the figures of its metrics.
pub(super) fn erp(
    erp: &Arc<super::erp::Erp>,
    metrics: &Arc<Metrics>,
    site: &Arc<Current>,
) -> Box<dyn Fn() -> Option<Erp> + Send> {
    let (erp, status) = (Arc::clone(erp), ErpStatus::new(Arc::clone(metrics), Arc::clone(site)));
    Box::new(move || erp.read(|reading| status.shown(reading, Instant::now())).flatten())
}

/// What is wrong with the network or with discovery, in both languages.
pub(super) fn fault(state: &State) -> Option<Text> {
    if let Some(trouble) = state.trouble.map(of_trouble) {
        return Some(trouble.words());
    }
    let name = name_of(state);
    words::discovery(state, of_discovery(&state.status).fault(&name.host()), name.renamed())
}

fn on_the_network(state: &State) -> Lan {
    let State {
        wanted: _,
        name: _,
        interface,
        addresses,
        ipv4,
        ipv6,
        trouble,
        status,
        ssdp: _,
        duplicate_id: _,
        cached_records: _,
        responders: _,
    } = state;
    Lan {
        name: Some(name_of(state)),
        network: Network {
            interface: interface.clone(),
            addresses: addresses.clone(),
            trouble: trouble.map(of_trouble),
        },
        best: ipv4.map(Into::into).into_iter().chain(ipv6.map(Into::into)).collect(),
        discovery: of_discovery(status),
    }
}

fn of_trouble(trouble: discovery::Trouble) -> NetworkTrouble {
    match trouble {
        discovery::Trouble::NoLink => NetworkTrouble::NoLink,
        discovery::Trouble::NoAddress => NetworkTrouble::NoAddress,
        discovery::Trouble::SelfAssigned(address) => NetworkTrouble::SelfAssigned { address },
        discovery::Trouble::NotServed => NetworkTrouble::NotServed,
    }
}

fn name_of(state: &State) -> Name {
    Name { wanted: state.wanted.clone(), current: state.name.clone() }
}

fn of_discovery(status: &discovery::Status) -> console::Discovery {
    match status {
        discovery::Status::Starting => console::Discovery::Starting,
        discovery::Status::NoNetwork => console::Discovery::NoNetwork,
        discovery::Status::Resolvable => console::Discovery::Resolvable,
        discovery::Status::Silent => console::Discovery::Silent,
        discovery::Status::Conflict(address) => console::Discovery::Conflict { address: *address },
        discovery::Status::Failed(reason) => console::Discovery::Failed { reason: reason.clone() },
    }
}

fn of_doubt(doubt: clock::Doubt) -> console::Doubt {
    match doubt {
        clock::Doubt::BeforeBuild => console::Doubt::BeforeBuild,
        clock::Doubt::NotSynchronised => console::Doubt::NotSynchronised,
        clock::Doubt::NoTimeService => console::Doubt::NoTimeService,
    }
}

fn of_health(report: &health::Report) -> console::Health {
    // Several things that are wrong with one part are lines of its reason: each is a fault of its own here.
    let faults = report.checks.iter().flat_map(|(check, state)| {
        let texts = state.reason.as_ref().map(Text::lines).unwrap_or_default();
        texts.into_iter().map(|text| Fault { check: (*check).to_owned(), status: state.status, text })
    });
    console::Health { status: report.status, faults: faults.collect() }
}

/// `A1:B2:…`, as browsers show fingerprints.
pub(super) fn pairs(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Level;
    use crate::lang::Texts;

    #[test]
    fn what_the_parts_report_has_words_in_both_languages() {
        let health = Health::default();
        health.probe("site").degraded(Some(Text::new("medio sitio", "half a site")));
        health.probe("certificate").degraded(None);
        let shown = of_health(&health.report());
        let text = Text::new("medio sitio", "half a site");
        let fault = Fault { check: "site".into(), status: Level::Degraded, text };
        assert_eq!(shown, console::Health { status: Level::Degraded, faults: vec![fault] });
    }

    #[test]
    fn a_clock_that_no_server_sets_is_a_fault_after_a_day_and_a_wrong_one_at_once() {
        let fault = |doubt, seconds| clock_fault(doubt, Duration::from_secs(seconds)).is_some();
        assert!(fault(clock::Doubt::BeforeBuild, 0));
        assert!(!fault(clock::Doubt::NotSynchronised, 86_399) && fault(clock::Doubt::NotSynchronised, 86_400));
        assert!(!fault(clock::Doubt::NoTimeService, u64::MAX));
    }

    #[test]
    fn several_faults_of_one_part_stand_by_themselves() {
        let health = Health::default();
        health.probe("machine").degraded(Some(Text::new("uno\ndos", "one\ntwo")));
        let shown = of_health(&health.report()).faults;
        let words: Vec<_> = shown.iter().map(|fault| (fault.text.es.as_str(), fault.text.en.as_str())).collect();
        assert_eq!(words, [("uno", "one"), ("dos", "two")]);
        health.probe("machine").degraded(Some(Text::new("uno\ndos", "one")));
        assert_eq!(of_health(&health.report()).faults.len(), 1);
    }

    #[test]
    fn only_a_link_that_brings_nothing_is_a_fault() {
        let text = Text::new("no contesta", "no answer");
        let erp = |state, text| Erp {
            state,
            since_s: 0,
            reason: None,
            text,
            account: None,
            oldest_s: None,
            viewers: 0,
            notices: Texts::default(),
        };
        assert_eq!(erp_fault(&erp(ErpState::Away, Some(text.clone()))), Some(text.clone()));
        for state in [ErpState::Starting, ErpState::Up, ErpState::Slow] {
            assert_eq!(erp_fault(&erp(state, Some(text.clone()))), None);
        }
    }

    #[test]
    fn a_fingerprint_is_written_as_browsers_do() {
        assert_eq!(pairs(&[0xa1, 0x0b]), "A1:0B");
    }
}
