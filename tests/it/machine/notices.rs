//! The machine's notices are in the box's answers.

use super::super::support::{Setup, eventually};

#[test]
fn the_box_shows_what_the_machine_says_until_it_is_over() {
    let directory = tempfile::tempdir().expect("a directory");
    let notices = directory.path().join("notices");
    std::fs::create_dir(&notices).expect("made");
    let say = |name: &str, text: &str| {
        std::fs::write(notices.join("temporary"), text).expect("written");
        std::fs::rename(notices.join("temporary"), notices.join(name)).expect("renamed");
    };
    say("stick.json", r#"{"level":"info","es":"Hay una memoria.","en":"There is a stick."}"#);
    let edge = Setup::new(&format!("[machine]\ndir = {:?}\n", directory.path())).start();
    let health = || -> serde_json::Value { serde_json::from_slice(&edge.get("/health", &[]).body).expect("JSON") };
    let page = |lang: &str| String::from_utf8(edge.get(&format!("/_edge/?lang={lang}"), &[]).body).expect("text");
    eventually("the page shows it", || {
        page("es").contains("Hay una memoria.") && page("en").contains("There is a stick.")
    });
    assert_eq!(health()["checks"]["machine"]["status"], "ok");

    say("settings.json", r#"{"level":"warning","es":"línea 3","en":"line 3"}"#);
    say("torn.json", r#"{"level":"#);
    eventually("somebody should look", || health()["checks"]["machine"]["reason"] == "line 3");
    assert_eq!(health()["checks"]["machine"]["status"], "degraded");
    eventually("the page says so", || page("es").contains("línea 3"));
    edge.wait_for_log("a notice of the machine cannot be shown");
    std::fs::remove_file(notices.join("settings.json")).expect("removed");
    eventually("it is over", || health()["checks"]["machine"]["status"] == "ok");
}
