//! Figures as OTLP has them (opentelemetry-proto 1.x: `ExportMetricsServiceRequest`). Names are those of `/metrics`, so that one
//! dashboard serves boxes that are scraped and boxes that push.

use std::time::{SystemTime, UNIX_EPOCH};

use super::exposition::{Family, Labels, Sample};
use super::protobuf::Message;
use super::request::Request;
use super::resource::Resource;

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`.
const CUMULATIVE: u64 = 2;

/// The time that figures are of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    /// When the sums began.
    pub(super) start: SystemTime,
    pub(super) end: SystemTime,
}

/// The body of a request.
pub(super) fn request(resource: &Resource, families: &[Family<'_>], period: Period) -> Request {
    let metrics = families.iter().filter_map(|family| metric(family, period));
    Request { items: families.iter().map(points).sum(), body: of_box(resource, metrics) }
}

/// The body of a request about one box: metrics and spans stand in the same places.
pub(super) fn of_box(resource: &Resource, items: impl IntoIterator<Item = Message>) -> Vec<u8> {
    let described =
        Message::default().messages(1, resource.attributes().into_iter().map(|(key, value)| attribute(key, value)));
    let scope = Message::default().text(1, "workshop-edge").text(2, crate::VERSION);
    let scoped = Message::default().message(1, &scope).messages(2, items);
    let of_box = Message::default().message(1, &described).message(2, &scoped);
    Message::default().message(1, &of_box).into_bytes()
}

pub(super) fn attribute(key: &str, value: &str) -> Message {
    Message::default().text(1, key).message(2, &Message::default().text(1, value))
}

pub(super) fn number_attribute(key: &str, value: u64) -> Message {
    Message::default().text(1, key).message(2, &Message::default().number(3, value))
}

/// How many points a family has: the lines of a histogram's series are one.
fn points(family: &Family<'_>) -> u64 {
    let is_point = |sample: &&Sample<'_>| family.kind != "histogram" || sample.name.ends_with("_sum");
    family.samples.iter().filter(is_point).count() as u64
}

/// A family that has figures.
fn metric(family: &Family<'_>, period: Period) -> Option<Message> {
    let Family { name, help, unit, kind, samples } = family;
    let figure = samples.first()?.name;
    let unit = match *unit {
        "seconds" => "s",
        "bytes" => "By",
        other => other,
    };
    let named = |name| Message::default().text(1, name).text(2, help).text(3, unit);
    let numbers = || Message::default().messages(1, samples.iter().filter_map(|sample| number(sample, period)));
    Some(match *kind {
        "counter" => named(figure).message(7, &numbers().number(2, CUMULATIVE).number(3, 1)),
        "histogram" => {
            let points = samples.chunk_by(|_, next| !next.name.ends_with("_sum"));
            let points = points.filter_map(|series| distribution(series, period));
            named(name).message(9, &Message::default().messages(1, points).number(2, CUMULATIVE))
        }
        _ => named(figure).message(5, &numbers()),
    })
}

/// A `NumberDataPoint`.
fn number(sample: &Sample<'_>, period: Period) -> Option<Message> {
    let point = point(7, &sample.labels, period);
    Some(match sample.value.parse::<i64>() {
        Ok(whole) => point.fixed64(6, whole.to_le_bytes()),
        Err(_) => point.double(4, sample.value.parse().ok()?),
    })
}

/// A `HistogramDataPoint` of the lines of one series: sum, count, and buckets, of which each counts those before it too.
fn distribution(series: &[Sample<'_>], period: Period) -> Option<Message> {
    let (sum, rest) = series.split_first()?;
    let (count, buckets) = rest.split_first()?;
    let (mut bounds, mut counts, mut before) = (Vec::new(), Vec::new(), 0_u64);
    for bucket in buckets {
        let so_far = bucket.value.parse::<u64>().ok()?;
        counts.push(so_far.saturating_sub(before).to_le_bytes());
        before = so_far;
        let (_, bound) = bucket.labels.iter().find(|(name, _)| *name == "le")?;
        if bound != "+Inf" {
            bounds.push(bound.parse::<f64>().ok()?.to_le_bytes());
        }
    }
    let point = point(9, &sum.labels, period);
    let point = point.fixed64(4, count.value.parse::<u64>().ok()?.to_le_bytes()).double(5, sum.value.parse().ok()?);
    Some(point.packed(6, counts).packed(7, bounds))
}

/// What all points have: their time, and their attributes in this field.
fn point(attributes: u64, labels: &Labels<'_>, Period { start, end }: Period) -> Message {
    let labels = labels.iter().map(|(name, value)| attribute(name, value));
    Message::default().fixed64(2, unix_nanos(start)).fixed64(3, unix_nanos(end)).messages(attributes, labels)
}

pub(super) fn unix_nanos(time: SystemTime) -> [u8; 8] {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX).to_le_bytes()
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;
    use std::process::Command;
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::super::exposition::families;
    use super::*;

    const TEXT: &str = r#"# HELP e_requests Answers by status.
# TYPE e_requests counter
e_requests_total{route="page",status="200"} 9223372036854775807
e_requests_total{route="a\"b\\c\nñ,=}",status=""} 0
# HELP cpu_seconds Time.
# TYPE cpu_seconds counter
cpu_seconds_total 0.25
# HELP e_empty Nothing yet.
# TYPE e_empty counter
# HELP e_sent_bytes Bytes.
# TYPE e_sent_bytes gauge
# UNIT e_sent_bytes bytes
e_sent_bytes -300
# HELP e_build What is running.
# TYPE e_build info
e_build_info{version="1.0"} 1
# HELP e_took_seconds Time.
# TYPE e_took_seconds histogram
# UNIT e_took_seconds seconds
e_took_seconds_sum{part="x"} 1.5
e_took_seconds_count{part="x"} 7
e_took_seconds_bucket{part="x",le="0.001"} 2
e_took_seconds_bucket{part="x",le="1.0"} 2
e_took_seconds_bucket{part="x",le="+Inf"} 7
e_took_seconds_sum{part="y"} 0.0
e_took_seconds_count{part="y"} 3
e_took_seconds_bucket{part="y",le="0.001"} 0
e_took_seconds_bucket{part="y",le="1.0"} 1
e_took_seconds_bucket{part="y",le="+Inf"} 3
# EOF
"#;

    /// What `OpenTelemetry`'s own classes read in a request.
    pub(in super::super) fn decoded(signal: &str, body: &[u8]) -> Value {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("target/otlp-python/bin/python");
        assert!(python.exists(), "{} is not there: tests/run installs it", python.display());
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), body).expect("written");
        let output = Command::new(python).arg(root.join("tests/support/otlp.py")).arg(signal).arg(file.path()).output();
        let output = output.expect("python can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    pub(in super::super) fn box_of_tests() -> Resource {
        Resource { id: "1d".into(), name: "taller".into(), workshop: "Taller Norte".into(), channel: "stable" }
    }

    #[test]
    fn opentelemetry_reads_every_kind_of_figure() {
        let start = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let period = Period { start, end: start + Duration::from_secs(60) };
        let request = request(&box_of_tests(), &families(TEXT), period);
        assert_eq!(request.items, 7);
        let request = decoded("metrics", &request.body);
        let of_box = &request["resourceMetrics"][0];
        let scope = &of_box["scopeMetrics"][0];
        assert_eq!(scope["scope"], json!({"name": "workshop-edge", "version": crate::VERSION}));
        let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
        assert_eq!(
            of_box["resource"]["attributes"],
            json!([
                text("service.name", "workshop-edge"),
                text("service.version", crate::VERSION),
                text("service.instance.id", "1d"),
                text("host.name", "taller"),
                text("workshop", "Taller Norte"),
                text("deployment.channel", "stable"),
            ])
        );
        let point = |value: Value| {
            let mut point = json!({"startTimeUnixNano": "1700000000000000000", "timeUnixNano": "1700000060000000000"});
            let fields = point.as_object_mut().expect("an object");
            fields.extend(value.as_object().expect("an object").clone());
            point
        };
        let sum = |points: Value| json!({"dataPoints": points, "aggregationTemporality": "AGGREGATION_TEMPORALITY_CUMULATIVE", "isMonotonic": true});
        let odd = [text("route", "a\"b\\c\nñ,=}"), text("status", "")];
        let histogram = |part: &str, count: &str, sum: f64, counts: [&str; 3]| {
            point(
                json!({"attributes": [text("part", part)], "count": count, "sum": sum, "bucketCounts": counts, "explicitBounds": [0.001, 1.0]}),
            )
        };
        assert_eq!(
            scope["metrics"],
            json!([
                {"name": "e_requests_total", "description": "Answers by status.", "sum": sum(json!([
                    point(json!({"attributes": [text("route", "page"), text("status", "200")], "asInt": "9223372036854775807"})),
                    point(json!({"attributes": odd, "asInt": "0"})),
                ]))},
                {"name": "cpu_seconds_total", "description": "Time.", "sum": sum(json!([point(json!({"asDouble": 0.25}))]))},
                {"name": "e_sent_bytes", "description": "Bytes.", "unit": "By", "gauge": {"dataPoints": [point(json!({"asInt": "-300"}))]}},
                {"name": "e_build_info", "description": "What is running.", "gauge": {"dataPoints": [
                    point(json!({"attributes": [text("version", "1.0")], "asInt": "1"})),
                ]}},
                {"name": "e_took_seconds", "description": "Time.", "unit": "s", "histogram": {
                    "dataPoints": [histogram("x", "7", 1.5, ["2", "0", "5"]), histogram("y", "3", 0.0, ["0", "1", "2"])],
                    "aggregationTemporality": "AGGREGATION_TEMPORALITY_CUMULATIVE",
                }},
            ])
        );
    }
}
