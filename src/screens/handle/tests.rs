use std::net::Ipv4Addr;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::screens::{MAX_NAME, OrderKind, ScreenState, Vote};

const SITE: &str = "00000000000051fe";
const AGENT: &str =
    "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.5) AppleWebKit/537.36 (KHTML, like Gecko) 85.0.4183.93/6.5 TV Safari/537.36";

/// A box, by clocks that the tests move.
struct Edge {
    directory: tempfile::TempDir,
    settings: Settings,
    screens: Screens,
    now: Instant,
    wall: Option<Timestamp>,
    pages: u64,
}

/// A TV: what its browser remembers, and the page that it shows.
struct Tv {
    address: u32,
    agent: String,
    storage: Option<(String, String)>,
    page: String,
    /// Fields of its reports beside those of a page of which all is well.
    says: Value,
    channel: Option<Channel>,
}

impl Edge {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            agent: true,
            expected: 0,
            hours: None,
            reload_at: None,
            reload_spread: Duration::from_secs(60),
            stale: Duration::from_secs(120),
            keep_awake: false,
        };
        change(&mut settings);
        let directory = tempfile::tempdir().expect("a directory");
        let now = Instant::now();
        let screens = Screens::open(directory.path(), settings.clone(), Lang::Es, now);
        screens.set_site(SITE, now);
        Self {
            directory,
            settings,
            screens,
            now,
            wall: Some("2026-11-29T12:00:00Z".parse().expect("a time")),
            pages: 0,
        }
    }

    /// As after a power cut.
    fn restart(&mut self) {
        self.screens = Screens::open(self.directory.path(), self.settings.clone(), Lang::Es, self.now);
        self.screens.set_site(SITE, self.now);
    }

    fn tv(&mut self, address: u32) -> Tv {
        let mut tv =
            Tv { address, agent: AGENT.to_owned(), storage: None, page: String::new(), says: json!({}), channel: None };
        self.load(&mut tv);
        tv
    }

    /// Loads the page, which opens its channel.
    fn load(&mut self, tv: &mut Tv) {
        self.pages += 1;
        tv.page = format!("{:016x}", self.pages);
        tv.channel = self.screens.open_channel(&tv.page);
    }

    fn report(&self, tv: &mut Tv) -> Result<Value, ReportError> {
        let mut report = json!({
            "id": tv.storage.as_ref().map(|(id, _)| id), "secret": tv.storage.as_ref().map(|(_, secret)| secret),
            "page": tv.page, "site": SITE, "agent": "01234567", "path": "/", "visible": true, "ms": 10_000,
            "frames": 598, "by": "frame", "body": true, "view": [1920, 1080, 1], "data_age_s": 3,
        });
        let fields = report.as_object_mut().expect("an object");
        fields.extend(tv.says.as_object().expect("an object").clone());
        let caller = Caller { ip: Ipv4Addr::from(tv.address).into(), user_agent: &tv.agent, cookie: None };
        let answer = self.screens.report(&caller, report.to_string().as_bytes(), self.now)?;
        let value: Value = serde_json::from_str(&answer.json).expect("JSON");
        if let (Some(id), Some(secret)) = (value["id"].as_str(), value["secret"].as_str()) {
            tv.storage = Some((id.to_owned(), secret.to_owned()));
        }
        Ok(value)
    }

    fn hear(&self, tv: &mut Tv) -> Value {
        self.report(tv).expect("an answer")
    }

    fn pass(&mut self, seconds: u64) {
        let time = Duration::from_secs(seconds);
        self.now += time;
        self.wall = self.wall.map(|wall| wall + time);
        self.screens.age(self.now, self.wall);
    }

    /// As long, with a report of each of these every 10 s.
    fn run(&mut self, seconds: u64, tvs: &mut [&mut Tv]) {
        for second in 1..=seconds {
            self.pass(1);
            if second % 10 == 0 {
                for tv in &mut *tvs {
                    self.hear(tv);
                }
            }
        }
        self.screens.age(self.now, self.wall);
    }

    fn summary(&self) -> Arc<Summary> {
        self.screens.age(self.now, self.wall);
        self.screens.summary()
    }

    fn of(&self, tv: &Tv) -> ScreenSummary {
        let id = tv.id();
        self.summary().screens.iter().find(|screen| screen.id == id).expect("known").clone()
    }

    fn state(&self, tv: &Tv) -> ScreenState {
        self.of(tv).state
    }
}

impl Tv {
    fn id(&self) -> ScreenId {
        ScreenId::parse(&self.storage.as_ref().expect("an identity").0).expect("an id")
    }

    /// As old TVs do at power-off.
    fn clear_storage(&mut self) {
        self.storage = None;
    }

    fn power_off(&mut self) {
        self.channel = None;
    }
}

#[test]
fn a_new_screen_gets_an_identity_once_and_shows_its_code_for_ten_minutes() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    let first = edge.hear(&mut tv);
    assert_eq!((first["site"].as_str(), first["every_s"].as_u64()), (Some(SITE), Some(10)));
    assert_eq!((first["language"].as_str(), first["reload_spread_s"].as_u64()), (Some("es"), Some(60)));
    assert!(first["name"].is_null() && first["view"].is_null() && first.get("wait").is_none());
    let code = first["code"].as_str().expect("a code").to_owned();
    edge.pass(1);
    let second = edge.hear(&mut tv);
    assert!(second.get("id").is_none() && second.get("secret").is_none());
    assert_eq!(second["code"].as_str(), Some(code.as_str()));
    edge.run(598, &mut [&mut tv]);
    assert!(edge.hear(&mut tv)["code"].is_string());
    edge.pass(1);
    assert!(edge.hear(&mut tv)["code"].is_null());
    let shown = edge.of(&tv);
    assert_eq!((shown.code.as_deref(), shown.is_code_shown), (Some(code.as_str()), false));
    edge.screens.order(Target::One(tv.id()), &Order::Identify, edge.now).expect("asked");
    assert_eq!(edge.hear(&mut tv)["code"].as_str(), Some(code.as_str()), "again");
}

