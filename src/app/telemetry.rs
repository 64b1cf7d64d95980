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
use crate::telemetry::{Delivery, Endpoint, Heartbeat, Resource, Settings};
use crate::update::Channel;

/// What will be sent, and what about.
pub(super) struct Telemetry {
    heartbeat: Option<Heartbeat>,
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
        let Settings { heartbeat_url, heartbeat_key_file, heartbeat_interval, allow_http } = settings;
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
            resource,
        });
        Self { heartbeat, health: health.clone(), metrics: Arc::clone(metrics) }
    }

    /// Sends as long as the runtime lives.
    pub(super) fn start(self) {
        let Self { heartbeat, health, metrics } = self;
        if let Some(heartbeat) = heartbeat {
            tokio::task::spawn_local(heartbeat.run(health, move |delivery| observe(&metrics, "heartbeat", delivery)));
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
