//! Fresh keys.

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use pem::{EncodeConfig, LineEnding, Pem};

use crate::durable;
use crate::release::error::{ReleaseError, refuse};

/// What `keys.toml` says of fresh keys.
const KEYS: &str = r#"# The keys of every role. Paths are relative to this file. Keep the root's keys apart from each other and offline.
[root]
threshold = 2
keys = ["root-1.pem", "root-2.pem", "root-3.pem"]

[targets]
keys = ["targets.pem"]

[stable]
keys = ["stable.pem"]

[staging]
keys = ["staging.pem"]

[snapshot]
keys = ["snapshot.pem"]

[timestamp]
keys = ["timestamp.pem"]
"#;

/// Makes an Ed25519 key for every role, three for the root, and `keys.toml`, in a directory. What is there already
/// stays.
pub(in crate::release) fn generate(directory: &Path) -> Result<(), ReleaseError> {
    for name in ["root-1", "root-2", "root-3", "targets", "stable", "staging", "snapshot", "timestamp"] {
        let path = directory.join(format!("{name}.pem"));
        if !path.exists() {
            durable::write(&path, key()?.as_bytes(), 0o600)?;
        }
    }
    // Last: a directory with it has all keys.
    let path = directory.join("keys.toml");
    if !path.exists() {
        durable::write(&path, KEYS.as_bytes(), 0o644)?;
    }
    Ok(())
}

/// The first form of PKCS#8, which OpenSSL reads too.
fn key() -> Result<String, ReleaseError> {
    let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new())
        .map_err(|_| refuse("el sistema no da números aleatorios", "the system gives no random numbers"))?;
    let pem = Pem::new("PRIVATE KEY", document.as_ref());
    Ok(pem::encode_config(&pem, EncodeConfig::new().set_line_ending(LineEnding::LF)))
}
