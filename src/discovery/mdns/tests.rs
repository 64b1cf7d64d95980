use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::time::Instant;

use super::engine::{Engine, Out};
use super::message::{ANY, NSEC, PTR, SRV, TXT};
use super::*;

const PEER: &str = "10.9.0.9:5353";

fn announced(label: &str, ip: &str) -> Announced {
    Announced {
        label: label.into(),
        instance: "taller a1b2".into(),
        txt: vec!["path=/".into(), "id=0123456789abcdef".into()],
        services: vec![
            Service { kind: "_http", has_subtype: true, port: 80 },
            Service { kind: "_https", has_subtype: false, port: 443 },
        ],
        addresses: vec![ip.parse().expect("an address")],
    }
}

/// A box, and its time.
struct Bench {
    engine: Engine,
    now: Instant,
}

impl Bench {
    fn new(label: &str, ip: &str) -> Self {
        let now = Instant::now();
        Self { engine: Engine::new("taller", announced(label, ip), vec![ip.parse().expect("an address")], now), now }
    }

    /// One that has just announced itself.
    fn up(label: &str, ip: &str) -> Self {
        let mut bench = Self::new(label, ip);
        // Once it is up, it asks for the others.
        while bench.engine.next() <= bench.now || bench.engine.next() - bench.now < Duration::from_secs(30) {
            bench.step();
        }
        bench
    }

    /// Goes to the next moment at which there is something to do.
    fn step(&mut self) -> Vec<Message> {
        self.now = self.now.max(self.engine.next());
        read(self.engine.poll(self.now))
    }

    fn hear(&mut self, message: &Message, from: &str) -> Vec<Out> {
        self.engine.handle(&message.encode(false), from.parse().expect("an address"), false, self.now)
    }
}

fn read(out: Vec<Out>) -> Vec<Message> {
    out.into_iter().map(|out| Message::parse(&out.datagram).expect("well formed")).collect()
}

fn query(name: &str, kind: u16, is_unicast: bool) -> Message {
    let name = Name::new(name.split('.'));
    Message { id: 77, questions: vec![Question { name, kind, is_unicast }], ..Message::default() }
}

fn kinds(message: &Message) -> Vec<u16> {
    message.answers.iter().map(|record| record.kind).collect()
}

#[test]
fn it_probes_three_times_and_announces_twice() {
    let mut bench = Bench::new("taller", "10.9.0.1");
    let start = bench.now;
    for _ in 0..3 {
        let probe = bench.step().remove(0);
        assert!(
            !probe.is_response && probe.questions.iter().all(|question| question.kind == ANY && question.is_unicast)
        );
        assert_eq!(probe.questions.len(), 3, "the host and both instances");
        assert!(probe.authorities.iter().any(|record| record.kind == A));
        assert!(bench.hear(&query("taller.local", A, false), PEER).is_empty(), "it is not ours yet");
    }
    let first = bench.step().remove(0);
    assert!(first.is_response && bench.engine.is_announced());
    assert!(bench.now - start <= Duration::from_secs(1));
    let second = bench.step().remove(0);
    assert_eq!(first, second);
    let flushing: Vec<u16> = first.answers.iter().filter(|record| record.is_unique).map(|record| record.kind).collect();
    assert!(!flushing.contains(&PTR) && flushing.contains(&SRV) && flushing.contains(&TXT));
}

#[test]
fn a_question_that_wants_unicast_gets_it() {
    let mut bench = Bench::up("taller", "10.9.0.1");
    let peer: SocketAddr = PEER.parse().expect("an address");
    let out = bench.hear(&query("TALLER.local", A, true), PEER);
    assert_eq!(
        out.iter().map(|out| out.to).collect::<Vec<_>>(),
        [Some(peer)],
        "all others have heard the announcement"
    );
    let answer = read(out).remove(0);
    assert_eq!((answer.id, answer.questions.len(), kinds(&answer)), (0, 0, vec![A]));
    assert!(answer.answers[0].is_unique);

    // A quarter of its life after it was multicast, all others get it again.
    bench.now += Duration::from_secs(31);
    let out = bench.hear(&query("taller.local", A, true), PEER);
    assert_eq!(out.iter().map(|out| out.to).collect::<Vec<_>>(), [Some(peer), None]);
    // One that was sent to this machine alone, too.
    let out = bench.engine.handle(&query("taller.local", A, false).encode(false), peer, true, bench.now);
    assert_eq!(out.iter().map(|out| out.to).collect::<Vec<_>>(), [Some(peer)]);
}

