//! Requests that could not be sent, in memory, until they go to the disk together.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::request::Request;

/// Between two files: what is lost with the power is so much at most, and flash is written to so often.
pub(super) const FLUSH: Duration = Duration::from_secs(15 * 60);

/// The requests, oldest first.
#[derive(Debug)]
pub(super) struct Held {
    requests: VecDeque<Request>,
    /// Bytes of all of them at most.
    max_bytes: usize,
    /// When the first of them came.
    since: Option<Instant>,
}

impl Held {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { requests: VecDeque::new(), max_bytes, since: None }
    }

    /// Holds one more; gives the figures or spans of those that had to go for it.
    pub(super) fn push(&mut self, request: Request, now: Instant) -> u64 {
        self.since.get_or_insert(now);
        self.requests.push_back(request);
        let mut dropped = 0;
        while self.bytes() > self.max_bytes
            && let Some(oldest) = self.requests.pop_front()
        {
            dropped += oldest.items;
        }
        dropped
    }

    /// Whether it is time to write them.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        !self.requests.is_empty() && self.since.is_some_and(|since| now.saturating_duration_since(since) >= FLUSH)
    }

    /// All of them as one request; `None` where there are none.
    pub(super) fn merged(&self) -> Option<Request> {
        let mut all = self.requests.iter();
        let mut merged = all.next()?.clone();
        all.for_each(|request| merged.append(request));
        Some(merged)
    }

    /// They are sent, or on the disk.
    pub(super) fn clear(&mut self) {
        self.requests.clear();
        self.since = None;
    }

    fn bytes(&self) -> usize {
        self.requests.iter().map(|request| request.body.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(items: u64, bytes: usize) -> Request {
        Request { items, body: vec![b'x'; bytes] }
    }

    #[test]
    fn they_are_written_together_a_while_after_the_first() {
        let (mut held, now) = (Held::new(100), Instant::now());
        assert!(held.merged().is_none() && !held.is_due(now + FLUSH));
        assert_eq!(held.push(request(1, 10), now), 0);
        assert_eq!(held.push(request(2, 20), now + FLUSH / 2), 0);
        assert!(!held.is_due(now + FLUSH / 2) && held.is_due(now + FLUSH));
        assert_eq!(held.merged(), Some(request(3, 30)));
        held.clear();
        assert!(held.merged().is_none() && !held.is_due(now + FLUSH));
        held.push(request(1, 1), now + FLUSH);
        assert!(!held.is_due(now + FLUSH));
    }

    #[test]
    fn they_are_bounded_and_the_oldest_go() {
        let (mut held, now) = (Held::new(100), Instant::now());
        let dropped = [60, 40, 1, 100, 101].map(|bytes| held.push(request(bytes as u64, bytes), now));
        assert_eq!(dropped, [0, 0, 60, 40 + 1, 100 + 101]);
        assert!(held.merged().is_none());
    }
}
