//! The box's clock, and whether it can be believed: a small computer without a battery starts in
//! the past, and certificates and signatures are judged by the time.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// When this program was built: no time before it is true.
const BUILT: &str = env!("WORKSHOP_EDGE_BUILD_EPOCH");

/// A time server that can be reached has set the clock within this time.
const TIME_SERVERS: Duration = Duration::from_secs(10 * 60);

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

impl Doubt {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::BeforeBuild, Self::NotSynchronised, Self::NoTimeService];

    /// Its name in metrics.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::BeforeBuild => "before_build",
            Self::NotSynchronised => "not_synchronised",
            Self::NoTimeService => "no_time_service",
        }
    }
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

    /// The time, where it can be believed by a process that has run for so long. A box without a clock of its own starts at
    /// the time that it had when it went off, until a time server sets it. Where none ever does, there is no better time.
    #[must_use]
    pub(crate) fn believed(&self, running_for: Duration) -> Option<SystemTime> {
        let reading = self.now();
        let is_believed = match reading.doubt {
            None | Some(Doubt::NoTimeService) => true,
            Some(Doubt::NotSynchronised) => running_for > TIME_SERVERS,
            Some(Doubt::BeforeBuild) => false,
        };
        is_believed.then_some(reading.time)
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
    fn a_clock_that_no_server_has_set_is_believed_when_none_will() {
        let run = tempfile::tempdir().expect("a directory");
        let clock = Clock { time_service: run.path().join("timesync"), ..Clock::default() };
        assert!(clock.believed(Duration::ZERO).is_some(), "no time service");
        std::fs::create_dir(&clock.time_service).expect("a directory");
        assert!(clock.believed(TIME_SERVERS).is_none() && clock.believed(TIME_SERVERS * 2).is_some());
        let ahead = Clock { built: SystemTime::now() + Duration::from_secs(3600), ..clock };
        assert!(ahead.believed(TIME_SERVERS * 2).is_none(), "before the build");
    }

    #[test]
    fn the_build_is_in_the_past_of_a_right_clock() {
        let clock = Clock::default();
        assert!(clock.built > SystemTime::UNIX_EPOCH);
        assert_ne!(clock.now().doubt, Some(Doubt::BeforeBuild));
    }
}
