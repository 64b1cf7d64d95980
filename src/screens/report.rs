//! What a page's agent says of itself, held to its bounds.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
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

/// A report as it comes. A field that is missing, or not of its type, is none: a screen is not to vanish because its engine
/// has no word for something.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire {
    #[serde(deserialize_with = "if_valid")]
    id: Option<String>,
    #[serde(deserialize_with = "if_valid")]
    secret: Option<String>,
    page: String,
    #[serde(deserialize_with = "if_valid")]
    site: Option<String>,
    #[serde(deserialize_with = "if_valid")]
    path: Option<String>,
    #[serde(deserialize_with = "if_valid")]
    visible: Option<bool>,
    #[serde(deserialize_with = "if_valid")]
    ms: Option<f64>,
    #[serde(deserialize_with = "if_valid")]
    frames: Option<f64>,
    #[serde(deserialize_with = "if_valid")]
    by: Option<String>,
    #[serde(deserialize_with = "if_valid")]
    body: Option<bool>,
    #[serde(deserialize_with = "if_valid")]
    errors: Option<Errors>,
    #[serde(deserialize_with = "if_valid")]
    sample: Option<String>,
    #[serde(deserialize_with = "if_valid")]
    view: Option<(f64, f64, Option<f64>)>,
    #[serde(deserialize_with = "if_valid")]
    heap: Option<f64>,
    #[serde(deserialize_with = "if_valid")]
    data_age_s: Option<f64>,
    #[serde(deserialize_with = "if_valid")]
    did: Option<Vec<WireDone>>,
}

#[derive(Deserialize)]
struct WireDone {
    order: u64,
    result: OrderResult,
}

