//! Which keys a role has: `keys.toml`, and `--key` on the command line. It names keys, and never holds one.
//!
//! ```toml
//! [root]
//! threshold = 2                                  # how many of them have to sign; 1 if omitted
//! keys = ["root-1.pem", "/media/vault/root-2.pem", { public = "root-3.pub.pem" }]
//!
//! [timestamp]
//! keys = [{ command = ["/usr/local/bin/kms-sign", "alias/timestamp"], public = "timestamp.pub.pem" }]
//! retired = ["timestamp-2025.pem"]               # a key that is replaced: it signs its successor in, once
//! ```
//!
//! Paths are relative to the file that names them.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Signer;
use crate::bounded_read::read_text_bounded;
use crate::release::ROLES;
use crate::release::error::{ReleaseError, file, refuse};

/// Where the keys of every role are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::release) struct Keys(BTreeMap<String, RoleSources>);

/// Where the keys of a role are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::release) struct RoleSources {
    /// How many have to sign.
    #[serde(default = "one")]
    pub(in crate::release) threshold: NonZeroU64,
    /// Those that the role has.
    pub(in crate::release) keys: Vec<Source>,
    /// Those that it had.
    #[serde(default)]
    pub(in crate::release) retired: Vec<Source>,
}

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(in crate::release) enum Source {
    /// A file with the private key.
    Private(PathBuf),
    /// A program that signs, and the file with its public key.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
        /// The file.
        public: PathBuf,
    },
    /// A key that is known, and signs elsewhere.
    Public {
        /// The file.
        public: PathBuf,
    },
}

const fn one() -> NonZeroU64 {
    NonZeroU64::MIN
}

impl Keys {
    /// Reads `keys.toml`.
    pub(in crate::release) fn read(path: &Path) -> Result<Self, ReleaseError> {
        let text = read_text_bounded(path, super::MAX).map_err(file("read", path))?;
        let mut roles: BTreeMap<String, RoleSources> = toml::from_str(&text).map_err(|error| {
            refuse(
                format!("{} no es válido: {error}", path.display()),
                format!("{} is not valid: {error}", path.display()),
            )
        })?;
        if let Some(unknown) = roles.keys().find(|role| !ROLES.contains(&role.as_str())) {
            return Err(refuse(
                format!("{}: no existe el rol {unknown}; los roles son {ROLES:?}", path.display()),
                format!("{}: there is no role {unknown}; the roles are {ROLES:?}", path.display()),
            ));
        }
        let base = path.parent().unwrap_or(Path::new("."));
        for role in roles.values_mut() {
            for source in role.keys.iter_mut().chain(&mut role.retired) {
                source.resolve(base);
            }
        }
        Ok(Self(roles))
    }

    /// Adds what the command line says, `ROLE=FILE` or `ROLE=cmd:PUBLIC-KEY-FILE:PROGRAM ARGUMENTS`. The first word on
    /// a role replaces what `keys.toml` says of its keys.
    pub(in crate::release) fn with_options<'a>(
        mut self,
        options: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ReleaseError> {
        let mut given: BTreeMap<String, Vec<Source>> = BTreeMap::new();
        for option in options {
            let parsed = option.split_once('=').filter(|(role, _)| ROLES.contains(role)).and_then(|(role, source)| {
                let source = match source.strip_prefix("cmd:") {
                    None => Source::Private(source.into()),
                    Some(command) => {
                        let (public, command) = command.split_once(':')?;
                        let command: Vec<_> = command.split_whitespace().map(str::to_owned).collect();
                        if command.is_empty() {
                            return None;
                        }
                        Source::Command { command, public: public.into() }
                    }
                };
                Some((role, source))
            });
            let Some((role, source)) = parsed else {
                return Err(refuse(
                    format!(
                        "--key {option}: se espera ROL=ARCHIVO o ROL=cmd:CLAVE_PÚBLICA:PROGRAMA ARGUMENTOS, con ROL uno de {ROLES:?}"
                    ),
                    format!(
                        "--key {option}: want ROLE=FILE or ROLE=cmd:PUBLIC-KEY-FILE:PROGRAM ARGUMENTS, with ROLE one of {ROLES:?}"
                    ),
                ));
            };
            given.entry(role.to_owned()).or_default().push(source);
        }
        for (role, keys) in given {
            match self.0.get_mut(&role) {
                Some(sources) => sources.keys = keys,
                None => {
                    self.0.insert(role, RoleSources { threshold: one(), keys, retired: Vec::new() });
                }
            }
        }
        Ok(self)
    }

