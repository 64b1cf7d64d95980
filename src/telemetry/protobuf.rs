//! The wire format of Protocol Buffers (<https://protobuf.dev/programming-guides/encoding/>), as far as it is written here.

/// Wire types.
const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;

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
