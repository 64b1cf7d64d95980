//! The task's beginning: what it is at is known from the start, but nothing is done before the trial is over.

use std::pin::pin;

use tokio::sync::{mpsc, watch};

use super::past::{Entries, Past};
use super::running::own_version;
use super::work::Work;
use super::{Asked, Settings, Switch};
use crate::update::order::Standing;
use crate::update::places::Places;
use crate::update::state::{Phase, State};
use crate::update::words;

/// The task, before its work begins.
pub(super) struct Task {
    pub(super) settings: Settings,
    pub(super) places: Places,
    pub(super) switch: Switch,
    pub(super) state: watch::Sender<State>,
    pub(super) standing: Standing,
    pub(super) past: Past,
}

impl Task {
    pub(super) fn new(
        settings: Settings,
        places: Places,
        switch: Switch,
    ) -> (Self, watch::Receiver<State>, watch::Receiver<Entries>) {
        let (past, history) = Past::new(&places.update);
        let standing = Standing::open(&places.update);
        let (state, known) = watch::channel(State {
            channel: settings.channel.clone(),
            running: own_version(),
            slot: settings.host.slot_name(),
            phase: Phase::OnTrial,
            desired: None,
            checked: None,
            decision: None,
            order: standing.order().clone(),
            previous: None,
            quarantined: Vec::new(),
            os: None,
            fault: None,
        });
        (Self { settings, places, switch, state, standing, past }, known, history)
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
