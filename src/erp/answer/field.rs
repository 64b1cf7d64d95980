//! Values as the ERP writes them, and nothing that they are not: a number cannot be a name.

use std::fmt::{self, Formatter};

use jiff::Timestamp;
use serde::de::value::StringDeserializer;
use serde::de::{self, Deserializer, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::digest::Sha256;

/// Characters of a text that is shown.
const MAX_TEXT: usize = 120;
/// Characters of an id.
const MAX_ID: usize = 64;
/// Characters of the name of a kind: `LASER_CUTTER`.
const MAX_WORD: usize = 40;
/// What JavaScript counts exactly.
const MAX_COUNT: u64 = (1 << 53) - 1;
/// Beyond any percentage, and any hours of a machine.
const MAX_DECIMAL: u32 = 1_000_000_000;
/// Digits after the point.
const PRECISION: f64 = 10_000.0;
const SECONDS_OF_A_DAY: i64 = 24 * 60 * 60;

/// How many there are. Written as a number, and read as one or as its digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Count(u64);

impl Count {
    pub(crate) const fn get(self) -> u64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counts;

        impl Visitor<'_> for Counts {
            type Value = Count;

            fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
                f.write_str("a count")
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Count, E> {
                if count <= MAX_COUNT { Ok(Count(count)) } else { Err(E::custom("too many")) }
            }

            fn visit_str<E: de::Error>(self, digits: &str) -> Result<Count, E> {
                if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(E::custom("not digits"));
                }
                digits.parse().map_err(|_| E::custom("too many")).and_then(|count| self.visit_u64(count))
            }
        }

        deserializer.deserialize_any(Counts)
    }
}

/// A number that the ERP writes now as a text with a fixed number of digits ("61.2"), now as a number (0): kept as given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Decimal {
    Text(Box<str>),
    Whole(i64),
    Fraction(f64),
}

impl Decimal {
    /// A text of digits, with at most one point, which is not the first or the last character.
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let are_digits =
            |part: &str, max| (1..=max).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        (are_digits(whole, 9) && are_digits(fraction, 4)).then(|| Self::Text(text.into()))
    }

    /// Whether it is zero, in whatever notation.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Text(text) => text.bytes().all(|byte| !byte.is_ascii_digit() || byte == b'0'),
            Self::Whole(whole) => *whole == 0,
            Self::Fraction(fraction) => *fraction == 0.0,
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Whole(whole) => whole.fmt(f),
            Self::Fraction(fraction) => fraction.fmt(f),
        }
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Whole(whole) => serializer.serialize_i64(*whole),
            Self::Fraction(fraction) => serializer.serialize_f64(*fraction),
        }
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Decimals;

        impl Visitor<'_> for Decimals {
            type Value = Decimal;

            fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal number")
            }

            fn visit_u64<E: de::Error>(self, whole: u64) -> Result<Decimal, E> {
                i64::try_from(whole).map_err(|_| E::custom("too large")).and_then(|whole| self.visit_i64(whole))
            }

            fn visit_i64<E: de::Error>(self, whole: i64) -> Result<Decimal, E> {
                let is_one = whole.unsigned_abs() < u64::from(MAX_DECIMAL);
                if is_one { Ok(Decimal::Whole(whole)) } else { Err(E::custom("too large")) }
            }

            fn visit_f64<E: de::Error>(self, fraction: f64) -> Result<Decimal, E> {
                if fraction.abs() >= f64::from(MAX_DECIMAL) {
                    return Err(E::custom("too large"));
                }
                // As many digits as every reader gives back exactly; adding zero takes the sign from zero.
                Ok(Decimal::Fraction((fraction * PRECISION).round() / PRECISION + 0.0))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
                Decimal::parse(text).ok_or_else(|| E::custom("not a number"))
            }
        }

        deserializer.deserialize_any(Decimals)
    }
}

/// A moment as the ERP writes it, in UTC to the millisecond: `2026-11-28T08:03:27.136Z`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment(Box<str>);

