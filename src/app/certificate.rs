//! HTTPS, when it is on, and the box's own certificate, which follows the names and addresses that people type.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{AppError, status, words};
use crate::admin::{Fingerprint, Secure};
use crate::clock;
use crate::discovery::State;
use crate::error_chain;
use crate::health::{Health, Probe};
use crate::http::{Listener, OwnCertificate, Scheme, SelfSigned, Tls, TlsError, TlsSettings};

/// How often it is looked whether the certificate still serves: its end comes nearer, and the clock may be set.
const POLL_INTERVAL: Duration = Duration::from_secs(60);

/// HTTPS, and who keeps the box's own certificate current, where it is that.
pub(super) fn start(
    tls: TlsSettings,
    data_dir: &Path,
    health: &Health,
    names: &Names,
) -> Result<(Option<Tls>, Option<CertificateRenewal>), AppError> {
    let probe = || health.probe("certificate");
    match tls {
        TlsSettings::Off => Ok((None, None)),
        TlsSettings::SelfSigned { names: certified } => {
            let settings = SelfSigned { directory: data_dir.join("tls"), names: certified, built: clock::built() };
            let (tls, certificate, kept) = Tls::self_signed(settings, &names.now(None)).map_err(AppError::Tls)?;
            let follower = CertificateRenewal { certificate, probe: probe() };
            follower.report(kept);
            Ok((Some(tls), Some(follower)))
        }
        TlsSettings::Files(files) => {
            let probe = probe();
            let tls = Tls::files(files, move |fault| {
                probe.degraded(fault.map(words::new_certificate_unusable));
            });
            Ok((Some(tls.map_err(AppError::Tls)?), None))
        }
    }
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

/// Keeps the box's own certificate current.
pub(super) struct CertificateRenewal {
    certificate: OwnCertificate,
    probe: Probe,
}

/// A certificate, what it is for, and who knows more of that.
pub(super) type RenewalInputs = (CertificateRenewal, Names, watch::Receiver<Option<State>>);

/// Keeps it current as long as the runtime lives.
pub(super) fn follow(followed: Option<RenewalInputs>) {
    if let Some((follower, names, lan)) = followed {
        tokio::task::spawn_local(follower.run(names, lan));
    }
}

impl CertificateRenewal {
    fn report(&self, result: Result<(), TlsError>) {
        self.probe.degraded(result.err().map(|error| {
            let chain = error_chain(&error);
            tracing::warn!(error = %chain, "the box's certificate is used, but not kept");
            words::own_certificate_not_kept(chain)
        }));
    }

    async fn run(mut self, names: Names, mut lan: watch::Receiver<Option<State>>) {
        loop {
            let wanted = names.now(lan.borrow_and_update().as_ref());
            let Self { mut certificate, probe } = self;
            let followed = tokio::task::spawn_blocking(move || {
                let followed = certificate.follow(&wanted);
                (certificate, followed)
            });
            let Ok((certificate, followed)) = followed.await else { return };
            self = Self { certificate, probe };
            self.report(followed);
            tokio::select! {
                changed = lan.changed() => {
                    if changed.is_err() {
                        tokio::time::sleep(POLL_INTERVAL).await;
                    }
                }
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }
}

/// Where those who are not on the machine itself may go for the administration; `own` when the certificate is the
/// box's.
pub(super) fn secure(listeners: &[Listener], tls: Option<&Tls>, own: bool, is_image: bool) -> Secure {
    let port = |scheme| {
        listeners.iter().find(|listener| listener.scheme() == scheme).map(|listener| listener.address().port())
    };
    match (tls, port(Scheme::Https), is_image) {
        (Some(tls), Some(port), _) => {
            let tls = tls.clone();
            let fingerprint: Fingerprint = Arc::new(move || status::pairs(&tls.fingerprint()));
            Secure::Https { port, own: own.then_some(fingerprint) }
        }
        (_, _, true) => Secure::Image,
        _ => Secure::MachineOnly { port: port(Scheme::Http).unwrap_or(80) },
    }
}
