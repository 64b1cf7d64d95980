//! What the responder does, without a socket and without a clock.
//!
//! ```text
//! probing (three times) ──> announcing (twice) ──> up
//!    ^ └─ another has the name: rename ─┐            │
//!    └──────────────────────────────────┴────────────┘ another claims the name
//! ```

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::time::Instant;

use super::answer::{self, Indices};
use super::message::{Message, Name, PTR, Question, Record};
use super::records::{Announced, Service, subtype};
use super::rename;
use super::twin::{self, Twin};
use crate::discovery::random::random;

pub(super) const PORT: u16 = 5353;
/// Probes, and the time between them (RFC 6762 section 8.1).
const PROBES: u8 = 3;
const PROBE_EVERY: Duration = Duration::from_millis(250);
/// How long whoever has lost against another that probes too waits (section 8.2).
const YIELD: Duration = Duration::from_secs(1);
/// From so many conflicts in a row on, each costs a wait (section 8.1).
const MAX_CONFLICTS: u32 = 15;
const CONFLICT_WAIT: Duration = Duration::from_secs(5);
/// Announcements, and the time between them (section 8.3).
const ANNOUNCEMENTS: u8 = 2;
const ANNOUNCE_EVERY: Duration = Duration::from_secs(1);
/// Before records are multicast that others may have too (section 6).
const SHARED_MS: (u64, u64) = (20, 120);
/// A record is not multicast more often (section 6), except to defend it.
const SAME_RECORD: Duration = Duration::from_secs(1);
const SAME_RECORD_TO_PROBES: Duration = Duration::from_millis(250);
/// Between two questions for the other boxes.
const LIST_EVERY: Duration = Duration::from_secs(60);
/// After so long without a word from it, a box with the same id is gone.
const TWIN_FORGOTTEN: Duration = Duration::from_secs(200);

/// A datagram to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Out {
    /// To one; otherwise to the group.
    pub(super) to: Option<SocketAddr>,
    pub(super) datagram: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Probing { left: u8 },
    Announcing { left: u8 },
    Up,
}

pub(super) struct Engine {
    wanted: String,
    announced: Announced,
    /// The addresses of this machine.
    own: Vec<IpAddr>,
    records: Vec<Record>,
    /// When each record was last multicast.
    multicast: Vec<Option<Instant>>,
    /// What is multicast soon, and when.
    pending: Option<(Instant, Indices)>,
    phase: Phase,
    next: Instant,
    next_list: Instant,
    conflicts: u32,
    /// Whether others have the records in their caches.
    is_announced: bool,
    twin: Option<(IpAddr, Instant)>,
}

impl Engine {
    /// Of a box that wants to be `<wanted>.local`; `own` are all addresses of this machine.
    pub(super) fn new(wanted: &str, announced: Announced, own: Vec<IpAddr>, now: Instant) -> Self {
        let mut engine = Self {
            wanted: wanted.to_owned(),
            announced,
            own,
            records: Vec::new(),
            multicast: Vec::new(),
            pending: None,
            phase: Phase::Up,
            next: now,
            next_list: now,
            conflicts: 0,
            is_announced: false,
            twin: None,
        };
        engine.refresh();
        // So that boxes that start together do not probe together.
        engine.probe(now + Duration::from_millis(random() % 250));
        engine
    }

    pub(super) fn label(&self) -> &str {
        &self.announced.label
    }

    /// Whether the name is announced, and nobody has claimed it since.
    pub(super) fn is_announced(&self) -> bool {
        !matches!(self.phase, Phase::Probing { .. }) && self.is_announced
    }

    /// Where another box with the same id is.
    pub(super) fn twin(&self) -> Option<IpAddr> {
        self.twin.map(|(address, _)| address)
    }

    /// When there is something to do.
    pub(super) fn next(&self) -> Instant {
        let pending = self.pending.as_ref().map(|(at, _)| *at);
        let list = (self.phase == Phase::Up).then_some(self.next_list);
        let phase = (self.phase != Phase::Up).then_some(self.next);
        let forget = self.twin.map(|(_, heard)| heard + TWIN_FORGOTTEN);
        [pending, list, phase, forget].into_iter().flatten().min().unwrap_or(self.next_list)
    }

