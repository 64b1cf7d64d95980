//! The figures of `/metrics` for those who cannot scrape the box, by OTLP over HTTP
//! (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).

use std::path::PathBuf;
use std::time::{Duration, Instant};

use http::HeaderValue;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use thiserror::Error;
use tokio::time::sleep;

use super::endpoint::{Delivery, Endpoint, PostError};
use super::exposition::families;
use super::headers::{HeadersError, read_headers};
use super::otlp::{self, Period};
use super::resource::Resource;
use super::retry::Retry;
use crate::clock::Clock;
use crate::error_chain;
use crate::gzip::Compressible;
use crate::health::{Health, Probe};
use crate::lang::Text;

/// Before the first push, so that the network is there after a start of the machine.
const SETTLE: Duration = Duration::from_secs(5);

/// The push of a box's figures.
pub(crate) struct MetricsPush {
    pub(crate) endpoint: Endpoint,
    /// The file with the fields by which the receiver knows the box.
    pub(crate) headers_file: Option<PathBuf>,
    pub(crate) interval: Duration,
    pub(crate) resource: Resource,
}

/// Why the figures were not taken.
#[derive(Debug, Error)]
enum PushError {
    #[error("the figures cannot be written")]
    Figures(#[from] std::fmt::Error),
    #[error(transparent)]
    Headers(#[from] HeadersError),
    #[error(transparent)]
    Post(#[from] PostError),
}

impl PushError {
    /// Whether it may pass by itself before the next interval.
    fn is_passing(&self) -> bool {
        match self {
            Self::Figures(_) | Self::Headers(_) => false,
            Self::Post(PostError::Refused { status, .. }) => {
                !(400..500).contains(status) || matches!(status, 408 | 429)
            }
            Self::Post(_) => true,
        }
    }

    /// What somebody has to do, where nothing else helps.
    fn remedy(&self) -> Option<Text> {
        match self {
            Self::Headers(error) => {
                let Text { es, en } = error.text();
                Some(Text::new(
                    format!(
                        "El equipo no envía métricas: {es}. Corrija el archivo que indica telemetry.otlp_headers_file."
                    ),
                    format!("The box sends no metrics: {en}. Correct the file that telemetry.otlp_headers_file names."),
                ))
            }
            Self::Post(PostError::Refused { place, status: status @ (401 | 403) }) => Some(Text::new(
                format!(
                    "{place} no acepta las métricas del equipo ({status}): corrija la clave en el archivo que indica telemetry.otlp_headers_file."
                ),
                format!(
                    "{place} refuses the box's metrics ({status}): correct the key in the file that telemetry.otlp_headers_file names."
                ),
            )),
            Self::Post(PostError::Refused { place, status: 404 }) => Some(Text::new(
                format!("{place} no recibe métricas en esa dirección (404): corrija telemetry.otlp_url."),
                format!("{place} takes no metrics at that address (404): correct telemetry.otlp_url."),
            )),
            _ => None,
        }
    }
}

impl MetricsPush {
    /// Pushes as long as it is polled. Always the newest figures: sums count from the start of the process, so that a push which was
    /// not taken is made up for by the next one.
    pub(crate) async fn run(
        self,
        exposition: impl Fn() -> Result<String, std::fmt::Error>,
        health: Health,
        observe: impl Fn(Delivery),
    ) {
        let (clock, began) = (Clock::default(), Instant::now());
        let (mut start, mut wait, mut retry) = (None, SETTLE.min(self.interval), Retry::default());
        let (mut last_error, mut probe) = (None, None::<Probe>);
        loop {
            sleep(wait).await;
            wait = self.interval;
            // Figures of a time that never was would stay with the receiver, or be refused as too old.
            let Some(end) = clock.believed(began.elapsed()) else { continue };
            // Kept when the clock is set: another start would mean sums that begin anew.
            let start = *start.get_or_insert(end.checked_sub(began.elapsed()).unwrap_or(end));
            match self.push(&exposition, Period { start: start.min(end), end }).await {
                Ok(()) => {
                    observe(Delivery::Taken);
                    if last_error.take().is_some() {
                        tracing::info!(to = self.endpoint.origin(), "the metrics are taken again");
                    }
                    retry = Retry::default();
                    if let Some(probe) = probe.take() {
                        probe.degraded(None);
                    }
                }
                Err(error) => {
                    observe(Delivery::Failed);
                    let words = error_chain(&error);
                    if last_error.as_ref() != Some(&words) {
                        tracing::warn!(to = self.endpoint.origin(), error = words, "the metrics were not taken");
                    }
                    last_error = Some(words);
                    if let Some(remedy) = error.remedy() {
                        probe.get_or_insert_with(|| health.probe("otlp_metrics")).degraded(Some(remedy));
                    }
                    if error.is_passing() {
                        wait = retry.failed(self.interval);
                    }
                }
            }
        }
    }

    async fn push(
        &self,
        exposition: impl Fn() -> Result<String, std::fmt::Error>,
        period: Period,
    ) -> Result<(), PushError> {
        let mut fields = self.headers_file.as_deref().map(read_headers).transpose()?.unwrap_or_default();
        fields.push((CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf")));
        fields.push((CONTENT_ENCODING, HeaderValue::from_static("gzip")));
        let body = otlp::request(&self.resource, &families(&exposition()?), period);
        let body = Compressible::new(body).gzip().clone();
        Ok(self.endpoint.post(fields, body).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stays_until_somebody_acts_or_passes_by_itself() {
        let refused = |status| PushError::Post(PostError::Refused { place: "https://x".into(), status });
        for status in [400, 401, 403, 404, 413] {
            assert!(!refused(status).is_passing(), "{status}");
            assert_eq!(refused(status).remedy().is_some(), matches!(status, 401 | 403 | 404), "{status}");
        }
        for status in [302, 408, 429, 500, 503] {
            assert!(refused(status).is_passing() && refused(status).remedy().is_none(), "{status}");
        }
    }
}
