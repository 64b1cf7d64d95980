//! The box's clock, and whether it can be believed: a small computer without a battery starts in
//! the past, and certificates and signatures are judged by the time.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// When this program was built: no time before it is true.
const BUILT: &str = env!("WORKSHOP_EDGE_BUILD_EPOCH");

/// Why the clock may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// It shows a time before this program was built.
    BeforeBuild,
    /// The time service has not reached a time server since the machine started.
    NotSynchronised,
    /// No time service that is known here runs, so nobody vouches for it.
    NoTimeService,
}

/// The clock at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// What it shows.
    pub(crate) time: SystemTime,
    /// Why that may be wrong; `None` when it can be believed.
    pub(crate) doubt: Option<Doubt>,
}

/// The system's clock.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    built: SystemTime,
    /// `/run/systemd/timesync`: there while systemd-timesyncd runs, with the file `synchronized` in it from the first
    /// synchronisation on (systemd-time-wait-sync.service(8)). The kernel's own word, `adjtimex(2)`, cannot be had
    /// without unsafe code.
    time_service: PathBuf,
}

/// When this program was built.
#[must_use]
pub fn built() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(BUILT.parse().unwrap_or(0))
}

impl Default for Clock {
    fn default() -> Self {
        Self { built: built(), time_service: "/run/systemd/timesync".into() }
    }
}

impl Clock {
    /// What it shows, and whether that can be believed.
    #[must_use]
    pub(crate) fn now(&self) -> Reading {
        let time = SystemTime::now();
        Reading { time, doubt: self.doubt(time, &self.time_service) }
    }

    fn doubt(&self, time: SystemTime, service: &Path) -> Option<Doubt> {
        if time < self.built {
            Some(Doubt::BeforeBuild)
        } else if service.join("synchronized").exists() {
            None
        } else if service.exists() {
            Some(Doubt::NotSynchronised)
        } else {
            Some(Doubt::NoTimeService)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_synchronised_clock_after_the_build_is_believed() {
        let run = tempfile::tempdir().expect("a directory");
        let service = run.path().join("timesync");
        let clock = Clock { time_service: service.clone(), ..Clock::default() };
        let (before, after) = (clock.built - Duration::from_secs(1), clock.built + Duration::from_secs(1));
        assert_eq!(clock.doubt(after, &service), Some(Doubt::NoTimeService));
        std::fs::create_dir(&service).expect("a directory");
        assert_eq!(clock.doubt(after, &service), Some(Doubt::NotSynchronised));
        std::fs::write(service.join("synchronized"), "").expect("a file");
        assert_eq!(clock.doubt(after, &service), None);
        assert_eq!(clock.doubt(before, &service), Some(Doubt::BeforeBuild));
    }

    #[test]
    fn the_build_is_in_the_past_of_a_right_clock() {
        let clock = Clock::default();
        assert!(clock.built > SystemTime::UNIX_EPOCH);
        assert_ne!(clock.now().doubt, Some(Doubt::BeforeBuild));
    }
}
