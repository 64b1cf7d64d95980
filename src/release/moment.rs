//! Times and durations as a person types them.

use jiff::{SignedDuration, Timestamp};

/// `90s`, `15m`, `24h`, `7d`.
pub(super) fn duration(text: &str) -> Option<SignedDuration> {
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(SignedDuration::from_secs)
}

/// `2026-11-24T20:00Z`, with seconds or another offset too.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Without fractions of a second, which TUF (section 4.2.1) has no room for.
pub(super) fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_times_are_read_as_people_write_them() {
        assert_eq!(duration("90s"), Some(SignedDuration::from_secs(90)));
        assert_eq!(duration("24h"), Some(SignedDuration::from_secs(86_400)));
        assert_eq!(duration("7d"), Some(SignedDuration::from_secs(7 * 86_400)));
        assert_eq!(duration("-1m"), Some(SignedDuration::from_secs(-60)));
        for wrong in ["", "7", "d", "7w", "7é", "99999999999999999d", "1.5h"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
        assert_eq!(timestamp("2026-11-24T20:00Z"), timestamp("2026-11-24T21:00:00+01:00"));
        assert!(timestamp("2026-11-24T20:00Z").is_some());
        assert_eq!(timestamp("tomorrow"), None);
    }
}
