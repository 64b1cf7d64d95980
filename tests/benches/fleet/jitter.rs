//! Whether boxes that start in the same second drift apart, and stay apart for days.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::f64::consts::TAU;
use std::time::Duration;

use workshop_edge::update::pace::{Pace, jitter};

use crate::fleet::Rules;
use crate::report::{Table, spread};

const DAY: u64 = 86_400;
const DAYS: u64 = 7;

pub(crate) fn run(rules: &Rules) -> Table {
    let mut pace = Pace::new(rules.every);
    pace.succeeded();
    let mut due: BinaryHeap<Reverse<Duration>> = (0..rules.boxes).map(|_| Reverse(pace.first(jitter()))).collect();
    let mut counts = vec![0_u32; (DAYS * DAY) as usize];
    let period = rules.every.as_secs_f64();
    let mut phases = Vec::new();
    while let Some(Reverse(now)) = due.pop() {
        let Some(count) = counts.get_mut(now.as_secs() as usize) else { break };
        *count += 1;
        if now.as_secs() >= (DAYS * DAY).saturating_sub(rules.every.as_secs()) {
            phases.push(now.as_secs_f64() % period / period * TAU);
        }
        due.push(Reverse(now + pace.wait(jitter())));
    }
    let title = format!("jitter: {} boxes that start in the same second, for {DAYS} days", rules.boxes);
    let mut table = Table::new(title, &["checks/s", "peak/s", "dispersion"]);
    let every = rules.every.as_secs();
    for (name, from, to) in [
        ("the first 20 s".to_owned(), 0, 20),
        ("the second interval".to_owned(), every, 2 * every),
        ("intervals 3 to 5".to_owned(), 2 * every, 5 * every),
        ("intervals 6 to 15".to_owned(), 5 * every, 15 * every),
        ("the second hour".to_owned(), 3600, 7200),
        ("day 1".to_owned(), 7200, DAY),
        (format!("day {DAYS}"), (DAYS - 1) * DAY, DAYS * DAY),
    ] {
        let (mean, most, dispersion) = spread(counts.get(from as usize..to as usize).unwrap_or_default());
        table.row(name, &[mean, most, dispersion]);
    }
    let all = phases.len().max(1) as f64;
    let (sin, cos) =
        phases.iter().fold((0.0, 0.0), |(sin, cos), phase: &f64| (sin + phase.sin() / all, cos + phase.cos() / all));
    table.row("phase coherence at the end", &[sin.hypot(cos)]);
    table.row("the same of independent boxes", &[0.886 / all.sqrt()]);
    table.note("dispersion: variance over mean of the checks of each second; 1 is independent, more is together");
    table.note("coherence: 1 when all boxes ask at the same phase of the interval; about 1/sqrt(boxes) when at any");
    table
}
