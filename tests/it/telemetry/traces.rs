use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::{attribute, decoded};
use crate::support::erp::{PASSWORD, USER};
use crate::support::sink::{Answers, Sink};
use crate::support::{Edge, Erp, Setup, eventually};

/// What the box asks for, without the values of queries.
const PATHS: [&str; 11] = [
    "/auth/login",
    "/analytics/dashboard",
    "/analytics/throughput?period=REDACTED",
    "/analytics/machine-utilization",
    "/machines",
    "/machines/stats",
    "/alerts",
    "/alerts/summary",
    "/production/orders/stats",
    "/quality/stats",
    "/personal?user=REDACTED",
];

/// A receiver, an ERP, and a box between them.
struct Parties {
    sink: Sink,
    erp: Erp,
    password: NamedTempFile,
}

impl Parties {
    fn new() -> Self {
        let password = NamedTempFile::new().expect("a file");
        fs::write(password.path(), PASSWORD).expect("written");
        Self { sink: Sink::start(), erp: Erp::start(), password }
    }

    fn setup(&self, more: &str) -> Setup {
        Setup::new(&format!(
            "discovery.enabled = false\nupdate.enabled = false\nerp.url = {:?}\nerp.user = {USER:?}\nerp.password_file = '{}'\n\
             erp.allow_http = true\ntelemetry.otlp_url = {:?}\ntelemetry.allow_http = true\ntelemetry.interval_s = 1\n{more}\n",
            self.erp.url(),
            self.password.path().display(),
            self.sink.url("")
        ))
    }

    /// The spans that have come since the last time.
    fn spans(&self) -> Vec<Value> {
        let posted = self.sink.take();
        posted.iter().filter(|posted| posted.path == "/v1/traces").flat_map(spans).collect()
    }

    /// Waits until so many different paths were asked for.
    fn wait_for_paths(&self, least: usize) {
        eventually("the ERP is asked", || {
            let requests = self.erp.requests();
            requests.iter().map(|request| request["path"].to_string()).collect::<BTreeSet<_>>().len() >= least
        });
    }

    /// The `traceparent` of each request, by its trace's id.
    fn parents(&self) -> BTreeMap<String, (String, Value)> {
        let requests = self.erp.requests().into_iter();
        requests
            .map(|request| {
                let parent = request["traceparent"].as_str().unwrap_or_else(|| panic!("none: {request}")).to_owned();
                (parent.split('-').nth(1).expect("an id").to_owned(), (parent, request))
            })
            .collect()
    }
}

fn spans(posted: &crate::support::sink::Posted) -> Vec<Value> {
    let pushed = decoded("traces", posted);
    let resource = &pushed["resourceSpans"][0]["resource"];
    assert_eq!(attribute(resource, "service.name"), "workshop-edge");
    let all = pushed["resourceSpans"].as_array().expect("boxes").iter();
    all.flat_map(|of_box| of_box["scopeSpans"][0]["spans"].as_array().expect("spans").clone()).collect()
}

/// An id as `traceparent` has it.
fn id(span: &Value, name: &str) -> String {
    hex::encode(BASE64.decode(span[name].as_str().expect("base64")).expect("bytes"))
}

fn trace(span: &Value) -> String {
    id(span, "traceId")
}

fn time(span: &Value, name: &str) -> u64 {
    span[name].as_str().expect("a time").parse().expect("a number")
}

#[test]
fn each_request_to_the_erp_is_a_span_that_the_erp_can_join() {
    let parties = Parties::new();
    parties.erp.set(&json!({"extra": {"/personal?user=berta": {}}}));
    let more = "telemetry.trace_percent = 100\nerp.extra_paths = ['/personal?user=berta']";
    let edge = parties.setup(more).start();
    let mut all = Vec::new();
    let path = |span: &Value| {
        let url = attribute(span, "url.full").as_str().expect("an address").to_owned();
        url.strip_prefix(parties.erp.url()).expect("the ERP's").to_owned()
    };
    eventually("every path has a span", || {
        all.extend(parties.spans());
        all.iter().map(path).collect::<BTreeSet<_>>().len() >= PATHS.len()
    });
    assert_eq!(all.iter().map(path).collect::<BTreeSet<_>>(), PATHS.map(str::to_owned).into());
    let parents = parties.parents();
    for span in &all {
        let (parent, request) = &parents[&trace(span)];
        assert_eq!(*parent, format!("00-{}-{}-01", trace(span), id(span, "spanId")));
        assert_eq!(
            (&attribute(span, "http.request.method"), &span["kind"]),
            (&request["method"], &"SPAN_KIND_CLIENT".into())
        );
        assert_eq!(attribute(span, "http.response.status_code"), request["status"].to_string());
        let asked = request["path"].as_str().expect("a path");
        assert_eq!(asked.split('?').next(), path(span).split('?').next());
        let name = format!(
            "{} {}",
            request["method"].as_str().expect("a method"),
            asked.split('?').next().unwrap_or_default()
        );
        assert_eq!(span["name"], name);
        assert_eq!(attribute(span, "server.port"), parties.erp.address().port().to_string());
        assert!(span["status"].is_null() && attribute(span, "error.type").is_null(), "{span}");
        assert!(time(span, "startTimeUnixNano") <= time(span, "endTimeUnixNano"));
    }
    assert_eq!(parents.len(), parties.erp.requests().len(), "each has a trace of its own");
    let text = Value::from(all).to_string();
    assert!(!text.contains("berta") && !text.contains(USER) && !text.contains(PASSWORD), "{text}");
    drop(edge);
}

