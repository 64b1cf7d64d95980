//! Discovery at work: what it learns goes to health, metrics and the names of the box.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::words;
use crate::discovery::{self, Discovery, Instance, State};
use crate::health::{Health, Probe};
use crate::http::{Listener, Names, Scheme};
use crate::identity::BoxId;
use crate::metrics::{Discovered, Metrics};

/// The subscribers to the state of discovery.
pub(super) struct DiscoveryObservers {
    probe: Probe,
    /// Of the box's id.
    identity: Probe,
    metrics: Arc<Metrics>,
    names: Arc<Names>,
    /// The names that the box has in any case.
    own_names: Vec<String>,
    /// For the console.
    lan: watch::Sender<Option<State>>,
}

impl DiscoveryObservers {
    pub(super) fn new(
        health: &Health,
        metrics: &Arc<Metrics>,
        names: &Arc<Names>,
        own_names: Vec<String>,
        lan: watch::Sender<Option<State>>,
    ) -> Self {
        Self {
            probe: health.probe("discovery"),
            identity: health.probe("identity"),
            metrics: Arc::clone(metrics),
            names: Arc::clone(names),
            own_names,
            lan,
        }
    }

    fn publish(&self, state: &State) {
        self.probe.degraded(super::status::fault(state));
        self.identity.degraded(state.duplicate_id.map(words::duplicate_id));
        self.lan.send_replace(Some(state.clone()));
        let host = format!("{}.local", state.name);
        self.metrics.discovered(&Discovered {
            name: host.clone(),
            interface: state.interface.clone().unwrap_or_default(),
            is_resolvable: state.status == discovery::Status::Resolvable,
            cached_records: state.cached_records,
            responders: state.responders,
        });
        self.names.replace(self.own_names.iter().map(String::as_str).chain([host.as_str()]));
    }
}

/// What discovery announces; nothing when only this machine can reach the box.
pub(super) fn instance(
    settings: &discovery::Settings,
    data_dir: &Path,
    id: &BoxId,
    listeners: &[Listener],
) -> Option<Instance> {
    let reachable = |scheme| {
        let addresses = listeners.iter().filter(|listener| listener.scheme() == scheme).map(Listener::address);
        addresses.filter(|address| !address.ip().to_canonical().is_loopback()).collect::<Vec<_>>()
    };
    let (http, https) = (reachable(Scheme::Http), reachable(Scheme::Https));
    let is_on = settings.enabled && !(http.is_empty() && https.is_empty());
    is_on.then(|| Instance { data_dir: data_dir.to_owned(), id: id.as_str().to_owned(), http, https })
}

/// Starts discovery. Without it the box serves on.
pub(super) fn start(
    settings: discovery::Settings,
    instance: Instance,
    describe: watch::Sender<Bytes>,
    observers: DiscoveryObservers,
) -> Option<Discovery> {
    let discovery = match Discovery::start(settings, instance, describe) {
        Ok(discovery) => discovery,
        Err(error) => {
            tracing::error!(%error, "discovery cannot start: the box is found by address only");
            let fault = words::discovery_not_started(&error.to_string());
            observers.probe.degraded(Some(fault));
            return None;
        }
    };
    let mut states = discovery.state();
    tokio::task::spawn_local(async move {
        loop {
            let state = states.borrow_and_update().clone();
            observers.publish(&state);
            if states.changed().await.is_err() {
                break;
            }
        }
    });
    Some(discovery)
}