    /// Where the keys of a role are.
    pub(in crate::release) fn role(&self, role: &str) -> Result<&RoleSources, ReleaseError> {
        self.0.get(role).filter(|sources| !sources.keys.is_empty()).ok_or_else(|| {
            refuse(
                format!("no se sabe dónde está la clave del rol {role}: dígalo en keys.toml (--keys) o con --key {role}=ARCHIVO"),
                format!("it is not known where the key of the role {role} is: say it in keys.toml (--keys) or with --key {role}=FILE"),
            )
        })
    }

    /// All keys that a role has, each of which must be there.
    pub(in crate::release) fn all(&self, role: &str) -> Result<Vec<Signer>, ReleaseError> {
        let sources = self.role(role)?;
        let signers: Vec<Signer> = sources.keys.iter().map(Source::open).collect::<Result<_, _>>()?;
        let distinct: std::collections::BTreeSet<_> = signers.iter().map(Signer::id).collect();
        if distinct.len() < signers.len() {
            return Err(refuse(
                format!("el rol {role} nombra la misma clave dos veces: quite una"),
                format!("the role {role} names the same key twice: remove one"),
            ));
        }
        if sources.threshold.get() > signers.len() as u64 {
            return Err(refuse(
                format!("el rol {role} exige {} firmas y tiene {} claves", sources.threshold, signers.len()),
                format!("the role {role} wants {} signatures and has {} keys", sources.threshold, signers.len()),
            ));
        }
        Ok(signers)
    }

    /// The keys that can sign for a role here and now, the retired ones among them. Files that are not there are
    /// elsewhere, as the third of three keys may well be.
    pub(in crate::release) fn present(&self, role: &str) -> Result<Vec<Signer>, ReleaseError> {
        let sources = self.role(role)?;
        sources.keys.iter().chain(&sources.retired).filter(|source| !source.is_elsewhere()).map(Source::open).collect()
    }
}

impl Source {
    fn resolve(&mut self, base: &Path) {
        match self {
            Self::Private(path) => *path = base.join(&path),
            Self::Command { command, public } => {
                *public = base.join(&public);
                // A bare name is looked up in PATH.
                if let Some(program) = command.first_mut().filter(|program| program.contains('/')) {
                    *program = base.join(&program).to_string_lossy().into_owned();
                }
            }
            Self::Public { public } => *public = base.join(&public),
        }
    }

    fn is_elsewhere(&self) -> bool {
        match self {
            Self::Private(path) => !path.exists(),
            Self::Command { .. } => false,
            Self::Public { .. } => true,
        }
    }

    fn open(&self) -> Result<Signer, ReleaseError> {
        match self {
            Self::Private(path) => super::local::open(path),
            Self::Command { command, public } => Ok(Signer::external(super::public::read(public)?, command.clone())?),
            Self::Public { public } => Signer::absent(super::public::read(public)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_and_resolved_beside_their_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("keys.toml");
        let text = r#"
            [root]
            threshold = 2
            keys = ["a.pem", "/b.pem", { public = "c.pub" }]
            [timestamp]
            keys = [{ command = ["./sign", "x"], public = "t.pub" }]
            retired = ["old.pem"]
        "#;
        std::fs::write(&path, text).expect("written");
        let keys = Keys::read(&path).expect("valid").with_options(["stable=s.pem", "snapshot=cmd:p.pub:sign one two"]);
        let keys = keys.expect("valid");
        let base = directory.path();
        let root = keys.role("root").expect("there");
        assert_eq!(root.threshold.get(), 2);
        assert_eq!(
            root.keys,
            [
                Source::Private(base.join("a.pem")),
                Source::Private("/b.pem".into()),
                Source::Public { public: base.join("c.pub") }
            ]
        );
        let timestamp = keys.role("timestamp").expect("there");
        assert_eq!(timestamp.retired, [Source::Private(base.join("old.pem"))]);
        let Source::Command { command, public } = &timestamp.keys[0] else { panic!("{timestamp:?}") };
        assert_eq!((Path::new(&command[0]), public), (base.join("./sign").as_path(), &base.join("t.pub")));
        assert_eq!(keys.role("stable").expect("there").keys, [Source::Private("s.pem".into())]);
        assert_eq!(
            keys.role("snapshot").expect("there").keys,
            [Source::Command { command: ["sign", "one", "two"].map(str::to_owned).into(), public: "p.pub".into() }]
        );
        assert!(keys.role("targets").is_err());
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("keys.toml");
        for text in
            ["[rot]\nkeys=[]", "[root]\nkeys=[]\nthreshhold=2", "[root]\nkeys=[]\nthreshold=0", "[root]\nkeys=[3]"]
        {
            std::fs::write(&path, text).expect("written");
            assert!(Keys::read(&path).is_err(), "{text}");
        }
        for option in ["rot=x", "root", "root=cmd:only", "root=cmd:p.pub:"] {
            assert!(Keys::default().with_options([option]).is_err(), "{option}");
        }
    }
}
