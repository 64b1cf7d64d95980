//! Announces and answers, as long as the box stays as it is.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use super::device::{Device, MAX_AGE};
use super::search::Search;
use super::socket::{GROUP, PORT};
use crate::discovery::lan::Lan;
use crate::discovery::random::random;

/// Answers that wait for their time.
const MAX_PENDING: usize = 128;
/// The first announcements come in a row, since datagrams get lost.
const FIRST: [Duration; 3] = [Duration::ZERO, Duration::from_millis(300), Duration::from_secs(3)];
/// The next ones, well before the last has run out.
const NEXT: Duration = Duration::from_secs(MAX_AGE / 3);

/// Runs until it is stopped, and then sends goodbyes, or until the socket fails.
pub(super) async fn run(socket: UdpSocket, device: Device, lan: Lan, stop: CancellationToken) -> io::Result<()> {
    let group = SocketAddr::from((GROUP, PORT));
    let start = Instant::now();
    let mut first = FIRST.into_iter();
    let mut announce = start + first.next().unwrap_or_default();
    let mut pending: Vec<(Instant, SocketAddr, String)> = Vec::new();
    let mut budget = Budget::new(start);
    let mut buffer = [0; 1500];
    loop {
        let due = pending.iter().map(|(at, ..)| *at).min().unwrap_or(announce).min(announce);
        tokio::select! {
            () = stop.cancelled() => break,
            () = sleep_until(due) => {
                let now = Instant::now();
                for (_, peer, answer) in pending.extract_if(.., |(at, ..)| *at <= now) {
                    // A lost datagram is like one that was never sent.
                    let _ = socket.send_to(answer.as_bytes(), peer).await;
                }
                if announce <= now {
                    announce = first.next().map_or(now + NEXT, |after| start + after);
                    for notice in device.alive() {
                        let _ = socket.send_to(notice.as_bytes(), group).await;
                    }
                }
            }
            received = socket.recv_from(&mut buffer) => {
                let (length, from) = received?;
                if !is_neighbour(&lan, from) {
                    continue;
                }
                let Some(search) = buffer.get(..length).and_then(Search::parse) else { continue };
                let answers = device.answers(search.target);
                let now = Instant::now();
                if answers.is_empty() || !budget.take(now) {
                    continue;
                }
                for answer in answers {
                    if pending.len() < MAX_PENDING {
                        pending.push((now + part_of(search.within), from, answer));
                    }
                }
            }
        }
    }
    for notice in device.byebye() {
        let _ = socket.send_to(notice.as_bytes(), group).await;
    }
    Ok(())
}

fn is_neighbour(lan: &Lan, peer: SocketAddr) -> bool {
    peer.is_ipv4() && lan.is_neighbour(peer.ip())
}

/// A random part of a time.
fn part_of(time: Duration) -> Duration {
    let most = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
    Duration::from_millis(random() % most)
}
