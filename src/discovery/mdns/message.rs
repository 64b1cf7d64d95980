//! Messages of multicast DNS on the wire (RFC 1035 section 4.1, RFC 6762 section 18).

/// Types of records (RFC 1035, RFC 2782, RFC 3596, RFC 4034).
pub(in crate::discovery) const A: u16 = 1;
pub(super) const PTR: u16 = 12;
pub(super) const TXT: u16 = 16;
pub(in crate::discovery) const AAAA: u16 = 28;
pub(super) const SRV: u16 = 33;
pub(super) const NSEC: u16 = 47;
/// Of questions: every type.
pub(super) const ANY: u16 = 255;

/// The class of the internet.
const IN: u16 = 1;
/// The upper bit of a class: the cache-flush bit of a record (section 10.2), the unicast-response bit of a question
/// (section 5.4).
const UPPER: u16 = 0x8000;
/// Of the flags: a response, and from whom the name is.
const RESPONSE: u16 = 0x8000;
const AUTHORITATIVE: u16 = 0x0400;
/// Of the flags: opcode and response code, which must be zero (sections 18.3 and 18.11).
const OPCODE_AND_RCODE: u16 = 0x780f;
/// Where a pointer of compression can lead (RFC 1035 section 4.1.4).
const POINTER: u16 = 0xc000;
/// Bytes of a name (RFC 1035 section 3.1).
const MAX_NAME: usize = 255;
/// Bytes of a label.
const MAX_LABEL: usize = 63;
/// The longest life of a record in an answer to a client that keeps no cache of multicast DNS (section 6.7).
const MAX_LEGACY_TTL: u32 = 10;
/// Bytes of a record's data before the name in it: priority, weight and port of SRV.
const SRV_HEAD: usize = 6;

/// A name as it stands in a message without compression. Case makes no difference.
#[derive(Debug, Clone)]
pub(in crate::discovery) struct Name(Vec<u8>);

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        // Lengths are below the letters.
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Name {}

impl Name {
    /// Of labels without a dot between them; what a label has above 63 bytes is cut off.
    pub(in crate::discovery) fn new<'a>(labels: impl IntoIterator<Item = &'a str>) -> Self {
        let mut wire = Vec::new();
        for label in labels {
            let label = label.as_bytes().get(..MAX_LABEL).unwrap_or(label.as_bytes());
            wire.push(u8::try_from(label.len()).unwrap_or(0));
            wire.extend(label);
        }
        wire.push(0);
        Self(wire)
    }

    /// Of the data of a record that is nothing but a name.
    pub(super) fn from_wire(data: &[u8]) -> Self {
        Self(data.to_vec())
    }

    pub(super) fn wire(&self) -> &[u8] {
        &self.0
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::discovery) struct Question {
    pub(in crate::discovery) name: Name,
    pub(in crate::discovery) kind: u16,
    /// Whether the answer may come to the asker alone.
    pub(in crate::discovery) is_unicast: bool,
}

/// A record of the class of the internet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::discovery) struct Record {
    pub(in crate::discovery) name: Name,
    pub(in crate::discovery) kind: u16,
    /// Whether nobody else has records of this name and type.
    pub(in crate::discovery) is_unique: bool,
    /// Seconds.
    pub(in crate::discovery) ttl: u32,
    /// Without compression.
    pub(in crate::discovery) data: Vec<u8>,
}

impl Record {
    /// Whether it is one that only one box may have, and that is probed for.
    pub(super) fn is_claimed(&self) -> bool {
        matches!(self.kind, A | AAAA | SRV | TXT)
    }

    /// Whether both say the same, however long it may be kept.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let is_same_data =
            if self.kind == PTR { self.data.eq_ignore_ascii_case(&other.data) } else { self.data == other.data };
        self.kind == other.kind && is_same_data && self.name == other.name
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::discovery) struct Message {
    pub(in crate::discovery) id: u16,
    pub(in crate::discovery) is_response: bool,
    pub(in crate::discovery) questions: Vec<Question>,
    pub(in crate::discovery) answers: Vec<Record>,
    pub(in crate::discovery) authorities: Vec<Record>,
    pub(in crate::discovery) additionals: Vec<Record>,
}

