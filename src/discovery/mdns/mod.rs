//! A multicast DNS responder (RFC 6762) for the few names of one box.
//!
//! ```text
//! sockets ──datagrams──> engine ──datagrams──> sockets
//!    time ─────────────────┘└──> life: label, announced, twin
//! ```
//!
//! It keeps nothing of what others announce, so that nobody can fill its memory, and it answers those who cannot hear
//! the group: by unicast, where a question asks for it or comes from another port.

mod answer;
mod engine;
mod message;
mod records;
mod rename;
mod sockets;
mod twin;

use std::io;
use std::net::IpAddr;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant, sleep, sleep_until};

use super::lan::Lan;
use engine::Engine;
pub(super) use message::{A, AAAA, Message, Name, Question};
pub(super) use records::{Announced, Service};
use sockets::{MAX_MESSAGE, Received, Sockets};

/// Between the two goodbyes, since datagrams get lost.
const GOODBYES: Duration = Duration::from_millis(100);
/// Orders that wait; each is taken within milliseconds.
const MAX_ORDERS: usize = 4;

/// What a responder is like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Life {
    /// The label that it has now.
    pub(super) label: String,
    /// Whether it has announced that label.
    pub(super) is_announced: bool,
    /// Where another box with the same id is.
    pub(super) twin: Option<IpAddr>,
    /// Why it has ended.
    pub(super) fault: Option<String>,
}

enum Order {
    /// Other addresses, and what is served there.
    Follow(Lan, Vec<IpAddr>, Vec<Service>),
    /// The end.
    Farewell,
}

/// A running responder.
pub(super) struct Responder {
    orders: mpsc::Sender<Order>,
    life: watch::Receiver<Life>,
    task: JoinHandle<()>,
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Responder {
    /// Announces a box that wants to be `<wanted>.local` on one interface of a machine with these addresses of its own.
    pub(super) fn start(wanted: &str, announced: Announced, lan: &Lan, own: &[IpAddr]) -> io::Result<Self> {
        let sockets = Sockets::open(lan)?;
        let (orders, taken) = mpsc::channel(MAX_ORDERS);
        let (sender, life) = watch::channel(Life { label: announced.label.clone(), ..Life::default() });
        let engine = Engine::new(wanted, announced, own.to_vec(), Instant::now());
        let task = tokio::task::spawn_local(async move {
            if let Err(error) = run(engine, sockets, taken, &sender).await {
                sender.send_modify(|life| life.fault = Some(error.to_string()));
            }
        });
        Ok(Self { orders, life, task })
    }

    /// What it is like.
    pub(super) fn life(&self) -> Life {
        self.life.borrow().clone()
    }

    /// Waits until it is like something else.
    pub(super) async fn changed(&mut self) {
        if self.life.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Announces the addresses that the interface has now.
    pub(super) async fn follow(&self, lan: &Lan, own: &[IpAddr], services: Vec<Service>) {
        // One that has ended says so in its life.
        let _ = self.orders.send(Order::Follow(lan.clone(), own.to_vec(), services)).await;
    }

    /// Takes the names back from everybody's caches, and ends.
    pub(super) async fn goodbye(mut self) {
        if self.orders.send(Order::Farewell).await.is_ok() {
            let _ = (&mut self.task).await;
        }
    }
}

/// Ends when it is told to, or when a socket fails.
async fn run(
    mut engine: Engine,
    mut sockets: Sockets,
    mut orders: mpsc::Receiver<Order>,
    life: &watch::Sender<Life>,
) -> io::Result<()> {
    let mut buffer = vec![0; MAX_MESSAGE];
    loop {
        let due = engine.next();
        let sent = tokio::select! {
            received = sockets.receive(&mut buffer) => {
                let Received { length, from, is_direct } = received?;
                let datagram = buffer.get(..length).unwrap_or_default();
                engine.handle(datagram, from, is_direct, Instant::now())
            }
            () = sleep_until(due) => engine.poll(Instant::now()),
            order = orders.recv() => match order {
                Some(Order::Follow(lan, own, services)) => {
                    let sent = engine.follow(lan.ips().collect(), services, own, Instant::now());
                    sockets = Sockets::open(&lan)?;
                    sent
                }
                Some(Order::Farewell) | None => break,
            },
        };
        for out in &sent {
            sockets.send(out).await;
        }
        life.send_if_modified(|life| {
            let now = Life {
                label: engine.label().to_owned(),
                is_announced: engine.is_announced(),
                twin: engine.twin(),
                fault: None,
            };
            let is_news = *life != now;
            *life = now;
            is_news
        });
    }
    if let Some(out) = engine.farewell() {
        sockets.send(&out).await;
        sleep(GOODBYES).await;
        sockets.send(&out).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
