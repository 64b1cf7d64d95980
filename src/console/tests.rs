use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, UNIX_EPOCH};

use super::screen_counts::ScreenCounts;
use super::status::{Address, AddressKind, Clock};
use super::*;
use crate::health::Level;
use crate::lang::{Text, Texts};

/// A box that has been better.
pub(super) fn sample() -> Status {
    Status {
        name: Some(Name { wanted: "taller".into(), current: "taller-2".into() }),
        id: "0123456789abcdef".into(),
        version: "1.2.3".into(),
        build: Build { commit: "0a1b2c3d4e5f".into(), target: "x86_64-unknown-linux-musl".into() },
        uptime_s: 273_780,
        clock: Clock {
            unix_s: 1_795_504_530,
            utc: "2026-11-24T07:15:30Z".into(),
            local: "2026-11-24T08:15:30+01:00".into(),
            zone: "CET".into(),
            trusted: false,
            doubt: Some(Doubt::NotSynchronised),
        },
        addresses: vec![
            Address { url: "http://192.168.1.50".into(), kind: AddressKind::Ip },
            Address { url: "http://taller-2.local".into(), kind: AddressKind::Name },
        ],
        network: Network {
            interface: Some("eth0".into()),
            addresses: ["192.168.1.50", "fe80::5054:ff:fe12:3456"].map(|text| text.parse().expect("an address")).into(),
            trouble: None,
        },
        discovery: Discovery::Conflict { address: "192.168.1.77".parse().expect("an address") },
        https: Some(Https { certificate_sha256: ["A1"; 32].join(":") }),
        update: Some(Update {
            channel: "stable".into(),
            desired: Some("1.2.4".into()),
            is_doubtful: false,
            sentences: Texts(vec![Text::new(
                "Descargando la versión 1.2.4: 40 %.",
                "Version 1.2.4 is being downloaded: 40 %.",
            )]),
        }),
        site: Some(Site {
            serving: Serving::Directory,
            directory: Some("/srv/display".into()),
            files: 12,
            bytes: 3_400_000,
            left_out: 0,
            left_out_files: Vec::new(),
        }),
        erp: Some(Erp {
            state: ErpState::Slow,
            since_s: 780,
            reason: None,
            text: None,
            account: Some(ErpAccount { role: "OPERATOR".into(), workshop: "Mecánica Alameda".into() }),
            oldest_s: Some(3_840),
            viewers: 3,
            notices: Texts(vec![Text::new(
                "Este sitio no muestra datos del ERP.",
                "This site shows no figures of the ERP.",
            )]),
        }),
        screens: Some(ScreenCounts {
            lit: 11,
            known: 12,
            unnamed: 1,
            expected: 12,
            states: [("offline".into(), 1), ("showing".into(), 11)].into(),
        }),
        machine: None,
        disk: Some(Disk { total_bytes: 31_914_983_424, free_bytes: 27_917_287_424 }),
        health: Health {
            status: Level::Degraded,
            faults: vec![Fault {
                check: "discovery".into(),
                status: Level::Degraded,
                text: Text::new(
                    "192.168.1.77 también responde por taller.local.",
                    "192.168.1.77 answers for taller.local too.",
                ),
            }],
        },
    }
}

/// A box whose only change is whether it is well.
fn sources(is_ill: Arc<AtomicBool>) -> Sources {
    let sample = sample();
    let best = sample.network.addresses.clone();
    let lan = Lan { name: sample.name, network: sample.network, best, discovery: sample.discovery };
    Sources {
        process: ProcessInfo {
            id: sample.id,
            version: sample.version,
            build: sample.build,
            started: Instant::now(),
            listeners: vec![ListenAddress { address: "[::]:80".parse().expect("an address"), is_https: false }],
        },
        lan: Box::new(move || lan.clone()),
        health: Box::new(move || {
            let fault = |check: &str, status| Fault { check: check.into(), status, text: Text::new("mal", "bad") };
            let faults = vec![fault("clock", Level::Degraded), fault("site", Level::Failing)];
            if is_ill.load(Ordering::Relaxed) {
                Health { status: Level::Failing, faults }
            } else {
                Health { status: Level::Ok, faults: Vec::new() }
            }
        }),
        clock: Box::new(|| (UNIX_EPOCH + Duration::from_secs(1_795_504_530), None)),
        https: Box::new(|| None),
        machine: Box::new(|| None),
        update: Box::new(|| None),
        disk: Box::new(move || sample.disk),
        site: Box::new(|| None),
        erp: Box::new(|| None),
        screens: Box::new(|| None),
    }
}

