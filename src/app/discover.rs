//! Discovery at work: what it learns goes to health, metrics and the names of the box.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::words;
use crate::discovery::{self, Discovery, State};
use crate::health::Probe;
use crate::http::Names;
use crate::metrics::{Discovered, Metrics};

/// Who is told what discovery learns.
pub(super) struct DiscoveryObservers {
    pub(super) probe: Probe,
    /// Of the box's id.
    pub(super) identity: Probe,
    pub(super) metrics: Arc<Metrics>,
    pub(super) names: Arc<Names>,
    /// The names that the box has in any case.
    pub(super) own_names: Vec<String>,
    /// For the console.
    pub(super) lan: watch::Sender<Option<State>>,
}

impl DiscoveryObservers {
    fn tell(&self, state: &State) {
        self.probe.degraded(super::status::fault(state));
        self.identity.degraded(state.twin.map(words::twin));
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

/// Starts discovery. Without it the box serves on.
pub(super) fn start(
    settings: discovery::Settings,
    describe: watch::Sender<Bytes>,
    observers: DiscoveryObservers,
) -> Option<Discovery> {
    let discovery = match Discovery::start(settings, describe) {
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
            observers.tell(&state);
            if states.changed().await.is_err() {
                break;
            }
        }
    });
    Some(discovery)
}
