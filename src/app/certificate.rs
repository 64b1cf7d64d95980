//! HTTPS, when it is on, and its certificate: the box's own follows the names and addresses that people type, and of each it is said when
//! it ends.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio::sync::watch;

use super::{AppError, status, words};
use crate::admin::{Fingerprint, Secure};
use crate::clock::{self, Clock, Doubt};
use crate::discovery::State;
use crate::error_chain;
use crate::health::{Health, Probe};
use crate::http::{Listener, OwnCertificate, Scheme, SelfSigned, Tls, TlsError, TlsSettings};
use crate::lang::Text;
use crate::metrics::Metrics;

/// How often it is looked whether the certificate still serves: its end comes nearer, and the clock may be set.
const POLL_INTERVAL: Duration = Duration::from_secs(60);

/// HTTPS, and who looks after its certificate.
pub(super) fn start(
    tls: TlsSettings,
    data_dir: &Path,
    health: &Health,
    metrics: &Arc<Metrics>,
    names: &Names,
) -> Result<Option<(Tls, CertificateWatch)>, AppError> {
    let (tls, source, fault) = match tls {
        TlsSettings::Off => return Ok(None),
        TlsSettings::SelfSigned { names: certified } => {
            let settings = SelfSigned { directory: data_dir.join("tls"), names: certified, built: clock::built() };
            let (tls, certificate, kept) = Tls::self_signed(settings, &names.now(None)).map_err(AppError::Tls)?;
            (tls, Source::Own(certificate), not_kept(kept))
        }
        TlsSettings::Files(files) => {
            let (faults, fault) = watch::channel(None);
            let tls = Tls::files(files, move |fault| drop(faults.send_replace(fault))).map_err(AppError::Tls)?;
            (tls, Source::Files(fault), None)
        }
    };
    let (probe, metrics) = (health.probe("certificate"), Arc::clone(metrics));
    let mut watch = CertificateWatch { tls: tls.clone(), source, probe, metrics, said: None };
    watch.report(fault);
    Ok(Some((tls, watch)))
}

/// What people type.
pub(super) struct Names {
    base: BTreeSet<String>,
}

impl Names {
    /// The box's names of the configuration, and where it listens.
    pub(super) fn new(own_names: &[String], listeners: &[Listener]) -> Self {
        let here = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let bound = listeners.iter().map(|listener| listener.address().ip().to_canonical());
        let bound = bound.filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string());
        let names = own_names.iter().flat_map(|name| with_label(name));
        Self { base: here.into_iter().chain(bound).chain(names).collect() }
    }

    /// All of them, with what discovery knows. A link-local IPv6 address is useless in a browser.
    fn now(&self, state: Option<&State>) -> BTreeSet<String> {
        let mut names = self.base.clone();
        if let Some(state) = state {
            names.extend(with_label(&format!("{}.local", state.name)));
            let is_typed = |ip: &&IpAddr| !matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
            names.extend(state.addresses.iter().filter(is_typed).map(ToString::to_string));
        }
        names
    }
}

/// A name under `.local` covers its first label alone too, which Windows makes of it.
fn with_label(name: &str) -> impl Iterator<Item = String> {
    let label = name.strip_suffix(".local").map(str::to_owned);
    [name.to_owned()].into_iter().chain(label)
}

/// Looks after the certificate.
pub(super) struct CertificateWatch {
    tls: Tls,
    source: Source,
    probe: Probe,
    metrics: Arc<Metrics>,
    /// What the log has said last.
    said: Option<Text>,
}

/// Where it comes from.
enum Source {
    /// The box itself, which keeps it current.
    Own(OwnCertificate),
    /// Files, and what is wrong with the newest.
    Files(watch::Receiver<Option<String>>),
}

/// A certificate, what it is for, and who knows more of that.
pub(super) type CertificateInputs = (CertificateWatch, Names, watch::Receiver<Option<State>>);

/// Looks after it as long as the runtime lives.
pub(super) fn follow(followed: Option<CertificateInputs>) {
    if let Some((watch, names, lan)) = followed {
        tokio::task::spawn_local(watch.run(names, lan));
    }
}

fn not_kept(kept: Result<(), TlsError>) -> Option<Text> {
    kept.err().map(|error| words::own_certificate_not_kept(error_chain(&error)))
}

impl CertificateWatch {
    /// Whether it is the box's own.
    fn is_own(&self) -> bool {
        matches!(self.source, Source::Own(_))
    }

    fn report(&mut self, fault: Option<Text>) {
        let validity = self.tls.validity();
        self.metrics.certificate_expiry(validity.map(|validity| unix_seconds(validity.not_after)));
        let clock = Clock::default().now();
        let ending = validity.filter(|_| clock.doubt != Some(Doubt::BeforeBuild)).and_then(|validity| {
            let at = Timestamp::try_from(validity.not_after).ok()?;
            Some(words::certificate_ending(validity.ending(clock.time)?, at, self.is_own()))
        });
        let faults: Vec<_> = fault.into_iter().chain(ending).collect();
        let text = (!faults.is_empty()).then(|| Text::join(faults, "\n"));
        if let Some(text) = text.as_ref().filter(|text| self.said.as_ref() != Some(text)) {
            tracing::warn!(reason = text.en, "the certificate needs somebody");
        }
        self.probe.degraded(text.clone());
        self.said = text;
    }

    async fn run(mut self, names: Names, mut lan: watch::Receiver<Option<State>>) {
        loop {
            match self.source {
                Source::Own(mut certificate) => {
                    let wanted = names.now(lan.borrow_and_update().as_ref());
                    let followed = tokio::task::spawn_blocking(move || {
                        let followed = certificate.follow(&wanted);
                        (certificate, followed)
                    });
                    let Ok((certificate, followed)) = followed.await else { return };
                    self.source = Source::Own(certificate);
                    self.report(not_kept(followed));
                    changed(&mut lan).await;
                }
                Source::Files(mut fault) => {
                    let words = fault.borrow_and_update().clone().map(words::new_certificate_unusable);
                    self.source = Source::Files(fault.clone());
                    self.report(words);
                    changed(&mut fault).await;
                }
            }
        }
    }
}

/// Waits for what is new, or until it is time to look again.
async fn changed<T>(news: &mut watch::Receiver<T>) {
    let end = async {
        if news.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let _ = tokio::time::timeout(POLL_INTERVAL, end).await;
}

fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Where those who are not on the machine itself may go for the administration.
pub(super) fn secure(
    listeners: &[Listener],
    tls: Option<&Tls>,
    watch: Option<&(CertificateWatch, Names)>,
    is_image: bool,
) -> Secure {
    let is_own = watch.is_some_and(|(watch, _)| watch.is_own());
    let port = |scheme| {
        listeners.iter().find(|listener| listener.scheme() == scheme).map(|listener| listener.address().port())
    };
    match (tls, port(Scheme::Https), is_image) {
        (Some(tls), Some(port), _) => {
            let tls = tls.clone();
            let fingerprint: Fingerprint = Arc::new(move || status::pairs(&tls.fingerprint()));
            Secure::Https { port, own: is_own.then_some(fingerprint) }
        }
        (_, _, true) => Secure::Image,
        _ => Secure::MachineOnly { port: port(Scheme::Http).unwrap_or(80) },
    }
}