impl Message {
    /// Reads a datagram; `None` where it is not well formed or none of multicast DNS. Records and questions of other
    /// classes are left out.
    pub(in crate::discovery) fn parse(datagram: &[u8]) -> Option<Self> {
        let mut reader = Reader { datagram, at: 0 };
        let (id, flags) = (reader.word()?, reader.word()?);
        if flags & OPCODE_AND_RCODE != 0 {
            return None;
        }
        let [questions, answers, authorities, additionals] =
            [reader.word()?, reader.word()?, reader.word()?, reader.word()?];
        let mut message = Self { id, is_response: flags & RESPONSE != 0, ..Self::default() };
        for _ in 0..questions {
            let (name, kind, class) = (reader.name()?, reader.word()?, reader.word()?);
            if [IN, ANY].contains(&(class & !UPPER)) {
                message.questions.push(Question { name, kind, is_unicast: class & UPPER != 0 });
            }
        }
        for (count, section) in [
            (answers, &mut message.answers),
            (authorities, &mut message.authorities),
            (additionals, &mut message.additionals),
        ] {
            for _ in 0..count {
                section.extend(reader.record()?);
            }
        }
        Some(message)
    }

    /// Writes it. An answer to a client that asks from another port than 5353 (`is_legacy`) must look as if a
    /// conventional server had sent it (section 6.7).
    ///
    /// Only the names of records and those behind PTR are compressed, which all clients understand (section 18.14).
    pub(in crate::discovery) fn encode(&self, is_legacy: bool) -> Vec<u8> {
        let mut writer = Writer::default();
        let flags = if self.is_response { RESPONSE | AUTHORITATIVE } else { 0 };
        writer.words([self.id, flags, count(&self.questions)]);
        writer.words([&self.answers, &self.authorities, &self.additionals].map(|section| count(section)));
        for question in &self.questions {
            let upper = if question.is_unicast { UPPER } else { 0 };
            writer.name(&question.name.0);
            writer.words([question.kind, IN | upper]);
        }
        for (section, is_certain) in [(&self.answers, true), (&self.authorities, false), (&self.additionals, true)] {
            for record in section {
                let is_flushing = record.is_unique && is_certain && !is_legacy;
                let ttl = if is_legacy { record.ttl.min(MAX_LEGACY_TTL) } else { record.ttl };
                writer.record(record, if is_flushing { IN | UPPER } else { IN }, ttl);
            }
        }
        writer.bytes
    }
}

fn count<T>(section: &[T]) -> u16 {
    u16::try_from(section.len()).unwrap_or(u16::MAX)
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    /// Names that a pointer can lead to, and where they are.
    known: Vec<(Vec<u8>, u16)>,
}

impl Writer {
    fn words(&mut self, words: impl IntoIterator<Item = u16>) {
        for word in words {
            self.bytes.extend(word.to_be_bytes());
        }
    }

    fn name(&mut self, mut rest: &[u8]) {
        while let Some(length) = rest.first().copied().filter(|length| *length != 0) {
            if let Some((_, at)) = self.known.iter().find(|(known, _)| known.eq_ignore_ascii_case(rest)) {
                return self.words([POINTER | *at]);
            }
            if let Some(at) = u16::try_from(self.bytes.len()).ok().filter(|at| at & POINTER == 0) {
                self.known.push((rest.to_vec(), at));
            }
            let (label, behind) = rest.split_at_checked(1 + usize::from(length)).unwrap_or((rest, &[]));
            self.bytes.extend(label);
            rest = behind;
        }
        self.bytes.push(0);
    }

    fn record(&mut self, record: &Record, class: u16, ttl: u32) {
        self.name(&record.name.0);
        self.words([record.kind, class]);
        self.bytes.extend(ttl.to_be_bytes());
        let at = self.bytes.len();
        self.words([0]);
        if record.kind == PTR {
            self.name(&record.data);
        } else {
            self.bytes.extend(&record.data);
        }
        let length = u16::try_from(self.bytes.len() - at - 2).unwrap_or(0).to_be_bytes();
        if let Some(place) = self.bytes.get_mut(at..at + 2) {
            place.copy_from_slice(&length);
        }
    }
}