#[test]
fn a_cookie_is_as_good_as_the_storage() {
    let mut edge = Edge::new();
    let tv = edge.tv(1);
    let body = json!({"page": tv.page}).to_string();
    let caller = Caller { ip: Ipv4Addr::from(1).into(), user_agent: AGENT, cookie: None };
    let cookie = edge.screens.report(&caller, body.as_bytes(), edge.now).expect("new").set_cookie.expect("a cookie");
    edge.pass(60);
    let body = json!({"page": "00000000000000bb"}).to_string();
    let caller = Caller { ip: Ipv4Addr::from(2).into(), cookie: Some(&cookie), user_agent: "other" };
    let answer = edge.screens.report(&caller, body.as_bytes(), edge.now).expect("known");
    assert!(answer.set_cookie.is_none() && !answer.json.contains("secret"));
    assert_eq!(edge.summary().screens.len(), 1);
}

#[test]
fn what_a_person_chose_survives_a_power_cut() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    edge.hear(&mut tv);
    edge.screens.rename(tv.id(), " Pintura\u{a0} 1 ", edge.now).expect("kept");
    edge.screens.set_view(tv.id(), Some("/linea2"), edge.now).expect("kept");
    edge.screens.set_keep_awake(tv.id(), Some(true), edge.now).expect("kept");
    let answer = edge.hear(&mut tv);
    assert_eq!((answer["name"].as_str(), answer["view"].as_str()), (Some("Pintura 1"), Some("/linea2")));
    assert!(answer["keep_awake"] == true && answer["code"].is_null());
    edge.restart();
    let kept = edge.of(&tv);
    assert_eq!((kept.name.as_deref(), kept.state, kept.heard_s), (Some("Pintura 1"), ScreenState::Offline, None));
    assert!(kept.first_seen.is_none(), "no clock was looked at before");
    edge.load(&mut tv);
    let answer = edge.hear(&mut tv);
    assert_eq!((answer["name"].as_str(), answer["view"].as_str()), (Some("Pintura 1"), Some("/linea2")));
    assert!(answer["keep_awake"] == true && answer.get("id").is_none());
    edge.screens.forget(tv.id(), edge.now).expect("forgotten");
    edge.restart();
    assert!(edge.summary().screens.is_empty());
}

#[test]
fn screens_without_a_name_are_kept_too_with_their_code() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    let code = edge.hear(&mut tv)["code"].clone();
    edge.pass(31);
    edge.hear(&mut tv);
    edge.pass(1);
    edge.screens.keep(edge.now);
    edge.restart();
    edge.load(&mut tv);
    let answer = edge.hear(&mut tv);
    assert!(answer.get("id").is_none());
    assert_eq!(answer["code"], code, "it shows it again: the box restarted while it was set up");
    let (seen, device) = (edge.of(&tv).first_seen, edge.of(&tv).device);
    assert_eq!(seen, Some("2026-11-29T12:00:00Z".parse().expect("a time")));
    assert_eq!((device.brand.as_deref(), device.year), (Some("Samsung Tizen"), Some(2022)));
    // One that is known for longer does not.
    edge.run(700, &mut [&mut tv]);
    edge.screens.keep_last(edge.now);
    edge.restart();
    edge.load(&mut tv);
    assert!(edge.hear(&mut tv)["code"].is_null());
}

#[test]
fn what_cannot_be_kept_has_not_happened() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    edge.hear(&mut tv);
    edge.screens.rename(tv.id(), "Nave", edge.now).expect("kept");
    // In the place of the next file.
    let next = edge.directory.path().join("screens.0");
    std::fs::create_dir_all(next.join("x")).expect("what no file replaces");
    let error = edge.screens.rename(tv.id(), "Otra", edge.now).expect_err("not kept");
    assert!(matches!(error, ChangeError::Keep(_)) && error.text().es.contains("no ha cambiado"), "{error:?}");
    assert!(edge.screens.forget(tv.id(), edge.now).is_err());
    assert_eq!(edge.of(&tv).name.as_deref(), Some("Nave"));
    assert_eq!(edge.hear(&mut tv)["name"].as_str(), Some("Nave"));
}

#[test]
fn names_are_short_seen_and_of_one_screen() {
    let mut edge = Edge::new();
    let (mut one, mut other) = (edge.tv(1), edge.tv(2));
    edge.hear(&mut one);
    edge.hear(&mut other);
    let rename = |tv: &Tv, name: &str| edge.screens.rename(tv.id(), name, edge.now);
    assert!(rename(&one, &"ñ".repeat(MAX_NAME)).is_ok());
    assert!(matches!(rename(&one, &"ñ".repeat(MAX_NAME + 1)), Err(ChangeError::Name)));
    assert!(matches!(rename(&one, " "), Err(ChangeError::Name)));
    assert!(rename(&one, "Nave").is_ok() && rename(&one, "Nave").is_ok());
    assert!(matches!(rename(&other, "Nave"), Err(ChangeError::NameTaken(_))));
    let nobody = ScreenId::parse("0000000000000000").expect("an id");
    assert!(matches!(edge.screens.rename(nobody, "X", edge.now), Err(ChangeError::NoSuchScreen)));
    assert!(matches!(edge.screens.set_view(one.id(), Some("//x"), edge.now), Err(ChangeError::View)));
    assert!(matches!(edge.screens.forget(nobody, edge.now), Err(ChangeError::NoSuchScreen)));
}

