//! The handle to the running engine.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::driver::{self, Parts};
use super::history_store::{Entries, HistoryStore};
use super::request::{Request, send};
use super::running::own_version;
use super::settings::{Settings, Switch};
use crate::lang::Text;
use crate::outbound::TrafficReading;
use crate::update::command::{Command, Reply, Report};
use crate::update::order::OverrideStore;
use crate::update::paths::UpdatePaths;
use crate::update::state::{Phase, State};
use crate::update::transport::Transport;
use crate::update::votes::ScreenVotes;
use crate::update::words;

/// Requests that may wait to be looked at.
const MAX_REQUESTS: usize = 4;

/// The running updates.
#[derive(Clone)]
pub struct Updates {
    requests: mpsc::Sender<Request>,
    state: watch::Receiver<State>,
    history: watch::Receiver<Entries>,
    bucket: Transport,
    max_change: Duration,
}

impl Updates {
    /// Starts them; to be called inside a `LocalRuntime`. They begin when the trial is over, which is at once where the
    /// running binary is not on trial; until then its state has what the screens say of it.
    pub fn start(
        settings: Settings,
        switch: Switch,
        (trial, votes): (impl Future<Output = ()> + 'static, watch::Receiver<Option<ScreenVotes>>),
    ) -> Self {
        let (requests, incoming) = mpsc::channel(MAX_REQUESTS);
        let max_change = settings.max_change;
        let paths = UpdatePaths::of(&settings.data_dir);
        let bucket = settings.bucket.clone();
        let (history, entries) = HistoryStore::new(&paths.update);
        let overrides = OverrideStore::open(&paths.update);
        let (state, known) = watch::channel(State {
            channel: settings.channel.clone(),
            running: own_version(),
            slot: settings.host.slot_name(),
            phase: Phase::OnTrial,
            desired: None,
            checked: None,
            expires: BTreeMap::new(),
            decision: None,
            order: overrides.order().clone(),
            previous: None,
            quarantined: Vec::new(),
            os: None,
            votes: None,
            fault: None,
        });
        let parts = Parts { settings, paths, switch, state, overrides, history };
        tokio::task::spawn_local(run(parts, incoming, trial, votes));
        Self { requests, state: known, history: entries, bucket, max_change }
    }

    /// Their state.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Their state and history: from memory.
    #[must_use]
    pub(crate) fn report(&self) -> Report {
        Report {
            state: self.state.borrow().clone(),
            history: self.history.borrow().to_vec(),
            max_change_s: self.max_change.as_secs(),
        }
    }

    /// What was sent to the bucket and received from it.
    #[must_use]
    pub(crate) fn traffic(&self) -> TrafficReading {
        self.bucket.traffic().read()
    }

    /// Carries out what a person wants, or gives the reason why it cannot be done: sentences.
    pub(crate) async fn request(&self, command: Command) -> Result<Reply, Text> {
        let (sender, reply) = oneshot::channel();
        self.requests.try_send(Request { command, senders: vec![sender] }).map_err(|_| words::busy())?;
        reply.await.map_err(|_| words::busy())?
    }
}

/// The history is shown from the start; nothing else is done before the trial is over.
async fn run(
    parts: Parts,
    mut requests: mpsc::Receiver<Request>,
    trial: impl Future<Output = ()>,
    mut votes: watch::Receiver<Option<ScreenVotes>>,
) {
    {
        let (mut trial, mut loading) = (pin!(trial), pin!(parts.history.load()));
        let mut is_loaded = false;
        loop {
            tokio::select! {
                // First of all: a request that comes with its end is taken.
                biased;
                () = &mut trial => break,
                () = &mut loading, if !is_loaded => is_loaded = true,
                Ok(()) = votes.changed() => show_votes(&parts, &mut votes),
                Some(Request { senders, .. }) = requests.recv() => send(senders, &Err(words::on_trial())),
            }
        }
        if !is_loaded {
            loading.await;
        }
    }
    // The last of them came with the end.
    show_votes(&parts, &mut votes);
    driver::run(parts, requests).await;
}

fn show_votes(parts: &Parts, votes: &mut watch::Receiver<Option<ScreenVotes>>) {
    let now = votes.borrow_and_update().clone();
    parts.state.send_modify(|state| state.votes = now);
}
