//! What the kernel says of the hardware in sysfs: how warm it is, whether it gets enough voltage, and how worn its memory is.
//!
//! Each is there only where a driver tells. No ioctl is made, so that disks that say it only so (SATA, `NVMe`, and SD cards, which do not say
//! it at all) have no wear here.

mod sysfs;
mod temperature;
mod voltage;
mod wear;
mod words;

use std::path::{Path, PathBuf};

pub(crate) use self::temperature::{Heat, Temperature};
pub(crate) use self::voltage::Undervoltage;
pub(crate) use self::wear::Wear;
pub(crate) use self::words::{UNDERVOLTED, WORN};

/// Polls between two searches for sensors: drivers are loaded while the box runs.
const SEARCH_EVERY: u32 = 30;
/// Polls between two looks at temperatures and wear, which change slowly: an `NVMe` disk is asked by a command.
const SLOW_EVERY: u32 = 5;

/// What the sensors said last.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Readings {
    /// By their names, one each.
    pub(crate) temperatures: Vec<Temperature>,
    /// Whether the voltage was too low just now; `None` without a sensor.
    pub(crate) is_undervolted: Option<bool>,
    /// Of the most worn memory; `None` where none says it.
    pub(crate) wear: Option<Wear>,
}

/// The sensors of a machine, polled every [`Sensors::INTERVAL`].
#[derive(Debug)]
pub(crate) struct Sensors {
    sys: PathBuf,
    polls: u32,
    temperatures: Vec<temperature::Input>,
    voltages: Vec<PathBuf>,
    last: Readings,
}

impl Sensors {
    /// The kernel's own interval of looking at the voltage, which it forgets after it.
    pub(crate) const INTERVAL: std::time::Duration = std::time::Duration::from_secs(2);

    /// Those below a sysfs: `/sys` on a machine.
    #[must_use]
    pub(crate) fn below(sys: &Path) -> Self {
        let last = Readings::default();
        Self { sys: sys.to_owned(), polls: 0, temperatures: Vec::new(), voltages: Vec::new(), last }
    }

    /// Looks at what is due. A driver may take its time: not for the runtime's threads.
    pub(crate) fn poll(&mut self) -> Readings {
        if self.polls.is_multiple_of(SEARCH_EVERY) {
            self.temperatures = temperature::find(&self.sys);
            self.voltages = voltage::find(&self.sys);
        }
        if self.polls.is_multiple_of(SLOW_EVERY) {
            self.last.temperatures = temperature::read(&self.temperatures);
            self.last.wear = wear::read(&self.sys);
        }
        self.last.is_undervolted = voltage::read(&self.voltages);
        self.polls = self.polls.wrapping_add(1);
        self.last.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_sensors_has_no_readings() {
        let sys = tempfile::tempdir().expect("a directory");
        assert_eq!(Sensors::below(sys.path()).poll(), Readings::default());
        assert_eq!(Sensors::below(&sys.path().join("none")).poll(), Readings::default());
    }

    #[test]
    fn a_driver_that_is_loaded_later_is_found() {
        let sys = tempfile::tempdir().expect("a directory");
        let mut sensors = Sensors::below(sys.path());
        sensors.poll();
        sysfs::tree(
            sys.path(),
            &[("class/hwmon/hwmon1/name", "rpi_volt"), ("class/hwmon/hwmon1/in0_lcrit_alarm", "1")],
        );
        let seen: Vec<_> = (1..=SEARCH_EVERY).map(|_| sensors.poll().is_undervolted).collect();
        assert_eq!(seen.iter().position(Option::is_some), usize::try_from(SEARCH_EVERY - 1).ok());
        sysfs::tree(sys.path(), &[("class/hwmon/hwmon1/in0_lcrit_alarm", "0")]);
        assert_eq!(sensors.poll().is_undervolted, Some(false), "at once");
    }
}
