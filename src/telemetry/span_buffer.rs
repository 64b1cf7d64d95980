//! Spans that wait for the next push, and which of them are worth it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::request::Request;
use super::resource::Resource;
use super::span::{self, ClientSpan};

/// Spans that wait at most; the oldest go.
const MAX: usize = 256;
/// What takes longer is sent, sampled or not.
const SLOW: Duration = Duration::from_secs(3);

/// Whoever makes requests records them here. Its clones are the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct SpanBuffer(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    spans: VecDeque<ClientSpan>,
    dropped: u64,
}

impl SpanBuffer {
    /// Keeps a span for the next push, if it is sampled, or tells of something that a person may look for.
    pub(crate) fn record(&self, span: ClientSpan) {
        if !span.context.is_sampled() && span.failure.is_none() && span.took < SLOW {
            return;
        }
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.spans.len() >= MAX {
            waiting.spans.pop_front();
            waiting.dropped += 1;
        }
        waiting.spans.push_back(span);
    }

    /// Takes all that wait: as a request, if there are any, and how many have been dropped since the last time.
    pub(super) fn take(&self, resource: &Resource) -> (Option<Request>, u64) {
        let Waiting { spans, dropped } = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let request =
            (!spans.is_empty()).then(|| Request { items: spans.len() as u64, body: span::request(resource, &spans) });
        (request, dropped)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::otlp::tests::box_of_tests;
    use super::*;
    use crate::trace_context::TraceContext;

    fn recorded(percent: u8, failure: Option<&'static str>, took: Duration) -> u64 {
        let buffer = SpanBuffer::default();
        record(&buffer, percent, failure, took);
        buffer.take(&box_of_tests()).0.map_or(0, |request| request.items)
    }

    fn record(buffer: &SpanBuffer, percent: u8, failure: Option<&'static str>, took: Duration) {
        let (context, url) = (TraceContext::random(percent).expect("random"), "http://erp.example/machines".into());
        let (method, began) = (http::Method::GET, SystemTime::now());
        buffer.record(ClientSpan { context, method, url, status: None, failure, began, took });
    }

    #[test]
    fn what_fails_or_takes_long_is_kept_besides_the_sample() {
        assert_eq!(recorded(0, None, SLOW.mul_f64(0.9)), 0);
        assert_eq!(recorded(0, None, SLOW), 1);
        assert_eq!(recorded(0, Some("timeout"), Duration::ZERO), 1);
        assert_eq!(recorded(100, None, Duration::ZERO), 1);
    }

    #[test]
    fn what_waits_is_bounded_and_what_is_dropped_is_counted() {
        let buffer = SpanBuffer::default();
        for _ in 0..MAX + 3 {
            record(&buffer, 100, None, Duration::ZERO);
        }
        let (request, dropped) = buffer.take(&box_of_tests());
        assert_eq!((request.expect("spans").items, dropped), (MAX as u64, 3));
        let (request, dropped) = buffer.take(&box_of_tests());
        assert!(request.is_none() && dropped == 0);
    }
}