#[test]
fn a_client_of_another_port_gets_a_conventional_answer() {
    let mut bench = Bench::up("taller", "10.9.0.1");
    let asked = query("TaLLer.local", A, false);
    let out = bench.hear(&asked, "10.9.0.9:40000");
    assert_eq!(out[0].to, Some("10.9.0.9:40000".parse().expect("an address")));
    let answer = read(out).remove(0);
    assert_eq!((answer.id, &answer.questions), (77, &asked.questions));
    assert_eq!(answer.questions[0].name.wire(), asked.questions[0].name.wire(), "in the asker's letters");
    assert_eq!(kinds(&answer), [A], "once, although two services are on the host");
    for record in answer.answers.iter().chain(&answer.additionals) {
        assert!(!record.is_unique && record.ttl <= 10, "{record:?}");
    }
}

#[test]
fn what_does_not_exist_is_said() {
    let mut bench = Bench::up("taller", "10.9.0.1");
    let answer = read(bench.hear(&query("taller.local", AAAA, false), "10.9.0.9:40000")).remove(0);
    assert_eq!(kinds(&answer), [NSEC]);
    assert!(bench.hear(&query("nave.local", A, false), PEER).is_empty());
    assert!(bench.hear(&query("_ipp._tcp.local", PTR, false), PEER).is_empty());
}

#[test]
fn shared_records_wait_and_known_ones_are_not_repeated() {
    let mut bench = Bench::up("taller", "10.9.0.1");
    bench.now += Duration::from_secs(5);
    let mut asked = query("_http._tcp.local", PTR, false);
    assert!(bench.hear(&asked, PEER).is_empty());
    assert!(bench.hear(&asked, "10.9.0.8:5353").is_empty());
    let wait = bench.engine.next() - bench.now;
    assert!(wait >= Duration::from_millis(20) && wait <= Duration::from_millis(120), "{wait:?}");
    let answer = bench.step().remove(0);
    assert_eq!(kinds(&answer), [PTR], "both are answered at once");
    let more: Vec<u16> = answer.additionals.iter().map(|record| record.kind).collect();
    assert!([SRV, TXT, A].iter().all(|kind| more.contains(kind)), "{more:?}");
    assert!(bench.hear(&asked, PEER).is_empty());
    assert!(bench.engine.next() - bench.now > Duration::from_secs(1), "not twice in a second");
    bench.now += Duration::from_secs(5);
    asked.answers.clone_from(&answer.answers);
    assert!(bench.hear(&asked, PEER).is_empty());
    assert!(bench.engine.next() - bench.now > Duration::from_secs(1), "the asker has it");
}

#[test]
fn a_name_that_another_defends_is_left_to_it() {
    let (mut owner, mut bench) = (Bench::up("taller", "10.9.0.2"), Bench::new("taller", "10.9.0.1"));
    let probe = bench.step().remove(0);
    let defence = owner.hear(&probe, "10.9.0.1:5353");
    assert!(defence.iter().any(|out| out.to.is_some()), "the probe asks for unicast");
    for message in read(defence) {
        bench.hear(&message, "10.9.0.2:5353");
    }
    assert_eq!(bench.engine.label(), "taller-2");
    while !bench.engine.is_announced() {
        for message in bench.step() {
            owner.now = owner.now.max(bench.now);
            for reply in read(owner.hear(&message, "10.9.0.1:5353")) {
                bench.hear(&reply, "10.9.0.2:5353");
            }
        }
    }
    assert_eq!((owner.engine.label(), owner.engine.is_announced()), ("taller", true));
}

