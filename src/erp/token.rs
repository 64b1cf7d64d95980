//! What the ERP knows the box by (RFC 7519), as far as the box looks into it.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderValue;
use serde_json::Value;

/// Bytes of a token at most.
const MAX_TOKEN: usize = 8 * 1024;
/// Lifetimes that are believed.
const MIN_LIFETIME: Duration = Duration::from_secs(60);
const MAX_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// That of a token which names none: what the ERP's have.
const USUAL_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// A bearer token. It is kept in memory alone, and has no text form.
pub(crate) struct Token {
    /// `Bearer …`, marked as sensitive.
    authorization: HeaderValue,
    lifetime: Duration,
}

/// Whom a token is for. Nobody vouches for it: the box only tells accounts apart by it.
#[derive(Default)]
pub(super) struct Claims {
    pub(super) user_id: Option<String>,
    pub(super) workshop_id: Option<String>,
}

impl Token {
    /// Reads a token; `None` for what cannot be one. Its signature is the ERP's business.
    pub(super) fn read(text: &str) -> Option<(Self, Claims)> {
        if text.is_empty() || text.len() > MAX_TOKEN {
            return None;
        }
        let payload =
            text.split('.').nth(1).and_then(|payload| URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok());
        let payload = payload.and_then(|payload| serde_json::from_slice::<Value>(&payload).ok()).unwrap_or_default();
        let id = |name| payload.get(name).and_then(Value::as_str).map(str::to_owned);
        let claims = Claims { user_id: id("sub"), workshop_id: id("workshopId") };
        let time = |name| payload.get(name).and_then(Value::as_f64);
        // By the ERP's clock alone: the box's may be wrong.
        let lifetime = match (time("iat"), time("exp")) {
            (Some(issued), Some(expires)) => {
                Duration::try_from_secs_f64((expires - issued).max(0.0)).unwrap_or(MAX_LIFETIME)
            }
            _ => USUAL_LIFETIME,
        };
        Some((Self::new(text, lifetime)?, claims))
    }

    fn new(text: &str, lifetime: Duration) -> Option<Self> {
        let mut authorization = HeaderValue::from_str(&format!("Bearer {text}")).ok()?;
        authorization.set_sensitive(true);
        Some(Self { authorization, lifetime: lifetime.clamp(MIN_LIFETIME, MAX_LIFETIME) })
    }

    pub(super) fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }

    /// Between a minute and seven days.
    pub(super) fn lifetime(&self) -> Duration {
        self.lifetime
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A token as the ERP makes them, unsigned.
    pub(in crate::erp) fn token(payload: &str) -> String {
        format!("e30.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(payload))
    }

    fn lifetime(payload: &str) -> u64 {
        Token::read(&token(payload)).expect("a token").0.lifetime().as_secs()
    }

    #[test]
    fn the_lifetime_is_the_difference_of_two_times_of_the_erp_within_bounds() {
        // A clock of the box in 1970 or 2101 has no part in it.
        assert_eq!(lifetime(r#"{"iat":1700000000,"exp":1700003600}"#), 3600);
        assert_eq!(lifetime(r#"{"iat":4100000000,"exp":4100604800}"#), 604_800);
        assert_eq!(lifetime(r#"{"iat":1700000000.5,"exp":1700000600.5}"#), 600);
        for (payload, seconds) in [
            (r#"{"iat":1700003600,"exp":1700000000}"#, 60),
            (r#"{"iat":0,"exp":1e300}"#, 604_800),
            (r#"{"iat":-1e308,"exp":1e308}"#, 604_800),
            (r#"{"iat":0,"exp":0}"#, 60),
            (r#"{"exp":1700000000}"#, 3600),
            (r#"{"iat":"a","exp":null}"#, 3600),
            ("[]", 3600),
            ("no JSON", 3600),
        ] {
            assert_eq!(lifetime(payload), seconds, "{payload}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_no_token_and_any_other_text_is_one() {
        for wrong in ["", "a\nb", "a\0", &"a".repeat(MAX_TOKEN + 1)] {
            assert!(Token::read(wrong).is_none(), "{wrong:?}");
        }
        for text in ["opaque", "a.b", "..", "a.%%%.c", &token("{}")] {
            assert!(Token::read(text).is_some(), "{text:?}");
        }
        let (token, claims) = Token::read(&token(r#"{"sub":"u1","workshopId":"w1"}"#)).expect("a token");
        assert_eq!((claims.user_id.as_deref(), claims.workshop_id.as_deref()), (Some("u1"), Some("w1")));
        assert!(token.authorization().is_sensitive());
    }
}
