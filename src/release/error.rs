//! Why a command did not do what it was asked to.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::durable::DurableError;
use crate::lang::{Lang, Text};

/// Why a command did not do what it was asked to. The repository is as it was before.
#[derive(Debug, Error)]
pub enum ReleaseError {
    /// It was asked for something that would harm the boxes, or that makes no sense.
    #[error(transparent)]
    Refused(Refusal),
    /// A role that the keys at hand do not sign well enough.
    #[error("{why}")]
    LacksSignatures {
        why: Refusal,
        role: String,
        /// As it will lie in the repository, with the signatures that it has so far.
        metadata: Vec<u8>,
    },
    /// A file could not be written.
    #[error("nothing was changed")]
    Write(#[from] DurableError),
    /// A file or program of the machine.
    #[error("cannot {operation} {}", path.display())]
    File {
        /// What was to be done.
        operation: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file that is not what it should be.
    #[error("{} is not valid", path.display())]
    Json { path: PathBuf, source: serde_json::Error },
    /// A role that cannot be put into its canonical form, or names that are none.
    #[error("cannot make the role {role}")]
    Role { role: String, source: Box<dyn std::error::Error + Send + Sync> },
    /// A server that files go to, or come from.
    #[error("cannot reach {place}")]
    Reach { place: String, source: Box<dyn std::error::Error + Send + Sync> },
    /// The repository as a box sees it.
    #[error("the repository is not what a box accepts")]
    Verify(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What was refused: what, where, and what to do.
#[derive(Debug, Error)]
#[error("{}", .0.en)]
pub struct Refusal(Text);

impl ReleaseError {
    /// The error and its causes, for a person.
    #[must_use]
    pub fn words(&self, lang: Lang) -> String {
        match self {
            Self::Refused(Refusal(text)) | Self::LacksSignatures { why: Refusal(text), .. } => {
                text.pick(lang).to_owned()
            }
            other => crate::error_chain(other),
        }
    }
}

/// A refusal, in both languages.
pub(super) fn refuse(es: impl Into<String>, en: impl Into<String>) -> ReleaseError {
    ReleaseError::Refused(Refusal(Text::new(es, en)))
}

/// The refusal of a role that lacks signatures.
pub(super) fn lacks_signatures(role: &str, why: Text, metadata: Vec<u8>) -> ReleaseError {
    ReleaseError::LacksSignatures { why: Refusal(why), role: role.to_owned(), metadata }
}

/// The reason of a file's failure.
pub(super) fn file<'a>(operation: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> ReleaseError + 'a {
    move |source| ReleaseError::File { operation, path: path.to_owned(), source }
}

/// The reason of a server's failure.
pub(super) fn reach<E: std::error::Error + Send + Sync + 'static>(place: &str) -> impl FnOnce(E) -> ReleaseError + '_ {
    move |source| ReleaseError::Reach { place: place.to_owned(), source: Box::new(source) }
}

/// The reason why a role cannot be made.
pub(super) fn role<E: std::error::Error + Send + Sync + 'static>(role: &str) -> impl FnOnce(E) -> ReleaseError + '_ {
    move |source| ReleaseError::Role { role: role.to_owned(), source: Box::new(source) }
}
