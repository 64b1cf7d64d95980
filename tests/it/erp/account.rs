//! Whose figures they are.

use serde_json::{Value, json};

use super::live::Live;
use super::{Disk, PARTS, break_machine, gaps, in_time, is_login, is_whole, shown, status, values};
use crate::support::erp::{PASSWORD, USER};
use crate::support::{Edge, Erp, Setup};

fn is_empty(wall: &Value) -> bool {
    PARTS.iter().all(|(part, _)| wall["parts"][part].is_null())
}

/// A channel on a box whose first event has come.
fn opened(edge: &Edge) -> Live {
    let mut live = Live::open(edge);
    live.event();
    live
}

#[test]
fn another_account_finds_nothing_of_the_last_one_and_the_same_finds_everything() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (edge, live) = shown(&disk, &erp, "");
    let before = values(live.wall());
    edge.wait_for_metric("workshop_edge_erp_snapshot_writes_total", 1.0);
    edge.stop();

    erp.fail(json!("down"));
    let edge = disk.setup(&erp, "").start();
    assert_eq!(values(opened(&edge).wall()), before, "the same account");
    edge.stop();
    let edge = disk.setup_as(&erp, "dos@example.com", "").start();
    assert!(is_empty(opened(&edge).wall()), "another user");
    edge.stop();
}

#[test]
fn a_user_who_is_moved_to_another_workshop_empties_the_wall() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (edge, _) = shown(&disk, &erp, "");
    edge.wait_for_metric("workshop_edge_erp_snapshot_writes_total", 1.0);
    edge.stop();

    erp.set(&json!({"move_user": {"email": "pantalla@example.com", "workshop": "Taller Dos"}}));
    // Of the ten parts, nine do not come: what was kept of them must not be shown, either.
    erp.fail(json!({"name": "status", "paths": PARTS.iter().map(|(_, path)| *path).filter(|path| *path != "/machines").collect::<Vec<_>>()}));
    let edge = disk.setup(&erp, "").start();
    let mut live = Live::open(&edge);
    live.until("the other workshop's machines", |wall| super::status_of(wall, "DOS-001").is_some());
    for (part, _) in PARTS.iter().filter(|(part, _)| *part != "machines") {
        assert!(live.wall()["parts"][part].is_null(), "{part} is of the first workshop: {}", live.wall());
    }
    in_time("its name", || status(&edge)["account"]["workshop"] == "Taller Dos");
    let is_kept = |file: &std::path::PathBuf| {
        std::fs::read(file).is_ok_and(|bytes| bytes.windows(7).any(|window| window == b"MCH-001"))
    };
    in_time("the first workshop is on no disk", || !super::files(edge.data()).iter().any(is_kept));
}

#[test]
fn a_person_can_confirm_the_account_and_is_warned_of_one_that_may_do_more() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (edge, _live) = shown(&disk, &erp, "");
    in_time("the account", || status(&edge)["account"] == json!({"role": "OPERATOR", "workshop": "Taller Uno"}));
    assert!(status(&edge)["notices"].is_null(), "{}", status(&edge));
    let page = edge.get("/_edge/", &[("accept-language", "es")]);
    assert!(page.text().contains("Taller Uno") && page.text().contains("OPERATOR"), "{}", page.text());
    edge.stop();

    let disk = Disk::new();
    let edge = disk.setup_as(&erp, "admin@example.com", "").start();
    let mut live = Live::open(&edge);
    live.until("it is accepted", is_whole);
    in_time("a warning", || !status(&edge)["notices"].is_null());
    let said = status(&edge);
    assert!(said["notices"]["es"][0].as_str().is_some_and(|text| text.contains("ADMIN")), "{said}");
}

