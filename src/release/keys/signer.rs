//! A key, and how it signs.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, EcdsaKeyPair, Ed25519KeyPair, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256,
    RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm,
};
use tough::schema::decoded::{Decoded, Hex};
use tough::schema::key::Key;
use tough::sign::Sign as _;

use crate::release::error::{ReleaseError, refuse, role};

/// A key, and how it signs.
pub(in crate::release) struct Signer {
    key: Key,
    id: Decoded<Hex>,
    how: SignerKind,
}

enum SignerKind {
    Local(Private),
    External(Vec<String>),
    /// It signs elsewhere.
    Absent,
}

/// A private key.
pub(super) enum Private {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Signer").field("id", &hex::encode(&self.id)).finish_non_exhaustive()
    }
}

impl Signer {
    pub(super) fn local(private: Private) -> Result<Self, ReleaseError> {
        let key = match &private {
            Private::Ed25519(key) => key.tuf_key(),
            Private::P256(key) => key.tuf_key(),
            Private::Rsa(key) => key.tuf_key(),
        };
        Self::new(key, SignerKind::Local(private))
    }

    pub(super) fn external(key: Key, command: Vec<String>) -> Result<Self, ReleaseError> {
        Self::new(key, SignerKind::External(command))
    }

    pub(super) fn absent(key: Key) -> Result<Self, ReleaseError> {
        Self::new(key, SignerKind::Absent)
    }

    fn new(key: Key, how: SignerKind) -> Result<Self, ReleaseError> {
        let id = key.key_id().map_err(role("of a key"))?;
        Ok(Self { key, id, how })
    }

    /// The public key.
    pub(in crate::release) fn key(&self) -> &Key {
        &self.key
    }

    /// The SHA-256 of its canonical form (TUF section 4.2.1).
    pub(in crate::release) fn id(&self) -> &Decoded<Hex> {
        &self.id
    }

    /// Signs, and holds the signature to the public key: an external signer may use another one than it says.
    pub(in crate::release) fn sign(&self, message: &[u8]) -> Result<Option<Vec<u8>>, ReleaseError> {
        let signature = match &self.how {
            SignerKind::Absent => return Ok(None),
            SignerKind::External(command) => super::external::sign(command, message)?,
            SignerKind::Local(private) => private.sign(message).ok_or_else(|| {
                refuse(
                    format!("la clave {} no firma", hex::encode(&self.id)),
                    format!("the key {} does not sign", hex::encode(&self.id)),
                )
            })?,
        };
        if !verifies(&self.key, message, &signature) {
            let who = match &self.how {
                SignerKind::External(command) => command.join(" "),
                _ => hex::encode(&self.id),
            };
            return Err(refuse(
                format!(
                    "la firma de {who} no corresponde a su clave pública: compruebe la clave y la forma de la firma"
                ),
                format!(
                    "the signature of {who} does not fit its public key: check the key and the form of the signature"
                ),
            ));
        }
        Ok(Some(signature))
    }
}

/// Whether a signature of a message is this key's.
pub(in crate::release) fn verifies(key: &Key, message: &[u8], signature: &[u8]) -> bool {
    let (algorithm, public): (&dyn VerificationAlgorithm, &[u8]) = match key {
        Key::Ed25519 { keyval, .. } => (&ED25519, &keyval.public),
        Key::Ecdsa { keyval, .. } | Key::EcdsaOld { keyval, .. } => (&ECDSA_P256_SHA256_ASN1, &keyval.public),
        Key::Rsa { keyval, .. } => (&RSA_PSS_2048_8192_SHA256, &keyval.public),
    };
    UnparsedPublicKey::new(algorithm, public).verify(message, signature).is_ok()
}

impl Private {
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Ed25519(key) => Some(key.sign(message).as_ref().to_vec()),
            Self::P256(key) => key.sign(&random, message).ok().map(|signature| signature.as_ref().to_vec()),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PSS_SHA256, &random, message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }
}
