//! The disk of the data directory: what is found of it goes to health, to the log and to the console.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::console::Disk;
use crate::disk_space::DiskSpace;
use crate::health::{Health, Probe};
use crate::storage::{DiskWatch, Home, StorageFault};

/// How old what health says may be.
const EVERY: Duration = Duration::from_secs(2);

/// The monitor of the disk, and where it reports.
pub(super) struct Monitor {
    watch: Arc<DiskWatch>,
    home: Home,
    probe: Probe,
}

impl Monitor {
    pub(super) fn new(data_dir: &Path, is_image: bool, health: &Health) -> io::Result<Self> {
        let home = if is_image { Home::Image } else { Home::Plain };
        let monitor = Self { watch: Arc::new(DiskWatch::start(data_dir)?), home, probe: health.probe("storage") };
        monitor.report(monitor.watch.finding().err().as_ref());
        Ok(monitor)
    }

    /// The room on the disk, as long as it works; never waits for the disk.
    pub(super) fn space(&self) -> impl Fn() -> Option<Disk> + Send + use<> {
        let watch = Arc::clone(&self.watch);
        move || {
            let DiskSpace { total_bytes, free_bytes } = watch.finding().ok()?;
            Some(Disk { total_bytes, free_bytes })
        }
    }

    fn report(&self, fault: Option<&StorageFault>) {
        if let Some(fault) = fault {
            tracing::error!(reason = fault.words(self.home).en, "the data directory cannot be written");
        }
        self.probe.degraded(fault.map(|fault| fault.words(self.home)));
    }
}

/// Tells of it as long as the runtime lives.
pub(super) fn start(monitor: Monitor) {
    tokio::task::spawn_local(async move {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = monitor.watch.finding().err();
        loop {
            ticks.tick().await;
            let fault = monitor.watch.finding().err();
            if fault != told {
                monitor.report(fault.as_ref());
                told = fault;
            }
        }
    });
}