struct Reader<'a> {
    datagram: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.datagram.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn word(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    /// A record; nothing inside where it is of another class.
    fn record(&mut self) -> Option<Option<Record>> {
        let (name, kind, class) = (self.name()?, self.word()?, self.word()?);
        let ttl = u32::from_be_bytes(self.take(4)?.try_into().ok()?);
        let end = usize::from(self.word()?).checked_add(self.at)?;
        let head = match kind {
            PTR | NSEC => Some(0),
            SRV => Some(SRV_HEAD),
            _ => None,
        };
        let mut data = Vec::new();
        if let Some(head) = head {
            data.extend(self.take(head)?);
            data.extend(self.name()?.0);
        }
        data.extend(self.take(end.checked_sub(self.at)?)?);
        let is_unique = class & UPPER != 0;
        Some((class & !UPPER == IN).then_some(Record { name, kind, is_unique, ttl, data }))
    }

    /// A name. Each pointer must lead further back than the one before, so that none can go in circles.
    fn name(&mut self) -> Option<Name> {
        let mut wire = Vec::new();
        let mut back = None;
        let mut limit = self.at;
        loop {
            let length = *self.take(1)?.first()?;
            match length {
                0 => break,
                1..=63 => {
                    wire.push(length);
                    wire.extend(self.take(length.into())?);
                    if wire.len() >= MAX_NAME {
                        return None;
                    }
                }
                192.. => {
                    let low = *self.take(1)?.first()?;
                    back.get_or_insert(self.at);
                    let target = usize::from(u16::from_be_bytes([length, low]) & !POINTER);
                    if target >= limit {
                        return None;
                    }
                    (limit, self.at) = (target, target);
                }
                _ => return None,
            }
        }
        wire.push(0);
        if let Some(back) = back {
            self.at = back;
        }
        Some(Name(wire))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text.split('.'))
    }

    /// A message with a record of every kind that holds a name.
    fn sample() -> Message {
        let mut srv = vec![0, 0, 0, 0, 0, 80];
        srv.extend(name("taller.local").wire());
        let record = |owner: &str, kind, ttl, data: &[u8]| Record {
            name: name(owner),
            kind,
            is_unique: kind != PTR,
            ttl,
            data: data.to_vec(),
        };
        let nsec = [name("taller.local").wire(), &[0, 1, 0x40]].concat();
        Message {
            id: 7,
            is_response: true,
            questions: vec![Question { name: name("_http._tcp.local"), kind: PTR, is_unicast: true }],
            answers: vec![record("_http._tcp.local", PTR, 4500, name("a b._http._tcp.local").wire())],
            authorities: Vec::new(),
            additionals: vec![
                record("a b._http._tcp.local", SRV, 120, &srv),
                record("a b._http._tcp.local", TXT, 4500, b"\x06path=/"),
                record("taller.local", A, 120, &[10, 9, 0, 1]),
                record("taller.local", NSEC, 120, &nsec),
            ],
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let encoded = sample().encode(false);
        assert_eq!(Message::parse(&encoded), Some(sample()));
        assert_eq!(encoded.windows(5).filter(|part| *part == b"_http").count(), 1, "it is compressed");
    }

    #[test]
    fn a_conventional_client_gets_what_it_understands() {
        let read = Message::parse(&sample().encode(true)).expect("well formed");
        assert_eq!((read.id, &read.questions), (7, &sample().questions));
        for record in read.answers.iter().chain(&read.additionals) {
            assert!(record.ttl <= 10 && !record.is_unique, "{record:?}");
        }
        let encoded = sample().encode(true);
        let target = [&[0, 0, 0, 0, 0, 80][..], name("taller.local").wire()].concat();
        assert!(encoded.windows(target.len()).any(|part| part == target), "a compressed name in SRV");
    }

    #[test]
    fn a_record_that_is_only_claimed_flushes_no_cache() {
        let probe = Message { authorities: sample().additionals, ..Message::default() };
        let read = Message::parse(&probe.encode(false)).expect("well formed");
        assert!(read.authorities.len() == 4 && read.authorities.iter().all(|record| !record.is_unique));
    }

    #[test]
    fn a_name_in_circles_is_no_name() {
        let mut circle = Message { answers: sample().answers, ..Message::default() }.encode(false);
        circle.truncate(12);
        circle.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 0]);
        assert_eq!(Message::parse(&circle), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..160) {
            let _ = Message::parse(&bytes);
            let mut message = sample().encode(false);
            message.truncate(cut);
            message.extend(bytes);
            if let Some(read) = Message::parse(&message) {
                let again = Message::parse(&read.encode(false)).expect("well formed");
                prop_assert!(again.answers.iter().zip(&read.answers).all(|(one, other)| one.is_same(other)));
            }
        }
    }
}
