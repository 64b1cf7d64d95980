//! The boxes of a network, as `workshop-edge fleet` lists them on another machine of it.

use std::process::Output;

use serde_json::{Value, json};

use super::avahi::Avahi;
use super::edge::Found;
use super::peer::Background;
use crate::support::eventually;
use crate::support::lab::{Host, Lab};

const SUBTYPE: &str = "_workshop-edge._sub._http._tcp";

/// Runs it on a host, in Spanish. What a proxy would answer is not asked for.
fn fleet(host: &Host, arguments: &[&str]) -> Output {
    host.command(env!("CARGO_BIN_EXE_workshop-edge"))
        .env("LC_ALL", "es_ES.UTF-8")
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .arg("fleet")
        .args(arguments)
        .output()
        .expect("the binary starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

#[test]
fn every_box_is_listed_with_how_it_is() {
    let lab = Lab::new(&["switch"]);
    let hosts = ["10.9.0.1/24", "10.9.0.2/24", "10.9.0.3/24"].map(|address| lab.host("switch", &[address]));
    let laptop = lab.host("switch", &["10.9.0.9/24"]);
    let configs = [
        "[discovery]\nname = \"este\"\n[screens]\nexpected = 2\n",
        "[discovery]\nname = \"norte\"\n",
        "[discovery]\nname = \"sur\"\n[listen]\nhttp = [\"[::]:8080\", \"127.0.0.1:80\"]\n",
    ];
    let boxes: Vec<_> = hosts.iter().zip(configs).map(|(host, config)| Found::configured(host, config, None)).collect();
    for (found, name) in boxes.iter().zip(["este.local", "norte.local", "sur.local"]) {
        found.wait_for_name(name);
    }
    // Announced as a box is, and nobody listens there.
    let mute = lab.host("switch", &["10.9.0.4/24"]);
    let avahi = Avahi::start(&mute, "mudo");
    let subtype = format!("--subtype={SUBTYPE}");
    let publish =
        ["-s", &subtype, "taller\u{202e} mudo", "_http._tcp", "80", "id=0123456789abcdef", "version=9.9\u{7}.9"];
    let _published = Background::start(&mute, "avahi-publish", &publish);
    eventually("it is announced", || avahi.browse(SUBTYPE).contains(";mudo.local;10.9.0.4;80;"));

    let version = env!("CARGO_PKG_VERSION");
    let names = ["este.local", "mudo.local", "norte.local", "sur.local"];
    // On a busy machine a search may end before all have answered.
    let mut listed = Vec::new();
    eventually("all are found, and those that listen answer", || {
        let output = fleet(&laptop, &["--wait", "5", "--json"]);
        assert_eq!(output.status.code(), Some(1), "one does not answer: {output:?}");
        let mut json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        listed = serde_json::from_value::<Vec<Value>>(json["boxes"].take()).expect("a list");
        listed.iter().map(|one| &one["name"]).eq(names)
            && listed.iter().filter(|one| one["error"].is_null()).count() == 3
    });
    for (at, url, found) in
        [(0, "http://10.9.0.1", &boxes[0]), (2, "http://10.9.0.2", &boxes[1]), (3, "http://10.9.0.3:8080", &boxes[2])]
    {
        let (one, status): (_, Value) =
            (&listed[at], serde_json::from_str(&found.get("/_edge/status.json")).expect("JSON"));
        assert_eq!((&one["url"], &one["version"]), (&url.into(), &version.into()), "{one}");
        assert_eq!((&one["id"], &one["screens"]), (&status["id"], &status["screens"]), "{one}");
        assert!(one["health"]["status"].is_string(), "{one}");
    }
    assert_eq!((&listed[0]["screens"]["lit"], &listed[0]["screens"]["expected"]), (&0.into(), &2.into()));
    let mute = &listed[1];
    assert_eq!(
        (&mute["id"], &mute["version"], &mute["url"], &mute["health"], &mute["screens"]),
        (&"0123456789abcdef".into(), &"9.9.9".into(), &"http://10.9.0.4".into(), &Value::Null, &Value::Null)
    );
    let why = mute["error"]["es"].as_str().expect("words");
    assert!(why.contains("Connection refused"), "{why}");

    let mut table = String::new();
    eventually("all are in the table, and those that listen answer", || {
        text(&fleet(&laptop, &["--wait", "5"]).stdout).clone_into(&mut table);
        names.iter().all(|name| table.contains(name)) && table.matches("No responde").count() == 1
    });
    let lines: Vec<_> = table.lines().filter(|line| !line.starts_with("  - ")).collect();
    let words: Vec<_> = lines.iter().map(|line| line.split_whitespace().take(4).collect::<Vec<_>>()).collect();
    assert_eq!(
        words,
        [
            ["NOMBRE", "VERSIÓN", "PANTALLAS", "DIRECCIÓN"],
            ["este.local", version, "0/2", "http://10.9.0.1"],
            ["mudo.local", "9.9.9", "-", "http://10.9.0.4"],
            ["norte.local", version, "0/0", "http://10.9.0.2"],
            ["sur.local", version, "0/0", "http://10.9.0.3:8080"],
        ],
        "{table}"
    );
    assert!(lines[2].ends_with("No responde"), "{table}");
}

#[test]
fn a_network_without_boxes_says_what_to_check() {
    let lab = Lab::new(&["switch"]);
    let laptop = lab.host("switch", &["10.9.0.9/24"]);
    let output = fleet(&laptop, &["--wait", "1"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""), "{output:?}");
    for words in ["ningún equipo en 1 s", "la misma red", "multicast", "UDP 5353"] {
        assert!(text(&output.stderr).contains(words), "{words}: {output:?}");
    }
    let output = fleet(&laptop, &["--wait", "1", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).expect("JSON"), json!({ "boxes": [] }));
}
