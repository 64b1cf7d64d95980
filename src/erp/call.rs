//! A request to the ERP, as a trace shows it.

use std::time::{Duration, Instant, SystemTime};

use http::Method;

use super::reason::Reason;
use crate::outbound::OutboundRequest;
use crate::trace_context::{TRACEPARENT, TraceContext};

/// What stands for a value that nobody may need to see (OpenTelemetry's word).
const REDACTED: &str = "REDACTED";

/// A request, from its beginning to the end of its answer.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) context: TraceContext,
    pub(crate) method: Method,
    /// Without the values of its query, which may be personal.
    pub(crate) url: String,
    /// `None` where no head of an answer came.
    pub(crate) status: Option<u16>,
    /// Why the answer does not count: [`Reason::word`].
    pub(crate) failure: Option<&'static str>,
    pub(crate) began: SystemTime,
    pub(crate) took: Duration,
}

/// Follows a request while it is made.
#[derive(Debug, Default)]
pub(super) struct CallTracker {
    /// `None`: nobody wants to know.
    context: Option<TraceContext>,
    sent: Option<Sent>,
}

#[derive(Debug)]
struct Sent {
    method: Method,
    url: String,
    status: Option<u16>,
    began: (SystemTime, Instant),
}

impl CallTracker {
    /// Of a request of which so many of a hundred are sampled; `None` follows nothing.
    pub(super) fn new(percent: Option<u8>) -> Self {
        Self { context: percent.and_then(TraceContext::random), sent: None }
    }

    pub(super) fn context(&self) -> Option<TraceContext> {
        self.context
    }

    /// It is about to be sent, to a server of this origin.
    pub(super) fn begin(&mut self, origin: &str, request: &mut OutboundRequest) {
        let Some(context) = self.context else { return };
        request.fields.extend(context.traceparent().map(|value| (TRACEPARENT, value)));
        self.sent = Some(Sent {
            method: request.method.clone(),
            url: format!("{origin}{}", redacted(&request.path)),
            status: None,
            began: (SystemTime::now(), Instant::now()),
        });
    }

    /// The head of its answer is there.
    pub(super) fn answered(&mut self, status: u16) {
        if let Some(sent) = &mut self.sent {
            sent.status = Some(status);
        }
    }

    /// What there is to show; `None` where nothing was sent.
    pub(super) fn end(self, failure: Option<&Reason>) -> Option<Call> {
        let Sent { method, url, status, began: (began, since) } = self.sent?;
        let failure = failure.map(Reason::word);
        Some(Call { context: self.context?, method, url, status, failure, began, took: since.elapsed() })
    }
}

/// The path, and the names in the query.
fn redacted(target: &http::Uri) -> String {
    let Some(query) = target.query() else { return target.path().to_owned() };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) => format!("{name}={REDACTED}"),
        // A word alone is a value, too.
        None => REDACTED.to_owned(),
    });
    format!("{}?{}", target.path(), pairs.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_keeps_its_names_alone() {
        let shown = |target: &'static str| redacted(&http::Uri::from_static(target));
        assert_eq!(shown("/v1/machines"), "/v1/machines");
        assert_eq!(shown("/t?period=weekly&user=ana&x&y=1=2"), "/t?period=REDACTED&user=REDACTED&REDACTED&y=REDACTED");
    }

    #[test]
    fn what_nobody_wants_to_know_is_not_followed() {
        let mut request = OutboundRequest::get(http::Uri::from_static("/machines"), Vec::new());
        let mut tracker = CallTracker::new(None);
        tracker.begin("http://erp.example", &mut request);
        tracker.answered(200);
        assert!(request.fields.is_empty() && tracker.end(None).is_none());
        assert!(CallTracker::new(Some(1)).end(Some(&Reason::Timeout)).is_none(), "it was never sent");
    }
}