#[test]
fn of_two_that_probe_together_one_gives_way() {
    let (mut less, mut more) = (Bench::new("taller", "10.9.0.1"), Bench::new("taller", "10.9.0.2"));
    let (one, other) = (less.step().remove(0), more.step().remove(0));
    less.hear(&other, "10.9.0.2:5353");
    more.hear(&one, "10.9.0.1:5353");
    assert_eq!(less.engine.next() - less.now, Duration::from_secs(1));
    assert!(more.engine.next() - more.now <= Duration::from_millis(250));
}

#[test]
fn a_claim_after_the_announcement_is_answered_by_probes() {
    let (mut one, mut other) = (Bench::up("taller", "10.9.0.1"), Bench::up("taller", "10.9.0.2"));
    let claim = read(other.engine.farewell().into_iter().collect()).remove(0);
    one.hear(&claim, "10.9.0.2:5353");
    assert!(one.engine.is_announced(), "a goodbye claims nothing");
    let mut asked = query("taller.local", A, false);
    asked.authorities = claim.answers;
    other.now += Duration::from_secs(1);
    let claim = read(other.hear(&asked, PEER)).remove(0);
    one.hear(&claim, "10.9.0.2:1234");
    assert!(one.engine.is_announced(), "not from that port");
    one.hear(&claim, "10.9.0.1:5353");
    assert!(one.engine.is_announced(), "it is our own");
    one.hear(&claim, "10.9.0.2:5353");
    assert!(!one.engine.is_announced());
    one.hear(&claim, "10.9.0.2:5353");
    assert_eq!(one.engine.label(), "taller-2");
}

#[test]
fn other_addresses_are_announced_and_the_former_ones_taken_back() {
    let mut bench = Bench::up("taller", "10.9.0.1");
    let services = announced("taller", "10.9.0.1").services;
    let new: IpAddr = "10.9.0.7".parse().expect("an address");
    let gone = read(bench.engine.follow(vec![new], services.clone(), vec![new], bench.now)).remove(0);
    assert_eq!((gone.answers.len(), gone.answers[0].ttl, &gone.answers[0].data[..]), (1, 0, &[10, 9, 0, 1][..]));
    let announcement = bench.step().remove(0);
    assert!(announcement.answers.iter().any(|record| record.kind == A && record.data == [10, 9, 0, 7]));
    assert!(bench.engine.follow(vec![new], services, vec![new], bench.now).is_empty());
}

#[test]
fn a_box_with_the_same_id_is_seen_until_it_is_gone() {
    let mut bench = Bench::up("taller", "10.9.0.1");
    let mut other = Bench::new("nave", "10.9.0.2");
    bench.hear(&other.step().remove(0), "10.9.0.1:5353");
    assert_eq!(bench.engine.twin(), None, "what comes from here is ours");
    bench.hear(&other.step().remove(0), "10.9.0.2:5353");
    assert_eq!(bench.engine.twin(), Some("10.9.0.2".parse().expect("an address")));
    while !other.engine.is_announced() {
        other.step();
    }
    let goodbye = read(other.engine.farewell().into_iter().collect()).remove(0);
    bench.hear(&goodbye, "10.9.0.2:5353");
    assert_eq!(bench.engine.twin(), None, "it says goodbye");
    let again = Bench::new("nave", "10.9.0.2").step().remove(0);
    bench.hear(&again, "10.9.0.2:5353");
    assert!(bench.engine.twin().is_some());
    let end = bench.now + Duration::from_secs(300);
    while bench.now < end {
        bench.step();
    }
    assert_eq!(bench.engine.twin(), None);
    // A repeater brings back what we have said.
    let ours = Message { id: 1, ..query("_http._tcp.local", PTR, true) };
    for message in read(bench.hear(&ours, PEER)) {
        bench.hear(&message, "10.9.0.254:5353");
    }
    assert_eq!(bench.engine.twin(), None);
}

#[test]
fn it_asks_which_boxes_there_are() {
    let mut bench = Bench::up("taller", "10.9.0.1");
    let asked = loop {
        let out = bench.step();
        if let Some(asked) = out.into_iter().find(|message| !message.is_response) {
            break asked;
        }
    };
    assert_eq!(asked.questions[0].name, Name::new(["_workshop-edge", "_sub", "_http", "_tcp", "local"]));
}
