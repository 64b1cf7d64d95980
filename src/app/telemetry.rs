//! Telemetry at work: what it needs from the configuration and from the box.

use std::sync::Arc;

use crate::discovery;
use crate::display;
use crate::error_chain;
use crate::health::Health;
use crate::identity::BoxId;
use crate::lang::Text;
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::telemetry::{Delivery, Endpoint, Heartbeat, MetricsPush, Resource, Settings};
use crate::update::Channel;

/// What will be sent, and what about.
pub(super) struct Telemetry {
    heartbeat: Option<Heartbeat>,
    push: Option<MetricsPush>,
    health: Health,
    metrics: Arc<Metrics>,
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
        let metrics_url = otlp_url.map(|url| format!("{}/v1/metrics", url.trim_end_matches('/')));
        let push = metrics_url.and_then(|url| endpoint(url).ok()).map(|endpoint| MetricsPush {
            endpoint,
            headers_file: otlp_headers_file,
            interval,
            resource,
        });
        Self { heartbeat, push, health: health.clone(), metrics: Arc::clone(metrics) }
    }

    /// Sends as long as the runtime lives.
    pub(super) fn start(self) {
        let Self { heartbeat, push, health, metrics } = self;
        let observer = |kind| {
            let metrics = Arc::clone(&metrics);
            move |delivery| observe(&metrics, kind, delivery)
        };
        if let Some(heartbeat) = heartbeat {
            tokio::task::spawn_local(heartbeat.run(health.clone(), observer("heartbeat")));
        }
        if let Some(push) = push {
            let exposition = Arc::clone(&metrics);
            tokio::task::spawn_local(push.run(move || exposition.exposition(), health, observer("otlp_metrics")));
        }
    }
}

fn observe(metrics: &Metrics, kind: &'static str, delivery: Delivery) {
    let outcome = match delivery {
        Delivery::Taken => "ok",
        Delivery::Failed => "failed",
    };
    metrics.telemetry_delivery(kind, outcome);
}
