//! The question for a name, and what answers it (RFC 6762 section 6.7).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::mdns::{A, AAAA, Message, Name, Question};

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
    let kind = if family == Family::V4 { A } else { AAAA };
    let question = Question { name: Name::new([label, "local"]), kind, is_unicast: false };
    Message { id, questions: vec![question], ..Message::default() }.encode(false)
}

/// The addresses that a message gives to `<label>.local`, if it is an answer to the question
/// with this id and well formed.
pub(super) fn answers(datagram: &[u8], id: u16, label: &str) -> Option<Vec<IpAddr>> {
    let message = Message::parse(datagram).filter(|message| message.is_response && message.id == id)?;
    let name = Name::new([label, "local"]);
    let records = message.answers.iter().chain(&message.authorities).chain(&message.additionals);
    let address = |data: &[u8], kind| match kind {
        A => <[u8; 4]>::try_from(data).ok().map(|ip| Ipv4Addr::from(ip).into()),
        AAAA => <[u8; 16]>::try_from(data).ok().map(|ip| Ipv6Addr::from(ip).into()),
        _ => None,
    };
    Some(records.filter(|record| record.name == name).filter_map(|record| address(&record.data, record.kind)).collect())
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
