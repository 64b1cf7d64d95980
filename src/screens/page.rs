//! One load of a document on a screen, as its agent has reported it.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::identity::PageId;
use super::report::{Errors, Report, Viewport};
use super::state::{Facts, MIN_OBSERVED};

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) id: PageId,
    /// From which it reports.
    pub(super) address: IpAddr,
    pub(super) heard: Instant,
    pub(super) site: Option<String>,
    pub(super) path: String,
    /// Since it is loaded.
    pub(super) errors: Errors,
    /// Of the last of them.
    pub(super) sample: Option<String>,
    pub(super) viewport: Option<Viewport>,
    /// In bytes.
    pub(super) heap: Option<u64>,
    pub(super) data_age: Option<Duration>,
    pub(super) frames_per_second: Option<f64>,
    /// Drawn since it was loaded or the box started, as far as its engine says.
    pub(super) frames: u64,
    is_visible: bool,
    has_body: bool,
    drew: Option<bool>,
    /// When it was loaded, by its own word.
    loaded: Instant,
    errors_at: Option<Instant>,
    /// Since when it is of another version than the box serves.
    outdated_since: Option<Instant>,
}

impl Page {
    /// A page that reports for the first time.
    pub(super) fn new(report: &Report, address: IpAddr, site: Option<&str>, now: Instant) -> Self {
        let mut page = Self {
            id: report.page,
            address,
            heard: now,
            site: None,
            path: String::new(),
            errors: Errors::default(),
            sample: None,
            viewport: None,
            heap: None,
            data_age: None,
            frames_per_second: None,
            frames: 0,
            is_visible: true,
            has_body: true,
            drew: None,
            loaded: now.checked_sub(report.time).unwrap_or(now),
            errors_at: None,
            outdated_since: None,
        };
        page.hear(report, address, site, now);
        page
    }

    /// What it reports now; `site` is what the box serves.
    pub(super) fn hear(&mut self, report: &Report, address: IpAddr, site: Option<&str>, now: Instant) {
        self.address = address;
        self.heard = now;
        self.site.clone_from(&report.site);
        self.path.clone_from(&report.path);
        self.viewport = report.viewport;
        self.heap = report.heap;
        self.data_age = report.data_age;
        self.has_body = report.has_body;
        self.frames = self.frames.saturating_add(report.frames.unwrap_or_default().into());
        let has_been_visible = self.is_visible && report.is_visible;
        self.is_visible = report.is_visible;
        if !has_been_visible {
            // No engine draws what nobody sees, and what is seen again has not had the time to.
            self.drew = None;
            self.frames_per_second = None;
        } else if report.time >= MIN_OBSERVED {
            self.drew = report.frames.map(|frames| frames > 0);
            self.frames_per_second = report.frames.map(|frames| f64::from(frames) / report.time.as_secs_f64());
        }
        if self.errors.add(&report.errors) {
            self.errors_at = Some(now);
        }
        if report.sample.is_some() {
            self.sample.clone_from(&report.sample);
        }
        self.compare(site, now);
    }

    /// Compares it with what the box serves now.
    pub(super) fn compare(&mut self, site: Option<&str>, now: Instant) {
        let is_other = self.site.as_deref().zip(site).is_some_and(|(page, site)| page != site);
        self.outdated_since = is_other.then(|| self.outdated_since.unwrap_or(now));
    }

    /// Whether it drew frames, in the last report that says so.
    pub(super) fn draws(&self) -> bool {
        self.drew == Some(true)
    }

    pub(super) fn facts(&self, has_channel: bool, now: Instant) -> Facts {
        Facts {
            has_channel,
            silence: now.saturating_duration_since(self.heard),
            age: self.heard.saturating_duration_since(self.loaded),
            is_visible: self.is_visible,
            drew: self.drew,
            has_body: self.has_body,
            since_error: self.errors_at.map(|at| now.saturating_duration_since(at)),
            outdated_for: self.outdated_since.map(|since| now.saturating_duration_since(since)),
            data_age: self.data_age,
        }
    }
}
