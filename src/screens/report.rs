//! What a page's agent says of itself, held to its bounds.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::identity::{Credentials, PageId};
use super::text::cut;

/// Bytes of a report.
pub(crate) const MAX_REPORT: usize = 4 * 1024;
/// Characters of a path, and of an error's sample.
const MAX_TEXT: usize = 200;
/// Orders whose results one report may name.
const MAX_DONE: usize = 16;

/// Why a report is not taken.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReportError {
    /// More than [`MAX_REPORT`] bytes (413).
    #[error("the report has more than {MAX_REPORT} bytes")]
    TooLarge,
    /// Not a report (400).
    #[error("this is not a report of a screen")]
    Malformed,
    /// More than one address, or all of them, may send (429).
    #[error("too many reports")]
    TooMany {
        /// When to try again.
        retry_after: Duration,
    },
    /// As many screens have a name as may be known (429).
    #[error("all places for screens are taken by named ones")]
    Full {
        /// When to try again.
        retry_after: Duration,
    },
}

/// What an agent says of one page.
#[derive(Debug, Clone)]
pub(super) struct Report {
    pub(super) credentials: Option<Credentials>,
    pub(super) page: PageId,
    /// Sixteen hexadecimal digits: the version of the site that the page is of.
    pub(super) site: Option<String>,
    pub(super) path: String,
    pub(super) is_visible: bool,
    /// Whether the page ends.
    pub(super) has_left: bool,
    /// Since the last report, or the page's start.
    pub(super) time: Duration,
    /// Frames drawn in that time; `None` where timers were counted instead.
    pub(super) frames: Option<u32>,
    pub(super) has_body: bool,
    pub(super) errors: Errors,
    pub(super) sample: Option<String>,
    pub(super) viewport: Option<Viewport>,
    pub(super) heap: Option<u64>,
    pub(super) data_age: Option<Duration>,
    pub(super) done: Vec<Done>,
}

/// Errors since the last report, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Errors {
    pub(super) script: u32,
    pub(super) rejection: u32,
    pub(super) resource: u32,
    pub(super) policy: u32,
}

/// CSS pixels, and device pixels for each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Viewport {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) ratio: f64,
}

/// The end of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) order: u64,
    pub(super) result: OrderResult,
}

/// How an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OrderResult {
    /// It was carried out; a reload: it begins.
    Done,
    /// The screen's engine cannot.
    Impossible,
    /// It was tried.
    Failed,
}

#[derive(Deserialize)]
#[serde(default)]
struct Wire {
    id: Option<String>,
    secret: Option<String>,
    page: String,
    site: Option<String>,
    path: String,
    visible: bool,
    left: bool,
    ms: f64,
    frames: f64,
    by: String,
    body: bool,
    errors: Errors,
    sample: Option<String>,
    view: Option<(f64, f64, f64)>,
    heap: Option<f64>,
    data_age_s: Option<f64>,
    did: Vec<WireDone>,
}

#[derive(Deserialize)]
struct WireDone {
    order: u64,
    result: OrderResult,
}

/// What a page is taken for that says nothing: one that shows something.
impl Default for Wire {
    fn default() -> Self {
        Self {
            id: None,
            secret: None,
            page: String::new(),
            site: None,
            path: String::new(),
            visible: true,
            left: false,
            ms: 0.0,
            frames: 0.0,
            by: String::new(),
            body: true,
            errors: Errors::default(),
            sample: None,
            view: None,
            heap: None,
            data_age_s: None,
            did: Vec::new(),
        }
    }
}

impl Errors {
    /// Adds others; gives whether one of them is the page's own, which a violated policy is not.
    pub(super) fn add(&mut self, others: &Self) -> bool {
        self.script = self.script.saturating_add(others.script);
        self.rejection = self.rejection.saturating_add(others.rejection);
        self.resource = self.resource.saturating_add(others.resource);
        self.policy = self.policy.saturating_add(others.policy);
        others.script > 0 || others.rejection > 0 || others.resource > 0
    }
}

impl Report {
    /// Reads the body of a request.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ReportError> {
        if body.len() > MAX_REPORT {
            return Err(ReportError::TooLarge);
        }
        let wire: Wire = serde_json::from_slice(body).map_err(|_| ReportError::Malformed)?;
        let page = PageId::parse(&wire.page).ok_or(ReportError::Malformed)?;
        let done = wire.did.into_iter().take(MAX_DONE).map(|WireDone { order, result }| Done { order, result });
        Ok(Self {
            credentials: Credentials::parse(wire.id.as_deref(), wire.secret.as_deref()),
            page,
            site: wire.site.filter(|site| PageId::parse(site).is_some()),
            path: cut(&wire.path, MAX_TEXT),
            is_visible: wire.visible,
            has_left: wire.left,
            time: seconds(wire.ms / 1000.0).unwrap_or_default(),
            frames: (wire.by == "frame").then_some(whole(wire.frames)),
            has_body: wire.body,
            errors: wire.errors,
            sample: wire.sample.map(|sample| cut(&sample, MAX_TEXT)).filter(|sample| !sample.is_empty()),
            viewport: wire.view.map(|(width, height, ratio)| Viewport {
                width: whole(width),
                height: whole(height),
                ratio: ratio.clamp(0.0, 100.0),
            }),
            heap: wire.heap.map(|bytes| whole(bytes / 1024.0)).map(|kib| u64::from(kib) * 1024),
            data_age: wire.data_age_s.and_then(seconds),
            done: done.collect(),
        })
    }
}

/// A number that scripts may have with a fraction; a negative one is none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn whole(number: f64) -> u32 {
    number as u32
}

/// A time of up to some years.
fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds.min(1e9)).ok()
}
