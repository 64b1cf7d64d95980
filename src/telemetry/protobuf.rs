//! The wire format of Protocol Buffers (<https://protobuf.dev/programming-guides/encoding/>), as far as it is used here.

/// Wire types.
const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;
const FIXED32: u64 = 5;

/// A message that grows field by field. What is given is written, also where it is the default, since a member of a `oneof` counts
/// by being there.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn number(mut self, field: u64, value: u64) -> Self {
        self.tag(field, VARINT);
        self.varint(value);
        self
    }

    pub(super) fn fixed64(mut self, field: u64, bytes: [u8; 8]) -> Self {
        self.tag(field, FIXED64);
        self.0.extend(bytes);
        self
    }

    pub(super) fn double(self, field: u64, value: f64) -> Self {
        self.fixed64(field, value.to_le_bytes())
    }

    pub(super) fn text(self, field: u64, text: &str) -> Self {
        self.delimited(field, text.as_bytes())
    }

    pub(super) fn bytes(self, field: u64, bytes: &[u8]) -> Self {
        self.delimited(field, bytes)
    }

    pub(super) fn message(self, field: u64, message: &Self) -> Self {
        self.delimited(field, &message.0)
    }

    /// A repeated field of messages.
    pub(super) fn messages(self, field: u64, messages: impl IntoIterator<Item = Self>) -> Self {
        messages.into_iter().fold(self, |whole, message| whole.message(field, &message))
    }

    /// A repeated field of numbers with eight bytes each.
    pub(super) fn packed(self, field: u64, numbers: impl IntoIterator<Item = [u8; 8]>) -> Self {
        self.delimited(field, &numbers.into_iter().flatten().collect::<Vec<_>>())
    }

    fn delimited(mut self, field: u64, bytes: &[u8]) -> Self {
        self.tag(field, LENGTH_DELIMITED);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn tag(&mut self, field: u64, wire_type: u64) {
        self.varint(field << 3 | wire_type);
    }

    fn varint(&mut self, mut value: u64) {
        loop {
            let [low, ..] = value.to_le_bytes();
            value >>= 7;
            if value == 0 {
                self.0.push(low & 0x7f);
                return;
            }
            self.0.push(low | 0x80);
        }
    }
}

/// What a field has, as far as anybody here wants to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Of a type that is passed over.
    Other,
}

/// It is no message, or only a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// The fields of a message, with their numbers; it ends with the first that is malformed.
pub(super) fn fields(message: &[u8]) -> impl Iterator<Item = Result<(u64, Value<'_>), Malformed>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let field = take_field(&mut rest);
        if field.is_none() {
            rest = &[];
        }
        Some(field.ok_or(Malformed))
    })
}

fn take_field<'a>(rest: &mut &'a [u8]) -> Option<(u64, Value<'a>)> {
    let tag = take_varint(rest)?;
    let value = match tag & 7 {
        VARINT => Value::Number(take_varint(rest)?),
        FIXED64 => take(rest, 8).map(|_| Value::Other)?,
        FIXED32 => take(rest, 4).map(|_| Value::Other)?,
        LENGTH_DELIMITED => {
            let length = usize::try_from(take_varint(rest)?).ok()?;
            Value::Bytes(take(rest, length)?)
        }
        _ => return None,
    };
    Some((tag >> 3, value))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = *take(rest, 1)?.first()?;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_cut_short_is_not() {
        let inner = Message::default().text(2, "x");
        let whole = Message::default().number(1, 1 << 63).fixed64(2, [0; 8]).message(15, &inner).into_bytes();
        let read: Result<Vec<_>, _> = fields(&whole).collect();
        let inside = &inner.into_bytes();
        assert_eq!(read, Ok(vec![(1, Value::Number(1 << 63)), (2, Value::Other), (15, Value::Bytes(inside))]));
        let ends = [0, 11, 20, whole.len()];
        for length in 0..whole.len() {
            let is_whole = fields(&whole[..length]).all(|field| field.is_ok());
            assert_eq!(is_whole, ends.contains(&length), "{length}");
        }
        assert_eq!(fields(&[0x0d, 1, 2, 3, 4]).collect::<Vec<_>>(), [Ok((1, Value::Other))]);
        for wrong in [&[0x0b, 0][..], &[0x80; 11], &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]] {
            assert_eq!(fields(wrong).collect::<Vec<_>>(), [Err(Malformed)], "{wrong:?}");
        }
    }
}
