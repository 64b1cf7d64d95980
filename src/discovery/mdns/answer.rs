//! Which of the box's records answer a query.

use std::collections::BTreeSet;

use super::message::{A, AAAA, ANY, Message, NSEC, Name, PTR, Question, Record, SRV};

/// Indices of records.
pub(super) type Indices = BTreeSet<usize>;

/// The records that answer a question, or the one that says that there are none of this type (RFC 6762 section 6.1).
pub(super) fn find(records: &[Record], question: &Question) -> Indices {
    let of_name = || records.iter().enumerate().filter(|(_, record)| record.name == question.name);
    let found: Indices = of_name()
        .filter(|(_, record)| record.kind == question.kind || (question.kind == ANY && record.kind != NSEC))
        .map(|(index, _)| index)
        .collect();
    if found.is_empty() {
        of_name().filter(|(_, record)| record.kind == NSEC).map(|(index, _)| index).collect()
    } else {
        found
    }
}

/// Whether the asker has a record already (section 7.1).
pub(super) fn is_known(query: &Message, record: &Record) -> bool {
    query.answers.iter().any(|known| known.is_same(record) && known.ttl >= record.ttl / 2)
}

/// The response with these records, each once, and with what their reader will ask for next (RFC 6763 section 12).
pub(super) fn respond(records: &[Record], found: &Indices) -> Message {
    let mut wanted: Vec<&Name> = Vec::new();
    let mut pointed: Vec<Name> = Vec::new();
    for record in pick(records, found) {
        match record.kind {
            PTR => pointed.push(Name::from_wire(&record.data)),
            A | AAAA | SRV => wanted.push(&record.name),
            _ => {}
        }
    }
    wanted.extend(&pointed);
    let is_service = |name: &Name| records.iter().any(|record| record.kind == SRV && record.name == *name);
    let names_a_host = wanted.iter().any(|name| is_service(name));
    let is_wanted = |record: &Record| match record.kind {
        A | AAAA => names_a_host || wanted.contains(&&record.name),
        PTR => false,
        // Of addresses, that there are none of the other family.
        NSEC => wanted.contains(&&record.name) && !is_service(&record.name) && !has_both(records),
        _ => wanted.contains(&&record.name),
    };
    let additional = |(index, record): &(usize, &Record)| !found.contains(index) && is_wanted(record);
    Message {
        is_response: true,
        answers: pick(records, found).cloned().collect(),
        additionals: records.iter().enumerate().filter(additional).map(|(_, record)| record.clone()).collect(),
        ..Message::default()
    }
}

fn pick<'a>(records: &'a [Record], found: &'a Indices) -> impl Iterator<Item = &'a Record> {
    found.iter().filter_map(|index| records.get(*index))
}

fn has_both(records: &[Record]) -> bool {
    [A, AAAA].iter().all(|kind| records.iter().any(|record| record.kind == *kind))
}

/// Whether the records that another box wants win over ours of the same name (section 8.2).
pub(super) fn loses(ours: &[Record], theirs: &[Record], name: &Name) -> bool {
    let sorted = |records: &[Record]| {
        let mut sorted: Vec<(u16, Vec<u8>)> = records
            .iter()
            .filter(|record| record.name == *name && record.is_claimed())
            .map(|record| (record.kind, record.data.clone()))
            .collect();
        sorted.sort();
        sorted
    };
    sorted(ours) < sorted(theirs)
}
