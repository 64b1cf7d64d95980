//! From when until when a certificate is valid (RFC 5280 section 4.1.2.5), and when its end is near.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use der::asn1::{AnyRef, GeneralizedTime, UtcTime};
use der::{Decode as _, Error, ErrorKind, Reader as _, SliceReader, Tag};

/// Of its life, this part is left when its end is near: half of what issuers leave who renew at two thirds.
const LAST_PART: u32 = 6;
/// Of a life of years, this is.
const LAST_DAYS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// From when until when a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    not_before: SystemTime,
    pub(crate) not_after: SystemTime,
}

/// A certificate that should have been renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It ends soon.
    Soon,
    /// It has ended: browsers refuse it.
    Over,
}

impl Validity {
    /// Of a certificate in DER form.
    pub(super) fn of(certificate: &[u8]) -> der::Result<Self> {
        let mut whole = SliceReader::new(certificate)?;
        let mut signed = SliceReader::new(AnyRef::decode(&mut whole)?.value())?;
        let mut fields = SliceReader::new(AnyRef::decode(&mut signed)?.value())?;
        // The version may be left out; then serial number, algorithm and issuer.
        let is_versioned = matches!(fields.peek_tag()?, Tag::ContextSpecific { .. });
        for _ in 0..3 + usize::from(is_versioned) {
            fields.tlv_bytes()?;
        }
        let mut times = SliceReader::new(AnyRef::decode(&mut fields)?.value())?;
        Ok(Self { not_before: time(&mut times)?, not_after: time(&mut times)? })
    }

    /// Whether it should have been renewed by now.
    #[must_use]
    pub(crate) fn ending(&self, now: SystemTime) -> Option<Ending> {
        let life = self.not_after.duration_since(self.not_before).unwrap_or_default();
        let Ok(left) = self.not_after.duration_since(now) else { return Some(Ending::Over) };
        (left < (life / LAST_PART).min(LAST_DAYS)).then_some(Ending::Soon)
    }
}

fn time(times: &mut SliceReader<'_>) -> der::Result<SystemTime> {
    let field = AnyRef::decode(times)?;
    let since = match der::Tagged::tag(&field) {
        Tag::UtcTime => field.decode_as::<UtcTime>()?.to_unix_duration(),
        _ => field.decode_as::<GeneralizedTime>()?.to_unix_duration(),
    };
    UNIX_EPOCH.checked_add(since).ok_or_else(|| Error::from(ErrorKind::DateTime))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn at(days: u32) -> SystemTime {
        UNIX_EPOCH + days * DAY
    }

    #[test]
    fn it_is_read_as_it_was_issued_in_this_half_of_the_century_and_after_it() {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(["taller.local".to_owned()]).expect("a name");
        for (year, days) in [(2040, 25_567), (2049, 28_855), (2050, 29_220), (2999, 375_835)] {
            (params.not_before, params.not_after) = (date_time_ymd(1970, 1, 2), date_time_ymd(year, 1, 1));
            let certificate = params.self_signed(&key).expect("issued");
            let expected = Validity { not_before: at(1), not_after: at(days) };
            assert_eq!(Validity::of(certificate.der()), Ok(expected), "{year}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_an_error() {
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new([]).expect("params").self_signed(&key).expect("issued");
        let whole = certificate.der();
        // Its times lie within the first bytes of it.
        for length in 0..90 {
            Validity::of(&whole[..length]).expect_err("cut short");
        }
        Validity::of(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).expect_err("longer than there is");
        Validity::of(&[0xff; 64]).expect_err("no DER");
    }

    #[test]
    fn the_end_is_near_in_the_last_sixth_of_a_life_and_the_last_30_days_of_a_long_one() {
        let ending = |life: u32, left: u32| {
            Validity { not_before: at(1000), not_after: at(1000 + life) }.ending(at(1000 + life - left))
        };
        assert_eq!([ending(90, 16), ending(90, 15), ending(90, 14)], [None, None, Some(Ending::Soon)]);
        assert_eq!([ending(730, 30), ending(730, 29)], [None, Some(Ending::Soon)]);
        assert_eq!([ending(6, 1), ending(6, 0)], [None, Some(Ending::Soon)]);
        assert_eq!(Validity { not_before: at(1), not_after: at(2) }.ending(at(3)), Some(Ending::Over));
        assert_eq!(Validity { not_before: at(3), not_after: at(2) }.ending(at(1)), None, "it never was valid");
    }
}
