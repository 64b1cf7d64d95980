//! The task's beginning: what it is at is known from the start, but nothing is done before the trial is over.

use std::pin::pin;

use tokio::sync::{mpsc, watch};

use super::past::{Entries, Past};
use super::running::own_version;
use super::work::Work;
use super::{Asked, Settings, Switch};
use crate::update::order::OverrideStore;
use crate::update::paths::UpdatePaths;
use crate::update::state::{Phase, State};
use crate::update::words;

/// The task, before its work begins.
pub(super) struct Task {
    pub(super) settings: Settings,
    pub(super) paths: UpdatePaths,
    pub(super) switch: Switch,
    pub(super) state: watch::Sender<State>,
    pub(super) overrides: OverrideStore,
    pub(super) past: Past,
}

impl Task {
    pub(super) fn new(
        settings: Settings,
        paths: UpdatePaths,
        switch: Switch,
    ) -> (Self, watch::Receiver<State>, watch::Receiver<Entries>) {
        let (past, history) = Past::new(&paths.update);
        let overrides = OverrideStore::open(&paths.update);
        let (state, known) = watch::channel(State {
            channel: settings.channel.clone(),
            running: own_version(),
            slot: settings.host.slot_name(),
            phase: Phase::OnTrial,
            desired: None,
            checked: None,
            decision: None,
            order: overrides.order().clone(),
            previous: None,
            quarantined: Vec::new(),
            os: None,
            fault: None,
        });
        (Self { settings, paths, switch, state, overrides, past }, known, history)
    }

    /// Begins when the trial is over, and ends with the process.
    pub(super) async fn run(self, mut asked: mpsc::Receiver<Asked>, trial: impl Future<Output = ()>) {
        {
            let (mut trial, mut loading) = (pin!(trial), pin!(self.past.load()));
            let mut is_loaded = false;
            loop {
                tokio::select! {
                    // First of all: an order that comes with its end is taken.
                    biased;
                    () = &mut trial => break,
                    () = &mut loading, if !is_loaded => is_loaded = true,
                    Some(Asked { askers, .. }) = asked.recv() => {
                        for asker in askers {
                            // Whoever asked may have gone.
                            let _ = asker.send(Err(words::on_trial()));
                        }
                    }
                }
            }
            if !is_loaded {
                loading.await;
            }
        }
        Work::begin(self).await.go_on(asked).await;
    }
}
