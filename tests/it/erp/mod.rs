//! The ERP's figures through the box, from `tests/support/erp` to live channels and `/api`.

mod account;
mod check;

mod faults;
mod kept;

mod live;
mod privacy;

mod wall;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::erp::{PASSWORD, USER};
use crate::support::{Edge, Erp, Setup};
use live::Live;

/// The parts of a wall that are answers of the ERP.
const PARTS: [(&str, &str); 10] = [
    ("dashboard", "/analytics/dashboard"),
    ("weekly_throughput", "/analytics/throughput?period=weekly"),
    ("monthly_throughput", "/analytics/throughput?period=monthly"),
    ("machine_utilization", "/analytics/machine-utilization"),
    ("machines", "/machines"),
    ("machine_stats", "/machines/stats"),
    ("alerts", "/alerts"),
    ("alert_summary", "/alerts/summary"),
    ("order_stats", "/production/orders/stats"),
    ("quality_stats", "/quality/stats"),
];

/// The longest pause of a box before it asks an ERP again, and some more.
const PAUSES: Duration = Duration::from_secs(150);

/// What a box has on its disk: the password's file, and its data.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new() -> Self {
        let disk = Self(tempfile::tempdir().expect("a directory"));
        disk.give(PASSWORD);
        disk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Another password from now on.
    fn give(&self, password: &str) {
        // As a person's editor does it: whole.
        let next = self.path("next");
        std::fs::write(&next, format!("{password}\n")).expect("written");
        std::fs::set_permissions(&next, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("private");
        std::fs::rename(next, self.path("password")).expect("renamed");
    }

    /// A configuration of the ERP that polls every two seconds; `more` follows in the same section.
    fn config(&self, url: &str, user: &str, more: &str) -> String {
        let poll = if more.contains("poll_s") { "" } else { "poll_s = 2\n" };
        format!(
            "[limits]\nkeep_alive_idle_s = 2\nconnections_per_peer = 200\n[erp]\nurl = \"{url}\"\nuser = \"{user}\"\n\
             password_file = \"{}\"\nallow_http = true\n{poll}{more}\n",
            self.path("password").display()
        )
    }

    /// A box with these data, on the ERP with the user that a wall should have.
    fn setup(&self, erp: &Erp, more: &str) -> Setup {
        self.setup_as(erp, USER, more)
    }

    fn setup_as(&self, erp: &Erp, user: &str, more: &str) -> Setup {
        Setup::new(&self.config(erp.url(), user, more)).data(&self.data())
    }
}

/// A box that shows everything, and a channel on it.
fn shown(disk: &Disk, erp: &Erp, more: &str) -> (Edge, Live) {
    let edge = disk.setup(erp, more).start();
    let mut live = Live::open(&edge);
    live.until("everything is shown", is_whole);
    (edge, live)
}

/// Whether every part has come.
fn is_whole(wall: &Value) -> bool {
    PARTS.iter().all(|(part, _)| !wall["parts"][part].is_null()) && wall["link"]["state"] == "up"
}

/// What the console says of the ERP.
fn status(edge: &Edge) -> Value {
    let mut status: Value = serde_json::from_slice(&edge.get("/_edge/status.json", &[]).body).expect("JSON");
    status["erp"].take()
}

/// The values of all parts, without their ages.
fn values(wall: &Value) -> Value {
    PARTS.iter().map(|(part, _)| ((*part).to_owned(), wall["parts"][part]["value"].clone())).collect()
}

/// The status of this machine.
fn status_of<'a>(wall: &'a Value, code: &str) -> Option<&'a str> {
    let machines = wall["parts"]["machines"]["value"].as_array()?;
    machines.iter().find(|machine| machine["code"] == code)?["status"].as_str()
}

/// Milliseconds between two requests after another, of those that `wanted` takes.
fn gaps(requests: &[Value], wanted: impl Fn(&Value) -> bool) -> Vec<u64> {
    let times: Vec<u64> = requests
        .iter()
        .filter(|request| wanted(request))
        .map(|request| request["at_ms"].as_u64().expect("a time"))
        .collect();
    times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect()
}

fn is_login(request: &Value) -> bool {
    request["path"] == "/auth/login"
}

/// Waits until `condition` holds, for as long as the box's pauses may take.
fn in_time(what: &str, mut condition: impl FnMut() -> bool) {
    let give_up = Instant::now() + PAUSES;
    while !condition() {
        assert!(Instant::now() < give_up, "{what}: not within {PAUSES:?}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// All files below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Stops one machine, and waits until the wall shows it.
fn break_machine(erp: &Erp, live: &mut Live) {
    erp.set(&json!({"machines": {"MCH-001": "BROKEN"}}));
    live.until("the machine is broken", |wall| status_of(wall, "MCH-001") == Some("BROKEN"));
}
