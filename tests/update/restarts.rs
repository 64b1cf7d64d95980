//! A healthy version whose trial is interrupted, in the ways in which a workshop does it.

use workshop_edge::slots::{self, TRIES};

use crate::managed::{Bucket, Managed};

/// Nothing is decided about a version while it lasts.
const LONG: &str = "check_interval_s = 2\ntrial_s = 3600\n";

/// What interrupts a trial.
#[derive(Debug, Clone, Copy)]
enum Interruption {
    /// `workshop-edge restart`.
    Restart,
    /// The machine is shut down and started again.
    Terminate,
}

impl Managed {
    /// On 1.1.0, which is on trial.
    fn on_trial(bucket: &Bucket) -> Self {
        bucket.publish(&["1.0.0", "1.1.0"]);
        let managed = Self::start(bucket, LONG);
        managed.supervisor.wait_for("this version is on trial", 1);
        managed.supervisor.wait_for("ready", 2);
        managed
    }

    fn interrupt(&self, by: Interruption, starts: usize) {
        match by {
            Interruption::Restart => {
                let restarted = self.program(&["restart"]).status().expect("run");
                assert!(restarted.success(), "{}", self.supervisor.log());
            }
            Interruption::Terminate => self.supervisor.terminate(),
        }
        self.supervisor.wait_for("ready", starts);
    }

    /// The trial is short from the next start on, and comes to its end.
    fn ends_its_trial(&self, starts: usize) {
        let text = std::fs::read_to_string(self.config()).expect("read");
        std::fs::write(self.config(), text.replace("trial_s = 3600", "trial_s = 1")).expect("written");
        self.interrupt(Interruption::Restart, starts);
        self.wait_until_runs("1.1.0");
        let history = self.history();
        let last = history.last().expect("an entry");
        assert_eq!((&last["to"], &last["outcome"]["state"]), (&"1.1.0".into(), &"confirmed".into()), "{last}");
    }
}

fn is_still_on_trial(managed: &Managed) {
    let store = slots::open(&managed.data().join(slots::DIRECTORY)).expect("a table");
    let table = store.value();
    assert!(table.on_trial().is_some() && table.quarantined().is_empty(), "{table:?}");
}

#[test]
fn three_restarts_in_order_leave_a_version_on_trial() {
    for by in [Interruption::Restart, Interruption::Terminate] {
        let bucket = Bucket::new();
        let managed = Managed::on_trial(&bucket);
        for number in 1..=usize::from(TRIES) {
            managed.interrupt(by, 2 + number);
            is_still_on_trial(&managed);
        }
        managed.ends_its_trial(3 + usize::from(TRIES));
    }
}

#[test]
fn a_version_that_is_restarted_all_week_is_not_given_up() {
    let bucket = Bucket::new();
    let managed = Managed::on_trial(&bucket);
    for number in 1..=24 {
        let by = if number % 3 == 0 { Interruption::Restart } else { Interruption::Terminate };
        managed.interrupt(by, 2 + number);
        is_still_on_trial(&managed);
    }
    managed.ends_its_trial(27);
}