fn if_valid<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
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
        let done = wire
            .did
            .unwrap_or_default()
            .into_iter()
            .take(MAX_DONE)
            .map(|WireDone { order, result }| Done { order, result });
        Ok(Self {
            credentials: Credentials::parse(wire.id.as_deref(), wire.secret.as_deref()),
            page,
            site: wire.site.filter(|site| PageId::parse(site).is_some()),
            path: cut(&wire.path.unwrap_or_default(), MAX_TEXT),
            is_visible: wire.visible.unwrap_or(true),
            time: wire.ms.and_then(|ms| seconds(ms / 1000.0)).unwrap_or_default(),
            frames: wire.frames.filter(|_| wire.by.as_deref() == Some("frame")).map(whole),
            has_body: wire.body.unwrap_or(true),
            errors: wire.errors.unwrap_or_default(),
            sample: wire.sample.map(|sample| cut(&sample, MAX_TEXT)).filter(|sample| !sample.is_empty()),
            viewport: wire.view.map(|(width, height, ratio)| Viewport {
                width: whole(width),
                height: whole(height),
                ratio: ratio.unwrap_or(1.0).clamp(0.0, 100.0),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(value: &Value) -> Result<Report, ReportError> {
        Report::parse(value.to_string().as_bytes())
    }

    #[test]
    fn a_whole_report_is_read() {
        let report = parse(&json!({
            "id": "0123456789abcdef", "secret": "0123456789abcdef0123456789abcdef", "page": "00000000000000aa", "n": 1,
            "site": "00000000000000bb", "agent": "01234567", "path": "/x", "visible": true, "ms": 10_002, "frames": 598,
            "by": "frame", "body": true, "errors": {"script": 1, "rejection": 2, "resource": 3, "policy": 4},
            "sample": "TypeError: …", "view": [1920, 1080, 1.5], "heap": 12_345_678, "data_age_s": 3.2,
            "did": [{"order": 17, "result": "impossible"}], "of_tomorrow": {"x": [1]},
        }))
        .expect("a report");
        assert!(report.credentials.is_some());
        assert_eq!((report.site.as_deref(), report.path.as_str()), (Some("00000000000000bb"), "/x"));
        assert_eq!((report.time, report.frames), (Duration::from_millis(10_002), Some(598)));
        assert_eq!(report.errors, Errors { script: 1, rejection: 2, resource: 3, policy: 4 });
        assert_eq!(report.viewport, Some(Viewport { width: 1920, height: 1080, ratio: 1.5 }));
        assert_eq!((report.heap, report.data_age), (Some(12_345_344), Some(Duration::from_millis(3200))));
        assert_eq!(report.done, [Done { order: 17, result: OrderResult::Impossible }]);
    }

    #[test]
    fn all_but_the_page_may_be_missing() {
        let report = parse(&json!({"page": "00000000000000aa"})).expect("a report");
        assert!(report.is_visible && report.has_body && report.frames.is_none());
        let odd = json!({
            "page": "00000000000000aa", "id": 7, "site": null, "path": null, "visible": "yes", "ms": "1", "frames": null,
            "errors": [1], "view": [1920, 1080, null], "did": "x", "sample": {"a": 1}, "body": 0,
        });
        let report = parse(&odd).expect("a report");
        assert!(report.is_visible && report.has_body && report.time == Duration::ZERO && report.done.is_empty());
        assert_eq!(report.viewport.map(|viewport| viewport.ratio), Some(1.0));
        for wrong in [json!({}), json!({"page": "x"}), json!({"page": null}), json!("00000000000000aa"), json!(1)] {
            assert_eq!(parse(&wrong).expect_err("no report"), ReportError::Malformed, "{wrong}");
        }
        assert_eq!(Report::parse(b"").expect_err("nothing"), ReportError::Malformed);
    }

    #[test]
    fn what_is_not_valid_is_left_out_or_cut() {
        let report = parse(&json!({
            "page": "00000000000000aa", "id": "x", "secret": 5.to_string(), "site": "<script>", "ms": -1, "frames": 1e300,
            "by": "frame", "path": "/".repeat(300), "sample": "a\u{7}\u{202e}".repeat(210), "view": [-1, 1e99, -5],
            "heap": -7, "data_age_s": -3, "did": vec![json!({"order": 1, "result": "done"}); 30],
        }))
        .expect("a report");
        assert!(report.credentials.is_none() && report.site.is_none() && report.data_age.is_none());
        assert_eq!((report.time, report.frames), (Duration::ZERO, Some(u32::MAX)));
        assert_eq!((report.path.len(), report.sample), (MAX_TEXT, Some("a".repeat(MAX_TEXT))));
        assert_eq!(report.viewport, Some(Viewport { width: 0, height: u32::MAX, ratio: 0.0 }));
        assert_eq!((report.heap, report.done.len()), (Some(0), MAX_DONE));
    }

    #[test]
    fn a_report_of_the_bound_is_read_and_a_larger_one_is_not() {
        let mut body = br#"{"page":"00000000000000aa"}"#.to_vec();
        body.resize(MAX_REPORT, b' ');
        assert!(Report::parse(&body).is_ok());
        body.push(b' ');
        assert_eq!(Report::parse(&body).expect_err("too large"), ReportError::TooLarge);
    }

    proptest! {
        #[test]
        fn no_body_breaks_the_reader(body in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
            let _ = Report::parse(&body);
            let wire = json!({"page": "00000000000000aa", "path": text, "sample": text, "site": text, "id": text});
            prop_assert!(parse(&wire).expect("a report").path.chars().count() <= MAX_TEXT);
        }

        #[test]
        fn no_number_breaks_the_reader(numbers in proptest::array::uniform7(proptest::num::f64::NORMAL)) {
            let [ms, frames, width, height, ratio, heap, age] = numbers;
            let wire = json!({
                "page": "00000000000000aa", "ms": ms, "frames": frames, "by": "frame", "view": [width, height, ratio],
                "heap": heap, "data_age_s": age,
            });
            let report = parse(&wire).expect("a report");
            prop_assert!(report.time <= Duration::from_secs(1_000_000_000));
        }
    }
}
