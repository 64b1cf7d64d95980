//! Which boxes take a release when: each has a place among a thousand that is its own for every version, so that no
//! box is always among the first.

use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use semver::Version;

use crate::update::manifest::Wave;

/// Boxes are counted by the thousand.
const ALL: u64 = 1000;

/// A box's place for a version, 0 to 999: the first eight bytes of SHA-256(box id ‖ 0x00 ‖ version) as a big-endian
/// number, modulo 1000.
#[must_use]
pub fn place(box_id: &str, version: &Version) -> u16 {
    let mut context = Context::new(&SHA256);
    context.update(box_id.as_bytes());
    context.update(&[0]);
    context.update(version.to_string().as_bytes());
    let digest = context.finish();
    let number = digest.as_ref().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    u16::try_from(number % ALL).unwrap_or(0)
}

/// From when on a place may take a release: since the earliest wave that covers it, so that a box stays in once it was.
/// `None` where no wave covers it yet.
#[must_use]
pub(super) fn since(waves: &[Wave], place: u16) -> Option<Timestamp> {
    if waves.is_empty() {
        return Some(Timestamp::MIN);
    }
    waves.iter().filter(|wave| place < wave.permille).map(|wave| wave.at).min()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version() -> Version {
        Version::new(1, 2, 3)
    }

    #[test]
    fn the_place_is_what_the_publisher_computes_too() {
        // printf 'caja-1\0001.2.3' | sha256sum | cut -c1-16
        assert_eq!(place("caja-1", &version()), 860);
    }

    #[test]
    fn a_share_of_the_boxes_is_that_share() {
        let paths: Vec<u16> = (0..100_000).map(|number| place(&format!("box-{number}"), &version())).collect();
        for permille in [1, 10, 100, 500, 900] {
            let taken = paths.iter().filter(|&&place| place < permille).count();
            let (wanted, taken) = (f64::from(permille) * 100.0, f64::from(u32::try_from(taken).expect("few")));
            // Five standard deviations of a binomial distribution.
            let deviation = (wanted * (1.0 - f64::from(permille) / 1000.0)).sqrt();
            assert!((taken - wanted).abs() < 5.0 * deviation, "{permille} ‰ are {taken} of 100000");
        }
    }

    #[test]
    fn other_boxes_are_the_first_of_another_version() {
        let first = |version: &Version| {
            (0..10_000).filter(|number| place(&format!("box-{number}"), version) < 100).collect::<Vec<_>>()
        };
        let (one, two) = (first(&Version::new(1, 0, 0)), first(&Version::new(2, 0, 0)));
        let both = one.iter().filter(|number| two.contains(number)).count();
        assert!(both * 5 < one.len(), "{both} of {} again", one.len());
    }

    proptest! {
        #[test]
        fn who_is_in_a_wave_is_in_every_later_one(
            waves in proptest::collection::vec((0_i64..1000, 0_u16..=1000), 1..6),
            place in 0_u16..1000,
            now in 0_i64..1000,
            later in 0_i64..1000,
            smaller in 0_u16..1000,
        ) {
            let waves: Vec<Wave> = waves
                .into_iter()
                .map(|(at, permille)| Wave { at: Timestamp::from_second(at).expect("a time"), permille })
                .collect();
            let is_in = |now: i64| since(&waves, place).is_some_and(|at| at.as_second() <= now);
            prop_assert!(!is_in(now) || is_in(now.max(later)));
            // And a smaller place is in whenever a larger one is.
            let since = since(&waves, place.min(smaller));
            prop_assert!(!is_in(now) || since.is_some_and(|at| at.as_second() <= now));
        }
    }
}
