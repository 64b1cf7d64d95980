//! Byte ranges (RFC 9110 section 14).

/// One satisfiable range: `first` to `last`, both included, both below the length.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub struct ByteRange {
    /// The first byte's position.
    pub first: usize,
    /// The last byte's position.
    pub last: usize,
}

impl ByteRange {
    /// How many bytes the range holds; never 0.
    #[must_use]
    pub fn length(self) -> usize {
        self.last - self.first + 1
    }
}

/// What a Range field asks of a representation.
#[derive(Debug, PartialEq, Eq)]
pub enum Requested {
    /// No range that we honour: answer with the whole.
    Whole,
    /// `206 Partial Content`, in the order asked for; never empty.
    Parts(Vec<ByteRange>),
    /// `416 Range Not Satisfiable`.
    Unsatisfiable,
}

/// More ranges than any player sends; beyond it the field is ignored, as RFC 9110
/// section 14.2 allows against denial of service.
const MAX_RANGES: usize = 16;

/// Reads a Range field's value for a representation of `length` bytes. A value that is
/// malformed, of another unit, or asks for more bytes than there are (overlaps) is
/// ignored.
#[must_use]
pub fn parse(value: &str, length: usize) -> Requested {
    let Some((unit, set)) = value.split_once('=') else { return Requested::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.split(',').count() > MAX_RANGES {
        return Requested::Whole;
    }
    let mut parts = Vec::new();
    for spec in set.split(',').map(str::trim).filter(|spec| !spec.is_empty()) {
        match parse_one(spec, length) {
            Ok(Some(range)) => parts.push(range),
            Ok(None) => {}
            Err(Malformed) => return Requested::Whole,
        }
    }
    if set.split(',').all(|spec| spec.trim().is_empty()) {
        return Requested::Whole;
    }
    if parts.is_empty() {
        return Requested::Unsatisfiable;
    }
    if parts.len() > 1 && parts.iter().map(|range| range.length()).sum::<usize>() > length {
        return Requested::Whole;
    }
    Requested::Parts(parts)
}

struct Malformed;

/// `Ok(None)`: well-formed, but beyond the end.
fn parse_one(spec: &str, length: usize) -> Result<Option<ByteRange>, Malformed> {
    let (first, last) = spec.split_once('-').ok_or(Malformed)?;
    if first.is_empty() {
        let suffix = position(last)?;
        let first = length.saturating_sub(suffix);
        return Ok((suffix > 0 && length > 0).then(|| ByteRange { first, last: length - 1 }));
    }
    let first = position(first)?;
    let last = if last.is_empty() { usize::MAX } else { position(last)? };
    if last < first {
        return Err(Malformed);
    }
    Ok((first < length).then(|| ByteRange { first, last: last.min(length - 1) }))
}

/// A position; one too large for the machine is simply beyond the end.
fn position(digits: &str) -> Result<usize, Malformed> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Malformed);
    }
    Ok(digits.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(ranges: &[(usize, usize)]) -> Requested {
        Requested::Parts(ranges.iter().map(|&(first, last)| ByteRange { first, last }).collect())
    }

    #[test]
    fn ranges_of_ten_bytes() {
        for (value, expected) in [
            ("bytes=0-0", parts(&[(0, 0)])),
            ("bytes=2-5", parts(&[(2, 5)])),
            ("bytes=2-", parts(&[(2, 9)])),
            ("bytes=2-99", parts(&[(2, 9)])),
            ("bytes=2-99999999999999999999999", parts(&[(2, 9)])),
            ("bytes=-3", parts(&[(7, 9)])),
            ("bytes=-99", parts(&[(0, 9)])),
            ("Bytes=0-1, 4-5", parts(&[(0, 1), (4, 5)])),
            ("bytes=0-1,,4-5,", parts(&[(0, 1), (4, 5)])),
            ("bytes=0-1, 99-100", parts(&[(0, 1)])),
            ("bytes=10-", Requested::Unsatisfiable),
            ("bytes=-0", Requested::Unsatisfiable),
            ("bytes=10-11, 99-", Requested::Unsatisfiable),
            ("bytes=5-2", Requested::Whole),
            ("bytes=a-b", Requested::Whole),
            ("bytes=-", Requested::Whole),
            ("bytes=+1-2", Requested::Whole),
            ("bytes=", Requested::Whole),
            ("bytes", Requested::Whole),
            ("lines=0-1", Requested::Whole),
            ("bytes=0-9, 0-9", Requested::Whole),
        ] {
            assert_eq!(parse(value, 10), expected, "{value}");
        }
        let many = format!("bytes={}", ["0-0"; MAX_RANGES + 1].join(","));
        assert_eq!(parse(&many, 1000), Requested::Whole);
    }

    #[test]
    fn nothing_of_an_empty_file_can_be_had() {
        assert_eq!(parse("bytes=0-0", 0), Requested::Unsatisfiable);
        assert_eq!(parse("bytes=-1", 0), Requested::Unsatisfiable);
    }

    proptest! {
        #[test]
        fn every_part_lies_inside(value in "bytes=([0-9]{0,3}-[0-9]{0,3},?){0,6}", length in 0_usize..500) {
            if let Requested::Parts(parts) = parse(&value, length) {
                prop_assert!(!parts.is_empty());
                for part in parts {
                    prop_assert!(part.first <= part.last && part.last < length);
                }
            }
        }

        #[test]
        fn a_single_range_is_what_slicing_says(first in 0_usize..300, span in 0_usize..300, length in 1_usize..300) {
            let expected = if first < length { parts(&[(first, (first + span).min(length - 1))]) } else { Requested::Unsatisfiable };
            prop_assert_eq!(parse(&format!("bytes={first}-{}", first + span), length), expected);
        }

        #[test]
        fn nothing_panics(value in "[ -~]{0,60}", length: usize) {
            let _ = parse(&value, length);
        }
    }
}