#[test]
fn the_status_is_collected_from_the_sources() {
    let console = Console::start(sources(Arc::default()), Lang::Es).expect("a console");
    let status = console.status();
    assert_eq!(status.addresses, sample().addresses);
    assert_eq!((status.clock.utc.as_str(), status.clock.trusted), ("2026-11-24T07:15:30Z", true));
    assert!(status.disk.is_some() && status.https.is_none());
    let json: Status = serde_json::from_slice(&console.status_json().expect("JSON")).expect("a status");
    assert_eq!(json, *status);
    assert!(String::from_utf8_lossy(&console.page(Lang::En, false).expect("a page")).contains("All is well"));
}

#[tokio::test]
async fn a_change_is_announced_and_time_alone_is_none() {
    let is_ill = Arc::new(AtomicBool::new(false));
    let console = Console::start(sources(Arc::clone(&is_ill)), Lang::Es).expect("a console");
    let mut changes = console.changes();
    let uptime = console.status().uptime_s;
    while console.status().uptime_s < uptime + 2 {
        tokio::task::yield_now().await;
        std::thread::park_timeout(Duration::from_millis(10));
    }
    assert_eq!(*changes.borrow_and_update(), 0);

    is_ill.store(true, Ordering::Relaxed);
    changes.changed().await.expect("a change");
    let status = console.status();
    assert_eq!(status.health.status, Level::Failing);
    let checks: Vec<_> = status.health.faults.iter().map(|fault| fault.check.as_str()).collect();
    assert_eq!(checks, ["site", "clock"], "the worst comes first");
    drop(console);
    assert!(changes.changed().await.is_err(), "the thread ends with the console");
}

#[test]
fn times_without_a_text_are_no_fault() {
    for time in [UNIX_EPOCH - Duration::from_secs(5), UNIX_EPOCH + Duration::from_secs(1 << 50)] {
        let mut sources = sources(Arc::default());
        sources.clock = Box::new(move || (time, Some(Doubt::BeforeBuild)));
        let clock = sources.collect().status.clock.clone();
        assert_eq!(clock.doubt, Some(Doubt::BeforeBuild));
        assert!(!clock.minute().is_empty());
    }
}

#[test]
fn the_assets_are_there_and_nothing_else() {
    for path in ["/_edge/console.css", "/_edge/console.js"] {
        let (media, content) = Console::asset(path).expect("an asset");
        assert!(media.ends_with("charset=utf-8") && !content.is_empty());
    }
    assert!(Console::asset("/_edge/page.html").is_none());
}

#[test]
fn where_no_tv_can_open_the_box_there_is_nothing_to_type() {
    for trouble in [
        NetworkTrouble::NoLink,
        NetworkTrouble::NoAddress,
        NetworkTrouble::SelfAssigned { address: [169, 254, 3, 4].into() },
        NetworkTrouble::NotServed,
    ] {
        let mut sources = sources(Arc::default());
        let network = Network { trouble: Some(trouble), ..sample().network };
        sources.lan = Box::new(move || Lan {
            name: sample().name,
            network: network.clone(),
            best: network.addresses.clone(),
            discovery: Discovery::Resolvable,
        });
        let status = Status::clone(&sources.collect().status);
        assert!(status.addresses.is_empty(), "{status:?}");
        for (lang, words) in [(Lang::Es, "Todavía no hay dirección"), (Lang::En, "There is no address for the TVs yet")]
        {
            assert!(summary(&status, Summary::Plain).pick(lang).contains(words));
            let page = page::render(&status, lang, false).expect("a page");
            assert!(page.contains(words) && !page.contains("<svg"), "{page}");
        }
        let canvas = Screen { width: 80, height: 25 }.draw(&View {
            status: Some(status),
            pin: Pin::Unknown,
            socket: String::new(),
        });
        let text = canvas.plain().join("\n");
        assert!(text.contains("Todavía no hay dirección para los televisores") && !text.contains('▀'), "{text}");
        let Text { es, en } = trouble.words();
        assert!(!es.is_empty() && es != en);
    }
}
