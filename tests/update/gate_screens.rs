//! A wall of screens that shows what is new, and says so.

use serde_json::{Value, json};

use crate::managed::{Bucket, Managed};
use crate::support::agent::Agent;
use crate::support::browser::Browser;
use crate::support::eventually;

const ASKS: &str = "check_interval_s = 604800\ntrial_s = 10\ngate_screens = 2\n[screens]\nreload_spread_s = 0\n";
/// Screens of the wall.
const SCREENS: usize = 50;
/// Of them, those that report one after the other before anything else is looked at.
const REPORTS: usize = 5;

/// A screen, whose agent loads the page anew when the box serves another one.
struct Screen {
    agent: Agent,
    number: usize,
    site: Value,
    loads: usize,
}

impl Screen {
    fn report(&mut self, managed: &Managed) {
        let says = json!({"site": self.site, "frames": 60});
        let answer = self.agent.report_on(managed.supervisor.connect(), &says);
        if answer["site"] != self.site {
            self.loads += 1;
            self.agent.page = format!("{:016x}", self.number + SCREENS * self.loads);
            self.site = answer["site"].clone();
        }
    }
}

struct Wall {
    screens: Vec<Screen>,
    next: usize,
}

impl Wall {
    fn new() -> Self {
        let screen = |number| {
            let mut agent = Agent::new(number as u64);
            agent.browser = format!("{} TV/{number}", agent.browser);
            Screen { agent, number, site: Value::Null, loads: 0 }
        };
        Self { screens: (0..SCREENS).map(screen).collect(), next: 0 }
    }

    /// The next ones report.
    fn report(&mut self, managed: &Managed) {
        for _ in 0..REPORTS {
            self.screens[self.next].report(managed);
            self.next = (self.next + 1) % SCREENS;
        }
    }

    fn loads(&self) -> Vec<usize> {
        self.screens.iter().map(|screen| screen.loads).collect()
    }
}

#[test]
fn each_screen_loads_a_new_version_once_and_the_history_says_which_have_shown_it() {
    let bucket = Bucket::new();
    bucket.publish(&["1.0.0"]);
    let managed = Managed::start(&bucket, ASKS);
    managed.wait_for("the first look", |state| state["checked"].is_string() && state["phase"]["phase"] == "idle");
    let mut wall = Wall::new();
    eventually("all show the page", || {
        wall.report(&managed);
        let screens = managed.supervisor.connect().request("GET", "/_edge/screens.json", &[("connection", "close")]);
        let screens: Value = serde_json::from_str(screens.text()).expect("JSON");
        screens["counts"]["showing"] == SCREENS
    });
    let mut browser = Browser::logged_in(managed.supervisor.address(), managed.data());
    for screen in &wall.screens {
        let (id, _) = screen.agent.known.as_ref().expect("an identity");
        browser.name_screen(id, &format!("Pantalla-{:02}", screen.number));
    }
    // The first page of each was loaded by then.
    assert_eq!(wall.loads(), [1; SCREENS]);
    let before = wall.screens[0].site.clone();

    bucket.publish(&["1.1.0"]);
    let mut apply = managed.command(&["apply"]).spawn().expect("run");
    let mut votes = Value::Null;
    eventually("all have shown the new one", || {
        wall.report(&managed);
        votes = managed.state().map(|state| state["votes"].clone()).unwrap_or_default();
        votes["yes"] == SCREENS
    });
    assert_eq!((&votes["needed"], &votes["too_few"]), (&2.into(), &false.into()), "{votes}");
    let mut status = None;
    eventually("its end", || {
        wall.report(&managed);
        status = apply.try_wait().expect("run");
        status.is_some()
    });
    assert!(status.is_some_and(|status| status.success()), "{}", managed.supervisor.log());
    for _ in 0..SCREENS {
        wall.report(&managed);
    }
    assert_eq!(wall.loads(), [2; SCREENS]);
    assert_ne!(wall.screens[0].site, before);

    let last = managed.history().pop().expect("one");
    assert_eq!((&last["to"], &last["outcome"]["state"]), (&"1.1.0".into(), &"confirmed".into()));
    assert_eq!(last["votes"]["yes"], SCREENS);
    let named = last["votes"]["voted"].as_array().expect("names").clone();
    let first: Vec<Value> = (0..named.len()).map(|number| format!("Pantalla-{number:02}").into()).collect();
    assert!(!named.is_empty() && named == first, "{last}");
    for (lang, words) in
        [("en_GB.UTF-8", "works (50 screens have shown it well"), ("es_ES.UTF-8", "funciona (la han mostrado bien 50")]
    {
        let output = managed.command(&["history"]).env("LANG", lang).output().expect("run");
        let said = String::from_utf8(output.stdout).expect("text");
        assert!(said.contains(words) && said.contains(named[0].as_str().expect("a name")), "{said}");
    }
    assert_eq!(managed.state().expect("a state")["votes"], Value::Null, "the trial is over");
}
