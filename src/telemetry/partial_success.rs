//! What a receiver says when it has taken not everything of a request (OTLP: `ExportMetricsServiceResponse`,
//! `ExportTraceServiceResponse`).

use super::protobuf::{Value, fields};

/// Characters of the receiver's words at most.
const MAX_MESSAGE: usize = 200;

/// Of a request that was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PartialSuccess {
    /// How many figures or spans were not.
    pub(super) rejected: u64,
    /// Why; without them, what could be better.
    pub(super) message: String,
}

impl PartialSuccess {
    /// Reads an answer; `None` where it has nothing to say, or is none.
    pub(super) fn read(answer: &[u8]) -> Option<Self> {
        let mut told = Self::default();
        for field in fields(answer) {
            // `partial_success`
            let (1, Value::Bytes(partial)) = field.ok()? else { continue };
            for field in fields(partial) {
                match field.ok()? {
                    (1, Value::Number(rejected)) => told.rejected = rejected,
                    (2, Value::Bytes(message)) => {
                        let message = String::from_utf8_lossy(message);
                        let printable = message.chars().filter(|character| !character.is_control());
                        told.message = printable.take(MAX_MESSAGE).collect();
                    }
                    _ => {}
                }
            }
        }
        // A negative number of these is none.
        told.rejected = i64::try_from(told.rejected).unwrap_or_default().unsigned_abs();
        (told != Self::default()).then_some(told)
    }
}

#[cfg(test)]
mod tests {
    use super::super::protobuf::Message;
    use super::*;

    #[test]
    fn the_words_of_a_receiver_are_read_and_bounded() {
        let answer = |rejected, message: &str| {
            let partial = Message::default().number(1, rejected).text(2, message);
            Message::default().message(1, &partial).into_bytes()
        };
        let read = |rejected, message| PartialSuccess::read(&answer(rejected, message));
        let told = |rejected, message: &str| Some(PartialSuccess { rejected, message: message.to_owned() });
        assert_eq!(read(3, "out of\norder"), told(3, "out oforder"));
        assert_eq!(read(0, "deprecated"), told(0, "deprecated"));
        assert_eq!(read(0, ""), None);
        assert_eq!(read(u64::MAX, ""), None);
        assert_eq!(read(1, &"x".repeat(300)), told(1, &"x".repeat(MAX_MESSAGE)));
        assert_eq!(PartialSuccess::read(b""), None);
        // As some receivers answer whatever they are asked in.
        assert_eq!(PartialSuccess::read(b"{}"), None);
        let whole = answer(3, "cut");
        for length in 1..whole.len() {
            assert_eq!(PartialSuccess::read(&whole[..length]), None, "{length}");
        }
    }
}
