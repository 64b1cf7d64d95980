//! Which files carry a hash of their content in their name.

/// The shortest hash that bundlers write (Vite and Rollup: 8 base64url digits).
const SHORTEST_HASH: usize = 8;

/// Whether `path` is `/assets/<name>-<hash>.<ext>`, so that its content can never change
/// under that name.
///
/// A wrong "yes" would freeze a changing file in every TV's cache, a wrong "no" costs a
/// revalidation. So a last word without any digit or inner capital (`/assets/my-pictures.js`) is
/// taken for a word.
#[must_use]
pub(crate) fn is_hashed(path: &str) -> bool {
    let Some(name) = path.strip_prefix("/assets/").and_then(|rest| rest.rsplit('/').next()) else { return false };
    let stem = name.split('.').next().unwrap_or(name);
    name.len() > stem.len() && (ends_in_vite_hash(stem) || ends_in_hex_hash(stem))
}

/// Exactly eight base64url digits, which may hold `-` and `_` themselves.
fn ends_in_vite_hash(stem: &str) -> bool {
    let Some(at) = stem.len().checked_sub(SHORTEST_HASH) else { return false };
    let (Some(before), Some(hash)) = (stem.get(..at), stem.get(at..)) else { return false };
    let digits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    before.len() > 1 && before.ends_with('-') && hash.bytes().all(digits) && looks_random(hash)
}

/// Longer hexadecimal hashes, as other bundlers write.
fn ends_in_hex_hash(stem: &str) -> bool {
    stem.rsplit_once('-').is_some_and(|(name, hash)| {
        !name.is_empty()
            && hash.len() > SHORTEST_HASH
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            && hash.bytes().any(|byte| byte.is_ascii_digit())
    })
}

fn looks_random(hash: &str) -> bool {
    let lower = hash.bytes().any(|byte| byte.is_ascii_lowercase());
    let inner_capital = hash.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
    hash.bytes().any(|byte| byte.is_ascii_digit()) || (lower && inner_capital)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_hash() {
        for path in [
            "/assets/index-BhL3x9Qa.js",
            "/assets/index-legacy-D_k2-a9Z.js",
            "/assets/index-A-bc12_4.css",
            "/assets/vendor/chunk-abcdEFgh.js",
            "/assets/index-BhL3x9Qa.js.map",
            "/assets/app-0123456789abcdef.js",
        ] {
            assert!(is_hashed(path), "{path}");
        }
    }

    #[test]
    fn names_without() {
        for path in [
            "/index-BhL3x9Qa.js",
            "/assets/index.js",
            "/assets/my-pictures.js",
            "/assets/chart-Overview.js",
            "/assets/-BhL3x9Qa.js",
            "/assets/index-BhL3x9Qa",
            "/assets/index-Bh.js",
            "/other/assets/index-BhL3x9Qa.js",
        ] {
            assert!(!is_hashed(path), "{path}");
        }
    }
}
