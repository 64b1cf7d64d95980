//! The disk of the data directory: what is found of it goes to health, metrics, log and console.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::console::Disk;
use crate::disk_space::DiskSpace;
use crate::health::{Health, Probe};
use crate::lang::Text;
use crate::metrics::Metrics;
use crate::storage::{DiskWatch, Finding, Home, LowSpace, nearly_full};

/// How old what health says may be.
const EVERY: Duration = Duration::from_secs(2);

/// The monitor of the disk, and where it reports.
pub(super) struct Monitor {
    watch: Arc<DiskWatch>,
    home: Home,
    low: LowSpace,
    probe: Probe,
    metrics: Arc<Metrics>,
    said: Option<Text>,
}

impl Monitor {
    pub(super) fn new(data_dir: &Path, is_image: bool, health: &Health, metrics: &Arc<Metrics>) -> io::Result<Self> {
        let mut monitor = Self {
            watch: Arc::new(DiskWatch::start(data_dir)?),
            home: if is_image { Home::Image } else { Home::Plain },
            low: LowSpace::default(),
            probe: health.probe("storage"),
            metrics: Arc::clone(metrics),
            said: None,
        };
        monitor.report();
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

    fn report(&mut self) {
        let finding = self.watch.finding();
        let space = finding.as_ref().ok();
        self.metrics.storage_space(space.map(|space| (space.free_bytes, space.total_bytes)));
        let text = self.fault(&finding);
        if text != self.said {
            match &text {
                Some(text) if finding.is_err() => {
                    tracing::error!(reason = text.en, "the data directory cannot be written");
                }
                Some(text) => tracing::warn!(reason = text.en, "the disk of the data directory is nearly full"),
                None => tracing::info!("the data directory is well again"),
            }
            self.probe.degraded(text.clone());
            self.said = text;
        }
    }

    fn fault(&mut self, finding: &Finding) -> Option<Text> {
        match finding {
            Ok(space) => self.low.judge(*space).map(|bytes| nearly_full(bytes, self.home)),
            Err(fault) => Some(fault.words(self.home)),
        }
    }
}

/// Tells of it as long as the runtime lives.
pub(super) fn start(mut monitor: Monitor) {
    tokio::task::spawn_local(async move {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            monitor.report();
        }
    });
}
