//! The smallest part of DNS that asking for names and boxes needs (RFC 1035 section 4, RFC 6762 section 6.7).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const TYPE_A: u16 = 1;
const TYPE_PTR: u16 = 12;
const TYPE_TXT: u16 = 16;
const TYPE_AAAA: u16 = 28;
const CLASS_IN: u16 = 1;
/// The upper bit of a class is mDNS's cache-flush bit (RFC 6762 section 10.2).
const CLASS_MASK: u16 = 0x7fff;
/// This is an answer.
const RESPONSE: u16 = 0x8000;
/// Bytes of a name (RFC 1035 section 3.1).
const NAME_MAX: usize = 255;
/// Records of one message that are looked at; ours has a handful.
const MAX_RECORDS: usize = 64;

/// Which addresses are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// A.
    V4,
    /// AAAA.
    V6,
}

/// A question for the addresses of `<label>.local`.
pub(super) fn ask(id: u16, label: &str, family: Family) -> Vec<u8> {
    // Labels have at most 63 bytes: the configuration and `LastName` hold them to it.
    question(id, &[label, "local"], if family == Family::V4 { TYPE_A } else { TYPE_AAAA })
}

/// A question for all boxes that serve HTTP.
pub(super) fn ask_for_boxes(id: u16) -> Vec<u8> {
    question(id, &["_workshop-edge", "_sub", "_http", "_tcp", "local"], TYPE_PTR)
}

fn question(id: u16, labels: &[&str], kind: u16) -> Vec<u8> {
    let mut message = Vec::with_capacity(64);
    for word in [id, 0, 1, 0, 0, 0] {
        message.extend(word.to_be_bytes());
    }
    for part in labels {
        message.push(u8::try_from(part.len()).unwrap_or(0));
        message.extend(part.as_bytes());
    }
    message.push(0);
    message.extend(kind.to_be_bytes());
    message.extend(CLASS_IN.to_be_bytes());
    message
}

/// The addresses that a message gives to `<label>.local`, if it is an answer to the question
/// with this id and well formed.
pub(super) fn answers(message: &[u8], id: u16, label: &str) -> Option<Vec<IpAddr>> {
    let wanted = format!("{label}.local");
    let records = records(message, id)?;
    let named = records.iter().filter(|record| record.name.eq_ignore_ascii_case(wanted.as_bytes()));
    Some(named.filter_map(Record::address).collect())
}

/// The addresses of the box in a message, if it is an answer to the question with this id and well formed,
/// and the box has `box_id`.
pub(super) fn addresses_of_box(message: &[u8], id: u16, box_id: &str) -> Option<Vec<IpAddr>> {
    let records = records(message, id)?;
    let text = format!("id={box_id}");
    let has_id =
        |record: &Record<'_>| record.kind == TYPE_TXT && strings(record.data).any(|one| one == text.as_bytes());
    records.iter().any(has_id).then(|| records.iter().filter_map(Record::address).collect())
}

/// The strings of a TXT record.
fn strings(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = data.split_first()?;
        let (text, behind) = rest.split_at_checked(usize::from(*length))?;
        data = behind;
        Some(text)
    })
}

struct Record<'a> {
    /// Its labels joined by dots.
    name: Vec<u8>,
    kind: u16,
    data: &'a [u8],
}

impl Record<'_> {
    fn address(&self) -> Option<IpAddr> {
        match self.kind {
            TYPE_A => Some(Ipv4Addr::from(<[u8; 4]>::try_from(self.data).ok()?).into()),
            TYPE_AAAA => Some(Ipv6Addr::from(<[u8; 16]>::try_from(self.data).ok()?).into()),
            _ => None,
        }
    }
}

