//! What a name becomes that belongs to another.

/// `taller`, `taller-2`, `taller-3` …, for a box that wants to be `taller`.
pub(super) fn label(wanted: &str, current: &str) -> String {
    let number = current.strip_prefix(wanted).and_then(|rest| rest.strip_prefix('-')?.parse::<u16>().ok());
    let suffix = format!("-{}", number.unwrap_or(1).saturating_add(1));
    format!("{}{suffix}", cut(wanted, suffix.len()))
}

/// `taller a1b2`, `taller a1b2 (2)` … (RFC 6763 appendix D).
pub(super) fn instance(current: &str) -> String {
    let numbered = current.strip_suffix(')').and_then(|text| text.rsplit_once(" ("));
    let numbered = numbered.and_then(|(base, number)| Some((base, number.parse::<u16>().ok()?)));
    let (base, number) = numbered.unwrap_or((current, 1));
    let suffix = format!(" ({})", number.saturating_add(1));
    format!("{}{suffix}", cut(base, suffix.len()))
}

/// Leaves room in a label of 63 bytes.
fn cut(text: &str, room: usize) -> &str {
    text.get(..63 - room).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_up() {
        assert_eq!(label("taller", "taller"), "taller-2");
        assert_eq!(label("taller", "taller-9"), "taller-10");
        assert_eq!(label("nave-2", "nave-2"), "nave-2-2");
        assert_eq!(label(&"a".repeat(63), &"a".repeat(63)).len(), 63);
        assert_eq!(instance("taller a1b2"), "taller a1b2 (2)");
        assert_eq!(instance("taller a1b2 (2)"), "taller a1b2 (3)");
        assert_eq!(instance(&"a".repeat(63)).len(), 63);
    }
}
