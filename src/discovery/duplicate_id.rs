//! Another box with the same id: both were started from copies of one disk.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::lan::Lan;
use super::question::{addresses_of_box, ask_for_boxes};
use super::random::random;
use super::self_check::{MAX, WINDOW, open};

/// Between two questions for the other boxes. Where one has been found, every self-check asks, so that both soon know that
/// it has an id of its own.
const EVERY: Duration = Duration::from_secs(30);
/// Questions in a row without an answer after which it is gone; one may be lost.
const GONE: u32 = 2;

pub(super) struct DuplicateIdDetector {
    id: String,
    address: Option<IpAddr>,
    missed: u32,
    next: Instant,
}

impl DuplicateIdDetector {
    pub(super) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), address: None, missed: 0, next: Instant::now() }
    }

    /// Where it is.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// On another network, there are others.
    pub(super) fn forget(&mut self) {
        *self = Self::new(&self.id);
    }

    /// Asks for it on the chosen interface of a machine with these addresses of its own, if that is due.
    pub(super) async fn poll(&mut self, lan: &Lan, own: &[IpAddr]) {
        if Instant::now() < self.next {
            return;
        }
        match ask(lan, own, &self.id).await {
            Ok(Some(address)) => (self.address, self.missed) = (Some(address), 0),
            Ok(None) => {
                self.missed += 1;
                if self.missed >= GONE {
                    self.address = None;
                }
            }
            // Whether the box can ask at all, the self-check says.
            Err(error) => tracing::debug!(%error, "cannot query for other boxes"),
        }
        self.next = Instant::now() + if self.address.is_some() { Duration::ZERO } else { EVERY };
    }
}

async fn ask(lan: &Lan, own: &[IpAddr], box_id: &str) -> io::Result<Option<IpAddr>> {
    let id = u16::try_from(random() & 0xffff).unwrap_or(1);
    let (socket, group) = open(lan)?;
    socket.send_to(&ask_for_boxes(id), group).await?;
    let end = Instant::now() + WINDOW;
    let mut buffer = [0; 1500];
    for _ in 0..MAX {
        let Ok(received) = timeout_at(end, socket.recv_from(&mut buffer)).await else { break };
        let (length, from) = received?;
        let Some(found) = buffer.get(..length).and_then(|message| addresses_of_box(message, id, box_id)) else {
            continue;
        };
        // A repeater may bring back what we have said ourselves.
        if own.contains(&from.ip()) || found.iter().any(|address| own.contains(address)) {
            continue;
        }
        return Ok(Some(found.first().copied().unwrap_or(from.ip())));
    }
    Ok(None)
}
