//! How long each part of an exchange with a peer may take. Each has one owner, here; what follows from it is derived here.
//!
//! | part | bound |
//! |---|---|
//! | TLS handshake | `limits.tls_handshake_s` |
//! | head, and the first one of a connection | `limits.header_timeout_s` |
//! | body, after its head | as long as a head |
//! | answer under way | none of its own: each handler bounds its work, of which [`DISK_READ`] is the slowest |
//! | a write of which the peer takes nothing | `limits.write_stall_s` |
//! | what the box asks of itself on trial | [`SELF_CHECK`] |
//! | between requests | `limits.keep_alive_idle_s`; without buffers after [`REST_AFTER`] |
//! | a request that waits for what is newer | [`LIVE_POLL`], then it gets an answer without |
//! | silence of a stream of events | half of that, [`MAX_HEARTBEAT`] at most |
//! | the peer's kernel, behind a stream of events | [`PEER_LOST`] |
//! | a request on its way, when the place is needed or the box stops | [`FIRST_REQUEST`], [`FIRST_REQUEST_GRACE`] |

use std::time::Duration;

use super::Limits;

/// How long a peer may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    pub(super) handshake: Duration,
    /// From a head's first byte to its end.
    pub(super) head: Duration,
    /// Between requests.
    pub(super) idle: Duration,
    /// Without the peer taking a byte of an answer that is being written.
    pub(super) write_stall: Duration,
}

impl Timeouts {
    pub(super) fn of(limits: &Limits) -> Self {
        Self {
            handshake: limits.tls_handshake,
            head: limits.header_timeout,
            idle: limits.keep_alive_idle,
            write_stall: limits.write_stall,
        }
    }

    /// For a body to arrive after its head.
    pub(super) fn body(&self) -> Duration {
        self.head
    }

    /// How long a stream of events may say nothing: proxies, and this server on the other side, close what is idle.
    pub(super) fn heartbeat(&self) -> Duration {
        MAX_HEARTBEAT.min(self.idle / 2)
    }
}

const MAX_HEARTBEAT: Duration = Duration::from_secs(15);

/// After this long between requests, a connection gives its buffers back. Displays ask every few seconds, so most
/// connections of a workshop rest most of the time.
pub(super) const REST_AFTER: Duration = Duration::from_secs(1);

/// How often a worker looks for what is due on its connections. Nothing is due sooner than that after it is set, so all of
/// it is found in time; but a connection may rest as much later.
pub(super) const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// How long a request may be on its way before the connection is taken for one that brings none, when its place is needed.
pub(super) const FIRST_REQUEST: Duration = Duration::from_secs(2);

/// How long a stopping box still waits for the request of a peer that has connected. A connection is accepted before its
/// first byte is there, and closing it then would lose a request in every restart; but a browser also connects in
/// advance and says nothing, and nobody is served before the last such connection has ended.
pub(super) const FIRST_REQUEST_GRACE: Duration = Duration::from_secs(1);

/// How long answers announce that they are their connection's last, before a process hands its listeners over: as long as
/// connected clients are given for a request.
pub(super) const ANNOUNCE_CLOSE: Duration = FIRST_REQUEST_GRACE;

/// For one piece of a file, the wait for its turn included; a disk that has to spin up takes ten seconds.
pub(super) const DISK_READ: Duration = Duration::from_secs(30);

/// How long the kernel of a peer that follows a stream may acknowledge nothing. Then it is off, or its cable is out: until that is
/// known, it looks like a page that hangs. It is asked for a sign of life as often as [`ASK_PEER`]; but what is sent before it is
/// given up has its own time to be acknowledged, so that this passes twice at most.
pub(super) const PEER_LOST: Duration = Duration::from_secs(10);
pub(super) const ASK_PEER: Duration = Duration::from_secs(5);

/// How long a request for what is newer on the live channel waits; proxies give up after 30 s at the earliest.
pub(super) const LIVE_POLL: Duration = Duration::from_secs(25);

/// For one answer that the box asks of itself while it is on trial, from the connection to the last byte: the program's
/// trial and the system's ask the same of a version.
pub(crate) const SELF_CHECK: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_outlasts_whom_it_waits_for() {
        for idle in [1, 20, 75, 3600] {
            let seconds = Duration::from_secs;
            let timeouts =
                Timeouts { handshake: seconds(10), head: seconds(10), idle: seconds(idle), write_stall: seconds(30) };
            assert!(timeouts.heartbeat() < timeouts.idle, "a stream is never idle");
        }
        assert!(SWEEP_EVERY <= FIRST_REQUEST_GRACE, "a deadline is found in time");
        assert!(FIRST_REQUEST_GRACE < FIRST_REQUEST, "a stopping box waits for less than one that needs a place");
    }
}
