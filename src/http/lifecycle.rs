//! What a connection is doing, and the one thing that is due on it if nothing happens: a pure state machine.
//!
//! ```text
//! Handshake ─encrypted─> Head ─request─> Answering ─handed over─> Flushing ─flushed─> Idle ─> Resting
//!                         ^                  ^                       │                 │read    │read
//!                         │                  └──── request ──────────┤ (pipelined)     │        │
//!                         └──────────────────── flushed, after a read┴─────────────────┴────────┘
//! ```
//!
//! `Answering` has no deadline of its own: a handler bounds its work, and its wait for the request's body, itself, and
//! answers when it gives up. What the peer can delay is the writing, and that has one. Bytes that come during an answer
//! are the rest of its request, so they begin no head.

use tokio::time::Instant;

use super::timeouts::{FIRST_REQUEST_GRACE, REST_AFTER, Timeouts};
use crate::metrics::CloseReason;

/// What is due on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// It is between requests and may give its buffers back.
    Rest,
    /// It is to be closed.
    Overdue(CloseReason),
}

/// What happens on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// The TLS handshake is complete.
    Encrypted,
    /// Bytes came.
    Read,
    /// A head is complete, and its answer begins.
    Request,
    /// The last of the answer's body is in the server's hands.
    HandedOver,
    /// The kernel has taken bytes.
    Written,
    /// The kernel takes no more until the peer does.
    Blocked,
    /// The kernel has taken everything that was there.
    Flushed,
    /// The buffers were given back.
    Rested,
    /// The box stops, or goes on as another process.
    Drain,
    /// Another connection needs the place.
    Evict(CloseReason),
}

/// What it is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Handshake {
        since: Instant,
    },
    /// A head is expected: the peer has just connected, or part of a head is here. A peer that connects and says
    /// nothing gets the time of a head, not that of an idle connection.
    Head {
        since: Instant,
    },
    /// The answer is not all made.
    Answering {
        blocked: Option<Instant>,
    },
    /// The answer is made, and not all of it is the kernel's.
    Flushing {
        blocked: Option<Instant>,
        /// The start of the next head came early: its time counts from the end of this answer.
        next_head: bool,
    },
    Idle {
        since: Instant,
    },
    /// Idle, without buffers.
    Resting {
        since: Instant,
    },
}

/// Why it ends as soon as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    No,
    Drain(Instant),
    Evicted(Instant, CloseReason),
}

/// One connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifecycle {
    state: State,
    closing: Closing,
}

impl Lifecycle {
    /// Of a connection that speaks HTTP at once.
    pub(super) fn plain(now: Instant) -> Self {
        Self { state: State::Head { since: now }, closing: Closing::No }
    }

    /// Of one that begins with a TLS handshake.
    pub(super) fn tls(now: Instant) -> Self {
        Self { state: State::Handshake { since: now }, closing: Closing::No }
    }

    /// What it does after `event`, which every caller knows: little of this is left there.
    #[inline(always)]
    #[must_use]
    pub(super) fn after(self, event: Event, now: Instant) -> Self {
        use State::{Answering, Flushing, Handshake, Head, Idle, Resting};
        let state = match (self.state, event) {
            (Handshake { .. }, Event::Encrypted)
            | (Idle { .. } | Resting { .. }, Event::Read)
            | (Flushing { next_head: true, .. }, Event::Flushed) => Head { since: now },
            (Head { .. } | Idle { .. } | Resting { .. }, Event::Request)
            | (Answering { .. }, Event::Written | Event::Flushed) => Answering { blocked: None },
            (Flushing { blocked, .. }, Event::Request) => Answering { blocked },
            (Answering { blocked }, Event::HandedOver) => Flushing { blocked, next_head: false },
            (Answering { blocked }, Event::Blocked) => Answering { blocked: blocked.or(Some(now)) },
            (Flushing { blocked, next_head }, Event::Blocked) => Flushing { blocked: blocked.or(Some(now)), next_head },
            (Flushing { blocked, .. }, Event::Read) => Flushing { blocked, next_head: true },
            (Flushing { next_head, .. }, Event::Written) => Flushing { blocked: None, next_head },
            (Flushing { next_head: false, .. }, Event::Flushed) => Idle { since: now },
            (Idle { since }, Event::Rested) => Resting { since },
            (state, _) => state,
        };
        let closing = match (self.closing, event) {
            (Closing::No, Event::Drain) => Closing::Drain(now),
            (Closing::No | Closing::Drain(_), Event::Evict(reason)) => Closing::Evicted(now, reason),
            (closing, _) => closing,
        };
        Self { state, closing }
    }

