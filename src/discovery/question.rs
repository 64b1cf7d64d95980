//! The smallest part of DNS that a self-check needs (RFC 1035 section 4, RFC 6762 section 6.7).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const TYPE_A: u16 = 1;
const TYPE_AAAA: u16 = 28;
const CLASS_IN: u16 = 1;
/// The upper bit of a class is mDNS's cache-flush bit (RFC 6762 section 10.2).
const CLASS_MASK: u16 = 0x7fff;
/// This is an answer.
const RESPONSE: u16 = 0x8000;
/// Octets of a name (RFC 1035 section 3.1).
const NAME_MAX: usize = 255;
/// Records of one message that are looked at; ours has a handful.
const RECORDS_MAX: usize = 64;

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
    let mut message = Vec::with_capacity(64);
    for word in [id, 0, 1, 0, 0, 0] {
        message.extend(word.to_be_bytes());
    }
    for part in [label, "local"] {
        // Labels have at most 63 octets: the configuration and `LastName` hold them to it.
        message.push(u8::try_from(part.len()).unwrap_or(0));
        message.extend(part.as_bytes());
    }
    message.push(0);
    let kind = if family == Family::V4 { TYPE_A } else { TYPE_AAAA };
    message.extend(kind.to_be_bytes());
    message.extend(CLASS_IN.to_be_bytes());
    message
}

/// The addresses that a message gives to `<label>.local`, if it is an answer to the question
/// with this id and well formed.
pub(super) fn answers(message: &[u8], id: u16, label: &str) -> Option<Vec<IpAddr>> {
    let mut reader = Reader { message, at: 0 };
    if reader.word()? != id || reader.word()? & RESPONSE == 0 {
        return None;
    }
    let questions = reader.word()?;
    let records = [reader.word()?, reader.word()?, reader.word()?].into_iter().map(usize::from).sum::<usize>();
    for _ in 0..usize::from(questions).min(RECORDS_MAX) {
        reader.name()?;
        reader.take(4)?;
    }
    let wanted = format!("{label}.local");
    let mut found = Vec::new();
    for _ in 0..records.min(RECORDS_MAX) {
        let name = reader.name()?;
        let (kind, class) = (reader.word()?, reader.word()? & CLASS_MASK);
        reader.take(4)?;
        let length = reader.word()?;
        let data = reader.take(length.into())?;
        if class == CLASS_IN && name.eq_ignore_ascii_case(wanted.as_bytes()) {
            match kind {
                TYPE_A => found.push(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?).into()),
                TYPE_AAAA => found.push(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?).into()),
                _ => {}
            }
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
    fn a_name_in_circles_is_no_name() {
        let mut message = answer([10, 0, 0, 1]);
        let at = message.len() - 16;
        message[at + 1] = u8::try_from(at).expect("small");
        assert_eq!(answers(&message, 7, "taller"), None);
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(octets in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..60) {
            let _ = answers(&octets, u16::from_be_bytes([0, 7]), "taller");
            let mut message = answer([1, 2, 3, 4]);
            message.truncate(cut);
            message.extend(octets);
            let _ = answers(&message, 7, "taller");
        }
    }
}
