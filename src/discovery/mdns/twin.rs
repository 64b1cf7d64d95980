//! Another box with the same id: both were started from copies of one disk.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::message::{A, AAAA, Message, TXT};

/// A box with the same id, as a message tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Twin {
    pub(super) address: IpAddr,
    /// Whether it says goodbye.
    pub(super) is_leaving: bool,
}

/// The box that a message tells of, if it has the same `id=` in its TXT record as ours; `own` are the addresses of this
/// machine, since a repeater may bring back what we have said.
pub(super) fn find(message: &Message, txt: &[String], own: &[IpAddr]) -> Option<Twin> {
    let id = txt.iter().find(|text| text.starts_with("id="))?;
    let records = || message.answers.iter().chain(&message.authorities).chain(&message.additionals);
    let has_id = |data: &[u8]| strings(data).any(|text| text == id.as_bytes());
    let text = records().find(|record| record.kind == TXT && has_id(&record.data))?;
    let addresses: Vec<IpAddr> = records()
        .filter_map(|record| match record.kind {
            A => Some(Ipv4Addr::from(<[u8; 4]>::try_from(record.data.as_slice()).ok()?).into()),
            AAAA => Some(Ipv6Addr::from(<[u8; 16]>::try_from(record.data.as_slice()).ok()?).into()),
            _ => None,
        })
        .collect();
    if addresses.iter().any(|ip| own.contains(ip)) {
        return None;
    }
    addresses.first().map(|address| Twin { address: *address, is_leaving: text.ttl == 0 })
}

fn strings(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = data.split_first()?;
        let (text, behind) = rest.split_at_checked(usize::from(*length))?;
        data = behind;
        Some(text)
    })
}