/// The records of a message, if it is an answer to the question with this id and well formed.
fn records(message: &[u8], id: u16) -> Option<Vec<Record<'_>>> {
    let mut reader = Reader { message, at: 0 };
    if reader.word()? != id || reader.word()? & RESPONSE == 0 {
        return None;
    }
    let questions = reader.word()?;
    let records = [reader.word()?, reader.word()?, reader.word()?].into_iter().map(usize::from).sum::<usize>();
    for _ in 0..usize::from(questions).min(MAX_RECORDS) {
        reader.name()?;
        reader.take(4)?;
    }
    let mut found = Vec::new();
    for _ in 0..records.min(MAX_RECORDS) {
        let name = reader.name()?;
        let (kind, class) = (reader.word()?, reader.word()? & CLASS_MASK);
        reader.take(4)?;
        let length = reader.word()?;
        let data = reader.take(length.into())?;
        if class == CLASS_IN {
            found.push(Record { name, kind, data });
        }
    }
    Some(found)
}

struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.message.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn word(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    /// A name, its labels joined by dots. Each pointer must lead further back than the one
    /// before, so that none can go in circles.
    fn name(&mut self) -> Option<Vec<u8>> {
        let mut name = Vec::new();
        let mut back = None;
        let mut limit = self.at;
        loop {
            let length = usize::from(*self.take(1)?.first()?);
            match length {
                0 => break,
                1..=63 => {
                    if !name.is_empty() {
                        name.push(b'.');
                    }
                    name.extend(self.take(length)?);
                    if name.len() > NAME_MAX {
                        return None;
                    }
                }
                192.. => {
                    let low = usize::from(*self.take(1)?.first()?);
                    back.get_or_insert(self.at);
                    let target = (length & 0x3f) << 8 | low;
                    if target >= limit {
                        return None;
                    }
                    (limit, self.at) = (target, target);
                }
                _ => return None,
            }
        }
        if let Some(back) = back {
            self.at = back;
        }
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An answer with a compressed name.
    fn answer(address: [u8; 4]) -> Vec<u8> {
        let mut message = ask(7, "taller", Family::V4);
        message[2] = 0x84;
        message[7] = 1;
        message.extend([0xc0, 12, 0, 1, 0x80, 1, 0, 0, 0, 10, 0, 4]);
        message.extend(address);
        message
    }

    #[test]
    fn an_answer_gives_its_addresses() {
        let message = answer([10, 0, 0, 1]);
        assert_eq!(answers(&message, 7, "TALLER"), Some(vec![Ipv4Addr::new(10, 0, 0, 1).into()]));
        assert_eq!(answers(&message, 7, "taller-2"), Some(vec![]));
        assert_eq!(answers(&message, 8, "taller"), None);
        assert_eq!(answers(&ask(7, "taller", Family::V6), 7, "taller"), None, "a question is no answer");
    }

    #[test]
    fn a_box_is_known_by_its_id() {
        let mut message = answer([10, 0, 0, 1]);
        message[11] = 1;
        message.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 10, 0, 14]);
        message.extend(b"\x06path=/\x06id=4f0");
        assert_eq!(addresses_of_box(&message, 7, "4f0"), Some(vec![Ipv4Addr::new(10, 0, 0, 1).into()]));
        assert_eq!(addresses_of_box(&message, 7, "4f"), None);
        assert_eq!(addresses_of_box(&message, 8, "4f0"), None);
        assert_eq!(addresses_of_box(&answer([10, 0, 0, 1]), 7, "4f0"), None);
    }

    #[test]
    fn a_name_in_circles_is_no_name() {
        let mut message = answer([10, 0, 0, 1]);
        let at = message.len() - 16;
        message[at + 1] = u8::try_from(at).expect("small");
        assert_eq!(answers(&message, 7, "taller"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..60) {
            let _ = answers(&bytes, 7, "taller");
            let mut message = answer([1, 2, 3, 4]);
            message.truncate(cut);
            message.extend(bytes);
            let _ = answers(&message, 7, "taller");
            let _ = addresses_of_box(&message, 7, "4f0");
        }
    }
}
