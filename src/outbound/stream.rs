//! The content of an answer, as it comes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout};

use super::connection::{Connection, KeptConnection};
use super::{Limits, OutboundError};

/// The content of a web server's answer.
pub(crate) struct Stream {
    content: Incoming,
    /// `None` after the end.
    connection: Option<Connection>,
    /// Where the connection goes at the end, and whose it is.
    kept: (Arc<KeptConnection>, Arc<str>),
    pace: Pace,
    deadline: Option<(Instant, Duration)>,
    place: String,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Stream {
    /// Of the answer that came on this connection, which goes to its place at the end.
    pub(super) fn new(
        content: Incoming,
        connection: Connection,
        kept: (Arc<KeptConnection>, Arc<str>),
        limits: &Limits,
        place: String,
    ) -> Self {
        Self { content, connection: Some(connection), kept, pace: Pace::new(limits), deadline: None, place }
    }

    /// It has to end within this time.
    pub(crate) fn until(&mut self, after: Duration) {
        self.deadline = Some((Instant::now() + after, after));
    }

    /// What it is, for messages.
    #[must_use]
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// The next piece; `None` at the end. It is an error when the server ends before it said it would, or sends too
    /// little for too long.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, OutboundError> {
        loop {
            let Some(connection) = &mut self.connection else {
                return Ok(None);
            };
            let began = Instant::now();
            let mut patience = self.pace.left();
            if let Some((deadline, after)) = self.deadline {
                patience = patience.min(deadline.saturating_duration_since(began));
                if patience.is_zero() {
                    return Err(OutboundError::Late { place: self.place.clone(), operation: "come whole", after });
                }
            }
            let frame = timeout(patience, connection.drive(self.content.frame())).await;
            let piece = match frame {
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
                Ok(Some(Err(source))) => {
                    self.connection = None;
                    return Err(OutboundError::Broken { place: self.place.clone(), source });
                }
                Ok(None) => {
                    if let Some(mut connection) = self.connection.take() {
                        // The connection sees the end of the answer, and whether the server closes it then.
                        if timeout(Duration::from_millis(100), connection.ready()).await == Ok(true) {
                            let (kept, origin) = &self.kept;
                            kept.put(connection, Arc::clone(origin));
                        }
                    }
                    return Ok(None);
                }
                Err(_) => Bytes::new(),
            };
            if let Err(bytes) = self.pace.count(began.elapsed(), piece.len() as u64) {
                self.connection = None;
                return Err(OutboundError::Slow { place: self.place.clone(), bytes, window: self.pace.window });
            }
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }
}

/// Bytes per window of waiting: who takes them slowly does not make them slow.
#[derive(Debug)]
struct Pace {
    window: Duration,
    least: u64,
    waited: Duration,
    bytes: u64,
}

impl Pace {
    fn new(limits: &Limits) -> Self {
        Self { window: limits.window, least: limits.least, waited: Duration::ZERO, bytes: 0 }
    }

    /// Time that is left of the window.
    fn left(&self) -> Duration {
        self.window.saturating_sub(self.waited)
    }

    /// Counts a wait and what it brought. The bytes of the window when they were too few.
    fn count(&mut self, waited: Duration, bytes: u64) -> Result<(), u64> {
        self.waited += waited;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.waited >= self.window {
            if self.bytes < self.least {
                return Err(self.bytes);
            }
            (self.waited, self.bytes) = (Duration::ZERO, 0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_with_too_few_bytes_is_too_slow() {
        let second = Duration::from_secs(1);
        let mut pace = Pace { window: 10 * second, least: 100, waited: Duration::ZERO, bytes: 0 };
        for _ in 0..100 {
            assert_eq!(pace.count(second, 10), Ok(()));
        }
        // Without waiting nothing is slow.
        for _ in 0..100 {
            assert_eq!(pace.count(Duration::ZERO, 0), Ok(()));
        }
        for _ in 0..9 {
            assert_eq!(pace.count(second, 11), Ok(()));
        }
        assert_eq!(pace.left(), second);
        assert_eq!(pace.count(second, 0), Err(99));
    }
}