#[test]
fn cleared_storage_gives_the_same_screen() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    edge.hear(&mut tv);
    edge.screens.rename(tv.id(), "Nave", edge.now).expect("kept");
    let id = tv.id();
    tv.power_off();
    tv.clear_storage();
    edge.pass(3600);
    edge.load(&mut tv);
    assert_eq!(edge.hear(&mut tv)["name"].as_str(), Some("Nave"));
    assert_eq!((tv.id(), edge.summary().screens.len()), (id, 1));
    // Off and on at once: the old page has missed a report, but may still be there.
    tv.power_off();
    tv.clear_storage();
    edge.pass(13);
    edge.load(&mut tv);
    assert_eq!(edge.hear(&mut tv)["wait"], true);
    edge.pass(10);
    assert_eq!(edge.hear(&mut tv)["wait"], true);
    edge.pass(10);
    edge.hear(&mut tv);
    assert_eq!((tv.id(), edge.summary().screens.len()), (id, 1));
}

#[test]
fn another_address_or_another_browser_is_another_screen() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    edge.hear(&mut tv);
    edge.pass(3600);
    let (mut elsewhere, mut other) = (edge.tv(2), edge.tv(1));
    other.agent = "curl/8".into();
    edge.hear(&mut elsewhere);
    edge.hear(&mut other);
    assert!(tv.id() != elsewhere.id() && tv.id() != other.id() && elsewhere.id() != other.id());
}

#[test]
fn a_wrong_secret_speaks_for_nobody() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    edge.hear(&mut tv);
    edge.screens.rename(tv.id(), "Nave", edge.now).expect("kept");
    let id = tv.storage.as_ref().expect("an identity").0.clone();
    let mut thief = edge.tv(2);
    thief.storage = Some((id, "0".repeat(32)));
    let answer = edge.hear(&mut thief);
    assert!(answer["name"].is_null() && thief.id() != tv.id());
    // Nor while the screen is dark.
    tv.power_off();
    edge.pass(3600);
    edge.load(&mut thief);
    thief.storage = Some((tv.id().to_string(), "f".repeat(32)));
    assert!(edge.hear(&mut thief)["name"].is_null());
    edge.load(&mut tv);
    assert_eq!(edge.hear(&mut tv)["name"].as_str(), Some("Nave"));
}

#[test]
fn an_answer_that_was_lost_is_given_again() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    edge.hear(&mut tv);
    let id = tv.id();
    tv.storage = None;
    edge.pass(10);
    edge.hear(&mut tv);
    assert_eq!(tv.id(), id);
    edge.load(&mut tv);
    assert!(edge.hear(&mut tv).get("id").is_none(), "the new secret is right");
}

#[test]
fn two_tabs_of_a_tv_are_one_screen_and_the_better_one_counts() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    edge.hear(&mut tv);
    let mut tab = edge.tv(1);
    tab.storage.clone_from(&tv.storage);
    tv.says = json!({"visible": false});
    edge.hear(&mut tv);
    assert_eq!(edge.state(&tv), ScreenState::Hidden);
    tab.says = json!({"path": "/otra"});
    edge.hear(&mut tab);
    let shown = edge.of(&tv);
    assert_eq!((shown.state, shown.pages, shown.path.as_deref()), (ScreenState::Showing, 2, Some("/otra")));
    assert_eq!(edge.summary().screens.len(), 1);
}

#[test]
fn a_profile_that_was_copied_becomes_two_screens() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    edge.hear(&mut tv);
    edge.screens.rename(tv.id(), "Nave", edge.now).expect("kept");
    let mut copy = edge.tv(2);
    copy.storage.clone_from(&tv.storage);
    for _ in 0..3 {
        let answer = edge.hear(&mut copy);
        assert!(answer["wait"] == true && answer["name"].is_null() && answer["orders"] == json!([]));
        edge.run(10, &mut [&mut tv]);
    }
    assert!(edge.hear(&mut copy)["name"].is_null());
    assert_ne!(copy.id(), tv.id());
    assert_eq!(edge.hear(&mut tv)["name"].as_str(), Some("Nave"), "the first one keeps what it is");
    edge.run(60, &mut [&mut tv, &mut copy]);
    assert_eq!(edge.summary().counts.of_state(ScreenState::Showing), 2);
}

#[test]
fn a_screen_with_a_new_address_is_the_same_when_the_old_one_is_silent() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    edge.hear(&mut tv);
    let id = tv.id();
    tv.power_off();
    tv.address = 2;
    edge.pass(10);
    edge.load(&mut tv);
    assert_eq!(edge.hear(&mut tv)["wait"], true);
    edge.pass(20);
    edge.hear(&mut tv);
    assert_eq!((tv.id(), edge.of(&tv).address), (id, Some(Ipv4Addr::from(2).into())));
    // The page itself may move: nobody else knows it.
    tv.address = 3;
    assert!(edge.hear(&mut tv).get("wait").is_none());
}

