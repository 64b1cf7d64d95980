//! How warm the machine is: thermal zones (<https://docs.kernel.org/driver-api/thermal/sysfs-api.html>), and chips whose drivers make
//! none (<https://docs.kernel.org/hwmon/sysfs-interface.html>). Both count in thousandths of a degree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::sysfs::{number, numbered, text};

/// Sensors at most: each is a series of the metrics.
const MAX_SENSORS: usize = 16;
/// Characters of a sensor's name.
const MAX_NAME: usize = 32;
/// Trip points of a zone at most (`THERMAL_MAX_TRIPS`).
const MAX_TRIPS: usize = 12;
/// The chips that are read: processors, and `NVMe` disks. Those of boards have inputs that nothing is connected to.
const CHIPS: [&str; 3] = ["coretemp", "k10temp", "nvme"];
/// What a sensor that works may say; others say that they do not.
const PLAUSIBLE: std::ops::Range<i64> = -40_000..150_000;
/// What the firmware may give as the temperature at which the machine switches off; some give nonsense.
const PLAUSIBLE_CRITICAL: std::ops::Range<i64> = 60_000..150_000;
/// The highest limit: there a Raspberry Pi slows its processor down, whose zone has no other trip point than 110 °C.
const MAX_LIMIT: i64 = 85_000;
/// So far below the temperature at which the machine switches itself off somebody should know.
const BELOW_CRITICAL: i64 = 10_000;

/// A box that serves is at its limit only for a moment, unless its heat cannot go anywhere.
const PATIENCE: Duration = Duration::from_secs(30);
/// So far below the limit it is over, °C.
const MARGIN: f64 = 5.0;

/// A sensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Input {
    name: String,
    path: PathBuf,
    limit: i64,
}

/// What a sensor says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Temperature {
    /// What the kernel calls the sensor: letters, digits and `_`, 32 at most.
    pub(crate) sensor: String,
    /// What it says, °C.
    pub(crate) celsius: f64,
    /// From which on that is too warm, °C.
    pub(crate) limit: f64,
}

impl Temperature {
    /// What is missing to the limit, °C; negative above it.
    fn margin(&self) -> f64 {
        self.limit - self.celsius
    }
}

/// The sensors that there are.
pub(super) fn find(sys: &Path) -> Vec<Input> {
    let zones = numbered(&sys.join("class/thermal"), "thermal_zone").into_iter().filter_map(|zone| {
        let critical = (0..MAX_TRIPS).filter_map(|trip| {
            let kind = text(&zone.join(format!("trip_point_{trip}_type")))?;
            let at = number(&zone.join(format!("trip_point_{trip}_temp")))?;
            matches!(kind.as_str(), "hot" | "critical").then_some(at)
        });
        Some(Input { name: name(&text(&zone.join("type"))?), limit: limit(critical), path: zone.join("temp") })
    });
    let chips = numbered(&sys.join("class/hwmon"), "hwmon").into_iter().filter_map(|chip| {
        let kind = text(&chip.join("name")).filter(|name| CHIPS.contains(&name.as_str()))?;
        let critical = number(&chip.join("temp1_crit"));
        Some(Input { name: kind, limit: limit(critical), path: chip.join("temp1_input") })
    });
    zones.chain(chips).collect()
}

fn limit(critical: impl IntoIterator<Item = i64>) -> i64 {
    let lowest = critical.into_iter().filter(|at| PLAUSIBLE_CRITICAL.contains(at)).min();
    lowest.map_or(MAX_LIMIT, |lowest| MAX_LIMIT.min(lowest - BELOW_CRITICAL))
}

fn name(kind: &str) -> String {
    let known = |sign: char| if sign.is_ascii_alphanumeric() { sign } else { '_' };
    kind.chars().take(MAX_NAME).map(known).collect()
}

/// What they say now. Of several with one name, as of processors with several zones, that which is nearest to its limit.
pub(super) fn read(inputs: &[Input]) -> Vec<Temperature> {
    let mut found: BTreeMap<&str, Temperature> = BTreeMap::new();
    for Input { name, path, limit } in inputs {
        let Some(value) = number(path).filter(|value| PLAUSIBLE.contains(value)) else { continue };
        let now = Temperature { sensor: name.clone(), celsius: celsius(value), limit: celsius(*limit) };
        let has_room = found.len() < MAX_SENSORS;
        match found.get_mut(name.as_str()) {
            Some(other) if other.margin() <= now.margin() => {}
            Some(other) => *other = now,
            None if has_room => drop(found.insert(name, now)),
            None => {}
        }
    }
    found.into_values().collect()
}

fn celsius(thousandths: i64) -> f64 {
    // Both ranges are far within an i32's.
    f64::from(i32::try_from(thousandths).unwrap_or_default()) / 1000.0
}

/// Whether the machine is too warm, and has been for a while.
#[derive(Debug, Default)]
pub(crate) struct Heat {
    since: Option<Instant>,
    /// The sensor that is at its limit, for as long as any is near one.
    too_warm: Option<Temperature>,
}