    /// What comes next if nothing happens, and when.
    pub(super) fn due(self, timeouts: &Timeouts) -> Option<(Instant, Due)> {
        let expects_request = |deadline: Instant, reason| match self.closing {
            Closing::No => (deadline, Due::Overdue(reason)),
            Closing::Drain(since) => (deadline.min(since + FIRST_REQUEST_GRACE), Due::Overdue(reason)),
            Closing::Evicted(since, reason) => (since, Due::Overdue(reason)),
        };
        match (self.state, self.closing) {
            (State::Handshake { since }, _) => Some(expects_request(since + timeouts.handshake, CloseReason::Tls)),
            (State::Head { since }, _) => Some(expects_request(since + timeouts.head, CloseReason::HeaderTimeout)),
            (State::Answering { blocked } | State::Flushing { blocked, .. }, _) => {
                blocked.map(|since| (since + timeouts.write_stall, Due::Overdue(CloseReason::WriteStall)))
            }
            (State::Idle { .. } | State::Resting { .. }, Closing::Evicted(since, reason)) => {
                Some((since, Due::Overdue(reason)))
            }
            (State::Idle { since }, _) if timeouts.idle > REST_AFTER => Some((since + REST_AFTER, Due::Rest)),
            (State::Idle { since } | State::Resting { since }, _) => {
                Some((since + timeouts.idle, Due::Overdue(CloseReason::Idle)))
            }
        }
    }

    /// Whether no request is waited for any more after the answer under way: the connection ends with it, or at once.
    pub(super) fn ends_after_answer(self) -> bool {
        let expects_request = matches!(
            self.state,
            State::Handshake { .. } | State::Head { .. } | State::Flushing { next_head: true, .. }
        );
        match self.closing {
            Closing::No => false,
            Closing::Drain(_) => !expects_request,
            Closing::Evicted(..) => true,
        }
    }

    /// Whether an answer is being made.
    pub(super) fn is_making_answer(self) -> bool {
        matches!(self.state, State::Answering { .. })
    }

