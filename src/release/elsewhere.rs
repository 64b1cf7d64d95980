//! Roles that are signed on several machines, so that no two keys have to come together.
//!
//! ```text
//! a command lacks signatures ─ --to-sign FILE ─> `sign`, at each key ─ --signed FILE… ─> the same command
//! ```
//!
//! A file is the role as it will lie in the repository, with the signatures that it has so far.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tough::schema::{Role, Root, Signature, Signed, Snapshot, Targets, Timestamp as TimestampRole};

use super::error::{ReleaseError, file, refuse, role};
use super::keys::Keys;
use super::repository::MAX_METADATA;
use super::standard;
use crate::bounded_read::read_bounded;
use crate::durable;
use crate::lang::Text;

/// The bytes of a role: of a value, whose keys are sorted, so that the same role always has the same ones.
pub(super) fn bytes<T: Role + Serialize>(name: &str, signed: &Signed<T>) -> Result<Vec<u8>, ReleaseError> {
    let value = serde_json::to_value(signed).and_then(|value| serde_json::to_vec_pretty(&value));
    let mut bytes = value.map_err(role(name))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The files of `--signed`.
#[derive(Debug, Default)]
pub(super) struct SignedElsewhere(Vec<(PathBuf, Value)>);

impl SignedElsewhere {
    pub(super) fn read(paths: &[PathBuf]) -> Result<Self, ReleaseError> {
        paths.iter().map(|path| Ok((path.clone(), read(path)?))).collect::<Result<_, _>>().map(Self)
    }

    /// What was signed of a role that is to be signed now: it may end at another time, and nothing else. Each of several
    /// files may have other signatures.
    pub(super) fn find<T>(&self, name: &str, wanted: &T, now: Timestamp) -> Result<Option<Signed<T>>, ReleaseError>
    where
        T: Role + Serialize + DeserializeOwned,
    {
        let wanted = without_expiry(&serde_json::to_value(wanted).map_err(role(name))?);
        let mut copies = self.0.iter().filter(|(_, copy)| without_expiry(at(copy, "/signed")) == wanted);
        let Some((path, first)) = copies.next() else { return Ok(None) };
        let parse = |path: &Path, copy: &Value| -> Result<Signed<T>, ReleaseError> {
            serde_json::from_value(copy.clone()).map_err(|source| ReleaseError::Json { path: path.to_owned(), source })
        };
        let mut signed = parse(path, first)?;
        if signed.signed.expires() <= now {
            let (path, until) = (path.display(), signed.signed.expires());
            return Err(refuse(
                format!("lo firmado en {path} caducó el {until}: repita con --to-sign, y que se firme otra vez"),
                format!(
                    "what was signed in {path} expired on {until}: begin again with --to-sign, and have it signed again"
                ),
            ));
        }
        for (other, copy) in copies {
            if at(copy, "/signed") != at(first, "/signed") {
                let (one, other) = (path.display(), other.display());
                return Err(refuse(
                    format!("{one} y {other} caducan en momentos distintos: firmen todos el mismo archivo"),
                    format!("{one} and {other} expire at different times: have everybody sign the same file"),
                ));
            }
            signed.signatures.append(&mut parse(other, copy)?.signatures);
        }
        Ok(Some(signed))
    }

    /// The files of this kind of role, where none of them is what is to be signed now.
    pub(super) fn unfit<T: Role>(&self) -> Option<Text> {
        let kind = Value::from(T::TYPE.to_string());
        let of_kind = self.0.iter().filter(|(_, copy)| *at(copy, "/signed/_type") == kind);
        let names: Vec<_> = of_kind.map(|(path, _)| path.display().to_string()).collect();
        let names = names.join(", ");
        (!names.is_empty()).then(|| {
            Text::new(
                format!("{names} no es lo que se firmaría ahora: repita con --to-sign, y que se firme otra vez"),
                format!(
                    "{names} is not what would be signed now: begin again with --to-sign, and have it signed again"
                ),
            )
        })
    }
}

fn read(path: &Path) -> Result<Value, ReleaseError> {
    let bytes = read_bounded(path, MAX_METADATA).map_err(file("read", path))?;
    serde_json::from_slice(&bytes).map_err(|source| ReleaseError::Json { path: path.to_owned(), source })
}

/// What is at a place of a value (RFC 6901); `null` where nothing is.
fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn without_expiry(signed: &Value) -> Value {
    let mut signed = signed.clone();
    if let Some(fields) = signed.as_object_mut() {
        fields.remove("expires");
    }
    signed
}

/// A role in a file, and who has signed it.
#[derive(Debug, Serialize)]
pub(super) struct SignedFile {
    pub(super) role: String,
    pub(super) version: u64,
    pub(super) expires: Timestamp,
    /// The keys that have signed it, in hexadecimal digits.
    pub(super) signatures: Vec<String>,
    /// Those of them that signed it just now.
    pub(super) added: Vec<String>,
    #[serde(skip)]
    pub(super) content: Vec<String>,
}

/// `sign`: adds the signatures of a role's keys that are at hand to a file; it needs no repository.
pub(super) fn sign(path: &Path, name: &str, keys: &Keys, dry_run: bool) -> Result<SignedFile, ReleaseError> {
    let value = read(path)?;
    let content = content(at(&value, "/signed"));
    let (signed, bytes) = match standard(name) {
        Some(Root::TYPE) => sign_role::<Root>(path, value, name, keys, dry_run),
        Some(Snapshot::TYPE) => sign_role::<Snapshot>(path, value, name, keys, dry_run),
        Some(TimestampRole::TYPE) => sign_role::<TimestampRole>(path, value, name, keys, dry_run),
        _ => sign_role::<Targets>(path, value, name, keys, dry_run),
    }?;
    if !signed.added.is_empty() && !dry_run {
        durable::write(path, &bytes, 0o644)?;
    }
    Ok(SignedFile { content, ..signed })
}

fn sign_role<T: Role + Serialize + DeserializeOwned>(
    path: &Path,
    value: Value,
    name: &str,
    keys: &Keys,
    dry_run: bool,
) -> Result<(SignedFile, Vec<u8>), ReleaseError> {
    if *at(&value, "/signed/_type") != *T::TYPE.to_string() {
        return Err(refuse(
            format!("{} no es un rol {name}", path.display()),
            format!("{} is no role {name}", path.display()),
        ));
    }
    let mut signed: Signed<T> =
        serde_json::from_value(value).map_err(|source| ReleaseError::Json { path: path.to_owned(), source })?;
    let signers = keys.present(name)?;
    if signers.is_empty() {
        return Err(refuse(
            format!("no hay a mano ninguna clave del rol {name}: póngala en keys.toml o con --key"),
            format!("no key of the role {name} is at hand: have one in keys.toml or with --key"),
        ));
    }
    let message = signed.signed.canonical_form().map_err(role(name))?;
    let mut added = Vec::new();
    for signer in signers {
        if signed.signatures.iter().any(|signature| signature.keyid == *signer.id()) {
            continue;
        }
        // Whoever looks first signs nothing.
        let signature = if dry_run { None } else { signer.sign(&message)? };
        if let Some(signature) = signature {
            added.push(hex::encode(signer.id()));
            signed.signatures.push(Signature { keyid: signer.id().clone(), sig: signature.into() });
        }
    }
    let bytes = bytes(name, &signed)?;
    let file = SignedFile {
        role: name.to_owned(),
        version: signed.signed.version().get(),
        expires: signed.signed.expires(),
        signatures: signed.signatures.iter().map(|signature| hex::encode(&signature.keyid)).collect(),
        added,
        content: Vec::new(),
    };
    Ok((file, bytes))
}

/// What a person has to know before signing, as it is written in the role: who has which keys, and the targets. Nothing in a
/// name can hide another from whoever looks.
fn content(signed: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().escape_debug().to_string();
    let keys = |name: &str, role: &Value| {
        let ids: Vec<_> = at(role, "/keyids").as_array().into_iter().flatten().map(text).collect();
        format!("{}: {}/{}  {}", name.escape_debug(), at(role, "/threshold"), ids.len(), ids.join(" "))
    };
    let of_root = at(signed, "/roles").as_object().into_iter().flatten().map(|(name, role)| keys(name, role));
    let delegated = at(signed, "/delegations/roles").as_array().into_iter().flatten();
    let delegated = delegated.map(|role| keys(at(role, "/name").as_str().unwrap_or_default(), role));
    let listed = ["/targets", "/meta"].into_iter().flat_map(|kind| at(signed, kind).as_object().into_iter().flatten());
    let listed = listed.map(|(name, file)| {
        let version = at(file, "/version").as_u64().map_or_else(String::new, |version| format!("  v{version}"));
        format!(
            "{}{version}  {} B  sha256 {}",
            name.escape_debug(),
            at(file, "/length"),
            text(at(file, "/hashes/sha256"))
        )
    });
    of_root.chain(delegated).chain(listed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_to_be_signed_hides_nothing() {
        let role = serde_json::json!({
            "targets": { "good\u{1b}[2K\u{202e}": { "length": 1, "hashes": { "sha256": "ab\u{1b}[A" } } },
            "delegations": { "roles": [{ "name": "stable\r", "threshold": 1, "keyids": ["cd"] }] },
        });
        let said = content(&role).join("\n");
        for words in ["good\\u{1b}[2K\\u{202e}  1 B", "sha256 ab\\u{1b}[A", "stable\\r: 1/1  cd"] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert!(!said.contains(|sign: char| sign.is_control() && sign != '\n'), "{said:?}");
    }
}
