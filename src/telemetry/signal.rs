//! The kinds of what is pushed, and how they differ.

use std::time::Duration;

use super::endpoint::PostError;
use super::headers::HeadersError;
use crate::lang::Text;

/// A kind of what is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Metrics,
    Traces,
}

impl Signal {
    /// Its word in logs, in names of files and in addresses.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Traces => "traces",
        }
    }

    /// Its word in metrics, and that of its part in `/health`.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Metrics => "otlp_metrics",
            Self::Traces => "otlp_traces",
        }
    }

    /// While nothing is taken, how far apart what is kept is. The newest sums have those before in them; a span is in no other.
    pub(super) const fn resolution(self) -> Duration {
        match self {
            Self::Metrics => Duration::from_secs(5 * 60),
            Self::Traces => Duration::ZERO,
        }
    }

    /// Bytes, not compressed, that wait for the disk at most.
    pub(super) const fn max_held(self) -> usize {
        match self {
            Self::Metrics => 512 * 1024,
            Self::Traces => 128 * 1024,
        }
    }
}

/// What becomes of a request that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// It may be taken soon.
    Retry,
    /// Somebody has to do something first.
    Repair,
    /// It will never be taken.
    Drop,
    /// Nor will any other of its kind.
    Unsupported,
}

impl Signal {
    pub(super) fn remedy(self, error: &PushError) -> Remedy {
        match error {
            PushError::Headers(_) => Remedy::Repair,
            PushError::Post(PostError::Refused { status, .. }) => match (self, status) {
                (_, 401 | 403) | (Self::Metrics, 404) => Remedy::Repair,
                // Receivers of metrics alone, such as Prometheus.
                (Self::Traces, 404) => Remedy::Unsupported,
                (_, 408 | 429) => Remedy::Retry,
                (_, 400..500) => Remedy::Drop,
                _ => Remedy::Retry,
            },
            PushError::Post(_) => Remedy::Retry,
        }
    }
}

/// Why a request was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum PushError {
    #[error(transparent)]
    Headers(#[from] HeadersError),
    #[error(transparent)]
    Post(#[from] PostError),
}

impl PushError {
    /// What somebody has to do, where nothing else helps.
    pub(super) fn text(&self) -> Option<Text> {
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
            Self::Post(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stays_until_somebody_acts_or_passes_by_itself() {
        let refused = |status| PushError::Post(PostError::Refused { place: "https://x".into(), status });
        let remedies = |status| [Signal::Metrics, Signal::Traces].map(|signal| signal.remedy(&refused(status)));
        for status in [400, 405, 413, 415] {
            assert_eq!(remedies(status), [Remedy::Drop; 2], "{status}");
        }
        for status in [302, 408, 429, 500, 503] {
            assert_eq!(remedies(status), [Remedy::Retry; 2], "{status}");
        }
        for status in [401, 403] {
            assert_eq!(remedies(status), [Remedy::Repair; 2], "{status}");
        }
        assert_eq!(remedies(404), [Remedy::Repair, Remedy::Unsupported]);
        for status in [302, 400, 401, 403, 404, 408, 413, 429, 500] {
            assert_eq!(refused(status).text().is_some(), matches!(status, 401 | 403 | 404), "{status}");
        }
    }
}