    /// Whether an answer is under way.
    pub(super) fn is_answering(self) -> bool {
        matches!(self.state, State::Answering { .. } | State::Flushing { .. })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const TIMEOUTS: Timeouts = Timeouts {
        handshake: Duration::from_secs(5),
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        write_stall: Duration::from_secs(30),
    };

    const EVICTED: Event = Event::Evict(CloseReason::PeerEvicted);

    /// A connection in virtual time: nothing here waits.
    struct Virtual {
        began: Instant,
        now: Instant,
        lifecycle: Lifecycle,
    }

    impl Virtual {
        fn plain() -> Self {
            let now = Instant::now();
            Self { began: now, now, lifecycle: Lifecycle::plain(now) }
        }

        fn tls() -> Self {
            let now = Instant::now();
            Self { began: now, now, lifecycle: Lifecycle::tls(now) }
        }

        /// After these events, all at this moment.
        fn then(mut self, events: &[Event]) -> Self {
            for event in events {
                self.lifecycle = self.lifecycle.after(*event, self.now);
            }
            self
        }

        fn later(mut self, seconds: u64) -> Self {
            self.now += Duration::from_secs(seconds);
            self
        }

        /// At which second after the beginning what is due.
        fn due(&self) -> Option<(u64, Due)> {
            self.lifecycle.due(&TIMEOUTS).map(|(at, due)| (at.saturating_duration_since(self.began).as_secs(), due))
        }
    }

    type Expected = Option<(u64, Due)>;

    fn overdue(second: u64, reason: CloseReason) -> Expected {
        (second, Due::Overdue(reason)).into()
    }

    const ANSWERED: &[Event] = &[Event::Read, Event::Request, Event::HandedOver, Event::Written, Event::Flushed];
    const ANSWERING: &[Event] = &[Event::Read, Event::Request];

    /// Every state, reached as it is, at second 100, by its name.
    fn every_state() -> Vec<(&'static str, Virtual)> {
        let kept = || Virtual::plain().later(100).then(ANSWERED);
        vec![
            ("handshake", Virtual::tls().later(100)),
            ("head", kept().then(&[Event::Read])),
            ("answering", kept().then(ANSWERING)),
            ("answering, blocked", kept().then(ANSWERING).then(&[Event::Blocked])),
            ("flushing", kept().then(ANSWERING).then(&[Event::HandedOver])),
            ("flushing, blocked", kept().then(ANSWERING).then(&[Event::HandedOver, Event::Blocked])),
            ("flushing, next head", kept().then(ANSWERING).then(&[Event::HandedOver, Event::Read])),
            (
                "flushing, blocked, next head",
                kept().then(ANSWERING).then(&[Event::HandedOver, Event::Blocked, Event::Read]),
            ),
            ("idle", kept()),
            ("resting", kept().then(&[Event::Rested])),
        ]
    }

    /// What every event makes of every state a second later: what is due then.
    #[test]
    fn every_event_in_every_state() {
        let head = overdue(111, CloseReason::HeaderTimeout);
        let old_head = overdue(110, CloseReason::HeaderTimeout);
        let stall = overdue(131, CloseReason::WriteStall);
        let old_stall = overdue(130, CloseReason::WriteStall);
        let rest = Some((102, Due::Rest));
        let old_rest = Some((101, Due::Rest));
        let old_idle = overdue(175, CloseReason::Idle);
        let handshake = overdue(5, CloseReason::Tls);
        let evicted = overdue(101, CloseReason::PeerEvicted);
        // Encrypted, Read, Request, HandedOver, Written, Blocked, Flushed, Rested, Drain, Evict.
        let expected: [(&str, [Expected; 10]); 10] = [
            (
                "handshake",
                [head, handshake, handshake, handshake, handshake, handshake, handshake, handshake, handshake, evicted],
            ),
            (
                "head",
                [
                    old_head,
                    old_head,
                    None,
                    old_head,
                    old_head,
                    old_head,
                    old_head,
                    old_head,
                    overdue(102, CloseReason::HeaderTimeout),
                    evicted,
                ],
            ),
            ("answering", [None, None, None, None, None, stall, None, None, None, None]),
            (
                "answering, blocked",
                [old_stall, old_stall, old_stall, old_stall, None, old_stall, None, old_stall, old_stall, old_stall],
            ),
            ("flushing", [None, None, None, None, None, stall, rest, None, None, None]),
            (
                "flushing, blocked",
                [old_stall, old_stall, old_stall, old_stall, None, old_stall, rest, old_stall, old_stall, old_stall],
            ),
            ("flushing, next head", [None, None, None, None, None, stall, head, None, None, None]),
            (
                "flushing, blocked, next head",
                [old_stall, old_stall, old_stall, old_stall, None, old_stall, head, old_stall, old_stall, old_stall],
            ),
            ("idle", [old_rest, head, None, old_rest, old_rest, old_rest, old_rest, old_idle, old_rest, evicted]),
            ("resting", [old_idle, head, None, old_idle, old_idle, old_idle, old_idle, old_idle, old_idle, evicted]),
        ];
        for (state, row) in expected {
            let events = [
                Event::Encrypted,
                Event::Read,
                Event::Request,
                Event::HandedOver,
                Event::Written,
                Event::Blocked,
                Event::Flushed,
                Event::Rested,
                Event::Drain,
                EVICTED,
            ];
            for (event, expected) in events.into_iter().zip(row) {
                let (_, connection) = every_state().into_iter().find(|(name, _)| *name == state).expect("a state");
                assert_eq!(connection.later(1).then(&[event]).due(), expected, "{event:?} while {state}");
            }
        }
    }

    #[test]
    fn who_is_still_listened_to_when_the_box_stops_or_the_place_is_needed() {
        let after = |event| {
            let all = every_state()
                .into_iter()
                .map(move |(name, connection)| (name, connection.then(&[event]).lifecycle.ends_after_answer()));
            all.filter(|(_, ends)| !ends).map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(
            after(Event::Drain),
            ["handshake", "head", "flushing, next head", "flushing, blocked, next head"],
            "a request is on its way"
        );
        assert!(after(EVICTED).is_empty());
        assert_eq!(after(Event::Read).len(), every_state().len());
    }

    #[test]
    fn only_an_answer_under_way_is_one() {
        let answering = every_state().into_iter().filter(|(_, connection)| connection.lifecycle.is_answering());
        let names: Vec<_> = answering.map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "answering",
                "answering, blocked",
                "flushing",
                "flushing, blocked",
                "flushing, next head",
                "flushing, blocked, next head"
            ]
        );
    }