/// The table of states, as it is heard.
#[test]
fn each_state_is_reported_within_30_s_and_back_again() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    edge.hear(&mut tv);
    edge.run(30, &mut [&mut tv]);
    assert_eq!(edge.state(&tv), ScreenState::Showing);
    for (says, state) in [
        (json!({"visible": false}), ScreenState::Hidden),
        (json!({"frames": 0}), ScreenState::Frozen),
        (json!({"body": false}), ScreenState::Blank),
        (json!({"data_age_s": 121}), ScreenState::Stale),
    ] {
        tv.says = says;
        edge.run(30, &mut [&mut tv]);
        assert_eq!(edge.state(&tv), state);
        assert!(edge.of(&tv).since_s >= 19, "{}", edge.of(&tv).since_s);
        tv.says = json!({});
        edge.run(30, &mut [&mut tv]);
        assert_eq!(edge.state(&tv), ScreenState::Showing);
    }
    // Of one report; they are counted, and their sample is shown.
    tv.says = json!({"errors": {"script": 2}, "sample": "TypeError: x"});
    edge.run(10, &mut [&mut tv]);
    tv.says = json!({});
    let errors = edge.of(&tv).errors;
    assert_eq!(
        (edge.state(&tv), errors.script, errors.sample.as_deref()),
        (ScreenState::Errors, 2, Some("TypeError: x"))
    );
    edge.run(60, &mut [&mut tv]);
    assert_eq!(edge.state(&tv), ScreenState::Showing);
    let bundle = edge.summary().without_content();
    assert!(!serde_json::to_string(&bundle).expect("JSON").contains("TypeError"));
    // A violated policy alone is none.
    tv.says = json!({"errors": {"policy": 1}});
    edge.run(10, &mut [&mut tv]);
    assert_eq!(edge.state(&tv), ScreenState::Showing);
    // The main thread hangs; then the cable is pulled.
    tv.says = json!({});
    edge.pass(26);
    assert_eq!(edge.state(&tv), ScreenState::Frozen);
    tv.channel = None;
    assert_eq!(edge.state(&tv), ScreenState::Offline);
    edge.run(10, &mut [&mut tv]);
    assert_eq!(edge.state(&tv), ScreenState::Showing);
}

#[test]
fn a_page_that_counts_timers_is_not_frozen_nor_is_one_of_a_short_report() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    tv.says = json!({"by": "timer", "frames": 0});
    edge.hear(&mut tv);
    assert_eq!((edge.state(&tv), edge.of(&tv).frames_per_second), (ScreenState::Showing, None));
    tv.says = json!({"frames": 0, "ms": 4999});
    edge.hear(&mut tv);
    assert_eq!(edge.state(&tv), ScreenState::Showing);
    tv.says = json!({"frames": 0, "ms": 5000});
    edge.hear(&mut tv);
    assert_eq!(edge.state(&tv), ScreenState::Frozen);
    // What is seen again has not had the time to draw.
    tv.says = json!({"visible": false, "frames": 0});
    edge.hear(&mut tv);
    tv.says = json!({"frames": 0});
    edge.hear(&mut tv);
    assert_eq!(edge.state(&tv), ScreenState::Showing);
    edge.hear(&mut tv);
    assert_eq!(edge.state(&tv), ScreenState::Frozen);
}

#[test]
fn a_page_of_another_version_has_its_time_to_reload() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    edge.hear(&mut tv);
    edge.screens.set_site("00000000000000ff", edge.now);
    assert_eq!(edge.hear(&mut tv)["site"], "00000000000000ff");
    edge.run(120, &mut [&mut tv]);
    assert_eq!(edge.state(&tv), ScreenState::Showing);
    edge.run(1, &mut [&mut tv]);
    assert_eq!(edge.state(&tv), ScreenState::Outdated);
    edge.load(&mut tv);
    tv.says = json!({"site": "00000000000000ff"});
    edge.hear(&mut tv);
    assert_eq!(edge.state(&tv), ScreenState::Showing);
}

#[test]
fn orders_are_repeated_until_they_are_done_or_not_wanted_any_more() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    edge.hear(&mut tv);
    let calls = edge.screens.calls();
    let message = Order::Message { text: "Pausa".into(), for_s: 30 };
    edge.screens.order(Target::One(tv.id()), &message, edge.now).expect("asked");
    edge.screens.order(Target::All, &Order::Reload, edge.now).expect("asked");
    assert!(calls.has_changed().expect("open"));
    for _ in 0..2 {
        let orders = edge.hear(&mut tv)["orders"].clone();
        assert_eq!(
            (&orders[0]["do"], &orders[0]["text"], &orders[0]["for_s"]),
            (&json!("message"), &json!("Pausa"), &json!(30))
        );
        assert_eq!((&orders[1]["do"], orders[1].get("path")), (&json!("reload"), None));
    }
    let orders = edge.hear(&mut tv)["orders"].clone();
    let done = orders[1]["order"].clone();
    tv.says = json!({"did": [{"order": done, "result": "done"}, {"order": 1, "result": "failed"}]});
    assert_eq!(edge.hear(&mut tv)["orders"].as_array().map(Vec::len), Some(1));
    let last = edge.of(&tv).last_order.expect("ended");
    assert_eq!((Some(last.order), last.kind), (done.as_u64(), OrderKind::Reload));
    edge.pass(59);
    assert_eq!(edge.of(&tv).orders, [OrderKind::Message]);
    edge.pass(1);
    assert!(edge.of(&tv).orders.is_empty());
    assert_eq!(edge.hear(&mut tv)["orders"], json!([]));
}

#[test]
fn a_screen_has_one_order_of_a_kind_and_numbers_are_not_used_again() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    edge.hear(&mut tv);
    let mut seen = std::collections::BTreeSet::new();
    for number in 0..100 {
        let go = Order::Go { path: format!("/{number}") };
        for order in [go, Order::Reload, Order::Identify, Order::Picture] {
            edge.screens.order(Target::One(tv.id()), &order, edge.now).expect("asked");
        }
        let orders = edge.hear(&mut tv)["orders"].as_array().expect("a list").clone();
        assert_eq!(orders.len(), 4);
        assert!(orders.iter().all(|order| seen.insert(order["order"].as_u64().expect("a number"))));
    }
    assert_eq!(edge.hear(&mut tv)["orders"][0]["path"], "/99");
    assert!(seen.iter().all(|number| *number < 1 << 53), "numbers of JavaScript");
    let path = Order::Go { path: "http://x".into() };
    assert!(matches!(edge.screens.order(Target::All, &path, edge.now), Err(ChangeError::View)));
    let nobody = Target::One(ScreenId::parse("0000000000000000").expect("an id"));
    assert!(matches!(edge.screens.order(nobody, &Order::Reload, edge.now), Err(ChangeError::NoSuchScreen)));
}

