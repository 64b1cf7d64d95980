//! A PIN at rest: Argon2id (RFC 9106), written as a PHC string.

use argon2::password_hash::{self, PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};

/// KiB for one hash. Hashes are made one after another, so this is also the maximum for all.
const MEMORY: u32 = 19 * 1024;
/// Passes over the memory. With 19 MiB it is what OWASP's Password Storage Cheat Sheet names; the rest is done by the
/// throttle, since an attacker with the hash soon finds eight digits.
const PASSES: u32 = 2;
/// Lanes: a box has other work for its cores.
const LANES: u32 = 1;

/// Hashes a PIN with a fresh salt.
pub(super) fn make(pin: &str) -> Result<String, password_hash::Error> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| password_hash::Error::Internal)?;
    let params = Params::new(MEMORY, PASSES, LANES, None)?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Ok(hasher.hash_password_with_salt(pin.as_bytes(), &salt)?.to_string())
}

/// Whether it is the hash of this PIN; the comparison takes the same time wherever they differ. The parameters are
/// those of the hash, so that one of an older version goes on being right.
pub(super) fn is_of(hash: &str, pin: &str) -> bool {
    Argon2::default().verify_password(pin.as_bytes(), hash).is_ok()
}

/// Whether a text is a hash at all, and one that this box can afford to check.
pub(super) fn is_usable(hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    hash.algorithm == Algorithm::Argon2id.ident()
        // A torn one has lost these, and would be of no PIN at all.
        && hash.salt.is_some()
        && hash.hash.is_some()
        && Params::try_from(&hash).is_ok_and(|params| params.m_cost() <= 4 * MEMORY && params.t_cost() <= 4 * PASSES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_of_its_pin_alone_and_of_its_salt() {
        let hash = make("13572468").expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(is_usable(&hash) && is_of(&hash, "13572468"));
        assert!(!is_of(&hash, "13572469") && !is_of(&hash, "") && !hash.contains("13572468"));
        assert_ne!(make("13572468").expect("hashed"), hash);
    }

    #[test]
    fn what_cannot_be_checked_is_no_hash() {
        for text in [
            "",
            "13572468",
            "$argon2id$v=19$m=19456",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0",
            "$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g",
            "$argon2d$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g",
        ] {
            assert!(!is_usable(text), "{text}");
        }
        assert!(is_usable(
            "$argon2id$v=19$m=8192,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
        ));
    }
}