    #[test]
    fn a_slow_head_is_overdue_however_often_a_byte_comes() {
        let mut connection = Virtual::plain();
        for _ in 0..9 {
            connection = connection.later(1).then(&[Event::Read]);
        }
        assert_eq!(connection.due(), overdue(10, CloseReason::HeaderTimeout));
    }

    #[test]
    fn an_answer_may_take_as_long_as_its_reader_reads() {
        let mut connection = Virtual::plain().then(ANSWERING);
        for _ in 0..20 {
            connection = connection.then(&[Event::Blocked]).later(29);
            assert_eq!(
                connection.due(),
                overdue(connection.now.duration_since(connection.began).as_secs() + 1, CloseReason::WriteStall)
            );
            connection = connection.then(&[Event::Written]);
            assert_eq!(connection.due(), None);
        }
        let end = connection.then(&[Event::HandedOver, Event::Flushed]);
        assert_eq!(end.due(), Some((581, Due::Rest)));
        assert_eq!(end.then(&[Event::Rested]).due(), overdue(655, CloseReason::Idle));
    }

    #[test]
    fn a_late_body_begins_no_head() {
        let answered = Virtual::plain().then(ANSWERING).later(3).then(&[
            Event::Read,
            Event::HandedOver,
            Event::Written,
            Event::Flushed,
        ]);
        assert_eq!(answered.due(), Some((4, Due::Rest)));
        assert!(answered.then(&[Event::Drain]).lifecycle.ends_after_answer());
    }

    #[test]
    fn a_pipelined_start_of_a_head_waits_for_the_answer_before_it() {
        let mut connection = Virtual::plain().then(ANSWERING).then(&[Event::HandedOver, Event::Blocked, Event::Read]);
        for _ in 0..5 {
            connection = connection.later(9).then(&[Event::Written, Event::Blocked]);
        }
        assert_eq!(connection.then(&[Event::Flushed]).due(), overdue(55, CloseReason::HeaderTimeout));
    }

    #[test]
    fn whoever_gets_no_rest_is_idle_for_as_long_as_was_said() {
        let timeouts = Timeouts { idle: Duration::from_secs(1), ..TIMEOUTS };
        let connection = Virtual::plain().then(ANSWERED);
        let expected = (connection.began + timeouts.idle, Due::Overdue(CloseReason::Idle));
        assert_eq!(connection.lifecycle.due(&timeouts), Some(expected));
    }

    #[test]
    fn a_drain_gives_no_time_beyond_the_usual() {
        let connection = Virtual::plain().then(&[Event::Read]).later(9).then(&[Event::Drain]).later(1);
        assert_eq!(connection.then(&[Event::Drain]).due(), overdue(10, CloseReason::HeaderTimeout));
        let evicted = Virtual::plain().then(&[Event::Drain]).later(1).then(&[EVICTED]).later(1).then(&[EVICTED]);
        assert_eq!(evicted.due(), overdue(1, CloseReason::PeerEvicted));
    }
}
