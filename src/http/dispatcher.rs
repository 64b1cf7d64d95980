//! Connections on their way from the acceptors to the workers.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::limits::Permit;
use super::listener::Scheme;

/// A connection that has a place.
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) scheme: Scheme,
    pub(super) permit: Permit,
}

/// A message to a worker.
pub(super) enum Message {
    /// Serve it.
    Connection(Accepted, Load),
    /// Answer, to show that you still work.
    Ping(oneshot::Sender<()>),
}

/// One connection of a worker's; taken off its count when dropped.
pub(super) struct Load(Arc<AtomicUsize>);

impl Load {
    fn on(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A worker as the others see it.
struct Worker {
    messages: mpsc::Sender<Message>,
    load: Arc<AtomicUsize>,
}

/// Gives each connection to the worker that has the fewest.
#[derive(Clone)]
pub(super) struct Dispatcher {
    workers: Arc<[Worker]>,
}

impl Dispatcher {
    /// Of these workers' inboxes.
    pub(super) fn new(inboxes: Vec<mpsc::Sender<Message>>) -> Self {
        let workers = inboxes.into_iter().map(|messages| Worker { messages, load: Arc::default() });
        Self { workers: workers.collect() }
    }

    pub(super) fn dispatch(&self, accepted: Accepted) {
        let Some(worker) = self.workers.iter().min_by_key(|worker| worker.load.load(Ordering::Relaxed)) else { return };
        // An inbox has room for every connection that the limits admit. Where the worker has
        // ended, the connection is dropped, and so closed.
        let _ = worker.messages.try_send(Message::Connection(accepted, Load::on(&worker.load)));
    }

    /// Whether every worker answers; waits as long as the slowest takes.
    pub(super) async fn ping(&self) -> bool {
        for worker in &*self.workers {
            let (pong, answer) = oneshot::channel();
            if worker.messages.send(Message::Ping(pong)).await.is_err() || answer.await.is_err() {
                return false;
            }
        }
        true
    }

    /// Connections dealt and not ended.
    pub(super) fn load(&self) -> usize {
        self.workers.iter().map(|worker| worker.load.load(Ordering::Relaxed)).sum()
    }
}
