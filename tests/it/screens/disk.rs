//! What is kept of the screens, on a disk that takes nothing.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::agent::Agent;
use crate::support::browser::Browser;
use crate::support::{Disk, Edge, Setup, eventually};

#[test]
fn a_full_disk_costs_what_is_new_of_the_screens_and_no_name() {
    let disk = Disk::new(64);
    let data = disk.path.join("data");
    let mut edge = Setup::new("").data(&data).start();
    let mut tv = Agent::new(1);
    let id = tv.report(&edge, &json!({}))["id"].as_str().expect("an id").to_owned();
    let screens =
        |edge: &Edge| -> Value { serde_json::from_str(edge.get("/_edge/screens.json", &[]).text()).expect("JSON") };
    eventually("it is seen", || screens(&edge)["counts"]["showing"] == 1);
    Browser::logged_in(edge.address(), &data).name_screen(&id, "Nave");
    disk.fill(0);
    tv.report(&edge, &json!({"visible": false}));
    eventually("it is hidden", || screens(&edge)["counts"]["hidden"] == 1);
    edge.signal(Signal::TERM);
    assert_eq!(edge.wait().code(), Some(0));
    assert_eq!(edge.logged("the screens cannot be kept").len(), 1, "{}", edge.log());
    disk.empty();

    let edge = Setup::new("").data(&data).start();
    let known = &screens(&edge)["screens"][0];
    assert_eq!((&known["id"], &known["name"]), (&id.into(), &"Nave".into()));
    edge.stop();
}
