//! Answers to those who hear no multicast: behind access points that drop it, or with a resolver that knows only
//! conventional servers (RFC 6762 sections 5.4, 5.5 and 6.7).

use serde_json::{Value, json};

use super::edge::Found;
use super::peer::{listen, query};
use crate::support::eventually;
use crate::support::lab::Lab;

const CONFIG: &str = "[tls]\nmode = \"self-signed\"\n[listen]\nhttp = [\"[::]:80\"]\nhttps = [\"[::]:443\"]\n";
const GROUP: &str = "group";

/// The answer of the box, if there is exactly one.
fn one(answers: &[Value]) -> &Value {
    assert!(answers.len() == 1 && answers[0]["from"] == "10.9.0.1", "{answers:?}");
    assert!(!answers[0]["has_more"].as_bool().expect("a fact"), "{answers:?}");
    &answers[0]
}

/// The types of the records of a section, sorted.
fn types(answer: &Value, section: &str) -> Vec<String> {
    let records = answer[section].as_array().expect("a list");
    let mut types: Vec<String> = records.iter().map(|one| one["type"].as_str().expect("text").to_owned()).collect();
    types.sort();
    types
}

fn records(answer: &Value) -> impl Iterator<Item = &Value> {
    ["answers", "authorities", "additionals"].iter().flat_map(|section| answer[section].as_array().expect("a list"))
}

#[test]
fn a_question_for_unicast_is_answered_by_unicast() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let heard = listen(&lab.host("switch", &["10.9.0.3/24"]));
    let found = Found::configured(&host, CONFIG, None);
    found.wait_for_name("taller.local");
    // Each service is announced twice, a second apart (RFC 6762 section 8.3).
    for service in ["taller.local:80", "taller.local:443"] {
        eventually(&format!("{service} is announced"), || {
            heard.times_heard(&format!("10.9.0.1 120 _ SRV {service}")) == 2
        });
    }
    let address_record = "10.9.0.1 120 taller.local A 10.9.0.1";
    let announced = heard.times_heard(address_record);

    let answers = query(&peer, "taller.local", "A", "5353", "qu", GROUP);
    let answer = one(&answers);
    assert_eq!((&answer["id"], &answer["questions"]), (&json!(0), &json!([])));
    assert_eq!(types(answer, "answers"), ["A"]);
    let address = &answer["answers"][0];
    assert_eq!(
        (&address["data"], &address["class"], &address["ttl"]),
        (&json!("0a090001"), &json!(0x8001), &json!(120))
    );

    for kind in ["_http._tcp.local", "_workshop-edge._sub._http._tcp.local", "_https._tcp.local"] {
        let answers = query(&peer, kind, "PTR", "5353", "qu", GROUP);
        assert_eq!(types(one(&answers), "answers"), ["PTR"], "{answers:?}");
        let more = types(&answers[0], "additionals");
        assert!(["A", "SRV", "TXT"].iter().all(|kind| more.contains(&(*kind).to_owned())), "{answers:?}");
    }
    // What was announced a moment ago is in all caches.
    assert_eq!(heard.times_heard(address_record), announced, "{}", heard.heard());

    // The others hear it by multicast.
    assert_eq!(query(&peer, "taller.local", "A", "5353", "qm", GROUP), Vec::<Value>::new());
    eventually("it is told", || heard.times_heard(address_record) > announced);
    // One that is sent to this host alone comes back the same way.
    assert_eq!(types(one(&query(&peer, "taller.local", "A", "5353", "qm", "10.9.0.1")), "answers"), ["A"]);
}

#[test]
fn a_conventional_resolver_gets_a_conventional_answer() {
    let lab = Lab::new(&["switch"]);
    let (host, peer) = (lab.host("switch", &["10.9.0.1/24"]), lab.host("switch", &["10.9.0.2/24"]));
    let found = Found::configured(&host, CONFIG, None);
    found.wait_for_name("taller.local");
    let id = std::fs::read_to_string(found.edge.data().join("box-id")).expect("an id");
    let instance = format!("taller {}._http._tcp.local", &id[..4]);

    for to in [GROUP, "10.9.0.1"] {
        for (name, kind, number) in [
            ("TaLLer.local", "A", 1),
            ("taller.local", "AAAA", 28),
            ("_http._tcp.local", "PTR", 12),
            ("_services._dns-sd._udp.local", "PTR", 12),
            (&instance, "SRV", 33),
            (&instance, "TXT", 16),
        ] {
            let answers = query(&peer, name, kind, "0", "qm", to);
            let answer = one(&answers);
            assert_eq!(answer["id"], 4711, "{answers:?}");
            assert_eq!(answer["flags"], 0x8400, "{answers:?}");
            assert_eq!(answer["questions"], json!([[name, number, 1]]), "in the asker's letters");
            let expected = if name.starts_with("_services") { 2 } else { 1 };
            assert_eq!(types(answer, "answers"), vec![kind; expected], "{answers:?}");
            assert_eq!(answer["is_compressed"], false, "{answers:?}");
            let mut seen: Vec<String> = Vec::new();
            for record in records(answer) {
                assert!(record["ttl"].as_u64().expect("a number") <= 10 && record["class"] == 1, "{record}");
                let text = format!("{} {} {}", record["name"], record["type"], record["data"]);
                assert!(!seen.contains(&text), "{text} stands there twice: {answers:?}");
                seen.push(text);
            }
        }
    }
    // From another network, nobody is answered who asks this host alone.
    let stranger = lab.host("switch", &["10.7.0.2/24"]);
    host.ip(&["route", "add", "10.7.0.0/24", "dev", "eth0"]);
    stranger.ip(&["route", "add", "10.9.0.0/24", "dev", "eth0"]);
    assert_eq!(query(&stranger, "taller.local", "A", "0", "qm", "10.9.0.1"), Vec::<Value>::new());
}