#[test]
fn an_order_for_all_is_for_those_that_are_there() {
    let mut edge = Edge::new();
    let (mut tv, mut dark) = (edge.tv(1), edge.tv(2));
    edge.hear(&mut dark);
    dark.power_off();
    edge.pass(60);
    edge.hear(&mut tv);
    edge.pass(1);
    assert_eq!(edge.screens.order(Target::All, &Order::Identify, edge.now).expect("asked"), 1);
    assert_eq!(edge.screens.order(Target::One(dark.id()), &Order::Reload, edge.now).expect("asked"), 1);
}

#[test]
fn a_blank_page_is_loaded_again_and_not_all_the_time() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    tv.says = json!({"body": false});
    edge.hear(&mut tv);
    let (mut reloads, mut last) = (Vec::new(), json!(null));
    for second in 0..2000_u64 {
        edge.pass(1);
        if second % 10 == 0 {
            let order = edge.hear(&mut tv)["orders"][0].clone();
            if order["do"] == "reload" && order["order"] != last {
                last = order["order"].clone();
                reloads.push(second);
            }
            tv.says = json!({"body": false, "did": [{"order": last, "result": "done"}]});
            if last.is_null() {
                tv.says = json!({"body": false});
            }
        }
    }
    assert_eq!(reloads, [60, 660, 1260, 1860]);
}

#[test]
fn at_night_every_screen_that_is_there_reloads_once_spread_over_its_time() {
    let mut edge = Edge::with(|settings| settings.reload_at = Some(jiff::civil::time(4, 30, 0, 0)));
    edge.screens.lock().nightly = Some(Nightly::new(jiff::civil::time(4, 30, 0, 0), TimeZone::UTC));
    edge.wall = Some("2026-11-29T04:29:00Z".parse().expect("a time"));
    let mut tvs: Vec<Tv> = (0..100).map(|address| edge.tv(address)).collect();
    let calls = edge.screens.calls();
    let mut asked = vec![Vec::new(); tvs.len()];
    for second in 1..=180_u64 {
        edge.pass(1);
        for (tv, asked) in tvs.iter_mut().zip(&mut asked) {
            let order = edge.hear(tv)["orders"][0].clone();
            tv.says = json!({});
            if order["do"] == "reload" {
                asked.push(second);
                tv.says = json!({"did": [{"order": order["order"], "result": "done"}]});
            }
        }
    }
    assert!(asked.iter().all(|asked| asked.len() == 1 && (60..=121).contains(&asked[0])), "{asked:?}");
    let first_half = asked.iter().filter(|asked| asked[0] < 90).count();
    assert!((20..=80).contains(&first_half), "{first_half}");
    assert!(!calls.has_changed().expect("open"), "no screen is called for it");
}

#[test]
fn a_picture_is_taken_once_of_whom_it_was_asked() {
    let mut edge = Edge::new();
    let (mut tv, mut other) = (edge.tv(1), edge.tv(2));
    edge.hear(&mut tv);
    edge.hear(&mut other);
    let body = |tv: &Tv, order: u64| {
        let (id, secret) = tv.storage.as_ref().expect("an identity");
        json!({"id": id, "secret": secret, "order": order, "picture": "data:image/jpeg;base64,/9j/4AA="}).to_string()
    };
    let put = |tv: &Tv, order, now| edge.screens.put_picture(body(tv, order).as_bytes(), now);
    assert_eq!(put(&tv, 1, edge.now), Err(PictureError::NotAsked));
    edge.screens.order(Target::One(tv.id()), &Order::Picture, edge.now).expect("asked");
    let order = edge.hear(&mut tv)["orders"][0]["order"].as_u64().expect("a number");
    assert_eq!(put(&other, order, edge.now), Err(PictureError::NotAsked));
    let mut thief = edge.tv(3);
    thief.storage = Some((tv.id().to_string(), "0".repeat(32)));
    assert_eq!(edge.screens.put_picture(body(&thief, order).as_bytes(), edge.now), Err(PictureError::NotAsked));
    assert_eq!(
        edge.screens.put_picture(body(&tv, order).as_bytes(), edge.now + Duration::from_secs(60)),
        Err(PictureError::NotAsked),
        "too late"
    );
    tv.says = json!({"did": [{"order": order, "result": "done"}]});
    edge.hear(&mut tv);
    assert_eq!(edge.screens.put_picture(body(&tv, order).as_bytes(), edge.now), Ok(()));
    assert_eq!(edge.screens.put_picture(body(&tv, order).as_bytes(), edge.now), Err(PictureError::NotAsked));
    assert_eq!(edge.screens.picture(tv.id()).expect("a picture").jpeg.len(), 5);
    assert_eq!((edge.of(&tv).picture_s, edge.of(&other).picture_s), (Some(0), None));
    edge.screens.forget(tv.id(), edge.now).expect("forgotten");
    edge.pass(1);
    assert!(edge.screens.picture(tv.id()).is_none());
}

#[test]
fn named_screens_stay_and_the_oldest_without_a_name_make_room() {
    let mut edge = Edge::new();
    let mut named = edge.tv(1);
    edge.hear(&mut named);
    edge.screens.rename(named.id(), "Nave", edge.now).expect("kept");
    let mut first = edge.tv(2);
    edge.hear(&mut first);
    for address in 3..600 {
        edge.pass(1);
        let mut tv = edge.tv(address);
        edge.hear(&mut tv);
        let summary = edge.summary();
        assert!(summary.screens.len() <= 512);
        assert_eq!(summary.screens.iter().any(|screen| screen.id == first.id()), address <= 512, "{address}");
    }
    assert_eq!(edge.of(&named).name.as_deref(), Some("Nave"));
}