/// The ids in the only line of the log with this message.
fn logged(edge: &Edge, message: &str) -> [String; 2] {
    edge.wait_for_log(message);
    let lines: Vec<Value> = edge.log().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let has = |line: &&Value| line["fields"]["message"].as_str().is_some_and(|text| text.starts_with(message));
    let fields = &lines.iter().find(has).expect("the line")["fields"];
    ["trace_id", "span_id"].map(|name| fields[name].as_str().unwrap_or_else(|| panic!("{name}: {fields}")).to_owned())
}

#[test]
fn what_fails_or_takes_long_is_sent_though_nothing_is_sampled_and_the_log_names_it() {
    let parties = Parties::new();
    let sent = |fault: Value, name: &str| {
        parties.erp.fail(fault);
        let edge = parties.setup("telemetry.trace_percent = 0\nlog.level = 'debug'").start();
        let mut all = Vec::new();
        eventually("it is sent", || {
            all.extend(parties.spans());
            all.iter().any(|span| span["name"] == name)
        });
        assert!(all.iter().all(|span| span["name"] == name), "{all:?}");
        let (parent, _) = &parties.parents()[&trace(&all[0])];
        assert!(parent.ends_with("-00"), "{parent}");
        (edge, all.remove(0))
    };
    let (edge, failed) = sent(json!({"name": "status", "status": 500, "paths": ["/alerts"]}), "GET /alerts");
    let told = ["error.type", "http.response.status_code"].map(|key| attribute(&failed, key));
    assert_eq!((told, &failed["status"]["code"]), (["status".into(), "500".into()], &"STATUS_CODE_ERROR".into()));
    assert_eq!(logged(&edge, "the ERP has not answered as it should"), [trace(&failed), id(&failed, "spanId")]);
    edge.stop();
    parties.sink.take();
    let (_edge, slow) = sent(json!({"name": "slow", "ms": 3100, "paths": ["/machines"]}), "GET /machines");
    let took = time(&slow, "endTimeUnixNano") - time(&slow, "startTimeUnixNano");
    assert!(took >= 3_000_000_000 && slow["status"].is_null(), "{slow}");
}

#[test]
fn a_login_that_is_refused_has_one_id_in_the_log_in_the_trace_and_at_the_erp() {
    let parties = Parties::new();
    parties.erp.fail("login_refused");
    let edge = parties.setup("").start();
    let [trace_id, span_id] = logged(&edge, "cannot sign in to the ERP");
    let away = logged(&edge, "the ERP is away");
    let mut all = Vec::new();
    eventually("it is sent", || {
        all.extend(parties.spans());
        !all.is_empty()
    });
    assert_eq!((trace(&all[0]), id(&all[0], "spanId")), (trace_id.clone(), span_id));
    let told = ["error.type", "http.response.status_code", "http.request.method"].map(|key| attribute(&all[0], key));
    assert_eq!(told, ["login_refused", "401", "POST"]);
    assert!(parties.parents().contains_key(&trace_id));
    assert_eq!(away[0], trace_id);
}

#[test]
fn without_traces_the_erp_is_asked_as_before() {
    let parties = Parties::new();
    let edge = parties.setup("telemetry.traces = false\ntelemetry.trace_percent = 100").start();
    parties.wait_for_paths(PATHS.len() - 1);
    edge.stop();
    assert!(parties.erp.requests().iter().all(|request| request["traceparent"].is_null()));
    let posted = parties.sink.take();
    assert!(posted.iter().all(|posted| posted.path == "/v1/metrics") && !posted.is_empty());
}

#[test]
fn a_receiver_of_metrics_alone_is_not_asked_again_and_nobody_has_to_act() {
    let parties = Parties::new();
    parties.sink.set(Answers::NoTraces);
    let edge = parties.setup("telemetry.trace_percent = 100").start();
    edge.wait_for_metric("workshop_edge_telemetry_dropped_total{kind=\"otlp_traces\",reason=\"refused\"}", 1.0);
    let (mut pushes, mut traces) = (0, 0);
    eventually("four pushes of metrics", || {
        for posted in parties.sink.take() {
            *(if posted.path == "/v1/traces" { &mut traces } else { &mut pushes }) += 1;
        }
        pushes >= 4
    });
    assert_eq!(traces, 1);
    assert_eq!(edge.health()["status"], "ok", "{}", edge.health());
    assert_eq!(edge.logged("the traces were not taken").len(), 1);
}

#[test]
fn spans_of_an_outage_come_after_a_restart() {
    let parties = Parties::new();
    let data = tempfile::tempdir().expect("a directory");
    parties.sink.set(Answers::Closes);
    let edge = parties.setup("telemetry.trace_percent = 100").data(data.path()).start();
    parties.wait_for_paths(PATHS.len() - 1);
    edge.wait_for_log("the traces were not taken");
    edge.stop();
    let asked: BTreeSet<_> = parties.parents().into_keys().collect();
    parties.erp.fail("down");
    parties.sink.set(Answers::Status(200));
    let edge = parties.setup("telemetry.trace_percent = 0").data(data.path()).start();
    let mut sent = BTreeSet::new();
    eventually("all are sent", || {
        sent.extend(parties.spans().iter().map(trace));
        sent.is_superset(&asked)
    });
    edge.wait_for_log("\"ready\"");
    eventually("nothing is kept", || edge.metric("workshop_edge_telemetry_backlog_bytes{kind=\"otlp_traces\"}") < 1.0);
}
