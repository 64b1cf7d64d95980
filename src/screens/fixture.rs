//! Screens for the tests of those who show them.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::summary::Counts;
use super::{Caller, ScreenId, ScreenSummary, Screens, Settings, Summary};
use crate::lang::Lang;

/// Those of a box that has heard of none.
pub(crate) fn screens(data_dir: &Path, now: Instant) -> Screens {
    let settings = Settings {
        agent: true,
        expected: 2,
        hours: None,
        reload_at: None,
        reload_spread: Duration::from_secs(60),
        stale: Duration::from_secs(120),
        keep_awake: false,
    };
    Screens::open(data_dir, settings, Lang::Es, now)
}

/// A page with this number reports, from a TV of its own; gives its screen.
pub(crate) fn report(screens: &Screens, number: u8, but: &Value, now: Instant) -> ScreenId {
    let mut report = json!({
        "page": format!("{number:016x}"), "n": 1, "path": "/", "visible": true, "ms": 10_000, "frames": 600,
        "by": "frame", "body": true, "errors": { "script": 0, "rejection": 0, "resource": 0, "policy": 0 },
    });
    for (name, value) in but.as_object().expect("fields") {
        report[name] = value.clone();
    }
    let ip = IpAddr::V4(Ipv4Addr::new(192, 168, 1, number));
    let user_agent = format!("TV/{number} <b>&\"'");
    let caller = Caller { ip, user_agent: &user_agent, cookie: None };
    screens.report(&caller, report.to_string().as_bytes(), now).expect("taken");
    screens.tick(now, None);
    let summary = screens.summary();
    summary.screens.iter().find(|screen| screen.address == Some(ip)).expect("a screen").id
}

/// What others see of screens that differ from a new one by this.
pub(crate) fn summary(changes: &[&dyn Fn(&mut ScreenSummary)]) -> Summary {
    let directory = tempfile::tempdir().expect("a directory");
    let now = Instant::now();
    let screens = screens(directory.path(), now);
    report(&screens, 1, &json!({}), now);
    let summary = screens.summary();
    let new = summary.screens.first().expect("a screen");
    let different = changes.iter().map(|change| {
        let mut screen = new.clone();
        change(&mut screen);
        screen
    });
    let screens: Vec<_> = different.collect();
    let counts = Counts::of(screens.iter().map(|screen| screen.state));
    Summary { screens, counts, ..(*summary).clone() }
}
