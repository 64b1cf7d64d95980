//! What happens to a fleet.

use std::time::{Duration, Instant};

use semver::Version;
use workshop_edge::update::policy::place;

use crate::Failure;
use crate::fleet::{Fleet, Rules};
use crate::publisher::Publisher;
use crate::report::{Table, quantile, sorted, spread};
use crate::wire::Wire;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// Of the rollout: after the publication, boxes of a thousand.
const WAVES: [(Duration, u16); 3] =
    [(Duration::ZERO, 10), (Duration::from_secs(2 * 3600), 100), (Duration::from_secs(24 * 3600), 1000)];

/// A fleet that has been on 1.0.0 for a while.
async fn settled<'a>(rules: &'a Rules, publisher: &Publisher, wire: &'a Wire) -> Result<Fleet<'a>, Failure> {
    publisher.publish("1.0.0", &[])?;
    let mut fleet = Fleet::start(rules, publisher, wire)?;
    fleet.run(10 * MINUTE + 5 * rules.every).await?;
    if fleet.running.len() != fleet.len() {
        return Err(format!("only {} of {} boxes have come to 1.0.0", fleet.running.len(), fleet.len()).into());
    }
    fleet.decided.clear();
    fleet.running.clear();
    Ok(fleet)
}

/// A release in waves.
pub(crate) async fn waves(rules: &Rules, publisher: &Publisher, wire: &Wire) -> Result<Vec<Table>, Failure> {
    let real = Instant::now();
    let mut fleet = settled(rules, publisher, wire).await?;
    let version = Version::new(1, 1, 0);
    let opening = fleet.now + 10 * MINUTE + 3 * rules.every;
    let mut told = Vec::new();
    for (after, permille) in WAVES {
        told.push(format!("{}={permille}", fleet.date(opening + after)?));
    }
    publisher.publish("1.1.0", &told)?;
    // All of them learn of it.
    fleet.run(fleet.now + 3 * rules.every).await?;
    let (before, began) = (fleet.checks, fleet.now);
    let around = 15 * MINUTE.max(rules.every);
    for (after, _) in WAVES {
        let opens = opening + after;
        fleet.run_idle(opens.saturating_sub(5 * MINUTE)).await?;
        fleet.run(opens + around).await?;
    }
    let places: Vec<u16> = fleet.ids().map(|id| place(id, &version)).collect();
    let mut table = Table::new(
        format!("waves: {} boxes, a check every {} s", fleet.len(), rules.every.as_secs()),
        &[
            "permille",
            "boxes",
            "decided",
            "share",
            "too early",
            "p50 s",
            "p99 s",
            "last s",
            "running p99",
            "peak req/s",
        ],
    );
    for (index, (after, permille)) in WAVES.iter().enumerate() {
        let opens = opening + *after;
        let closes = WAVES.get(index + 1).map_or(fleet.now, |(after, _)| opening + *after);
        let from = index.checked_sub(1).and_then(|before| WAVES.get(before)).map_or(0, |(_, permille)| *permille);
        let new = |number: &usize| places.get(*number).is_some_and(|place| (from..*permille).contains(place));
        let delays = |events: &[(Duration, usize, Version)]| {
            sorted(
                events
                    .iter()
                    .filter(|(at, number, _)| new(number) && *at < closes)
                    .map(|(at, _, _)| at.as_secs_f64() - opens.as_secs_f64())
                    .collect(),
            )
        };
        let (decided, running) = (delays(&fleet.decided), delays(&fleet.running));
        let so_far = fleet.decided.iter().filter(|(at, _, _)| *at < closes).count();
        let early = decided.iter().filter(|delay| **delay < 0.0).count();
        let after_opening = Fleet::between(&fleet.requests, opens, opens + 2 * MINUTE.max(rules.every));
        table.row(
            format!("wave {} at +{} h", index + 1, after.as_secs() / 3600),
            &[
                f64::from(*permille),
                places.iter().filter(|place| **place < *permille).count() as f64,
                so_far as f64,
                so_far as f64 / fleet.len() as f64 * 1000.0,
                early as f64,
                quantile(&decided, 0.5),
                quantile(&decided, 0.99),
                quantile(&decided, 1.0),
                quantile(&running, 0.99),
                spread(&after_opening).1,
            ],
        );
    }
    let idle = fleet.checks_between(opening + 3 * HOUR, opening + 23 * HOUR);
    let (mean, most, dispersion) = spread(&idle);
    table.note(format!("between the waves: {mean:.1} checks/s on average, {most} at most, dispersion {dispersion:.2}"));
    table.note("boxes: those whose place is below the permille; share: decided, in permille; s: since the wave opened");
    table.note(format!(
        "{:.1} virtual hours in {:.0} s, {} looks with all their signatures: those of the hours between are left out",
        (fleet.now.as_secs_f64() - began.as_secs_f64()) / 3600.0,
        real.elapsed().as_secs_f64(),
        fleet.checks - before
    ));
    Ok(vec![table])
}