    /// Does what is due.
    pub(super) fn poll(&mut self, now: Instant) -> Vec<Out> {
        let mut out = Vec::new();
        if self.twin.is_some_and(|(_, heard)| heard + TWIN_FORGOTTEN <= now) {
            self.twin = None;
        }
        if let Some((_, due)) = self.pending.take_if(|(at, _)| *at <= now) {
            out.push(self.multicast(&due, now));
        }
        match self.phase {
            Phase::Probing { left } if self.next <= now => {
                if let Some(left) = left.checked_sub(1) {
                    out.push(self.claim());
                    (self.phase, self.next) = (Phase::Probing { left }, now + PROBE_EVERY);
                } else {
                    out.push(self.announce(ANNOUNCEMENTS, now));
                }
            }
            Phase::Announcing { left } if self.next <= now => out.push(self.announce(left, now)),
            Phase::Up if self.next_list <= now => {
                self.next_list = now + LIST_EVERY;
                out.extend(self.list());
            }
            _ => {}
        }
        out
    }

    /// Takes a datagram; `is_direct` says that it was sent to this machine alone.
    pub(super) fn handle(&mut self, datagram: &[u8], from: SocketAddr, is_direct: bool, now: Instant) -> Vec<Out> {
        let Some(message) = Message::parse(datagram) else { return Vec::new() };
        let is_own = self.own.contains(&from.ip());
        if !message.is_response {
            if !is_own {
                self.hear(&message, now);
                self.break_tie(&message, now);
            }
            return self.answer(&message, from, is_direct, now);
        }
        // Section 6: responses from other ports are none.
        if from.port() == PORT && !is_own {
            self.hear(&message, now);
            self.look_for_conflicts(&message, now)
        } else {
            Vec::new()
        }
    }

    /// Takes other addresses, and what is served there.
    pub(super) fn follow(
        &mut self,
        addresses: Vec<IpAddr>,
        services: Vec<Service>,
        own: Vec<IpAddr>,
        now: Instant,
    ) -> Vec<Out> {
        self.own = own;
        let before = self.announced.records();
        (self.announced.addresses, self.announced.services) = (addresses, services);
        if before == self.announced.records() {
            return Vec::new();
        }
        self.refresh();
        if !self.is_announced() {
            return Vec::new();
        }
        (self.phase, self.next) = (Phase::Announcing { left: ANNOUNCEMENTS }, now);
        let gone = before.into_iter().filter(|old| !self.records.iter().any(|new| new.is_same(old)));
        goodbye(gone.collect()).into_iter().collect()
    }

    /// Takes all names back from everybody's caches.
    pub(super) fn farewell(&self) -> Option<Out> {
        if self.is_announced { goodbye(self.records.clone()) } else { None }
    }

    fn refresh(&mut self) {
        self.records = self.announced.records();
        self.multicast = vec![None; self.records.len()];
        self.pending = None;
    }

    fn probe(&mut self, at: Instant) {
        self.pending = None;
        (self.phase, self.next) = (Phase::Probing { left: PROBES }, at);
    }

    /// A query for the box's own names, with the records that it wants to have (section 8.1).
    fn claim(&self) -> Out {
        let question = |name| Question { name, kind: super::message::ANY, is_unicast: true };
        let message = Message {
            questions: self.announced.unique_names().into_iter().map(question).collect(),
            authorities: self.records.iter().filter(|record| record.is_claimed()).cloned().collect(),
            ..Message::default()
        };
        Out { to: None, datagram: message.encode(false) }
    }

    fn announce(&mut self, left: u8, now: Instant) -> Out {
        let left = left.saturating_sub(1);
        if left == 0 {
            (self.phase, self.conflicts) = (Phase::Up, 0);
            self.next_list = now;
        } else {
            (self.phase, self.next) = (Phase::Announcing { left }, now + ANNOUNCE_EVERY);
        }
        self.is_announced = true;
        self.pending = None;
        self.multicast(&(0..self.records.len()).collect(), now)
    }

    fn multicast(&mut self, found: &Indices, now: Instant) -> Out {
        for index in found {
            if let Some(last) = self.multicast.get_mut(*index) {
                *last = Some(now);
            }
        }
        Out { to: None, datagram: answer::respond(&self.records, found).encode(false) }
    }

    /// Asks which boxes there are.
    fn list(&self) -> Option<Out> {
        let service = self.announced.services.iter().find(|service| service.has_subtype)?;
        let question = Question { name: subtype(service.kind), kind: PTR, is_unicast: true };
        let message = Message { questions: vec![question], ..Message::default() };
        Some(Out { to: None, datagram: message.encode(false) })
    }

