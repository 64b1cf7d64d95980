//! What ties a request of the box to what another machine does for it (W3C Trace Context,
//! <https://www.w3.org/TR/trace-context/>).

use std::fmt;

use http::HeaderValue;
use http::header::HeaderName;

/// The field that carries it.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The bits of a trace's id that decide whether it is sampled, as OpenTelemetry's samplers have it.
const RANDOM_BITS: u32 = 56;

/// The place of one request in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceContext {
    trace_id: u128,
    span_id: u64,
    is_sampled: bool,
}

impl TraceContext {
    /// A trace of its own, of which so many of a hundred are sampled. `None` where the kernel gives no random numbers.
    pub(crate) fn random(percent: u8) -> Option<Self> {
        let (high, low, span_id) = (getrandom::u64().ok()?, getrandom::u64().ok()?, getrandom::u64().ok()?);
        Some(Self::new(u128::from(high) << 64 | u128::from(low), span_id, percent))
    }

    fn new(trace_id: u128, span_id: u64, percent: u8) -> Self {
        let random = trace_id & ((1 << RANDOM_BITS) - 1);
        let is_sampled = (random * 100) >> RANDOM_BITS < u128::from(percent);
        // Zero means that there is none.
        Self { trace_id: trace_id.max(1), span_id: span_id.max(1), is_sampled }
    }

    /// Whether its maker asks everybody to record it.
    pub(crate) fn is_sampled(&self) -> bool {
        self.is_sampled
    }

    pub(crate) fn trace_id(&self) -> [u8; 16] {
        self.trace_id.to_be_bytes()
    }

    pub(crate) fn span_id(&self) -> [u8; 8] {
        self.span_id.to_be_bytes()
    }

    /// For logs: 32 hexadecimal digits.
    pub(crate) fn trace(&self) -> impl fmt::Display + fmt::Debug + use<> {
        Hex { value: self.trace_id, digits: 32 }
    }

    /// For logs: 16 hexadecimal digits.
    pub(crate) fn span(&self) -> impl fmt::Display + fmt::Debug + use<> {
        Hex { value: u128::from(self.span_id), digits: 16 }
    }

    /// The value of [`TRACEPARENT`].
    pub(crate) fn traceparent(&self) -> Option<HeaderValue> {
        let flags = u8::from(self.is_sampled);
        HeaderValue::from_str(&format!("00-{}-{}-{flags:02x}", self.trace(), self.span())).ok()
    }
}

#[derive(Debug)]
struct Hex {
    value: u128,
    digits: usize,
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0digits$x}", self.value, digits = self.digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_the_standard_has_it() {
        let text = |context: TraceContext| context.traceparent().expect("a value").to_str().expect("ASCII").to_owned();
        let context = TraceContext::new(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, 0x00f0_67aa_0ba9_02b7, 100);
        assert_eq!(text(context), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assert_eq!((context.trace_id()[0], context.span_id()[1]), (0x4b, 0xf0));
        let zero = TraceContext::new(0, 0, 0);
        assert_eq!(text(zero), format!("00-{:032x}-{:016x}-00", 1, 1));
    }

    #[test]
    fn the_share_that_is_sampled_is_that_of_the_configuration() {
        let sampled = |percent| {
            // All there are of the upper 13 bits.
            let random = (0..8192_u128).map(|number| number << RANDOM_BITS >> 13);
            random.filter(|id| TraceContext::new(*id, 1, percent).is_sampled()).count()
        };
        assert_eq!((sampled(0), sampled(100)), (0, 8192));
        assert_eq!(sampled(25), 2048);
        let (one, other) = (TraceContext::random(0).expect("one"), TraceContext::random(0).expect("another"));
        assert!(one != other && !one.is_sampled());
    }
}