#[test]
fn a_credential_of_systemd_is_the_password() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let credentials = disk.path("credentials");
    std::fs::create_dir(&credentials).expect("made");
    std::fs::rename(disk.path("password"), credentials.join("erp-password")).expect("moved");
    let config = disk.config(erp.url(), USER, "");
    let config: Vec<_> = config.lines().filter(|line| !line.starts_with("password_file")).collect();
    let edge = Setup::new(&config.join("\n")).data(&disk.data()).env("CREDENTIALS_DIRECTORY", &credentials).start();
    Live::open(&edge).until("everything is shown", is_whole);
}

#[test]
fn a_password_that_is_refused_is_tried_once_until_it_is_another() {
    let (disk, erp) = (Disk::new(), Erp::start());
    disk.give("otra");
    let edge = disk.setup(&erp, "").start();
    let mut live = Live::open(&edge);
    assert_eq!(live.until_link("away"), "login_refused");
    assert!(is_empty(live.wall()));
    let reply = edge.get("/api/machines", &[]);
    assert_eq!((reply.status, reply.field("retry-after")), (503, Some("5")), "{}", reply.text());
    let error: Value = serde_json::from_slice(&reply.body).expect("JSON");
    assert_eq!(error["statusCode"], 503, "{error}");
    live.heartbeats(10);
    assert_eq!(erp.requests().len(), 1, "{:?}", erp.requests());

    disk.give(PASSWORD);
    live.until("another password", is_whole);
    assert_eq!(erp.requests().iter().filter(|request| is_login(request)).count(), 2);
}

#[test]
fn a_login_that_is_refused_later_leaves_the_wall_as_it_is() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (_edge, mut live) = shown(&disk, &erp, "");
    let before = values(live.wall());
    erp.set(&json!({"rotate_secret": "all", "password": {"email": "pantalla@example.com", "password": "otra"}}));
    live.until("the login is refused", |wall| wall["link"]["reason"] == "login_refused");
    assert_eq!(values(live.wall()), before);
    disk.give("otra");
    live.until_link("up");
}

#[test]
fn tokens_that_all_die_lead_to_one_login() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (_edge, mut live) = shown(&disk, &erp, "");
    let before = values(live.wall());
    erp.set(&json!({"rotate_secret": "all"}));
    assert_eq!(live.until_link("away"), "unauthorized");
    assert_eq!(values(live.wall()), before);
    live.until_link("up");
    break_machine(&erp, &mut live);
    let gaps = gaps(&erp.requests(), is_login);
    assert!(gaps.len() == 1 && gaps[0] >= 29_900, "{gaps:?}");
}

#[test]
fn a_token_that_some_servers_refuse_stays_in_use_and_logins_stay_rare() {
    let (disk, erp) = (Disk::new(), Erp::start());
    let (_edge, mut live) = shown(&disk, &erp, "");
    erp.set(&json!({"rotate_secret": "one"}));
    // By the server that accepts it, or by a new token of the other one.
    break_machine(&erp, &mut live);
    in_time("two more logins", || gaps(&erp.requests(), is_login).len() >= 2);
    let between = gaps(&erp.requests(), is_login);
    assert!(between.iter().all(|gap| *gap >= 29_900), "{between:?}");
    erp.set(&json!({"rotate_secret": "done", "machines": {"MCH-001": "AVAILABLE"}}));
    live.until("it is well again", |wall| is_whole(wall) && super::status_of(wall, "MCH-001") == Some("AVAILABLE"));
}

#[test]
fn a_box_signs_in_again_before_its_token_ends() {
    let (disk, erp) = (Disk::new(), Erp::start());
    // The shortest that a box believes.
    erp.set(&json!({"token_lifetime_s": 60}));
    let (_edge, _live) = shown(&disk, &erp, "");
    in_time("another login", || erp.requests().iter().filter(|request| is_login(request)).count() >= 2);
    let requests = erp.requests();
    assert!(!requests.iter().any(|request| request["status"] == 401), "{requests:?}");
    assert_eq!(erp.count("/auth/refresh"), 0);
}