    fn answer(&mut self, query: &Message, from: SocketAddr, is_direct: bool, now: Instant) -> Vec<Out> {
        if !self.is_announced() {
            return Vec::new();
        }
        let is_legacy = from.port() != PORT;
        let is_probe = !query.authorities.is_empty();
        let (mut to_one, mut to_all) = (Indices::new(), Indices::new());
        let mut is_shared = false;
        for question in &query.questions {
            for index in answer::find(&self.records, question) {
                let Some(record) = self.records.get(index).filter(|record| !answer::is_known(query, record)) else {
                    continue;
                };
                let is_alone = is_legacy || is_direct || question.is_unicast;
                if is_alone {
                    to_one.insert(index);
                }
                let since =
                    self.multicast.get(index).copied().flatten().map(|last| now.saturating_duration_since(last));
                let rest = if is_probe {
                    SAME_RECORD_TO_PROBES
                } else if is_alone {
                    // All others hear of it before it leaves their caches (section 5.4).
                    Duration::from_secs(u64::from(record.ttl / 4))
                } else {
                    SAME_RECORD
                };
                if !is_legacy && !is_direct && since.is_none_or(|since| since >= rest) {
                    is_shared |= !record.is_unique;
                    to_all.insert(index);
                }
            }
        }
        let mut out = Vec::new();
        if !to_one.is_empty() {
            let mut message = answer::respond(&self.records, &to_one);
            if is_legacy {
                message.id = query.id;
                message.questions.clone_from(&query.questions);
            }
            out.push(Out { to: Some(from), datagram: message.encode(is_legacy) });
        }
        if is_shared {
            let wait = SHARED_MS.0 + random() % (SHARED_MS.1 - SHARED_MS.0);
            let (_, pending) = self.pending.get_or_insert_with(|| (now + Duration::from_millis(wait), Indices::new()));
            pending.extend(to_all);
        } else if !to_all.is_empty() {
            out.push(self.multicast(&to_all, now));
        }
        out
    }

    /// Another box probes for a name of ours at the same time: only one goes on.
    fn break_tie(&mut self, query: &Message, now: Instant) {
        if !matches!(self.phase, Phase::Probing { .. }) {
            return;
        }
        let names = self.announced.unique_names();
        let mut claimed = names.iter().filter(|name| query.authorities.iter().any(|record| record.name == **name));
        if claimed.any(|name| answer::loses(&self.records, &query.authorities, name)) {
            self.probe(now + YIELD);
        }
    }

    /// Whether another box has a name of ours.
    fn look_for_conflicts(&mut self, response: &Message, now: Instant) -> Vec<Out> {
        let has_claimed = |name: &Name| {
            let records = response.answers.iter().chain(&response.additionals);
            let mut others = records.filter(|record| record.name == *name && record.ttl > 0 && record.is_claimed());
            others.any(|record| !self.records.iter().any(|own| own.is_same(record)))
        };
        let host = has_claimed(&self.announced.host());
        let instance = self.announced.unique_names().iter().skip(1).any(has_claimed);
        if !host && !instance {
            return Vec::new();
        }
        if !matches!(self.phase, Phase::Probing { .. }) {
            // Section 9: whose it is, the next probe tells.
            self.probe(now);
            return Vec::new();
        }
        let out = if self.is_announced { goodbye(self.records.clone()) } else { None };
        self.is_announced = false;
        if host {
            let new = rename::label(&self.wanted, &self.announced.label);
            tracing::warn!(from = self.announced.label, to = new, "the name is another's: renamed");
            self.announced.label = new;
        }
        if instance {
            self.announced.instance = rename::instance(&self.announced.instance);
        }
        self.refresh();
        self.conflicts += 1;
        let wait = if self.conflicts < MAX_CONFLICTS { Duration::from_millis(random() % 250) } else { CONFLICT_WAIT };
        self.probe(now + wait);
        out.into_iter().collect()
    }

    /// Whether another box has our id.
    fn hear(&mut self, message: &Message, now: Instant) {
        match twin::find(message, &self.announced.txt, &self.own) {
            Some(Twin { address, is_leaving: false }) => self.twin = Some((address, now)),
            Some(Twin { address, is_leaving: true }) if self.twin() == Some(address) => self.twin = None,
            _ => {}
        }
    }
}

fn goodbye(mut records: Vec<Record>) -> Option<Out> {
    for record in &mut records {
        record.ttl = 0;
    }
    let message = Message { is_response: true, answers: records, ..Message::default() };
    (!message.answers.is_empty()).then(|| Out { to: None, datagram: message.encode(false) })
}
