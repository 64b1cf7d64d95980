//! Requests of the box as OTLP has them (opentelemetry-proto 1.x: `ExportTraceServiceRequest`), in the words of OpenTelemetry's
//! semantic conventions for HTTP clients.

use std::time::{Duration, SystemTime};

use http::{Method, Uri};

use super::otlp::{self, attribute, unix_nanos};
use super::protobuf::Message;
use super::resource::Resource;
use crate::trace_context::TraceContext;

/// `SPAN_KIND_CLIENT`.
const CLIENT: u64 = 3;
/// `STATUS_CODE_ERROR`.
const ERROR: u64 = 2;

/// A request that the box has made of another machine.
#[derive(Debug, Clone)]
pub(crate) struct ClientSpan {
    pub(crate) context: TraceContext,
    pub(crate) method: Method,
    /// Nothing in it is secret or personal.
    pub(crate) url: String,
    /// `None` where no head of an answer came.
    pub(crate) status: Option<u16>,
    /// Why it was of no use: one of few words.
    pub(crate) failure: Option<&'static str>,
    pub(crate) began: SystemTime,
    pub(crate) took: Duration,
}

/// The body of a request.
pub(super) fn request<'a>(resource: &Resource, spans: impl IntoIterator<Item = &'a ClientSpan>) -> Vec<u8> {
    otlp::of_box(resource, spans.into_iter().map(span))
}

fn span(span: &ClientSpan) -> Message {
    let ClientSpan { context, method, url, status, failure, began, took } = span;
    let address = url.parse::<Uri>().unwrap_or_default();
    let port = address.port_u16().unwrap_or(if address.scheme_str() == Some("http") { 80 } else { 443 });
    let texts = [
        Some(("http.request.method", method.as_str())),
        Some(("url.full", url.as_str())),
        address.host().map(|host| ("server.address", host)),
        failure.map(|failure| ("error.type", failure)),
    ];
    let numbers = [Some(("server.port", port)), status.map(|status| ("http.response.status_code", status))];
    let attributes = texts.into_iter().flatten().map(|(key, value)| attribute(key, value));
    let numbers = numbers.into_iter().flatten().map(|(key, value)| otlp::number_attribute(key, value.into()));
    let message = Message::default()
        .bytes(1, &context.trace_id())
        .bytes(2, &context.span_id())
        // Paths are few: they stand in the box's program and configuration.
        .text(5, &format!("{method} {}", address.path()))
        .number(6, CLIENT)
        .fixed64(7, unix_nanos(*began))
        .fixed64(8, unix_nanos(*began + *took))
        .messages(9, attributes.chain(numbers));
    match failure {
        Some(_) => message.message(15, &Message::default().number(3, ERROR)),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use serde_json::json;

    use super::super::otlp::tests::{box_of_tests, decoded};
    use super::*;

    #[test]
    fn opentelemetry_reads_what_was_asked_and_what_came() {
        let began = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let context = TraceContext::random(100).expect("random");
        let answered = ClientSpan {
            context,
            method: Method::GET,
            url: "https://erp.example/v1/t?period=REDACTED".into(),
            status: Some(200),
            failure: None,
            began,
            took: Duration::from_millis(1500),
        };
        let failed = ClientSpan {
            method: Method::POST,
            url: "http://[::1]:4100/auth/login".into(),
            status: None,
            failure: Some("timeout"),
            ..answered.clone()
        };
        let request = decoded("traces", &request(&box_of_tests(), [&answered, &failed]));
        let of_box = &request["resourceSpans"][0];
        assert_eq!(
            of_box["resource"]["attributes"][2],
            json!({"key": "service.instance.id", "value": {"stringValue": "1d"}})
        );
        assert_eq!(of_box["scopeSpans"][0]["scope"]["name"], "workshop-edge");
        let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
        let number = |key: &str, value: &str| json!({"key": key, "value": {"intValue": value}});
        let span = |name: &str, attributes: serde_json::Value| {
            json!({
                // As the protocol's JSON has bytes in these classes: base64.
                "traceId": base64(&context.trace_id()), "spanId": base64(&context.span_id()), "name": name,
                "kind": "SPAN_KIND_CLIENT", "startTimeUnixNano": "1700000000000000000",
                "endTimeUnixNano": "1700000001500000000", "attributes": attributes,
            })
        };
        let mut wrong = span(
            "POST /auth/login",
            json!([
                text("http.request.method", "POST"),
                text("url.full", "http://[::1]:4100/auth/login"),
                text("server.address", "[::1]"),
                text("error.type", "timeout"),
                number("server.port", "4100"),
            ]),
        );
        wrong["status"] = json!({"code": "STATUS_CODE_ERROR"});
        let right = span(
            "GET /v1/t",
            json!([
                text("http.request.method", "GET"),
                text("url.full", "https://erp.example/v1/t?period=REDACTED"),
                text("server.address", "erp.example"),
                number("server.port", "443"),
                number("http.response.status_code", "200"),
            ]),
        );
        assert_eq!(of_box["scopeSpans"][0]["spans"], json!([right, wrong]));
    }

    fn base64(bytes: &[u8]) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(bytes)
    }
}