impl Heat {
    /// Takes what the sensors say; the sensor, as it was when it began, while it is too warm.
    pub(crate) fn judge(&mut self, readings: &[Temperature], now: Instant) -> Option<&Temperature> {
        let nearest = readings.iter().min_by(|one, other| one.margin().total_cmp(&other.margin()));
        match nearest {
            Some(nearest) if nearest.margin() <= 0.0 => {
                let since = *self.since.get_or_insert(now);
                if self.too_warm.is_none() && now.saturating_duration_since(since) >= PATIENCE {
                    self.too_warm = Some(nearest.clone());
                }
            }
            Some(nearest) if self.too_warm.is_some() && nearest.margin() < MARGIN => {}
            _ => *self = Self::default(),
        }
        self.too_warm.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sysfs::tree;
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<(String, f64, f64)> {
        let sys = tempfile::tempdir().expect("a directory");
        tree(sys.path(), files);
        read(&find(sys.path())).into_iter().map(|one| (one.sensor, one.celsius, one.limit)).collect()
    }

    #[test]
    fn a_raspberry_pi_has_one_zone_and_is_too_warm_where_its_firmware_slows_it_down() {
        let pi = found(&[
            ("class/thermal/thermal_zone0/type", "cpu-thermal"),
            ("class/thermal/thermal_zone0/temp", "48312"),
            ("class/thermal/thermal_zone0/trip_point_0_type", "critical"),
            ("class/thermal/thermal_zone0/trip_point_0_temp", "110000"),
            ("class/thermal/cooling_device0/type", "Processor"),
            // The same sensor, as the thermal core shows it to hwmon.
            ("class/hwmon/hwmon0/name", "cpu_thermal"),
            ("class/hwmon/hwmon0/temp1_input", "48312"),
        ]);
        assert_eq!(pi, [("cpu_thermal".to_owned(), 48.312, 85.0)]);
    }

    #[test]
    fn a_mini_pc_has_its_zones_its_processor_and_its_disk() {
        let pc = found(&[
            ("class/thermal/thermal_zone0/type", "acpitz"),
            ("class/thermal/thermal_zone0/temp", "27800"),
            // Firmware that nobody has tried.
            ("class/thermal/thermal_zone0/trip_point_0_type", "critical"),
            ("class/thermal/thermal_zone0/trip_point_0_temp", "20800"),
            ("class/thermal/thermal_zone1/type", "acpitz"),
            ("class/thermal/thermal_zone1/temp", "29800"),
            ("class/thermal/thermal_zone2/type", "x86_pkg_temp"),
            ("class/thermal/thermal_zone2/temp", "61000"),
            ("class/thermal/thermal_zone2/trip_point_0_type", "passive"),
            ("class/thermal/thermal_zone2/trip_point_0_temp", "0"),
            ("class/thermal/thermal_zone3/type", "iwlwifi_1"),
            ("class/hwmon/hwmon1/name", "nvme"),
            ("class/hwmon/hwmon1/temp1_input", "40850"),
            ("class/hwmon/hwmon1/temp1_crit", "84850"),
            ("class/hwmon/hwmon2/name", "coretemp"),
            ("class/hwmon/hwmon2/temp1_input", "61000"),
            ("class/hwmon/hwmon2/temp1_crit", "105000"),
            // A chip of the board, with an input that nothing is connected to.
            ("class/hwmon/hwmon3/name", "nct6775"),
            ("class/hwmon/hwmon3/temp1_input", "127500"),
        ]);
        let sensor = |name: &str, celsius, limit| (name.to_owned(), celsius, limit);
        assert_eq!(
            pc,
            [
                sensor("acpitz", 29.8, 85.0),
                sensor("coretemp", 61.0, 85.0),
                sensor("nvme", 40.85, 74.85),
                sensor("x86_pkg_temp", 61.0, 85.0)
            ]
        );
    }

    #[test]
    fn what_a_driver_says_is_bounded() {
        let files: Vec<_> = (0..40)
            .flat_map(|zone| {
                let path = |file| format!("class/thermal/thermal_zone{zone}/{file}");
                [(path("type"), format!("ñ \"{zone}\"{}", "x".repeat(100))), (path("temp"), "1000".to_owned())]
            })
            .collect();
        let files: Vec<_> = files.iter().map(|(path, content)| (path.as_str(), content.as_str())).collect();
        let sensors = found(&files);
        assert_eq!(sensors.len(), MAX_SENSORS);
        assert!(sensors.iter().all(|(name, ..)| name.len() == MAX_NAME && name.starts_with("___")), "{sensors:?}");
        let broken = ["nonsense", "-274000", "150000", "99999999999999999999"].map(|temp| {
            found(&[("class/thermal/thermal_zone0/type", "a"), ("class/thermal/thermal_zone0/temp", temp)])
        });
        assert!(broken.iter().all(Vec::is_empty), "{broken:?}");
    }

    #[test]
    fn heat_that_lasts_is_told_until_it_is_well_over() {
        let (mut heat, start) = (Heat::default(), Instant::now());
        let mut at = |celsius, after: u64| {
            let readings = [
                Temperature { sensor: "nvme".into(), celsius: 40.0, limit: 75.0 },
                Temperature { sensor: "cpu".into(), celsius, limit: 85.0 },
            ];
            heat.judge(&readings, start + Duration::from_secs(after)).map(|one| one.sensor.clone())
        };
        let cpu = Some("cpu".to_owned());
        assert_eq!(at(85.0, 0), None);
        assert_eq!(at(84.9, 29), None, "it was a moment");
        assert_eq!(at(86.0, 40), None);
        assert_eq!(at(90.0, 69), None);
        assert_eq!(at(85.0, 70), cpu);
        assert_eq!(at(80.1, 110), cpu, "not yet over");
        assert_eq!(at(85.0, 120), cpu);
        assert_eq!(at(80.0, 130), None);
        assert_eq!(at(85.0, 140), None, "it begins again");
        assert_eq!(Heat::default().judge(&[], start), None);
    }
}