impl Moment {
    fn at(moment: Timestamp) -> Option<Self> {
        let moment = Timestamp::from_millisecond(moment.as_millisecond()).ok()?;
        Some(Self(format!("{moment:.3}").into()))
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().and_then(Self::at)
    }

    /// The beginning of its day, in UTC.
    pub(crate) fn day(&self) -> Self {
        let day = self.0.parse::<Timestamp>().ok().and_then(|moment| {
            let into_it = moment.as_second().rem_euclid(SECONDS_OF_A_DAY);
            Self::at(Timestamp::from_second(moment.as_second().checked_sub(into_it)?).ok()?)
        });
        day.unwrap_or_else(|| self.clone())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        moment(deserializer)?.ok_or_else(|| de::Error::custom("not a moment"))
    }
}

/// A moment; whatever else is there counts as none.
pub(super) fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Moment>, D::Error> {
    text_or_nothing(deserializer).map(|text| Moment::parse(&text))
}

/// A text of the wall's own: the name of a machine, of a material.
pub(super) fn shown<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer).map(|text| clean(&text))
}

/// The id of a thing. What cannot be one is replaced by its digest, which stays the same as long as it does.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer).map(|text| if is_id(&text) { text } else { derived(&text) })
}

/// The same, and nothing for what cannot be one.
pub(super) fn id_or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text_or_nothing(deserializer).map(|text| Some(text).filter(|text| is_id(text)))
}

/// The name of a kind.
pub(super) fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer).map(|text| if is_word(&text) { text } else { "UNKNOWN".to_owned() })
}

/// One of the names of an enumeration. As a text: the reader of JSON takes anything else for broken JSON.
pub(super) fn named<'de, D: Deserializer<'de>, T: Deserialize<'static>>(deserializer: D) -> Result<T, D::Error> {
    let text: StringDeserializer<de::value::Error> = text(deserializer)?.into_deserializer();
    T::deserialize(text).map_err(de::Error::custom)
}

/// Letters, digits, `-` and `_`; one is a digit, as in every generated id and in no name.
fn is_id(text: &str) -> bool {
    text.len() <= MAX_ID
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        && text.bytes().any(|byte| byte.is_ascii_digit())
}

fn derived(text: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(text.as_bytes());
    let digest = digest.finish();
    // With a digit, so that it is an id.
    format!("x0{}", digest.get(..24).unwrap_or_default())
}

/// A name of an enumeration of the ERP.
pub(super) fn is_word(text: &str) -> bool {
    (1..=MAX_WORD).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// On one line, of bounded length, and without what changes the direction of the text around it.
pub(in crate::erp) fn clean(text: &str) -> String {
    let visible = |character: char| match character {
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => None,
        character if character.is_control() => Some(' '),
        character => Some(character),
    };
    let text: String = text.chars().filter_map(visible).collect();
    let text: String = text.trim().chars().take(MAX_TEXT).collect();
    text.trim_end().to_owned()
}

/// Any text. `null` is the empty one, and a number its digits.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_any(Texts { or_nothing: false })
}

/// A text; whatever else is there counts as the empty one. A field that the ERP does not have today may be of any type
/// tomorrow.
pub(super) fn text_or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_any(Texts { or_nothing: true })
}

/// Reads a text.
struct Texts {
    or_nothing: bool,
}

impl Texts {
    fn other<E: de::Error>(self, found: &'static str) -> Result<String, E> {
        if self.or_nothing { Ok(String::new()) } else { Err(E::invalid_type(Unexpected::Other(found), &self)) }
    }
}

impl<'de> Visitor<'de> for Texts {
    type Value = String;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_unit<E: de::Error>(self) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<String, E> {
        self.other("a boolean")
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<String, E> {
        self.other("a negative number")
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<String, E> {
        self.other("a fraction")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<String, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        self.other("a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<String, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.other("an object")
    }
}
