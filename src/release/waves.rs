//! The waves of a release as they are typed: `--wave 2026-11-24T20:00Z=10 --wave +24h=1000`.

use jiff::Timestamp;

use super::error::{ReleaseError, refuse};
use super::moment;
use crate::update::manifest::Wave;

/// The waves, those with a `+` after the one before, the first of them after `now`.
pub(super) fn parse<'a>(texts: impl IntoIterator<Item = &'a str>, now: Timestamp) -> Result<Vec<Wave>, ReleaseError> {
    let mut waves: Vec<Wave> = Vec::new();
    for text in texts {
        let before = waves.last().map_or(moment::whole_second(now), |wave| wave.at);
        let wave = text.split_once('=').and_then(|(at, permille)| {
            let at = match at.strip_prefix('+') {
                Some(later) => before.checked_add(moment::duration(later)?).ok()?,
                None => moment::timestamp(at)?,
            };
            let permille = permille.parse().ok().filter(|permille| *permille <= 1000)?;
            Some(Wave { at, permille })
        });
        let Some(wave) = wave else {
            return Err(refuse(
                format!("--wave {text}: se espera HORA=POR_MIL, como 2026-11-24T20:00Z=10 o +24h=1000"),
                format!("--wave {text}: want TIME=PERMILLE, such as 2026-11-24T20:00Z=10 or +24h=1000"),
            ));
        };
        if waves.last().is_some_and(|last| wave.at <= last.at || wave.permille <= last.permille) {
            return Err(refuse(
                format!("--wave {text}: cada oleada empieza después de la anterior y llega a más equipos"),
                format!("--wave {text}: each wave begins after the one before and reaches more boxes"),
            ));
        }
        waves.push(wave);
    }
    Ok(waves)
}

/// Whether two rows of waves have the same shares and distances, so that the same `+` words typed later change nothing.
pub(super) fn have_same_shape(one: &[Wave], other: &[Wave]) -> bool {
    let shape = |waves: &[Wave]| -> Vec<(i64, u16)> {
        let first = waves.first().map_or(0, |wave| wave.at.as_second());
        waves.iter().map(|wave| (wave.at.as_second() - first, wave.permille)).collect()
    };
    shape(one) == shape(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().expect("a time")
    }

    #[test]
    fn waves_follow_each_other() {
        let waves = parse(["2026-11-24T20:00Z=10", "+24h=1000"], now()).expect("valid");
        let told: Vec<_> = waves.iter().map(|wave| (wave.at.to_string(), wave.permille)).collect();
        assert_eq!(told, [("2026-11-24T20:00:00Z".into(), 10), ("2026-11-25T20:00:00Z".into(), 1000)]);
        let later = parse(["+1h=10", "+24h=1000"], now()).expect("valid");
        assert!(have_same_shape(&waves, &later));
        assert!(!have_same_shape(&waves, &later[..1]));
    }

    #[test]
    fn waves_that_do_not_increase_are_refused() {
        for wrong in [
            &["+1h=10", "+1h=10"][..],
            &["+1h=10", "+0h=20"],
            &["2026-11-24T20:00Z=10", "2026-11-24T19:00Z=20"],
            &["+1h=1001"],
            &["soon=10"],
            &["+1h"],
        ] {
            assert!(parse(wrong.iter().copied(), now()).is_err(), "{wrong:?}");
        }
    }
}
