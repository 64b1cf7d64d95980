//! Whether the machine gets enough voltage: a Raspberry Pi tells by the driver `rpi_volt`
//! (<https://docs.kernel.org/hwmon/raspberrypi-hwmon.html>).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::sysfs::{number, numbered, text};

/// For so long after the last time somebody should know: the voltage falls for moments, with the load.
const LASTS: Duration = Duration::from_secs(10 * 60);

/// The alarms that there are.
pub(super) fn find(sys: &Path) -> Vec<PathBuf> {
    let chips = numbered(&sys.join("class/hwmon"), "hwmon");
    let chips = chips.into_iter().filter(|chip| text(&chip.join("name")).as_deref() == Some("rpi_volt"));
    chips.map(|chip| chip.join("in0_lcrit_alarm")).collect()
}

/// Whether one of them says that the voltage was below 4.63 V since the kernel looked last, two seconds ago.
pub(super) fn read(alarms: &[PathBuf]) -> Option<bool> {
    alarms.iter().filter_map(|alarm| number(alarm)).map(|value| value != 0).reduce(|one, other| one || other)
}

/// Whether the voltage has been too low lately.
#[derive(Debug, Default)]
pub(crate) struct Undervoltage {
    last: Option<Instant>,
}

impl Undervoltage {
    /// Takes what the sensor says.
    pub(crate) fn judge(&mut self, is_undervolted: bool, now: Instant) -> bool {
        if is_undervolted {
            self.last = Some(now);
        }
        self.last.is_some_and(|last| now.saturating_duration_since(last) < LASTS)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sysfs::tree;
    use super::*;

    #[test]
    fn only_the_raspberry_pis_driver_is_asked() {
        let sys = tempfile::tempdir().expect("a directory");
        tree(sys.path(), &[("class/hwmon/hwmon0/name", "nct6775"), ("class/hwmon/hwmon0/in0_lcrit_alarm", "1")]);
        assert_eq!(read(&find(sys.path())), None);
        tree(sys.path(), &[("class/hwmon/hwmon1/name", "rpi_volt"), ("class/hwmon/hwmon1/in0_lcrit_alarm", "0")]);
        assert_eq!(read(&find(sys.path())), Some(false));
        tree(sys.path(), &[("class/hwmon/hwmon1/in0_lcrit_alarm", "1")]);
        assert_eq!(read(&find(sys.path())), Some(true));
        tree(sys.path(), &[("class/hwmon/hwmon1/in0_lcrit_alarm", "")]);
        assert_eq!(read(&find(sys.path())), None);
    }

    #[test]
    fn a_moment_is_told_for_ten_minutes() {
        let (mut undervoltage, start) = (Undervoltage::default(), Instant::now());
        let mut at = |is_low, seconds| undervoltage.judge(is_low, start + Duration::from_secs(seconds));
        assert!(!at(false, 0));
        assert!(at(true, 2) && at(false, 4) && at(false, 601));
        assert!(!at(false, 602));
        assert!(at(true, 700) && at(true, 1200) && at(false, 1799) && !at(false, 1800));
    }
}