/// Rollbacks at random moments: by how much later each box has decided for it, with the binary on its disk.
pub(crate) async fn rollback(
    rules: &Rules,
    publisher: &Publisher,
    wire: &Wire,
    rounds: u64,
) -> Result<Vec<Table>, Failure> {
    let mut fleet = settled(rules, publisher, wire).await?;
    let (mut updates, mut rollbacks, mut peak) = (Vec::new(), Vec::new(), 0.0_f64);
    let enough = 3 * MINUTE.max(rules.every) + rules.download + rules.trial;
    for round in 1..=rounds {
        let version = format!("1.{round}.0");
        publisher.publish(&version, &[])?;
        updates.extend(change(&mut fleet, &version, enough).await?);
        // At any phase of the boxes' checks.
        let phase = rules.every.mul_f64(f64::from(getrandom::u32()?) / f64::from(u32::MAX));
        fleet.run(fleet.now + phase).await?;
        publisher.rollback("1.0.0")?;
        let at = fleet.now;
        rollbacks.extend(change(&mut fleet, "1.0.0", enough).await?);
        peak = peak.max(spread(&Fleet::between(&fleet.requests, at, at + enough)).1);
    }
    let mut table = Table::new(
        format!("rollback: {} boxes, {rounds} times, a check every {} s", fleet.len(), rules.every.as_secs()),
        &["decisions", "p50 s", "p90 s", "p99 s", "last s"],
    );
    for (name, delays) in [("update to all at once", sorted(updates)), ("rollback", sorted(rollbacks))] {
        let of = |share| quantile(&delays, share);
        table.row(name, &[delays.len() as f64, of(0.5), of(0.9), of(0.99), of(1.0)]);
    }
    table.note(format!("from the publication to the decision to go over; at most {peak} requests/s meanwhile"));
    table
        .note("a rollback needs no download: the box goes over as soon as its clients are quiet (update.quiet_wait_s)");
    Ok(vec![table])
}

/// How long each box took to decide for a version that was just published.
async fn change(fleet: &mut Fleet<'_>, version: &str, enough: Duration) -> Result<Vec<f64>, Failure> {
    let (at, version) = (fleet.now, version.parse::<Version>()?);
    fleet.decided.clear();
    fleet.run(at + enough).await?;
    let delays: Vec<f64> = fleet
        .decided
        .iter()
        .filter(|(_, _, to)| *to == version)
        .map(|(then, _, _)| then.as_secs_f64() - at.as_secs_f64())
        .collect();
    if delays.len() == fleet.len() {
        Ok(delays)
    } else {
        Err(format!("only {} of {} boxes have decided for {version}", delays.len(), fleet.len()).into())
    }
}

/// The bucket is down for an hour.
pub(crate) async fn outage(rules: &Rules, publisher: &Publisher, wire: &Wire) -> Result<Vec<Table>, Failure> {
    let mut fleet = settled(rules, publisher, wire).await?;
    let metadata = publisher.repository().join("metadata");
    let away = publisher.repository().join("away");
    let down = fleet.now;
    std::fs::rename(&metadata, &away)?;
    fleet.run(down + HOUR).await?;
    std::fs::rename(&away, &metadata)?;
    let up = fleet.now;
    publisher.refresh()?;
    // The first answer of each box after it.
    let mut first = vec![None; fleet.len()];
    while first.iter().any(Option::is_none) && fleet.now < up + 4 * HOUR {
        fleet.run(fleet.now + MINUTE).await?;
        for (first, answered) in first.iter_mut().zip(&fleet.answered) {
            if first.is_none() && *answered >= up {
                // To the minute at worst: a box that is well asks again only after half an interval.
                *first = Some(answered.as_secs_f64() - up.as_secs_f64());
            }
        }
    }
    let delays = sorted(first.into_iter().flatten().collect());
    let settled = fleet.now + HOUR;
    fleet.run(settled).await?;
    let mut table = Table::new(
        format!("outage: {} boxes, the bucket is down for an hour", fleet.len()),
        &["requests/s", "peak/s", "dispersion"],
    );
    for (name, from, to) in [
        ("before", down.saturating_sub(5 * MINUTE), down),
        ("down, first 5 min", down, down + 5 * MINUTE),
        ("down, last 30 min", up.saturating_sub(30 * MINUTE), up),
        ("back, first 5 min", up, up + 5 * MINUTE),
        ("back, first hour", up, up + HOUR),
        ("an hour later", settled.saturating_sub(30 * MINUTE), settled),
    ] {
        let (mean, most, dispersion) = spread(&Fleet::between(&fleet.requests, from, to));
        table.row(name, &[mean, most, dispersion]);
    }
    let of = |share| quantile(&delays, share) / 60.0;
    table.note(format!(
        "{} of {} boxes answered again after p50 {:.1}, p90 {:.1}, p99 {:.1}, last {:.1} min",
        delays.len(),
        fleet.len(),
        of(0.5),
        of(0.9),
        of(0.99),
        of(1.0)
    ));
    Ok(vec![table])
}

/// All boxes get current in the same second, a new version is wanted, and nothing is known of the repository yet.
pub(crate) async fn power(rules: &Rules, publisher: &Publisher, wire: &Wire) -> Result<Vec<Table>, Failure> {
    publisher.publish("1.0.0", &[])?;
    let mut fleet = Fleet::start(rules, publisher, wire)?;
    fleet.run(HOUR).await?;
    let decided = sorted(fleet.decided.iter().map(|(at, _, _)| at.as_secs_f64()).collect());
    let mut table = Table::new(
        format!("power: {} boxes start in the same second, all of them new", fleet.len()),
        &["requests/s", "peak/s", "dispersion"],
    );
    let seconds = Duration::from_secs;
    for (name, from, to) in [
        ("the first 20 s", Duration::ZERO, seconds(20)),
        ("20 s to 2 min", seconds(20), seconds(120)),
        ("2 to 10 min", seconds(120), 10 * MINUTE),
        ("10 to 60 min", 10 * MINUTE, HOUR),
    ] {
        let (mean, most, dispersion) = spread(&Fleet::between(&fleet.requests, from, to));
        table.row(name, &[mean, most, dispersion]);
    }
    table.note(format!(
        "{} of {} boxes have decided within {:.1} s; the first look of a box that knows nothing takes {:.0} requests",
        decided.len(),
        fleet.len(),
        quantile(&decided, 1.0),
        wire.news.requests
    ));
    Ok(vec![table])
}
