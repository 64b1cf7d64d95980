//! The names that follow from the box's id.

/// The instance name: lower case, because mdns-sd loses the second announcement of others, and
/// hardly ever another's.
pub(super) fn instance(wanted: &str, id: &str) -> String {
    // A label has at most 63 bytes (RFC 6763 section 4.1.1).
    format!("{} {}", wanted.get(..58).unwrap_or(wanted), id.get(..4).unwrap_or_default())
}

/// A UUID of version 8 (RFC 9562 section 5.8) for SSDP.
pub(super) fn uuid(id: &str) -> String {
    let part = |range| id.get(range).unwrap_or_default();
    format!("{}-{}-8edb-8edb-00000000{}", part(0..8), part(8..12), part(12..16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_gives_the_names() {
        let id = "0123456789abcdef";
        assert_eq!(instance("taller", id), "taller 0123");
        assert_eq!(instance(&"a".repeat(63), id).len(), 63);
        assert_eq!(uuid(id), "01234567-89ab-8edb-8edb-00000000cdef");
    }
}
