//! One thread with one single-threaded runtime a core.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime::LocalOptions;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accept::Accepted;
use super::connection::{self, Settings};
use super::drain::Drain;

/// All workers.
pub(super) struct Workers {
    dealer: Dealer,
    ends: Vec<oneshot::Receiver<()>>,
    drain: CancellationToken,
    abort: CancellationToken,
}

/// Gives each connection to the worker that has the fewest.
#[derive(Clone)]
pub(super) struct Dealer {
    workers: Arc<[Worker]>,
}

struct Worker {
    messages: mpsc::Sender<Message>,
    /// Connections dealt to it and not yet ended.
    load: Arc<AtomicUsize>,
}

enum Message {
    Connection(Accepted),
    Ping(oneshot::Sender<()>),
}

impl Workers {
    /// `most_connections` bounds what can wait for a worker.
    pub(super) fn start(settings: &Arc<Settings>, most_connections: usize) -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let drain = CancellationToken::new();
        let abort = CancellationToken::new();
        let mut workers = Vec::with_capacity(cores);
        let mut ends = Vec::with_capacity(cores);
        for index in 0..cores {
            // One place more for the ping, so that a full house is no dead worker.
            let (messages, inbox) = mpsc::channel(most_connections + 1);
            let (ended, end) = oneshot::channel();
            let load = Arc::<AtomicUsize>::default();
            let (settings, dealt, drain, abort) =
                (Arc::clone(settings), Arc::clone(&load), drain.clone(), abort.clone());
            let (built, is_built) = std::sync::mpsc::channel();
            thread::Builder::new().name(format!("http-{index}")).spawn(move || {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
                match runtime {
                    Ok(runtime) => {
                        let _ = built.send(Ok(()));
                        runtime.block_on(run(inbox, settings, dealt, drain, abort));
                    }
                    Err(error) => {
                        let _ = built.send(Err(error));
                    }
                }
                // The other side is gone only when nobody waits any more.
                let _ = ended.send(());
            })?;
            is_built.recv().map_err(io::Error::other)??;
            workers.push(Worker { messages, load });
            ends.push(end);
        }
        Ok(Self { dealer: Dealer { workers: workers.into() }, ends, drain, abort })
    }

    pub(super) fn dealer(&self) -> Dealer {
        self.dealer.clone()
    }

    pub(super) async fn ping(&self) -> bool {
        for worker in &*self.dealer.workers {
            let (pong, answer) = oneshot::channel();
            if worker.messages.send(Message::Ping(pong)).await.is_err() || answer.await.is_err() {
                return false;
            }
        }
        true
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
        let left = self.dealer.workers.iter().map(|worker| worker.load.load(Ordering::Relaxed)).sum();
        self.abort.cancel();
        left
    }
}

impl Dealer {
    pub(super) fn deal(&self, accepted: Accepted) {
        let Some(worker) = self.workers.iter().min_by_key(|worker| worker.load.load(Ordering::Relaxed)) else { return };
        worker.load.fetch_add(1, Ordering::Relaxed);
        // The channel has a place for every connection that the limits let in; a worker that
        // has ended drops it, and with it closes the connection.
        if worker.messages.try_send(Message::Connection(accepted)).is_err() {
            worker.load.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

async fn run(
    mut inbox: mpsc::Receiver<Message>,
    settings: Arc<Settings>,
    load: Arc<AtomicUsize>,
    drain: CancellationToken,
    abort: CancellationToken,
) {
    let connections = TaskTracker::new();
    let draining = Rc::<Drain>::default();
    loop {
        let message = tokio::select! {
            biased;
            message = inbox.recv() => message,
            () = drain.cancelled() => break,
        };
        match message {
            Some(Message::Connection(accepted)) => {
                let load = Load(Arc::clone(&load));
                connections.spawn_local(connection::serve(accepted, Arc::clone(&settings), Rc::clone(&draining), load));
            }
            // Whoever asked may have given up.
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

/// Takes a connection off the worker's load when it ends, however it ends.
pub(super) struct Load(Arc<AtomicUsize>);

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
