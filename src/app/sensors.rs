//! The machine's sensors: what they say goes to health, metrics and log.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tokio::time::{MissedTickBehavior, interval};

use crate::health::{Health, Probe};
use crate::lang::Text;
use crate::metrics::Metrics;
use crate::sensors::{Heat, Readings, Sensors, UNDERVOLTED, Undervoltage, WORN};

/// Where the kernel says it.
const SYS: &str = "/sys";

/// Polls them as long as the runtime lives.
pub(super) fn start(health: &Health, metrics: &Arc<Metrics>) {
    let mut report = Report::new(health, metrics);
    tokio::task::spawn_local(async move {
        let mut sensors = Sensors::below(Path::new(SYS));
        let mut ticks = interval(Sensors::INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let polled = tokio::task::spawn_blocking(move || {
                let readings = sensors.poll();
                (sensors, readings)
            });
            let Ok((same, readings)) = polled.await else { return };
            sensors = same;
            report.take(&readings, Instant::now());
        }
    });
}

/// What was said, and to whom.
struct Report {
    metrics: Arc<Metrics>,
    temperature: Part,
    power: Part,
    wear: Part,
    heat: Heat,
    undervoltage: Undervoltage,
    /// Those that have a metric.
    shown: BTreeSet<String>,
}

/// A part of health that there is only where a sensor is.
struct Part {
    name: &'static str,
    health: Health,
    probe: Option<Probe>,
    said: Option<Text>,
}

impl Part {
    fn report(&mut self, fault: Option<Text>) {
        let Self { name, health, probe, said } = self;
        if *said != fault {
            let reason = fault.as_ref().map(|text| text.en.as_str());
            tracing::warn!(part = name, reason, is_well = reason.is_none(), "what a sensor says of the hardware");
        }
        probe.get_or_insert_with(|| health.probe(name)).degraded(fault.clone());
        *said = fault;
    }
}

impl Report {
    fn new(health: &Health, metrics: &Arc<Metrics>) -> Self {
        let part = |name| Part { name, health: health.clone(), probe: None, said: None };
        Self {
            metrics: Arc::clone(metrics),
            temperature: part("temperature"),
            power: part("power"),
            wear: part("wear"),
            heat: Heat::default(),
            undervoltage: Undervoltage::default(),
            shown: BTreeSet::new(),
        }
    }

    fn take(&mut self, readings: &Readings, now: Instant) {
        let Readings { temperatures, is_undervolted, wear } = readings;
        let names: BTreeSet<_> = temperatures.iter().map(|one| one.sensor.clone()).collect();
        for gone in self.shown.difference(&names) {
            self.metrics.temperature(gone, None);
        }
        for one in temperatures {
            self.metrics.temperature(&one.sensor, Some((one.celsius, one.limit)));
        }
        self.shown = names;
        if !temperatures.is_empty() || self.temperature.probe.is_some() {
            let fault = self.heat.judge(temperatures, now).map(crate::sensors::Temperature::words);
            self.temperature.report(fault);
        }
        let is_low = is_undervolted.map(|is_undervolted| self.undervoltage.judge(is_undervolted, now));
        self.metrics.undervoltage(is_low);
        if let Some(is_low) = is_low {
            self.power.report(is_low.then(|| UNDERVOLTED.into()));
        }
        self.metrics.storage_wear(wear.map(crate::sensors::Wear::ratio));
        if let Some(wear) = wear {
            self.wear.report(wear.is_high().then(|| WORN.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensors::Temperature;

    #[test]
    fn a_machine_has_the_parts_and_figures_of_the_sensors_that_it_has() {
        let (health, metrics) = (Health::default(), Arc::new(Metrics::default()));
        let (mut report, now) = (Report::new(&health, &metrics), Instant::now());
        report.take(&Readings::default(), now);
        assert!(health.report().checks.is_empty());
        let mut readings = Readings { is_undervolted: Some(true), ..Readings::default() };
        readings.temperatures.push(Temperature { sensor: "cpu".into(), celsius: 60.5, limit: 85.0 });
        report.take(&readings, now);
        let parts: Vec<_> = health.report().checks.into_iter().map(|(part, check)| (part, check.reason)).collect();
        assert_eq!(parts, [("power", Some(UNDERVOLTED.into())), ("temperature", None)]);
        let text = metrics.exposition().expect("encoded");
        for line in [
            "workshop_edge_temperature_celsius{sensor=\"cpu\"} 60.5",
            "workshop_edge_temperature_limit_celsius{sensor=\"cpu\"} 85.0",
            "workshop_edge_undervoltage 1",
        ] {
            assert!(text.lines().any(|candidate| candidate == line), "{line} is not in:\n{text}");
        }
        assert!(!text.contains("storage_wear_ratio "), "{text}");
        report.take(&Readings::default(), now);
        let text = metrics.exposition().expect("encoded");
        assert!(!text.contains("\"cpu\"") && !text.contains("undervoltage"), "{text}");
    }
}