#[test]
fn codes_are_of_one_screen_each() {
    let mut edge = Edge::new();
    let mut codes = std::collections::BTreeSet::new();
    for address in 0..512 {
        let mut tv = edge.tv(address);
        assert!(codes.insert(edge.hear(&mut tv)["code"].as_str().expect("a code").to_owned()));
    }
}

#[test]
fn a_registry_of_named_ones_refuses_newcomers_and_says_so() {
    let mut edge = Edge::new();
    for address in 0..512 {
        let mut tv = edge.tv(address);
        edge.hear(&mut tv);
        let mut state = edge.screens.lock();
        let screen = state.registry.screen_mut(tv.id()).expect("known");
        screen.chosen.name = Some(format!("Pantalla {address}"));
    }
    let mut tv = edge.tv(1000);
    let error = edge.report(&mut tv).expect_err("no place");
    assert!(matches!(error, ReportError::Full { .. }), "{error}");
    edge.screens.keep_last(edge.now);
    edge.restart();
    assert_eq!(edge.summary().screens.len(), 512);
}

fn votes(edge: &Edge) -> Vec<(String, Vote)> {
    edge.screens.voters().into_iter().map(|voter| (voter.name, voter.vote)).collect()
}

/// Starts the program that serves this, on trial.
fn change_version(edge: &mut Edge, site: &str) {
    edge.restart();
    edge.screens.set_on_trial(true);
    edge.screens.set_site(site, edge.now);
}

/// What it serves.
const NEW: &str = "00000000000051ff";

#[test]
fn the_screens_that_were_showing_the_page_vote_on_the_version_on_trial() {
    let mut edge = Edge::new();
    let mut tvs: Vec<Tv> = (1..=5).map(|address| edge.tv(address)).collect();
    tvs[2].says = json!({"visible": false});
    tvs[3].says = json!({"errors": {"script": 1}});
    tvs[4].says = json!({"by": "timer"});
    edge.run(20, &mut tvs.iter_mut().collect::<Vec<_>>());
    for (tv, name) in tvs.iter().zip(["Nave", "Torno", "Hidden", "Errors", "Timer"]) {
        edge.screens.rename(tv.id(), name, edge.now).expect("kept");
    }
    assert_eq!(votes(&edge), [], "no trial is under way");
    edge.screens.keep_last(edge.now);
    let both = |one, other| [("Nave".to_owned(), one), ("Torno".to_owned(), other)];

    // Neither a hidden screen, nor one with errors, nor one of which frames are not known.
    change_version(&mut edge, NEW);
    assert_eq!(votes(&edge), both(Vote::Off, Vote::Off));
    let [nave, other, ..] = &mut tvs[..] else { panic!("five") };
    // They still show the version before.
    edge.run(10, &mut [nave, other]);
    assert_eq!(votes(&edge), both(Vote::Waiting, Vote::Waiting));
    for tv in [&mut *nave, &mut *other] {
        edge.load(tv);
        tv.says = json!({"site": NEW, "ms": 2000, "frames": 12});
        edge.hear(tv);
    }
    edge.pass(1);
    assert_eq!(votes(&edge), both(Vote::Waiting, Vote::Waiting), "12 frames");
    nave.says = json!({"site": NEW, "frames": 48});
    other.says = json!({"site": NEW, "errors": {"rejection": 1}});
    edge.run(10, &mut [nave, other]);
    assert_eq!(votes(&edge), both(Vote::Yes, Vote::Errors), "though the page before it may be there still");

    // A restart asks the same ones, though one of them does not show the page any more.
    edge.run(30, &mut [nave, other]);
    assert_eq!(edge.state(other), ScreenState::Errors);
    edge.screens.keep_last(edge.now);
    change_version(&mut edge, NEW);
    assert_eq!(votes(&edge), both(Vote::Off, Vote::Off));
    edge.run(30, &mut [nave, other]);
    assert_eq!(votes(&edge), both(Vote::Yes, Vote::Errors));
    // A page that hangs is no TV that is off; another app in front of it is.
    other.power_off();
    edge.run(30, &mut [nave]);
    assert_ne!(votes(&edge)[1].1, Vote::Off);
    nave.says = json!({"visible": false});
    edge.hear(nave);
    edge.pass(1);
    assert_eq!(votes(&edge)[0].1, Vote::Off);
    nave.says = json!({"site": NEW});
    edge.run(10, &mut [nave]);

    // After the trial, those that show the page by then.
    edge.run(10, &mut [nave]);
    edge.screens.set_on_trial(false);
    edge.screens.keep_last(edge.now);
    change_version(&mut edge, SITE);
    assert_eq!(votes(&edge), [("Nave".to_owned(), Vote::Off)]);
}

