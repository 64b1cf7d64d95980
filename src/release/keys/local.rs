//! Private keys in files: PKCS#8 (RFC 5958) as OpenSSL and KMS exports have it, PEM or DER; Ed25519, P-256 or RSA.

use std::path::Path;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};

use super::Signer;
use super::signer::Private;
use crate::bounded_read::read_bounded;
use crate::release::error::{ReleaseError, file, refuse};

/// Opens a key.
pub(super) fn open(path: &Path) -> Result<Signer, ReleaseError> {
    let bytes = read_bounded(path, super::MAX).map_err(file("read the key", path))?;
    let private = parse(&bytes).ok_or_else(|| {
        refuse(
            format!("{} no es una clave PKCS#8 sin cifrar, Ed25519, P-256 o RSA, en PEM o DER (openssl pkcs8 -topk8 -nocrypt)", path.display()),
            format!("{} is no unencrypted PKCS#8 key, Ed25519, P-256 or RSA, in PEM or DER (openssl pkcs8 -topk8 -nocrypt)", path.display()),
        )
    })?;
    Signer::local(private)
}

fn parse(bytes: &[u8]) -> Option<Private> {
    let der = match pem::parse(bytes) {
        Ok(pem) if pem.tag() == "PRIVATE KEY" => pem.into_contents(),
        Ok(_) => return None,
        Err(_) => bytes.to_vec(),
    };
    if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der) {
        return Some(Private::Ed25519(key));
    }
    if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der) {
        return Some(Private::P256(key));
    }
    RsaKeyPair::from_pkcs8(&der).ok().map(|key| Private::Rsa(Box::new(key)))
}
