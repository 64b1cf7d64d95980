//! What a PIN looks like: eight digits that nobody guesses first.

use std::fmt;

/// Digits of a PIN.
const LENGTH: usize = 8;

/// Why a text is no PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InvalidPin {
    /// Not eight digits.
    Shape,
    /// Eight digits that are tried first: a run, or a pattern that repeats.
    Trivial,
}

impl fmt::Display for InvalidPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "not eight digits",
            Self::Trivial => "easily guessed",
        })
    }
}

/// A PIN that a person may choose.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ValidPin<'a>(&'a str);

impl<'a> ValidPin<'a> {
    /// What a person has typed, if it may be a PIN.
    pub(super) fn of(typed: &'a str) -> Result<Self, InvalidPin> {
        check(typed).map(|()| Self(typed))
    }

    pub(super) fn as_str(&self) -> &str {
        self.0
    }
}

/// Whether a person may choose it.
pub(super) fn check(pin: &str) -> Result<(), InvalidPin> {
    let digits = pin.as_bytes();
    if digits.len() != LENGTH || !digits.iter().all(u8::is_ascii_digit) {
        return Err(InvalidPin::Shape);
    }
    // 11111111, 12345678, 87654321, 90123456, 13579135
    let step = |pair: &[u8]| match pair {
        [a, b] => (b + 10 - a) % 10,
        _ => 0,
    };
    let mut steps = digits.windows(2).map(step);
    let first = steps.next();
    let is_run = steps.all(|step| Some(step) == first);
    // 12121212, 12341234
    let repeats = digits.iter().zip(digits.iter().skip(LENGTH / 2)).all(|(a, b)| a == b);
    if is_run || repeats { Err(InvalidPin::Trivial) } else { Ok(()) }
}

/// Eight digits from the kernel's randomness, each PIN that a person might choose as likely as any other.
pub(super) fn random() -> Result<String, getrandom::Error> {
    /// How many PINs there are.
    const ALL: u32 = 100_000_000;
    loop {
        let number = getrandom::u32()?;
        // The last part of the range is not a whole one, and would make the PINs in it likelier.
        if number >= u32::MAX - u32::MAX % ALL {
            continue;
        }
        let pin = format!("{:08}", number % ALL);
        if check(&pin).is_ok() {
            return Ok(pin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused() {
        for pin in ["00000000", "77777777", "12345678", "87654321", "90123456", "13579135", "12121212", "12341234"] {
            assert_eq!(check(pin), Err(InvalidPin::Trivial), "{pin}");
        }
        for pin in ["", "1234567", "123456789", "1234567a", "１２３４５６７８", "1357 246", "-1357246"] {
            assert_eq!(check(pin), Err(InvalidPin::Shape), "{pin}");
        }
        for pin in ["13572468", "00000001", "12345679", "19840704"] {
            assert_eq!(check(pin), Ok(()), "{pin}");
        }
    }

    #[test]
    fn random_pins_are_fit_and_use_every_digit_everywhere() {
        let mut seen = [[0_u32; 10]; LENGTH];
        for _ in 0..20_000 {
            let pin = random().expect("random");
            assert_eq!(check(&pin), Ok(()));
            for (place, digit) in pin.bytes().enumerate() {
                seen[place][usize::from(digit - b'0')] += 1;
            }
        }
        // 2000 each on average with a standard deviation of 42: ten of them are never reached by chance.
        for count in seen.iter().flatten() {
            assert!((1580..2420).contains(count), "{seen:?}");
        }
    }
}
