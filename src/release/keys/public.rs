//! Public keys as OpenSSL writes them: `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7), PEM or DER.

use std::collections::HashMap;
use std::path::Path;
use std::str::FromStr as _;

use pem::{EncodeConfig, LineEnding, Pem};
use tough::schema::key::{Ed25519Key, Ed25519Scheme, Key};

use crate::bounded_read::read_bounded;
use crate::release::error::{ReleaseError, file, refuse};

/// The prefix of the 32 bytes of an Ed25519 key (RFC 8410, section 4).
const ED25519: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Reads a public key.
pub(super) fn read(path: &Path) -> Result<Key, ReleaseError> {
    let bytes = read_bounded(path, super::MAX).map_err(file("read the public key", path))?;
    parse(&bytes).ok_or_else(|| {
        refuse(
            format!(
                "{} no es una clave pública Ed25519, P-256 o RSA en PEM o DER (openssl pkey -pubout)",
                path.display()
            ),
            format!("{} is no Ed25519, P-256 or RSA public key in PEM or DER (openssl pkey -pubout)", path.display()),
        )
    })
}

fn parse(bytes: &[u8]) -> Option<Key> {
    let der = match pem::parse(bytes) {
        Ok(pem) if pem.tag() == "PUBLIC KEY" => pem.into_contents(),
        Ok(_) => return None,
        Err(_) => bytes.to_vec(),
    };
    if let Some(public) = der.strip_prefix(&ED25519) {
        return <[u8; 32]>::try_from(public).ok().map(ed25519);
    }
    let text = pem::encode_config(&Pem::new("PUBLIC KEY", der), EncodeConfig::new().set_line_ending(LineEnding::LF));
    Key::from_str(text.trim()).ok()
}

fn ed25519(public: [u8; 32]) -> Key {
    Key::Ed25519 {
        keyval: Ed25519Key { public: public.to_vec().into(), _extra: HashMap::new() },
        scheme: Ed25519Scheme::Ed25519,
        _extra: HashMap::new(),
    }
}