/// Whatever happens to it at whichever second between two reports, by the box's own clock; and its end as soon.
#[test]
fn what_happens_to_a_screen_is_said_within_30_s() {
    // The page that was loaded, or its power; an error is over after a minute.
    let causes = [
        (ScreenState::Hidden, json!({"visible": false}), 30),
        (ScreenState::Frozen, json!({"frames": 0}), 30),
        (ScreenState::Blank, json!({"body": false}), 30),
        (ScreenState::Errors, json!({"errors": {"script": 1}}), 60 + 1),
        (ScreenState::Errors, json!({"errors": {"rejection": 1}}), 60 + 1),
        (ScreenState::Errors, json!({"errors": {"resource": 1}}), 60 + 1),
        (ScreenState::Stale, json!({"data_age_s": 121}), 30),
        (ScreenState::Frozen, Value::Null, 30),
        (ScreenState::Offline, Value::Null, 30),
    ];
    for (state, says, is_over_after) in causes {
        for at in 1..=10 {
            let mut edge = Edge::new();
            let mut tv = edge.tv(1);
            edge.run(60, &mut [&mut tv]);
            assert_eq!(edge.state(&tv), ScreenState::Showing);
            let mut second = 0;
            let mut live = |edge: &mut Edge, tv: &mut Tv, is_heard: bool| {
                second += 1;
                edge.pass(1);
                if second % 10 == 0 && is_heard {
                    edge.hear(tv);
                    // It counts what has happened since its last report.
                    let _ = tv.says.as_object_mut().map(|says| says.remove("errors"));
                }
            };
            for _ in 0..at {
                live(&mut edge, &mut tv, true);
            }
            let is_heard = !says.is_null();
            if is_heard {
                tv.says.clone_from(&says);
            } else if state == ScreenState::Offline {
                tv.power_off();
            }
            let mut until = |edge: &mut Edge, tv: &mut Tv, wanted, is_heard: bool| {
                (1..=99).find(|_| {
                    live(edge, tv, is_heard);
                    edge.state(tv) == wanted
                })
            };
            let said = until(&mut edge, &mut tv, state, is_heard).expect("it is said");
            assert!(said <= 30, "{state:?} after {said} s");
            tv.says = json!({});
            if state == ScreenState::Offline {
                edge.load(&mut tv);
            }
            let over = until(&mut edge, &mut tv, ScreenState::Showing, true).expect("it is over");
            assert!(over <= is_over_after, "{state:?} for {over} s more");
        }
    }
}

/// Anything on the network may report as a screen; only a person gives names.
#[test]
fn screens_without_a_name_have_no_vote() {
    let mut edge = Edge::new();
    let mut tvs: Vec<Tv> = (1..=3).map(|address| edge.tv(address)).collect();
    edge.run(20, &mut tvs.iter_mut().collect::<Vec<_>>());
    edge.screens.rename(tvs[0].id(), "Nave", edge.now).expect("kept");
    edge.screens.keep_last(edge.now);
    change_version(&mut edge, NEW);
    let nave = |vote| [("Nave".to_owned(), vote)];
    assert_eq!(votes(&edge), nave(Vote::Off));
    for (tv, errors) in tvs.iter_mut().zip([0, 0, 1]) {
        edge.load(tv);
        tv.says = json!({"site": NEW, "errors": {"script": errors}});
    }
    edge.run(10, &mut tvs[1..].iter_mut().collect::<Vec<_>>());
    assert_eq!(votes(&edge), nave(Vote::Off), "whatever they show");
    edge.run(10, &mut tvs.iter_mut().collect::<Vec<_>>());
    assert_eq!(votes(&edge), nave(Vote::Yes));
    // Somebody stands before it.
    edge.screens.rename(tvs[1].id(), "Torno", edge.now).expect("kept");
    assert_eq!(votes(&edge), [("Nave".to_owned(), Vote::Yes), ("Torno".to_owned(), Vote::Yes)]);
}

/// As much as it may, of as many screens as it likes.
#[test]
fn an_address_takes_no_more_than_half_of_the_places() {
    let mut edge = Edge::new();
    let mut others: Vec<Tv> = (0..200).map(|address| edge.tv(1000 + address)).collect();
    for tv in &mut others {
        edge.hear(tv);
    }
    for _ in 0..100 {
        edge.pass(1);
        for _ in 0..20 {
            let mut tv = edge.tv(1);
            tv.agent = format!("agent {}", edge.pages);
            edge.hear(&mut tv);
        }
    }
    let summary = edge.summary();
    let of_address = summary.screens.iter().filter(|screen| screen.address == Some(Ipv4Addr::from(1).into())).count();
    assert_eq!((of_address, summary.screens.len()), (256, 456));
}

#[test]
fn one_address_may_not_report_more_than_many_screens_do() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    let taken = (0..1000).filter(|_| edge.report(&mut tv).is_ok()).count();
    assert_eq!(taken, 512);
    assert!(matches!(edge.report(&mut tv), Err(ReportError::TooMany { .. })));
}

#[test]
fn pages_and_channels_are_bounded() {
    let mut edge = Edge::new();
    let mut tv = edge.tv(1);
    for _ in 0..10 {
        edge.hear(&mut tv);
        edge.pass(1);
        edge.load(&mut tv);
    }
    assert_eq!(edge.of(&tv).pages, 4);
    let mut strangers: Vec<_> =
        (0..2000).map(|page| edge.screens.open_channel(&format!("{:016x}", page + (1_u64 << 32)))).collect();
    // One is of the page that has not reported.
    assert_eq!(strangers.iter().flatten().count(), 1024 - 1);
    assert!(edge.screens.open_channel("x").is_none());
    let known = edge.tv(2);
    assert!(known.channel.is_none());
    assert!(
        edge.screens.open_channel(&format!("{:016x}", edge.pages - 2)).is_some(),
        "a page that is known always counts"
    );
    strangers.clear();
    assert!(edge.tv(3).channel.is_some());
}

#[test]
fn a_screen_without_a_name_is_forgotten_after_a_week() {
    let mut edge = Edge::new();
    let (mut tv, mut named) = (edge.tv(1), edge.tv(2));
    edge.hear(&mut tv);
    edge.hear(&mut named);
    edge.screens.rename(named.id(), "Nave", edge.now).expect("kept");
    (tv.channel, named.channel) = (None, None);
    edge.pass(7 * 24 * 3600 - 1);
    assert_eq!(edge.summary().screens.len(), 2);
    // Over a restart, by the clock.
    edge.screens.keep_last(edge.now);
    edge.restart();
    assert_eq!(edge.summary().screens.len(), 2);
    edge.pass(1);
    assert_eq!(edge.summary().screens.len(), 1);
    assert_eq!(edge.of(&named).name.as_deref(), Some("Nave"));
}

