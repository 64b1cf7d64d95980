//! Telemetry at work: what it needs from the configuration and from the box.

use std::path::Path;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::discovery;
use crate::display;
use crate::erp::Call;
use crate::error_chain;
use crate::health::Health;
use crate::identity::BoxId;
use crate::lang::Text;
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::telemetry::{
    ClientSpan, Delivery, Endpoint, Heartbeat, Push, PushEvent, Resource, Settings, Signal, SpanBuffer, forget,
};
use crate::update::Channel;

/// What will be sent, and what about.
pub(super) struct Telemetry {
    heartbeat: Option<Heartbeat>,
    metrics_push: Option<Push>,
    traces_push: Option<Push>,
    traces: Traces,
    resource: Resource,
    health: Health,
    metrics: Arc<Metrics>,
}

/// The tasks that push, as they run.
pub(super) struct Running {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

/// Which requests to the ERP are traced, and where they are recorded.
#[derive(Debug, Clone, Default)]
pub(super) struct Traces {
    /// Of a hundred, so many are sampled; `None`: nobody wants traces.
    percent: Option<u8>,
    spans: SpanBuffer,
}

impl Traces {
    pub(super) fn percent(&self) -> Option<u8> {
        self.percent
    }

    pub(super) fn record(&self, call: &Call) {
        let Call { context, method, url, status, failure, began, took } = call;
        self.spans.record(ClientSpan {
            context: *context,
            method: method.clone(),
            url: url.clone(),
            status: *status,
            failure: *failure,
            began: *began,
            took: *took,
        });
    }
}

/// Which box it is.
pub(super) fn resource(
    id: &BoxId,
    discovery: &discovery::Settings,
    display: &display::Settings,
    channel: Channel,
) -> Resource {
    Resource {
        id: id.as_str().to_owned(),
        name: discovery.name.clone(),
        workshop: display.title.clone(),
        channel: channel.name(),
    }
}

impl Telemetry {
    /// What cannot be sent at all is a fault of the part `telemetry`.
    pub(super) fn new(
        settings: Settings,
        outbound: Result<&Outbound, &String>,
        resource: Resource,
        data_dir: &Path,
        health: &Health,
        metrics: &Arc<Metrics>,
    ) -> Self {
        let Settings {
            heartbeat_url,
            heartbeat_key_file,
            heartbeat_interval,
            otlp_url,
            otlp_headers_file,
            interval,
            traces,
            trace_percent,
            allow_http,
        } = settings;
        let endpoint = |url: String| {
            let made = outbound
                .map_err(Clone::clone)
                .and_then(|outbound| Endpoint::new(&url, allow_http, outbound).map_err(|error| error_chain(&error)));
            made.map_err(|error| {
                tracing::error!(error, "telemetry cannot be sent");
                health.probe("telemetry").degraded(Some(Text::new(
                    format!("El equipo no puede enviar telemetría: {error}"),
                    format!("The box cannot send telemetry: {error}"),
                )));
            })
        };
        let heartbeat = heartbeat_url.and_then(|url| endpoint(url).ok()).map(|endpoint| Heartbeat {
            endpoint,
            key_file: heartbeat_key_file,
            interval: heartbeat_interval,
            resource: resource.clone(),
        });
        if otlp_url.is_none()
            && let Err(error) = forget(data_dir)
        {
            tracing::warn!(%error, "telemetry that nobody is to get any more cannot be removed");
        }
        let push = |signal: Signal| {
            let url = format!("{}/v1/{}", otlp_url.as_deref()?.trim_end_matches('/'), signal.word());
            let (headers_file, data_dir) = (otlp_headers_file.clone(), data_dir.to_owned());
            Some(Push { signal, endpoint: endpoint(url).ok()?, headers_file, interval, data_dir })
        };
        let metrics_push = push(Signal::Metrics);
        let traces_push = traces.then(|| push(Signal::Traces)).flatten();
        let traces = Traces { percent: traces_push.as_ref().map(|_| trace_percent), ..Traces::default() };
        let (health, metrics) = (health.clone(), Arc::clone(metrics));
        Self { heartbeat, metrics_push, traces_push, traces, resource, health, metrics }
    }

    /// For those who make requests that are traced.
    pub(super) fn traces(&self) -> Traces {
        self.traces.clone()
    }

    /// Sends until it is stopped.
    pub(super) fn start(self) -> Running {
        let Self { heartbeat, metrics_push, traces_push, traces, resource, health, metrics } = self;
        let observer = |kind| {
            let metrics = Arc::clone(&metrics);
            move |event| observe(&metrics, kind, event)
        };
        if let Some(heartbeat) = heartbeat {
            let observe = observer("heartbeat");
            let observe = move |delivery| observe(PushEvent::Delivery(delivery));
            tokio::task::spawn_local(heartbeat.run(health.clone(), observe));
        }
        let stop = CancellationToken::new();
        let mut tasks = Vec::new();
        if let Some(push) = metrics_push {
            let (observe, exposition) = (observer(Signal::Metrics.kind()), Arc::clone(&metrics));
            let exposition = move || exposition.exposition();
            let push = push.metrics(resource.clone(), exposition, health.clone(), observe, stop.clone());
            tasks.push(tokio::task::spawn_local(push));
        }
        if let Some(push) = traces_push {
            let observe = observer(Signal::Traces.kind());
            tasks.push(tokio::task::spawn_local(push.traces(resource, traces.spans, health, observe, stop.clone())));
        }
        Running { stop, tasks }
    }
}

impl Running {
    /// Sends once more, in bounded time; what is not taken goes to the disk.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task that sends telemetry has failed");
            }
        }
    }
}

fn observe(metrics: &Metrics, kind: &'static str, event: PushEvent) {
    match event {
        PushEvent::Delivery(Delivery::Taken) => metrics.telemetry_delivery(kind, "ok"),
        PushEvent::Delivery(Delivery::Failed) => metrics.telemetry_delivery(kind, "failed"),
        PushEvent::Dropped { reason, items } => metrics.telemetry_dropped(kind, reason, items),
        PushEvent::Kept { bytes } => metrics.telemetry_written(bytes),
        PushEvent::Backlog { bytes } => metrics.telemetry_backlog(kind, bytes),
    }
}
