//! Who a screen and a page are: ids that anybody may see, and secrets by which nobody else speaks for a screen.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use serde::{Deserialize, Serialize, Serializer};
use subtle::ConstantTimeEq as _;

use crate::digest;

/// Screens that are known at once.
pub(crate) const MAX_SCREENS: usize = 512;

/// The name of the cookie that holds a screen's id and secret.
const COOKIE: &str = "workshop_edge_screen";
/// How long a browser keeps it: a year, in seconds.
const COOKIE_AGE_S: u32 = 365 * 24 * 60 * 60;
/// What a code is made of: no two of them look alike on a TV across a hall.
const CODE_SIGNS: &[u8] = b"ACDEFHJKMNPRTVWXY34679";
/// Signs of a code.
const CODE_LENGTH: usize = 4;

/// Sixteen hexadecimal digits, given by the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ScreenId(u64);

/// Sixteen hexadecimal digits, made by the page when it is loaded. Whoever knows them may open the page's channel.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PageId(u64);

/// Thirty-two hexadecimal digits, known to the screen alone.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(String);

/// What the box keeps of a secret: SHA-256. The secret is random, so that nothing slower is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SecretHash(String);

impl ScreenId {
    pub(super) fn random() -> Self {
        Self(random())
    }

    /// Reads the digits.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        hexadecimal(text).map(Self)
    }
}

impl fmt::Display for ScreenId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

impl Serialize for ScreenId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PageId {
    pub(super) fn parse(text: &str) -> Option<Self> {
        hexadecimal(text).map(Self)
    }
}

/// Not the digits, which are a capability.
impl fmt::Debug for PageId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PageId(…)")
    }
}

impl Secret {
    pub(super) fn random() -> Self {
        Self(format!("{:016x}{:016x}", random(), random()))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        (text.len() == 32 && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn hash(&self) -> SecretHash {
        SecretHash(digest::of(self.0.as_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

impl SecretHash {
    /// Whether it is that of this secret, in constant time.
    pub(super) fn is_of(&self, secret: &Secret) -> bool {
        self.0.as_bytes().ct_eq(secret.hash().0.as_bytes()).into()
    }
}

/// What a screen says of who it is: an id and its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) id: ScreenId,
    pub(super) secret: Secret,
}

impl Credentials {
    pub(super) fn parse(id: Option<&str>, secret: Option<&str>) -> Option<Self> {
        Some(Self { id: ScreenId::parse(id?)?, secret: Secret::parse(secret?)? })
    }

    /// Those of a `Cookie` field (RFC 6265 section 4.2.1).
    pub(super) fn of_cookie(field: &str) -> Option<Self> {
        let value = field.split(';').find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
        let (id, secret) = value.split_once('.')?;
        Self::parse(Some(id), Some(secret))
    }

    /// The `Set-Cookie` field that has a browser keep them.
    pub(super) fn cookie(&self) -> String {
        format!(
            "{COOKIE}={}.{}; Max-Age={COOKIE_AGE_S}; Path=/_edge/; HttpOnly; SameSite=Lax",
            self.id,
            self.secret.as_str()
        )
    }
}

/// A new code.
pub(super) fn random_code() -> String {
    let mut rest = random();
    let count = CODE_SIGNS.len() as u64;
    let mut sign = || {
        let at = usize::try_from(rest % count).unwrap_or_default();
        rest /= count;
        CODE_SIGNS.get(at).copied().map_or('A', char::from)
    };
    (0..CODE_LENGTH).map(|_| sign()).collect()
}

/// Whether a text may be a code.
pub(super) fn is_code(text: &str) -> bool {
    text.len() == CODE_LENGTH && text.bytes().all(|sign| CODE_SIGNS.contains(&sign))
}

/// From the kernel, or else (before it has any) from the hasher's keys.
pub(super) fn random() -> u64 {
    getrandom::u64().unwrap_or_else(|_| RandomState::new().hash_one(0))
}

fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn hexadecimal(text: &str) -> Option<u64> {
    (text.len() == 16 && text.bytes().all(is_digit)).then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_hash_alone() {
        let secret = Secret::random();
        let hash = secret.hash();
        assert!(hash.is_of(&secret) && !hash.is_of(&Secret::random()));
        assert!(!SecretHash::default().is_of(&secret), "nothing kept is nobody's");
        let shown = format!("{secret:?} {hash:?} {}", serde_json::to_string(&hash).expect("text"));
        assert!(!shown.contains(secret.as_str()), "{shown}");
    }

    #[test]
    fn a_cookie_is_read_as_it_was_set_and_nothing_else_is() {
        let credentials = Credentials { id: ScreenId::random(), secret: Secret::random() };
        let set = credentials.cookie();
        assert!(set.ends_with("; Path=/_edge/; HttpOnly; SameSite=Lax"), "{set}");
        let pair = set.split(';').next().expect("a pair");
        assert_eq!(Credentials::of_cookie(pair), Some(credentials.clone()));
        assert_eq!(Credentials::of_cookie(&format!("a=b; {pair}; c=d")), Some(credentials));
        let long = pair.replace('.', "0.");
        for wrong in ["", "workshop_edge_screen", "workshop_edge_screen=1.2", &format!("x{pair}"), &long] {
            assert_eq!(Credentials::of_cookie(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ids_have_one_form_alone() {
        for wrong in
            ["", "+123456789abcdef", "0123456789ABCDEF", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeñ"]
        {
            assert!(ScreenId::parse(wrong).is_none() && PageId::parse(wrong).is_none(), "{wrong}");
        }
        let id = ScreenId::random();
        assert_eq!(ScreenId::parse(&id.to_string()), Some(id));
        assert!(Secret::parse(&"A".repeat(32)).is_none() && Secret::parse(Secret::random().as_str()).is_some());
    }

    #[test]
    fn a_code_has_no_sign_that_is_taken_for_another() {
        for _ in 0..100 {
            let code = random_code();
            assert!(
                is_code(&code) && !code.contains(['0', 'O', 'Q', '1', 'I', 'L', '2', 'Z', '5', 'S', '8', 'B', 'U']),
                "{code}"
            );
        }
        assert!(!is_code("K7M") && !is_code("K7MO") && !is_code("K7MÑ"));
    }
}