#[test]
fn too_few_screens_are_a_fault_within_their_hours() {
    let mut edge = Edge::with(|settings| settings.expected = 2);
    edge.pass(1);
    assert!(edge.summary().fault().is_none(), "the box has only started");
    let mut tv = edge.tv(1);
    edge.run(60, &mut [&mut tv]);
    let fault = edge.summary().fault().expect("one is missing");
    assert!(fault.es.contains("1 de las 2"), "{fault:?}");
    let mut other = edge.tv(2);
    edge.run(30, &mut [&mut tv, &mut other]);
    assert!(edge.summary().fault().is_none());
    edge.wall = None;
    other.power_off();
    edge.pass(60);
    assert!(edge.summary().fault().is_none(), "the clock is not right");
}

#[test]
fn out_of_their_hours_no_screen_is_missed() {
    let local = |hours: i8| {
        let noon: Timestamp = "2026-11-29T12:00:00Z".parse().expect("a time");
        (noon.to_zoned(TimeZone::system()).hour() + hours + 24) % 24
    };
    for (opens, closes, is_within) in [(-1, 2, true), (2, -1, false), (-12, 12 - 1, true)] {
        let hours = format!("{:02}:00-{:02}:00", local(opens), local(closes)).parse().expect("hours");
        let mut edge = Edge::with(|settings| (settings.expected, settings.hours) = (1, Some(hours)));
        edge.pass(90);
        let summary = edge.summary();
        assert_eq!((summary.is_within_hours, summary.fault().is_some()), (is_within, is_within), "{hours}");
    }
}

#[test]
fn the_summary_is_sorted_and_counted() {
    let mut edge = Edge::new();
    let mut tvs: Vec<Tv> = (0..4).map(|address| edge.tv(address)).collect();
    for tv in &mut tvs {
        edge.hear(tv);
        edge.pass(1);
    }
    edge.screens.rename(tvs[0].id(), "ñu", edge.now).expect("kept");
    edge.screens.rename(tvs[1].id(), "Nave", edge.now).expect("kept");
    let summary = edge.summary();
    let ids: Vec<_> = summary.screens.iter().map(|screen| screen.id).collect();
    assert_eq!(ids, [1, 0, 3, 2].map(|at: usize| tvs[at].id()));
    let json = serde_json::to_value(&*summary).expect("JSON");
    assert_eq!((&json["counts"]["showing"], &json["counts"]["offline"]), (&json!(4), &json!(0)));
    assert_eq!((&json["screens"][0]["name"], &json["screens"][0]["state"]), (&json!("Nave"), &json!("showing")));
    assert_eq!(json["screens"][0]["viewport"], json!({"width": 1920, "height": 1080, "ratio": 1.0}));
}

/// What happens to a box.
#[derive(Debug, Clone)]
enum Event {
    Pass(u64),
    Report { tv: usize, is_visible: bool },
    Load(usize),
    Clear(usize),
    Off(usize),
    Move(usize, u32),
    Name(usize),
    Copy(usize, usize),
    Restart,
}

fn events() -> impl Strategy<Value = Event> {
    let tv = || 0..4_usize;
    prop_oneof![
        (1..40_u64).prop_map(Event::Pass),
        (tv(), any::<bool>()).prop_map(|(tv, is_visible)| Event::Report { tv, is_visible }),
        tv().prop_map(Event::Load),
        tv().prop_map(Event::Clear),
        tv().prop_map(Event::Off),
        (tv(), 1..4_u32).prop_map(|(tv, address)| Event::Move(tv, address)),
        tv().prop_map(Event::Name),
        (tv(), tv()).prop_map(|(one, other)| Event::Copy(one, other)),
        Just(Event::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever happens: who showed the right secret is who it was, names stay with a screen, and what is shown agrees.
    #[test]
    fn nothing_that_happens_confuses_the_screens(happenings in proptest::collection::vec(events(), 1..60)) {
        let mut edge = Edge::new();
        let mut tvs: Vec<Tv> = (0..4).map(|address| edge.tv(address + 1)).collect();
        let mut names = std::collections::BTreeMap::new();
        for happening in happenings {
            match happening {
                Event::Pass(seconds) => edge.pass(seconds),
                Event::Report { tv, is_visible } => {
                    let tv = &mut tvs[tv];
                    tv.says = json!({"visible": is_visible});
                    let answer = edge.hear(tv);
                    if answer["wait"] != true {
                        let name = answer["name"].as_str().map(str::to_owned);
                        prop_assert_eq!(name, names.get(&tv.id()).cloned());
                        let state = edge.state(tv);
                        prop_assert!(state != ScreenState::Offline);
                    }
                }
                Event::Load(tv) => edge.load(&mut tvs[tv]),
                Event::Clear(tv) => tvs[tv].clear_storage(),
                Event::Off(tv) => tvs[tv].power_off(),
                Event::Move(tv, address) => tvs[tv].address = address,
                Event::Name(tv) => {
                    let screens = edge.summary();
                    let known = tvs[tv].storage.as_ref().map(|_| tvs[tv].id());
                    if let Some(id) = known.filter(|id| screens.screens.iter().any(|screen| screen.id == *id)) {
                        let name = format!("Pantalla {}", names.len());
                        if edge.screens.rename(id, &name, edge.now).is_ok() {
                            names.insert(id, name);
                        }
                    }
                }
                Event::Copy(one, other) => tvs[one].storage = tvs[other].storage.clone(),
                Event::Restart => edge.restart(),
            }
            let summary = edge.summary();
            let shown: usize = summary.counts.iter().map(|(_, count)| count).sum();
            prop_assert_eq!(shown, summary.screens.len());
            for (id, name) in &names {
                let screen = summary.screens.iter().find(|screen| screen.id == *id);
                prop_assert_eq!(screen.and_then(|screen| screen.name.as_ref()), Some(name));
            }
        }
    }
}
