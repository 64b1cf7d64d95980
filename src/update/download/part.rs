//! What has come of a target, on disk.
//!
//! ```text
//! <sha256>.part        its bytes from the first on
//! <sha256>.validator   what distinguished the server's object from others when they came
//! <sha256>.received    how many have come for it, those that were thrown away included
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{DownloadError, Target};
use crate::bounded_read::read_text_bounded;
use crate::digest::Sha256;
use crate::durable::{self, AppendFile, Lock};
use crate::update::space;

/// Bytes between two syncs. A power cut costs no more than that, and the disk is looked at as often.
const SYNCED: u64 = 4 * 1024 * 1024;
/// Bytes of a number at most.
const MAX_RECEIVED: u64 = 20;
/// Bytes of a validator at most.
const MAX_VALIDATOR: u64 = 1024;

/// The bytes, with their digest.
pub(super) struct Part {
    file: AppendFile,
    length: u64,
    digest: Sha256,
    validator: Option<String>,
    /// Bytes that have come over the network for it, in every attempt.
    received: u64,
    /// Whether some were there before: those may not be what they were.
    is_resumed: bool,
    unsynced: u64,
    target: Target,
    /// With it: writing goes on for a moment when the download is given up, and nobody else is to write then.
    lock: Arc<Lock>,
}

impl Part {
    /// What is there, however little, read whole for its digest. What cannot be read, such as a file that somebody else
    /// owns now, is dropped.
    pub(super) fn open(directory: &Path, target: &Target, lock: &Arc<Lock>) -> Result<Self, DownloadError> {
        match Self::read(directory, target, lock) {
            Err(DownloadError::Disk(error)) if !error.is_full() => {
                let error = crate::error_chain(&error);
                tracing::warn!(error, "a partial download cannot be used, starting over");
                discard(directory, target)?;
                Self::read(directory, target, lock)
            }
            read => read,
        }
    }

    fn read(directory: &Path, target: &Target, lock: &Arc<Lock>) -> Result<Self, DownloadError> {
        let mut file = AppendFile::open(&path(directory, target, "part"))?;
        let (mut length, mut digest) = (0_u64, Sha256::new());
        file.read(|piece| {
            length = length.saturating_add(piece.len() as u64);
            digest.update(piece);
        })?;
        let validator = validator(&path(directory, target, "validator"));
        // Those of an attempt that was cut off before it could say so, or of an older version.
        let received = received(directory, target).max(length);
        let is_resumed = length > 0;
        let (target, lock) = (target.clone(), Arc::clone(lock));
        Ok(Self { file, length, digest, validator, received, is_resumed, unsynced: 0, target, lock })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    pub(super) fn validator(&self) -> Option<&str> {
        self.validator.as_deref()
    }

    /// Starts over.
    pub(super) fn restart(self) -> Result<Self, DownloadError> {
        let file = self.file.restart()?;
        let digest = Sha256::new();
        Ok(Self { file, length: 0, digest, validator: None, is_resumed: false, unsynced: 0, ..self })
    }

    /// Keeps the validator that the bytes to come have, before they do.
    pub(super) fn with_validator(mut self, validator: Option<String>) -> Result<Self, DownloadError> {
        let validator = validator.filter(|validator| validator.len() as u64 <= MAX_VALIDATOR);
        if validator != self.validator {
            let path = self.file.path().with_extension("validator");
            match &validator {
                Some(validator) => durable::write(&path, validator.as_bytes(), 0o600)?,
                None => durable::remove(&path)?,
            }
            self.validator = validator;
        }
        Ok(self)
    }

    /// Adds bytes.
    pub(super) fn append(mut self, bytes: &[u8]) -> Result<Self, DownloadError> {
        self.file.append(bytes)?;
        self.digest.update(bytes);
        self.length = self.length.saturating_add(bytes.len() as u64);
        self.received = self.received.saturating_add(bytes.len() as u64);
        self.unsynced = self.unsynced.saturating_add(bytes.len() as u64);
        if self.unsynced >= SYNCED {
            self = self.sync()?;
            let directory = self.file.path().parent().unwrap_or(Path::new("."));
            space::check(directory, self.target.length.saturating_sub(self.length))?;
        }
        Ok(self)
    }

    pub(super) fn sync(mut self) -> Result<Self, DownloadError> {
        self.file.sync()?;
        if self.unsynced > 0 {
            let path = self.file.path().with_extension("received");
            durable::write(&path, self.received.to_string().as_bytes(), 0o600)?;
        }
        self.unsynced = 0;
        Ok(self)
    }

    /// Where it is, synced, when it is the target; otherwise it is removed, and there is `None`.
    pub(super) fn verified(self) -> Result<Option<PathBuf>, DownloadError> {
        let Self { file, length, digest, target, lock, .. } = self.sync()?;
        if length == target.length && digest.finish() == target.sha256 {
            return Ok(Some(file.path().to_owned()));
        }
        durable::remove(file.path())?;
        drop(lock);
        Ok(None)
    }
}

/// Removes what is there of a target; what it has cost stays.
pub(super) fn discard(directory: &Path, target: &Target) -> Result<(), DownloadError> {
    durable::remove(&path(directory, target, "part"))?;
    Ok(durable::remove(&path(directory, target, "validator"))?)
}

pub(super) fn path(directory: &Path, target: &Target, extension: &str) -> PathBuf {
    directory.join(format!("{}.{extension}", target.sha256))
}

/// How many bytes have come for a target.
pub(super) fn received(directory: &Path, target: &Target) -> u64 {
    let text = read_text_bounded(&path(directory, target, "received"), MAX_RECEIVED).ok();
    text.and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

/// The validator in a file. A damaged one costs a new beginning at most: the server does not know it.
fn validator(path: &Path) -> Option<String> {
    let text = read_text_bounded(path, MAX_VALIDATOR).ok()?;
    let is_header = !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    is_header.then_some(text)
}
