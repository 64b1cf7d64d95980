//! A box goes to a better version, to bad ones, and back, while displays look at it: nobody may notice.

use crate::clients::{Failure, Load, LoadClient, Seen, Wrk};
use crate::managed::{Bucket, Managed};
use crate::support::eventually;

/// Everybody who looks at the box.
struct LoadClients {
    fresh: LoadClient,
    kept: LoadClient,
    events: LoadClient,
    wrk: Option<Wrk>,
}

/// What they have seen during one change of version.
#[derive(Debug)]
struct Step {
    name: &'static str,
    fresh: Seen,
    kept: Seen,
    events: Seen,
    load: Load,
}

impl LoadClients {
    fn start(managed: &Managed) -> Self {
        let address = managed.supervisor.address();
        let (fresh, kept, events) =
            (LoadClient::fresh(address), LoadClient::kept(address), LoadClient::events(address));
        Self { fresh, kept, events, wrk: Some(Wrk::start(address)) }
    }

    /// Has the box do something, and gives what they have seen meanwhile, and until all of them have been answered
    /// again by what runs then.
    fn during(&mut self, managed: &Managed, name: &'static str, change: impl FnOnce()) -> Step {
        change();
        let all = [&self.fresh, &self.kept];
        let before = all.map(LoadClient::count);
        eventually("they are answered", || all.iter().zip(before).all(|(one, before)| one.count() > before + 20));
        let wrk = self.wrk.replace(Wrk::start(managed.supervisor.address())).expect("it runs");
        let load = wrk.stop();
        Step { name, fresh: self.fresh.seen(), kept: self.kept.seen(), events: self.events.seen(), load }
    }
}

impl Step {
    fn print(&self) {
        let Self { name, fresh, kept, events, load } = self;
        eprintln!("{name}:");
        for (kind, seen) in [("new connections", fresh), ("kept connections", kept)] {
            eprintln!(
                "  {kind}: {} requests, {} failures, {} sent again; p50 {:.1?}, p99 {:.1?}, longest {:.1?}",
                seen.took.len(),
                seen.failures.len(),
                seen.resets,
                seen.longest_but(500),
                seen.longest_but(10),
                seen.longest_but(0)
            );
        }
        eprintln!(
            "  events: {}, streams that ended {}, failures {}",
            events.events,
            events.ends,
            events.failures.len()
        );
        let Load { requests, errors: [connect, read, write, timeout], wrong } = load;
        eprintln!(
            "  wrk: {requests} requests, errors: connect {connect}, read {read}, write {write}, timeout {timeout}, wrong {wrong}"
        );
        for (_, what) in [fresh, kept, events].iter().flat_map(|seen| &seen.failures).take(10) {
            eprintln!("  failed: {what}");
        }
    }

    /// Nobody has noticed.
    fn is_unnoticed(&self) -> bool {
        let nothing = |seen: &Seen| seen.failures.is_empty() && seen.resets == 0;
        nothing(&self.fresh)
            && nothing(&self.kept)
            && nothing(&self.events)
            && self.load.errors == [0; 4]
            && self.load.wrong == 0
    }

    /// A release that dies by itself cuts what it is answering. Nobody is turned away all the same.
    fn nobody_is_turned_away(&self) -> bool {
        let let_in = |seen: &Seen| {
            [Failure::Refused, Failure::TimedOut, Failure::Wrong].iter().all(|kind| seen.count(*kind) == 0)
        };
        let [connect, _, _, timeout] = self.load.errors;
        let_in(&self.fresh) && let_in(&self.kept) && let_in(&self.events) && connect + timeout + self.load.wrong == 0
    }
}

#[test]
fn nobody_notices_that_a_box_changes_its_version() {
    let bucket = Bucket::new();
    bucket.publish(&["1.0.0"]);
    let managed = Managed::start(&bucket, "check_interval_s = 2\ntrial_s = 4\n");
    managed.wait_until_runs("1.0.0");
    let mut lookers = LoadClients::start(&managed);
    let newest = |to: &str, outcome: &str| {
        let history = managed.history();
        let is_so = |last: &serde_json::Value| last["to"] == to && last["outcome"]["state"] == outcome;
        history.last().is_some_and(is_so)
    };
    let mut steps = Vec::new();
    let mut step = |name, change: &dyn Fn()| {
        let step = lookers.during(&managed, name, change);
        step.print();
        steps.push(step);
    };

    step("1.0.0 stays", &|| {});
    step("1.0.0 to 1.1.0", &|| {
        bucket.publish(&["1.1.0"]);
        eventually("1.1.0", || newest("1.1.0", "confirmed"));
    });
    assert_eq!(managed.supervisor.restarts(), 0, "all in one process");
    step("1.1.0 to 1.2.0, which dies, and back", &|| {
        bucket.publish(&["1.2.0"]);
        eventually("1.2.0 was given up", || newest("1.2.0", "reverted"));
    });
    let restarts = managed.supervisor.restarts();
    assert!(restarts > 0);
    step("1.1.0 to 1.3.0, which finds itself broken, and back", &|| {
        bucket.publish(&["1.3.0"]);
        eventually("1.3.0 was given up", || newest("1.3.0", "reverted"));
    });
    managed.wait_until_runs("1.1.0");
    step("1.1.0 back to 1.0.0, as the operator wants", &|| {
        bucket.repository.rollback("stable", "1.0.0");
        eventually("1.0.0", || newest("1.0.0", "confirmed"));
    });
    assert_eq!(managed.supervisor.restarts(), restarts);

    let back = managed.history().pop().expect("the rollback");
    assert_eq!((&back["octets"], &back["kind"]), (&0.into(), &"rollback".into()), "{back}");
    for step in &steps {
        let is_dying = step.name.contains("which dies");
        assert!(if is_dying { step.nobody_is_turned_away() } else { step.is_unnoticed() }, "{}", step.name);
        assert!(step.fresh.took.len() > 20 && step.kept.took.len() > 20 && step.load.requests > 20);
    }
    // A stream of each process, and the first event of each.
    let changed = steps.iter().skip(1);
    for step in changed {
        assert!(step.events.ends + step.events.failures.len() > 0 && step.events.events > 0, "{}", step.name);
    }
}
