//! One thread with one single-threaded runtime a core.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::LocalOptions;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{self, Settings};
use super::dispatcher::{Dispatcher, Message};
use super::drain::Drain;
use super::sweeper::Sweeper;

/// All workers.
pub(super) struct Workers {
    dispatcher: Dispatcher,
    ends: Vec<oneshot::Receiver<()>>,
    drain: CancellationToken,
    abort: CancellationToken,
}

impl Workers {
    /// `most_connections` bounds what can wait for a worker.
    pub(super) fn start(settings: &Arc<Settings>, most_connections: usize) -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let drain = CancellationToken::new();
        let abort = CancellationToken::new();
        let mut inboxes = Vec::with_capacity(cores);
        let mut ends = Vec::with_capacity(cores);
        for index in 0..cores {
            // One place more for the ping, so that a full box does not look like a dead worker.
            let (messages, inbox) = mpsc::channel(most_connections + 1);
            let (ended, end) = oneshot::channel();
            let (settings, drain, abort) = (Arc::clone(settings), drain.clone(), abort.clone());
            let (built, is_built) = std::sync::mpsc::channel();
            thread::Builder::new().name(format!("http-{index}")).spawn(move || {
                // Without timers: see `Timers`.
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_io().build_local(LocalOptions::default());
                match runtime {
                    Ok(runtime) => {
                        let _ = built.send(Ok(()));
                        runtime.block_on(run(inbox, settings, drain, abort));
                    }
                    Err(error) => {
                        let _ = built.send(Err(error));
                    }
                }
                // The other side is gone only when nobody waits any more.
                let _ = ended.send(());
            })?;
            is_built.recv().map_err(io::Error::other)??;
            inboxes.push(messages);
            ends.push(end);
        }
        Ok(Self { dispatcher: Dispatcher::new(inboxes), ends, drain, abort })
    }

    pub(super) fn dispatcher(&self) -> &Dispatcher {
        &self.dispatcher
    }

    /// See `Server::drain`. A worker that does not even react to the cut is left behind.
    pub(super) async fn drain(mut self, grace: Duration, at_once: impl Future<Output = ()>) -> usize {
        self.drain.cancel();
        let all = async {
            for end in &mut self.ends {
                let _ = end.await;
            }
        };
        tokio::select! {
            () = all => return 0,
            () = tokio::time::sleep(grace) => {}
            () = at_once => {}
        }
        let left = self.dispatcher.load();
        self.abort.cancel();
        left
    }
}

async fn run(
    mut inbox: mpsc::Receiver<Message>,
    settings: Arc<Settings>,
    drain: CancellationToken,
    abort: CancellationToken,
) {
    let connections = TaskTracker::new();
    let draining = Rc::<Drain>::default();
    let sweeper = Rc::<Sweeper>::default();
    let sweeping = Rc::clone(&sweeper);
    tokio::task::spawn_local(settings.state.timers.lend(async move { sweeping.run().await }));
    loop {
        let message = tokio::select! {
            biased;
            message = inbox.recv() => message,
            () = drain.cancelled() => break,
        };
        match message {
            Some(Message::Connection(accepted, load)) => {
                let (settings, draining, sweeper) = (Arc::clone(&settings), Rc::clone(&draining), Rc::clone(&sweeper));
                connections.spawn_local(connection::serve(accepted, settings, draining, sweeper, load));
            }
            // The asker may have given up.
            Some(Message::Ping(pong)) => drop(pong.send(())),
            None => break,
        }
    }
    draining.begin();
    connections.close();
    tokio::select! {
        () = connections.wait() => {}
        () = abort.cancelled() => {}
    }
}
